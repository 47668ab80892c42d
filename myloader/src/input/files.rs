//! The files of a dump in their store: read through their layers, removed when they are restored.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use common::backup::file_name::{Content, DumpFile};
use common::backup::stored_files::StoredFiles;
use common::exit_codes;
use common::layers::command::CommandLayer;
use common::process::sync::lock;
use common::sql::{StatementError, StatementReader};
use common::store::verified::{Changed, OnChange, VerifiedReader};
use common::store::{self, Action, Store};

/// A file of definitions that is longer is read twice: none of its statements is run before all of it is verified. A
/// shorter one comes in one block.
const ONE_BLOCK: u64 = 64 << 10;

/// A file of the dump cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened, or its data cannot be decompressed.
    #[error("{0}; the file is missing or damaged")]
    Read(store::Error),
    /// It is not what was dumped.
    #[error("cannot restore {place}: {changed}; {ADVICE}")]
    Changed {
        /// The file.
        place: String,
        /// How it differs.
        changed: Changed,
    },
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
    Exit::Dump: Changed;
}

const ADVICE: &str = "get an undamaged copy of it, or restore it as it is with --ignore-file-checksums";

/// What the files have to be, as metadata says. A stream's are verified as they come.
#[derive(Debug, Default)]
pub struct Checksums {
    /// Of the files by their names.
    pub files: StoredFiles,
    /// Whether a file that differs is restored with a warning.
    pub ignored: bool,
    /// Of which files that was said.
    pub warned: Mutex<BTreeSet<String>>,
}

/// Where the files are.
#[derive(Debug, Clone)]
pub struct Files {
    /// Their store.
    pub store: Arc<dyn Store>,
    /// `--exec-per-thread`, which undoes what another command has done.
    pub command: Option<Arc<CommandLayer>>,
    /// Whether a file goes when it was restored.
    pub delete: bool,
    /// What they have to be.
    pub checksums: Arc<Checksums>,
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
        let (bytes, stored) = self.open_stored(file)?;
        let is_long = bytes > ONE_BLOCK && !matches!(file.content, Content::Rows(_));
        if is_long && self.is_verified(file) {
            self.verify(file)?;
        }
        file.layers.reader(bytes, self.command.as_deref(), stored).map_err(|source| self.read_error(file, source))
    }

    /// Whether metadata says what a file has to be.
    pub fn is_verified(&self, file: &DumpFile) -> bool {
        self.checksums.files.get(&file.to_string()).is_some()
    }

    /// Reads a file as it is stored to its end, so that a change shows.
    pub fn verify(&self, file: &DumpFile) -> Result<(), Error> {
        let (_, mut stored) = self.open_stored(file)?;
        io::copy(&mut stored, &mut io::sink()).map(drop).map_err(|source| self.read_error(file, source))
    }

    /// A file's length and bytes as they are stored.
    fn open_stored(&self, file: &DumpFile) -> Result<(u64, Box<dyn Read + Send>), Error> {
        let name = file.to_string();
        let opened = self.store.open(&name).map_err(Error::Read)?;
        let bytes = opened.bytes;
        let Some(stored) = self.checksums.files.get(&name) else { return Ok((bytes, opened.content)) };
        let reader = VerifiedReader::new(opened, stored, self.on_change(name));
        Ok((bytes, Box::new(reader.map_err(|source| self.read_error(file, source))?)))
    }

    fn on_change(&self, name: String) -> OnChange {
        if !self.checksums.ignored {
            return Box::new(|changed| Err(changed.into()));
        }
        let checksums = Arc::clone(&self.checksums);
        Box::new(move |changed| {
            if lock(&checksums.warned).insert(name.clone()) {
                tracing::warn!("{name}: {changed}; it is restored as it is (--ignore-file-checksums)");
            }
            Ok(())
        })
    }

    /// An error of reading an open file.
    pub fn read_error(&self, file: &DumpFile, source: io::Error) -> Error {
        match Changed::of(&source) {
            Some(changed) => Error::Changed { place: self.place(file), changed },
            None => Error::Read(self.store.error(Action::Read, &file.to_string(), source)),
        }
    }

    /// Opens a file to read its statements.
    pub fn statements(&self, file: &DumpFile) -> Result<StatementReader<Box<dyn Read + Send>>, Error> {
        Ok(StatementReader::new(self.open(file)?))
    }

    /// An error of reading a file's statements.
    pub fn statement_error(&self, file: &DumpFile, source: StatementError) -> Error {
        match source {
            StatementError::Read(source) if Changed::of(&source).is_some() => self.read_error(file, source),
            source => Error::Statement { place: self.place(file), source },
        }
    }

    /// Removes a file that was restored, if that is wanted.
    pub fn restored(&self, file: &DumpFile) -> Result<(), Error> {
        if self.delete { self.store.remove(&file.to_string()).map_err(Error::Remove) } else { Ok(()) }
    }
}
