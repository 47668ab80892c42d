//! Statements as lines, read back as the servers read them.

use super::convert::{Head, Verb, append, head};
use super::literal::{ColumnFormat, ColumnKind, Literals, NotExact};
use super::output::{FIELD_END, LINE_END, Output};
use super::{Sent, is_exact, literals};
use common::server::connection::StatementOutcome;
use common::sql::escape_into;
use common::sql::token::{SqlDialect, TokenKind, Tokens};
use proptest::prelude::*;

const BINARY: Literals = Literals { binary: true, ansi_quotes: false };
const UTF8: Literals = Literals { binary: false, ansi_quotes: false };

fn columns(kinds: &[ColumnKind]) -> Vec<ColumnFormat> {
    kinds.iter().map(|&kind| ColumnFormat { kind, nullable: true }).collect()
}

fn lines_in(literals: Literals, kinds: &[ColumnKind], rows: &[u8]) -> Result<(u64, Vec<u8>), NotExact> {
    let mut out = Output::default();
    let count = append(rows, &columns(kinds), literals, &mut out)?;
    Ok((count, out.as_bytes().to_vec()))
}

fn lines(kinds: &[ColumnKind], rows: &str) -> Result<(u64, Vec<u8>), NotExact> {
    lines_in(BINARY, kinds, rows.as_bytes())
}

/// The values of a single column's lines.
fn one(kind: ColumnKind, literal: &str) -> Result<Option<Vec<u8>>, NotExact> {
    let (count, lines) = lines(&[kind], &format!("({literal})"))?;
    let [[value]] = read(&lines).try_into().map(|[row]: [Vec<_>; 1]| [<[_; 1]>::try_from(row).unwrap()]).unwrap();
    assert_eq!(count, 1);
    Ok(value)
}

/// Lines as LOAD DATA reads them.
fn read(lines: &[u8]) -> Vec<Vec<Option<Vec<u8>>>> {
    let (mut rows, mut row, mut value, mut null) = (Vec::new(), Vec::new(), Vec::new(), false);
    let mut bytes = lines.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => match *bytes.next().unwrap() {
                b'0' => value.push(0),
                b'b' => value.push(8),
                b'n' => value.push(b'\n'),
                b'r' => value.push(b'\r'),
                b't' => value.push(b'\t'),
                b'Z' => value.push(26),
                other => {
                    null |= other == b'N';
                    value.push(other);
                }
            },
            FIELD_END | LINE_END => {
                let is_null = std::mem::take(&mut null) && value.len() == 1;
                let whole = std::mem::take(&mut value);
                row.push(if is_null { None } else { Some(whole) });
                if byte == LINE_END {
                    rows.push(std::mem::take(&mut row));
                }
            }
            other => value.push(other),
        }
    }
    assert!(row.is_empty() && value.is_empty(), "the last line has its end");
    rows
}

#[test]
fn rows_become_lines() {
    use ColumnKind::{Binary, Decimal, Integer, Text};
    let kinds = [Integer, Decimal, Text, Binary];
    let rows =
        "(1,-2.50,'a\\n\\'b''\"',0x00025C)\n,(-7,0,\"it's\t\\\"\"\"\",NULL) , ( 3 , 4 , _binary 'x' , _binary\"y\" )";
    let expected =
        b"1\x02-2.50\x02a\\n\\'b'\"\x02\0\\\x02\\\\\x03-7\x020\x02it's\t\\\"\"\x02\\N\x033\x024\x02x\x02y\x03";
    assert_eq!(lines(&kinds, rows), Ok((3, expected.to_vec())));
}

#[test]
fn strings_keep_their_bytes() {
    for (literal, value) in [
        ("''", ""),
        ("'NULL'", "NULL"),
        ("'\\N'", "N"),
        ("'N'", "N"),
        ("'\\\\N'", "\\N"),
        ("'\\%\\_\\a'", "\\%\\_a"),
        ("'\x02\x03\\\x02'", "\x02\x03\x02"),
        ("'1234567\\''", "1234567'"),
        ("'12345678'''", "12345678'"),
        ("'\\é\n'", "é\n"),
        ("\"'\"\"\\\"\"", "'\"\""),
    ] {
        assert_eq!(one(ColumnKind::Text, literal), Ok(Some(value.as_bytes().to_vec())), "{literal}");
    }
}

#[test]
fn what_may_be_stored_otherwise_is_refused() {
    use ColumnKind::{Binary, Decimal, Enum, Integer, Real, Text, Utf8, Year};
    let long = "1".repeat(66);
    for (kind, literals) in [
        (Integer, &["1.5", "1e3", "+1", "0x41", "-", ".5", "TRUE", "DEFAULT", "b'1'", "1+1", "1 2", &long][..]),
        (Decimal, &["1e3", "x'41'", "-(1)"]),
        (Real, &["1e", "1e+", "e5", "nan", "-0", "-0.0", "-0e0"]),
        (Year, &["0", "99", "20200", "-2020", "2020.0"]),
        (
            Text,
            &["1", "-1", "0x41", "_utf8mb4'a'", "_latin1'a'", "N'a'", "'a' 'b'", "'a", "'a\\'", "now()", "_binary 1"],
        ),
        (Enum, &["''", "_binary ''", "1", "0", "\"\""]),
        (Binary, &["0x4", "0x", "0x4G", "0X41", "b'1'", "UNHEX('41')"]),
        (Utf8, &["'a'", "_binary 'a'", "0x41", "1", "CONVERT('a' USING latin1)", "CONVERT(a USING UTF8MB4)"]),
    ] {
        for literal in literals {
            assert_eq!(lines(&[kind], &format!("({literal})")), Err(NotExact), "{kind:?} {literal}");
        }
    }
    for rows in ["", "(1)", "(1,2,3)", "(1,2", "(1,2)(3,4)", "(1,2),", "(1,2) ON DUPLICATE KEY UPDATE a=1", "(1,2) -- "]
    {
        assert_eq!(lines(&[Integer, Integer], rows), Err(NotExact), "{rows}");
    }
    assert_eq!(lines(&[], "()"), Err(NotExact));
    let not_null = [ColumnFormat { kind: Integer, nullable: false }];
    assert_eq!(append(b"(NULL)", &not_null, BINARY, &mut Output::default()), Err(NotExact));
}

#[test]
fn what_is_stored_alike() {
    let decimal = format!("-{}.{}", "9".repeat(35), "0".repeat(30));
    use ColumnKind::{Binary, Decimal, Enum, Integer, Real, Text, Utf8, Year};
    for (kind, literal, value) in [
        (Integer, "-0", "-0"),
        (Integer, "18446744073709551615", "18446744073709551615"),
        (Integer, "'12'", "12"),
        (Decimal, "00012.3400", "00012.3400"),
        (Decimal, &decimal, &decimal),
        (Real, "0.0", "0.0"),
        (Real, "-1e-60", "-1e-60"),
        (Real, "'-0'", "-0"),
        (Real, "1.5E+3", "1.5E+3"),
        (Year, "0000", "0000"),
        (Year, "'0'", "0"),
        (Text, "_binary '2020-01-02'", "2020-01-02"),
        (Enum, "'a'", "a"),
        (Binary, "''", ""),
        (Binary, "0x4142ff", "AB\u{ff}"),
        (Utf8, "_utf8mb4'{\\\"a\\\": 1}'", "{\"a\": 1}"),
        (Utf8, "CONVERT(\"[1]\" USING UTF8MB4)", "[1]"),
    ] {
        let expected: Vec<u8> = value.chars().map(|character| character as u32 as u8).collect();
        assert_eq!(one(kind, literal), Ok(Some(expected)), "{kind:?} {literal}");
        assert_eq!(one(kind, "NULL"), Ok(None));
    }
}

#[test]
fn the_session_decides_what_a_literal_is() {
    assert_eq!(literals("binary", "binary", "ANSI_QUOTES"), Some(Literals { binary: true, ansi_quotes: true }));
    assert_eq!(literals("utf8mb4", "utf8mb4", "STRICT_ALL_TABLES,NO_ZERO_DATE"), Some(UTF8));
    assert_eq!(literals("utf8mb4", "latin1", ""), None);
    assert_eq!(literals("gbk", "gbk", ""), None);
    assert_eq!(literals("binary", "binary", "ANSI,no_backslash_escapes"), None);
    assert_eq!(literals("binary", "binary", "EMPTY_STRING_IS_NULL"), None);

    let ansi = Literals { binary: true, ansi_quotes: true };
    assert_eq!(lines_in(ansi, &[ColumnKind::Text], b"(\"a\")"), Err(NotExact));
    assert_eq!(lines_in(UTF8, &[ColumnKind::Text], "('é')".as_bytes()), Ok((1, "é\x03".as_bytes().to_vec())));
    for (kind, rows) in [
        (ColumnKind::Text, &b"('\xff')"[..]),
        (ColumnKind::Text, b"(_binary 'a')"),
        (ColumnKind::Binary, b"(0x41)"),
        (ColumnKind::Utf8, b"(_utf8mb4'a')"),
    ] {
        assert_eq!(lines_in(UTF8, &[kind], rows), Err(NotExact));
    }
}

#[test]
fn heads_of_statements() {
    let read = |statement: &str| head(statement.as_bytes());
    let named = |verb, table: &str, columns: Option<&[&str]>, length| Head {
        verb,
        table: table.into(),
        columns: columns.map(|names| names.iter().map(|name| name.as_bytes().to_vec()).collect()),
        length,
    };
    assert_eq!(read("INSERT INTO `t``1` VALUES(1)"), Ok(named(Verb::Insert, "t`1", None, 25)));
    assert_eq!(
        read("insert ignore into t (a, `b`) values\n(1,2)"),
        Ok(named(Verb::InsertIgnore, "t", Some(&["a", "b"]), 37))
    );
    assert_eq!(read("REPLACE INTO t VALUES (1)"), Ok(named(Verb::Replace, "t", None, 22)));
    for other in [
        "INSERT t VALUES(1)",
        "INSERT INTO d.t VALUES(1)",
        "INSERT DELAYED INTO t VALUES(1)",
        "INSERT LOW_PRIORITY INTO t VALUES(1)",
        "INSERT INTO t SET a=1",
        "INSERT INTO t SELECT 1",
        "INSERT INTO t () VALUES()",
        "INSERT INTO t PARTITION (p) VALUES(1)",
        "INSERT INTO t VALUES ROW(1)",
        "INSERT INTO t VALUE(1)",
        "INSERT /*!50000 IGNORE */ INTO t VALUES(1)",
        "INSERT INTO t /* a */ VALUES(1)",
        "REPLACE IGNORE INTO t VALUES(1)",
        "DELETE FROM t",
        "",
    ] {
        assert_eq!(read(other), Err(NotExact), "{other}");
    }
}

#[test]
fn all_rows_have_to_arrive_without_a_warning() {
    let sent = Sent { statements: 1, rows: 3, bytes: 9 };
    let exact = StatementOutcome { affected_rows: 3, records: Some(3), skipped: 0, warnings: 0 };
    assert!(is_exact(exact, sent));
    assert!(is_exact(StatementOutcome { affected_rows: 5, ..exact }, sent), "REPLACE");
    for other in [
        StatementOutcome { affected_rows: 2, ..exact },
        StatementOutcome { records: Some(4), ..exact },
        StatementOutcome { records: None, ..exact },
        StatementOutcome { skipped: 1, ..exact },
        StatementOutcome { warnings: 1, ..exact },
    ] {
        assert!(!is_exact(other, sent), "{other:?}");
    }
}

/// What statements are made of.
static PIECES: [&[u8]; 18] = [
    b"(",
    b")",
    b",",
    b"'",
    b"\"",
    b"\\",
    b"0x",
    b"41",
    b"NULL",
    b"_binary",
    b"_utf8mb4",
    b"CONVERT(",
    b" ",
    b"-",
    b".",
    b"e",
    b"\x02",
    b"\xe9",
];

proptest! {
    #[test]
    fn any_bytes_come_back(rows in prop::collection::vec((any::<Option<i64>>(), any::<Vec<u8>>(), any::<Vec<u8>>()), 1..9)) {
        let mut text = Vec::new();
        for (number, string, bytes) in &rows {
            text.extend_from_slice(if text.is_empty() { b"(" } else { b"\n,(" });
            text.extend_from_slice(number.map_or("NULL".to_owned(), |number| number.to_string()).as_bytes());
            text.extend_from_slice(b",'");
            escape_into(&mut text, string);
            text.extend_from_slice(b"',");
            if bytes.is_empty() {
                text.extend_from_slice(b"''");
            } else {
                text.extend_from_slice(b"0x");
                bytes.iter().for_each(|byte| text.extend_from_slice(format!("{byte:02X}").as_bytes()));
            }
            text.push(b')');
        }
        let (count, lines) = lines_in(BINARY, &[ColumnKind::Integer, ColumnKind::Text, ColumnKind::Binary], &text).unwrap();
        prop_assert_eq!(count, rows.len() as u64);
        let expected: Vec<_> = rows
            .into_iter()
            .map(|(number, string, bytes)| vec![number.map(|number| number.to_string().into_bytes()), Some(string), Some(bytes)])
            .collect();
        prop_assert_eq!(read(&lines), expected);
    }

    #[test]
    fn escapes_mean_what_they_mean_in_sql(inside in "([a-zN%_0'\"\\\\]|\\\\['\"\\\\]|[\x01-\x04\n\t]|é|''|longer text ){0,20}", double: bool) {
        let quote = if double { '"' } else { '\'' };
        let literal = format!("{quote}{inside}{quote}");
        let mut tokens = Tokens::new(literal.as_bytes(), SqlDialect::default());
        let first = tokens.next().unwrap();
        let whole = first.kind == TokenKind::String && first.text.len() == literal.len();
        let value = first.string_value(SqlDialect::default());
        prop_assert_eq!(one(ColumnKind::Text, &literal).ok(), value.filter(|_| whole).map(Some));
    }

    #[test]
    fn no_input_panics(rows in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40), kind in 0_usize..8) {
        use ColumnKind::{Binary, Decimal, Enum, Integer, Real, Text, Utf8, Year};
        let kind = [Integer, Decimal, Real, Year, Text, Enum, Binary, Utf8][kind];
        let rows = rows.concat();
        if let Ok((count, lines)) = lines_in(BINARY, &[kind], &rows) {
            prop_assert_eq!(read(&lines).len() as u64, count);
        }
    }
}
