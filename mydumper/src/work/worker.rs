//! A worker: one thread, one connection, one task at a time.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use common::backup::file_name::{Content, DumpFile, RowsFile, RowsFormat};
use common::backup::row_hash::RowsDigest;
use common::observe::activity::Activity;
use common::observe::progress::Counters;
use common::observe::wording::{bytes, count, seconds};
use common::process::stop::StopOnPanic;
use common::server::connection::{Connection, ResultRows, ServerError};
use crossbeam_channel::{Receiver, Sender, TryRecvError, never, select};

use crate::consistency::metadata_locks;
use crate::definitions::SchemaReader;
use crate::definitions::accounts;
use crate::definitions::tablespaces;
use crate::output::delivery;
use crate::output::file_writer::{FileWriter, FinishedFile, WriteError, WrittenFile};
use crate::output::row_files::{RowFiles, RowSink};
use crate::plan::chunk::Chunk;
use crate::plan::report::{Report, RowsReport};
use crate::plan::task::{Portion, RowsTask, Task};
use crate::rows::encoder::RowEncoder;
use crate::rows::encoder::clickhouse::ClickhouseEncoder;
use crate::rows::encoder::delimited::DelimitedEncoder;
use crate::rows::encoder::insert::{InsertEncoder, Sizes};
use crate::rows::key_reader::KeyReader;
use crate::rows::options::{OnDuplicate, RowFormat};
use crate::rows::query;
use crate::work::context::Shared;
use crate::work::error::TaskError;

/// A worker's own state.
pub struct Worker {
    number: usize,
    connection: Connection,
    /// Where others see what it does.
    activity: Activity,
    shared: Arc<Shared>,
    results: Results,
    /// Disconnected when no table is locked any more. Until then the metadata locks of such tables are kept.
    tables_locked: Receiver<Infallible>,
    /// Whether its transaction may hold metadata locks of tables that it has read.
    holds_locks: bool,
}

/// The character set that the session gets results in. It speaks utf8mb4 in any case: in a binary session, MySQL opens
/// tables with other bounds of their partitions, for other sessions too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Results {
    Utf8Mb4,
    AsStored,
}

impl Worker {
    /// `connection` already holds the snapshot.
    pub fn new(
        number: usize,
        connection: Connection,
        activity: Activity,
        shared: Arc<Shared>,
        tables_locked: Receiver<Infallible>,
    ) -> Worker {
        activity.set_connection(connection.id());
        // Tables without snapshots were read from when they were locked.
        Worker { number, connection, activity, shared, results: Results::Utf8Mb4, tables_locked, holds_locks: true }
    }

    /// Does tasks until there are no more.
    pub fn run(mut self, tasks: &Receiver<Task>, reports: &Sender<Result<Report, TaskError>>) {
        let stop = self.shared.stop.clone();
        let _guard = StopOnPanic(stop.clone());
        let mut unlocked = self.tables_locked.clone();
        loop {
            // The coordinator closes the channels; on a stop there is nobody to report to.
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

    /// Does a task, and releases its metadata locks afterwards.
    fn locked_for(&mut self, task: &Task, reports: &Sender<Result<Report, TaskError>>) -> Result<Report, TaskError> {
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

    fn release_locks(&mut self) -> Result<(), TaskError> {
        metadata_locks::release(&mut self.connection)?;
        self.holds_locks = false;
        Ok(())
    }

    fn do_task(&mut self, task: &Task, reports: &Sender<Result<Report, TaskError>>) -> Result<Report, TaskError> {
        let content = match task {
            Task::Rows(rows) => {
                self.set_results(Results::AsStored)?;
                let chunk = self.chunk(rows, reports)?;
                return self.rows(rows, &chunk).map(Report::Rows);
            }
            Task::RowCount(table, index) => {
                let row = match &table.partitions {
                    // None that matches has no rows.
                    Some(partitions) if partitions.is_empty() => None,
                    _ => {
                        let row = self.connection.query_first(query::count(table, &self.shared.rows));
                        row.map_err(|source| TaskError::Rows { task: task.to_string(), source })?
                    }
                };
                let rows = row.and_then(|row| row.number(0)).unwrap_or(0);
                return Ok(Report::RowCount { table_index: *index, rows });
            }
            Task::DataChecksum(table, index) => {
                // In the snapshot, as rows are: tried on MariaDB 10.11 and MySQL 9.7.
                let row = self.connection.query_first(format!("CHECKSUM TABLE {}", table.name.to_sql()));
                let row = row.map_err(|source| TaskError::Rows { task: task.to_string(), source })?;
                let checksum = row.and_then(|row| row.number(1));
                tracing::info!("worker {}: read {}", self.number, task.product());
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
        self.set_results(if matches!(task, Task::Table(_)) { Results::AsStored } else { Results::Utf8Mb4 })?;
        let shared = Arc::clone(&self.shared);
        let mut reader =
            SchemaReader::new(&mut self.connection, &shared.server, shared.preamble, &shared.definer, &shared.shape);
        let text = match task {
            Task::Rows(_) | Task::RowCount(..) | Task::DataChecksum(..) => Vec::new(),
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
        tracing::info!("worker {}: wrote {}", self.number, task.product());
        Ok(Report::Done)
    }

    fn write(&self, content: Content, text: &[u8]) -> Result<(), TaskError> {
        let file = DumpFile::new(content, self.shared.compression);
        Ok(self.shared.deliver(FileWriter::write_whole(&self.shared.files, file, text)?)?)
    }

    fn set_results(&mut self, results: Results) -> Result<(), TaskError> {
        if self.results != results {
            self.connection.execute(match results {
                Results::Utf8Mb4 => "SET SESSION character_set_results = utf8mb4",
                Results::AsStored => "SET SESSION character_set_results = NULL",
            })?;
            self.results = results;
        }
        Ok(())
    }

    /// Which rows to dump. Where they have to be split off first, the remainder is handed back before they are dumped.
    fn chunk(&mut self, task: &RowsTask, reports: &Sender<Result<Report, TaskError>>) -> Result<Chunk, TaskError> {
        let (key, remainder, rows) = match &task.portion {
            Portion::Chunk(chunk) => return Ok(chunk.clone()),
            Portion::Next { key, remainder, rows } => (key, remainder, *rows),
        };
        let mut keys = KeyReader::new(&mut self.connection, &self.shared.server, &task.table, key);
        let split = remainder.clone().split_off(key, rows, &mut keys).or_else(|error| {
            // For example, a value that the server considers invalid text. The rows can be read all the same.
            if error.server_code().is_none() {
                return Err(TaskError::Rows { task: task.to_string(), source: error });
            }
            tracing::warn!("{task}: no boundary was found, so the chunk stays as large as it is: {error}");
            Ok(remainder.clone().take_next())
        })?;
        let (table_index, number, range) = (task.table_index, task.number, split.chunk.clone());
        let report = Report::Split { table_index, number, range, remainder: split.remainder };
        self.shared.stop.send(reports, Ok(report))?;
        Ok(Chunk::Range { key: Arc::clone(key), range: split.chunk })
    }

    fn rows(&mut self, task: &RowsTask, chunk: &Chunk) -> Result<RowsReport, TaskError> {
        let shared = Arc::clone(&self.shared);
        let (table, projection, rows) = (&task.table, &task.projection, &shared.rows);
        let (head, name) = (shared.preamble.for_rows(table), &table.name.name);
        let on_duplicate = match rows.on_duplicate {
            // MariaDB accepts history rows only by INSERT.
            OnDuplicate::Replace if table.history => OnDuplicate::Fail,
            on_duplicate => on_duplicate,
        };
        let sizes =
            Sizes { statement: rows.statement_size, packet: shared.max_packet, end: rows.statement_end.clone() };
        match &rows.format {
            RowFormat::Insert => {
                let mut encoder = InsertEncoder::new(head, on_duplicate, name, projection, sizes);
                let report = self.copy(task, chunk, &mut encoder)?;
                Ok(RowsReport { longest_statement: encoder.longest_statement(), ..report })
            }
            RowFormat::Clickhouse => {
                let inserts = InsertEncoder::new(Vec::new(), on_duplicate, name, projection, sizes);
                let mut encoder = ClickhouseEncoder::new(head, name, inserts);
                let report = self.copy(task, chunk, &mut encoder)?;
                Ok(RowsReport { longest_statement: encoder.longest_statement(), ..report })
            }
            RowFormat::Delimited(format) => {
                let mut encoder = DelimitedEncoder::new(Arc::clone(format), head, on_duplicate, name, projection);
                self.copy(task, chunk, &mut encoder)
            }
        }
    }

    fn copy(&mut self, task: &RowsTask, chunk: &Chunk, encoder: &mut impl RowEncoder) -> Result<RowsReport, TaskError> {
        let shared = Arc::clone(&self.shared);
        let failed = |source| TaskError::Rows { task: task.to_string(), source };
        let mut sink = ChunkSink { shared: &shared, written: Vec::new() };
        let names =
            RowsFile { table: task.table.file.clone(), chunk: Some(task.number), part: 0, format: RowsFormat::Sql };
        let mut output = RowFiles::new(&mut sink, names, shared.chunk_filesize, encoder);
        let statement = query::select(&task.table, &task.projection, chunk, &shared.rows, &shared.server);
        tracing::info!("worker {}: reading {task}{}", self.number, chunk.description());
        let started = Instant::now();
        let mut source = self.connection.stream(&statement).map_err(failed)?;
        let width = task.projection.generated.as_ref().map(|_| task.projection.width());
        let (rows, length) = copy(&mut source, width, encoder, &mut output, &shared.counters, &failed)?;
        drop(source);
        let took = started.elapsed();
        // Only the first chunk writes a file for an empty table.
        output.finish(encoder, shared.build_empty_files && task.number == 0)?;
        let (written, size, time) = (count(rows.count, "row"), bytes(length), seconds(started.elapsed()));
        tracing::info!(
            "worker {}: wrote {} chunk {}, {written}, {size} in {time}",
            self.number,
            task.table.name,
            task.number
        );
        let (table_index, number, chunk, files) = (task.table_index, task.number, chunk.clone(), sink.written);
        Ok(RowsReport { table_index, number, chunk, rows, longest_statement: 0, took, files })
    }
}

/// Where the files of a chunk go. Remembers them for the journal.
struct ChunkSink<'a> {
    shared: &'a Shared,
    written: Vec<WrittenFile>,
}

impl RowSink for ChunkSink<'_> {
    fn create(&mut self, file: RowsFile) -> Result<FileWriter, WriteError> {
        FileWriter::create(&self.shared.files, DumpFile::new(Content::Rows(file), self.shared.compression))
    }

    fn deliver(&mut self, file: FinishedFile) -> Result<(), delivery::Error> {
        self.written.push(WrittenFile::of(&file));
        self.shared.deliver(file)
    }
}

/// Reads all rows of a source and writes them; `width` says how many of its columns, if not all. Returns their number and hash, and their bytes before compression.
fn copy(
    source: &mut ResultRows<'_>,
    width: Option<usize>,
    encoder: &mut impl RowEncoder,
    output: &mut RowFiles<'_, impl RowSink>,
    counters: &Counters,
    failed: &impl Fn(ServerError) -> TaskError,
) -> Result<(RowsDigest, u64), TaskError> {
    let mut rows = RowsDigest::default();
    let (mut counted, mut length) = (0, 0);
    while let Some(row) = source.next_row().map_err(failed)? {
        let written = encoder.push(&row, output).map_err(|source| output.error(source))? as u64;
        if written > 0 {
            counters.add_rows(rows.count - counted, written);
            counted = rows.count;
            length += written;
            output.may_end(encoder)?;
        }
        match width {
            None => rows.add_row(row.packet()),
            Some(width) => rows.add_row_with_generated(row.prefix(width), row.packet()),
        }
    }
    let written = encoder.finish(output).map_err(|source| output.error(source))? as u64;
    counters.add_rows(rows.count - counted, written);
    Ok((rows, length + written))
}
