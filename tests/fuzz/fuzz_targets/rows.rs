//! INSERT statements as lines of LOAD DATA: as many lines as rows, as many fields as columns, strings as they were.

#![no_main]

use common::sql::token::{SqlDialect, TokenKind, Tokens};
use libfuzzer_sys::fuzz_target;
use myloader_modules::rows::insert_to_load_data::convert::{append, head};
use myloader_modules::rows::insert_to_load_data::literal::{ColumnFormat, ColumnKind, Literals};
use myloader_modules::rows::insert_to_load_data::output::{FIELD_END, LINE_END, Output};

const KINDS: [ColumnKind; 8] = [
    ColumnKind::Integer,
    ColumnKind::Decimal,
    ColumnKind::Real,
    ColumnKind::Year,
    ColumnKind::Text,
    ColumnKind::Enum,
    ColumnKind::Binary,
    ColumnKind::Utf8,
];

/// The lines, as the server takes them apart: fields, with their escapes undone; `None` for NULL.
fn lines(bytes: &[u8]) -> Vec<Vec<Option<Vec<u8>>>> {
    let (mut lines, mut line, mut field, mut null) = (Vec::new(), Vec::new(), Vec::new(), false);
    let mut bytes = bytes.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next().expect("a backslash escapes something") {
                b'N' => null = true,
                b'0' => field.push(0),
                b'b' => field.push(8),
                b'n' => field.push(b'\n'),
                b'r' => field.push(b'\r'),
                b't' => field.push(b'\t'),
                b'Z' => field.push(26),
                other => field.push(*other),
            },
            FIELD_END | LINE_END => {
                let value = std::mem::take(&mut field);
                line.push((!std::mem::take(&mut null)).then_some(value));
                if byte == LINE_END {
                    lines.push(std::mem::take(&mut line));
                }
            }
            _ => field.push(byte),
        }
    }
    assert!(line.is_empty() && field.is_empty() && !null, "a line has its end");
    lines
}

fuzz_target!(|input: (Vec<(u8, bool)>, bool, bool, Vec<u8>, Vec<u8>)| {
    let (columns, binary, ansi_quotes, statement, rows) = input;
    let columns: Vec<ColumnFormat> = columns
        .iter()
        .take(6)
        .map(|(kind, nullable)| ColumnFormat { kind: KINDS[usize::from(*kind) % KINDS.len()], nullable: *nullable })
        .collect();
    let literals = Literals { binary, ansi_quotes };
    if let Ok(head) = head(&statement) {
        assert!(head.length < statement.len() && statement[head.length] == b'(');
    }
    let mut out = Output::default();
    let Ok(count) = append(&rows, &columns, literals, &mut out) else { return };
    let lines = lines(out.as_bytes());
    assert_eq!(lines.len() as u64, count);
    assert!(lines.iter().all(|line| line.len() == columns.len()));

    // The strings of the statement, in their order, are the fields of such columns.
    let dialect = SqlDialect { ansi_quotes, no_backslash_escapes: false };
    let strings = Tokens::new(&rows, dialect).filter(|token| token.kind == TokenKind::String);
    let mut fields = lines.iter().flatten().flatten();
    for string in strings {
        let value = string.string_value(dialect).expect("a string");
        assert!(fields.any(|field| *field == value), "{string:?} is in no field");
    }
});
