//! The directory that a dump is written into.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::backup::extension::{is_of_dump, with_extension};
use common::backup::file_name::{DumpFile, NOT_UPDATED_TABLES};
use common::backup::metadata::escape;
use common::journal::{DUMP_JOURNAL, JournalError, check_free};
use common::process::exit::{Exit, Failure};
use common::store::local::{LocalDirectory, Purpose};
use common::store::{self, Entry, Store};

use crate::config::{ExistingFiles, Output};
use crate::output::earlier_phases::EarlierPhases;

/// The directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It holds something already.
    #[error(
        "the output directory {} is not empty ({found} is in it): choose another, or --clear to remove an earlier dump \
         from it, or --dirty to write into it anyway",
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
        "a dump into {} was interrupted: --resume continues it, --clear removes it, or choose another directory",
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
        "{place} has {found} files of the dump, but {written} were written: somebody else removed or added some meanwhile; the \
         dump is not complete: dump again into a directory that nobody else changes"
    )]
    Changed {
        /// The directory.
        place: String,
        /// Files that are there.
        found: u64,
        /// Files that were written.
        written: u64,
    },
    /// `--clear` found what is no file of a dump.
    #[error("--clear removes only the files of a dump, and {found} in {} is not one: remove it, or choose another directory", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// The file.
        found: String,
    },
    /// What `--dirty` would add to cannot be added to.
    #[error("--dirty: cannot add to the dump of {place}: {why}; dump into another directory")]
    Earlier {
        /// Its metadata.
        place: String,
        /// Why not.
        why: String,
    },
    /// `--merge` found no finished dump.
    #[error("--merge: {} has no finished dump to add to: leave --merge out, or give the directory of one", path.display())]
    NothingToMerge {
        /// The directory.
        path: PathBuf,
    },
    /// A file of an earlier dump has objects that this one would not write again.
    #[error(
        "--dirty: the dump in {place} has routines or events of database {database}, in one file that this dump would \
         replace: give both --routines and --events, or neither"
    )]
    WouldLose {
        /// The directory.
        place: String,
        /// The database.
        database: String,
    },
    /// The system refused.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        Exit::Local
    }
}

/// The directory, ready to be written into.
#[derive(Debug)]
pub struct OutputDirectory {
    store: Arc<dyn Store>,
    /// Its files are only made to be sent, and all that there are were made by this program.
    emptied_at_the_end: bool,
}

/// Earlier dumps that this one adds to.
///
/// # Errors
/// When their metadata cannot be read or understood.
pub fn earlier_phases(output: &Output, streamed: bool) -> Result<Option<EarlierPhases>, Error> {
    match &output.directory {
        // A stream has no room for what another dump has said.
        Some(path) if output.existing == ExistingFiles::Keep && !streamed => match EarlierPhases::read(&*at(path))? {
            None if output.merges => Err(Error::NothingToMerge { path: path.clone() }),
            earlier => Ok(earlier),
        },
        _ => Ok(None),
    }
}

/// The directory of this name as it is, to be looked into before anything is changed.
pub fn at(path: &Path) -> Arc<dyn Store> {
    Arc::new(LocalDirectory::at(path))
}

/// The same with the files of a dump that has the options of this one.
pub fn of_dump(path: &Path, output: &Output) -> Arc<dyn Store> {
    with_extension(at(path), output.extension.as_deref())
}

impl OutputDirectory {
    /// Checks a directory that was asked for, before any work is done. Nothing is changed.
    pub fn check(output: &Output) -> Result<(), Error> {
        let Some(path) = &output.directory else { return Ok(()) };
        let journal = path.join(DUMP_JOURNAL);
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
        for name in names_in(&*at(path))? {
            let is_of_dump = is_of_dump(&name, output.extension.as_deref()) || name == DUMP_JOURNAL;
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
    pub fn prepare(
        output: &Output,
        purpose: Purpose,
        earlier: Option<&EarlierPhases>,
    ) -> Result<OutputDirectory, Error> {
        let Some(path) = &output.directory else {
            let store =
                with_extension(Arc::new(LocalDirectory::fresh("export", purpose)?), output.extension.as_deref());
            return Ok(OutputDirectory { store, emptied_at_the_end: false });
        };
        OutputDirectory::check(output)?;
        let store: Arc<dyn Store> = Arc::new(LocalDirectory::prepare(path, purpose)?);
        match output.existing {
            ExistingFiles::Refuse | ExistingFiles::Resume => {}
            ExistingFiles::Clear => {
                for name in names_in(&*store)? {
                    store.remove(&name)?;
                }
            }
            ExistingFiles::Keep => {
                if let Some(earlier) = earlier {
                    earlier.keep(&*store)?;
                }
                // The old metadata would make a new dump that is cut off look whole, and the old journal that of another.
                for name in ["metadata", DUMP_JOURNAL] {
                    if store.has(name) {
                        store.remove(name)?;
                    }
                }
            }
        }
        let emptied_at_the_end = !purpose.stay && output.existing != ExistingFiles::Keep;
        Ok(OutputDirectory { store: with_extension(store, output.extension.as_deref()), emptied_at_the_end })
    }

    /// Where its files are.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Writes which tables `--updated-since` has left out, beside the dump.
    pub fn write_not_updated(&self, names: &[String]) -> Result<(), Error> {
        let text: String = names.iter().map(|name| format!("{}\n", escape(name))).collect();
        let mut file = self.store.replace(NOT_UPDATED_TABLES)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.finish());
        written.map_err(|source| self.store.error(store::Action::Write, NOT_UPDATED_TABLES, source))?;
        Ok(())
    }

    /// Sees that there are as many files of a dump, but for metadata, as were written.
    pub fn check_complete(&self, written: u64) -> Result<(), Error> {
        let is_of_dump =
            |entry: &Entry| DumpFile::from_name(&entry.name).is_some_and(|file| !file.content.is_metadata());
        let found = self.store.list()?.iter().filter(|entry| is_of_dump(entry)).count() as u64;
        let place = || self.store.to_string();
        if found == written { Ok(()) } else { Err(Error::Changed { place: place(), found, written }) }
    }
}

impl Drop for OutputDirectory {
    fn drop(&mut self) {
        // Sent files are gone already; after a failure there are some that were not.
        if self.emptied_at_the_end {
            for name in names_in(&*self.store).unwrap_or_default() {
                if DumpFile::from_name(&name).is_some() {
                    let _ = self.store.remove(&name);
                }
            }
        }
        self.store.discard();
    }
}

/// The names of all files, sorted; none where there is no directory yet.
fn names_in(store: &dyn Store) -> Result<Vec<String>, Error> {
    let entries = match store.list() {
        Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        entries => entries?,
    };
    let mut names: Vec<String> = entries.into_iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    Ok(names)
}
