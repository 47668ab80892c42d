//! The coordinator: it runs the plan phase by phase, and waits for the reports of one before it starts the next, so that a
//! stream has the files in that order. It alone knows how far the dump is, for the metadata and the journal.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use common::backup::metadata::ConfigSection;
use common::backup::row_hash::{ChunkRows, RowsDigest};
use common::backup::stored_files::StoredFiles;
use common::observe::activity::Activity;
use common::observe::wording::count;
use common::process::stop::Stopped;
use common::process::sync::lock;
use common::store::Stored;
use crossbeam_channel::{Receiver, Sender, bounded, select_biased, tick};

use crate::catalog::{Database, Table};
use crate::config::Config;
use crate::consistency::Snapshot;
use crate::consistency::changed_tables::TableCheck;
use crate::output::directory::OutputDirectory;
use crate::output::earlier_phases::{EarlierPhases, Replaced, replaces_rows};
use crate::output::file_writer::{FinishedFile, WrittenFile};
use crate::output::metadata_writer::{DumpFacts, MetadataWriter};
use crate::plan::chunk::{KeyRange, Remainder};
use crate::plan::report::{Report, RowsReport};
use crate::plan::row_queue::RowQueue;
use crate::plan::task::Task;
use crate::plan::task_queue::TaskQueue;
use crate::plan::{Plan, RowsPhase};
use crate::resume::{Completed, Done, DumpJournal, History, TableProgress};
use crate::rows::projection::Projection;
use crate::rows::query;
use crate::work::context::Shared;
use crate::work::error::{Error, TaskError};

/// How often finished tables are checked, and announced to a stream's reader.
const PARTIAL_INTERVAL: Duration = Duration::from_secs(1);

/// The coordinator's ends of the channels to the workers.
pub struct Workers {
    /// What they are to do.
    pub tasks: Sender<Task>,
    /// What they have done.
    pub reports: Receiver<Result<Report, TaskError>>,
    /// While it exists, they keep the metadata locks of tables that are locked.
    pub tables_locked: Sender<Infallible>,
}

/// Gives out the work and knows how far it is.
pub struct Coordinator<'a> {
    config: &'a Config,
    shared: &'a Arc<Shared>,
    directory: &'a OutputDirectory,
    tasks: Sender<Task>,
    reports: Receiver<Result<Report, TaskError>>,
    snapshot: Snapshot,
    activity: Activity,
    tables_locked: Option<Sender<Infallible>>,
    tables: Arc<[Arc<Table>]>,
    metadata: MetadataWriter,
    /// Tables whose rows were all delivered since the last announcement.
    finished_tables: Vec<usize>,
    table_check: TableCheck,
    /// Without one, the dump cannot be resumed.
    journal: Option<DumpJournal>,
    /// What `--dirty` adds to.
    earlier: Option<EarlierPhases>,
}

impl<'a> Coordinator<'a> {
    /// Over the coordinator's own connection of the snapshot, for the tables of a plan.
    pub fn new(
        config: &'a Config,
        shared: &'a Arc<Shared>,
        (directory, earlier): (&'a OutputDirectory, Option<EarlierPhases>),
        (snapshot, activity): (Snapshot, Activity),
        workers: Workers,
        history: History,
        plan: &Plan,
    ) -> Coordinator<'a> {
        let Workers { tasks, reports, tables_locked } = workers;
        // All snapshots are open: from here on only tables without snapshots may be locked.
        let tables_locked = snapshot.point.is_locked().then_some(tables_locked);
        let facts = DumpFacts {
            started: history.started,
            streamed: shared.sender.is_some(),
            server: shared.server,
            rows: config.rows.clone(),
            schemas: config.objects.schemas,
            data: config.objects.data,
            utc: config.utc,
            not_updated: Arc::clone(&shared.not_updated),
        };
        let mut coordinator = Coordinator {
            config,
            shared,
            directory,
            tasks,
            reports,
            snapshot,
            activity,
            tables_locked,
            tables: Arc::clone(&plan.tables),
            metadata: MetadataWriter::new(&shared.files, facts, Arc::clone(&plan.tables)),
            finished_tables: Vec::new(),
            table_check: TableCheck::default(),
            journal: history.journal,
            earlier,
        };
        coordinator.keep(&history.completed);
        coordinator
    }

    /// Carries out the plan. When it returns without an error, the dump is whole and its `metadata` delivered.
    pub fn run(mut self, plan: Plan) -> Result<(), Error> {
        // That of an earlier dump is there as the sign that this one is not finished.
        if self.earlier.is_none() {
            self.shared.deliver(self.metadata.begin()?)?;
        }
        self.phase(plan.tablespaces)?;
        self.phase(plan.definitions_before_rows)?;
        let announced = self.metadata.announce_tables()?;
        self.deliver(announced)?;
        if self.config.objects.data {
            // Its work in the snapshot is done, and on MySQL a snapshot would show tables as they were.
            // No COMMIT: a lock may hold these off.
            self.snapshot.coordinator.execute("ROLLBACK")?;
            self.rows_phase(plan.locked_rows)?;
            self.snapshot.point.unlock_rows()?;
            self.tables_locked = None;
            self.rows_phase(plan.free_rows)?;
            self.table_check.all(self.config, &self.shared.server, &mut self.snapshot)?;
        } else {
            self.tables.iter().filter(|table| table.has_rows()).for_each(|_| self.shared.counters.add_table());
        }
        self.announce_finished_tables()?;
        self.phase(plan.definitions_after_rows)?;
        self.snapshot.point.unlock_ddl()?;
        self.finish(&plan.databases)
    }

    /// Adds what an interrupted dump has completed to the metadata and the counters.
    fn keep(&mut self, completed: &Completed) {
        for (index, table) in self.tables.iter().enumerate() {
            for done in completed.of(table).into_iter().flat_map(TableProgress::done_chunks) {
                if let Some(chunk) = done.part.to_chunk(table.chunk_key.as_ref()) {
                    let rows = RowsDigest { count: done.rows, hash: done.hash, generated: done.generated };
                    let chunk = ChunkRows { number: done.number, rows, selection: query::selection(&chunk) };
                    self.metadata.add_chunk(index, chunk, done.longest_statement);
                }
                let mut files = lock(&self.shared.stored_files);
                for WrittenFile { name, bytes, crc32c } in &done.files {
                    files.insert(name.as_str(), Stored { bytes: *bytes, crc32c: *crc32c });
                }
            }
        }
    }

    fn rows_phase(&mut self, phase: RowsPhase) -> Result<(), Error> {
        for planned in &phase.tables {
            tracing::info!("{planned}");
            // No report will come of tables without remaining chunks.
            if planned.remaining.is_exhausted() {
                self.table_finished(planned.index);
            }
        }
        let tables = phase.tables.into_iter().map(|planned| (planned.index, planned.table, planned.remaining));
        let (server, rows) = (self.shared.server, self.config.rows.clone());
        let project = move |table: &Table| Projection::new(table, &server, &rows);
        let mut queue = RowQueue::new(tables, self.config.max_threads_per_table, project);
        self.drive(&mut queue)?;
        self.phase(phase.checksums)
    }

    fn phase(&mut self, mut tasks: VecDeque<Task>) -> Result<(), Error> {
        self.drive(&mut tasks)
    }

    /// Gives out tasks and takes in reports until all of the queue is done.
    fn drive(&mut self, queue: &mut impl TaskQueue) -> Result<(), Error> {
        // Nobody receives here: it replaces the workers' channel while there is no task to give.
        let (nobody, _not_received) = bounded(0);
        let announce = tick(PARTIAL_INTERVAL);
        let mut next = queue.next_task();
        let mut running = 0_usize;
        loop {
            if next.is_none() {
                next = queue.next_task();
            }
            if next.is_none() && running == 0 {
                return Ok(());
            }
            let further = if next.is_some() { "another waits for a worker" } else { "no other can start yet" };
            self.activity.describe(format!("{} under way, {further}", count(running as u64, "task")));
            let workers = if next.is_some() { &self.tasks } else { &nobody };
            let given = next.clone();
            // Reports first: they may change which task is next.
            select_biased! {
                recv(self.reports) -> report => {
                    match report.map_err(|_| Stopped)?? {
                        Report::Split { table_index, number, range, remainder } => {
                            self.note_split(table_index, number, &range, remainder.as_ref())?;
                            queue.split_off(table_index, remainder);
                        }
                        Report::Done => running -= 1,
                        Report::RowCount { table_index, rows } => {
                            running -= 1;
                            self.check_row_count(table_index, rows)?;
                        }
                        Report::DataChecksum { table_index, checksum } => {
                            running -= 1;
                            if let Some(checksum) = checksum {
                                self.metadata.add_data_checksum(table_index, checksum);
                            }
                        }
                        Report::Rows(rows) => {
                            running -= 1;
                            self.take_in(rows, queue)?;
                        }
                    }
                    // What was offered so far may not be the next any more.
                    if let Some(task) = next.take() {
                        queue.put_back(task);
                    }
                }
                send(workers, given.ok_or(Stopped)?) -> sent => {
                    sent.map_err(|_| Stopped)?;
                    next = None;
                    running += 1;
                }
                recv(announce) -> _ => {
                    self.table_check.finished(self.config, &self.shared.server, &mut self.snapshot)?;
                    self.announce_finished_tables()?;
                }
                recv(self.shared.stop.closed()) -> _ => return Err(Stopped.into()),
            }
        }
    }

    /// Compares what was written of a table with what its snapshot has.
    fn check_row_count(&self, index: usize, counted: u64) -> Result<(), Error> {
        let written = self.metadata.rows(index);
        if counted == written {
            return Ok(());
        }
        Err(Error::RowCount { table: self.tables[index].name.to_string(), counted, written })
    }

    fn note_split(
        &mut self,
        index: usize,
        number: u64,
        range: &KeyRange,
        remainder: Option<&Remainder>,
    ) -> Result<(), Error> {
        let table = &self.tables[index];
        if let (Some(journal), Some(key)) = (&mut self.journal, &table.chunk_key) {
            journal.split_off(table, key, number, range, remainder)?;
        }
        Ok(())
    }

    fn take_in(&mut self, report: RowsReport, queue: &mut impl TaskQueue) -> Result<(), Error> {
        let RowsReport { table_index, number, rows, longest_statement, .. } = report;
        let chunk = ChunkRows { number, rows, selection: query::selection(&report.chunk) };
        self.metadata.add_chunk(table_index, chunk, longest_statement);
        if queue.finished(&report) {
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

    fn announce_finished_tables(&mut self) -> Result<(), Error> {
        let finished = std::mem::take(&mut self.finished_tables);
        let announced = self.metadata.sent(finished)?;
        self.deliver(announced)
    }

    fn deliver(&self, file: Option<FinishedFile>) -> Result<(), Error> {
        Ok(file.map_or(Ok(()), |file| self.shared.deliver(file))?)
    }

    /// With the files of earlier dumps that stay; the others go.
    fn settle(&mut self, files: StoredFiles, databases: &[Arc<Database>]) -> Result<StoredFiles, Error> {
        let Some(earlier) = &mut self.earlier else { return Ok(files) };
        let replaced = Replaced {
            files: &files,
            tables: self
                .tables
                .iter()
                .map(|table| (&table.file, replaces_rows(table, self.config.objects.data)))
                .collect(),
            databases: databases.iter().map(|database| database.file.as_str()).collect(),
            objects: self.config.objects,
        };
        Ok(earlier.settle(&**self.directory.store(), &replaced, &self.shared.stop)?)
    }

    /// Writes the whole metadata, and gives it its name when all else is done.
    fn finish(mut self, databases: &[Arc<Database>]) -> Result<(), Error> {
        let files = std::mem::take(&mut *lock(&self.shared.stored_files));
        let delivered = files.len() as u64;
        let files = self.settle(files, databases)?;
        let point = &self.snapshot.point;
        let config = ConfigSection {
            num_files: Some(files.len() as u64),
            guarantee: Some(point.guarantee),
            guarantee_by: Some(point.evidence.clone()),
            server: Some(self.shared.server),
            ..ConfigSection::default()
        };
        let metadata = self.metadata.whole(databases, point.coordinates.as_ref(), config, &files, self.earlier.take());
        self.shared.stop.check()?;
        if self.journal.is_some() {
            // All files of the directory are this dump's, and stay.
            self.directory.check_complete(delivered)?;
        }
        let file = self.shared.files.publish(&metadata)?;
        // Not before: until then the disk may be waited for, and a dump that ends meanwhile can be resumed.
        if let Some(Err(error)) = self.journal.take().map(DumpJournal::remove) {
            tracing::warn!("{error}: the dump is complete, and the file can be removed");
        }
        Ok(self.shared.deliver(file)?)
    }
}
