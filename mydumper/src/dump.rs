//! The wiring of a dump: the only place that makes channels and starts workers.
//!
//! The coordinator, this thread, gives out tasks in three phases (definitions that rows need, rows, the other
//! definitions) and waits for the reports of one before it starts the next, so that a stream has them in that order.
//! A worker's error stops all others; whatever the cause, nothing named `metadata` is left then.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use common::compression::Compression;
use common::connection::{Connection, Error as ServerError};
use common::dump_file::{Content, DumpFile};
use common::metadata::{self, TableEntry};
use common::progress::{Progress, Totals};
use common::server::Server;
use common::sql::quote_identifier;
use common::stop::{Stop, Stopped};
use crossbeam_channel::{Receiver, Sender, bounded, select};

use crate::catalog::{self, Catalog, Table, TableKind};
use crate::chunk::IntegerRanges;
use crate::config::{ChunkSize, Config, ExistingFiles};
use crate::file_writer::{FileWriter, Files, WriteError};
use crate::global_variables::GlobalVariables;
use crate::output::{self, OutputDirectory};
use crate::rows_feed::{Chunks, RowsFeed};
use crate::schema::{FILE_SQL_MODE, Preamble};
use crate::snapshot::{self, Snapshot};
use crate::stream_sender::{self, StreamSender};
use crate::task::Task;
use crate::worker::{self, Report, Shared, Worker};

/// Finished files that may wait to be sent.
const FILES_WAITING: usize = 16;
/// Without `--rows`, a chunk has as many bytes as this, by the server's estimate, or fewer.
const LARGEST_CHUNK: u64 = 128 << 20;
/// And not fewer than this, so that small tables stay in one piece.
const SMALLEST_CHUNK: u64 = 8 << 20;
/// How many chunks each worker should find in a large table, so that all end at about the same time.
const CHUNKS_PER_WORKER: u64 = 8;

/// A dump failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A connection or a statement failed.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The directory cannot be used.
    #[error(transparent)]
    Output(#[from] output::Error),
    /// No consistent snapshot.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// A task.
    #[error(transparent)]
    Worker(#[from] worker::Error),
    /// A metadata file.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The stream.
    #[error(transparent)]
    Stream(#[from] stream_sender::Error),
    /// A thread could not be started.
    #[error("cannot start a worker thread: {0}")]
    Thread(std::io::Error),
    /// Ended from outside.
    #[error("stopped before the dump was done: it is not complete")]
    Stopped(#[from] Stopped),
}

/// What was dumped.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Rows, bytes before compression, tables.
    pub totals: Totals,
    /// Seconds from the start.
    pub seconds: f64,
    /// Where the files are, if they stay.
    pub directory: Option<String>,
}

/// Dumps. On failure the directory has no `metadata`, and a stream does not end with one.
pub fn dump(config: &Config, stop: &Stop) -> Result<Summary, Error> {
    let started = Instant::now();
    let started_at = timestamp();
    OutputDirectory::check(&config.output)?;

    let mut first = Connection::open(&config.connection, stop)?;
    let server = Server::detect(&mut first, config.server_version)?;
    tracing::info!("connected to {server} at {}", config.connection.address);
    let _restored_at_the_end = GlobalVariables::set(&config.connection, &config.global_variables, stop)?;
    let mut connections = vec![first];
    while connections.len() <= config.threads {
        connections.push(Connection::open(&config.connection, stop)?);
    }
    for connection in &mut connections {
        set_up_session(connection, &server, config.utc)?;
    }

    let mut coordinator = connections.remove(0);
    let needs_lock = config.objects.data
        && config.hold_lock_for_other_engines
        && catalog::has_tables_without_snapshots(&mut coordinator, &config.filter)?;
    let mut snapshot = Snapshot::open(config, &server, coordinator, connections)?;
    if !needs_lock {
        snapshot.unlock()?;
    }
    let catalog = Catalog::read(&mut snapshot.coordinator, &config.filter, &config.ignored_engines, &config.objects)?;

    // Not before it is known that there is something to dump: `--clear` removes the earlier dump here.
    let keep = config.stream.is_none_or(|mode| !mode.delete);
    let directory = OutputDirectory::prepare(&config.output, keep)?;
    let sender = config.stream.map(|mode| StreamSender::start(mode, FILES_WAITING, stop)).transpose()?;
    let progress = Progress::start(config.quiet);
    let shared = Arc::new(Shared {
        server,
        files: Files {
            directory: directory.path().to_owned(),
            level: config.compression_level,
            overwrite: config.output.existing == ExistingFiles::Keep,
            keep,
        },
        compression: config.compression,
        rows: config.rows.clone(),
        chunk_filesize: config.chunk_filesize,
        build_empty_files: config.build_empty_files,
        preamble: Preamble { utc: config.utc },
        counters: Arc::clone(progress.counters()),
        sender: sender.as_ref().map(|sender| sender.files().clone()),
        stop: stop.clone(),
    });

    let result = run(config, snapshot, catalog, &shared, started_at);
    if result.is_err() {
        stop.trigger();
    }
    let finished = finish(result, shared, sender, &directory, stop);
    drop(progress);
    let totals = finished?;
    Ok(Summary {
        totals,
        seconds: started.elapsed().as_secs_f64(),
        directory: keep.then(|| directory.path().display().to_string()),
    })
}

/// Ends the stream, or gives `metadata` its name: only now is the dump whole.
fn finish(
    result: Result<(), Error>,
    shared: Arc<Shared>,
    sender: Option<StreamSender>,
    directory: &OutputDirectory,
    stop: &Stop,
) -> Result<Totals, Error> {
    let totals = shared.counters.totals();
    // Its copy of the channel's end would keep the stream open.
    drop(shared);
    match (result, sender) {
        // A stream that failed stopped everything else, whose errors only tell that they were stopped.
        (Err(error), Some(sender)) => Err(sender.failure().map_or(error, Error::Stream)),
        (Err(error), None) => Err(error),
        (Ok(()), Some(sender)) => Ok(sender.finish(stop).map(|()| totals)?),
        (Ok(()), None) => {
            let partial = DumpFile::new(Content::MetadataUnfinished, Compression::None);
            let whole = DumpFile::new(Content::Metadata, Compression::None);
            directory.rename_durably(&partial.to_string(), &whole.to_string())?;
            Ok(totals)
        }
    }
}

fn set_up_session(connection: &mut Connection, server: &Server, utc: bool) -> Result<(), ServerError> {
    for statement in server.long_session() {
        connection.execute(statement)?;
    }
    // A global sql_mode may change how SHOW CREATE quotes names and how CHAR values are padded.
    connection.execute("SET SESSION sql_mode = ''")?;
    connection.execute("SET SESSION sql_quote_show_create = 1")?;
    connection.execute("SET NAMES utf8mb4")?;
    if server.is_mysql_since(8, 0, 3) {
        // Numbers of rows as they are now, not as they were remembered up to a day ago: chunks are made by them.
        connection.execute("SET SESSION information_schema_stats_expiry = 0")?;
    }
    if utc {
        connection.execute("SET SESSION time_zone = '+00:00'")?;
    }
    Ok(())
}

/// Runs the workers through the phases and writes the metadata. All workers have ended when this returns.
fn run(
    config: &Config,
    snapshot: Snapshot,
    catalog: Catalog,
    shared: &Arc<Shared>,
    started_at: String,
) -> Result<(), Error> {
    let Snapshot { coordinator, workers, coordinates, lock } = snapshot;
    let (tasks, task_queue) = bounded(0);
    let (reports, report_queue) = bounded(workers.len());
    let mut threads = Vec::new();
    for (number, connection) in workers.into_iter().enumerate() {
        let worker = Worker::new(connection, Arc::clone(shared));
        let (tasks, reports) = (task_queue.clone(), reports.clone());
        let thread = std::thread::Builder::new().name(format!("worker {number}"));
        threads.push(thread.spawn(move || worker.run(&tasks, &reports)).map_err(Error::Thread)?);
    }
    drop((task_queue, reports));
    let mut phases = Phases {
        config,
        shared,
        tasks,
        reports: report_queue,
        snapshot: Snapshot { coordinator, workers: Vec::new(), coordinates, lock },
        rows: Vec::new(),
        longest_statement: 0,
    };
    let result = phases.run(&catalog, &started_at);
    if result.is_err() {
        shared.stop.trigger();
    }
    drop(phases);
    for thread in threads {
        // A worker that panicked has stopped everything already.
        let _ = thread.join();
    }
    result
}

struct Phases<'a> {
    config: &'a Config,
    shared: &'a Arc<Shared>,
    tasks: Sender<Task>,
    reports: Receiver<Result<Report, worker::Error>>,
    snapshot: Snapshot,
    /// Rows dumped, of the tables by their index.
    rows: Vec<u64>,
    longest_statement: usize,
}

impl Phases<'_> {
    fn run(&mut self, catalog: &Catalog, started_at: &str) -> Result<(), Error> {
        let head = metadata::head(started_at, FILE_SQL_MODE);
        let tables: Vec<Arc<Table>> = catalog.tables().cloned().collect();
        self.rows = vec![0; tables.len()];
        let streamed = self.shared.sender.is_some();
        let first = if streamed { Content::MetadataHeader } else { Content::MetadataUnfinished };
        self.write_metadata(first, &head)?;

        self.phase(definitions_before_rows(catalog, self.config))?;
        if streamed {
            self.write_metadata(Content::MetadataPartial(0), &self.table_sections(&tables, false))?;
        }
        if self.config.objects.data {
            self.dump_rows(&tables)?;
        }
        self.snapshot.unlock()?;
        self.phase(definitions_after_rows(catalog, self.config))?;

        let mut text = head;
        if let Some(coordinates) = &self.snapshot.coordinates {
            text.push_str(&coordinates.to_text());
        }
        text.push_str(&self.table_sections(&tables, true));
        let sequences = tables.iter().filter(|table| table.kind == TableKind::Sequence).count() as u64;
        let config = metadata::Config {
            max_statement_size: Some(self.longest_statement as u64),
            num_sequences: Some(sequences),
            local_infile: None,
        };
        text.push_str(&config.tail(&timestamp()));
        let last = if streamed { Content::Metadata } else { Content::MetadataUnfinished };
        self.shared.stop.check()?;
        self.write_metadata(last, &text)
    }

    fn write_metadata(&self, content: Content, text: &str) -> Result<(), Error> {
        // `metadata.partial` is written twice: as a sign that a dump is under way, and whole.
        let files = Files { overwrite: true, ..self.shared.files.clone() };
        let file = DumpFile::new(content, Compression::None);
        Ok(self.shared.deliver(FileWriter::write_whole(&files, file, text.as_bytes())?)?)
    }

    fn table_sections(&self, tables: &[Arc<Table>], done: bool) -> String {
        let sections = tables.iter().zip(&self.rows).map(|(table, rows)| {
            let entry = TableEntry {
                real_name: Some(table.name.name.clone()),
                rows: done.then_some(*rows),
                is_view: table.kind == TableKind::View,
                is_sequence: table.kind == TableKind::Sequence,
            };
            entry.to_text(&table.file)
        });
        sections.collect()
    }

    /// Tables that only a lock keeps in step come first, so that it is held no longer than they need.
    fn dump_rows(&mut self, tables: &[Arc<Table>]) -> Result<(), Error> {
        let mut with_rows: Vec<(usize, &Arc<Table>)> =
            tables.iter().enumerate().filter(|(_, table)| table.has_rows() && !table.keeps_rows_elsewhere()).collect();
        // The largest first: what remains for the end is small.
        with_rows.sort_by_key(|(_, table)| std::cmp::Reverse(table.data_length));
        let estimate = with_rows.iter().map(|(_, table)| table.row_estimate).sum();
        self.shared.counters.expect(with_rows.len() as u64, estimate);
        let (locked, free): (Vec<_>, Vec<_>) =
            with_rows.into_iter().partition(|(_, table)| self.snapshot.is_locked() && !table.is_transactional());
        if !locked.is_empty() {
            self.rows_phase(&locked)?;
        }
        self.snapshot.unlock()?;
        self.rows_phase(&free)
    }

    fn rows_phase(&mut self, tables: &[(usize, &Arc<Table>)]) -> Result<(), Error> {
        let mut planned = Vec::with_capacity(tables.len());
        for (index, table) in tables {
            planned.push((*index, Arc::clone(table), self.plan(table)?));
        }
        let mut feed = RowsFeed::new(planned, self.config.max_threads_per_table);
        self.drive(&mut feed)
    }

    /// How a table is cut. The bounds are read once; rows beyond them are in the first and last chunk all the same.
    fn plan(&mut self, table: &Table) -> Result<Chunks, Error> {
        let count = match self.config.chunks {
            ChunkSize::Rows(rows) => table.row_estimate.div_ceil(rows.max(1)),
            ChunkSize::Automatic => {
                let share = table.data_length / (self.config.threads as u64 * CHUNKS_PER_WORKER);
                table.data_length.div_ceil(share.clamp(SMALLEST_CHUNK, LARGEST_CHUNK))
            }
        };
        let Some(key) = table.integer_key().filter(|_| count > 1) else { return Ok(Chunks::whole()) };
        let column = quote_identifier(key);
        let statement = format!("SELECT MIN({column}), MAX({column}) FROM {}", table.name.to_sql());
        let bounds = self.snapshot.coordinator.query_first(statement)?;
        let value = |index| bounds.as_ref().and_then(|row| row.text(index).parse::<i128>().ok());
        Ok(match (value(0), value(1)) {
            (Some(min), Some(max)) => {
                Chunks::Integer { column: key.to_owned(), ranges: IntegerRanges::new(min, max, count) }
            }
            _ => Chunks::whole(),
        })
    }

    fn phase(&mut self, tasks: VecDeque<Task>) -> Result<(), Error> {
        let mut tasks = tasks;
        self.drive(&mut tasks)
    }

    /// Gives out tasks and takes in reports until all of the feed is done.
    fn drive(&mut self, feed: &mut impl Feed) -> Result<(), Error> {
        // Nobody receives here: it stands in for the workers while there is nothing to give.
        let (nobody, _not_received) = bounded(0);
        let mut next = feed.next_task();
        let mut running = 0_usize;
        loop {
            if next.is_none() {
                next = feed.next_task();
            }
            if next.is_none() && running == 0 {
                return Ok(());
            }
            let workers = if next.is_some() { &self.tasks } else { &nobody };
            let given = next.clone();
            select! {
                send(workers, given.ok_or(Stopped)?) -> sent => {
                    sent.map_err(|_| Stopped)?;
                    next = None;
                    running += 1;
                }
                recv(self.reports) -> report => {
                    let report = report.map_err(|_| Stopped)??;
                    running -= 1;
                    self.take_in(&report, feed);
                }
                recv(self.shared.stop.closed()) -> _ => return Err(Stopped.into()),
            }
        }
    }

    fn take_in(&mut self, report: &Report, feed: &mut impl Feed) {
        self.longest_statement = self.longest_statement.max(report.longest_statement);
        if let Some(index) = report.table_index {
            self.rows[index] += report.rows;
            if feed.finished(index) {
                self.shared.counters.add_table();
            }
        }
    }
}

/// Where the coordinator's next task comes from.
trait Feed {
    fn next_task(&mut self) -> Option<Task>;
    /// A chunk of the table with this index is done; says whether it was the last.
    fn finished(&mut self, index: usize) -> bool;
}

impl Feed for VecDeque<Task> {
    fn next_task(&mut self) -> Option<Task> {
        self.pop_front()
    }

    fn finished(&mut self, _: usize) -> bool {
        false
    }
}

impl Feed for RowsFeed {
    fn next_task(&mut self) -> Option<Task> {
        RowsFeed::next_task(self)
    }

    fn finished(&mut self, index: usize) -> bool {
        RowsFeed::finished(self, index)
    }
}

/// Databases, sequences (a column's default may take its values from one) and tables.
fn definitions_before_rows(catalog: &Catalog, config: &Config) -> VecDeque<Task> {
    if !config.objects.schemas {
        return VecDeque::new();
    }
    let of_kind = |wanted: fn(&TableKind) -> bool| catalog.tables().filter(move |table| wanted(&table.kind)).cloned();
    let databases = catalog.databases.iter().cloned().map(Task::Database);
    let sequences = of_kind(|kind| *kind == TableKind::Sequence).map(Task::Sequence);
    let tables = of_kind(|kind| matches!(kind, TableKind::Base { .. })).map(Task::Table);
    databases.chain(sequences).chain(tables).collect()
}

/// Routines and events, views, triggers.
fn definitions_after_rows(catalog: &Catalog, config: &Config) -> VecDeque<Task> {
    let post = catalog.databases.iter().filter(|database| database.has_post()).cloned().map(Task::Post);
    if !config.objects.schemas {
        return post.collect();
    }
    let views = catalog.tables().filter(|table| table.kind == TableKind::View).cloned().map(Task::View);
    let triggers = catalog.tables().filter(|table| !table.triggers.is_empty()).cloned().map(Task::Triggers);
    post.chain(views).chain(triggers).collect()
}

fn timestamp() -> String {
    chrono::Local::now().format("%Y-%m-%d %H:%M:%S").to_string()
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "dumped {} in {:.1} s", self.totals, self.seconds)?;
        match &self.directory {
            Some(directory) => write!(f, " into {directory}"),
            None => Ok(()),
        }
    }
}
