//! The values of `--stream`: what is sent, and what stays on disk. The modes and their bits are mydumper's.

use std::str::FromStr;

use super::values::BadValue;

const NO_WAIT: u8 = 1;
const NO_DELETE: u8 = 2;
const NO_CONTENT: u8 = 4;

/// A mode of the stream, on either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamMode {
    /// The files' bytes go through the pipe; otherwise only their headers, and both sides see one directory.
    pub content: bool,
    /// A file is removed when it has been sent (mydumper) or restored (myloader).
    pub delete: bool,
    /// Workers do not wait until their file has been sent.
    pub no_wait: bool,
}

impl StreamMode {
    /// Content is sent and files are removed: the mode of a bare `--stream`.
    pub const TRADITIONAL: Self = Self::from_bits(0);
    /// Content is sent and files are kept.
    pub const NO_DELETE: Self = Self::from_bits(NO_DELETE);
    /// Headers only, and files are removed.
    pub const NO_STREAM: Self = Self::from_bits(NO_CONTENT);
    /// Headers only, and files are kept.
    pub const NO_STREAM_AND_NO_DELETE: Self = Self::from_bits(NO_CONTENT | NO_DELETE);

    const fn from_bits(bits: u8) -> Self {
        Self { content: bits & NO_CONTENT == 0, delete: bits & NO_DELETE == 0, no_wait: bits & NO_WAIT != 0 }
    }

    const NAMES: [(&str, Self); 4] = [
        ("TRADITIONAL", Self::TRADITIONAL),
        ("NO_DELETE", Self::NO_DELETE),
        ("NO_STREAM", Self::NO_STREAM),
        ("NO_STREAM_AND_NO_DELETE", Self::NO_STREAM_AND_NO_DELETE),
    ];
}

/// The bit mask, or nothing when `text` is no number.
fn mask(text: &str) -> Option<StreamMode> {
    match text.as_bytes() {
        [digit @ b'0'..=b'7'] => Some(StreamMode::from_bits(digit - b'0')),
        _ => None,
    }
}

/// The mode of this name, in any case, with `-` and `_` alike.
fn named(text: &str) -> Option<StreamMode> {
    let wanted = text.replace('-', "_");
    StreamMode::NAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(&wanted)).map(|(_, mode)| mode)
}

impl FromStr for StreamMode {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        mask(text).or_else(|| named(text)).ok_or_else(|| {
            BadValue::new("use TRADITIONAL, NO_DELETE, NO_STREAM, NO_STREAM_AND_NO_DELETE or a bit mask from 0 to 7")
        })
    }
}

/// `--stream` of myloader, which can also unpack without a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoaderStream {
    /// Restore in this mode.
    Restore(StreamMode),
    /// Write the files into the directory and restore nothing.
    Unpack,
}

impl FromStr for LoaderStream {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if text.eq_ignore_ascii_case("UNPACK") {
            return Ok(Self::Unpack);
        }
        text.parse().map(Self::Restore).map_err(|_: BadValue| {
            BadValue::new(
                "use TRADITIONAL, NO_DELETE, NO_STREAM, NO_STREAM_AND_NO_DELETE, UNPACK or a bit mask from 0 to 7",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_masks_mean_the_same() {
        for (name, mask, content, delete, no_wait) in [
            ("traditional", "0", true, true, false),
            ("No-Delete", "2", true, false, false),
            ("no_stream", "4", false, true, false),
            ("NO_STREAM_AND_NO_DELETE", "6", false, false, false),
        ] {
            let mode = StreamMode { content, delete, no_wait };
            assert_eq!(name.parse(), Ok(mode), "{name}");
            assert_eq!(mask.parse(), Ok(mode), "{mask}");
            assert_eq!(mask.parse(), Ok(LoaderStream::Restore(mode)));
        }
        for bits in 0..=7u8 {
            let mode: StreamMode = bits.to_string().parse().unwrap();
            assert_eq!(mode.no_wait, bits & 1 == 1);
            assert_eq!(mode.delete, bits & 2 == 0);
            assert_eq!(mode.content, bits & 4 == 0);
        }
        assert_eq!("unpack".parse(), Ok(LoaderStream::Unpack));
    }

    #[test]
    fn other_values_are_refused() {
        for bad in ["", "8", "-1", "00", "UNPACK", "TRUE"] {
            assert_eq!(
                bad.parse::<StreamMode>().unwrap_err().to_string(),
                "use TRADITIONAL, NO_DELETE, NO_STREAM, NO_STREAM_AND_NO_DELETE or a bit mask from 0 to 7"
            );
        }
        assert_eq!(
            "x".parse::<LoaderStream>().unwrap_err().to_string(),
            "use TRADITIONAL, NO_DELETE, NO_STREAM, NO_STREAM_AND_NO_DELETE, UNPACK or a bit mask from 0 to 7"
        );
    }
}
