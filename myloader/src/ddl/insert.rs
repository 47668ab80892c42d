//! INSERT and REPLACE statements.

use common::sql::token::{SqlDialect, Tokens};

use super::cursor::Cursor;

/// Whether the statement makes ClickHouse read a file: `INSERT INTO t FROM INFILE …`.
pub fn reads_infile(statement: &[u8]) -> bool {
    let mut cursor = Cursor::new(statement, SqlDialect::default());
    cursor.eat("INSERT")
        && cursor.eat("INTO")
        && cursor.name("a table").is_ok()
        && (!cursor.eat_punctuation(b'.') || cursor.name("a table").is_ok())
        && cursor.eat("FROM")
        && cursor.at_word("INFILE")
}

/// How many rows an INSERT or REPLACE statement has, if they stand behind VALUES.
pub fn row_count(statement: &[u8]) -> Option<u64> {
    let mut tokens = Tokens::new(statement, SqlDialect::default());
    tokens.by_ref().find(|token| token.is_word("VALUES") || token.is_word("VALUE"))?;
    let (mut depth, mut rows) = (0_u64, 0);
    for token in tokens {
        if token.is_punctuation(b'(') {
            rows += u64::from(depth == 0);
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.checked_sub(1)?;
        }
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_for_clickhouse_is_known() {
        assert!(reads_infile(b"INSERT INTO `t` FROM INFILE 'd.t.00000.dat' FORMAT MySQLDump"));
        assert!(reads_infile(b"insert into d.t from infile 'x' format MySQLDump"));
        for other in
            ["INSERT INTO t VALUES('FROM INFILE')", "INSERT INTO t SELECT 1 FROM infile", "INSERT t FROM INFILE"]
        {
            assert!(!reads_infile(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn rows_are_counted_by_their_brackets() {
        for (statement, rows) in [
            ("INSERT INTO `t` VALUES(1,'a')\n,(2,'),(')\n,(3,ST_GeomFromText('POINT(1 1)'))", Some(3)),
            ("INSERT INTO `values` (`a`,`(`) VALUES(1,\"(\")", Some(1)),
            ("/*!40000 REPLACE INTO t VALUES (1),(2) */", Some(2)),
            ("INSERT INTO t SELECT 1", None),
        ] {
            assert_eq!(row_count(statement.as_bytes()), rows, "{statement}");
        }
    }
}
