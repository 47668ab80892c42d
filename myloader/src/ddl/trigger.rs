//! The table that a trigger belongs to.

use super::ParseError;
use super::cursor::Cursor;
use common::sql::token::SqlDialect;

/// The name of the table of a CREATE TRIGGER statement.
///
/// # Errors
/// [`ParseError`] if it is none.
pub fn table_of_trigger(sql: &[u8]) -> Result<Vec<u8>, ParseError> {
    // Backticks and double quotes are both taken as names: the statement may come from a session with ANSI_QUOTES.
    let mut cursor = Cursor::new(sql, SqlDialect { ansi_quotes: true, ..SqlDialect::default() });
    while !cursor.eat("TRIGGER") {
        cursor.take().ok_or_else(|| cursor.error("TRIGGER"))?;
    }
    // The trigger's own name cannot be the bare word ON, and a quoted one is no word.
    while !cursor.eat("ON") {
        cursor.take().ok_or_else(|| cursor.error("ON"))?;
    }
    let name = cursor.name("a table")?;
    if cursor.eat_punctuation(b'.') { cursor.name("a table") } else { Ok(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_triggers() {
        for (sql, table) in [
            (
                "CREATE DEFINER=`root`@`localhost` TRIGGER `a on b` AFTER INSERT ON `film` FOR EACH ROW BEGIN END",
                "film",
            ),
            ("CREATE TRIGGER rental_date BEFORE INSERT ON rental\n\tFOR EACH ROW SET NEW.d = NOW()", "rental"),
            ("CREATE TRIGGER \"x\" BEFORE UPDATE ON \"d\".\"t`\" FOR EACH ROW SET @a=1", "t`"),
        ] {
            assert_eq!(table_of_trigger(sql.as_bytes()).unwrap(), table.as_bytes(), "{sql}");
        }
        assert!(table_of_trigger(b"CREATE TABLE t(a INT)").is_err());
    }
}
