//! Statements as the text of a file, and how line ends behind a `;` are kept apart from a statement's end.
//!
//! mydumper 1.0.1 ends a statement at every `;` that ends a line, and knows no `DELIMITER` lines. Padded statements serve
//! it: before each line end that follows a `;` and any blanks stands one blank more. The file says so in a statement that
//! every server takes, and [`StatementReader`](super::StatementReader) takes the blank away again.

use std::borrow::Cow;
use std::collections::BTreeSet;

use clap::ValueEnum;

/// The statement of a file whose further statements are padded. It stands behind the first lines that set the session:
/// myloader 1.0.1 ends with a signal where it stands before them.
pub const PADDED: &[u8] = b"SET @mydumper_bodies = 'padded'";

/// `--body-format`: how a statement is written that has a `;` at a line's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BodyFormat {
    /// With one blank more there.
    #[default]
    Padded,
    /// Between `DELIMITER` lines, as the stock clients read it.
    Delimiter,
}

/// Whether a text has a `;` at a line's end, blanks aside.
pub fn needs_padding(text: &[u8]) -> bool {
    line_ends(text).next().is_some()
}

/// The text with one blank more before each line end that follows a `;` and any blanks.
pub fn pad(text: &[u8]) -> Cow<'_, [u8]> {
    let mut ends = line_ends(text).peekable();
    if ends.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut padded = Vec::with_capacity(text.len() + 16);
    let mut from = 0;
    for end in ends {
        padded.extend_from_slice(text.get(from..end).unwrap_or_default());
        padded.push(b' ');
        from = end;
    }
    padded.extend_from_slice(text.get(from..).unwrap_or_default());
    Cow::Owned(padded)
}

/// Undoes [`pad`] in place. Returns how many bytes remain, from the first.
pub(super) fn unpad(text: &mut [u8]) -> usize {
    let ends: Vec<usize> = line_ends(text).collect();
    let (mut kept, mut from) = (0, 0);
    for end in ends {
        // Without a blank nothing was added there: such a line end was the end of a statement.
        let until = if text.get(end.wrapping_sub(1)) == Some(&b' ') { end - 1 } else { end };
        text.copy_within(from..until, kept);
        kept += until - from;
        from = end;
    }
    text.copy_within(from.., kept);
    kept + text.len() - from
}

/// The places of line ends that follow a `;` and any blanks.
fn line_ends(text: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(b'\n', text).filter(|end| {
        let before = text.get(..*end).unwrap_or_default();
        before.iter().rev().find(|byte| **byte != b' ') == Some(&b';')
    })
}

/// The text of a file of statements, from its first to its last.
#[derive(Debug)]
pub struct StatementWriter {
    bodies: BodyFormat,
    head: Vec<u8>,
    statements: Vec<u8>,
    padded: bool,
}

impl StatementWriter {
    /// A file with these first lines.
    pub fn new(bodies: BodyFormat, head: Vec<u8>) -> StatementWriter {
        StatementWriter { bodies, head, statements: Vec::new(), padded: false }
    }

    /// Adds a statement, without its delimiter.
    pub fn add(&mut self, text: &[u8]) {
        // A reader would take a line break at the end for the one before a delimiter on a line of its own.
        if needs_padding(text) || text.ends_with(b"\n") {
            return self.add_body(text);
        }
        self.statements.extend_from_slice(text);
        self.statements.extend_from_slice(b";\n");
    }

    /// Adds a view, or another statement that may end in a comment, which runs to the end of its line.
    pub fn add_body(&mut self, text: &[u8]) {
        let mut line = text.to_vec();
        line.push(b'\n');
        match self.bodies {
            _ if !needs_padding(&line) => self.statements.extend_from_slice(&line),
            BodyFormat::Padded => {
                self.statements.extend_from_slice(&pad(&line));
                self.padded = true;
            }
            BodyFormat::Delimiter => return self.add_delimited(text),
        }
        self.statements.extend_from_slice(b";\n");
    }

    /// Adds the CREATE statement of a routine, trigger or event, whose body may hold statements: the stock clients end one
    /// at each `;` of it.
    pub fn add_program(&mut self, text: &[u8]) {
        match self.bodies {
            BodyFormat::Delimiter if text.contains(&b';') => self.add_delimited(text),
            BodyFormat::Delimiter | BodyFormat::Padded => self.add_body(text),
        }
    }

    fn add_delimited(&mut self, text: &[u8]) {
        // The stock client looks for the delimiter anywhere, so it must not occur in the text at all.
        let usual = [";;", "//", "$$"].into_iter().find(|usual| memchr::memmem::find(text, usual.as_bytes()).is_none());
        let delimiter = usual.map_or_else(|| unusual_delimiter(text), str::to_owned);
        self.statements.extend_from_slice(format!("DELIMITER {delimiter}\n").as_bytes());
        self.statements.extend_from_slice(text);
        self.statements.extend_from_slice(format!("\n{delimiter}\nDELIMITER ;\n").as_bytes());
    }

    /// The whole text.
    pub fn finish(self) -> Vec<u8> {
        let mut text = self.head;
        if self.padded {
            text.extend_from_slice(PADDED);
            text.extend_from_slice(b";\n");
        }
        text.extend_from_slice(&self.statements);
        text
    }
}

/// The first of `$1$`, `$2$` … that is not in the text, found in one pass.
fn unusual_delimiter(text: &[u8]) -> String {
    let between_dollars = text.split(|byte| *byte == b'$');
    let taken: BTreeSet<u64> =
        between_dollars.filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).collect();
    let free = (1..).find(|number| !taken.contains(number)).unwrap_or_default();
    format!("${free}$")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn line_ends_behind_semicolons_get_one_blank_more() {
        for (text, padded) in [
            ("BEGIN\nSELECT 1;\nEND", "BEGIN\nSELECT 1; \nEND"),
            ("a;  \n\n;\nb;", "a;   \n\n; \nb;"),
            ("a;\r\nb;\t\nc ;x\n;", "a;\r\nb;\t\nc ;x\n;"),
            ("\n \n", "\n \n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&pad(text.as_bytes())), padded);
        }
    }

    #[test]
    fn only_a_file_with_padded_statements_says_so() {
        let file = |bodies, text: &str| {
            let mut writer = StatementWriter::new(bodies, b"SET NAMES binary;\n".to_vec());
            writer.add_body(b"SELECT ';'");
            writer.add_program(text.as_bytes());
            String::from_utf8(writer.finish()).unwrap()
        };
        let head = "SET NAMES binary;\n";
        let view = "SELECT ';'\n;\n";
        let marker = "SET @mydumper_bodies = 'padded';\n";
        assert_eq!(file(BodyFormat::Padded, "a; b"), format!("{head}{view}a; b\n;\n"));
        assert_eq!(file(BodyFormat::Padded, "a;\nb"), format!("{head}{marker}{view}a; \nb\n;\n"));
        assert_eq!(file(BodyFormat::Padded, "a -- b;"), format!("{head}{marker}{view}a -- b; \n;\n"));
        let delimited = |text| format!("{head}{view}DELIMITER ;;\n{text}\n;;\nDELIMITER ;\n");
        for text in ["a; b", "a;\nb"] {
            assert_eq!(file(BodyFormat::Delimiter, text), delimited(text));
        }
    }

    proptest! {
        #[test]
        fn what_is_padded_is_unpadded(text in "[a; \\r\\n]{0,30}") {
            let padded = pad(text.as_bytes()).into_owned();
            prop_assert!(!padded.windows(2).any(|two| two == b";\n"));
            let mut back = padded;
            let length = unpad(&mut back);
            back.truncate(length);
            prop_assert_eq!(back, text.as_bytes());
        }

        #[test]
        fn no_input_panics(mut bytes: Vec<u8>) {
            let length = unpad(&mut bytes);
            prop_assert!(length <= bytes.len());
        }
    }
}
