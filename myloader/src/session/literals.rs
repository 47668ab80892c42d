//! What string literals of a file mean in the session.
//!
//! MySQL parses the text bounds of a table's partitions in the connection character set of whichever session opens the
//! table, and all sessions use what comes out. With `binary`, to which the files of a dump set it, bounds beyond ASCII are
//! wrong in columns that are not UTF-8: rows go into wrong partitions, and other sessions do not find theirs (tried on
//! MySQL 9.7; MariaDB 10.11 keeps bounds in a form of its own). So sessions on MySQL get another connection character
//! set, and string literals an introducer that says what they are.

use std::borrow::Cow;

use common::sql::token::{SqlDialect, TokenKind, Tokens};

/// The connection collation in place of `binary`.
pub const INSTEAD_OF_BINARY: &str = "utf8mb4_general_ci";
/// Character sets in which no second byte of a character is a quote or a backslash.
const READ_BY_BYTES: [&str; 6] = ["binary", "utf8mb4", "utf8mb3", "utf8", "latin1", "ascii"];

/// What literals are, as the session's variables say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiteralSettings {
    /// `character_set_client`.
    pub client: String,
    /// `character_set_connection`, as the file has set it.
    pub connection: String,
    /// `sql_mode`.
    pub sql_mode: String,
    /// Whether the session has another connection character set than the file's, which is `binary`.
    pub replaced: bool,
    /// `max_allowed_packet`.
    pub max_packet: u64,
}

impl LiteralSettings {
    /// Whether the connection character set can be replaced.
    pub fn is_replaceable(&self) -> bool {
        self.connection == "binary" && READ_BY_BYTES.contains(&self.client.as_str())
    }

    /// Whether the sql_mode has this mode.
    pub fn has(&self, mode: &str) -> bool {
        self.sql_mode.split(',').any(|has| has.eq_ignore_ascii_case(mode))
    }

    /// How statements are read.
    pub fn dialect(&self) -> SqlDialect {
        SqlDialect { ansi_quotes: self.has("ANSI_QUOTES"), no_backslash_escapes: self.has("NO_BACKSLASH_ESCAPES") }
    }

    /// A statement of rows with the meaning that it has in the file.
    pub fn explicit<'a>(&self, statement: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.replaced {
            return Cow::Borrowed(statement);
        }
        with_introducers(statement, self.dialect())
    }
}

/// The statement with `_binary` before each string literal that says nothing of its character set.
fn with_introducers(statement: &[u8], dialect: SqlDialect) -> Cow<'_, [u8]> {
    let mut text = Vec::new();
    let mut copied = 0;
    // What a string belongs to: an introducer, or a string that goes on in it.
    let mut belongs = false;
    for token in Tokens::new(statement, dialect) {
        match token.kind {
            TokenKind::Comment | TokenKind::CommentOpen | TokenKind::CommentClose => continue,
            TokenKind::String if !belongs => {
                text.extend_from_slice(statement.get(copied..token.start).unwrap_or_default());
                text.extend_from_slice(b"_binary");
                copied = token.start;
                belongs = true;
            }
            TokenKind::String => {}
            TokenKind::Word => {
                belongs = token.text.starts_with(b"_") || ["N", "X", "B"].iter().any(|prefix| token.is_word(prefix));
            }
            _ => belongs = false,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(statement);
    }
    text.extend_from_slice(statement.get(copied..).unwrap_or_default());
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_get_an_introducer() {
        let explicit = |sql: &[u8]| with_introducers(sql, SqlDialect::default()).into_owned();
        for (sql, expected) in [
            (
                "INSERT INTO `t'` VALUES(1,'a')\n,(2,\"b'\\\"\")",
                "INSERT INTO `t'` VALUES(1,_binary'a')\n,(2,_binary\"b'\\\"\")",
            ),
            (
                "VALUES(_binary 'a',_utf8mb4'b',N'c',x'61',X '61',b'1',0x61,NULL)",
                "VALUES(_binary 'a',_utf8mb4'b',N'c',x'61',X '61',b'1',0x61,NULL)",
            ),
            ("VALUES('a' 'b','it''s','c')", "VALUES(_binary'a' 'b',_binary'it''s',_binary'c')"),
            ("VALUES(CONVERT(\"[]\" USING UTF8MB4),-1)", "VALUES(CONVERT(_binary\"[]\" USING UTF8MB4),-1)"),
            ("SET @mydumper_0=CONCAT(@mydumper_0,'a')", "SET @mydumper_0=CONCAT(@mydumper_0,_binary'a')"),
            ("INSERT INTO t VALUES(1)", "INSERT INTO t VALUES(1)"),
        ] {
            assert_eq!(String::from_utf8(explicit(sql.as_bytes())).unwrap(), expected);
        }
        assert_eq!(explicit(b"VALUES('\xe9\\\\','\x80')"), b"VALUES(_binary'\xe9\\\\',_binary'\x80')");
        let modes = SqlDialect { ansi_quotes: true, no_backslash_escapes: true };
        assert_eq!(
            &*with_introducers(b"INSERT INTO \"t\" VALUES('\\','b')", modes),
            b"INSERT INTO \"t\" VALUES(_binary'\\',_binary'b')"
        );
    }
}
