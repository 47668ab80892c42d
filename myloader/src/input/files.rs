//! The files of a dump in their store: read through their layers, removed when they are restored.

use std::io::{self, Read};
use std::sync::Arc;

use common::backup::file_name::DumpFile;
use common::exit_codes;
use common::sql::{StatementError, StatementReader};
use common::store::{self, Action, Store};

/// A file of the dump cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened, or its data cannot be decompressed.
    #[error("{0}; the file is missing or damaged")]
    Read(store::Error),
    /// It has no proper end.
    #[error("cannot restore {place}: {source}")]
    Statement {
        /// The file.
        place: String,
        /// What is wrong.
        source: StatementError,
    },
    /// It is not where it should be removed from.
    #[error("cannot remove {} after it was restored: {}", .0.object, .0.source)]
    Remove(store::Error),
}

exit_codes! { Error:
    of source: Read, Remove, Statement.source;
}

/// Where the files are.
#[derive(Debug, Clone)]
pub struct Files {
    /// Their store.
    pub store: Arc<dyn Store>,
    /// Whether a file goes when it was restored.
    pub delete: bool,
}

impl Files {
    /// A file's place, as messages name it.
    pub fn place(&self, file: &DumpFile) -> String {
        self.store.locate(&file.to_string())
    }

    /// The length of a file as it is stored; `None` if it is not there, about which its reader will have more to say.
    pub fn length(&self, file: &DumpFile) -> Option<u64> {
        self.store.length(&file.to_string()).ok().flatten()
    }

    /// Whether loading a file again costs less than a note of it on the disk.
    pub fn is_small(&self, file: &DumpFile) -> bool {
        const SMALL: u64 = 1 << 20;
        self.length(file).is_some_and(|length| length < SMALL)
    }

    /// Whether a file is there.
    pub fn has(&self, file: &DumpFile) -> bool {
        self.store.has(&file.to_string())
    }

    /// Opens a file to read its content.
    pub fn open(&self, file: &DumpFile) -> Result<Box<dyn Read + Send>, Error> {
        let stored = self.store.open(&file.to_string()).map_err(Error::Read)?;
        file.layers.reader(stored.bytes, stored.content).map_err(|source| self.read_error(file, source))
    }

    /// An error of reading an open file.
    pub fn read_error(&self, file: &DumpFile, source: io::Error) -> Error {
        Error::Read(self.store.error(Action::Read, &file.to_string(), source))
    }

    /// Opens a file to read its statements.
    pub fn statements(&self, file: &DumpFile) -> Result<StatementReader<Box<dyn Read + Send>>, Error> {
        Ok(StatementReader::new(self.open(file)?))
    }

    /// An error of reading a file's statements.
    pub fn statement_error(&self, file: &DumpFile, source: StatementError) -> Error {
        Error::Statement { place: self.place(file), source }
    }

    /// Removes a file that was restored, if that is wanted.
    pub fn restored(&self, file: &DumpFile) -> Result<(), Error> {
        if self.delete { self.store.remove(&file.to_string()).map_err(Error::Remove) } else { Ok(()) }
    }
}
