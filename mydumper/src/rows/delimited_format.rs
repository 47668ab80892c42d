//! How rows and columns are told apart in files that LOAD DATA reads, and which ways keep every value.
//!
//! The rules are those of LOAD DATA on both servers, tried on MariaDB 10.11 and MySQL 9.7:
//!
//! - Before a byte it looks for the terminators, the longer of two that begin alike too.
//! - A column that begins with the enclosing character ends with one that a terminator follows. Between the two, two
//!   of them stand for one, and terminators are text.
//! - The character after the escape character stands for itself, but for those of [`DelimitedFormat::after_escape`] and `N`,
//!   which alone in a column is NULL. NULL is also the word NULL, where columns can be enclosed and this one is not.
//! - The lines that IGNORE leaves out end at a terminator also where it is enclosed, but not where it is escaped.

use std::fmt::Write as _;

use common::sql::quote_string;

/// The options that say how a file is written; what is not given is as usual for the format.
#[derive(Debug, Default, Clone)]
pub struct Separators {
    /// `--fields-terminated-by`.
    pub fields_terminated_by: Option<String>,
    /// `--fields-enclosed-by`.
    pub fields_enclosed_by: Option<String>,
    /// `--fields-escaped-by`.
    pub fields_escaped_by: Option<String>,
    /// `--lines-starting-by`.
    pub lines_starting_by: Option<String>,
    /// `--lines-terminated-by`.
    pub lines_terminated_by: Option<String>,
}

/// How a file is written. Every value can be told from every other and from NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelimitedFormat {
    /// Between two columns.
    pub field_end: String,
    /// Around the columns that are no numbers.
    pub enclosure: Option<u8>,
    /// Before bytes that have another meaning.
    pub escape: Option<u8>,
    /// Before the first column.
    pub line_start: String,
    /// Behind the last one.
    pub line_end: String,
    /// Whether the first line of each file has the names of the columns, `--include-header`.
    pub header: bool,
}

/// Values could not be told apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DelimitedFormatError {
    /// The option takes one character.
    #[error("--fields-{option}-by takes one ASCII character that is no letter, digit, sign or dot, or none")]
    NotOneByte {
        /// `enclosed` or `escaped`.
        option: &'static str,
    },
    /// A terminator that the servers do not take, or which is part of what is not escaped.
    #[error(
        "--{option} has to be ASCII text that begins with no letter, digit, sign or dot: NULL and numbers are made of \
         these"
    )]
    BadTerminator {
        /// The option.
        option: &'static str,
    },
    /// The servers do not take it.
    #[error("--lines-starting-by has to be ASCII text")]
    BadLineStart,
    /// What stands between values has a character in it that has another meaning.
    #[error("--{option} holds the character of --fields-{other}-by: rows could not be read back")]
    Holds {
        /// The option.
        option: &'static str,
        /// `enclosed` or `escaped`.
        other: &'static str,
    },
    /// One terminator is the beginning of the other.
    #[error(
        "one of --fields-terminated-by and --lines-terminated-by begins with the other: columns and lines could not be \
         told apart"
    )]
    Alike,
    /// Nothing tells NULL from a text, and a terminator from data.
    #[error(
        "without --fields-escaped-by, NULL and values that hold a terminator need --fields-enclosed-by: give one of both"
    )]
    NeitherEscapedNorEnclosed,
}

impl DelimitedFormat {
    /// `--format=LOAD_DATA`: as LOAD DATA reads by itself.
    pub fn load_data(separators: &Separators, header: bool) -> Result<DelimitedFormat, DelimitedFormatError> {
        DelimitedFormat::new(separators, header, "\t", "")
    }

    /// `--format=CSV`: as mydumper writes it.
    pub fn csv(separators: &Separators, header: bool) -> Result<DelimitedFormat, DelimitedFormatError> {
        DelimitedFormat::new(separators, header, ",", "\"")
    }

    fn new(
        separators: &Separators,
        header: bool,
        field_end: &str,
        enclosure: &str,
    ) -> Result<DelimitedFormat, DelimitedFormatError> {
        let given = |option: &Option<String>, usual: &str| unescape(option.as_deref().unwrap_or(usual));
        let mut format = DelimitedFormat {
            field_end: given(&separators.fields_terminated_by, field_end),
            enclosure: one_byte("enclosed", &given(&separators.fields_enclosed_by, enclosure))?,
            escape: one_byte("escaped", &given(&separators.fields_escaped_by, "\\"))?,
            line_start: given(&separators.lines_starting_by, ""),
            line_end: given(&separators.lines_terminated_by, "\n"),
            header,
        };
        if format.escape == format.enclosure {
            // It is doubled between two of its kind either way; but lines that are left out would not end behind it.
            format.escape = None;
        }
        format.check()?;
        Ok(format)
    }

    fn check(&self) -> Result<(), DelimitedFormatError> {
        let ends = [("fields-terminated-by", &self.field_end), ("lines-terminated-by", &self.line_end)];
        for (option, text) in ends {
            if !text.is_ascii() || text.bytes().next().is_none_or(is_of_bare_value) {
                return Err(DelimitedFormatError::BadTerminator { option });
            }
        }
        if !self.line_start.is_ascii() {
            return Err(DelimitedFormatError::BadLineStart);
        }
        for (option, text) in ends.into_iter().chain([("lines-starting-by", &self.line_start)]) {
            for (other, byte) in [("enclosed", self.enclosure), ("escaped", self.escape)] {
                if byte.is_some_and(|byte| text.as_bytes().contains(&byte)) {
                    return Err(DelimitedFormatError::Holds { option, other });
                }
            }
        }
        if self.line_end.starts_with(&self.field_end) || self.field_end.starts_with(&self.line_end) {
            return Err(DelimitedFormatError::Alike);
        }
        if self.escape.is_none() && self.enclosure.is_none() {
            return Err(DelimitedFormatError::NeitherEscapedNorEnclosed);
        }
        Ok(())
    }

    /// The byte that stands for another one after the escape character.
    pub fn after_escape(byte: u8) -> u8 {
        match byte {
            0 => b'0',
            0x08 => b'b',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x1a => b'Z',
            other => other,
        }
    }

    /// `FIELDS … LINES …`.
    pub fn to_sql(&self) -> String {
        let character = |byte: Option<u8>| quote_string(&byte.map(char::from).map(String::from).unwrap_or_default());
        let mut sql = String::new();
        // Writing to a String does not fail.
        let _ = write!(
            sql,
            "FIELDS TERMINATED BY {} ENCLOSED BY {} ESCAPED BY {} LINES STARTING BY {} TERMINATED BY {}",
            readable(&self.field_end),
            character(self.enclosure),
            character(self.escape),
            readable(&self.line_start),
            readable(&self.line_end)
        );
        sql
    }

    /// How many lines LOAD DATA takes a header for, whose columns' names may hold line ends.
    pub fn lines_of(&self, header: &[u8]) -> usize {
        let (mut lines, mut rest) = (0, header);
        while let Some(&byte) = rest.first() {
            let length = if self.escape == Some(byte) {
                2
            } else if rest.starts_with(self.line_end.as_bytes()) {
                lines += 1;
                self.line_end.len()
            } else {
                1
            };
            rest = rest.get(length..).unwrap_or_default();
        }
        lines
    }
}

/// A literal, with a tab as `\t`.
fn readable(text: &str) -> String {
    quote_string(text).replace('\t', "\\t")
}

/// Whether numbers, NULL and what stands for a byte after the escape character are made of it.
fn is_of_bare_value(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

fn one_byte(option: &'static str, text: &str) -> Result<Option<u8>, DelimitedFormatError> {
    match *text.as_bytes() {
        [] => Ok(None),
        [byte] if byte.is_ascii() && byte != 0 && !is_of_bare_value(byte) => Ok(Some(byte)),
        _ => Err(DelimitedFormatError::NotOneByte { option }),
    }
}

/// Shells do not make line breaks of `\n`, so we do, as of `\t`, `\r` and `\\`. Another backslash is one.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let known = [('n', '\n'), ('r', '\r'), ('t', '\t'), ('\\', '\\')];
        match known.into_iter().find(|(letter, _)| rest.starts_with(*letter)) {
            Some((_, character)) => {
                out.push(character);
                rest = &rest[1..];
            }
            None => out.push('\\'),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &[(&str, &str)]) -> Separators {
        let find = |name| text.iter().find(|(option, _)| *option == name).map(|(_, value)| (*value).to_owned());
        Separators {
            fields_terminated_by: find("field_end"),
            fields_enclosed_by: find("enclosed"),
            fields_escaped_by: find("escaped"),
            lines_starting_by: find("line_start"),
            lines_terminated_by: find("line_end"),
        }
    }

    #[test]
    fn usual_dialects_are_those_of_mydumper() {
        let none = Separators::default();
        assert_eq!(
            DelimitedFormat::load_data(&none, false).unwrap().to_sql(),
            r"FIELDS TERMINATED BY '\t' ENCLOSED BY '' ESCAPED BY '\\' LINES STARTING BY '' TERMINATED BY '\n'"
        );
        assert_eq!(
            DelimitedFormat::csv(&none, false).unwrap().to_sql(),
            r#"FIELDS TERMINATED BY ',' ENCLOSED BY '"' ESCAPED BY '\\' LINES STARTING BY '' TERMINATED BY '\n'"#
        );
    }

    #[test]
    fn options_are_read_as_shells_pass_them() {
        let given = options(&[
            ("field_end", r"|\t\x\\"),
            ("enclosed", "'"),
            ("escaped", "'"),
            ("line_start", ">>"),
            ("line_end", r"\r\n"),
        ]);
        let format = DelimitedFormat::csv(&given, false).unwrap();
        assert_eq!(format.field_end, "|\t\\x\\");
        assert_eq!((format.enclosure, format.escape), (Some(b'\''), None));
        assert_eq!(
            format.to_sql(),
            r"FIELDS TERMINATED BY '|\t\\x\\' ENCLOSED BY '\'' ESCAPED BY '' LINES STARTING BY '>>' TERMINATED BY '\r\n'"
        );
        assert_eq!(DelimitedFormat::csv(&options(&[("escaped", "\\")]), false).unwrap().escape, Some(b'\\'));
    }

    #[test]
    fn what_could_not_be_read_back_is_refused() {
        use DelimitedFormatError::{Alike, BadLineStart, BadTerminator, Holds, NeitherEscapedNorEnclosed, NotOneByte};
        let fields = "fields-terminated-by";
        let lines = "lines-terminated-by";
        for (given, error) in [
            (&[("enclosed", "\"\"")][..], NotOneByte { option: "enclosed" }),
            (&[("enclosed", "é")], NotOneByte { option: "enclosed" }),
            (&[("enclosed", "1")], NotOneByte { option: "enclosed" }),
            (&[("escaped", "n")], NotOneByte { option: "escaped" }),
            (&[("field_end", "")], BadTerminator { option: fields }),
            (&[("field_end", "§")], BadTerminator { option: fields }),
            (&[("field_end", "N,")], BadTerminator { option: fields }),
            (&[("field_end", ".")], BadTerminator { option: fields }),
            (&[("line_end", "")], BadTerminator { option: lines }),
            (&[("line_end", "-\n")], BadTerminator { option: lines }),
            (&[("line_start", "é")], BadLineStart),
            (&[("field_end", "\"")], Holds { option: fields, other: "enclosed" }),
            (&[("line_end", r"\x")], Holds { option: lines, other: "escaped" }),
            (&[("line_start", "> \"")], Holds { option: "lines-starting-by", other: "enclosed" }),
            (&[("line_end", ",\n")], Alike),
            (&[("field_end", "\n,")], Alike),
            (&[("field_end", "\n")], Alike),
            (&[("enclosed", ""), ("escaped", "")], NeitherEscapedNorEnclosed),
        ] {
            assert_eq!(DelimitedFormat::csv(&options(given), false), Err(error), "{given:?}");
        }
        assert_eq!(
            DelimitedFormat::load_data(&options(&[("escaped", "")]), false).unwrap_err().to_string(),
            "without --fields-escaped-by, NULL and values that hold a terminator need --fields-enclosed-by: give one \
             of both"
        );
    }

    #[test]
    fn lines_of_a_header_are_counted_as_load_data_counts_them() {
        let escaped = DelimitedFormat::csv(&Separators::default(), true).unwrap();
        assert_eq!(escaped.lines_of(b"\"a\",\"b\"\n"), 1);
        assert_eq!(escaped.lines_of(b"\"a\n\",\"b\\\n\\\\\n\"\n"), 3);
        let enclosed = DelimitedFormat::csv(&options(&[("escaped", ""), ("line_end", "\r\n")]), true).unwrap();
        assert_eq!(enclosed.lines_of(b"\"a\r\r\n\\\",\"\n\"\r\n"), 2);
    }
}
