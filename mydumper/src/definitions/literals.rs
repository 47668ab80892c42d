//! Literals that SHOW CREATE TABLE shows inexactly.
//!
//! Both servers convert members of ENUM and SET to utf8mb3, in which a character beyond the Basic Multilingual Plane is a
//! question mark, and show FLOAT defaults with six digits. MariaDB also converts defaults of character columns, and shows
//! those of binary columns as bytes that need not be UTF-8. information_schema has the same texts. Values are exact:
//! `DEFAULT(column)`, and the members that a column of the type returns for their numbers. A recursive query needs no
//! table for that, since its column has the type of the query's first part.
//!
//! Known limits, each with a warning: defaults of NOT NULL columns of empty tables, since no row has them; members of
//! an ENUM or SET of MariaDB in the character set `binary` that are not UTF-8.

use std::ops::Range;

use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::server::error_codes;
use common::sql::exact_float::{NEGATIVE_ZERO, float_expression};
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};
use common::sql::{escape_into, needs_padding, quote_identifier};

use crate::catalog::{Computation, Table};

/// A literal, or list of literals, that may be shown inexactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InexactLiteral {
    column: Vec<u8>,
    kind: LiteralKind,
    /// Its position in the statement, in bytes.
    place: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LiteralKind {
    /// The members of an ENUM.
    Enum { members: usize },
    /// The members of a SET.
    Set { members: usize },
    /// The default of a character column.
    Text,
    /// The default of a binary column.
    Binary,
    /// The default of a FLOAT.
    Float,
}

/// Replaces [`inexact`] literals of the statement. The session's character set has to be utf8mb4, its `sql_mode` not
/// strict.
///
/// # Errors
/// When a query fails.
pub fn with_exact(
    connection: &mut Connection,
    server: &Server,
    table: &Table,
    create: &[u8],
    literals: Vec<InexactLiteral>,
) -> Result<Vec<u8>, ServerError> {
    let mut replacements = Vec::new();
    for literal in literals {
        let shown = create.get(literal.place.clone()).unwrap_or_default();
        match read(connection, table, table.select_priority(server), &literal, shown)? {
            Some(exact) => replacements.push((literal.place, exact)),
            None if literal.kind != LiteralKind::Float || significant_digits(shown) >= 6 => tracing::warn!(
                "table {}, column {}: the server shows this literal inexactly, and the table has no row to read it from: {}",
                table.name,
                String::from_utf8_lossy(&literal.column).escape_debug(),
                String::from_utf8_lossy(shown)
            ),
            None => {}
        }
    }
    Ok(replaced(create, &replacements))
}

/// The exact text of a literal; `None` if it cannot be read.
fn read(
    connection: &mut Connection,
    table: &Table,
    priority: &str,
    literal: &InexactLiteral,
    shown: &[u8],
) -> Result<Option<Vec<u8>>, ServerError> {
    let column = quote_identifier(&String::from_utf8_lossy(&literal.column));
    let name = table.name.to_sql();
    let default = format!("DEFAULT({column})");
    let expression = match literal.kind {
        LiteralKind::Enum { members } => return read_members(connection, &name, &column, "i + 1", members, shown),
        LiteralKind::Set { members } => return read_members(connection, &name, &column, "1 << i", members, shown),
        LiteralKind::Text => default,
        LiteralKind::Binary => format!("CONCAT('0x', HEX({default}))"),
        LiteralKind::Float => float_expression(&default),
    };
    // An outer join returns a row even if the table has none, but in that row NOT NULL columns have no default.
    for source in [format!("(SELECT 1) AS one LEFT JOIN {name} ON FALSE"), format!("{name} LIMIT 1")] {
        let row = connection.query_first(format!("SELECT {priority}{expression} FROM {source}"))?;
        if let Some(value) = row.as_ref().and_then(|row| row.bytes(0)) {
            return Ok(Some(match literal.kind {
                LiteralKind::Text => quoted(value),
                _ if value == b"-0" => NEGATIVE_ZERO.into(),
                _ => value.to_vec(),
            }));
        }
    }
    Ok(None)
}

/// The list of a column's members. `number` is the SQL for the number of member `i`, counted from 0.
fn read_members(
    connection: &mut Connection,
    table: &str,
    column: &str,
    number: &str,
    members: usize,
    shown: &[u8],
) -> Result<Option<Vec<u8>>, ServerError> {
    let query = format!(
        "WITH RECURSIVE member (i, value) AS (\
         SELECT 0, {table}.{column} FROM (SELECT 1) AS one LEFT JOIN {table} ON FALSE \
         UNION ALL SELECT i + 1, {number} FROM member WHERE i < {members}\
         ) SELECT HEX(CONVERT(value USING utf8mb4)) FROM member WHERE i > 0 ORDER BY i"
    );
    // In such a query MariaDB's SETs have at most eight members; in a variable of the column's type they have all.
    let block = format!(
        "BEGIN NOT ATOMIC DECLARE value TYPE OF {table}.{column}; DECLARE i INT DEFAULT 0; \
         DECLARE list LONGTEXT DEFAULT ''; \
         WHILE i < {members} DO \
         SET value = {number}; \
         SET list = CONCAT(list, IF(i > 0, ',', ''), HEX(CONVERT(value USING utf8mb4))), i = i + 1; \
         END WHILE; SELECT list; END"
    );
    for query in [query, block] {
        let rows = match connection.query(query) {
            // MySQL 5.7 and MariaDB 10.1 have no recursive queries, and MySQL no such blocks.
            Err(error) if error.server_code() == Some(error_codes::SYNTAX) => continue,
            rows => rows?,
        };
        let digits = rows.iter().map(|row| row.text(0)).collect::<Vec<_>>().join(",");
        let values: Option<Vec<Vec<u8>>> = digits.split(',').map(bytes_of_hex).collect();
        if let Some(values) = values
            && is_shown_as(&values, shown)
        {
            return Ok(Some(values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(&b","[..])));
        }
    }
    Ok(None)
}

fn bytes_of_hex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Whether the server shows these values so: a check that they are the column's members.
fn is_shown_as(values: &[Vec<u8>], shown: &[u8]) -> bool {
    let strings = Tokens::new(shown, SqlDialect::default()).filter(|token| token.kind == TokenKind::String);
    let shown: Vec<_> = strings.map(|token| token.string_value(SqlDialect::default())).collect();
    let lossy = |value: &Vec<u8>| -> Option<Vec<u8>> {
        let text = std::str::from_utf8(value).ok()?;
        Some(text.chars().map(|c| if c > '\u{ffff}' { '?' } else { c }).collect::<String>().into_bytes())
    };
    shown == values.iter().map(lossy).collect::<Vec<_>>()
}

/// A value as a literal of a file in utf8mb4.
fn quoted(value: &[u8]) -> Vec<u8> {
    let mut text = vec![b'\''];
    escape_into(&mut text, value);
    text.push(b'\'');
    text
}

fn significant_digits(number: &[u8]) -> usize {
    let mantissa = number.split(|byte| byte.eq_ignore_ascii_case(&b'e')).next().unwrap_or_default();
    let digits: Vec<u8> = mantissa.iter().copied().filter(u8::is_ascii_digit).collect();
    digits.iter().skip_while(|digit| **digit == b'0').count()
}

/// The statement with line ends in strings as `\\n`, where a `;` precedes them: MySQL shows comments of partitions as they are,
/// and mydumper 1.0.1 would end the statement there. In names they stay.
pub fn without_line_ends(create: Vec<u8>, computation: Option<&Computation>) -> Vec<u8> {
    let sql_mode = computation.and_then(|computation| computation.sql_mode.as_deref()).unwrap_or_default();
    if !needs_padding(&create) || sql_mode.contains("NO_BACKSLASH_ESCAPES") {
        return create;
    }
    let strings = Tokens::new(&create, SqlDialect::default()).filter(|token| token.kind == TokenKind::String);
    let replacements: Vec<_> = strings
        .filter(|token| needs_padding(token.text))
        .map(|token| {
            (token.start..token.end(), token.text.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\\n"[..]))
        })
        .collect();
    replaced(&create, &replacements)
}

fn replaced(text: &[u8], replacements: &[(Range<usize>, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for (place, replacement) in replacements {
        out.extend_from_slice(text.get(at..place.start).unwrap_or_default());
        out.extend_from_slice(replacement);
        at = place.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    out
}

/// The literals of a CREATE TABLE statement that may be inexact, in their order.
pub fn inexact(create: &[u8]) -> Vec<InexactLiteral> {
    let mut found = Vec::new();
    let mut tokens = Tokens::new(create, SqlDialect::default());
    if !tokens.any(|token| token.is_punctuation(b'(')) {
        return found;
    }
    let mut element = Vec::new();
    let mut depth = 1_usize;
    for token in tokens {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth -= 1;
        }
        if depth == 0 || (depth == 1 && token.is_punctuation(b',')) {
            inexact_in_column(&element, &mut found);
            element.clear();
        } else {
            element.push(token);
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// Those of one item of the list in parentheses. A column begins with its name in backticks.
fn inexact_in_column(element: &[Token<'_>], found: &mut Vec<InexactLiteral>) {
    let [name, data_type, definition @ ..] = element else { return };
    if name.kind != TokenKind::QuotedIdentifier || data_type.kind != TokenKind::Word {
        return;
    }
    let is_type = |types: &[&str]| types.iter().any(|name| data_type.is_word(name));
    let mut add = |kind, place| {
        if let Some(column) = name.identifier() {
            found.push(InexactLiteral { column, kind, place });
        }
    };
    if is_type(&["enum", "set"]) {
        let list = definition.iter().skip(1).take_while(|token| !token.is_punctuation(b')'));
        let members: Vec<_> = list.filter(|token| token.kind == TokenKind::String).collect();
        if let (Some(first), Some(last)) = (members.first(), members.last())
            && members.iter().any(|member| member.text.contains(&b'?'))
        {
            let members = members.len();
            let kind = if is_type(&["enum"]) { LiteralKind::Enum { members } } else { LiteralKind::Set { members } };
            add(kind, first.start..last.end());
        }
    }
    let Some((first, last)) = default_literal(definition) else { return };
    let is_text = last.kind == TokenKind::String;
    if is_type(&["char", "varchar", "enum", "set"]) && is_text && last.text.contains(&b'?') {
        add(LiteralKind::Text, first.start..last.end());
    } else if is_type(&["binary", "varbinary"]) && is_text && !last.text.is_ascii() {
        add(LiteralKind::Binary, first.start..last.end());
    } else if is_type(&["float"]) {
        add(LiteralKind::Float, first.start..last.end());
    }
}

/// The first and last token of the literal after DEFAULT, if there is one: a string, or a number with its sign.
fn default_literal<'t, 'a>(definition: &'t [Token<'a>]) -> Option<(&'t Token<'a>, &'t Token<'a>)> {
    let mut depth = 0_usize;
    let default = definition.iter().position(|token| {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is_word("DEFAULT")
    })?;
    let mut literal = definition.get(default + 1..)?.iter();
    let first = literal.next()?;
    let last = if first.is_punctuation(b'-') { literal.next()? } else { first };
    matches!(last.kind, TokenKind::String | TokenKind::Number).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: &str = "CREATE TABLE `t` (\n  `e``1` enum('a','it''s, ?)') NOT NULL DEFAULT 'it''s, ?)',\n  \
                          `s` set('x','é?') DEFAULT NULL,\n  `plain` enum('a','b') DEFAULT 'a',\n  \
                          `v` varchar(20) CHARACTER SET latin1 DEFAULT 'a?' COMMENT 'DEFAULT \\'?\\'',\n  \
                          `x` varchar(20) DEFAULT concat('?'),\n  `h` varchar(9) DEFAULT 0x3F,\n  \
                          `b` varbinary(9) DEFAULT 'é\\0',\n  `f` float DEFAULT -0.5,\n  `g` float NOT NULL,\n  \
                          `i` int DEFAULT 5,\n  KEY `k` (`v`(3)) COMMENT '?',\n  CHECK (`v` <> '?')\n) COMMENT='?'";

    #[test]
    fn literals_that_may_be_inexact() {
        let found: Vec<_> = inexact(CREATE.as_bytes())
            .into_iter()
            .map(|found| (String::from_utf8(found.column).unwrap(), found.kind, &CREATE[found.place]))
            .collect();
        let expected = [
            ("e`1", LiteralKind::Enum { members: 2 }, "'a','it''s, ?)'"),
            ("e`1", LiteralKind::Text, "'it''s, ?)'"),
            ("s", LiteralKind::Set { members: 2 }, "'x','é?'"),
            ("v", LiteralKind::Text, "'a?'"),
            ("b", LiteralKind::Binary, "'é\\0'"),
            ("f", LiteralKind::Float, "-0.5"),
        ];
        assert_eq!(found, expected.map(|(column, kind, text)| (column.to_owned(), kind, text)));
        assert_eq!(inexact(b"CREATE TABLE t LIKE u"), []);
        assert_eq!(inexact(b""), []);
    }

    #[test]
    fn line_ends_behind_semicolons_in_strings_are_escaped() {
        let create =
            "CREATE TABLE `a;\nb` (\n  `c` int COMMENT 'x'\n) COMMENT='d;\n\ne\\n' /*! PARTITION p COMMENT = 'f\ng' */";
        let escaped = create.replace("d;\n\ne", "d;\\n\\ne");
        assert_eq!(without_line_ends(create.into(), None), escaped.as_bytes());
        let sql_mode = Some("NO_BACKSLASH_ESCAPES".to_owned());
        let computation = Computation { sql_mode, ..Computation::default() };
        assert_eq!(without_line_ends(create.into(), Some(&computation)), create.as_bytes());
    }

    #[test]
    fn they_are_replaced_in_place() {
        let text = replaced(b"a 'b' c 'd'", &[(2..5, b"1".to_vec()), (8..11, b"22".to_vec())]);
        assert_eq!(text, b"a 1 c 22");
        assert_eq!(quoted("it's 😀\n".as_bytes()), "'it\\'s 😀\\n'".as_bytes());
        let values = ["it's 😀".as_bytes().to_vec(), b"\\".to_vec()];
        assert!(is_shown_as(&values, b"'it''s ?','\\\\'"));
        assert!(!is_shown_as(&values, b"'it''s ?'") && !is_shown_as(&values, b"'it''s ?',''"));
        assert_eq!(bytes_of_hex("00Ff"), Some(vec![0, 255]));
        assert_eq!(bytes_of_hex("0g"), None);
        assert_eq!(significant_digits(b"'-0.00123450e-7'"), 6);
    }
}
