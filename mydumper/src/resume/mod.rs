//! Going on with an interrupted dump, `--resume`.
//!
//! While a dump into a directory runs, its journal says which chunks were cut off which table and whose rows are in
//! their files. A later run keeps those, if the server proves that its data are the same ([`source`]), the options are
//! ([`shape`]), and each file is what was written. Definitions are dumped anew: they are small, and some change with
//! rows.
//!
//! Nothing is changed in the directory before all of that is known.

mod completed;
mod files;
mod fingerprint;
mod record;
mod same_data;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use common::backup::metadata::Guarantee;
use common::backup::row_hash::RowsDigest;
use common::backup::selection::SYSTEM_DATABASES;
use common::journal::{DUMP_JOURNAL as JOURNAL, Journal, JournalError};
use common::observe::logging::SUMMARY;
use common::process::exit::{Exit, Failure};
use common::process::stop::{Stop, Stopped};
use common::server::Server;
use common::server::connection::{Connection, Error as ServerError};
use common::store::{self, Store};

use crate::catalog::{Catalog, Table, TableKind};
use crate::config::Config;
use crate::consistency::coordinates;
use crate::consistency::{Moment, is_denied};
use crate::output::file_writer::WrittenFile;
use crate::plan::chunk::{Chunk, Key, KeyRange, Rest};

pub use completed::{DoneBefore, Mismatch, TableBefore};
pub use record::Begun;
use record::{CutChunk, DoneChunk, Part, Record, TableId, key_name};
use same_data::{Source, Unproved};

/// A dump is not gone on with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be.
    #[error(
        "cannot resume the dump in {place}: {reason}; nothing was changed there: dump anew into another directory, or with \
         --clear"
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
    #[error("cannot tell whether the data are what they were: {0}")]
    Server(#[from] ServerError),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Refused { reason, .. } => match **reason {
                Reason::Mismatch(Mismatch::Journal(_)) => Exit::Dump,
                _ => Exit::Failed,
            },
            Error::Journal(error) => error.exit(),
            Error::File(_) => Exit::Local,
            Error::Server(error) => error.exit(),
            Error::Stopped(error) => error.exit(),
        }
    }
}

/// Why a dump cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// There is nothing to do.
    #[error("it is finished already")]
    Finished,
    /// Nothing tells how far it was.
    #[error("there is no {JOURNAL}, as an interrupted dump of this program leaves it")]
    NoJournal,
    /// It was interrupted before its first record.
    #[error("its {JOURNAL} has no whole record: nothing tells how far it was")]
    EmptyJournal,
    /// Another program wrote it.
    #[error("it was begun by mydumper {0}, and this is {own}", own = env!("CARGO_PKG_VERSION"))]
    Version(String),
    /// Other options.
    #[error("other options are given than it was begun with: {}", .0.join(", "))]
    Options(Vec<String>),
    /// The data.
    #[error(transparent)]
    Source(#[from] Unproved),
    /// A table.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

/// The journal of the dump that runs.
pub struct DumpJournal {
    journal: Journal,
}

impl DumpJournal {
    /// A new one.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn create(directory: &Path, begun: Begun) -> Result<DumpJournal, JournalError> {
        let mut journal = Journal::create(&directory.join(JOURNAL))?;
        journal.append(&Record::Begun(Box::new(begun)))?;
        Ok(DumpJournal { journal })
    }

    /// A chunk was cut off.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn cut(
        &mut self,
        table: &Table,
        key: &Key,
        number: u64,
        range: &KeyRange,
        rest: Option<&Rest>,
    ) -> Result<(), JournalError> {
        let (table, key, range, rest) = (TableId::of(table), key_name(key), range.clone(), rest.cloned());
        self.journal.append(&Record::Cut(CutChunk { table, key, number, range, rest }))
    }

    /// The rows of a chunk are in their files.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn rows(&mut self, table: &Table, chunk: &Chunk, done: Done) -> Result<(), JournalError> {
        let Done { number, rows: RowsDigest { count: rows, hash }, longest_statement, files } = done;
        let (table, part) = (TableId::of(table), Part::of(chunk));
        self.journal.append(&Record::Rows(DoneChunk { table, number, part, rows, hash, longest_statement, files }))
    }

    /// The dump is whole.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn remove(self) -> Result<(), JournalError> {
        self.journal.remove()
    }
}

/// What was dumped as a chunk.
pub struct Done {
    /// Its number.
    pub number: u64,
    /// Its rows.
    pub rows: RowsDigest,
    /// In bytes.
    pub longest_statement: usize,
    /// Its files.
    pub files: Vec<WrittenFile>,
}

/// What a dump says of itself in its journal's first line.
///
/// # Errors
/// When a query fails.
pub fn begin(
    config: &Config,
    connection: &mut Connection,
    server: &Server,
    moment: &Moment,
    started: &str,
) -> Result<Begun, ServerError> {
    Ok(Begun {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: started.to_owned(),
        options: fingerprint::shape(config),
        source: Source::read(connection, server, moment.coordinates.as_ref(), moment.guarantee, !config.utc)?,
    })
}

/// An interrupted dump.
pub struct Interrupted {
    store: Arc<dyn Store>,
    journal: Journal,
    begun: Begun,
    progress: DoneBefore,
    /// Chunks whose files are not what was written.
    lost: Vec<(TableId, u64)>,
}

impl Interrupted {
    /// Reads what the directory says. Nothing is changed in it.
    ///
    /// # Errors
    /// When it cannot be gone on with.
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
        let differences = fingerprint::differences(&begun.options, &fingerprint::shape(config));
        if !differences.is_empty() {
            return Err(refused(Reason::Options(differences)));
        }
        let mut progress = DoneBefore::default();
        for record in records {
            progress.add(record).map_err(|mismatch| refused(mismatch.into()))?;
        }
        Ok(Interrupted { store, journal, begun: *begun, progress, lost: Vec::new() })
    }

    fn refused(&self, reason: impl Into<Reason>) -> Error {
        Error::Refused { place: self.store.to_string(), reason: Box::new(reason.into()) }
    }

    /// Looks whether it is worthwhile to take locks and to read the files: without a lock, so that only a difference is
    /// certain.
    ///
    /// # Errors
    /// When the data are not the same.
    pub fn look(&self, connection: &mut Connection, server: &Server, config: &Config) -> Result<(), Error> {
        let coordinates = match coordinates::coordinates(connection, server) {
            Ok(coordinates) => coordinates,
            Err(error) if is_denied(&error) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let now = Source::read(connection, server, coordinates.as_ref(), Guarantee::PointInTime, !config.utc)?;
        now.proves_same_data_as(&self.begun.source, &[]).map_err(|reason| self.refused(reason))
    }

    /// Reads all files that would be kept. Chunks of which one is not what was written are dumped again.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn check_files(&mut self, threads: usize, stop: &Stop) -> Result<(), Error> {
        for (chunk, why) in files::damaged(&*self.store, self.progress.done(), threads, stop)? {
            tracing::warn!("{why}: rows of {}, chunk {} are dumped again", chunk.table.name, chunk.number);
            self.lost.push((chunk.table.clone(), chunk.number));
        }
        for (table, number) in self.lost.clone() {
            let lost = self.progress.add(Record::Lost { table, number });
            lost.map_err(|mismatch| self.refused(mismatch))?;
        }
        Ok(())
    }

    /// Goes on with it, if what is there now is what was dumped. Files that are not kept are removed.
    ///
    /// # Errors
    /// When the data are not the same; when a file cannot be removed.
    pub fn go_on(mut self, now: &Begun, catalog: &Catalog) -> Result<(DumpJournal, Begun, DoneBefore), Error> {
        let is_system = |name: &&str| SYSTEM_DATABASES.contains(name);
        let mut databases = catalog.databases.iter().map(|database| database.name.as_str());
        if let Some(name) = databases.find(is_system) {
            return Err(self.refused(Unproved::SystemDatabase(name.to_owned())));
        }
        let other_engines: Vec<String> =
            catalog.tables().filter(|table| is_of_other_engine(table)).map(|table| table.name.to_string()).collect();
        let proved = now.source.proves_same_data_as(&self.begun.source, &other_engines);
        proved.map_err(|reason| self.refused(reason))?;
        self.progress.check(catalog).map_err(|mismatch| self.refused(mismatch))?;

        for (table, number) in std::mem::take(&mut self.lost) {
            self.journal.append(&Record::Lost { table, number })?;
        }
        files::remove_others(&*self.store, self.progress.done())?;
        let (mut chunks, mut rows) = (0_u64, 0_u64);
        for done in self.progress.done() {
            chunks += 1;
            rows += done.rows;
        }
        tracing::info!(
            target: SUMMARY,
            "going on with the dump of {}: the data are the same, {chunks} chunks with {rows} rows are kept",
            self.begun.started
        );
        Ok((DumpJournal { journal: self.journal }, self.begun, self.progress))
    }
}

/// Whether a table has rows that are not InnoDB's.
fn is_of_other_engine(table: &Table) -> bool {
    match &table.kind {
        TableKind::Base { engine } => !engine.eq_ignore_ascii_case("InnoDB") && !table.keeps_rows_elsewhere(),
        TableKind::View | TableKind::Sequence => false,
    }
}
