//! The names of databases and tables within the names of their files.

use std::collections::BTreeSet;

/// Whether files carry a name as it is. mydumper also keeps a name with a space, and then cannot read the header
/// of its own stream; we do not.
pub fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        && !name.starts_with("mydumper_")
}

/// Gives every database and table the name that its files carry: its own, or `mydumper_N` with one counter for
/// databases and tables together.
///
/// File systems that ignore case would let `T` and `t` share a file, so the second of such names is numbered too.
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
