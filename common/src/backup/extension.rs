//! Files of a dump that a command of the user's has written: their names end with an extension of its own.

use std::sync::Arc;

use super::file_name::{DumpFile, NOT_UPDATED_TABLES};
use crate::store::Store;
use crate::store::with_extension::WithExtension;

/// A store whose files of a dump, but for metadata, have this extension; without one, the store itself.
pub fn with_extension(store: Arc<dyn Store>, extension: Option<&str>) -> Arc<dyn Store> {
    match extension {
        Some(extension) => Arc::new(WithExtension::new(store, extension, is_extended)),
        None => store,
    }
}

/// Whether a name is that of a file of a dump with this extension, of its metadata, or of what lies beside them.
pub fn is_of_dump(name: &str, extension: Option<&str>) -> bool {
    name == NOT_UPDATED_TABLES
        || DumpFile::from_name(name).is_some()
        || extension.is_some_and(|extension| name.strip_suffix(extension).is_some_and(is_extended))
}

/// The extension of a name that without it is that of a file of a dump.
pub fn unknown_extension(name: &str) -> Option<&str> {
    let at = [".sql", ".dat"].iter().filter_map(|end| Some(name.rfind(end)? + end.len())).max()?;
    let (name, extension) = name.split_at(at);
    (!extension.is_empty() && is_extended(name)).then_some(extension)
}

fn is_extended(name: &str) -> bool {
    DumpFile::from_name(name).is_some_and(|file| !file.content.is_metadata())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_extension() {
        for (name, extension) in [
            ("d.t.00000.sql.xz", Some(".xz")),
            ("d.t-schema.sqlgz", Some("gz")),
            ("d.t.00000.dat.tar.gpg", Some(".tar.gpg")),
            ("d.t.00000.sql", None),
            ("d.t.00000.sql.zst", Some(".zst")),
            ("README.xz", None),
            ("metadata.xz", None),
        ] {
            assert_eq!(unknown_extension(name), extension, "{name}");
            assert_eq!(is_of_dump(name, Some(".xz")), name.starts_with("d.t.00000.sql"), "{name}");
        }
        assert!(is_of_dump("metadata", None) && !is_of_dump("d.t.00000.sql.xz", None));
    }
}
