//! The coordinator: it gives out tasks in three phases (definitions that rows need, rows, the other definitions) and
//! waits for the reports of one before it starts the next, so that a stream has them in that order. It also writes the
//! metadata, since it alone knows how far the dump is.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::backup::file_name::{Content, DumpFile};
use common::backup::metadata::{self, TableEntry};
use common::backup::row_hash::{self, ChunkRows, RowsDigest};
use common::layers::compression::Compression;
use common::observe::activity::Activity;
use common::process::stop::Stopped;
use crossbeam_channel::{Receiver, Sender, bounded, select_biased, tick};

use crate::catalog::{Catalog, Table, TableKind};
use crate::config::{ChunkSize, Config, RowFormat, UTC};
use crate::consistency::Snapshot;
use crate::consistency::changed_tables::TableCheck;
use crate::definitions::FILE_SQL_MODE;
use crate::dump::Error;
use crate::output::directory::OutputDirectory;
use crate::output::file_writer::{FileWriter, Files, FinishedFile, WriteError};
use crate::plan::chunk::{Chunk, KeyRange, Pace, Rest};
use crate::plan::phases::{Feed, definitions_after_rows, definitions_before_rows};
use crate::plan::row_queue::{RowsFeed, Supply};
use crate::plan::task::Task;
use crate::resume::{Done, DoneBefore, DumpJournal, TableBefore};
use crate::rows::query;
use crate::work::worker::{self, Report, RowsReport, Shared};

/// Without `--rows`, a chunk has as many bytes as this, by the server's estimate, or fewer.
pub const LARGEST_CHUNK: u64 = 128 << 20;
/// And not fewer than this, so that small tables stay in one piece.
const SMALLEST_CHUNK: u64 = 8 << 20;
/// How many chunks each worker should find in a large table, so that all end at about the same time.
const CHUNKS_PER_WORKER: u64 = 8;
/// How often a stream's reader is told which tables it has whole, and finished tables are checked.
const PARTIAL_INTERVAL: Duration = Duration::from_secs(1);

/// What a section of the metadata says of a table's rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RowsKnown {
    /// Nothing yet.
    No,
    /// Their number, and that the stream has brought all of them.
    Sent,
    /// Their number.
    All,
}

/// Gives out the work and knows how far it is.
pub struct Coordinator<'a> {
    config: &'a Config,
    shared: &'a Arc<Shared>,
    directory: &'a OutputDirectory,
    tasks: Sender<Task>,
    reports: Receiver<Result<Report, worker::Error>>,
    snapshot: Snapshot,
    activity: Activity,
    /// As long as it is there, workers keep the metadata locks of tables that are locked.
    tables_locked: Option<Sender<Infallible>>,
    /// All tables, views and sequences; a report names one by its index.
    tables: Vec<Arc<Table>>,
    /// Rows dumped, of the tables by their index.
    rows: Vec<u64>,
    /// Chunks dumped, each with its table's index.
    chunks: Vec<(usize, ChunkRows)>,
    /// What CHECKSUM TABLE says, by the tables' index.
    data_checksums: HashMap<usize, u64>,
    longest_statement: usize,
    /// Tables whose rows were all delivered since the stream was last told.
    finished_tables: Vec<usize>,
    table_check: TableCheck,
    next_partial: u32,
    /// Without one, the dump cannot be gone on with.
    journal: Option<DumpJournal>,
    /// What was dumped before, and is kept.
    before: DoneBefore,
    /// When the dump was begun, as metadata has it.
    started: String,
}

/// What an earlier run has left to this one, and what this leaves to the next.
pub struct History {
    /// Where to note what is done.
    pub journal: Option<DumpJournal>,
    /// What is done.
    pub before: DoneBefore,
    /// When the dump was begun.
    pub started: String,
}

impl<'a> Coordinator<'a> {
    /// Over the coordinator's own connection of the snapshot and the channels to the workers.
    pub fn new(
        config: &'a Config,
        shared: &'a Arc<Shared>,
        directory: &'a OutputDirectory,
        (snapshot, activity): (Snapshot, Activity),
        tables_locked: Sender<Infallible>,
        (tasks, reports): (Sender<Task>, Receiver<Result<Report, worker::Error>>),
        history: History,
    ) -> Coordinator<'a> {
        // The snapshots stand: only tables without may be locked from here on.
        let tables_locked = snapshot.moment.is_locked().then_some(tables_locked);
        Coordinator {
            config,
            shared,
            directory,
            tasks,
            reports,
            snapshot,
            activity,
            tables_locked,
            tables: Vec::new(),
            rows: Vec::new(),
            chunks: Vec::new(),
            data_checksums: HashMap::new(),
            longest_statement: 0,
            finished_tables: Vec::new(),
            table_check: TableCheck::default(),
            next_partial: 0,
            journal: history.journal,
            before: history.before,
            started: history.started,
        }
    }

    /// Goes through the phases. When it returns without an error, the dump is whole and its `metadata` delivered.
    pub fn run(mut self, catalog: &Catalog) -> Result<(), Error> {
        let local_infile = matches!(self.config.rows.format, RowFormat::Delimited(_));
        let head = metadata::head(&self.started, FILE_SQL_MODE, local_infile);
        self.tables = catalog.tables().cloned().collect();
        self.rows = vec![0; self.tables.len()];
        self.take_over();
        let streamed = self.shared.sender.is_some();
        let first = if streamed { Content::MetadataHeader } else { Content::MetadataUnfinished };
        let file = self.write_metadata(first, &head)?;
        self.shared.deliver(file)?;

        if self.config.objects.tablespaces {
            // Alone, so that a stream brings them before any table.
            self.phase(VecDeque::from([Task::Tablespaces]))?;
        }
        self.phase(definitions_before_rows(catalog, self.config))?;
        if streamed {
            let text = (0..self.tables.len()).map(|index| self.table_section(index, RowsKnown::No)).collect::<String>();
            self.send_partial(&text)?;
        }
        if self.config.objects.data {
            self.dump_rows()?;
        } else {
            self.tables.iter().filter(|table| table.has_rows()).for_each(|_| self.shared.counters.add_table());
        }
        if self.config.objects.data {
            self.table_check.all(self.config, &self.shared.server, &mut self.snapshot)?;
        }
        self.send_finished_tables()?;
        self.phase(definitions_after_rows(catalog, self.config))?;
        self.snapshot.moment.unlock_ddl()?;
        self.finish(head, catalog)
    }

    /// Makes the dump whole by its metadata.
    fn finish(mut self, head: String, catalog: &Catalog) -> Result<(), Error> {
        let mut text = head;
        if let Some(coordinates) = &self.snapshot.moment.coordinates {
            text.push_str(&coordinates.to_text());
        }
        // As they came: of several tables at a time.
        self.chunks.sort_unstable_by_key(|(table, chunk)| (*table, chunk.number));
        text.extend((0..self.tables.len()).map(|index| self.table_section(index, RowsKnown::All)));
        if self.config.objects.schemas {
            text.extend(catalog.databases.iter().map(|database| database.checksums.to_text(&database.name)));
        }
        let sequences = self.tables.iter().filter(|table| table.kind == TableKind::Sequence).count() as u64;
        let config = metadata::ConfigSection {
            max_statement_size: Some(self.longest_statement as u64),
            num_sequences: Some(sequences),
            local_infile: None,
            num_files: Some(self.shared.files_delivered.load(Ordering::Relaxed)),
            guarantee: Some(self.snapshot.moment.guarantee),
            guarantee_by: Some(self.snapshot.moment.grounds.clone()),
            server: Some(self.shared.server),
            row_hash: self.config.objects.data.then(|| row_hash::ALGORITHM.to_owned()),
            row_hash_time_zone: (self.config.objects.data && self.config.utc).then(|| UTC.to_owned()),
        };
        text.push_str(&config.tail(&timestamp()));
        self.shared.stop.check()?;
        if self.journal.is_some() {
            // All files of the directory are this dump's, and stay.
            self.directory.check_complete(self.shared.files_delivered.load(Ordering::Relaxed))?;
        }
        let file = self.shared.files.publish(&text)?;
        // Not before: until then the disk may be waited for, and a dump that ends meanwhile can be gone on with.
        if let Some(Err(error)) = self.journal.take().map(DumpJournal::remove) {
            tracing::warn!("{error}: the dump is whole, the file can be removed");
        }
        Ok(self.shared.deliver(file)?)
    }

    /// Counts what was dumped before.
    fn take_over(&mut self) {
        for (index, table) in self.tables.iter().enumerate() {
            for done in self.before.of(table).into_iter().flat_map(TableBefore::done_chunks) {
                self.rows[index] += done.rows;
                let rows = RowsDigest { count: done.rows, hash: done.hash };
                if let Some(chunk) = done.part.to_chunk(table.chunk_key.as_ref()) {
                    let selection = query::selection(&chunk);
                    self.chunks.push((index, ChunkRows { number: done.number, rows, selection }));
                }
                self.longest_statement = self.longest_statement.max(done.longest_statement);
                self.shared.files_delivered.fetch_add(done.files.len() as u64, Ordering::Relaxed);
            }
        }
    }

    fn write_metadata(&self, content: Content, text: &str) -> Result<FinishedFile, WriteError> {
        // A dump that is resumed has its `metadata.partial`, the sign that a dump is under way, already.
        let files = Files { overwrite: true, ..self.shared.files.clone() };
        FileWriter::write_whole(&files, DumpFile::new(content, Compression::None), text.as_bytes())
    }

    fn send_partial(&mut self, text: &str) -> Result<(), Error> {
        let file = self.write_metadata(Content::MetadataPartial(self.next_partial), text)?;
        self.next_partial += 1;
        Ok(self.shared.deliver(file)?)
    }

    /// Tells the stream's reader of which tables it has all rows, so that it can go on with their keys.
    fn send_finished_tables(&mut self) -> Result<(), Error> {
        let finished = std::mem::take(&mut self.finished_tables);
        if self.shared.sender.is_none() || finished.is_empty() {
            return Ok(());
        }
        let text: String = finished.into_iter().map(|index| self.table_section(index, RowsKnown::Sent)).collect();
        self.send_partial(&text)
    }

    fn table_section(&self, index: usize, known: RowsKnown) -> String {
        let table = &self.tables[index];
        let chunks = if known == RowsKnown::All { self.chunks_of(index) } else { &[] };
        let entry = TableEntry {
            real_name: Some(table.name.name.clone()),
            rows: (known != RowsKnown::No).then_some(self.rows[index]),
            is_view: table.kind == TableKind::View,
            is_sequence: table.kind == TableKind::Sequence,
            estimated_bytes: (known == RowsKnown::No && table.has_rows()).then_some(table.data_length),
            rows_sent: known == RowsKnown::Sent,
            data_checksum: self.data_checksums.get(&index).copied(),
            schema_checksum: table.schema_checksum.filter(|_| known == RowsKnown::All),
            indexes_checksum: table.indexes_checksum.filter(|_| known == RowsKnown::All),
            hashed_columns: (!chunks.is_empty()).then(|| query::select_list(table).into()),
            hashed_history: !chunks.is_empty() && table.history,
            chunks: chunks.iter().map(|(_, chunk)| chunk.clone()).collect(),
        };
        entry.to_text(&table.file)
    }

    /// The chunks of the table with this index, once they are sorted.
    fn chunks_of(&self, index: usize) -> &[(usize, ChunkRows)] {
        let start = self.chunks.partition_point(|(table, _)| *table < index);
        let length = self.chunks[start..].partition_point(|(table, _)| *table == index);
        &self.chunks[start..start + length]
    }

    /// Tables that only a lock keeps in step come first, so that it is held no longer than they need.
    fn dump_rows(&mut self) -> Result<(), Error> {
        // Its work in the snapshot is done, and on MySQL a snapshot would show tables as they were.
        // No COMMIT: a lock may hold these off.
        self.snapshot.coordinator.execute("ROLLBACK")?;
        let tables = self.tables.clone();
        let mut with_rows: Vec<(usize, &Arc<Table>)> =
            tables.iter().enumerate().filter(|(_, table)| table.has_rows() && !table.keeps_rows_elsewhere()).collect();
        // The largest first: what remains for the end is small.
        with_rows.sort_by_key(|(_, table)| std::cmp::Reverse(table.data_length));
        // Each may be as large as a server likes to say.
        let estimate = with_rows.iter().fold(0_u64, |all, (_, table)| all.saturating_add(table.row_estimate));
        self.shared.counters.expect(with_rows.len() as u64, estimate);
        let (locked, free): (Vec<_>, Vec<_>) =
            with_rows.into_iter().partition(|(_, table)| self.snapshot.moment.is_locked() && !table.is_transactional());
        if !locked.is_empty() {
            self.rows_phase(&locked)?;
        }
        self.snapshot.moment.unlock_rows()?;
        self.tables_locked = None;
        self.rows_phase(&free)
    }

    fn rows_phase(&mut self, tables: &[(usize, &Arc<Table>)]) -> Result<(), Error> {
        let planned: Vec<_> =
            tables.iter().map(|(index, table)| (*index, Arc::clone(table), self.supply(table))).collect();
        // Nothing will be reported of tables that have nothing to give.
        for (index, _, supply) in &planned {
            if supply.is_exhausted() {
                self.table_finished(*index);
            }
        }
        let mut feed = RowsFeed::new(planned, self.config.max_threads_per_table);
        self.drive(&mut feed)?;
        self.phase(self.checksum_tasks(tables))
    }

    /// CHECKSUM TABLE of those tables whose rows are all dumped.
    fn checksum_tasks(&self, tables: &[(usize, &Arc<Table>)]) -> VecDeque<Task> {
        let chooses_rows = self.config.rows.condition.is_some();
        let chooses_partitions = self.config.chunks.partitions.as_ref().is_some_and(|chosen| chosen.pattern.is_some());
        if !self.config.checksums.data || chooses_rows {
            return VecDeque::new();
        }
        let is_whole = |table: &Table| table.partitions.is_none() || !chooses_partitions;
        // MariaDB sums up what lies in memory behind a NULL of these: of equal tables, something else each time (10.11).
        let is_sure =
            |table: &Table| !self.shared.server.is_mariadb() || table.columns.iter().all(|column| !column.generated);
        let tables = tables.iter().filter(|(_, table)| is_whole(table) && is_sure(table));
        tables.map(|(index, table)| Task::DataChecksum(Arc::clone(table), *index)).collect()
    }

    /// How a table is cut.
    fn supply(&self, table: &Table) -> Supply {
        let before = self.before.of(table);
        if let Some(partitions) = &table.partitions {
            let chunks = (0_u64..).zip(partitions.iter().cloned().map(Chunk::Partition));
            return Supply::Chunks(
                chunks.filter(|(number, _)| !before.is_some_and(|before| before.has(*number))).collect(),
            );
        }
        let pace = match &self.config.chunks.size {
            ChunkSize::Rows(pace) => pace.clone(),
            ChunkSize::Automatic => {
                let share = table.data_length / (self.config.threads as u64 * CHUNKS_PER_WORKER);
                let chunks = table.data_length.div_ceil(share.clamp(SMALLEST_CHUNK, LARGEST_CHUNK)).max(1);
                Pace::steady(table.row_estimate.div_ceil(chunks))
            }
        };
        match (&table.chunk_key, before) {
            (Some(key), Some(before)) if before.is_cut() => before.rest_of_cut(Arc::clone(key), pace),
            (_, Some(before)) if before.has(0) => Supply::nothing(),
            (Some(key), _) if table.row_estimate > pace.rows() => Supply::cut(Arc::clone(key), pace),
            _ => Supply::whole(),
        }
    }

    fn phase(&mut self, tasks: VecDeque<Task>) -> Result<(), Error> {
        let mut tasks = tasks;
        self.drive(&mut tasks)
    }

    /// Gives out tasks and takes in reports until all of the feed is done.
    fn drive(&mut self, feed: &mut impl Feed) -> Result<(), Error> {
        // Nobody receives here: it stands in for the workers while there is nothing to give.
        let (nobody, _not_received) = bounded(0);
        let tell = tick(PARTIAL_INTERVAL);
        let mut next = feed.next_task();
        let mut running = 0_usize;
        loop {
            if next.is_none() {
                next = feed.next_task();
            }
            if next.is_none() && running == 0 {
                return Ok(());
            }
            self.activity.describe(format!(
                "{running} task(s) under way, {}",
                if next.is_some() { "another waits for a worker" } else { "no other can be given out yet" }
            ));
            let workers = if next.is_some() { &self.tasks } else { &nobody };
            let given = next.clone();
            // Reports first: they may change what is to be given next.
            select_biased! {
                recv(self.reports) -> report => {
                    match report.map_err(|_| Stopped)?? {
                        Report::Cut { table_index, number, range, rest } => {
                            self.note_cut(table_index, number, &range, rest.as_ref())?;
                            feed.cut(table_index, rest);
                        }
                        Report::Done => running -= 1,
                        Report::DataChecksum { table_index, checksum } => {
                            running -= 1;
                            self.data_checksums.extend(checksum.map(|checksum| (table_index, checksum)));
                        }
                        Report::Rows(rows) => {
                            running -= 1;
                            self.take_in(rows, feed)?;
                        }
                    }
                    // What was offered so far may not be the next any more.
                    if let Some(task) = next.take() {
                        feed.put_back(task);
                    }
                }
                send(workers, given.ok_or(Stopped)?) -> sent => {
                    sent.map_err(|_| Stopped)?;
                    next = None;
                    running += 1;
                }
                recv(tell) -> _ => {
                    self.table_check.finished(self.config, &self.shared.server, &mut self.snapshot)?;
                    self.send_finished_tables()?;
                }
                recv(self.shared.stop.closed()) -> _ => return Err(Stopped.into()),
            }
        }
    }

    fn note_cut(&mut self, index: usize, number: u64, range: &KeyRange, rest: Option<&Rest>) -> Result<(), Error> {
        let table = &self.tables[index];
        if let (Some(journal), Some(key)) = (&mut self.journal, &table.chunk_key) {
            journal.cut(table, key, number, range, rest)?;
        }
        Ok(())
    }

    fn take_in(&mut self, report: RowsReport, feed: &mut impl Feed) -> Result<(), Error> {
        let RowsReport { table_index, number, rows, longest_statement, .. } = report;
        self.longest_statement = self.longest_statement.max(longest_statement);
        self.rows[table_index] += rows.count;
        let selection = query::selection(&report.chunk);
        self.chunks.push((table_index, ChunkRows { number, rows, selection }));
        if feed.finished(&report) {
            self.table_finished(table_index);
        }
        if let Some(journal) = &mut self.journal {
            let RowsReport { chunk, files, .. } = report;
            journal.rows(&self.tables[table_index], &chunk, Done { number, rows, longest_statement, files })?;
        }
        Ok(())
    }

    fn table_finished(&mut self, index: usize) {
        self.shared.counters.add_table();
        self.finished_tables.push(index);
        self.table_check.add(self.tables[index].name.clone());
    }
}

/// The time as metadata has it.
pub fn timestamp() -> String {
    chrono::Local::now().format("%Y-%m-%d %H:%M:%S").to_string()
}
