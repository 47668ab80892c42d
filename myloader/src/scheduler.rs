//! What can be done next: pure, from files that arrived and jobs that ended to jobs.
//!
//! The order always works: databases, sequences, tables, rows, keys; and when all tables have theirs: foreign keys,
//! routines, views (until none is left), triggers, events. Up to the keys, each table goes on by itself as soon as its
//! files are there; the rest waits for all tables and for the end of the input.

mod error;
mod row_counts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use common::dump_file::{Content, DumpFile, TableFileName};
use common::filter::Filter;
use common::metadata::Metadata;
use common::name::QualifiedName;

pub use error::Error;

use crate::job::{DatabaseTarget, Job, Outcome, TableTarget};
use crate::table_state::{Stage as TableStage, TableState};

/// Options of the scheduler.
#[derive(Debug)]
pub struct Settings {
    /// Which tables.
    pub filter: Filter,
    /// `--database`.
    pub target_database: Option<String>,
    /// Workers on one table.
    pub max_threads_per_table: usize,
    /// Workers that add keys.
    pub max_threads_for_keys: usize,
    /// Whether keys wait for the rows of all tables.
    pub keys_after_all_tables: bool,
    /// Whether tables that exist are an error.
    pub fail_if_table_exists: bool,
    /// Whether definitions are restored.
    pub schemas: bool,
    /// Whether rows are.
    pub data: bool,
    /// Whether triggers are.
    pub triggers: bool,
    /// Whether routines and events are.
    pub post: bool,
}

/// The part of the restore that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Databases, sequences, tables, rows and, table by table, keys.
    Tables,
    /// Keys that wait for the rows of all tables.
    Keys,
    Constraints,
    Routines,
    Views,
    Triggers,
    Events,
    Finished,
}

#[derive(Debug, Default)]
enum DatabaseState {
    #[default]
    Unknown,
    Creating,
    Ready(Arc<DatabaseTarget>),
    Skipped,
}

#[derive(Debug, Default)]
struct Database {
    state: DatabaseState,
    /// Tables whose files came before the database was there.
    waiting: BTreeSet<TableFileName>,
    waiting_sequences: Vec<DumpFile>,
    post: Option<DumpFile>,
    triggers: Vec<DumpFile>,
    views: Vec<DumpFile>,
}

/// See the module.
#[derive(Debug)]
pub struct Scheduler {
    settings: Settings,
    stage: Stage,
    databases: BTreeMap<String, Database>,
    tables: BTreeMap<TableFileName, TableState>,
    metadata: Metadata,
    /// Whether all files have arrived.
    input_ended: bool,
    /// Jobs of the stage that anyone may take.
    ready: VecDeque<Job>,
    /// Tables that have files of rows to load.
    loading: VecDeque<TableFileName>,
    keys: VecDeque<Job>,
    /// Keys that wait for the rows of all tables.
    late_keys: VecDeque<Job>,
    waiting_bytes: u64,
    /// Files that arrived.
    files: u64,
    running: usize,
    running_keys: usize,
    /// Sequences that are being created: defaults of columns may need them.
    open_sequences: usize,
    waiting_for_sequences: BTreeSet<TableFileName>,
    postponed_views: Vec<(Job, String)>,
    /// Whether a view was created since the round began.
    view_created: bool,
}

impl Scheduler {
    /// With nothing to do yet.
    pub fn new(settings: Settings) -> Scheduler {
        Scheduler {
            settings,
            stage: Stage::Tables,
            databases: BTreeMap::new(),
            tables: BTreeMap::new(),
            metadata: Metadata::default(),
            input_ended: false,
            ready: VecDeque::new(),
            loading: VecDeque::new(),
            keys: VecDeque::new(),
            late_keys: VecDeque::new(),
            waiting_bytes: 0,
            files: 0,
            running: 0,
            running_keys: 0,
            open_sequences: 0,
            waiting_for_sequences: BTreeSet::new(),
            postponed_views: Vec::new(),
            view_created: false,
        }
    }

    /// Metadata was read: a part of it, or all.
    pub fn metadata(&mut self, metadata: Metadata) {
        let whole: Vec<TableFileName> =
            metadata.tables.iter().filter(|(_, entry)| entry.rows_sent).map(|(table, _)| table.clone()).collect();
        self.metadata.absorb(metadata);
        for table in whole {
            if let Some(state) = self.tables.get_mut(&table) {
                state.rows_complete = true;
            }
            self.table_went_on(&table);
        }
    }

    /// Bytes of rows that wait for a worker.
    pub fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes
    }

    /// Whether workers are at work.
    pub fn is_busy(&self) -> bool {
        self.running > 0
    }

    /// A file is there, whole, with so many bytes.
    pub fn arrived(&mut self, file: DumpFile, bytes: u64) -> Result<(), Error> {
        self.files += 1;
        let Some(name) = file.content.database().map(str::to_owned) else { return Ok(()) };
        let is_definition = !matches!(file.content, Content::Rows(_));
        if is_definition && !self.settings.schemas && !matches!(file.content, Content::Database(_) | Content::Table(_))
        {
            return Ok(());
        }
        let database = self.databases.entry(name.clone()).or_default();
        match &file.content {
            Content::Database(_) => {
                if matches!(database.state, DatabaseState::Unknown) {
                    database.state = DatabaseState::Creating;
                    self.ready.push_back(Job::CreateDatabase(file));
                }
            }
            Content::Post(_) => database.post = Some(file),
            Content::DatabaseTriggers(_) | Content::Triggers(_) => database.triggers.push(file),
            Content::View(_) => database.views.push(file),
            Content::Sequence(_) => {
                database.waiting_sequences.push(file);
                self.start_waiting(&name)?;
            }
            Content::Table(table) => {
                let table = table.clone();
                self.tables.entry(table.clone()).or_default().schema = Some(file);
                self.start_table(&table)?;
            }
            Content::Rows(rows) if self.settings.data => {
                let table = rows.table.clone();
                let state = self.tables.entry(table.clone()).or_default();
                if state.stage != TableStage::Skipped {
                    let pairs = self.metadata.config.local_infile == Some(true);
                    self.waiting_bytes += state.add_rows(rows, file.compression, bytes, pairs);
                }
                self.start_table(&table)?;
                self.offer_rows(&table);
            }
            _ => {}
        }
        Ok(())
    }

    /// No more files come. `metadata` is the whole dump's.
    pub fn input_ended(&mut self, metadata: Metadata) -> Result<(), Error> {
        self.metadata = metadata;
        self.input_ended = true;
        let names: Vec<String> = self.databases.keys().cloned().collect();
        for name in names {
            self.use_database(&name)?;
        }
        let tables: Vec<TableFileName> = self.tables.keys().cloned().collect();
        for table in &tables {
            if let Some(state) = self.tables.get_mut(table) {
                state.release_unpaired();
            }
            self.start_table(table)?;
            self.offer_rows(table);
            self.table_went_on(table);
        }
        self.advance()
    }

    /// The next job, if there is one that can be done now.
    pub fn next_job(&mut self) -> Option<Job> {
        let job = self.take_job()?;
        self.running += 1;
        if matches!(job, Job::AddKeys(..)) {
            self.running_keys += 1;
        }
        Some(job)
    }

    /// Whether everything is restored.
    pub fn is_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// How many tables the dump has, as far as is known.
    pub fn table_count(&self) -> usize {
        self.tables.len()
    }

    /// A job is done.
    pub fn done(&mut self, job: &Job, outcome: Outcome) -> Result<(), Error> {
        self.running -= 1;
        match (job, outcome) {
            (Job::CreateDatabase(file), outcome) => {
                self.database_done(file.content.database().unwrap_or_default(), outcome)?;
            }
            (Job::UseDatabase(name), outcome) => self.database_done(name, outcome)?,
            (Job::Sequence(..), _) => {
                self.open_sequences -= 1;
                if self.open_sequences == 0 {
                    for table in std::mem::take(&mut self.waiting_for_sequences) {
                        self.start_table(&table)?;
                    }
                }
            }
            (Job::CreateTable(_, file), outcome) => {
                if let Some(table) = file.content.table() {
                    self.table_done(table, outcome);
                }
            }
            (Job::Rows(table, ..), Outcome::RowsLoaded(rows)) => {
                if let Some(state) = self.tables.get_mut(&table.file) {
                    state.active -= 1;
                    state.restored += rows;
                }
                self.table_went_on(&table.file);
            }
            (Job::AddKeys(table, _), _) => {
                self.running_keys -= 1;
                self.set_stage(&table.file, TableStage::Restored);
            }
            (Job::View(..), Outcome::ViewPostponed(why)) => self.postponed_views.push((job.clone(), why)),
            (Job::View(..), _) => self.view_created = true,
            _ => {}
        }
        self.advance()
    }

    fn take_job(&mut self) -> Option<Job> {
        // Adding a foreign key locks the parent table's definition too: two at a time may deadlock (seen on MySQL 9.7).
        if self.stage == Stage::Constraints && self.running > 0 {
            return None;
        }
        if let Some(job) = self.ready.pop_front() {
            return Some(job);
        }
        // Keys before rows: building them takes the server long, and overlaps with loading other tables.
        if self.running_keys < self.settings.max_threads_for_keys
            && let Some(job) = self.keys.pop_front()
        {
            return Some(job);
        }
        let limit = self.settings.max_threads_per_table;
        for place in 0..self.loading.len() {
            let table = self.loading[place].clone();
            let Some(state) = self.tables.get_mut(&table) else { continue };
            if state.active >= limit {
                continue;
            }
            let TableStage::Loading(target) = &state.stage else { continue };
            let target = Arc::clone(target);
            let Some((rows, file, bytes)) = state.take_rows(&table) else { continue };
            self.waiting_bytes -= bytes;
            if !state.has_rows_waiting() {
                state.offered = false;
                self.loading.remove(place);
            }
            return Some(Job::Rows(target, rows, file));
        }
        None
    }

    fn database_done(&mut self, name: &str, outcome: Outcome) -> Result<(), Error> {
        let Some(database) = self.databases.get_mut(name) else { return Ok(()) };
        let Outcome::DatabaseReady(target, existing) = outcome else {
            database.state = DatabaseState::Skipped;
            database.waiting.clear();
            return Ok(());
        };
        database.state = DatabaseState::Ready(Arc::new(target));
        self.check_one_database()?;
        self.check_existing(name, &existing)?;
        self.start_waiting(name)
    }

    fn check_one_database(&self) -> Result<(), Error> {
        let Some(target) = &self.settings.target_database else { return Ok(()) };
        let mut ready = self.databases.values().filter_map(|database| match &database.state {
            DatabaseState::Ready(target) => Some(&target.source),
            _ => None,
        });
        match (ready.next(), ready.next()) {
            (Some(first), Some(second)) => {
                Err(Error::SeveralDatabases { target: target.clone(), first: first.clone(), second: second.clone() })
            }
            _ => Ok(()),
        }
    }

    /// With `--drop-table=FAIL`, tables that are known to come are looked for before anything is changed. Of those that
    /// a stream brings later, CREATE TABLE finds out.
    fn check_existing(&self, database: &str, existing: &BTreeSet<String>) -> Result<(), Error> {
        if !self.settings.fail_if_table_exists || existing.is_empty() {
            return Ok(());
        }
        let Some(DatabaseState::Ready(target)) = self.databases.get(database).map(|database| &database.state) else {
            return Ok(());
        };
        let mut tables = Vec::new();
        for (file, state) in &self.tables {
            if file.database != database || state.schema.is_none() {
                continue;
            }
            let Ok(name) = self.real_table_name(file) else { continue };
            if existing.contains(&name)
                && self.settings.filter.passes_table(&QualifiedName::new(target.source.clone(), name.clone()))?
            {
                tables.push(QualifiedName::new(target.target.clone(), name));
            }
        }
        if tables.is_empty() { Ok(()) } else { Err(Error::TablesExist { tables }) }
    }

    /// Begins what waited for the database.
    fn start_waiting(&mut self, name: &str) -> Result<(), Error> {
        let Some(database) = self.databases.get_mut(name) else { return Ok(()) };
        let DatabaseState::Ready(target) = &database.state else { return Ok(()) };
        let target = Arc::clone(target);
        let sequences = std::mem::take(&mut database.waiting_sequences);
        let tables = std::mem::take(&mut database.waiting);
        for file in sequences {
            if file.content.table().map(|sequence| self.passes_source(sequence)).transpose()? == Some(true) {
                self.open_sequences += 1;
                self.ready.push_back(Job::Sequence(Arc::clone(&target), file));
            }
        }
        for table in tables {
            self.start_table(&table)?;
        }
        Ok(())
    }

    /// Rows come after their table's and database's files, if there are any: without such a file, the database has to
    /// be there.
    fn use_database(&mut self, name: &str) -> Result<(), Error> {
        let Some(database) = self.databases.get_mut(name) else { return Ok(()) };
        if matches!(database.state, DatabaseState::Unknown) {
            if name.starts_with("mydumper_") {
                return Err(Error::NoName(name.to_owned()));
            }
            database.state = DatabaseState::Creating;
            self.ready.push_back(Job::UseDatabase(name.to_owned()));
        }
        Ok(())
    }

    fn start_table(&mut self, table: &TableFileName) -> Result<(), Error> {
        let Some(state) = self.tables.get(table) else { return Ok(()) };
        if !matches!(state.stage, TableStage::Waiting) {
            return Ok(());
        }
        let (schema, has_rows) = (state.schema.clone(), state.has_rows_waiting());
        if schema.is_none() && !has_rows {
            return Ok(());
        }
        let Some(database) = self.databases.get_mut(&table.database) else { return Ok(()) };
        let target = match &database.state {
            DatabaseState::Ready(target) => Arc::clone(target),
            DatabaseState::Skipped => {
                self.set_stage(table, TableStage::Skipped);
                return Ok(());
            }
            DatabaseState::Unknown | DatabaseState::Creating => {
                database.waiting.insert(table.clone());
                return if has_rows { self.use_database(&table.database) } else { Ok(()) };
            }
        };
        match schema {
            Some(_) if self.open_sequences > 0 => {
                self.waiting_for_sequences.insert(table.clone());
            }
            Some(file) => {
                self.set_stage(table, TableStage::Creating);
                self.ready.push_back(Job::CreateTable(target, file));
            }
            None => {
                let name = self.real_table_name(table)?;
                let source = QualifiedName::new(target.source.clone(), name.clone());
                if self.settings.filter.passes_table(&source)? {
                    let name = QualifiedName::new(target.target.clone(), name);
                    let target = TableTarget { file: table.clone(), name };
                    self.table_done(table, Outcome::TableReady { target, keys: Vec::new(), constraints: None });
                } else {
                    self.set_stage(table, TableStage::Skipped);
                }
            }
        }
        Ok(())
    }

    fn real_table_name(&self, table: &TableFileName) -> Result<String, Error> {
        match self.metadata.tables.get(table).and_then(|entry| entry.real_name.clone()) {
            Some(name) => Ok(name),
            None if !table.table.starts_with("mydumper_") => Ok(table.table.clone()),
            None => Err(Error::NoName(table.to_string())),
        }
    }

    fn table_done(&mut self, table: &TableFileName, outcome: Outcome) {
        let Some(state) = self.tables.get_mut(table) else { return };
        match outcome {
            Outcome::TableReady { target, keys, constraints } => {
                state.stage = TableStage::Loading(Arc::new(target));
                state.keys = keys;
                state.constraints = constraints;
                self.offer_rows(table);
                self.table_went_on(table);
            }
            _ => self.set_stage(table, TableStage::Skipped),
        }
    }

    fn offer_rows(&mut self, table: &TableFileName) {
        let Some(state) = self.tables.get_mut(table) else { return };
        if matches!(state.stage, TableStage::Loading(_)) && state.has_rows_waiting() && !state.offered {
            state.offered = true;
            self.loading.push_back(table.clone());
        }
    }

    /// When the last rows are in, the keys are next.
    fn table_went_on(&mut self, table: &TableFileName) {
        let input_ended = self.input_ended;
        let Some(state) = self.tables.get_mut(table) else { return };
        let TableStage::Loading(target) = &state.stage else { return };
        let all_here = input_ended || (state.rows_complete && !state.has_unpaired());
        if !all_here || state.active > 0 || state.has_rows_waiting() {
            return;
        }
        let target = Arc::clone(target);
        let keys = std::mem::take(&mut state.keys);
        if keys.is_empty() {
            state.stage = TableStage::Restored;
        } else {
            state.stage = TableStage::AddingKeys;
            let when = if self.settings.keys_after_all_tables { &mut self.late_keys } else { &mut self.keys };
            when.push_back(Job::AddKeys(Arc::clone(&target), keys));
        }
        if let Some(constraints) = state.constraints.take() {
            state.constraints_job = Some(Job::AddConstraints(target, constraints));
        }
    }

    fn set_stage(&mut self, table: &TableFileName, stage: TableStage) {
        let Some(state) = self.tables.get_mut(table) else { return };
        if stage == TableStage::Skipped {
            self.waiting_bytes -= state.forget_rows();
        }
        state.stage = stage;
    }

    /// Goes to the next stage when nothing of this one is left.
    fn advance(&mut self) -> Result<(), Error> {
        while self.input_ended
            && self.running == 0
            && self.ready.is_empty()
            && self.keys.is_empty()
            && self.loading.is_empty()
            && self.stage != Stage::Finished
        {
            self.begin_next_stage()?;
        }
        Ok(())
    }

    fn begin_next_stage(&mut self) -> Result<(), Error> {
        match self.stage {
            Stage::Tables => {
                self.check_filter()?;
                self.check_row_counts()?;
                self.check_file_count()?;
                self.stage = Stage::Keys;
                self.keys = std::mem::take(&mut self.late_keys);
            }
            Stage::Keys => {
                self.stage = Stage::Constraints;
                self.ready = self.tables.values_mut().filter_map(|state| state.constraints_job.take()).collect();
            }
            Stage::Constraints => {
                self.stage = Stage::Routines;
                self.ready = self.post_jobs(Job::Routines)?;
            }
            Stage::Routines => {
                self.stage = Stage::Views;
                self.ready = self.jobs(|database| std::mem::take(&mut database.views), Job::View)?;
            }
            Stage::Views if self.postponed_views.is_empty() => {
                self.stage = Stage::Triggers;
                if self.settings.triggers {
                    self.ready = self.jobs(|database| std::mem::take(&mut database.triggers), Job::Triggers)?;
                }
            }
            // A round in which a view could be made may have made what others need.
            Stage::Views if self.view_created => {
                self.view_created = false;
                self.ready = self.postponed_views.drain(..).map(|(job, _)| job).collect();
            }
            Stage::Views => {
                let reasons = self.postponed_views.drain(..).map(|(job, why)| format!("{job}: {why}")).collect();
                return Err(Error::Views(reasons));
            }
            Stage::Triggers => {
                self.stage = Stage::Events;
                self.ready = self.post_jobs(Job::Events)?;
            }
            Stage::Events | Stage::Finished => self.stage = Stage::Finished,
        }
        Ok(())
    }

    fn post_jobs(&mut self, make: fn(Arc<DatabaseTarget>, DumpFile) -> Job) -> Result<VecDeque<Job>, Error> {
        if !self.settings.post {
            return Ok(VecDeque::new());
        }
        self.jobs(|database| database.post.clone().into_iter().collect(), make)
    }

    /// A job for each file that passes the filter.
    fn jobs(
        &mut self,
        files: impl Fn(&mut Database) -> Vec<DumpFile>,
        make: fn(Arc<DatabaseTarget>, DumpFile) -> Job,
    ) -> Result<VecDeque<Job>, Error> {
        let mut found = Vec::new();
        for database in self.databases.values_mut() {
            let DatabaseState::Ready(target) = &database.state else { continue };
            let target = Arc::clone(target);
            found.extend(files(database).into_iter().map(|file| (Arc::clone(&target), file)));
        }
        let mut jobs = VecDeque::new();
        for (target, file) in found {
            let passes = match file.content.table() {
                Some(table) => self.passes_source(table)?,
                // A list of tables takes neither routines nor events; triggers of a whole database are looked at
                // one by one.
                None if matches!(file.content, Content::Post(_)) => {
                    self.settings.filter.passes_database_objects(&target.source)?
                }
                None => true,
            };
            if passes {
                jobs.push_back(make(target, file));
            }
        }
        Ok(jobs)
    }
}
