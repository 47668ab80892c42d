//! The journal as workers use it: they write what they do, and ask what an earlier run has done.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use common::journal::{Journal as JournalFile, JournalError, LOAD_JOURNAL_PREFIX};
use common::process::sync::lock;
use common::sql::name::QualifiedName;

use super::error::Error;
use super::identity::Identity;
use super::names::table_name;
use super::record::{AccountOutcome, Record};
use super::state::{DatabaseBefore, FileProgress, RestoreProgress, Run, TableProgress};

/// All workers share it.
#[derive(Default)]
pub struct Journal {
    writer: Mutex<Writer>,
    state: Mutex<RestoreProgress>,
    resumes: bool,
}

#[derive(Default)]
enum Writer {
    /// The restore has no journal.
    #[default]
    None,
    /// Nothing was changed on the server yet, so there is nothing to resume: records wait.
    Waiting {
        path: PathBuf,
        records: Vec<Record>,
        /// The journal that this one will replace, locked.
        earlier: Option<JournalFile>,
    },
    /// It is there.
    Open(JournalFile),
}

impl Journal {
    /// For a restore from the start. An existing journal stays until this restore changes something. `is_ours` says that
    /// nothing but a journal has such a name.
    ///
    /// # Errors
    /// When another program uses the existing one, or it is not a journal.
    pub fn new(path: PathBuf, is_ours: bool, identity: &Identity) -> Result<Journal, Error> {
        let earlier = match JournalFile::open::<serde_json::Value>(&path) {
            Ok((earlier, records)) => {
                if records.len() > 1 {
                    tracing::warn!(
                        "{} is from an earlier restore that did not finish: --resume would continue it, this run \
                         starts over",
                        path.display()
                    );
                }
                Some(earlier)
            }
            Err(error @ JournalError::InUse { .. }) => return Err(error.into()),
            Err(source) if !is_ours && path.symlink_metadata().is_ok() => {
                return Err(Error::NotAJournal { path, source });
            }
            Err(_) => None,
        };
        let records = identity.records();
        Ok(Journal { writer: Mutex::new(Writer::Waiting { path, records, earlier }), ..Journal::default() })
    }

    /// Resumes a restore.
    ///
    /// # Errors
    /// When there is none, or it belongs to a different restore.
    pub fn resume(path: &Path, identity: &Identity) -> Result<Journal, Error> {
        if !path.exists() {
            return Err(Error::NotThere { path: path.to_owned(), others: others(path) });
        }
        let (file, records) = JournalFile::open::<Record>(path)?;
        let mut state = RestoreProgress::default();
        records.into_iter().for_each(|record| state.add(record));
        let differences = identity.differences(&state);
        if !differences.is_empty() {
            return Err(Error::Other { path: path.to_owned(), differences });
        }
        Ok(Journal { writer: Mutex::new(Writer::Open(file)), state: Mutex::new(state), resumes: true })
    }

    /// A run begins.
    pub fn add_run(&self, run: Run) -> Result<(), Error> {
        let Run { locks, workers, server_started, connection } = run;
        self.write_and_wait(Record::Run { locks, workers, server_started, connection })
    }

    /// To be called before anything is changed on the server: the journal is created now.
    pub fn begin(&self) -> Result<(), Error> {
        let mut writer = self.writer();
        let Writer::Waiting { path, records, earlier } = &mut *writer else { return Ok(()) };
        if path.exists() {
            fs::remove_file(&path).map_err(|source| JournalError::Io {
                what: "replace",
                path: path.clone(),
                source,
            })?;
        }
        let mut file = match JournalFile::create(path) {
            Ok(file) => file,
            Err(error) => {
                tracing::warn!(
                    "{error}: if this restore is interrupted, it cannot be resumed (choose another place for its journal with \
                     --journal)"
                );
                *writer = Writer::None;
                return Ok(());
            }
        };
        drop(earlier.take());
        for record in records.drain(..) {
            file.append(&record)?;
        }
        file.sync()?;
        *writer = Writer::Open(file);
        Ok(())
    }

    /// A setting of the server is about to be changed for the time of the restore.
    pub fn will_change(&self, record: Record) -> Result<(), Error> {
        self.begin()?;
        self.write_and_wait(record)
    }

    /// Whether records are written to a file.
    pub fn is_open(&self) -> bool {
        matches!(*self.writer(), Writer::Open(_))
    }

    /// Whether an earlier run is resumed.
    pub fn resumes(&self) -> bool {
        self.resumes
    }

    /// Writes what was done.
    pub fn write(&self, record: Record) -> Result<(), Error> {
        match &mut *self.writer() {
            Writer::None => {}
            Writer::Waiting { records, .. } => records.push(record),
            Writer::Open(file) => file.append(&record)?,
        }
        Ok(())
    }

    /// Writes a record, and waits until it is on the disk.
    pub fn write_and_wait(&self, record: Record) -> Result<(), Error> {
        self.write(record)?;
        self.wait()
    }

    /// Waits until all that was written is on the disk.
    pub fn wait(&self) -> Result<(), Error> {
        match &*self.writer() {
            Writer::Open(file) => Ok(file.sync()?),
            _ => Ok(()),
        }
    }

    /// Whether the job was done by an earlier run.
    pub fn is_done(&self, job: &str) -> bool {
        self.resumes && self.state().done.contains(job)
    }

    /// What a database had before the restore began, if an earlier run has looked.
    pub fn before(&self, database: &str) -> Option<DatabaseBefore> {
        self.state().databases.get(database).cloned()
    }

    /// Whether a table of this name had triggers before the restore began.
    pub fn had_triggers(&self, database: &str, table: &str) -> bool {
        self.state().databases.get(database).is_some_and(|before| before.with_triggers.iter().any(|had| had == table))
    }

    /// How far an earlier run has come with a table.
    pub fn table(&self, table: &QualifiedName) -> Option<TableProgress> {
        self.resumes.then(|| self.state().tables.get(&table_name(table)).cloned())?
    }

    /// How far an earlier run has come with a file of rows.
    pub fn file(&self, file: &str) -> Option<FileProgress> {
        self.resumes.then(|| self.state().files.get(file).cloned())?
    }

    /// The outcome of a statement of the accounts' file.
    pub fn account(&self, line: u64) -> Option<AccountOutcome> {
        self.state().accounts.get(&line).cloned()
    }

    /// Writes what was found out about an earlier run's work, so that it counts from now on.
    pub fn correct(&self, record: Record) -> Result<(), Error> {
        self.write_and_wait(record.clone())?;
        self.state().add(record);
        Ok(())
    }

    /// How far an earlier run came.
    pub fn state(&self) -> MutexGuard<'_, RestoreProgress> {
        lock(&self.state)
    }

    /// Removes the journal: everything is restored.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn finish(&self) -> Result<(), Error> {
        let mut writer = self.writer();
        let path = match &*writer {
            Writer::Open(file) => file.path().to_owned(),
            _ => return Ok(()),
        };
        fs::remove_file(&path).map_err(|source| Error::Remove { path, source })?;
        *writer = Writer::None;
        Ok(())
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        lock(&self.writer)
    }
}

/// Journals of other servers and databases beside this one.
fn others(path: &Path) -> String {
    let Some(directory) = path.parent() else { return String::new() };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(LOAD_JOURNAL_PREFIX))
        .collect();
    names.sort();
    if names.is_empty() { String::new() } else { format!(" (journals of other restores: {})", names.join(", ")) }
}
