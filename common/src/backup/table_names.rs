//! The names of databases and tables within the names of their files.

use std::collections::BTreeSet;

/// Whether a name is used in file names as it is. Names with a space are not, unlike in mydumper, which then cannot read
/// the header of its own stream.
pub fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        && !name.starts_with("mydumper_")
}

/// Assigns the name of every database and table in file names: its own, or `mydumper_N` with one counter for databases and
/// tables together.
///
/// Of two names that differ in case only, the second is numbered too, since some file systems ignore case.
#[derive(Debug, Default)]
pub struct FileNames {
    next: u64,
    taken: BTreeSet<(Option<String>, String)>,
}

impl FileNames {
    /// The file name of a database.
    pub fn database(&mut self, name: &str) -> String {
        self.assign(None, name)
    }

    /// The file name of a table, view or sequence in a database.
    pub fn table(&mut self, database: &str, name: &str) -> String {
        self.assign(Some(database.to_owned()), name)
    }

    fn assign(&mut self, database: Option<String>, name: &str) -> String {
        if is_plain(name) && self.taken.insert((database, name.to_ascii_lowercase())) {
            return name.to_owned();
        }
        self.next += 1;
        format!("mydumper_{}", self.next)
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
}
