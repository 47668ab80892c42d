//! Looks at definitions before anything is changed: what the server cannot have, and what it makes another thing of.
//!
//! Tables and sequences are not judged by their text but made, before any row is loaded. Databases, views, triggers,
//! routines and events come at other times, and of these, what can be told from the text is told here: character sets
//! and collations, about which the server is asked, and kinds of objects that it does not have.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use common::backup::file_name::DumpFile;
use common::server::Server;
use common::server::connection::{Connection, Error as ServerError};
use common::sql::name::QualifiedName;
use common::sql::token::{SqlDialect, Token, Tokens};
use common::sql::{quote_identifier, quote_string};

use crate::ddl::create_table::CreateTable;
use crate::ddl::element::ElementKind;
use crate::ddl::portability::{self, Names};
use crate::ddl::statement_kind::{StatementKind, classify, sql_mode_value};
use crate::ddl::translate::translate;
use crate::jobs::job::{Findings, Outcome};
use crate::objects::programs::text;
use crate::schedule::tolerance::{Fault, Refusal};
use crate::work::worker::{Error, Worker};

/// What the server has said of character sets and collations: why it does not have one.
#[derive(Default)]
pub struct Vocabulary {
    known: Mutex<BTreeMap<(Kind, String), Option<Answer>>>,
}

/// The server's error number, and the message.
type Answer = (Option<u16>, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    CharacterSet,
    Collation,
}

impl Vocabulary {
    /// Why the server does not have the first of these that it does not have.
    fn refuse(&self, connection: &mut Connection, names: Names) -> Result<Option<Answer>, ServerError> {
        let collations = names.collations.into_iter().map(|name| (Kind::Collation, name));
        let character_sets = names.character_sets.into_iter().map(|name| (Kind::CharacterSet, name));
        for name in collations.chain(character_sets) {
            if let Some(why) = self.ask(connection, name)? {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    fn ask(&self, connection: &mut Connection, name: (Kind, String)) -> Result<Option<Answer>, ServerError> {
        const UNKNOWN_CHARACTER_SET: u16 = 1115;
        const UNKNOWN_COLLATION: u16 = 1273;
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = lock().get(&name) {
            return Ok(answer.clone());
        }
        let statement = match &name {
            (Kind::Collation, name) => format!("SET collation_connection = {}", quote_string(name)),
            (Kind::CharacterSet, name) => format!("SELECT CONVERT('' USING {})", quote_identifier(name)),
        };
        let result = connection.execute(statement);
        connection.execute("SET NAMES utf8mb4")?;
        let answer = match result {
            Err(error) if matches!(error.server_code(), Some(UNKNOWN_CHARACTER_SET | UNKNOWN_COLLATION)) => {
                Some((error.server_code(), error.without_statement()))
            }
            // Whatever else is wrong with it shows when the object is made.
            Err(error) if error.server_code().is_none() => return Err(error),
            _ => None,
        };
        lock().insert(name, answer.clone());
        Ok(answer)
    }
}

/// CREATE DATABASE.
pub fn database(
    worker: &mut Worker,
    file: &DumpFile,
    line: u64,
    create: &[u8],
    target: &str,
) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    look(
        worker,
        file,
        line,
        create,
        SqlDialect::default(),
        &format!("database {}", target.escape_debug()),
        &mut findings,
    )?;
    Ok(findings)
}

/// A file with a table, a view, triggers, or routines and events.
pub fn file(worker: &mut Worker, file: &DumpFile) -> Result<Outcome, Error> {
    let mut findings = Findings::default();
    let mut reader = worker.shared.files.statements(file)?;
    let mut dialect = SqlDialect::default();
    // What is said before CREATE is said for it.
    let mut session = Vec::new();
    while let Some(statement) = reader.next_statement().map_err(|source| worker.cannot_read(file, source))? {
        worker.expects(file, &statement, None)?;
        let kind = classify(statement.text);
        match kind {
            StatementKind::Set => {
                dialect = dialect_after(dialect, kind, statement.text);
                session.push(statement.text.to_vec());
            }
            StatementKind::CreateTable => {
                if let Some(name) = table_name(file, statement.text) {
                    table(worker, file, statement.line, statement.text, &name, &mut findings)?;
                }
            }
            StatementKind::CreateView
            | StatementKind::CreateTrigger
            | StatementKind::CreateRoutine
            | StatementKind::CreateEvent => {
                let object = object(file, statement.text, dialect);
                let mut own = Findings::default();
                unsupported(worker.shared.server, statement.text, dialect, file, statement.line, &object, &mut own);
                for text in session.drain(..) {
                    modes(worker.shared.server, &text, &object, &mut own);
                    look(worker, file, statement.line, &text, SqlDialect::default(), &object, &mut own)?;
                }
                look(worker, file, statement.line, statement.text, dialect, &object, &mut own)?;
                // One reason is enough, and what is not made is not changed.
                match own.refusals.into_iter().next() {
                    Some(refusal) => findings.refusals.push(refusal),
                    None => findings.changes.append(&mut own.changes),
                }
            }
            _ => {}
        }
    }
    Ok(Outcome::Checked(findings))
}

/// A statement's character sets and collations, and what this server passes over.
fn look(
    worker: &mut Worker,
    file: &DumpFile,
    line: u64,
    sql: &[u8],
    dialect: SqlDialect,
    object: &str,
    findings: &mut Findings,
) -> Result<(), Error> {
    let (tokens, passed_over) = portability::split_by_version(sql, dialect, worker.shared.server);
    for loss in passed_over.into_iter().filter_map(portability::loss) {
        findings.changes.push(format!("{object} ({file}, line {line}): {loss}"));
    }
    let mut names = portability::names(sql, &tokens);
    let failed = |source| Error::Job { job: file.to_string(), source };
    if classify(sql) == StatementKind::Set {
        // A session can do without: what is made in it names the collations that it needs.
        for name in std::mem::take(&mut names.collations) {
            let name = (Kind::Collation, name);
            if worker.shared.vocabulary.ask(worker.session.connection(), name.clone()).map_err(failed)?.is_some() {
                findings.changes.push(format!(
                    "{object} ({file}, line {line}): was made in a session of the collation {}, which this server does not \
                     have, and compares literals by the server's own here",
                    name.1
                ));
            }
        }
    }
    let answer = worker.shared.vocabulary.refuse(worker.session.connection(), names);
    if let Some((code, why)) = answer.map_err(failed)? {
        let why = format!("{file}, line {line}: {why}");
        findings.refusals.push(Refusal { object: object.to_owned(), why, fault: Fault::Server(code) });
    }
    Ok(())
}

fn table(
    worker: &mut Worker,
    file: &DumpFile,
    line: u64,
    sql: &[u8],
    name: &str,
    findings: &mut Findings,
) -> Result<(), Error> {
    let object = format!("table {name}");
    let server = worker.shared.server;
    let parse_error = |source| Error::Parse { file: file.to_string(), line, source };
    let translated = translate(sql, server).map_err(parse_error)?;
    if server.is_mariadb() {
        for element in CreateTable::parse(&translated, SqlDialect::default()).map_err(parse_error)?.elements {
            let ElementKind::Column(column) = &element.kind else { continue };
            if column.json {
                let column = text(&column.name).escape_debug().to_string();
                findings.changes.push(format!(
                    "{object} ({file}, line {line}): the JSON column {column} is LONGTEXT with a CHECK here"
                ));
            }
        }
    }
    look(worker, file, line, &translated, SqlDialect::default(), &object, findings)
}

/// The name of a table that is made; stand-ins for views are not.
fn table_name(file: &DumpFile, sql: &[u8]) -> Option<String> {
    let parsed = CreateTable::parse(sql, SqlDialect::default()).ok().filter(|parsed| !parsed.if_not_exists)?;
    Some(QualifiedName::new(file.content.database()?, text(&parsed.name)).to_string())
}

/// Kinds of objects that one product has and the other does not.
fn unsupported(
    server: Server,
    sql: &[u8],
    dialect: SqlDialect,
    file: &DumpFile,
    line: u64,
    object: &str,
    findings: &mut Findings,
) {
    let (tokens, _) = portability::split_by_version(sql, dialect, server);
    let head = |word: &str| tokens.iter().take(12).any(|token| token.is_word(word));
    let has = |first: &str, second: &str| {
        tokens.windows(2).any(|pair| matches!(pair, [a, b] if a.is_word(first) && b.is_word(second)))
    };
    let kind = classify(sql);
    let what = match () {
        () if kind == StatementKind::CreateRoutine && !server.is_mariadb() && head("PACKAGE") => "packages",
        () if kind == StatementKind::CreateRoutine && !server.is_mariadb() && head("AGGREGATE") => {
            "aggregate functions in SQL"
        }
        () if kind == StatementKind::CreateRoutine && server.is_mariadb() && head("LIBRARY") => "libraries",
        () if kind == StatementKind::CreateRoutine && server.is_mariadb() && has("LANGUAGE", "JAVASCRIPT") => {
            "routines in JavaScript"
        }
        () if kind == StatementKind::CreateView && server.is_mariadb() && head("DUALITY") => "duality views",
        () => return,
    };
    let why = format!("{file}, line {line}: {server} has no {what} (leave it out, or write it anew for this server)");
    findings.refusals.push(Refusal { object: object.to_owned(), why, fault: Fault::Server(None) });
}

/// Modes that a stored program was made with, and that this server does not have.
fn modes(server: Server, set: &[u8], object: &str, findings: &mut Findings) {
    let Some((_, modes)) = sql_mode_value(set) else { return };
    for mode in portability::lost_modes(&text(&modes), server) {
        findings.changes.push(format!("{object}: this server has no sql_mode {mode}, which changes what it does"));
    }
}

/// How a file's statements are to be read after this one.
pub fn dialect_after(dialect: SqlDialect, kind: StatementKind, statement: &[u8]) -> SqlDialect {
    let modes = if kind == StatementKind::Set { sql_mode_value(statement) } else { None };
    modes.map_or(dialect, |(_, modes)| dialect_of(&text(&modes)))
}

fn dialect_of(modes: &str) -> SqlDialect {
    let has = |mode: &str| modes.split(',').any(|other| other.eq_ignore_ascii_case(mode));
    SqlDialect { ansi_quotes: has("ANSI_QUOTES"), no_backslash_escapes: has("NO_BACKSLASH_ESCAPES") }
}

/// What CREATE makes, or DROP removes: `view shop.totals`. The database is the file's; MySQL and MariaDB do not print it.
pub fn object(file: &DumpFile, sql: &[u8], dialect: SqlDialect) -> String {
    match (created(sql, dialect), file.content.database()) {
        (Some((kind, name)), Some(database)) => format!("{kind} {}", QualifiedName::new(database, name)),
        _ => file.to_string(),
    }
}

/// The kind and the name of what CREATE makes, or DROP removes.
pub fn created(sql: &[u8], dialect: SqlDialect) -> Option<(String, String)> {
    const KINDS: [&str; 9] =
        ["VIEW", "TRIGGER", "FUNCTION", "PROCEDURE", "PACKAGE", "LIBRARY", "EVENT", "BODY", "SEQUENCE"];
    let tokens: Vec<Token<'_>> = Tokens::new(sql, dialect).take(40).collect();
    tokens.iter().enumerate().find_map(|(index, token)| {
        let kind = KINDS.iter().find(|kind| token.is_word(kind))?;
        let is_optional = tokens.get(index + 1).is_some_and(|token| token.is_word("IF"));
        let index = if is_optional { index + 2 } else { index };
        let name = tokens.get(index + 1)?;
        if name.is_word("BODY") {
            return Some(("package body".to_owned(), text(&tokens.get(index + 2)?.identifier()?)));
        }
        Some((kind.to_ascii_lowercase(), text(&name.identifier()?)))
    })
}
