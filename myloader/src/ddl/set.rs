//! SET statements.

use std::borrow::Cow;

use common::backup::user_variables::DATABASE_COLLATION;
use common::sql::cursor::{Cursor, is_comment};
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

use super::statement_kind::{StatementKind, classify};

/// What is run where nothing is left to set.
const NOTHING: &[u8] = b"DO 0";

/// A SET statement without the assignments to these variables, whose names are in lower case. Variables of the user stay.
pub fn without_variables<'a>(sql: &'a [u8], ignored: &[String]) -> Cow<'a, [u8]> {
    if ignored.is_empty() || classify(sql) != StatementKind::Set {
        return Cow::Borrowed(sql);
    }
    let tokens: Vec<Token<'_>> = Tokens::new(sql, SqlDialect::default()).collect();
    let Some(set) = tokens.iter().position(|token| token.is_word("SET")) else { return Cow::Borrowed(sql) };
    let mut items: Vec<&[Token<'_>]> = Vec::new();
    let (mut first, mut depth) = (set + 1, 0_usize);
    for (index, token) in tokens.iter().enumerate().skip(first) {
        match token.text {
            b"(" if token.kind == TokenKind::Punctuation => depth += 1,
            b")" if token.kind == TokenKind::Punctuation => depth = depth.saturating_sub(1),
            b"," if depth == 0 && token.kind == TokenKind::Punctuation => {
                items.push(tokens.get(first..index).unwrap_or_default());
                first = index + 1;
            }
            _ => {}
        }
    }
    items.push(tokens.get(first..).unwrap_or_default());
    let is_kept = |item: &&[Token<'_>]| !variable(item).is_some_and(|name| ignored.contains(&name));
    let kept: Vec<&[u8]> = items.iter().copied().filter(is_kept).map(|item| text(sql, item)).collect();
    match kept.len() {
        0 => Cow::Borrowed(NOTHING),
        all if all == items.len() => Cow::Borrowed(sql),
        _ => Cow::Owned([b"SET ", &kept.join(&b", "[..])[..]].concat()),
    }
}

/// The variable that is set, in lower case: `SESSION a`, `@@a`, `@@SESSION.a`, `a`.
fn variable(item: &[Token<'_>]) -> Option<String> {
    let mut words = item.iter().filter(|token| !is_comment(token)).take_while(|token| !token.text.starts_with(b"="));
    let mut name = None;
    let mut marks = 0;
    for token in words.by_ref() {
        if token.is_punctuation(b'@') {
            marks += 1;
        } else if let Some(word) = token.identifier() {
            name = Some(String::from_utf8_lossy(&word).to_ascii_lowercase());
        }
    }
    name.filter(|_| marks != 1)
}

/// An assignment as written, without the comments around it.
fn text<'a>(sql: &'a [u8], item: &[Token<'_>]) -> &'a [u8] {
    let mut own = item.iter().filter(|token| !is_comment(token) && !token.is_punctuation(b';'));
    let (start, end) = match (own.next(), own.next_back()) {
        (Some(first), Some(last)) => (first.start, last.end()),
        (Some(only), None) => (only.start, only.end()),
        _ => return b"",
    };
    sql.get(start..end).unwrap_or_default()
}

/// The collation that a SET statement names; `Some(None)` for NULL.
pub fn database_collation(sql: &[u8]) -> Option<Option<String>> {
    if classify(sql) != StatementKind::Set {
        return None;
    }
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    cursor.expect("SET").ok()?;
    let named = cursor.eat_punctuation(b'@') && cursor.eat(DATABASE_COLLATION) && cursor.eat_punctuation(b'=');
    let value = cursor.take().filter(|_| named)?;
    Some(value.string_value(SqlDialect::default()).map(|name| String::from_utf8_lossy(&name).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_left_out() {
        let ignored = ["sql_log_bin".to_owned(), "time_zone".to_owned()];
        let without = |sql: &str| String::from_utf8(without_variables(sql.as_bytes(), &ignored).into_owned()).unwrap();
        for (sql, rest) in [
            ("/*!40103 SET TIME_ZONE='+00:00' */", "DO 0"),
            ("SET @@SESSION.SQL_LOG_BIN= 0;", "DO 0"),
            ("SET sql_log_bin := 0", "DO 0"),
            ("SET NAMES utf8mb4, SESSION time_zone = '+00:00'", "SET NAMES utf8mb4"),
            (
                "/*!40101 SET sql_mode='a,b', time_zone='+00:00', @x = IF(1, 2, 3) */",
                "SET sql_mode='a,b', @x = IF(1, 2, 3)",
            ),
            ("SET @OLD_TIME_ZONE=@@TIME_ZONE, @time_zone = 1", "SET @OLD_TIME_ZONE=@@TIME_ZONE, @time_zone = 1"),
            ("SET sql_mode = 'time_zone'", "SET sql_mode = 'time_zone'"),
            ("INSERT INTO t SET time_zone = 1", "INSERT INTO t SET time_zone = 1"),
        ] {
            assert_eq!(without(sql), rest, "{sql}");
        }
        assert_eq!(without_variables(b"SET a = 1", &[]), &b"SET a = 1"[..]);
    }

    proptest::proptest! {
        #[test]
        fn no_statement_panics(sql in "(SET )?[a-z@=,.()' ;]{0,40}") {
            let _ = without_variables(sql.as_bytes(), &["a".to_owned()]);
        }
    }
}
