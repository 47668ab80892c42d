//! The directory that a dump is written into.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use common::backup::file_name::DumpFile;
use common::journal::{JournalError, check_free};
use common::process::exit::{Exit, Failure};
use common::store::local::private_dir::PrivateDir;

use crate::config::{ExistingFiles, Output};

/// The name of the journal of a dump that is not finished.
pub const JOURNAL: &str = "mydumper.journal";

/// The directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It holds something already.
    #[error(
        "the output directory {} is not empty ({found} is in it): choose another, or --clear to remove an earlier dump \
         from it, or --dirty to write into it all the same",
        path.display()
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
        /// One of the files in it.
        found: String,
    },
    /// It holds what is left of a dump.
    #[error(
        "a dump into {} was interrupted: --resume goes on with it, --clear removes it, or choose another directory",
        path.display()
    )]
    Interrupted {
        /// The directory.
        path: PathBuf,
    },
    /// A dump is being written into it.
    #[error(transparent)]
    InUse(JournalError),
    /// Somebody else has removed or added files.
    #[error(
        "{} has {found} files of the dump, but {written} were written: somebody else removed or added some meanwhile; the \
         dump is not complete, dump anew into a directory that nobody else changes", path.display()
    )]
    Changed {
        /// The directory.
        path: PathBuf,
        /// Files that are there.
        found: u64,
        /// Files that were written.
        written: u64,
    },
    /// `--clear` found what is no file of a dump.
    #[error("--clear removes files of a dump only, and {found} in {} is none: remove it, or choose another directory", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// The file.
        found: String,
    },
    /// The system refused.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        Exit::Local
    }
}

/// The directory, ready to be written into.
#[derive(Debug)]
pub struct OutputDirectory {
    directory: PrivateDir,
    /// Its files are only made to be sent, and all that there are were made by this program.
    emptied_at_the_end: bool,
}

impl OutputDirectory {
    /// Checks a directory that was asked for, before any work is done. Nothing is changed.
    pub fn check(output: &Output) -> Result<(), Error> {
        let Some(path) = &output.directory else { return Ok(()) };
        let journal = path.join(JOURNAL);
        match output.existing {
            ExistingFiles::Resume => return Ok(()),
            ExistingFiles::Refuse if journal.exists() => return Err(Error::Interrupted { path: path.clone() }),
            ExistingFiles::Refuse => {}
            // Not while somebody else writes the dump.
            ExistingFiles::Clear | ExistingFiles::Keep => check_free(&journal).map_err(Error::InUse)?,
        }
        if output.existing == ExistingFiles::Keep {
            return Ok(());
        }
        for name in names_in(path)? {
            let is_of_dump = DumpFile::from_name(&name).is_some() || name == JOURNAL;
            match output.existing {
                ExistingFiles::Refuse => {
                    return Err(Error::NotEmpty { path: path.clone(), found: name.escape_debug().to_string() });
                }
                ExistingFiles::Clear if !is_of_dump => {
                    return Err(Error::Foreign { path: path.clone(), found: name.escape_debug().to_string() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes the directory, for its owner alone, or clears it. Without a name it is `export-YYYYMMDD-HHMMSS`.
    pub fn prepare(output: &Output, keep: bool) -> Result<OutputDirectory, Error> {
        let error = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { what: "create the output directory", path, source }
        };
        let Some(path) = &output.directory else {
            let fresh = PrivateDir::fresh("export", !keep);
            return fresh
                .map(|directory| OutputDirectory { directory, emptied_at_the_end: false })
                .map_err(error(Path::new("export-YYYYMMDD-HHMMSS")));
        };
        OutputDirectory::check(output)?;
        let directory = PrivateDir::named(path, !keep).map_err(error(path))?;
        match output.existing {
            ExistingFiles::Refuse | ExistingFiles::Resume => {}
            ExistingFiles::Clear => {
                for name in names_in(path)? {
                    remove(&path.join(name))?;
                }
            }
            ExistingFiles::Keep => {
                // The old metadata would make a new dump that is cut off look whole, and the old journal that of another.
                for name in ["metadata", JOURNAL].map(|name| path.join(name)) {
                    if name.exists() {
                        remove(&name)?;
                    }
                }
            }
        }
        let emptied_at_the_end = !keep && output.existing != ExistingFiles::Keep;
        Ok(OutputDirectory { directory, emptied_at_the_end })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Sees that there are as many files of a dump, but for metadata, as were written.
    pub fn check_complete(&self, written: u64) -> Result<(), Error> {
        let is_of_dump = |name: &str| DumpFile::from_name(name).is_some_and(|file| !file.content.is_metadata());
        let mut found = 0;
        each_name(self.path(), |name| found += u64::from(is_of_dump(&name)))?;
        if found == written { Ok(()) } else { Err(Error::Changed { path: self.path().to_owned(), found, written }) }
    }

    /// Gives a file another name; if `durably`, not before all files of the dump are on the disk.
    pub fn rename(&self, from: &str, to: &str, durably: bool) -> Result<(), Error> {
        let error = |what| move |source| Error::Io { what, path: self.path().join(to), source };
        let directory = File::open(self.path()).map_err(error("open the directory of"))?;
        if durably {
            // One call for the file system is cheaper than one for each of many files.
            nix::unistd::syncfs(&directory).map_err(|errno| error("write to disk before")(errno.into()))?;
        }
        fs::rename(self.path().join(from), self.path().join(to)).map_err(error("rename to"))?;
        if durably { directory.sync_all().map_err(error("write to disk")) } else { Ok(()) }
    }
}

impl Drop for OutputDirectory {
    fn drop(&mut self) {
        // Sent files are gone already; after a failure there are some that were not.
        if self.emptied_at_the_end {
            for name in names_in(self.path()).unwrap_or_default() {
                if DumpFile::from_name(&name).is_some() {
                    let _ = remove(&self.path().join(name));
                }
            }
        }
    }
}

fn names_in(path: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    match each_name(path, |name| names.push(name)) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        result => result?,
    }
    names.sort();
    Ok(names)
}

fn each_name(path: &Path, mut take: impl FnMut(String)) -> Result<(), Error> {
    let error = |source| Error::Io { what: "read the output directory", path: path.to_owned(), source };
    for entry in fs::read_dir(path).map_err(error)? {
        take(entry.map_err(error)?.file_name().to_string_lossy().into_owned());
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), Error> {
    fs::remove_file(path).map_err(|source| Error::Io { what: "remove", path: path.to_owned(), source })
}
