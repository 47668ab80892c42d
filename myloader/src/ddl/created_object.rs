//! The object that a statement creates or drops, as messages name it.

use common::backup::file_name::DumpFile;
use common::sql::name::QualifiedName;
use common::sql::token::{SqlDialect, Token, Tokens};

use super::statement_kind::{StatementKind, sql_mode_value};

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

/// A name for messages and comparisons.
pub fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
