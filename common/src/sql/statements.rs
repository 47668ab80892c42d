//! Splitting a dump's file into statements.
//!
//! A statement ends with its delimiter at the end of a line. mydumper keeps `;` + newline out of everything but a
//! statement's end (rows escape line breaks, bodies of routines are changed), so this rule splits its files exactly,
//! whatever sql_mode says about quotes. Our files hold them [padded](super::BodyFormat), or between `DELIMITER` lines.

use std::io::{self, Read};
use std::ops::Range;

use super::bodies::{PADDED, unpad};

use crate::exit_codes;
use crate::io::read_some;
use crate::process::exit::Exit;

/// The largest read. Reads grow up to it, since most files of a dump of many tables are small.
const READ_SIZE: usize = 256 * 1024;
const FIRST_READ_SIZE: usize = 4 * 1024;
/// The largest `max_allowed_packet` of any server.
const LONGEST_STATEMENT: usize = 1 << 30;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Delimiter(Vec<u8>);

impl Default for Delimiter {
    fn default() -> Self {
        Delimiter(b";".to_vec())
    }
}

/// A statement of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Its text without the delimiter.
    pub text: &'a [u8],
    /// The line of the (decompressed) file that it starts on, from 1.
    pub line: u64,
}

/// Why a file could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// The file cannot be read, or its compressed data is damaged or cut.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// The last statement has no delimiter.
    #[error("the file ends in the middle of the statement of line {line}: it was cut short")]
    CutShort {
        /// Where the statement starts.
        line: u64,
    },
    /// No server takes a statement as long as this.
    #[error("the statement of line {line} is longer than 1 GiB: this is not a file of a dump")]
    TooLong {
        /// Where the statement starts.
        line: u64,
    },
}

exit_codes! { StatementError:
    by Exit::of_reading: Read;
    Exit::Dump: CutShort, TooLong;
}

/// Reads a file statement by statement, holding one at a time.
pub struct StatementReader<R> {
    input: R,
    buffer: Vec<u8>,
    /// Where the next statement starts in the buffer.
    start: usize,
    /// The line at `start`.
    line: u64,
    delimiter: Delimiter,
    /// Whether the file has said that its statements are padded.
    padded: bool,
    at_end: bool,
    /// The last statement's place in the buffer, and its line.
    last: Range<usize>,
    last_line: u64,
}

/// A line of the buffer, by its range without the line break.
struct Line {
    start: usize,
    end: usize,
    /// Where the next line starts.
    next: usize,
}

impl<R: Read> StatementReader<R> {
    /// Reads from `input`, without compression.
    pub fn new(input: R) -> Self {
        StatementReader {
            input,
            buffer: Vec::new(),
            start: 0,
            line: 1,
            delimiter: Delimiter::default(),
            padded: false,
            at_end: false,
            last: 0..0,
            last_line: 1,
        }
    }

    /// The next statement, or `None` at the end of the file.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn next_statement(&mut self) -> Result<Option<Statement<'_>>, StatementError> {
        let mut scanned = self.start;
        let mut lines = 0;
        // Whether all lines so far were empty.
        let mut blank = true;
        loop {
            let Some(line) = self.line_at(scanned)? else {
                return if self.buffer[self.start..].iter().all(u8::is_ascii_whitespace) {
                    Ok(None)
                } else {
                    Err(StatementError::CutShort { line: self.line })
                };
            };
            // Reading may have moved the statement to the front of the buffer.
            let text = &self.buffer[line.start..line.end];
            lines += 1;
            if blank && let Some(delimiter) = delimiter_command(text) {
                self.delimiter = delimiter;
                self.start = line.next;
                self.line += lines;
                (scanned, lines) = (line.next, 0);
                continue;
            }
            blank = blank && text.iter().all(u8::is_ascii_whitespace);
            if text.ends_with(&self.delimiter.0) {
                let mut statement = self.start..line.end - self.delimiter.0.len();
                // The line break before a delimiter on a line of its own is not part of the statement.
                let ends_line = statement.end == line.start && statement.end > statement.start;
                if self.padded {
                    let padded = self.buffer.get_mut(statement.clone()).unwrap_or_default();
                    statement.end = statement.start + unpad(padded);
                }
                statement.end -= usize::from(ends_line);
                self.padded |= self.buffer.get(statement.clone()) == Some(PADDED);
                (self.last, self.last_line) = (statement, self.line);
                self.start = line.next;
                self.line += lines;
                return Ok(Some(self.last()));
            }
            scanned = line.next;
        }
    }

    /// The last statement again.
    pub fn last(&self) -> Statement<'_> {
        Statement { text: self.buffer.get(self.last.clone()).unwrap_or_default(), line: self.last_line }
    }

    /// The line that starts at `from`. Removes what is before `self.start` from the buffer, and moves `self.start` and
    /// `from` with it; other offsets are invalid afterwards.
    fn line_at(&mut self, from: usize) -> Result<Option<Line>, StatementError> {
        let mut from = from;
        let mut searched = from;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[searched..]) {
                let end = searched + at;
                return Ok(Some(Line { start: from, end, next: end + 1 }));
            }
            searched = self.buffer.len();
            if self.at_end {
                // A last line without a line break.
                return Ok((from < searched).then_some(Line { start: from, end: searched, next: searched }));
            }
            if self.start > 0 {
                self.buffer.drain(..self.start);
                from -= self.start;
                searched -= self.start;
                self.start = 0;
            }
            if self.buffer.len() > LONGEST_STATEMENT {
                return Err(StatementError::TooLong { line: self.line });
            }
            let length = self.buffer.len();
            self.buffer.resize(length + self.buffer.capacity().clamp(FIRST_READ_SIZE, READ_SIZE), 0);
            let read = read_some(&mut self.input, &mut self.buffer[length..]);
            self.buffer.truncate(length + *read.as_ref().unwrap_or(&0));
            self.at_end = read? == 0;
        }
    }
}

fn delimiter_command(line: &[u8]) -> Option<Delimiter> {
    const COMMAND: &[u8] = b"DELIMITER ";
    let (command, delimiter) = line.split_at_checked(COMMAND.len())?;
    let delimiter = delimiter.trim_ascii();
    (command.eq_ignore_ascii_case(COMMAND) && !delimiter.is_empty()).then(|| Delimiter(delimiter.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{BodyFormat, StatementWriter};
    use proptest::prelude::*;

    const BOTH: [BodyFormat; 2] = [BodyFormat::Padded, BodyFormat::Delimiter];

    /// The statements of a file that these were written into; the first says how, where there is need.
    fn written(bodies: BodyFormat, write: impl FnOnce(&mut StatementWriter)) -> Vec<u8> {
        let mut writer = StatementWriter::new(bodies, Vec::new());
        write(&mut writer);
        writer.finish()
    }

    fn texts(file: &[u8]) -> Vec<Vec<u8>> {
        let statements = read_all(file).unwrap().into_iter().map(|(_, text)| text);
        statements.filter(|text| text != PADDED).collect()
    }

    fn read_all(text: &[u8]) -> Result<Vec<(u64, Vec<u8>)>, StatementError> {
        let mut reader = StatementReader::new(text);
        let mut statements = Vec::new();
        while let Some(statement) = reader.next_statement()? {
            statements.push((statement.line, statement.text.to_vec()));
        }
        Ok(statements)
    }

    #[test]
    fn statements_of_a_rows_file() {
        let text = b"/*!40101 SET NAMES binary*/;\nINSERT INTO `t` VALUES(1,'a;b')\n,(2,';')\n;\nSELECT 1;\n\n";
        assert_eq!(
            read_all(text).unwrap(),
            [
                (1, b"/*!40101 SET NAMES binary*/".to_vec()),
                (2, b"INSERT INTO `t` VALUES(1,'a;b')\n,(2,';')".to_vec()),
                (5, b"SELECT 1".to_vec()),
            ]
        );
    }

    #[test]
    fn a_body_is_kept_to_the_byte() {
        let body = b"CREATE PROCEDURE p()\nBEGIN\n  SELECT ';;';\n\n  SELECT 2;  \n ;\n -- //\nEND -- the end;";
        let trigger = b"CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW SET @a=1 -- x";
        for bodies in BOTH {
            let file = written(bodies, |writer| {
                writer.add(b"SELECT 1");
                writer.add_program(body);
                writer.add_program(trigger);
            });
            let text = String::from_utf8(file.clone()).unwrap();
            assert_eq!(text.contains("\nDELIMITER $$\nCREATE PROCEDURE"), bodies == BodyFormat::Delimiter, "{text}");
            assert_eq!(text.contains(";\n\n  SELECT"), bodies == BodyFormat::Delimiter, "{text}");
            let statements = read_all(&file).unwrap();
            assert!(statements.contains(&(3, body.to_vec())), "{statements:?}");
            assert_eq!(texts(&file), [&b"SELECT 1"[..], body, trigger]);
        }
    }

    /// What mydumper 1.0.1 wrote has blanks of its own there.
    #[test]
    fn a_file_that_does_not_say_so_is_not_unpadded() {
        let body = "BEGIN\nSELECT 1; \nEND";
        assert_eq!(texts(format!("{body}\n;\n").as_bytes()), [body.as_bytes()]);
        let other = "SET @mydumper_bodies = 'other'";
        assert_eq!(texts(format!("{other};\n{body}\n;\n").as_bytes()), [other.as_bytes(), body.as_bytes()]);
    }

    #[test]
    fn a_cut_file_is_an_error_that_names_the_line() {
        let error = read_all(b"SELECT 1;\nINSERT INTO t VALUES(1)\n,(2").unwrap_err();
        assert_eq!(error.to_string(), "the file ends in the middle of the statement of line 2: it was cut short");
        // The last statement needs no line break.
        assert_eq!(read_all(b"SELECT 1;").unwrap(), [(1, b"SELECT 1".to_vec())]);
    }

    #[test]
    fn a_line_break_at_the_end_is_kept() {
        for text in ["SELECT 1\n", "SELECT 1\n\n", "CREATE VIEW v AS SELECT 1 -- ;\n", "SELECT 1; \n"] {
            for bodies in BOTH {
                let file = written(bodies, |writer| {
                    writer.add(text.as_bytes());
                    writer.add_body(text.as_bytes());
                    writer.add_program(text.as_bytes());
                });
                assert_eq!(texts(&file), [text.as_bytes(); 3]);
            }
        }
    }

    /// Each of these took a time that grew with the square of the length: hours for these.
    #[test]
    fn long_texts_take_no_longer_than_their_length() {
        let lines = "\n".repeat(4 << 20) + "SELECT 1;\n";
        assert_eq!(read_all(lines.as_bytes()).unwrap(), [(1, lines.as_bytes()[..lines.len() - 2].to_vec())]);
        let taken: String = (1..300_000).map(|number| format!("${number}$ ")).collect();
        let body = format!("BEGIN SELECT ';; // $$'; -- {taken}\nEND");
        let file = written(BodyFormat::Delimiter, |writer| writer.add_program(body.as_bytes()));
        assert!(file.starts_with(b"DELIMITER $300000$\n"));
        assert_eq!(read_all(&file).unwrap(), [(2, body.into_bytes())]);
        let body = "a;\n".repeat(1 << 20) + "b";
        let file = written(BodyFormat::Padded, |writer| writer.add_program(body.as_bytes()));
        assert_eq!(texts(&file), [body.into_bytes()]);
    }

    proptest! {
        #[test]
        fn any_statements_are_read_as_they_were_written(
            statements in prop::collection::vec("([a-z;/$\\n' \\\\-]|DELIMITER ){1,40}", 0..6),
            kind in 0..3,
            delimiter: bool,
        ) {
            let statements: Vec<String> = statements.iter().map(|statement| format!("x{statement}")).collect();
            let bodies = BOTH[usize::from(delimiter)];
            let file = written(bodies, |writer| {
                for statement in &statements {
                    match kind {
                        0 => writer.add(statement.as_bytes()),
                        1 => writer.add_body(statement.as_bytes()),
                        _ => writer.add_program(statement.as_bytes()),
                    }
                }
            });
            if bodies == BodyFormat::Padded {
                // As mydumper 1.0.1 splits it.
                prop_assert_eq!(memchr::memmem::find_iter(&file, b";\n").count(), read_all(&file).unwrap().len());
            }
            let read: Vec<String> = texts(&file).into_iter().map(|text| String::from_utf8(text).unwrap()).collect();
            prop_assert_eq!(read, statements);
        }

        #[test]
        fn no_input_panics_and_reading_ends(bytes: Vec<u8>) {
            let _ = read_all(&bytes);
        }

        #[test]
        fn no_padded_input_panics(text in "[a; \\n]{0,40}") {
            let _ = read_all(format!("SET @mydumper_bodies = 'padded';\n{text}").as_bytes());
        }
    }
}
