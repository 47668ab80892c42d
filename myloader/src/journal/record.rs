//! The journal's records.
//!
//! A record says what is done, or what is about to be. Resuming from any of them must be right, whatever was lost
//! behind it: so what cannot be found out later is written, and waited for, before it is done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::names::TableName;
use crate::tolerance::Fault;

/// The version of the records. It grows when one changes its meaning; journals of other versions are rejected.
pub const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Record {
    /// The first: what is restored, and how.
    Begin {
        /// [`VERSION`].
        version: u32,
        server: String,
        /// Options that what is restored depends on, as texts.
        options: BTreeMap<String, String>,
    },
    /// A run of the program begins.
    Run {
        /// What the names of its user locks begin with.
        locks: String,
        /// How many it has; 0 if the server takes none.
        workers: usize,
        /// When the server was started, in seconds since 1970 by its own clock.
        server_started: u64,
        /// The highest of the numbers that the server gave its sessions.
        connection: u32,
    },
    /// Which dump it is: of its metadata.
    Dump { crc32c: u32, length: u64 },
    /// A global variable of the server is about to be changed for the time of the restore.
    GlobalVariable {
        name: String,
        /// What it is to be again.
        old: String,
    },
    /// The redo log is about to be turned off for the time of the restore.
    RedoLogOff,
    /// What a database had before.
    Database {
        /// Its name on the server.
        name: String,
        /// Whether it was there.
        exists: bool,
        /// Tables, views and sequences.
        names: Vec<String>,
        /// Those with triggers.
        with_triggers: Vec<String>,
    },
    /// A job is done, of which nothing else needs to be known.
    Done { job: String },
    /// A table exists.
    Table {
        table: TableName,
        /// Whether it was there before.
        kept: bool,
        /// Whether keys are added later.
        keys_later: bool,
    },
    /// A table that existed before is now empty, and has none of the dump's triggers.
    Emptied { table: TableName },
    /// Rows that a table had before the first was loaded.
    Counted { table: TableName, rows: u64 },
    /// A COMMIT is about to be sent.
    Commit(Commit),
    /// A COMMIT was answered; the first one of a table may not have been announced.
    Committed(Commit),
    /// A statement of a file of rows is skipped.
    #[serde(rename = "gap")]
    Skipped {
        file: String,
        table: TableName,
        /// Which statement, and why.
        #[serde(rename = "gap")]
        statement: SkippedStatement,
    },
    /// All rows of a file are committed, or skipped.
    File { file: String },
    /// All rows of a table are committed, or skipped.
    #[serde(rename = "whole")]
    Complete { table: TableName },
    /// Statements that add keys are done.
    Keys {
        table: TableName,
        /// How many more.
        done: usize,
    },
    /// Foreign keys are added.
    ForeignKeys { table: TableName },
    /// Triggers of a table are about to be dropped, since rows are to be loaded.
    #[serde(rename = "untriggered")]
    TriggersDropped { table: TableName },
    /// A file turned out to be damaged, of whose rows some may be in the table.
    Damaged { table: TableName },
    /// A table is about to be dropped and loaded from the start: of earlier records only one still holds, that
    /// it is ours. Its triggers go with it.
    #[serde(rename = "anew")]
    Restart { table: TableName },
    /// A statement of the accounts' file is done.
    Account {
        line: u64,
        /// Its outcome.
        outcome: AccountOutcome,
    },
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The file that its rows are in.
    pub file: String,
    pub table: TableName,
    /// Statements of the file that are committed with it and before.
    pub statements: u64,
    /// Rows of the dump in these.
    pub rows: u64,
    /// By how many the table grows with this transaction.
    pub net: i64,
}

/// A statement that the restore continues without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedStatement {
    /// The last of the statements of the file that it stands for, counted from 1.
    pub statement: u64,
    /// Why, with file and line.
    pub why: String,
    /// Whose fault it is.
    pub fault: Fault,
    /// How many rows it has, if that is known.
    pub rows: Option<u64>,
    /// Whether some of them may be in the table.
    pub is_torn: bool,
}

/// The outcome of a statement on an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountOutcome {
    /// It is about to be run.
    Begun,
    Done,
    /// The account existed before, and stays unchanged.
    LeftAlone,
    /// The privilege is on what does not exist yet.
    Later,
    Failed {
        why: String,
        code: Option<u16>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A later version resumes what an earlier one began: what is in the file stays, whatever it is called in here.
    #[test]
    fn records_in_the_file() {
        let table = || ("d".to_owned(), "t".to_owned());
        let commit = || Commit { file: "f".into(), table: table(), statements: 3, rows: 30, net: -1 };
        let statement =
            |fault| SkippedStatement { statement: 7, why: "no".into(), fault, rows: Some(2), is_torn: false };
        let skipped = |fault| Record::Skipped { file: "f".into(), table: table(), statement: statement(fault) };
        let of_account = |outcome| Record::Account { line: 4, outcome };
        for (record, line) in [
            (
                Record::Begin { version: 1, server: "s".into(), options: [("a".to_owned(), "b".to_owned())].into() },
                r#"{"what":"begin","version":1,"server":"s","options":{"a":"b"}}"#,
            ),
            (
                Record::Run { locks: "l".into(), workers: 2, server_started: 5, connection: 6 },
                r#"{"what":"run","locks":"l","workers":2,"server_started":5,"connection":6}"#,
            ),
            (Record::Dump { crc32c: 1, length: 2 }, r#"{"what":"dump","crc32c":1,"length":2}"#),
            (
                Record::GlobalVariable { name: "n".into(), old: "o".into() },
                r#"{"what":"global-variable","name":"n","old":"o"}"#,
            ),
            (Record::RedoLogOff, r#"{"what":"redo-log-off"}"#),
            (
                Record::Database {
                    name: "d".into(),
                    exists: true,
                    names: vec!["t".into()],
                    with_triggers: vec!["u".into()],
                },
                r#"{"what":"database","name":"d","exists":true,"names":["t"],"with_triggers":["u"]}"#,
            ),
            (Record::Done { job: "j".into() }, r#"{"what":"done","job":"j"}"#),
            (
                Record::Table { table: table(), kept: true, keys_later: false },
                r#"{"what":"table","table":["d","t"],"kept":true,"keys_later":false}"#,
            ),
            (Record::Emptied { table: table() }, r#"{"what":"emptied","table":["d","t"]}"#),
            (Record::Counted { table: table(), rows: 9 }, r#"{"what":"counted","table":["d","t"],"rows":9}"#),
            (
                Record::Commit(commit()),
                r#"{"what":"commit","file":"f","table":["d","t"],"statements":3,"rows":30,"net":-1}"#,
            ),
            (
                Record::Committed(commit()),
                r#"{"what":"committed","file":"f","table":["d","t"],"statements":3,"rows":30,"net":-1}"#,
            ),
            (
                skipped(Fault::Server(Some(1062))),
                r#"{"what":"gap","file":"f","table":["d","t"],"gap":{"statement":7,"why":"no","fault":{"Server":1062},"rows":2,"is_torn":false}}"#,
            ),
            (
                skipped(Fault::Server(None)),
                r#"{"what":"gap","file":"f","table":["d","t"],"gap":{"statement":7,"why":"no","fault":{"Server":null},"rows":2,"is_torn":false}}"#,
            ),
            (
                skipped(Fault::Dump),
                r#"{"what":"gap","file":"f","table":["d","t"],"gap":{"statement":7,"why":"no","fault":"Dump","rows":2,"is_torn":false}}"#,
            ),
            (
                skipped(Fault::Rows),
                r#"{"what":"gap","file":"f","table":["d","t"],"gap":{"statement":7,"why":"no","fault":"Rows","rows":2,"is_torn":false}}"#,
            ),
            (Record::File { file: "f".into() }, r#"{"what":"file","file":"f"}"#),
            (Record::Complete { table: table() }, r#"{"what":"whole","table":["d","t"]}"#),
            (Record::Keys { table: table(), done: 1 }, r#"{"what":"keys","table":["d","t"],"done":1}"#),
            (Record::ForeignKeys { table: table() }, r#"{"what":"foreign-keys","table":["d","t"]}"#),
            (Record::TriggersDropped { table: table() }, r#"{"what":"untriggered","table":["d","t"]}"#),
            (Record::Damaged { table: table() }, r#"{"what":"damaged","table":["d","t"]}"#),
            (Record::Restart { table: table() }, r#"{"what":"anew","table":["d","t"]}"#),
            (of_account(AccountOutcome::Begun), r#"{"what":"account","line":4,"outcome":"begun"}"#),
            (of_account(AccountOutcome::Done), r#"{"what":"account","line":4,"outcome":"done"}"#),
            (of_account(AccountOutcome::LeftAlone), r#"{"what":"account","line":4,"outcome":"left-alone"}"#),
            (of_account(AccountOutcome::Later), r#"{"what":"account","line":4,"outcome":"later"}"#),
            (
                of_account(AccountOutcome::Failed { why: "no".into(), code: Some(1396) }),
                r#"{"what":"account","line":4,"outcome":{"failed":{"why":"no","code":1396}}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&record).unwrap(), line);
            assert_eq!(serde_json::from_str::<Record>(line).unwrap(), record);
        }
    }
}
