//! The names of databases and tables within the names of their files.

use std::collections::{BTreeMap, BTreeSet};

use super::file_name::{DumpFile, TableFileName};
use super::metadata::{Metadata, TableEntry};

/// Whether a name is used in file names as it is. Names with a space are not, unlike in mydumper, which then cannot read
/// the header of its own stream.
pub fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        && !name.starts_with(NUMBERED)
}

/// Assigns the name of every database and table in file names: its own, or `mydumper_N` with one counter for databases and
/// tables together.
///
/// Of two names that differ in case only, the second is numbered too, since some file systems ignore case.
#[derive(Debug, Default, Clone)]
pub struct FileNames {
    next: u64,
    taken: BTreeSet<(Option<String>, String)>,
    /// Whether no name is used as it is.
    all_numbered: bool,
    /// What an earlier dump into the same directory has assigned.
    earlier: BTreeMap<(Option<String>, String), String>,
}

const NUMBERED: &str = "mydumper_";

impl FileNames {
    /// Goes on after an earlier dump with these files: what has a name keeps it. `None` if the metadata does not say what
    /// a number stands for.
    pub fn after(metadata: &Metadata, files: impl IntoIterator<Item = String>) -> Option<FileNames> {
        let mut names = FileNames::default();
        for (file, entry) in &metadata.tables {
            let TableEntry { real_name, real_database, .. } = entry;
            let real = |real: &Option<String>, file: &String| match real {
                Some(name) => Some(name.clone()),
                None => (!file.starts_with(NUMBERED)).then(|| file.clone()),
            };
            let TableFileName { database, table } = file;
            let (real_database, real_table) = (real(real_database, database)?, real(real_name, table)?);
            names.keep(Some(real_database.clone()), real_table, table);
            names.keep(None, real_database, database);
        }
        for file in files.into_iter().filter_map(|name| DumpFile::from_name(&name)) {
            let table = file.content.table().map(|table| table.table.as_str());
            file.content.database().into_iter().chain(table).for_each(|name| names.pass_over(name));
        }
        Some(names)
    }

    /// Numbers every name from now on.
    #[must_use]
    pub fn all_numbered(self) -> FileNames {
        FileNames { all_numbered: true, ..self }
    }

    fn keep(&mut self, database: Option<String>, name: String, file: &str) {
        self.pass_over(file);
        self.taken.insert((database.clone(), file.to_ascii_lowercase()));
        self.earlier.insert((database, name), file.to_owned());
    }

    /// A number that is in use is not assigned again.
    fn pass_over(&mut self, file: &str) {
        let number = file.strip_prefix(NUMBERED).and_then(|number| number.parse().ok());
        self.next = self.next.max(number.unwrap_or(0));
    }

    /// The file name of a database.
    pub fn database(&mut self, name: &str) -> String {
        self.assign(None, name)
    }

    /// The file name of a table, view or sequence in a database.
    pub fn table(&mut self, database: &str, name: &str) -> String {
        self.assign(Some(database.to_owned()), name)
    }

    fn assign(&mut self, database: Option<String>, name: &str) -> String {
        if let Some(file) = self.earlier.get(&(database.clone(), name.to_owned())) {
            return file.clone();
        }
        if !self.all_numbered && is_plain(name) && self.taken.insert((database, name.to_ascii_lowercase())) {
            return name.to_owned();
        }
        self.next += 1;
        format!("{NUMBERED}{}", self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_kept_and_others_numbered_with_one_counter() {
        let mut names = FileNames::default();
        assert_eq!(names.database("shop-1_x"), "shop-1_x");
        assert_eq!(names.database("a b"), "mydumper_1");
        assert_eq!(names.table("a b", "é"), "mydumper_2");
        assert_eq!(names.table("a b", "dot.dot"), "mydumper_3");
        assert_eq!(names.table("a b", "mydumper_9"), "mydumper_4");
        assert_eq!(names.table("a b", "plain"), "plain");
        assert_eq!(names.table("shop-1_x", "plain"), "plain");
        assert_eq!(names.table("shop-1_x", "Plain"), "mydumper_5");
    }
    #[test]
    fn all_names_may_be_numbered() {
        let mut names = FileNames::default().all_numbered();
        assert_eq!((names.database("d").as_str(), names.table("d", "t").as_str()), ("mydumper_1", "mydumper_2"));
    }

    #[test]
    fn names_of_an_earlier_dump_go_on() {
        let mut metadata = Metadata::default();
        let mut add = |database: &str, table: &str, real_database: Option<&str>, real_name: &str| {
            let file = TableFileName { database: database.into(), table: table.into() };
            let real_database = real_database.map(str::to_owned);
            let entry = TableEntry { real_name: Some(real_name.into()), real_database, ..TableEntry::default() };
            metadata.tables.insert(file, entry);
        };
        add("shop", "plain", None, "plain");
        add("shop", "mydumper_2", None, "a b");
        add("mydumper_4", "t", Some("é"), "t");
        let files = ["mydumper_7-schema-create.sql".to_owned(), "shop.mydumper_x.00000.sql".to_owned()];
        let mut names = FileNames::after(&metadata, files).unwrap();
        assert_eq!(names.database("shop"), "shop");
        assert_eq!(names.table("shop", "c d"), "mydumper_8");
        assert_eq!(names.table("shop", "a b"), "mydumper_2");
        assert_eq!(names.table("shop", "plain"), "plain");
        assert_eq!(names.table("shop", "Plain"), "mydumper_9");
        assert_eq!(names.database("é"), "mydumper_4");
        assert_eq!((names.table("é", "t").as_str(), names.table("é", "u").as_str()), ("t", "u"));
        // Of an older version.
        let file = TableFileName { database: "mydumper_1".into(), table: "t".into() };
        metadata.tables.insert(file, TableEntry::default());
        assert!(FileNames::after(&metadata, []).is_none());
    }
}
