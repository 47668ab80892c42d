//! A store whose files have an extension that is not part of their names: what is in them went through a command.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::{Entry, Error, NewFile, OpenFile, Store, Stored};

/// A store below which names have an extension. It says nothing of the files' content.
#[derive(Debug)]
pub struct WithExtension {
    inner: Arc<dyn Store>,
    extension: Box<str>,
    /// Whether a file of this name has it.
    is_extended: fn(&str) -> bool,
}

impl WithExtension {
    /// Over another store.
    pub fn new(inner: Arc<dyn Store>, extension: &str, is_extended: fn(&str) -> bool) -> WithExtension {
        WithExtension { inner, extension: extension.into(), is_extended }
    }
}

impl fmt::Display for WithExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Store for WithExtension {
    fn list(&self) -> Result<Vec<Entry>, Error> {
        let entries = self.inner.list()?.into_iter();
        let named = |Entry { name, bytes }| match self.name_of_stored(&name) {
            Some(name) => Entry { name, bytes },
            // As which no file of a backup has one.
            None => Entry { name: format!("{name:?}"), bytes },
        };
        Ok(entries.map(named).collect())
    }

    fn length(&self, name: &str) -> Result<Option<u64>, Error> {
        self.inner.length(&self.stored_name(name))
    }

    fn create(&self, name: &str) -> Result<Box<dyn NewFile>, Error> {
        self.inner.create(&self.stored_name(name))
    }

    fn open(&self, name: &str) -> Result<OpenFile, Error> {
        self.inner.open(&self.stored_name(name))
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.inner.remove(&self.stored_name(name))
    }

    fn publish(&self, name: &str, content: &[u8]) -> Result<Stored, Error> {
        self.inner.publish(name, content)
    }

    fn discard(&self) {
        self.inner.discard();
    }

    fn free_space(&self) -> Option<u64> {
        self.inner.free_space()
    }

    fn locate(&self, name: &str) -> String {
        self.inner.locate(&self.stored_name(name))
    }

    fn extension(&self) -> &str {
        &self.extension
    }

    fn stored_name(&self, name: &str) -> String {
        if (self.is_extended)(name) { format!("{name}{}", self.extension) } else { name.to_owned() }
    }

    fn name_of_stored(&self, stored: &str) -> Option<String> {
        match stored.strip_suffix(&*self.extension) {
            Some(name) if (self.is_extended)(name) => Some(name.to_owned()),
            _ if (self.is_extended)(stored) => None,
            _ => Some(stored.to_owned()),
        }
    }

    fn local_path(&self) -> Option<&Path> {
        self.inner.local_path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::local::LocalDirectory;
    use std::io::{Read, Write};

    #[test]
    fn only_files_below_have_the_extension() {
        let directory = tempfile::tempdir().unwrap();
        let inner: Arc<dyn Store> = Arc::new(LocalDirectory::at(directory.path()));
        let store: Arc<dyn Store> =
            Arc::new(WithExtension::new(Arc::clone(&inner), ".xz", |name| name.ends_with(".sql")));
        let mut file = store.create("a.sql").unwrap();
        file.write_all(b"stored").unwrap();
        file.finish().unwrap();
        std::fs::write(directory.path().join("b.sql"), "of somebody else").unwrap();
        store.publish("metadata", b"whole").unwrap();
        let names = |store: &dyn Store| {
            let mut names: Vec<String> = store.list().unwrap().into_iter().map(|entry| entry.name).collect();
            names.sort();
            names
        };
        assert_eq!(names(&*inner), ["a.sql.xz", "b.sql", "metadata"]);
        assert_eq!(names(&*store), ["\"b.sql\"", "a.sql", "metadata"]);
        assert_eq!(store.length("a.sql").unwrap(), Some(6));
        let mut text = String::new();
        store.open("a.sql").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "stored");
        assert!(store.locate("a.sql").ends_with("/a.sql.xz") && store.locate("metadata").ends_with("/metadata"));
        store.remove("a.sql").unwrap();
        assert!(!store.has("a.sql") && store.has("metadata"));
    }
}
