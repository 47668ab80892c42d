//! Hashes of rows, to compare a table with its dump, chunk by chunk.
//!
//! A row's hash is XXH3-128 of its packet in the text protocol: each value after its length, and one byte for NULL, so that
//! different rows have different packets. The hashes of rows are added: the sum does not depend on the order of the rows,
//! which differs from server to server, but it depends on how often each occurs, while with XOR two equal rows would cancel
//! out. It detects accidents, not forgery. docs/dev/formats.md has the written form.

use std::fmt;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

/// The name of this hash in metadata. Any change of the hash needs another name.
pub const ALGORITHM: &str = "xxh3-128-sum-1";

/// The sum of the hashes of some rows, modulo 2^128.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RowHash(u128);

impl RowHash {
    /// Adds a row by its packet.
    #[inline]
    pub fn add_row(&mut self, packet: &[u8]) {
        self.0 = self.0.wrapping_add(XxHash3_128::oneshot(packet));
    }

    /// Adds the rows of another sum.
    pub fn add(&mut self, other: RowHash) {
        self.0 = self.0.wrapping_add(other.0);
    }

    /// Parses the hexadecimal form.
    pub fn parse(text: &str) -> Option<RowHash> {
        let is_written = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_written.then(|| u128::from_str_radix(text, 16).ok().map(RowHash))?
    }
}

impl From<RowHash> for String {
    fn from(hash: RowHash) -> String {
        hash.to_string()
    }
}

impl TryFrom<String> for RowHash {
    type Error = String;

    fn try_from(text: String) -> Result<RowHash, String> {
        RowHash::parse(&text).ok_or_else(|| format!("not a hash of rows: {text:?}"))
    }
}

impl fmt::Display for RowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The number of some rows and the sum of their hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowsDigest {
    /// The number of rows.
    pub count: u64,
    /// The sum of their hashes.
    pub hash: RowHash,
    /// The same sum with the stored generated columns behind the others, for a table that has any.
    pub generated: RowHash,
}

impl RowsDigest {
    /// Adds a row by its packet.
    #[inline]
    pub fn add_row(&mut self, packet: &[u8]) {
        self.count += 1;
        self.hash.add_row(packet);
    }

    /// Adds a row by its packet, and by that with its stored generated columns.
    #[inline]
    pub fn add_row_with_generated(&mut self, packet: &[u8], with_generated: &[u8]) {
        self.add_row(packet);
        self.generated.add_row(with_generated);
    }

    /// Adds the rows of another digest.
    pub fn add(&mut self, other: RowsDigest) {
        self.count = self.count.wrapping_add(other.count);
        self.hash.add(other.hash);
        self.generated.add(other.generated);
    }
}

/// A chunk of a table as it was dumped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkRows {
    /// The chunk's number in the names of its files.
    pub number: u64,
    /// Its rows at the time of the dump.
    pub rows: RowsDigest,
    /// Which rows of the table these are, apart from `--where`.
    pub selection: Selection,
}

/// Which rows of a table are in a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All rows.
    All,
    /// The rows of a partition. The SQL clause that names it.
    Partition(Box<str>),
    /// The rows that meet this SQL condition on the columns of a key.
    Range(Box<str>),
}

impl Selection {
    const RANGE: &str = "WHERE ";
    const PARTITION: &str = "PARTITION ";

    fn parse(text: &str) -> Option<Selection> {
        match text.strip_prefix(Selection::RANGE) {
            Some(condition) => Some(Selection::Range(condition.into())),
            None => text.starts_with(Selection::PARTITION).then(|| Selection::Partition(text.into())),
        }
    }
}

impl fmt::Display for Selection {
    /// The form in metadata and messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selection::All => Ok(()),
            Selection::Partition(clause) => f.write_str(clause),
            Selection::Range(condition) => write!(f, "{}{condition}", Selection::RANGE),
        }
    }
}

impl ChunkRows {
    /// The value of the chunk's key in metadata.
    pub fn to_text(&self) -> String {
        let ChunkRows { rows: RowsDigest { count, hash, .. }, selection, .. } = self;
        match selection {
            Selection::All => format!("{count} {hash}"),
            _ => format!("{count} {hash} {selection}"),
        }
    }

    /// Parses the result of [`ChunkRows::to_text`].
    pub fn parse(number: u64, text: &str) -> Option<ChunkRows> {
        let (count, rest) = text.split_once(' ')?;
        let (hash, selection) = match rest.split_once(' ') {
            Some((hash, selection)) => (hash, Selection::parse(selection)?),
            None => (rest, Selection::All),
        };
        let (count, hash) = (count.parse().ok()?, RowHash::parse(hash)?);
        let rows = RowsDigest { count, hash, ..RowsDigest::default() };
        Some(ChunkRows { number, rows, selection })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(packets: &[&[u8]]) -> RowsDigest {
        let mut rows = RowsDigest::default();
        packets.iter().for_each(|packet| rows.add_row(packet));
        rows
    }

    /// As the reference implementation hashes them.
    #[test]
    fn hashes_are_those_of_xxh3() {
        let long: Vec<u8> = (0..300).map(|number| (number % 251) as u8).collect();
        for (packets, hash) in [
            (&[&b""[..]][..], "99aa06d3014798d86001c324468d497f"),
            (&[b"\x011\x03abc"], "3d5f1a93fe42defa2314b59f71742d32"),
            (&[&long], "948c8677fbb606fcfdda6967cf021dbc"),
            (&[], "00000000000000000000000000000000"),
        ] {
            assert_eq!(sum(packets).hash.to_string(), hash);
        }
    }

    #[test]
    fn order_does_not_count_and_number_does() {
        assert_eq!(sum(&[b"a", b"b", b"a"]), sum(&[b"b", b"a", b"a"]));
        assert_ne!(sum(&[b"a", b"b", b"a"]).hash, sum(&[b"a", b"b", b"b"]).hash);
        assert_ne!(sum(&[b"a", b"a"]).hash, sum(&[b"b", b"b"]).hash);
        let mut whole = sum(&[b"a", b"b"]);
        whole.add(sum(&[b"a"]));
        assert_eq!(whole, sum(&[b"a", b"a", b"b"]));
    }

    #[test]
    fn a_chunk_is_read_as_it_was_written() {
        for (selection, end) in [
            (Selection::All, ""),
            (Selection::Range("`a b` < ' '".into()), " WHERE `a b` < ' '"),
            (Selection::Partition("PARTITION (`p 1`)".into()), " PARTITION (`p 1`)"),
        ] {
            let chunk = ChunkRows { number: 7, rows: sum(&[b"a"]), selection };
            let text = format!("1 {}{end}", sum(&[b"a"]).hash);
            assert_eq!(chunk.to_text(), text);
            assert_eq!(ChunkRows::parse(7, &text), Some(chunk));
        }
        let hash = "0".repeat(32);
        for other in [
            "",
            "1",
            "x 0",
            "1 00",
            &format!("-1 {hash}"),
            &format!("1 +{}", &hash[1..]),
            &format!("1 {hash}0"),
            &format!("1 {hash} AS x"),
        ] {
            assert_eq!(ChunkRows::parse(0, other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = ChunkRows::parse(0, &text);
        }
    }
}
