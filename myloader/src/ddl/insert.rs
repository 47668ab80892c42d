//! INSERT and REPLACE statements.

use common::sql::token::{SqlDialect, TokenKind, Tokens};

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

/// An INSERT or REPLACE as several, of `rows` rows each. `None` if it has no more, or is more than a list of rows.
pub fn pieces(statement: &[u8], rows: u64, dialect: SqlDialect) -> Option<Vec<Vec<u8>>> {
    let mut tokens = Tokens::new(statement, dialect);
    let values = tokens.by_ref().find(|token| {
        matches!(token.kind, TokenKind::CommentOpen) || token.is_word("VALUES") || token.is_word("VALUE")
    })?;
    if values.kind == TokenKind::CommentOpen {
        return None;
    }
    let (head, most) = (statement.get(..values.end())?, usize::try_from(rows).ok()?);
    let mut found: Vec<&[u8]> = Vec::new();
    let (mut depth, mut start) = (0_u64, None);
    for token in tokens {
        if token.is_punctuation(b'(') {
            start.get_or_insert(token.start);
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                found.push(statement.get(start.take()?..token.end())?);
            }
        } else if depth == 0 && !token.is_punctuation(b',') && !token.is_punctuation(b';') {
            return None;
        }
    }
    if depth > 0 || found.len() <= most || most == 0 {
        return None;
    }
    Some(found.chunks(most).map(|rows| [head, &rows.join(&b","[..])].concat()).collect())
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
    fn pieces_have_all_rows_and_what_is_more_than_rows_stays_whole() {
        let texts = |statement: &str, rows| {
            let pieces = pieces(statement.as_bytes(), rows, SqlDialect::default());
            pieces.map(|pieces| pieces.into_iter().map(|piece| String::from_utf8(piece).unwrap()).collect::<Vec<_>>())
        };
        let statement = "REPLACE INTO `t` (`a`,`values`) VALUES(1,'),(')\n,(f((2)),\"b\\\"\"),(3,NULL);";
        assert_eq!(
            texts(statement, 2).unwrap(),
            [
                "REPLACE INTO `t` (`a`,`values`) VALUES(1,'),('),(f((2)),\"b\\\"\")",
                "REPLACE INTO `t` (`a`,`values`) VALUES(3,NULL)",
            ]
        );
        assert_eq!(texts(statement, 1).unwrap().len(), 3);
        for whole in [
            "INSERT INTO t VALUES(1),(2) ON DUPLICATE KEY UPDATE a = 1",
            "/*!40000 INSERT INTO t VALUES(1),(2) */",
            "INSERT INTO t SELECT 1 UNION SELECT 2",
            "INSERT INTO t VALUES(1),(2",
            "INSERT INTO t VALUES(1)",
        ] {
            assert_eq!(texts(whole, 1), None, "{whole}");
        }
        assert_eq!(texts(statement, 3), None);
        assert_eq!(texts(statement, 0), None);
        let modes = SqlDialect { no_backslash_escapes: true, ..SqlDialect::default() };
        let two = b"INSERT INTO t VALUES('\\'),('),(')";
        assert_eq!(
            pieces(two, 1, modes).unwrap(),
            [&b"INSERT INTO t VALUES('\\')"[..], b"INSERT INTO t VALUES('),(')"]
        );
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
