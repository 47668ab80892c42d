//! Why a dump of mysqldump cannot be read.

use common::container::foreign::Foreign;

use super::session;

/// What is wrong with the dump.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("there is no dump: mysqldump has written nothing, look at its messages")]
    Empty,
    #[error("the dump has no statement: it was cut short, or mysqldump failed; get the whole dump, or dump again")]
    NoStatements,
    #[error("this is not a dump of mysqldump or mariadb-dump but {0}: {advice}", advice = .0.advice())]
    Foreign(Foreign),
    #[error("this is not a dump of mysqldump or mariadb-dump: it does not begin with SQL or a comment")]
    NotSql,
    #[error("this is a stream of mydumper, not a dump of mysqldump: leave --mysqldump out")]
    Mydumper,
    #[error("this is an XML dump of mysqldump --xml, which has no SQL to restore: dump again without --xml")]
    Xml,
    #[error("this is a dump of PostgreSQL: restore it with psql")]
    Postgresql,
    #[error("the dump is UTF-16 text, as PowerShell writes what is redirected: dump again with --result-file")]
    Utf16,
    #[error("line {line}: {problem}")]
    Statement { line: u64, problem: Problem },
    #[error("the dump ends in the middle of the statement of line {line}: it was cut short, get the whole dump")]
    CutShort { line: u64 },
    #[error("the statement of line {line} is longer than 1 GiB: this is not a dump of mysqldump")]
    TooLong { line: u64 },
    #[error(
        "the dump has no line `-- Dump completed` at its end: it was cut short, or mysqldump failed; get the whole dump, or \
         dump again"
    )]
    NoLastLine,
    #[error(
        "the dump does not set SQL_NOTES back at its end, as mysqldump does: it was cut short, or mysqldump failed; get the \
         whole dump, or dump again"
    )]
    NoLastStatements,
    #[error("the dump has changed while it was read")]
    Changed,
}

/// What is wrong with one of its statements.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error(
        "a statement that begins with {0} is none that mysqldump writes: remove it, or restore the dump with the mysql or \
         mariadb client"
    )]
    Unknown(String),
    #[error(
        "{0} is about accounts, plugins or servers, as mariadb-dump --system writes it: run such statements with the mariadb \
         client, and give the rest of the dump to myloader"
    )]
    OfServer(String),
    #[error("the dump does not say into which database it goes: give its name with --database")]
    NoDatabase,
    #[error("{0}: this comes a second time; several dumps were joined, restore them one by one")]
    Again(String),
    #[error(
        "where statements in the character set {0} end cannot be told for certain: dump again with \
         --default-character-set=utf8mb4"
    )]
    Charset(String),
    #[error("a name is not text in the character set {0}: dump again with --default-character-set=utf8mb4")]
    Name(String),
    #[error("{0}: remove the statement, or restore the dump with the mysql or mariadb client")]
    Set(#[from] session::Error),
}
