//! What a definition asks of a server: character sets and collations, and what it leaves to servers that know it.

use std::collections::BTreeSet;

use common::server::Server;
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

use super::statement_kind::{StatementKind, classify};

/// CharsetNames that a server may not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CharsetNames {
    /// Character sets.
    pub character_sets: BTreeSet<String>,
    /// Collations.
    pub collations: BTreeSet<String>,
}

/// The tokens that a server runs, and the executable comments that it passes over.
pub fn split_by_version<'a>(sql: &'a [u8], dialect: SqlDialect, server: Server) -> (Vec<Token<'a>>, Vec<&'a [u8]>) {
    let (mut run, mut passed_over) = (Vec::new(), Vec::new());
    let mut tokens = Tokens::new(sql, dialect);
    while let Some(token) = tokens.next() {
        match token.kind {
            TokenKind::CommentOpen if is_passed_over(token.text, server) => {
                let end = tokens.find(|token| token.kind == TokenKind::CommentClose);
                passed_over.push(sql.get(token.start..end.map_or(sql.len(), |end| end.end())).unwrap_or_default());
            }
            TokenKind::Comment | TokenKind::CommentOpen | TokenKind::CommentClose => {}
            _ => run.push(token),
        }
    }
    (run, passed_over)
}

/// Whether a server takes what follows this mark for a comment. MySQL knows no `/*M!`; MariaDB passes over what is for
/// MySQL from 5.7 on, since its own versions begin at 10.
fn is_passed_over(mark: &[u8], server: Server) -> bool {
    let (major, minor, patch) = server.version;
    let own = u32::from(major) * 10_000 + u32::from(minor) * 100 + u32::from(patch);
    let mariadb_only = mark.starts_with(b"/*M!");
    let digits: String = mark.iter().copied().filter(u8::is_ascii_digit).map(char::from).collect();
    let version = digits.parse().unwrap_or(0);
    if server.is_mariadb() {
        version > own || (!mariadb_only && (50_700..=99_999).contains(&version))
    } else {
        mariadb_only || version > own
    }
}

/// The character sets and collations that a statement names.
pub fn names(sql: &[u8], tokens: &[Token<'_>]) -> CharsetNames {
    let kind = classify(sql);
    let mut names = CharsetNames::default();
    for (index, token) in tokens.iter().enumerate() {
        let next = |offset: usize| tokens.get(index + offset);
        let behind_equals = |offset: usize| match next(offset) {
            Some(equals) if equals.is_punctuation(b'=') => next(offset + 1),
            other => other,
        };
        if token.is_word("COLLATE") {
            names.collations.extend(behind_equals(1).and_then(name));
        } else if token.is_word("CHARACTER") && next(1).is_some_and(|next| next.is_word("SET")) {
            names.character_sets.extend(behind_equals(2).and_then(name));
        } else if token.is_word("CHARSET")
            && is_type_or_option(kind, index.checked_sub(1).and_then(|at| tokens.get(at)))
        {
            names.character_sets.extend(behind_equals(1).and_then(name));
        } else if kind == StatementKind::Set && token.is_word("COLLATION_CONNECTION") {
            names.collations.extend(behind_equals(1).and_then(name));
        } else if kind == StatementKind::Set
            && ["CHARACTER_SET_CLIENT", "CHARACTER_SET_RESULTS", "NAMES"].iter().any(|word| token.is_word(word))
        {
            names.character_sets.extend(behind_equals(1).and_then(name));
        } else if token.kind == TokenKind::Word
            && token.text.starts_with(b"_")
            && next(1).is_some_and(|next| next.kind == TokenKind::String && next.start == token.end())
        {
            names.character_sets.insert(String::from_utf8_lossy(token.text.get(1..).unwrap_or_default()).into_owned());
        }
    }
    names
}

/// CHARSET is no reserved word, so that a body may have columns and variables of that name.
fn is_type_or_option(kind: StatementKind, before: Option<&Token<'_>>) -> bool {
    const TYPES: [&str; 7] = ["CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "ENUM"];
    matches!(kind, StatementKind::CreateTable | StatementKind::CreateDatabase)
        || before.is_some_and(|token| token.is_punctuation(b')') || TYPES.iter().any(|word| token.is_word(word)))
}

/// The name that a token stands for, in lower case; a user variable (`@x`) and DEFAULT are none.
fn name(token: &Token<'_>) -> Option<String> {
    if token.is_word("DEFAULT") || token.is_word("NULL") {
        return None;
    }
    let name = token.identifier().or_else(|| token.string_value(SqlDialect::default()))?;
    Some(String::from_utf8_lossy(&name).to_ascii_lowercase())
}

/// What is lost or changed where a server passes over an executable comment; `None` if nothing is.
pub fn loss(comment: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(comment).into_owned();
    let content = text.trim_start_matches(['/', '*', '!', 'M']).trim_start_matches(|c: char| c.is_ascii_digit());
    let content = content.trim_end_matches("*/").trim().to_ascii_uppercase();
    match content.as_str() {
        "" | "ENCRYPTION='N'" | "DEFAULT ENCRYPTION='N'" | "TABLESPACE `INNODB_FILE_PER_TABLE`" => None,
        "NOT ENFORCED" => Some("a CHECK that the dump does not enforce is enforced here".to_owned()),
        "INVISIBLE" => Some("a column or key is visible here, which is invisible in the dump".to_owned()),
        _ => Some(format!("this server ignores {}", text.replace(['\n', '\r'], " "))),
    }
}

/// sql_modes that change what a stored program does and that a server of the other product does not have.
pub fn lost_modes(modes: &str, server: Server) -> Vec<&str> {
    const MARIADB_ONLY: [&str; 3] = ["ORACLE", "EMPTY_STRING_IS_NULL", "SIMULTANEOUS_ASSIGNMENT"];
    let is_lost = |mode: &&str| !server.is_mariadb() && MARIADB_ONLY.contains(mode);
    modes.split(',').filter(is_lost).collect()
}

#[cfg(test)]
#[path = "tests/portability.rs"]
mod tests;
