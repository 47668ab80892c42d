//! LOAD DATA statements of a dump.

use super::ParseError;
use super::cursor::Cursor;
use common::sql::token::Dialect;

/// The statement with `CHARACTER SET binary`, unless it names a character set itself.
///
/// Without one, the server reads the file in the character set of the current database, whatever SET NAMES says, and
/// mydumper's files hold the bytes of each column's own character set.
///
/// # Errors
/// [`ParseError`] if it is no LOAD DATA statement.
pub fn with_character_set(sql: &[u8]) -> Result<Vec<u8>, ParseError> {
    let mut cursor = Cursor::new(sql, Dialect::default());
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
    let at = cursor.position();
    Ok([&sql[..at], b" CHARACTER SET binary ", &sql[at..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_set_is_added_where_none_is_named() {
        let added = |sql: &str| String::from_utf8(with_character_set(sql.as_bytes()).unwrap()).unwrap();
        assert_eq!(
            added("LOAD DATA LOCAL INFILE 'a' INTO TABLE `d`.`t` FIELDS TERMINATED BY ',' (`a`)"),
            "LOAD DATA LOCAL INFILE 'a' INTO TABLE `d`.`t`  CHARACTER SET binary FIELDS TERMINATED BY ',' (`a`)"
        );
        let named = "LOAD DATA LOCAL INFILE 'a' INTO TABLE t PARTITION (p, q) CHARACTER SET utf8mb4 (`a`)";
        assert_eq!(added(named), named);
        assert!(with_character_set(b"SELECT 1").is_err());
    }
}
