//! Exact bytes, and what an independent reader of LOAD DATA's grammar makes of them.

use super::super::test_rows::{FakeRow, named, unnamed};
use super::*;
use crate::rows::delimited_format::Separators;
use proptest::prelude::*;

fn row(cells: &[Option<&[u8]>]) -> FakeRow {
    FakeRow(cells.iter().map(|cell| cell.map(<[u8]>::to_vec)).collect())
}

fn encoder(format: DelimitedFormat, cells: Vec<CellKind>) -> DelimitedEncoder {
    DelimitedEncoder::new(Arc::new(format), b"HEAD;\n".to_vec(), OnDuplicate::Fail, "t", &unnamed(&cells))
}

fn load_data() -> DelimitedFormat {
    DelimitedFormat::load_data(&Separators::default(), false).unwrap()
}

fn csv() -> DelimitedFormat {
    DelimitedFormat::csv(&Separators::default(), false).unwrap()
}

/// As RFC 4180 has it.
fn rfc4180() -> DelimitedFormat {
    let separators = Separators {
        fields_escaped_by: Some(String::new()),
        lines_terminated_by: Some("\r\n".to_owned()),
        ..Separators::default()
    };
    DelimitedFormat::csv(&separators, true).unwrap()
}

fn written(encoder: &mut DelimitedEncoder, rows: &[FakeRow]) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        encoder.push(row, &mut out).unwrap();
    }
    encoder.finish(&mut out).unwrap();
    out
}

#[test]
fn every_kind_of_cell() {
    use CellKind::{Enum, Float, Hex, Number, Text, Utf8};
    let kinds = vec![Number, Float, Text, Utf8, Hex, Enum];
    let rows = [
        row(&[Some(b"-7"), Some(b"-0"), Some(b"a\tb\nc\\d\r\0\x1a'\"\xff"), Some(b"{}"), Some(b"\x01A"), Some(b"x")]),
        row(&[Some(b""), Some(b"1e-30"), Some(b""), Some(b"\"NULL\""), Some(b""), Some(b"")]),
        row(&[None; 6]),
    ];
    let text = written(&mut encoder(load_data(), kinds.clone()), &rows);
    assert_eq!(
        text.escape_ascii().to_string(),
        b"-7\t-1e-60\ta\\tb\\nc\\\\d\r\0\x1a'\"\xff\t{}\t0141\tx\n\
          \t1e-30\t\t\"NULL\"\t\t\n\
          \\N\t\\N\t\\N\t\\N\t\\N\t\\N\n"
            .escape_ascii()
            .to_string()
    );
    let text = written(&mut encoder(csv(), kinds.clone()), &rows);
    assert_eq!(
        text.escape_ascii().to_string(),
        b"-7,-1e-60,\"a\tb\nc\\\\d\r\0\x1a'\"\"\xff\",\"{}\",\"0141\",\"x\"\n\
          ,1e-30,\"\",\"\"\"NULL\"\"\",\"\",\"\"\n\
          \\N,\\N,\\N,\\N,\\N,\\N\n"
            .escape_ascii()
            .to_string()
    );
    let mut encoder = encoder(rfc4180(), kinds);
    let text = written(&mut encoder, &rows[2..]);
    assert_eq!(text, b"NULL,NULL,NULL,NULL,NULL,NULL\r\n");
    assert_eq!(encoder.head(), b"\"n0\",\"n1\",\"n2\",\"n3\",\"n4\",\"n5\"\r\n");
}

#[test]
fn a_counter_is_set_where_others_are() {
    use CellKind::{Counter, Hex, Text};
    let end = |cells: Vec<CellKind>| {
        let mut encoder = encoder(load_data(), cells);
        written(&mut encoder, &[row(&[Some(b"0"), Some(b"x")])]);
        let statement = String::from_utf8(encoder.loading_statement("d.t.00000.dat").unwrap()).unwrap();
        statement.split_once("BY '\\n' ").unwrap().1.to_owned()
    };
    assert_eq!(end(vec![Counter, Hex]), "(`n0`,@c2) SET `n1`=UNHEX(@c2),`n0`=`n0`;\n");
    assert_eq!(end(vec![Counter, Text]), "(`n0`,`n1`);\n");
}

#[test]
fn the_statement_reads_the_file() {
    use CellKind::{Enum, EnumIndex, Hex, SetBits, Utf8};
    let mut encoder = DelimitedEncoder::new(
        Arc::new(rfc4180()),
        b"HEAD;\n".to_vec(),
        OnDuplicate::Replace,
        "t`x",
        &named(&[("a", EnumIndex), ("b`", Utf8), ("c\r\n", Hex), ("d", Enum), ("e", SetBits)]),
    );
    let rows = [
        row(&[Some(b"0"), None, None, Some(b"x"), Some(b"0")]),
        row(&[Some(b"1"), None, None, Some(b""), Some(b"18446744073709551615")]),
    ];
    let text = written(&mut encoder, &rows);
    assert_eq!(text, b"0,NULL,NULL,\"x\",0\r\n1,NULL,NULL,\"\",18446744073709551615\r\n");
    let expected = |comment: &str| {
        format!(
            "HEAD;\nLOAD DATA LOCAL INFILE 'd.t.00000.dat' REPLACE INTO TABLE `t``x` CHARACTER SET binary FIELDS \
             TERMINATED BY ',' ENCLOSED BY '\"' ESCAPED BY '' LINES STARTING BY '' TERMINATED BY '\\r\\n' IGNORE 2 \
             LINES (@c1,@c2,@c3,`d`,@c5) SET `a`=CAST(@c1 AS UNSIGNED),`b```=CONVERT(@c2 USING utf8mb4),`c\r\n`=UNHEX(@c3),\
             `e`=CAST(@c5 AS UNSIGNED){comment};\n"
        )
    };
    let mut statement = |name| String::from_utf8(encoder.loading_statement(name).unwrap()).unwrap();
    assert_eq!(statement("d.t.00000.dat"), expected(" /* expect warnings: 2 */"));
    assert_eq!(statement("d.t.00000.dat"), expected(""));
}

#[test]
fn a_table_of_generated_columns_alone() {
    let mut encoder = encoder(load_data(), Vec::new());
    assert_eq!(written(&mut encoder, &[row(&[]), row(&[])]), b"\n\n");
    assert!(encoder.loading_statement("x").unwrap().ends_with(b" (@c1);\n"));
}

#[test]
fn rows_go_out_in_blocks() {
    let mut encoder = encoder(load_data(), vec![CellKind::Text]);
    let (large, mut out) = (vec![b'x'; BLOCK - 1], Vec::new());
    assert_eq!(encoder.push(&row(&[Some(b"")]), &mut out).unwrap(), 0);
    assert_eq!(encoder.push(&row(&[Some(&large)]), &mut out).unwrap(), BLOCK + 1);
    assert_eq!(encoder.finish(&mut out).unwrap(), 0);
    assert_eq!(out.len(), BLOCK + 1);
}

/// Reads rows as LOAD DATA does on the servers (see `format`), byte by byte, and by no means quickly.
fn read(format: &DelimitedFormat, data: &[u8]) -> Vec<Vec<Option<Vec<u8>>>> {
    let (field_end, line_end) = (format.field_end.as_bytes(), format.line_end.as_bytes());
    let (mut rows, mut at) = (Vec::new(), 0);
    while at < data.len() {
        assert!(data[at..].starts_with(format.line_start.as_bytes()));
        at += format.line_start.len();
        let mut fields = Vec::new();
        loop {
            let enclosure = format.enclosure.filter(|byte| data.get(at) == Some(byte));
            at += usize::from(enclosure.is_some());
            let (mut value, mut null) = (Vec::new(), false);
            let line_ended = loop {
                let rest = &data[at..];
                let ends = |rest: &[u8]| {
                    let line = rest.starts_with(line_end);
                    (line || rest.starts_with(field_end)).then_some(line)
                };
                if format.escape == Some(rest[0]) {
                    let letters = [(b'n', b'\n'), (b't', b'\t'), (b'r', b'\r'), (b'b', 8), (b'0', 0), (b'Z', 0x1a)];
                    null |= rest[1] == b'N';
                    value.push(letters.iter().find(|(letter, _)| *letter == rest[1]).map_or(rest[1], |found| found.1));
                    at += 2;
                } else if enclosure == Some(rest[0]) && rest.get(1) == Some(&rest[0]) {
                    value.push(rest[0]);
                    at += 2;
                } else if enclosure == Some(rest[0])
                    && let Some(line) = ends(&rest[1..])
                {
                    at += 1;
                    break line;
                } else if enclosure.is_none()
                    && let Some(line) = ends(rest)
                {
                    break line;
                } else {
                    value.push(rest[0]);
                    at += 1;
                }
            };
            at += if line_ended { line_end.len() } else { field_end.len() };
            let word = format.enclosure.is_some() && enclosure.is_none() && value == b"NULL";
            fields.push(if word || (null && value.len() == 1) { None } else { Some(value) });
            if line_ended {
                break;
            }
        }
        rows.push(fields);
    }
    rows
}

/// Bytes that mean something in some format, and others.
fn cell() -> impl Strategy<Value = Option<Vec<u8>>> {
    let byte = prop_oneof![
        3 => prop::sample::select(b"\"'\\,;|\t\n\r\0NntrbZ0>\x08\x1a\x5c".to_vec()),
        1 => any::<u8>()
    ];
    prop_oneof![
        1 => Just(None),
        1 => Just(Some(b"NULL".to_vec())),
        1 => Just(Some(b"\\N".to_vec())),
        6 => prop::collection::vec(byte, 0..12).prop_map(Some)
    ]
}

fn format() -> impl Strategy<Value = DelimitedFormat> {
    let ends = || prop::sample::select(vec!["\\t", ",", ";", "\\n", "\\r\\n", "||", "|\\n", ",nN", "'", "\""]);
    let bytes = || prop::sample::select(vec!["", "\"", "'", "\\", "|", "\\t"]);
    (ends(), bytes(), bytes(), prop::sample::select(vec!["", ">", "N,", "\\n"]), ends()).prop_filter_map(
        "cannot be read back",
        |(field_end, enclosure, escape, line_start, line_end)| {
            let separators = Separators {
                fields_terminated_by: Some(field_end.to_owned()),
                fields_enclosed_by: Some(enclosure.to_owned()),
                fields_escaped_by: Some(escape.to_owned()),
                lines_starting_by: Some(line_start.to_owned()),
                lines_terminated_by: Some(line_end.to_owned()),
            };
            DelimitedFormat::csv(&separators, false).ok()
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        format in format(),
        rows in prop::collection::vec((cell(), cell(), any::<Option<i16>>()), 1..6),
    ) {
        let rows: Vec<Vec<Option<Vec<u8>>>> = rows
            .into_iter()
            .map(|(a, b, number)| vec![a, b, number.map(|number| number.to_string().into_bytes())])
            .collect();
        let kinds = vec![CellKind::Text, CellKind::Enum, CellKind::Number];
        let mut encoder = encoder(format.clone(), kinds);
        let fake: Vec<FakeRow> = rows.iter().cloned().map(FakeRow).collect();
        let bytes = written(&mut encoder, &fake);
        prop_assert_eq!(read(&format, &bytes), rows, "{:?}", format);
    }
}
