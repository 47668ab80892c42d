//! A worker: one thread, one connection, one task at a time.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::backup::file_name::{Content, DumpFile};
use common::backup::row_hash::RowsDigest;
use common::layers::compression::Compression;
use common::observe::activity::Activity;
use common::observe::progress::Counters;
use common::process::exit::{Exit, Failure};
use common::process::stop::{Stop, StopOnPanic, Stopped};
use common::server::Server;
use common::server::connection::{Connection, Error as ServerError, ResultRows};
use common::sql::definer::DefinerRule;
use crossbeam_channel::{Receiver, Sender, TryRecvError, never, select};

use crate::catalog::Column;
use crate::config::{RowFormat, RowOptions};
use crate::consistency::metadata_locks;
use crate::definitions::accounts;
use crate::definitions::tablespaces;
use crate::definitions::{self, Preamble, SchemaReader};
use crate::output::file_writer::{FileWriter, Files, FinishedFile, WriteError, WrittenFile};
use crate::output::row_files::RowFiles;
use crate::plan::chunk::{Chunk, KeyRange, Rest};
use crate::plan::task::{Portion, RowsTask, Task};
use crate::rows::encoder::{CellKind, DelimitedEncoder, InsertEncoder, OnDuplicate, RowEncoder, Sizes};
use crate::rows::key_reader::KeyReader;
use crate::rows::query;

/// A task failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A definition could not be read.
    #[error(transparent)]
    Schema(#[from] definitions::Error),
    /// The accounts could not be read.
    #[error(transparent)]
    Accounts(#[from] accounts::Error),
    /// The tablespaces could not be read.
    #[error(transparent)]
    Tablespaces(#[from] tablespaces::Error),
    /// Rows could not be read.
    #[error("cannot dump {task}: {source}{}", advice(source))]
    Rows {
        /// Which rows.
        task: String,
        /// The server's failure.
        source: ServerError,
    },
    /// The session could not be set up for the task.
    #[error(transparent)]
    Session(#[from] ServerError),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Schema(error) => error.exit(),
            Error::Accounts(error) => error.exit(),
            Error::Tablespaces(error) => error.exit(),
            Error::Rows { source, .. } | Error::Session(source) => source.exit(),
            Error::Write(error) => error.exit(),
            Error::Stopped(error) => error.exit(),
        }
    }
}

/// What no other statement than one on a table of the catalog says about a table that is not there.
fn advice(error: &ServerError) -> &'static str {
    match error.server_code() {
        Some(1146) => " (the table was changed or dropped meanwhile: run again when no DDL is running)",
        _ => "",
    }
}

/// What a worker has to say of its task.
#[derive(Debug)]
pub enum Report {
    /// It has cut a chunk off the table with this index, and is going to dump it.
    Cut {
        /// Which table.
        table_index: usize,
        /// The chunk's number.
        number: u64,
        /// The chunk.
        range: KeyRange,
        /// What is left of the table.
        rest: Option<Rest>,
    },
    /// The rows are dumped.
    Rows(RowsReport),
    /// What CHECKSUM TABLE says of a table; `None` if its engine says nothing.
    DataChecksum {
        /// Which table.
        table_index: usize,
        /// Of its rows in the snapshot.
        checksum: Option<u64>,
    },
    /// The definition is dumped.
    Done,
}

/// What was dumped of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsReport {
    /// Which table, by its index.
    pub table_index: usize,
    /// The chunk's number.
    pub number: u64,
    /// Which rows.
    pub chunk: Chunk,
    /// Their number and hash.
    pub rows: RowsDigest,
    /// The longest statement written, in bytes.
    pub longest_statement: usize,
    /// How long it took to read the rows.
    pub took: Duration,
    /// The files that hold them.
    pub files: Vec<WrittenFile>,
}

/// What all workers share.
pub struct Shared {
    /// The server.
    pub server: Server,
    /// Where files go.
    pub files: Files,
    /// Their compression.
    pub compression: Compression,
    /// How rows are written.
    pub rows: RowOptions,
    /// The server's `max_allowed_packet`, in bytes.
    pub max_packet: usize,
    /// `--chunk-filesize`.
    pub chunk_filesize: Option<u64>,
    /// `--build-empty-files`.
    pub build_empty_files: bool,
    /// The first lines of files.
    pub preamble: Preamble,
    /// What becomes of definers.
    pub definer: DefinerRule,
    /// Where progress is counted.
    pub counters: Arc<Counters>,
    /// Files of the dump so far, but for metadata.
    pub files_delivered: AtomicU64,
    /// Where finished files go, when they are streamed.
    pub sender: Option<Sender<FinishedFile>>,
    /// The program's stop.
    pub stop: Stop,
}

impl Shared {
    /// Hands a finished file on to the stream, if there is one.
    pub fn deliver(&self, file: FinishedFile) -> Result<(), Stopped> {
        if !file.file.content.is_metadata() {
            self.files_delivered.fetch_add(1, Ordering::Relaxed);
        }
        match &self.sender {
            Some(sender) => self.stop.send(sender, file),
            None => Ok(()),
        }
    }
}

/// A worker's own state.
pub struct Worker {
    connection: Connection,
    /// Where others see what it does.
    activity: Activity,
    shared: Arc<Shared>,
    names: Names,
    /// Disconnected when no table is locked any more. Until then the metadata locks of such tables are kept.
    tables_locked: Receiver<Infallible>,
    /// Whether its transaction may hold metadata locks of tables that it has read.
    holds_locks: bool,
}

/// The character set that the session speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Utf8Mb4,
    /// utf8mb4, and results as they are stored.
    Definitions,
    Binary,
}

impl Worker {
    /// Over a connection that holds the snapshot.
    pub fn new(
        connection: Connection,
        activity: Activity,
        shared: Arc<Shared>,
        tables_locked: Receiver<Infallible>,
    ) -> Worker {
        activity.set_connection(connection.id());
        // Tables without snapshots were read from when they were locked.
        Worker { connection, activity, shared, names: Names::Utf8Mb4, tables_locked, holds_locks: true }
    }

    /// Does tasks until there are no more.
    pub fn run(mut self, tasks: &Receiver<Task>, reports: &Sender<Result<Report, Error>>) {
        let stop = self.shared.stop.clone();
        let _guard = StopOnPanic(stop.clone());
        let mut unlocked = self.tables_locked.clone();
        loop {
            // The channels end by the coordinator's will; on a stop there is nobody to report to.
            select! {
                recv(tasks) -> task => {
                    let Ok(task) = task else { return };
                    self.activity.begin(task.to_string());
                    let report = self.locked_for(&task, reports);
                    self.activity.idle();
                    if stop.send(reports, report).is_err() {
                        return;
                    }
                }
                // There may be no other task for a long time.
                recv(unlocked) -> _ => {
                    unlocked = never();
                    if let Err(error) = self.release_locks() {
                        let _ = stop.send(reports, Err(error));
                        return;
                    }
                }
                recv(stop.closed()) -> _ => return,
            }
        }
    }

    /// Does a task, and keeps no metadata locks longer than for it.
    fn locked_for(&mut self, task: &Task, reports: &Sender<Result<Report, Error>>) -> Result<Report, Error> {
        let tables_are_locked = self.tables_locked.try_recv() == Err(TryRecvError::Empty);
        if !tables_are_locked && self.holds_locks {
            self.release_locks()?;
        }
        self.holds_locks = true;
        let report = self.do_task(task, reports)?;
        if !tables_are_locked {
            self.release_locks()?;
        }
        Ok(report)
    }

    fn release_locks(&mut self) -> Result<(), Error> {
        metadata_locks::release(&mut self.connection)?;
        self.holds_locks = false;
        Ok(())
    }

    fn do_task(&mut self, task: &Task, reports: &Sender<Result<Report, Error>>) -> Result<Report, Error> {
        let content = match task {
            Task::Rows(rows) => {
                self.set_names(Names::Binary)?;
                let chunk = self.chunk(rows, reports)?;
                return self.rows(rows, &chunk).map(Report::Rows);
            }
            Task::DataChecksum(table, index) => {
                // In the snapshot, as rows are: tried on MariaDB 10.11 and MySQL 9.7.
                let row = self.connection.query_first(format!("CHECKSUM TABLE {}", table.name.to_sql()));
                let row = row.map_err(|source| Error::Rows { task: task.to_string(), source })?;
                let checksum = row.and_then(|row| row.number(1));
                return Ok(Report::DataChecksum { table_index: *index, checksum });
            }
            Task::Tablespaces => Content::Tablespaces,
            Task::Accounts => Content::Accounts,
            Task::Database(database) => Content::Database(database.file.clone()),
            Task::Table(table) => Content::Table(table.file.clone()),
            Task::Sequence(sequence) => Content::Sequence(sequence.file.clone()),
            Task::View(view) => Content::View(view.file.clone()),
            Task::Triggers(table) => Content::Triggers(table.file.clone()),
            Task::Post(database) => Content::Post(database.file.clone()),
        };
        self.set_names(if matches!(task, Task::Table(_)) { Names::Definitions } else { Names::Utf8Mb4 })?;
        let shared = Arc::clone(&self.shared);
        let mut reader = SchemaReader::new(&mut self.connection, &shared.server, shared.preamble, &shared.definer);
        let text = match task {
            Task::Rows(_) | Task::DataChecksum(..) => Vec::new(),
            Task::Tablespaces => match tablespaces::read(&mut self.connection, &shared.server, shared.preamble)? {
                Some(text) => text,
                None => return Ok(Report::Done),
            },
            Task::Accounts => accounts::read(&mut self.connection, &shared.server, shared.preamble)?,
            Task::Database(database) => reader.database(database)?,
            Task::Table(table) => reader.table(table)?,
            Task::Sequence(sequence) => reader.sequence(sequence)?,
            Task::View(view) => {
                let stand_in = reader.stand_in(view);
                let text = reader.view(view)?;
                self.write(Content::Table(view.file.clone()), &stand_in)?;
                text
            }
            Task::Triggers(table) => reader.triggers(table)?,
            Task::Post(database) => reader.post(database)?,
        };
        self.write(content, &text)?;
        Ok(Report::Done)
    }

    fn write(&self, content: Content, text: &[u8]) -> Result<(), Error> {
        let file = DumpFile::new(content, self.shared.compression);
        Ok(self.shared.deliver(FileWriter::write_whole(&self.shared.files, file, text)?)?)
    }

    fn set_names(&mut self, names: Names) -> Result<(), Error> {
        if self.names != names {
            self.connection.execute(match names {
                Names::Utf8Mb4 => "SET NAMES utf8mb4",
                Names::Definitions => "SET NAMES utf8mb4, SESSION character_set_results = NULL",
                Names::Binary => "SET NAMES binary",
            })?;
            self.names = names;
        }
        Ok(())
    }

    /// Which rows to dump. Where they have to be cut off first, the rest is handed back before they are dumped.
    fn chunk(&mut self, task: &RowsTask, reports: &Sender<Result<Report, Error>>) -> Result<Chunk, Error> {
        let (key, rest, rows) = match &task.portion {
            Portion::Chunk(chunk) => return Ok(chunk.clone()),
            Portion::Next { key, rest, rows } => (key, rest, *rows),
        };
        let mut keys = KeyReader::new(&mut self.connection, &self.shared.server, &task.table, key);
        let cut = rest.clone().cut(key, rows, &mut keys).or_else(|error| {
            // A value that the server takes for no valid text, say. The rows can be read all the same.
            if error.server_code().is_none() {
                return Err(Error::Rows { task: task.to_string(), source: error });
            }
            tracing::warn!("{task}: no boundary was found, the chunk is as large as it is: {error}");
            Ok(rest.clone().take_next())
        })?;
        let (table_index, number, range) = (task.table_index, task.number, cut.chunk.clone());
        self.shared.stop.send(reports, Ok(Report::Cut { table_index, number, range, rest: cut.rest }))?;
        Ok(Chunk::Range { key: Arc::clone(key), range: cut.chunk })
    }

    fn rows(&mut self, task: &RowsTask, chunk: &Chunk) -> Result<RowsReport, Error> {
        let shared = Arc::clone(&self.shared);
        let (table, rows) = (&task.table, &shared.rows);
        let columns: Vec<&Column> = table.stored_columns().collect();
        let cells = columns.iter().map(|column| CellKind::of_column(column, &shared.server, rows.hex_blob)).collect();
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let (head, name) = (shared.preamble.for_rows(table), &table.name.name);
        let on_duplicate = match rows.on_duplicate {
            // MariaDB takes rows of the past with INSERT only.
            OnDuplicate::Replace if table.history => OnDuplicate::Fail,
            on_duplicate => on_duplicate,
        };
        let sizes = Sizes { statement: rows.statement_size, packet: shared.max_packet };
        match &rows.format {
            RowFormat::Insert => {
                let names = (rows.complete || table.needs_column_list()).then_some(names.as_slice());
                let mut encoder = InsertEncoder::new(head, on_duplicate, name, names, cells, sizes);
                let report = self.copy(task, chunk, &mut encoder)?;
                Ok(RowsReport { longest_statement: encoder.longest_statement(), ..report })
            }
            RowFormat::Delimited(dialect) => {
                let dialect = Arc::clone(dialect);
                let mut encoder = DelimitedEncoder::new(dialect, head, on_duplicate, name, &names, cells);
                self.copy(task, chunk, &mut encoder)
            }
        }
    }

    fn copy(&mut self, task: &RowsTask, chunk: &Chunk, encoder: &mut impl RowEncoder) -> Result<RowsReport, Error> {
        let shared = Arc::clone(&self.shared);
        let failed = |source| Error::Rows { task: task.to_string(), source };
        let mut output = RowFiles::new(&shared, task, encoder);
        let statement = query::select(&task.table, chunk, &shared.rows, &shared.server);
        tracing::info!("dumping {task}{}", chunk.description());
        let started = Instant::now();
        let mut source = self.connection.stream(&statement).map_err(failed)?;
        let rows = copy(&mut source, encoder, &mut output, &shared.counters, &failed)?;
        drop(source);
        let took = started.elapsed();
        let files = output.finish(encoder)?;
        let (table_index, number, chunk) = (task.table_index, task.number, chunk.clone());
        Ok(RowsReport { table_index, number, chunk, rows, longest_statement: 0, took, files })
    }
}

/// Reads all rows of a source and writes them. Returns their number and hash.
fn copy(
    source: &mut ResultRows<'_>,
    encoder: &mut impl RowEncoder,
    output: &mut RowFiles<'_>,
    counters: &Counters,
    failed: &impl Fn(ServerError) -> Error,
) -> Result<RowsDigest, Error> {
    let mut rows = RowsDigest::default();
    let mut counted = 0;
    while let Some(row) = source.next_row().map_err(failed)? {
        let written = encoder.push(&row, output).map_err(|source| output.error(source))?;
        if written > 0 {
            counters.add_rows(rows.count - counted, written as u64);
            counted = rows.count;
            output.may_end(encoder)?;
        }
        rows.add_row(row.packet());
    }
    let written = encoder.finish(output).map_err(|source| output.error(source))?;
    counters.add_rows(rows.count - counted, written as u64);
    Ok(rows)
}
