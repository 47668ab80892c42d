//! LOAD DATA statements of a dump.

use super::ParseError;
use super::cursor::Cursor;
use common::sql::token::SqlDialect;

/// The statement with `CHARACTER SET binary`, unless it names a character set itself.
///
/// Without one, the server reads the file in the character set of the current database, whatever SET NAMES says, and
/// mydumper's files hold the bytes of each column's own character set.
///
/// # Errors
/// [`ParseError`] if it is no LOAD DATA statement.
pub fn with_character_set(sql: &[u8]) -> Result<Vec<u8>, ParseError> {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    while !cursor.eat("TABLE") {
        cursor.take().ok_or_else(|| cursor.error("TABLE"))?;
    }
    cursor.name("a table")?;
    if cursor.eat_punctuation(b'.') {
        cursor.name("a table")?;
    }
    if cursor.eat("PARTITION") {
        while !cursor.eat_punctuation(b')') {
            cursor.take().ok_or_else(|| cursor.error(")"))?;
        }
    }
    if cursor.at_any_word(&["CHARACTER", "CHARSET"]) {
        return Ok(sql.to_vec());
    }
    // Right behind the table: what follows may be a comment up to the end.
    let at = cursor.end;
    Ok([&sql[..at], b" CHARACTER SET binary", &sql[at..]].concat())
}

/// What the statement does with a row whose key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDuplicate {
    /// It is an error, which LOCAL makes a warning.
    Fail,
    /// The row that is there stays.
    Ignore,
    /// The row that is there is replaced.
    Replace,
}

/// `LOAD DATA … INFILE '…' [REPLACE | IGNORE] INTO TABLE …`
///
/// # Errors
/// [`ParseError`] if it is no LOAD DATA statement.
pub fn on_duplicate(sql: &[u8]) -> Result<OnDuplicate, ParseError> {
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    while !cursor.eat("INTO") {
        if cursor.eat("REPLACE") {
            return Ok(OnDuplicate::Replace);
        }
        if cursor.eat("IGNORE") {
            return Ok(OnDuplicate::Ignore);
        }
        cursor.take().ok_or_else(|| cursor.error("INTO"))?;
    }
    Ok(OnDuplicate::Fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_rows_whose_key_is_there() {
        for (sql, expected) in [
            ("LOAD DATA LOCAL INFILE 'REPLACE' INTO TABLE t IGNORE 1 LINES (`a`)", OnDuplicate::Fail),
            ("load data local infile 'a' ignore into table t", OnDuplicate::Ignore),
            ("LOAD DATA LOCAL INFILE 'a' REPLACE INTO TABLE t", OnDuplicate::Replace),
        ] {
            assert_eq!(on_duplicate(sql.as_bytes()).unwrap(), expected, "{sql}");
        }
        assert!(on_duplicate(b"LOAD DATA").is_err());
    }

    #[test]
    fn a_character_set_is_added_where_none_is_named() {
        let added = |sql: &str| String::from_utf8(with_character_set(sql.as_bytes()).unwrap()).unwrap();
        assert_eq!(
            added("LOAD DATA LOCAL INFILE 'a' INTO TABLE `d`.`t` FIELDS TERMINATED BY ',' (`a`)"),
            "LOAD DATA LOCAL INFILE 'a' INTO TABLE `d`.`t` CHARACTER SET binary FIELDS TERMINATED BY ',' (`a`)"
        );
        assert_eq!(
            added("LOAD DATA LOCAL INFILE 'a' INTO TABLE t -- x"),
            "LOAD DATA LOCAL INFILE 'a' INTO TABLE t CHARACTER SET binary -- x"
        );
        let named = "LOAD DATA LOCAL INFILE 'a' INTO TABLE t PARTITION (p, q) CHARACTER SET utf8mb4 (`a`)";
        assert_eq!(added(named), named);
        assert!(with_character_set(b"SELECT 1").is_err());
    }
}
