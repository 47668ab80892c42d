//! Length and checksum of a dump's files, as `metadata` records them. docs/dev/formats.md has the written form.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::file_name::{DumpFile, TableFileName};
use crate::store::Stored;

/// What is stored as each file of a dump but `metadata`, by the files' names.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct StoredFiles(BTreeMap<Box<str>, Stored>);

impl StoredFiles {
    /// Adds a file, or replaces what is known of it.
    pub fn insert(&mut self, name: impl Into<Box<str>>, stored: Stored) {
        self.0.insert(name.into(), stored);
    }

    /// Forgets a file.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// What is known of a file.
    pub fn get(&self, name: &str) -> Option<Stored> {
        self.0.get(name).copied()
    }

    /// How many files are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is known, as in the metadata of another program.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All files by their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Stored)> {
        self.0.iter().map(|(name, stored)| (&**name, *stored))
    }

    /// Adds those of others, which replace what is known of the same files.
    pub fn extend(&mut self, others: StoredFiles) {
        self.0.extend(others.0);
    }

    /// The files of a table, view or sequence, by what their names append to its own.
    pub fn of_table<'a>(&'a self, table: &'a TableFileName) -> impl Iterator<Item = (&'a str, Stored)> {
        let stem = table.to_string();
        let length = stem.len();
        // A dot ends the table's name; behind `-schema` another table's name may go on.
        [format!("{stem}-schema"), format!("{stem}.")]
            .into_iter()
            .flat_map(move |prefix| self.beginning_with(prefix))
            .filter(move |(name, _)| DumpFile::from_name(name).is_some_and(|file| file.content.table() == Some(table)))
            .map(move |(name, stored)| (&name[length..], stored))
    }

    /// The files that belong to no table, view or sequence.
    pub fn of_no_table(&self) -> impl Iterator<Item = (&str, Stored)> {
        self.iter().filter(|(name, _)| DumpFile::from_name(name).is_some_and(|file| file.content.table().is_none()))
    }

    fn beginning_with(&self, prefix: String) -> impl Iterator<Item = (&str, Stored)> {
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let files = self.0.range::<str, _>(from).map(|(name, stored)| (&**name, *stored));
        files.take_while(move |(name, _)| name.starts_with(prefix.as_str()))
    }
}

impl Stored {
    /// `BYTES CRC32C`, decimal and eight hexadecimal digits.
    pub fn to_text(self) -> String {
        format!("{} {:08x}", self.bytes, self.crc32c)
    }

    /// Parses [`Stored::to_text`].
    pub fn parse(text: &str) -> Option<Stored> {
        let (bytes, crc32c) = text.split_once(' ')?;
        let is_checksum = crc32c.len() == 8 && crc32c.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_length = !bytes.is_empty() && bytes.bytes().all(|byte| byte.is_ascii_digit());
        if !is_checksum || !is_length {
            return None;
        }
        Some(Stored { bytes: bytes.parse().ok()?, crc32c: u32::from_str_radix(crc32c, 16).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_belongs_to_its_table_alone() {
        let mut files = StoredFiles::default();
        for (bytes, name) in [
            "d-schema-create.sql",
            "d.t-schema-triggers.sql",
            "d.t-schema-x-schema.sql",
            "d.t-schema.00000.sql",
            "d.t-schema.sql.zst",
            "d.t.00000.00001.sql",
            "d.t.00000.sql",
            "d.t1.00000.sql",
            "dd.t.00000.sql",
        ]
        .into_iter()
        .enumerate()
        {
            files.insert(name, Stored { bytes: bytes as u64, crc32c: 0 });
        }
        let table = |table: &str| TableFileName { database: "d".into(), table: table.into() };
        let of = |name: &str| files.of_table(&table(name)).map(|(rest, _)| rest.to_owned()).collect::<Vec<_>>();
        assert_eq!(of("t"), ["-schema-triggers.sql", "-schema.sql.zst", ".00000.00001.sql", ".00000.sql"]);
        assert_eq!(of("t-schema"), [".00000.sql"]);
        assert_eq!(of("t-schema-x"), ["-schema.sql"]);
        assert_eq!(files.of_no_table().map(|(name, _)| name).collect::<Vec<_>>(), ["d-schema-create.sql"]);
    }

    #[test]
    fn only_what_is_written_is_read() {
        let stored = Stored { bytes: 1_359_038, crc32c: 0xed1_34be };
        assert_eq!(stored.to_text(), "1359038 0ed134be");
        assert_eq!(Stored::parse("1359038 0ed134be"), Some(stored));
        for text in ["", "1", "1 ", " 0ed134be", "1 ed134be", "+1 0ed134be", "1 +ed134be", "1 0ed134be0"] {
            assert_eq!(Stored::parse(text), None, "{text:?}");
        }
    }
}
