//! Where a backup lives: files by their names, in one place.
//!
//! A backup is whole once its metadata is there, so [`Store::publish`] puts that last, when all other files are safe. Until
//! then nobody may rely on a file: a process that is killed may leave a part of one.
//!
//! The programs hold a store as `dyn Store`, since the command line decides which one it is: a call through it costs
//! nothing beside the system call or request behind it. Writers and readers are boxed once for each file, and take
//! blocks of 64 KiB and more.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::io::read_some;
use crate::process::exit::{Exit, Failure};
use crate::process::stop::Stop;

pub mod local;
pub mod verified;
pub mod with_extension;

/// A place with files. Its `Display` is the place, as messages name it.
pub trait Store: fmt::Debug + fmt::Display + Send + Sync {
    /// All files, those of others included, in no order.
    ///
    /// # Errors
    /// [`Action::Read`]; also when the place is not there.
    fn list(&self) -> Result<Vec<Entry>, Error>;

    /// A file's length in bytes, `None` if it is not there.
    ///
    /// # Errors
    /// [`Action::Read`].
    fn length(&self, name: &str) -> Result<Option<u64>, Error>;

    /// Begins a new file, which nobody else but its owner can read.
    ///
    /// # Errors
    /// [`Action::Write`], also when a file of this name is there.
    fn create(&self, name: &str) -> Result<Box<dyn NewFile>, Error>;

    /// Opens a file to read it from its beginning.
    ///
    /// # Errors
    /// [`Action::Read`]; also when it is a link, pipe or device.
    fn open(&self, name: &str) -> Result<OpenFile, Error>;

    /// Removes a file.
    ///
    /// # Errors
    /// [`Action::Remove`], also when it is not there.
    fn remove(&self, name: &str) -> Result<(), Error>;

    /// Stores `content` as the file that makes the backup whole. It appears with all its bytes or not at all, and, if the
    /// backup is to stay, not before every other file would survive the loss of power.
    ///
    /// # Errors
    /// [`Action::Write`].
    fn publish(&self, name: &str, content: &[u8]) -> Result<Stored, Error>;

    /// Removes the place with all that is in it, if this store made it and its files were not to stay.
    fn discard(&self);

    /// Bytes that may still be written; `None` if there is no limit, or it is not known.
    fn free_space(&self) -> Option<u64>;

    /// A file's place, as messages name it.
    fn locate(&self, name: &str) -> String;

    /// What the stored files' names end with, beyond the names that this store takes and gives: that of a command that they
    /// go through. Those of metadata and journals do not.
    fn extension(&self) -> &str {
        ""
    }

    /// The name of a file as it is stored.
    fn stored_name(&self, name: &str) -> String {
        name.to_owned()
    }

    /// The name of a file that is stored under another; `None` if that has not the extension that it should have.
    fn name_of_stored(&self, stored: &str) -> Option<String> {
        Some(stored.to_owned())
    }

    /// The local directory that the files are in. It is for journals, which stay local, and for
    /// commands that take a path, and for nothing else.
    fn local_path(&self) -> Option<&Path>;
}

impl dyn Store + '_ {
    /// Whether a file is there, as far as that can be found out.
    pub fn has(&self, name: &str) -> bool {
        matches!(self.length(name), Ok(Some(_)))
    }

    /// Reads a file to its end, for its length and checksum.
    ///
    /// # Errors
    /// [`Action::Read`]; also when the program is being stopped.
    pub fn checksum(&self, name: &str, stop: &Stop) -> Result<Stored, Error> {
        let mut file = self.open(name)?;
        let (mut block, mut found) = (vec![0; 1 << 20], Stored::default());
        loop {
            let read = stop.check().map_err(io::Error::other).and_then(|()| read_some(&mut file, &mut block));
            match read.map_err(|source| self.error(Action::Read, name, source))? {
                0 => return Ok(found),
                read => found.add(&block[..read]),
            }
        }
    }

    /// Replaces a file: one of the same name is removed first. It is not written into, since it may be a link to
    /// something else, or readable by others.
    ///
    /// # Errors
    /// As [`Store::remove`] and [`Store::create`].
    pub fn replace(&self, name: &str) -> Result<Box<dyn NewFile>, Error> {
        match self.remove(name) {
            Err(error) if error.source.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.create(name),
        }
    }

    /// What went wrong with a file after it was opened or created.
    pub fn error(&self, action: Action, name: &str, source: io::Error) -> Error {
        Error { action, object: self.locate(name), source }
    }
}

/// A file of a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
}

/// A file while it is written. Dropped before [`NewFile::finish`], it leaves nothing.
pub trait NewFile: Write + Send {
    /// Writes what is left. The file is whole afterwards.
    ///
    /// # Errors
    /// Those of writing; nothing is left of the file then.
    fn finish(self: Box<Self>) -> io::Result<Stored>;
}

/// What was stored as a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Its length.
    pub bytes: u64,
    /// CRC-32C of its bytes.
    pub crc32c: u32,
}

impl Stored {
    /// Adds bytes at the end.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
    }
}

/// A file while it is read.
pub struct OpenFile {
    /// Its length when it was opened.
    pub bytes: u64,
    /// Its content.
    pub content: Box<dyn Read + Send>,
}

impl Read for OpenFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer)
    }
}

/// What failed, on which file or place.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {object}: {source}")]
pub struct Error {
    /// What was tried.
    pub action: Action,
    /// The file or the whole place, as [`Store::locate`] names it.
    pub object: String,
    /// The system's or the store's answer.
    pub source: io::Error,
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self.action {
            Action::Read => Exit::of_reading(&self.source),
            Action::Prepare | Action::Write | Action::Remove => Exit::Local,
        }
    }
}

/// What a store was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To make the place.
    Prepare,
    /// To read a file, or to list them.
    Read,
    /// To write a file.
    Write,
    /// To remove a file.
    Remove,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Prepare => "create the directory",
            Action::Read => "read",
            Action::Write => "write",
            Action::Remove => "remove",
        })
    }
}
