//! Resuming an interrupted dump, `--resume`.
//!
//! While a dump into a directory runs, its journal says which chunks were split off which table and whose rows are in
//! their files. A later run keeps those, if the server proves that its data is the same ([`same_data`]), the options are
//! ([`fingerprint`]), and each file is as it was written. Definitions are dumped again: they are small, and some change
//! with rows.
//!
//! Nothing is changed in the directory before all of that is known.

mod completed;
mod files;
mod fingerprint;
mod journal;
mod record;
mod same_data;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use common::backup::metadata::Guarantee;
use common::backup::selection::SYSTEM_DATABASES;
use common::exit_codes;
use common::journal::{DUMP_JOURNAL as JOURNAL, Journal, JournalError};
use common::observe::logging::SUMMARY;
use common::observe::wording::count;
use common::process::exit::Exit;
use common::process::stop::{Stop, Stopped};
use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::store::{self, Store};

use crate::catalog::{Catalog, Table, TableKind};
use crate::config::Config;
use crate::consistency::ConsistencyPoint;
use crate::consistency::coordinates;

pub use completed::{Completed, Mismatch, TableProgress};
pub use journal::{Done, DumpJournal};
pub use record::{Begun, Record, TableId};
#[cfg(test)]
pub use record::{DoneChunk, Part, SplitChunk, key_name};
use same_data::{Source, Unproved};

/// A dump is not resumed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be.
    #[error(
        "cannot resume the dump in {place}: {reason}; nothing was changed there: start a new dump in another directory, or \
         with --clear"
    )]
    Refused {
        /// Where it is.
        place: String,
        /// Why.
        reason: Box<Reason>,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file of the dump.
    #[error(transparent)]
    File(#[from] store::Error),
    /// A query.
    #[error("cannot check whether the data has changed: {0}")]
    Server(#[from] ServerError),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

exit_codes! { Error:
    of source: Journal, Server, Stopped;
    by Reason::exit: Refused.reason;
    Exit::Local: File;
}

/// Why a dump cannot be resumed.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// There is nothing to do.
    #[error("it is already complete")]
    Finished,
    /// Nothing says how far it got.
    #[error("there is no {JOURNAL}, which an interrupted dump leaves")]
    NoJournal,
    /// It was interrupted before its first record.
    #[error("its {JOURNAL} has no complete record, so nothing says how far it got")]
    EmptyJournal,
    /// Another program wrote it.
    #[error("it was started by mydumper {0}, and this is {own}", own = env!("CARGO_PKG_VERSION"))]
    Version(String),
    /// Other options.
    #[error("the options differ from those it was started with: {}", .0.join(", "))]
    Options(Vec<String>),
    /// The data.
    #[error(transparent)]
    Source(#[from] Unproved),
    /// A table.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

impl Reason {
    fn exit(&self) -> Exit {
        match self {
            Reason::Mismatch(Mismatch::Journal(_)) => Exit::Dump,
            _ => Exit::Failed,
        }
    }
}

/// What an interrupted dump has left to this run, and what this one leaves to the next.
pub struct History {
    /// Where to note what is done; `None` when a later run could not resume this dump.
    pub journal: Option<DumpJournal>,
    /// What is done already.
    pub completed: Completed,
    /// When the dump was begun, as metadata has it.
    pub started: String,
}

/// What a dump says of itself in its journal's first line.
///
/// # Errors
/// When a query fails.
pub fn begin(
    config: &Config,
    connection: &mut Connection,
    server: &Server,
    point: &ConsistencyPoint,
    started: &str,
) -> Result<Begun, ServerError> {
    Ok(Begun {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: started.to_owned(),
        options: fingerprint::of(config),
        source: Source::read(connection, server, point.coordinates.as_ref(), point.guarantee, !config.utc)?,
    })
}

/// Whether a later run could prove that the data have not changed, if they do not: what would be in its way is there now.
pub fn could_be_resumed(begun: &Begun, catalog: &Catalog) -> bool {
    let has_system_database =
        catalog.databases.iter().any(|database| SYSTEM_DATABASES.contains(&database.name.as_str()));
    !has_system_database && begun.source.proves_same_data_as(&begun.source, &[]).is_ok()
}

/// An interrupted dump.
pub struct Interrupted {
    store: Arc<dyn Store>,
    journal: Journal,
    begun: Begun,
    completed: Completed,
    /// Chunks with a missing or changed file.
    lost: Vec<(TableId, u64)>,
}

impl Interrupted {
    /// Reads what the directory says. Nothing is changed in it.
    ///
    /// # Errors
    /// When it cannot be resumed.
    pub fn open(store: Arc<dyn Store>, config: &Config) -> Result<Interrupted, Error> {
        let place = store.to_string();
        let refused = |reason| Error::Refused { place: place.clone(), reason: Box::new(reason) };
        if store.has("metadata") {
            return Err(refused(Reason::Finished));
        }
        let path = store.local_path().map(|directory| directory.join(JOURNAL)).filter(|path| path.exists());
        let Some(path) = path else { return Err(refused(Reason::NoJournal)) };
        let (journal, records) = Journal::open::<Record>(&path)?;
        let mut records = records.into_iter();
        let Some(Record::Begun(begun)) = records.next() else { return Err(refused(Reason::EmptyJournal)) };
        if begun.version != env!("CARGO_PKG_VERSION") {
            return Err(refused(Reason::Version(begun.version)));
        }
        let differences = fingerprint::differences(&begun.options, &fingerprint::of(config));
        if !differences.is_empty() {
            return Err(refused(Reason::Options(differences)));
        }
        let mut completed = Completed::default();
        for record in records {
            completed.add(record).map_err(|mismatch| refused(mismatch.into()))?;
        }
        Ok(Interrupted { store, journal, begun: *begun, completed, lost: Vec::new() })
    }

    fn refused(&self, reason: impl Into<Reason>) -> Error {
        Error::Refused { place: self.store.to_string(), reason: Box::new(reason.into()) }
    }

    /// Checks the data before any lock is taken and any file read. Only a difference is certain, since the data may still
    /// change.
    ///
    /// # Errors
    /// When the data are not the same.
    pub fn look(&self, connection: &mut Connection, server: &Server, config: &Config) -> Result<(), Error> {
        let coordinates = match coordinates::coordinates(connection, server) {
            Ok(coordinates) => coordinates,
            Err(error) if error.is_denied() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let now = Source::read(connection, server, coordinates.as_ref(), Guarantee::PointInTime, !config.utc)?;
        now.proves_same_data_as(&self.begun.source, &[]).map_err(|reason| self.refused(reason))
    }

    /// Reads all files that would be kept. Chunks with a missing or changed file are dumped again.
    pub fn check_files(&mut self, threads: usize, stop: &Stop) -> Result<(), Error> {
        for (chunk, why) in files::damaged(&*self.store, self.completed.done(), threads, stop)? {
            tracing::warn!("{why}: dumping {} chunk {} again", chunk.table.name, chunk.number);
            self.lost.push((chunk.table.clone(), chunk.number));
        }
        for (table, number) in self.lost.clone() {
            let lost = self.completed.add(Record::Lost { table, number });
            lost.map_err(|mismatch| self.refused(mismatch))?;
        }
        Ok(())
    }

    /// Resumes it, if the server's data has not changed. Files that are not kept are removed.
    ///
    /// # Errors
    /// When the data are not the same; when a file cannot be removed.
    pub fn resume(mut self, now: &Begun, catalog: &Catalog) -> Result<History, Error> {
        let is_system = |name: &&str| SYSTEM_DATABASES.contains(name);
        let mut databases = catalog.databases.iter().map(|database| database.name.as_str());
        if let Some(name) = databases.find(is_system) {
            return Err(self.refused(Unproved::SystemDatabase(name.to_owned())));
        }
        let other_engines: Vec<String> =
            catalog.tables().filter(|table| is_of_other_engine(table)).map(|table| table.name.to_string()).collect();
        let proved = now.source.proves_same_data_as(&self.begun.source, &other_engines);
        proved.map_err(|reason| self.refused(reason))?;
        self.completed.check(catalog).map_err(|mismatch| self.refused(mismatch))?;

        for (table, number) in std::mem::take(&mut self.lost) {
            self.journal.append(&Record::Lost { table, number })?;
        }
        files::remove_others(&*self.store, self.completed.done())?;
        let (mut chunks, mut rows) = (0_u64, 0_u64);
        for done in self.completed.done() {
            chunks += 1;
            rows += done.rows;
        }
        tracing::info!(
            target: SUMMARY,
            "resuming the dump of {}: the data has not changed, {} with {} are kept",
            self.begun.started,
            count(chunks, "chunk"),
            count(rows, "row")
        );
        let journal = Some(DumpJournal::of_resumed(self.journal));
        Ok(History { journal, completed: self.completed, started: self.begun.started })
    }
}

/// Whether a table has rows that are not InnoDB's.
fn is_of_other_engine(table: &Table) -> bool {
    match &table.kind {
        TableKind::Base { engine } => !engine.eq_ignore_ascii_case("InnoDB") && !table.keeps_rows_elsewhere(),
        // What it shows may be.
        TableKind::ViewAsTable { .. } => true,
        TableKind::View | TableKind::Sequence => false,
    }
}
