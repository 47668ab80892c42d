//! The stream's codec: `LF "-- " NAME " " SIZE [" crc32c=" HEX] LF`, then SIZE bytes.
//!
//! The form is mydumper's (docs/dev/formats.md). In the modes without content SIZE is 0 and no bytes follow; the
//! checksum is then the file's, and `bytes=N` gives its length.

use std::fmt;

/// The longest header that is accepted: file names end at 255 bytes.
pub const LONGEST_HEADER: usize = 512;

/// The header of a member of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The file's name.
    pub name: String,
    /// How many bytes follow.
    pub size: u64,
    /// CRC-32C of the member's bytes, or of the file when no bytes follow.
    pub crc32c: Option<u32>,
    /// The file's length, when no bytes follow.
    pub bytes: Option<u64>,
}

/// Why a line is no header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// It does not begin like one.
    #[error("expected a header `-- NAME SIZE`, found {found:?}")]
    NoHeader {
        /// The line's beginning.
        found: String,
    },
    /// The size is missing, negative, too long or no number.
    #[error("the header of {name:?} has no valid size: {size:?}")]
    Size {
        /// The member.
        name: String,
        /// What stands where the size should.
        size: String,
    },
    /// A token after the size cannot be read.
    #[error("the header of {name:?} has a token that cannot be read: {token:?}")]
    Token {
        /// The member.
        name: String,
        /// The token.
        token: String,
    },
}

impl fmt::Display for Header {
    /// The header as it stands in the stream, with its two line breaks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n-- {} {}", self.name, self.size)?;
        if let Some(crc32c) = self.crc32c {
            write!(f, " crc32c={crc32c:08x}")?;
        }
        if let Some(bytes) = self.bytes {
            write!(f, " bytes={bytes}")?;
        }
        writeln!(f)
    }
}

impl Header {
    /// Reads a header's line, without the line breaks around it.
    ///
    /// mydumper writes names with spaces as they are, so the size is the last token but those that we know by
    /// their keys.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn parse(line: &[u8]) -> Result<Header, HeaderError> {
        let no_header =
            || HeaderError::NoHeader { found: String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned() };
        let text = std::str::from_utf8(line).map_err(|_| no_header())?;
        let mut rest = text.strip_prefix("-- ").ok_or_else(no_header)?;
        let mut header = Header { name: String::new(), size: 0, crc32c: None, bytes: None };
        loop {
            let (before, token) = rest.rsplit_once(' ').ok_or_else(no_header)?;
            let bad_token = || HeaderError::Token { name: before.to_owned(), token: token.to_owned() };
            if let Some(hex) = token.strip_prefix("crc32c=") {
                let valid = hex.len() == 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
                let value = u32::from_str_radix(hex, 16).ok().filter(|_| valid).ok_or_else(bad_token)?;
                if header.crc32c.replace(value).is_some() {
                    return Err(bad_token());
                }
            } else if let Some(digits) = token.strip_prefix("bytes=") {
                let value = decimal(digits).ok_or_else(bad_token)?;
                if header.bytes.replace(value).is_some() {
                    return Err(bad_token());
                }
            } else {
                header.name = before.to_owned();
                header.size = decimal(token)
                    .ok_or_else(|| HeaderError::Size { name: before.to_owned(), size: token.to_owned() })?;
                return Ok(header);
            }
            rest = before;
        }
    }
}

/// A number of digits alone: `u64::from_str` would take a `+`.
fn decimal(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_as_bytes() {
        let header = Header { name: "d.t.00000.sql".into(), size: 38, crc32c: Some(0xab), bytes: None };
        assert_eq!(header.to_string(), "\n-- d.t.00000.sql 38 crc32c=000000ab\n");
        let announced = Header { name: "metadata".into(), size: 0, crc32c: None, bytes: Some(9) };
        assert_eq!(announced.to_string(), "\n-- metadata 0 bytes=9\n");
    }

    #[test]
    fn headers_that_mydumper_wrote() {
        let plain = Header { name: "sakila.city-schema.sql".into(), size: 740, crc32c: None, bytes: None };
        assert_eq!(Header::parse(b"-- sakila.city-schema.sql 740"), Ok(plain.clone()));
        let spaced = Header { name: "a b.c d.00000.sql".into(), ..plain };
        assert_eq!(Header::parse(b"-- a b.c d.00000.sql 740"), Ok(spaced));
    }

    #[test]
    fn what_is_no_header_is_named() {
        for (line, message) in [
            (&b"garbage"[..], "expected a header `-- NAME SIZE`, found \"garbage\""),
            (b"-- MySQL", "expected a header `-- NAME SIZE`, found \"-- MySQL\""),
            (b"-- a -1", "the header of \"a\" has no valid size: \"-1\""),
            (b"-- a +1", "the header of \"a\" has no valid size: \"+1\""),
            (b"-- a ", "the header of \"a\" has no valid size: \"\""),
            (b"-- a 99999999999999999999", "the header of \"a\" has no valid size: \"99999999999999999999\""),
            (b"-- a 1 crc32c=12", "the header of \"a 1\" has a token that cannot be read: \"crc32c=12\""),
            (b"-- a 1 crc32c=+1234567", "the header of \"a 1\" has a token that cannot be read: \"crc32c=+1234567\""),
        ] {
            assert_eq!(Header::parse(line).unwrap_err().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn a_header_is_read_as_it_was_written(name in "[^\\n]{1,40}[^\\n ]", size: u64, crc32c: Option<u32>, bytes: Option<u64>) {
            let header = Header { name, size, crc32c, bytes };
            let text = header.to_string();
            let line = text.strip_prefix('\n').unwrap().strip_suffix('\n').unwrap();
            prop_assert_eq!(Header::parse(line.as_bytes()), Ok(header));
        }

        #[test]
        fn no_line_panics(line: Vec<u8>) {
            let _ = Header::parse(&line);
        }
    }
}
