//! The file of a dump, cut into statements: however it is read, cut short or written, no statement is lost or changed.

#![no_main]

use std::io::Read;

use common::sql::{BodyFormat, PADDED, StatementError, StatementReader, StatementWriter};
use libfuzzer_sys::fuzz_target;

/// Gives at most so many bytes at once.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(buffer.len());
        self.0.read(&mut buffer[..length])
    }
}

type Read_ = (Vec<(u64, Vec<u8>)>, Option<StatementError>);

fn read(text: &[u8], piece: usize) -> Read_ {
    let mut reader = StatementReader::new(Pieces(text, piece));
    let mut statements = Vec::new();
    loop {
        match reader.next_statement() {
            Ok(Some(statement)) => {
                let statement = (statement.line, statement.text.to_vec());
                let last = reader.last();
                assert_eq!((last.line, last.text), (statement.0, statement.1.as_slice()));
                statements.push(statement);
            }
            Ok(None) => return (statements, None),
            Err(error) => return (statements, Some(error)),
        }
    }
}

/// Whether a text can be a statement of a file: a client's command is none, nothing but space is left out, and what says how
/// the others are written is not one of them.
fn is_statement(text: &[u8]) -> bool {
    if text == PADDED {
        return false;
    }
    let text = text.trim_ascii_start();
    !text.is_empty() && !text.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"DELIMITER "))
}

fuzz_target!(|input: (u8, u16, u8, bool, Vec<u8>)| {
    let (piece, cut, kind, delimiter, text) = input;
    let (statements, error) = read(&text, usize::MAX);

    // In pieces of any size, the same.
    let (pieces, same_error) = read(&text, usize::from(piece) + 1);
    assert_eq!(statements, pieces);
    assert_eq!(error.as_ref().map(ToString::to_string), same_error.map(|error| error.to_string()));

    // Statements stand in the text in their order, on the lines that the reader reports. Between them are line ends, delimiters
    // and the commands that set these. Padded ones are shorter than their text.
    let mut at = 0;
    let padded = statements.iter().position(|(_, statement)| statement == PADDED).unwrap_or(statements.len());
    for (line, statement) in &statements[..padded] {
        let found = (at..=text.len() - statement.len()).find(|at| {
            text[*at..].starts_with(statement)
                && text[..*at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1 == *line
        });
        at = found.expect("a statement is a part of the text") + statement.len();
    }

    // Cut anywhere, what comes is what came before; only the last may be cut at a delimiter that it holds.
    let cut = usize::from(cut) % (text.len() + 1);
    let (before, _) = read(&text[..cut], usize::MAX);
    if let Some((last, whole)) = before.split_last().filter(|_| padded == statements.len()) {
        assert_eq!(statements.get(..whole.len()), Some(whole));
        if let Some(full) = statements.get(whole.len()) {
            assert!(full.1.starts_with(&last.1) && full.0 == last.0);
        }
    }

    // What is written is read.
    let parts: Vec<&[u8]> = text.split(|byte| *byte == 0xff).filter(|part| is_statement(part)).collect();
    let bodies = if delimiter { BodyFormat::Delimiter } else { BodyFormat::Padded };
    let mut writer = StatementWriter::new(bodies, Vec::new());
    for part in &parts {
        match kind % 3 {
            0 => writer.add(part),
            1 => writer.add_body(part),
            _ => writer.add_program(part),
        }
    }
    let file = writer.finish();
    let (again, error) = read(&file, usize::MAX);
    assert!(error.is_none());
    assert!(again.iter().map(|(_, text)| text.as_slice()).filter(|text| *text != PADDED).eq(parts));
});
