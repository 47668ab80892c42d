//! Names in the statements of a dump.

use common::sql::cursor::Cursor;
use common::sql::token::{SqlDialect, TokenKind, Tokens};

/// Character sets in which a byte of a character may look like a quote or a backslash: where a statement ends cannot be
/// told from its bytes alone.
const WITH_ASCII_BYTES: [&str; 6] = ["big5", "cp932", "gb18030", "gbk", "sjis", "swe7"];

/// Whether statements in this character set can be told apart.
pub fn is_readable(charset: &str) -> bool {
    !WITH_ASCII_BYTES.contains(&charset)
}

/// Text in a character set as UTF-8; `None` if it is not known here what its bytes are.
pub fn decode(text: &[u8], charset: &str) -> Option<String> {
    if text.is_ascii() || matches!(charset, "utf8mb4" | "utf8mb3" | "utf8" | "binary") {
        return String::from_utf8(text.to_vec()).ok();
    }
    if charset != "latin1" {
        return None;
    }
    Some(text.iter().map(|byte| latin1(*byte)).collect())
}

/// The servers' latin1 is cp1252, with control characters where that has none.
fn latin1(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The name behind this keyword, and the database that may stand before it.
pub fn after(sql: &[u8], dialect: SqlDialect, keyword: &str) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
    let mut cursor = Cursor::new(sql, dialect);
    while !cursor.eat(keyword) {
        cursor.take()?;
    }
    if cursor.at_word("IF") {
        // IF NOT EXISTS, IF EXISTS
        while cursor.eat_any(&["IF", "NOT", "EXISTS"]) {}
    }
    qualified(&mut cursor)
}

fn qualified(cursor: &mut Cursor<'_>) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
    let first = cursor.name("a name").ok()?;
    if !cursor.eat_punctuation(b'.') {
        return Some((None, first));
    }
    Some((Some(first), cursor.name("a name").ok()?))
}

/// The table that INSERT or REPLACE fills, and whether columns are listed before VALUES.
pub struct Insert {
    pub database: Option<Vec<u8>>,
    pub table: Vec<u8>,
    pub lists_columns: bool,
}

impl Insert {
    /// `None` if it is not one with VALUES.
    pub fn parse(sql: &[u8], dialect: SqlDialect) -> Option<Insert> {
        let mut cursor = Cursor::new(sql, dialect);
        cursor.take();
        while cursor.eat_any(&["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"]) {}
        let (database, table) = qualified(&mut cursor)?;
        let lists_columns = cursor.eat_punctuation(b'(');
        if lists_columns {
            while !cursor.eat_punctuation(b')') {
                cursor.take()?;
            }
        }
        cursor.eat_any(&["VALUES", "VALUE"]).then_some(Insert { database, table, lists_columns })
    }
}

/// The statement with names in backticks, where it has double quotes.
pub fn in_backticks(sql: &[u8], dialect: SqlDialect) -> Vec<u8> {
    let mut text = Vec::with_capacity(sql.len());
    let mut copied = 0;
    for token in Tokens::new(sql, dialect) {
        if token.kind != TokenKind::QuotedIdentifier || !token.text.starts_with(b"\"") {
            continue;
        }
        let Some(name) = token.identifier() else { continue };
        text.extend_from_slice(sql.get(copied..token.start).unwrap_or_default());
        text.push(b'`');
        for byte in name {
            text.push(byte);
            if byte == b'`' {
                text.push(b'`');
            }
        }
        text.push(b'`');
        copied = token.end();
    }
    text.extend_from_slice(sql.get(copied..).unwrap_or_default());
    text
}

/// CREATE TABLE without IF NOT EXISTS: what becomes of a table that exists is for the options to say.
pub fn without_if_not_exists(sql: &[u8]) -> Vec<u8> {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    let found = cursor.eat("CREATE") && cursor.eat("TABLE");
    let start = cursor.position();
    if !(found && cursor.if_not_exists().unwrap_or(false)) {
        return sql.to_vec();
    }
    let (before, after) = (sql.get(..start).unwrap_or_default(), sql.get(cursor.end..).unwrap_or_default());
    [before, after].concat()
}

/// Whether CREATE VIEW makes only what stands in for a view until all tables are there: the columns, of no table, and no
/// definer.
pub fn is_stand_in(sql: &[u8], dialect: SqlDialect) -> bool {
    let mut cursor = Cursor::new(sql, dialect);
    if !(cursor.eat("CREATE") && cursor.eat("VIEW")) || cursor.name("a view").is_err() {
        return false;
    }
    if !(cursor.eat("AS") && cursor.eat("SELECT")) {
        return false;
    }
    loop {
        let is_constant = cursor.take().is_some_and(|token| token.text == b"1" || token.is_word("NULL"));
        if !(is_constant && cursor.eat("AS") && cursor.name("a column").is_ok()) {
            return false;
        }
        if !cursor.eat_punctuation(b',') {
            return cursor.peek().is_none();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: SqlDialect = SqlDialect { ansi_quotes: false, no_backslash_escapes: false };
    const ANSI: SqlDialect = SqlDialect { ansi_quotes: true, no_backslash_escapes: false };

    #[test]
    fn names_behind_keywords() {
        for (sql, keyword, database, name) in [
            ("CREATE TABLE `a``b` (", "TABLE", None, "a`b"),
            (
                "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`r`@`l` */\n/*!50001 VIEW `v` AS",
                "VIEW",
                None,
                "v",
            ),
            ("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `d` /*!40100 */", "DATABASE", None, "d"),
            ("CREATE SEQUENCE `d`.`s` start", "SEQUENCE", Some("d"), "s"),
        ] {
            let expected = Some((database.map(|name: &str| name.as_bytes().to_vec()), name.as_bytes().to_vec()));
            assert_eq!(after(sql.as_bytes(), PLAIN, keyword), expected, "{sql}");
        }
        assert_eq!(after(b"CREATE TABLE \"a\"\"b\" (", ANSI, "TABLE"), Some((None, b"a\"b".to_vec())));
        assert_eq!(after(b"CREATE", PLAIN, "TABLE"), None);
    }

    #[test]
    fn inserts_are_those_with_values() {
        let parse = |sql: &str| {
            Insert::parse(sql.as_bytes(), PLAIN)
                .map(|insert| (String::from_utf8(insert.table).unwrap(), insert.lists_columns))
        };
        assert_eq!(parse("INSERT INTO `t` VALUES (1)"), Some(("t".into(), false)));
        assert_eq!(parse("REPLACE INTO `t` (`a`, `b)`) VALUES (1)"), Some(("t".into(), true)));
        assert_eq!(parse("INSERT  IGNORE INTO `t` VALUES (1)"), Some(("t".into(), false)));
        for other in ["INSERT INTO t SELECT 1", "INSERT INTO t SET a=1", "INSERT INTO t (a", "REPLACE"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn double_quotes_become_backticks() {
        let sql = br#"INSERT INTO "a`b" ("c""d") VALUES ('"x"',"e")"#;
        assert_eq!(in_backticks(sql, ANSI), br#"INSERT INTO `a``b` (`c"d`) VALUES ('"x"',`e`)"#);
        assert_eq!(in_backticks(sql, PLAIN), sql);
    }

    #[test]
    fn if_not_exists_goes() {
        for (sql, expected) in [
            ("CREATE TABLE IF NOT EXISTS `t` (a int)", "CREATE TABLE  `t` (a int)"),
            ("CREATE TABLE /*!32312 IF NOT EXISTS*/ `t` (a int)", "CREATE TABLE /*!32312 */ `t` (a int)"),
            ("CREATE TABLE `if` (a int)", "CREATE TABLE `if` (a int)"),
        ] {
            assert_eq!(String::from_utf8(without_if_not_exists(sql.as_bytes())).unwrap(), expected);
        }
    }

    #[test]
    fn stand_ins_of_both_products_are_known() {
        for sql in [
            "/*!50001 CREATE VIEW `v` AS SELECT \n 1 AS `id`,\n 1 AS `co;l`*/",
            "/*!50001 CREATE VIEW `v` AS SELECT\n NULL AS `id` */",
        ] {
            assert!(is_stand_in(sql.as_bytes(), PLAIN), "{sql}");
        }
        for sql in [
            "CREATE ALGORITHM=UNDEFINED VIEW `v` AS select 1 AS `a`",
            "CREATE VIEW `v` AS SELECT 1 AS `a` FROM t",
            "CREATE VIEW `v` AS SELECT 2 AS `a`",
            "CREATE VIEW `v` AS SELECT 1",
            "CREATE VIEW",
        ] {
            assert!(!is_stand_in(sql.as_bytes(), PLAIN), "{sql}");
        }
    }

    #[test]
    fn names_in_latin1_are_decoded() {
        assert_eq!(decode(b"t\xe4\x80", "latin1").as_deref(), Some("tä€"));
        assert_eq!(decode("tä".as_bytes(), "utf8mb4").as_deref(), Some("tä"));
        assert_eq!(decode(b"t\xe4", "utf8mb4"), None);
        assert_eq!(decode(b"t\xe4", "latin2"), None);
        assert_eq!(decode(b"t", "latin2").as_deref(), Some("t"));
        assert!(is_readable("latin1") && !is_readable("gbk"));
    }
}
