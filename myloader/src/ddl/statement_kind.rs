//! What a statement of a dump file is.
//!
//! Only the first words are read, so that it costs nothing to ask about an INSERT of a megabyte.

use super::cursor::Cursor;
use common::sql::definer::take_account;
use common::sql::token::{SqlDialect, TokenKind};
use std::ops::Range;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// `SET …`, but not MariaDB's `SET STATEMENT … FOR …`, which is [`StatementKind::Other`].
    Set,
    /// `CREATE DATABASE` or `CREATE SCHEMA`.
    CreateDatabase,
    /// `CREATE TABLE`.
    CreateTable,
    /// `CREATE VIEW`.
    CreateView,
    /// `CREATE TRIGGER`.
    CreateTrigger,
    /// `CREATE FUNCTION`, `PROCEDURE`, `PACKAGE`, `PACKAGE BODY` (MariaDB) or `LIBRARY` (MySQL).
    CreateRoutine,
    /// `CREATE TABLESPACE` or `CREATE UNDO TABLESPACE` (MySQL).
    CreateTablespace,
    /// `CREATE EVENT`.
    CreateEvent,
    /// `CREATE SEQUENCE` (MariaDB).
    CreateSequence,
    /// `DROP …`.
    Drop {
        /// What is dropped.
        what: Dropped,
    },
    /// `INSERT` or `REPLACE`.
    Insert,
    /// `LOAD DATA`.
    LoadData,
    /// `ALTER …`.
    Alter,
    /// `LOCK …`.
    Lock,
    /// `UNLOCK …`.
    Unlock,
    /// `USE …`.
    Use,
    /// Anything else.
    Other,
    /// Nothing but comments and white space.
    Empty,
}

/// The kind of object that a DROP statement drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// `DROP DATABASE` or `DROP SCHEMA`.
    Database,
    /// `DROP TABLE`.
    Table,
    /// `DROP VIEW`.
    View,
    /// `DROP TRIGGER`.
    Trigger,
    /// `DROP FUNCTION`, `PROCEDURE`, `PACKAGE` or `LIBRARY`.
    Routine,
    /// `DROP EVENT`.
    Event,
    /// `DROP SEQUENCE`.
    Sequence,
    /// Anything else.
    Other,
}

/// Says what a statement is. Executable comments count as text.
#[must_use]
pub fn classify(sql: &[u8]) -> StatementKind {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    while cursor.eat_punctuation(b';') {}
    let Some(first) = cursor.take() else {
        return StatementKind::Empty;
    };
    match () {
        () if first.is_word("INSERT") || first.is_word("REPLACE") => StatementKind::Insert,
        () if first.is_word("SET") && !cursor.at_word("STATEMENT") => StatementKind::Set,
        () if first.is_word("CREATE") => created(&mut cursor),
        () if first.is_word("DROP") => StatementKind::Drop { what: dropped(&mut cursor) },
        () if first.is_word("LOAD") && cursor.at_word("DATA") => StatementKind::LoadData,
        () if first.is_word("ALTER") => StatementKind::Alter,
        () if first.is_word("LOCK") => StatementKind::Lock,
        () if first.is_word("UNLOCK") => StatementKind::Unlock,
        () if first.is_word("USE") => StatementKind::Use,
        () => StatementKind::Other,
    }
}

/// What stands behind CREATE, the clauses before its kind passed over.
fn created(cursor: &mut Cursor<'_>) -> StatementKind {
    loop {
        if cursor.eat("OR") {
            cursor.eat("REPLACE");
        } else if cursor.eat("ALGORITHM") {
            cursor.eat_punctuation(b'=');
            cursor.take();
        } else if cursor.eat("DEFINER") {
            cursor.eat_punctuation(b'=');
            take_account(cursor);
        } else if cursor.eat("SQL") {
            cursor.eat("SECURITY");
            cursor.take();
        } else if !cursor.eat_any(&[
            "TEMPORARY",
            "AGGREGATE",
            "UNDO",
            "EXTERNAL",
            "MATERIALIZED",
            // MySQL 9: JSON RELATIONAL DUALITY VIEW.
            "JSON",
            "RELATIONAL",
            "DUALITY",
        ]) {
            break;
        }
    }
    match () {
        () if cursor.at_any_word(&["DATABASE", "SCHEMA"]) => StatementKind::CreateDatabase,
        () if cursor.at_word("TABLE") => StatementKind::CreateTable,
        () if cursor.at_word("VIEW") => StatementKind::CreateView,
        () if cursor.at_word("TRIGGER") => StatementKind::CreateTrigger,
        () if at_routine(cursor) => StatementKind::CreateRoutine,
        () if cursor.at_word("TABLESPACE") => StatementKind::CreateTablespace,
        () if cursor.at_word("EVENT") => StatementKind::CreateEvent,
        () if cursor.at_word("SEQUENCE") => StatementKind::CreateSequence,
        () => StatementKind::Other,
    }
}

fn at_routine(cursor: &Cursor<'_>) -> bool {
    cursor.at_any_word(&["FUNCTION", "PROCEDURE", "PACKAGE", "LIBRARY"])
}

fn dropped(cursor: &mut Cursor<'_>) -> Dropped {
    cursor.eat("TEMPORARY");
    match () {
        () if cursor.at_any_word(&["DATABASE", "SCHEMA"]) => Dropped::Database,
        () if cursor.at_any_word(&["TABLE", "TABLES"]) => Dropped::Table,
        () if cursor.at_word("VIEW") => Dropped::View,
        () if cursor.at_word("TRIGGER") => Dropped::Trigger,
        () if at_routine(cursor) => Dropped::Routine,
        () if cursor.at_word("EVENT") => Dropped::Event,
        () if cursor.at_word("SEQUENCE") => Dropped::Sequence,
        () => Dropped::Other,
    }
}

/// The file's name in `LOAD DATA [LOW_PRIORITY | CONCURRENT] LOCAL INFILE '…'`, without quotes and escapes. `None`
/// for other statements, and for a file that the server itself would read.
#[must_use]
pub fn load_data_file(sql: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    if !(cursor.eat("LOAD") && cursor.eat("DATA")) {
        return None;
    }
    cursor.eat_any(&["LOW_PRIORITY", "CONCURRENT"]);
    if !(cursor.eat("LOCAL") && cursor.eat("INFILE")) {
        return None;
    }
    cursor.take()?.string_value(SqlDialect::default())
}

/// The string literal that a SET statement, one of whose assignments it may be, gives to the session's `sql_mode`: its
/// place, quotes included, and its value. `None` if it gives none, or none that is a literal.
#[must_use]
pub fn sql_mode_value(sql: &[u8]) -> Option<(Range<usize>, Vec<u8>)> {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    if !cursor.eat("SET") || cursor.at_word("STATEMENT") {
        return None;
    }
    loop {
        if is_sql_mode(&mut cursor) {
            cursor.eat_punctuation(b':');
            if cursor.eat_punctuation(b'=')
                && let Some(token) = cursor.peek()
                && token.kind == TokenKind::String
            {
                return Some((token.start..token.end(), token.string_value(SqlDialect::default())?));
            }
        }
        next_assignment(&mut cursor)?;
    }
}

/// Takes the left side of an assignment; whether it is the session's `sql_mode`.
fn is_sql_mode(cursor: &mut Cursor<'_>) -> bool {
    if cursor.eat_punctuation(b'@') {
        // `@sql_mode` is a variable of the user.
        if !cursor.eat_punctuation(b'@') {
            return false;
        }
        if cursor.eat_any(&["SESSION", "LOCAL"]) {
            cursor.eat_punctuation(b'.');
        }
    } else {
        cursor.eat_any(&["SESSION", "LOCAL"]);
    }
    let name = cursor.take().and_then(|token| token.identifier());
    name.is_some_and(|name| name.eq_ignore_ascii_case(b"sql_mode"))
}

/// Goes on to what follows the next comma outside of parentheses; `None` at the end.
pub(super) fn next_assignment(cursor: &mut Cursor<'_>) -> Option<()> {
    let mut depth = 0_usize;
    loop {
        let token = cursor.take()?;
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is_punctuation(b',') {
            return Some(());
        }
    }
}
