//! Values of rows in statements and in servers' texts: messages show neither, since logs are read by others than the
//! rows. Names of tables, columns and keys stay.

use std::borrow::Cow;

use crate::server::error_codes as code;
use crate::sql::token::{SqlDialect, Token, TokenKind, Tokens};

/// What messages say in place of a value.
pub(super) const NOT_SHOWN: &str = "(value not shown)";
/// Bytes of a statement that are searched: more than messages show of it.
const LOOKED_AT: usize = 4096;
/// What a statement of definitions or settings begins with: it has no values of rows.
const WITHOUT_ROWS: [&str; 38] = [
    "ALTER",
    "ANALYZE",
    "BACKUP",
    "BEGIN",
    "CALL",
    "CHANGE",
    "CHECK",
    "CHECKSUM",
    "COMMIT",
    "CREATE",
    "DESCRIBE",
    "DO",
    "DROP",
    "EXECUTE",
    "FLUSH",
    "GRANT",
    "HELP",
    "INSTALL",
    "KILL",
    "LOAD",
    "LOCK",
    "OPTIMIZE",
    "PREPARE",
    "PURGE",
    "RELEASE",
    "RENAME",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SHOW",
    "START",
    "STOP",
    "TRUNCATE",
    "UNINSTALL",
    "UNLOCK",
    "USE",
    "XA",
];
/// Errors and warnings whose texts hold names, at most.
const NAMES_ONLY: &[u16] = &[
    code::UNKNOWN_CHARACTER_SET,
    code::UNKNOWN_COLLATION,
    code::TABLESPACE_MISSING,
    code::TABLESPACE_DISCARDED,
    code::CANNOT_CREATE_TABLE,
    code::DISK_FULL,
    code::CANNOT_LOCK,
    code::GENERAL_ENGINE_ERROR,
    code::KEY_NOT_FOUND,
    code::TOO_MANY_CONNECTIONS,
    code::DATABASE_ACCESS_DENIED,
    code::ACCESS_DENIED,
    code::NO_DATABASE,
    code::COLUMN_NOT_NULL,
    code::UNKNOWN_DATABASE,
    code::TABLE_EXISTS,
    code::SERVER_SHUTDOWN,
    code::UNKNOWN_COLUMN,
    code::NORMAL_SHUTDOWN,
    code::TABLE_FULL,
    code::WRONG_VALUE_COUNT,
    code::TABLE_ACCESS_DENIED,
    code::COLUMN_ACCESS_DENIED,
    code::NO_SUCH_TABLE,
    code::COMMAND_NOT_ALLOWED,
    code::ABORTING_CONNECTION,
    code::PACKET_TOO_LARGE,
    code::NET_READ_ERROR,
    code::NET_READ_INTERRUPTED,
    code::NET_WRITE_ERROR,
    code::NET_WRITE_INTERRUPTED,
    code::LOCK_WAIT_TIMEOUT,
    code::DEADLOCK,
    code::NO_REFERENCED_ROW_UNNAMED,
    code::PRIVILEGE_NEEDED,
    code::TOO_FEW_VALUES,
    code::TOO_MANY_VALUES,
    code::VALUE_OUT_OF_RANGE,
    code::VALUE_TRUNCATED,
    code::OPTION_FORBIDS,
    code::QUERY_INTERRUPTED,
    code::VIEW_INVALID,
    code::NO_DEFAULT,
    code::CHECK_OPTION_FAILED,
    code::DATA_TOO_LONG,
    code::TABLE_DEFINITION_CHANGED,
    code::NO_GEOMETRY,
    code::NO_SUCH_USER,
    code::NO_REFERENCED_ROW,
    code::READ_ONLY_MODE,
    code::TEMPORARY_FILE_WRITE_FAILURE,
    code::GENERATED_VALUE_IGNORED,
    code::GENERATED_VALUE,
    code::INVALID_JSON,
    code::CHECK_FAILED,
    code::CHECK_FAILED_MARIADB,
];

/// Where a statement begins to hold values of rows; `None` if it has none.
pub(super) fn start(statement: &[u8]) -> Option<usize> {
    let looked_at = &statement[..statement.len().min(LOOKED_AT)];
    let comment =
        |token: &Token<'_>| matches!(token.kind, TokenKind::Comment | TokenKind::CommentOpen | TokenKind::CommentClose);
    let mut tokens = Tokens::new(looked_at, SqlDialect::default()).filter(|token| !comment(token));
    let first = tokens.next()?;
    let is_literal = |token: &Token<'_>| matches!(token.kind, TokenKind::String | TokenKind::Unterminated);
    let is = |token: &Token<'_>, words: &[&str]| words.iter().any(|word| token.is_word(word));
    if is(&first, &WITHOUT_ROWS) {
        return None;
    }
    if is(&first, &["SET"]) {
        // User variables hold the pieces of long rows.
        let is_user_variable = tokens.next()?.is_punctuation(b'@') && !tokens.next()?.is_punctuation(b'@');
        return if is_user_variable { Some(tokens.next()?.end()) } else { None };
    }
    if is(&first, &["SELECT", "WITH", "EXPLAIN"]) {
        if tokens.clone().any(|token| is(&token, &["INFORMATION_SCHEMA", "PERFORMANCE_SCHEMA", "MYSQL"])) {
            return None;
        }
        return tokens.find_map(|token| match () {
            () if is_literal(&token) => Some(token.start),
            () if is(&token, &["WHERE", "HAVING"]) => Some(token.end()),
            () => None,
        });
    }
    std::iter::once(first).chain(tokens).find_map(|token| match () {
        () if is_literal(&token) || token.kind == TokenKind::Number => Some(token.start),
        () if is(&token, &["VALUES", "VALUE", "SELECT", "SET", "WHERE"]) => Some(token.end()),
        () => None,
    })
}

/// Whether a statement handles rows, so that any error of it may quote their values.
pub(super) fn handles(statement: &[u8]) -> bool {
    let first = Tokens::new(&statement[..statement.len().min(LOOKED_AT)], SqlDialect::default())
        .find(|token| token.kind == TokenKind::Word);
    first.is_some_and(|token| token.is_word("LOAD")) || start(statement).is_some()
}

/// A server's text without values of rows. `has_values`: the statement has some, which any text may quote.
pub(super) fn hidden(code: u16, message: &str, has_values: bool) -> Cow<'_, str> {
    let between = |before: &str, after: &str| {
        let start = message.find(before)? + before.len();
        // A value may hold anything: what follows the last of these is no part of it.
        let end = message.rfind(after).filter(|end| !after.is_empty() && *end >= start);
        let rest = end.and_then(|end| message.get(end..)).unwrap_or_default();
        let rest = rest.strip_prefix('\'').unwrap_or(rest);
        Some(format!("{}{NOT_SHOWN}{rest}", &message[..start].trim_end_matches('\'')))
    };
    let hidden = match code {
        code::DUPLICATE_ENTRY | code::DUPLICATE_ENTRY_NAMED => between("entry '", "' for key "),
        code::INCORRECT_VALUE => between(" value: '", "' for column "),
        code::TRUNCATED_VALUE if message.starts_with("Incorrect ") => between(" value: '", "' for column "),
        code::TRUNCATED_VALUE => between(" value: ", ""),
        code::VALUE_FOR_FUNCTION => between(" value: '", "' for function "),
        code::NO_PARTITION_FOR_VALUE => between(" value ", ""),
        _ if !has_values || NAMES_ONLY.contains(&code) => return Cow::Borrowed(message),
        code::SYNTAX => between(" near ", ""),
        code::OUT_OF_RANGE => between(" in ", ""),
        _ => None,
    };
    Cow::Owned(hidden.unwrap_or_else(|| {
        // In another language, or nothing is known of the text.
        let quoted = message.find(|letter: char| "'\"`:«“„".contains(letter) || letter.is_ascii_digit());
        quoted.map_or_else(|| message.to_owned(), |at| format!("{}{NOT_SHOWN}", &message[..at]))
    }))
}

/// A warning of a statement of rows: the server's text without values.
pub fn warning_without_values(code: u16, message: &str) -> Cow<'_, str> {
    hidden(code, message, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_values_begin() {
        for (shown, rest) in [
            ("INSERT INTO `t` VALUES", "(1,'secret')"),
            ("/*!40000 replace into t (a,`values`) value", " (1),(2) */"),
            ("INSERT INTO t SET", " a = 1"),
            ("secret_word, ", "'secret')"),
            ("", "4711,'secret')"),
            ("", "'secret','more"),
            ("SET @mydumper_0=", "'secret'"),
            ("SELECT `a` FROM `d`.`t` WHERE", " `a` < 4711"),
            ("SELECT CONCAT(a,", "'x') FROM t"),
            ("DELETE FROM t WHERE", " a = 1"),
        ] {
            let statement = format!("{shown}{rest}");
            assert_eq!(start(statement.as_bytes()), Some(shown.len()), "{statement}");
        }
        for whole in [
            "CREATE TABLE t (a INT DEFAULT 5, b VARCHAR(9) DEFAULT 'x')",
            "LOAD DATA LOCAL INFILE 'd.t.00000.dat' INTO TABLE t",
            "SET NAMES utf8mb4",
            "SET @@session.sql_mode = 'ANSI'",
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'd'",
            "SELECT COUNT(*) FROM `d`.`t`",
            "",
        ] {
            assert_eq!(start(whole.as_bytes()), None, "{whole}");
            assert_eq!(handles(whole.as_bytes()), whole.starts_with("LOAD"), "{whole}");
        }
    }

    #[test]
    fn what_a_server_says_of_a_value() {
        for (code, message, shown) in [
            (
                1062,
                "Duplicate entry 'se'cret' for key 'x' for key 'u'",
                "Duplicate entry (value not shown) for key 'u'",
            ),
            (1062, "Doppelter Eintrag 'secret' für Schlüssel 'u'", "Doppelter Eintrag (value not shown)"),
            (
                1366,
                "Incorrect integer value: 'secret' for column `d`.`t`.`n` at row 2",
                "Incorrect integer value: (value not shown) for column `d`.`t`.`n` at row 2",
            ),
            (
                1292,
                "Incorrect datetime value: 'secret' for column 'd' at row 1",
                "Incorrect datetime value: (value not shown) for column 'd' at row 1",
            ),
            (
                1292,
                "Truncated incorrect INTEGER value: 'a' for column 's'",
                "Truncated incorrect INTEGER value: (value not shown)",
            ),
            (
                1411,
                "Incorrect string value: 'secret' for function uuid_to_bin",
                "Incorrect string value: (value not shown) for function uuid_to_bin",
            ),
            (1526, "Table has no partition for value 4711", "Table has no partition for value (value not shown)"),
            (1264, "Out of range value for column 'n' at row 1", "Out of range value for column 'n' at row 1"),
            (1644, "bad value secret: 5", "bad value secret(value not shown)"),
            (1064, "You have an error near 'secret' at line 1", "You have an error near (value not shown)"),
            (9999, "no such thing as 4711", "no such thing as (value not shown)"),
            (9999, "nothing at all", "nothing at all"),
        ] {
            assert_eq!(hidden(code, message, true), shown);
        }
        let definition = "You have an error in your SQL syntax near 'FOO' at line 1";
        assert_eq!(hidden(1064, definition, false), definition);
        assert_eq!(
            hidden(1062, "Duplicate entry 'x' for key 'u'", false),
            "Duplicate entry (value not shown) for key 'u'"
        );
    }
}
