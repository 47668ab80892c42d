//! A folder for one test.

use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A temporary folder, removed when dropped.
#[derive(Debug)]
pub struct WorkDir(TempDir);

impl WorkDir {
    /// A new, empty folder.
    #[allow(clippy::new_without_default, reason = "a default that makes a folder would surprise")]
    pub fn new() -> WorkDir {
        WorkDir(tempfile::Builder::new().prefix("mydumper-rs-test-").tempdir().unwrap())
    }

    /// A new folder with copies of the files in another one.
    pub fn copy_of(folder: &Path) -> WorkDir {
        let copy = WorkDir::new();
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        copy
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The names of the files and folders directly in it, sorted.
    pub fn list(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// A file's bytes.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}; here are {:?}", self.list()))
    }

    /// A file's text, which must be UTF-8.
    pub fn read_text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), bytes).unwrap();
    }
}
