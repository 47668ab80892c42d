//! The checksums that mydumper 1.0.1 writes into metadata, and which of them an option selects.
//!
//! Checksums of definitions are CRC-32s of columns of information_schema, row by row, combined with XOR, so that the order
//! of rows does not matter. docs/dev/formats.md has the columns of each kind. [`MydumperChecksum`] computes them here as the
//! server would, from rows that are read anyway.

use std::fmt;

/// CRC-32s combined with XOR.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MydumperChecksum(u32);

impl MydumperChecksum {
    /// The columns of information_schema.COLUMNS in a table's checksum.
    pub const COLUMN_WORDS: &str = "COLUMN_NAME, ORDINAL_POSITION, DATA_TYPE";
    /// The columns of information_schema.STATISTICS in the checksum of a table's indexes.
    pub const INDEX_WORDS: &str = "INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME";
    /// The SQL expression of a row's CRC-32 in information_schema.VIEWS.
    pub const VIEW: &str = "CRC32(REPLACE(VIEW_DEFINITION, TABLE_SCHEMA, ''))";
    /// As `VIEW`, in information_schema.SCHEMATA.
    pub const DATABASE: &str = "CRC32(CONCAT(DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME))";
    /// As `VIEW`, in information_schema.ROUTINES.
    pub const ROUTINE: &str = "CRC32(REPLACE(ROUTINE_DEFINITION, ' ', ''))";
    /// As `VIEW`, in information_schema.TRIGGERS.
    pub const TRIGGER: &str =
        r"CRC32(REPLACE(REPLACE(REPLACE(REPLACE(ACTION_STATEMENT, ' ', ''), '\r', ''), '\n', ''), '\t', ''))";
    /// As `VIEW`, in information_schema.EVENTS.
    pub const EVENT: &str =
        r"CRC32(REPLACE(REPLACE(REPLACE(REPLACE(EVENT_DEFINITION, ' ', ''), '\r', ''), '\n', ''), '\t', ''))";

    /// Adds a row by its columns, without those that are NULL, as CONCAT_WS does.
    pub fn add_words<'a>(&mut self, words: impl IntoIterator<Item = Option<&'a [u8]>>) {
        let mut hasher = crc32fast::Hasher::new();
        for (number, word) in words.into_iter().flatten().enumerate() {
            if number > 0 {
                hasher.update(b" ");
            }
            hasher.update(word);
        }
        self.0 ^= hasher.finalize();
    }

    /// The checksum of one row by its CRC-32, which the server computed.
    pub fn of(crc32: Option<u64>) -> MydumperChecksum {
        let mut sum = MydumperChecksum::default();
        sum.add(crc32);
        sum
    }

    /// Adds a row by its CRC-32, which the server computed; NULL has no effect.
    pub fn add(&mut self, crc32: Option<u64>) {
        // CRC32 has 32 bits.
        self.0 ^= crc32.and_then(|crc32| u32::try_from(crc32).ok()).unwrap_or(0);
    }

    /// Parses hexadecimal digits in either case.
    pub fn parse(text: &str) -> Option<MydumperChecksum> {
        u32::from_str_radix(text, 16).ok().map(MydumperChecksum)
    }
}

impl fmt::LowerHex for MydumperChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

impl fmt::UpperHex for MydumperChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::UpperHex::fmt(&self.0, f)
    }
}

/// Kinds of checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// A database's character set and collation.
    pub databases: bool,
    /// A table's columns.
    pub tables: bool,
    /// A table's indexes.
    pub indexes: bool,
    /// A view's definition.
    pub views: bool,
    /// A database's triggers.
    pub triggers: bool,
    /// A database's routines.
    pub routines: bool,
    /// A database's events.
    pub events: bool,
    /// A table's rows, by CHECKSUM TABLE.
    pub data: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SELECT BIT_XOR(CRC32(CONCAT_WS(' ', …)))` on MariaDB 10.11 and MySQL 9.7.
    #[test]
    fn sums_are_those_of_the_server() {
        let mut sum = MydumperChecksum::default();
        sum.add_words([Some(&b"id"[..]), Some(b"1"), Some(b"int")]);
        assert_eq!(format!("{sum:x}"), "5b03492");
        sum.add_words([Some("naïve".as_bytes()), Some(b"2"), None]);
        assert_eq!(format!("{sum:x} {sum:X}"), "b022f9d7 B022F9D7");
        assert_eq!(MydumperChecksum::parse(&format!("{sum:X}")), Some(sum));
        sum.add(None);
        sum.add(Some(u64::from(sum.0)));
        assert_eq!((format!("{sum:x}"), MydumperChecksum::parse("0")), ("0".to_owned(), Some(sum)));
        for text in ["", "x", "123456789", "-1"] {
            assert_eq!(MydumperChecksum::parse(text), None, "{text}");
        }
    }
}
