//! The header of a member, one line.

use crate::container::Member;

/// Bytes of the longest header that is accepted, without its line breaks: no file system takes names of more than 255.
pub const LONGEST_HEADER: usize = 512;

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

impl HeaderError {
    /// For a line that does not begin like a header.
    pub(super) fn no_header(line: &[u8]) -> HeaderError {
        HeaderError::NoHeader { found: String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned() }
    }
}

/// The header as it stands in the stream, with its two line breaks; `None` if the member's length is not known.
pub fn to_text(member: &Member) -> Option<String> {
    let mut text = format!("\n-- {} {}", member.name, member.size?);
    if let Some(crc32c) = member.crc32c {
        text.push_str(&format!(" crc32c={crc32c:08x}"));
    }
    if let Some(bytes) = member.elsewhere {
        text.push_str(&format!(" bytes={bytes}"));
    }
    text.push('\n');
    Some(text)
}

/// Reads a header's line, without the line breaks around it.
///
/// mydumper writes names with spaces as they are, so the size is the last token before those with a key.
pub fn parse(line: &[u8]) -> Result<Member, HeaderError> {
    let no_header = || HeaderError::no_header(line);
    let text = std::str::from_utf8(line).map_err(|_| no_header())?;
    let mut rest = text.strip_prefix("-- ").ok_or_else(no_header)?;
    let (mut crc32c, mut elsewhere) = (None, None);
    loop {
        let (before, token) = rest.rsplit_once(' ').ok_or_else(no_header)?;
        let bad_token = || HeaderError::Token { name: before.to_owned(), token: token.to_owned() };
        if let Some(hex) = token.strip_prefix("crc32c=") {
            let valid = hex.len() == 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            let value = u32::from_str_radix(hex, 16).ok().filter(|_| valid).ok_or_else(bad_token)?;
            if crc32c.replace(value).is_some() {
                return Err(bad_token());
            }
        } else if let Some(digits) = token.strip_prefix("bytes=") {
            let value = decimal(digits).ok_or_else(bad_token)?;
            if elsewhere.replace(value).is_some() {
                return Err(bad_token());
            }
        } else {
            let bad_size = || HeaderError::Size { name: before.to_owned(), size: token.to_owned() };
            let size = Some(decimal(token).ok_or_else(bad_size)?);
            return Ok(Member { name: before.to_owned(), size, crc32c, elsewhere });
        }
        rest = before;
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
        let member = Member { name: "d.t.00000.sql".into(), size: Some(38), crc32c: Some(0xab), elsewhere: None };
        assert_eq!(to_text(&member).unwrap(), "\n-- d.t.00000.sql 38 crc32c=000000ab\n");
        let announced = Member { name: "metadata".into(), size: Some(0), crc32c: None, elsewhere: Some(9) };
        assert_eq!(to_text(&announced).unwrap(), "\n-- metadata 0 bytes=9\n");
        assert_eq!(to_text(&Member { size: None, ..announced }), None);
    }

    #[test]
    fn headers_that_mydumper_wrote() {
        let plain = Member { name: "sakila.city-schema.sql".into(), size: Some(740), crc32c: None, elsewhere: None };
        assert_eq!(parse(b"-- sakila.city-schema.sql 740"), Ok(plain.clone()));
        let spaced = Member { name: "a b.c d.00000.sql".into(), ..plain };
        assert_eq!(parse(b"-- a b.c d.00000.sql 740"), Ok(spaced));
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
            assert_eq!(parse(line).unwrap_err().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn a_header_is_read_as_it_was_written(
            name in "[^\\n]{1,40}[^\\n ]",
            size: u64,
            crc32c: Option<u32>,
            elsewhere: Option<u64>,
        ) {
            let member = Member { name, size: Some(size), crc32c, elsewhere };
            let text = to_text(&member).unwrap();
            let line = text.strip_prefix('\n').unwrap().strip_suffix('\n').unwrap();
            prop_assert_eq!(parse(line.as_bytes()), Ok(member));
        }

        #[test]
        fn no_line_panics(line: Vec<u8>) {
            let _ = parse(&line);
        }
    }
}
