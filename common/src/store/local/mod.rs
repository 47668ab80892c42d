//! A directory of this machine.
//!
//! Everything in it is for its owner alone: a dump holds all that a database holds.

mod direct_file;
mod private_dir;
pub mod regular_file;

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use crate::store::{Action, Entry, Error, NewFile, OpenFile, Store, Stored};
use direct_file::DirectFile;
use regular_file::open_regular;

/// What is appended to the name of a file that is being published. Of `metadata` it makes the name by which mydumper and
/// its tools know a dump that is not finished.
const UNPUBLISHED: &str = ".partial";

/// A directory as a store.
#[derive(Debug, Clone)]
pub struct LocalDirectory {
    path: PathBuf,
    purpose: Purpose,
    /// Whether the directory was made for this store.
    made: bool,
}

/// What the files are for.
#[derive(Debug, Clone, Copy)]
pub struct Purpose {
    /// Whether they stay. If so, [`Store::publish`] waits until all are on the disk.
    pub stay: bool,
    /// Whether each is read again soon after it was written, and should be in the page cache then.
    pub read_again: bool,
}

impl LocalDirectory {
    /// The directory at `path`, which need not be there.
    pub fn at(path: &Path) -> LocalDirectory {
        let purpose = Purpose { stay: true, read_again: false };
        LocalDirectory { path: path.to_owned(), purpose, made: false }
    }

    /// The directory at `path`. If it is not there, it is made with its parents.
    ///
    /// # Errors
    /// [`Action::Prepare`].
    pub fn prepare(path: &Path, purpose: Purpose) -> Result<LocalDirectory, Error> {
        match private_dir::make(path) {
            Ok(made) => Ok(LocalDirectory { path: path.to_owned(), purpose, made }),
            Err(source) => Err(Error { action: Action::Prepare, object: path.display().to_string(), source }),
        }
    }

    /// A new directory in the current one: `PREFIX-YYYYMMDD-HHMMSS`, with a number if that name is taken.
    ///
    /// # Errors
    /// [`Action::Prepare`].
    pub fn fresh(prefix: &str, purpose: Purpose) -> Result<LocalDirectory, Error> {
        let (path, result) = private_dir::make_fresh(prefix);
        match result {
            Ok(()) => Ok(LocalDirectory { path, purpose, made: true }),
            Err(source) => Err(Error { action: Action::Prepare, object: path.display().to_string(), source }),
        }
    }

    fn fail(&self, action: Action, name: &str) -> impl Fn(io::Error) -> Error {
        let object = self.locate(name);
        move |source| Error { action, object: object.clone(), source }
    }

    /// A file's path. Names come from journals and streams: one that leads out of the directory is refused.
    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let mut components = Path::new(name).components();
        match (components.next(), components.next()) {
            (Some(Component::Normal(only)), None) if only == name => Ok(self.path.join(only)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not the name of a file in this directory")),
        }
    }

    fn create_file(&self, name: &str) -> io::Result<LocalNewFile> {
        let path = self.path(name)?;
        // A file that is there was not written by this program.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let output = DirectFile::new(file, self.purpose.read_again);
        Ok(LocalNewFile { output: Some(output), remains: RemovedOnDrop(Some(path)), stored: Stored::default() })
    }

    fn publish_file(&self, name: &str, content: &[u8]) -> io::Result<Stored> {
        let unpublished = format!("{name}{UNPUBLISHED}");
        match fs::remove_file(self.path(&unpublished)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = self.create_file(&unpublished)?;
        file.write_all(content)?;
        let stored = Box::new(file).finish()?;
        let directory = File::open(&self.path)?;
        if self.purpose.stay {
            // One call for the file system is cheaper than one for each of many files.
            nix::unistd::syncfs(&directory)?;
        }
        fs::rename(self.path(&unpublished)?, self.path(name)?)?;
        if self.purpose.stay {
            directory.sync_all()?;
        }
        Ok(stored)
    }
}

impl fmt::Display for LocalDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

impl Store for LocalDirectory {
    fn list(&self) -> Result<Vec<Entry>, Error> {
        let error = |source| Error { action: Action::Read, object: self.to_string(), source };
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(error)? {
            let entry = entry.map_err(error)?;
            let bytes = match entry.metadata() {
                Ok(metadata) => metadata.len(),
                // Removed since the directory was read, as files are that were sent or restored.
                Err(source) if source.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(error(source)),
            };
            // A name that is not UTF-8 is shown in quotes, as which no file of a backup has one.
            let name = entry.file_name().into_string().unwrap_or_else(|name| format!("{name:?}"));
            entries.push(Entry { name, bytes });
        }
        Ok(entries)
    }

    fn length(&self, name: &str) -> Result<Option<u64>, Error> {
        match self.path(name).and_then(fs::symlink_metadata) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.fail(Action::Read, name)(source)),
        }
    }

    fn create(&self, name: &str) -> Result<Box<dyn NewFile>, Error> {
        Ok(Box::new(self.create_file(name).map_err(self.fail(Action::Write, name))?))
    }

    fn open(&self, name: &str) -> Result<OpenFile, Error> {
        let opened = self.path(name).and_then(|path| open_regular(&path)).and_then(|file| {
            let bytes = file.metadata()?.len();
            Ok(OpenFile { bytes, content: Box::new(file) })
        });
        opened.map_err(self.fail(Action::Read, name))
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.path(name).and_then(fs::remove_file).map_err(self.fail(Action::Remove, name))
    }

    fn publish(&self, name: &str, content: &[u8]) -> Result<Stored, Error> {
        self.publish_file(name, content).map_err(self.fail(Action::Write, name))
    }

    fn discard(&self) {
        if self.made && !self.purpose.stay {
            // Nothing more can be done about what cannot be removed.
            let _ = fs::remove_dir_all(&self.path);
        }
    }

    fn free_space(&self) -> Option<u64> {
        let stat = nix::sys::statvfs::statvfs(&self.path).ok()?;
        Some(stat.blocks_available() * stat.fragment_size())
    }

    fn locate(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }

    fn local_path(&self) -> Option<&Path> {
        Some(&self.path)
    }
}

/// A file of the directory while it is written.
struct LocalNewFile {
    output: Option<DirectFile>,
    remains: RemovedOnDrop,
    stored: Stored,
}

impl NewFile for LocalNewFile {
    fn finish(mut self: Box<Self>) -> io::Result<Stored> {
        self.output.take().map_or(Ok(()), DirectFile::finish)?;
        self.remains.0 = None;
        Ok(self.stored)
    }
}

impl Write for LocalNewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(output) = &mut self.output else { return Ok(0) };
        let written = output.write(bytes)?;
        self.stored.add(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The path of a file that goes with this value.
struct RemovedOnDrop(Option<PathBuf>);

impl Drop for RemovedOnDrop {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // What made the file useless matters more than that it stays.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests;
