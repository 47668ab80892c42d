//! What can be done next: pure, from files that arrived and jobs that ended to jobs.
//!
//! The order always works: tablespaces, databases, sequences, tables, rows, keys; and when all tables have theirs:
//! foreign keys, accounts (they define what comes next) with their privileges on what is there, routines, views (until
//! none is left), triggers, events, the other privileges.
//!
//! Nothing is changed until all definitions that come before the rows are there and were looked at, and no row is
//! loaded until all tables are made: what the server cannot have is named together, and early. With rows and keys, each
//! table goes on by itself as its files come. The rest waits for all tables and for the end of the input.

mod databases;
mod error;
mod row_counts;
mod stages;
mod tables;
#[cfg(test)]
mod tests;
mod verification;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use common::dump_file::{Content, DumpFile, TableFileName};
use common::filter::Filter;
use common::metadata::Metadata;

use databases::Database;
pub use error::Error;
use stages::Stage;
use verification::Verification;
pub use verification::{Difference, Verified};

use crate::job::{Findings, Job, LaterGrant, Outcome, Refusal};
use crate::options::{DropTable, OptimizeKeys, Verify};
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
    /// When keys are made.
    pub optimize_keys: OptimizeKeys,
    /// What becomes of tables that exist.
    pub drop_table: DropTable,
    /// Whether databases are dropped first.
    pub drop_database: bool,
    /// Whether databases are created.
    pub create_databases: bool,
    /// Whether tables are created.
    pub create_tables: bool,
    /// Whether triggers of tables that exist may fire for the rows.
    pub fire_triggers: bool,
    /// Whether definitions are restored.
    pub schemas: bool,
    /// Whether rows are.
    pub data: bool,
    /// Whether accounts are.
    pub accounts: bool,
    /// Whether triggers are.
    pub triggers: bool,
    /// Whether routines and events are.
    pub post: bool,
    /// Whether tables are compared with the dump.
    pub verify: Option<Verify>,
    /// Whether that is all.
    pub verify_only: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Scheduler {
    settings: Settings,
    stage: Stage,
    databases: BTreeMap<String, Database>,
    tables: BTreeMap<TableFileName, TableState>,
    metadata: Metadata,
    /// Whether the definitions that come before the rows have arrived.
    definitions_arrived: bool,
    /// Whether all files have arrived.
    input_ended: bool,
    /// Jobs of the stage that anyone may take.
    ready: VecDeque<Job>,
    /// Tables that have files of rows to load.
    loading: VecDeque<TableFileName>,
    /// Tables that are emptied when all were made.
    to_empty: VecDeque<Job>,
    keys: VecDeque<Job>,
    /// Keys that wait for the rows of all tables.
    late_keys: VecDeque<Job>,
    waiting_bytes: u64,
    /// Files that arrived.
    files: u64,
    running: usize,
    running_keys: usize,
    /// What reading the definitions has shown.
    findings: BTreeMap<DumpFile, Findings>,
    /// What the server has refused, or would.
    refusals: Vec<Refusal>,
    /// Files that are not tried for what reading them has shown.
    refused_files: BTreeSet<DumpFile>,
    /// What is to be told, and was not yet.
    warnings: Vec<String>,
    tablespaces: Option<DumpFile>,
    accounts: Option<DumpFile>,
    later_grants: Vec<LaterGrant>,
    /// What failed of the accounts: told when everything else is restored.
    account_failures: Vec<String>,
    verification: Verification,
    /// Views, or files with routines, that need what is not there yet.
    postponed: Vec<(Job, String)>,
    /// Whether one of these was created since the round began.
    went_on: bool,
}

impl Settings {
    /// Whether the restore removes what was there.
    fn loses_what_exists(&self) -> bool {
        self.drop_database || (self.create_tables && !matches!(self.drop_table, DropTable::Fail | DropTable::None))
    }

    /// Whether tables that are kept are emptied.
    fn empties_tables(&self) -> bool {
        self.create_tables && matches!(self.drop_table, DropTable::Truncate | DropTable::Delete)
    }

    /// Whether all tables that are restored are made by the restore.
    fn makes_tables(&self) -> bool {
        self.create_tables && matches!(self.drop_table, DropTable::Fail | DropTable::Drop)
    }

    /// Whether what a file defines is looked at before anything is changed.
    fn is_checked(&self, content: &Content) -> bool {
        match content {
            Content::Table(_) => self.create_tables,
            Content::View(_) => self.schemas,
            Content::Triggers(_) | Content::DatabaseTriggers(_) => self.triggers,
            Content::Post(_) => self.post,
            _ => false,
        }
    }
}

impl Scheduler {
    /// With nothing to do yet.
    pub fn new(settings: Settings) -> Scheduler {
        Scheduler {
            settings,
            stage: Stage::Definitions,
            databases: BTreeMap::new(),
            tables: BTreeMap::new(),
            metadata: Metadata::default(),
            definitions_arrived: false,
            input_ended: false,
            ready: VecDeque::new(),
            loading: VecDeque::new(),
            keys: VecDeque::new(),
            late_keys: VecDeque::new(),
            waiting_bytes: 0,
            files: 0,
            running: 0,
            running_keys: 0,
            findings: BTreeMap::new(),
            refusals: Vec::new(),
            refused_files: BTreeSet::new(),
            to_empty: VecDeque::new(),
            warnings: Vec::new(),
            tablespaces: None,
            accounts: None,
            later_grants: Vec::new(),
            account_failures: Vec::new(),
            verification: Verification::default(),
            postponed: Vec::new(),
            went_on: false,
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

    /// What the user should know and has not been told.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Whether workers are at work.
    pub fn is_busy(&self) -> bool {
        self.running > 0
    }

    /// A file is there, whole, with so many bytes.
    pub fn arrived(&mut self, file: DumpFile, bytes: u64) -> Result<(), Error> {
        self.files += 1;
        let Some(name) = file.content.database().map(str::to_owned) else {
            self.server_wide(file);
            return Ok(());
        };
        if self.settings.verify_only && !matches!(file.content, Content::Database(_)) {
            return Ok(());
        }
        let is_definition = !matches!(file.content, Content::Rows(_));
        if is_definition && !self.settings.schemas && !matches!(file.content, Content::Database(_) | Content::Table(_))
        {
            return Ok(());
        }
        if self.settings.is_checked(&file.content) {
            self.ready.push_back(Job::Check(file.clone()));
        }
        let database = self.databases.entry(name.clone()).or_default();
        match &file.content {
            Content::Database(_) if database.file.is_none() => {
                self.ready.push_back(Job::FindDatabase(file.clone()));
                database.file = Some(file);
            }
            Content::Post(_) => database.post = Some(file),
            Content::DatabaseTriggers(_) | Content::Triggers(_) => database.triggers.push(file),
            Content::View(_) => database.views.push(file),
            Content::Sequence(_) => {
                database.sequences.push(file);
                self.start_sequences(&name)?;
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

    /// A file that belongs to no database.
    fn server_wide(&mut self, file: DumpFile) {
        match file.content {
            Content::Tablespaces if self.settings.schemas && self.settings.create_tables => {
                self.tablespaces = Some(file);
            }
            Content::Accounts if self.settings.accounts => {
                self.accounts = Some(file.clone());
                self.ready.push_back(Job::CheckAccounts(file));
            }
            _ => {}
        }
    }

    /// No further definition comes before the rows, as far as the dump's maker tells. What still comes later is dealt
    /// with as it comes.
    pub fn definitions_arrived(&mut self) -> Result<(), Error> {
        if self.definitions_arrived {
            return Ok(());
        }
        self.definitions_arrived = true;
        self.use_unknown_databases()?;
        self.advance()
    }

    /// No more files come. `metadata` is the whole dump's.
    pub fn input_ended(&mut self, metadata: Metadata) -> Result<(), Error> {
        self.metadata = metadata;
        self.input_ended = true;
        self.definitions_arrived = true;
        if self.settings.verify_only {
            // Files of tables may not be there any more, nor are they needed.
            for table in self.metadata.tables.keys() {
                self.databases.entry(table.database.clone()).or_default();
            }
        }
        self.use_unknown_databases()?;
        self.warn_of_weak_guarantee();
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
            (Job::FindDatabase(file), outcome) => {
                self.database_found(file.content.database().unwrap_or_default(), Some(file), outcome)?;
            }
            (Job::UseDatabase(name), outcome) => self.database_found(name, None, outcome)?,
            (Job::Check(file), Outcome::Checked(findings)) if findings != Findings::default() => {
                self.findings.insert(file.clone(), findings);
            }
            (Job::CreateDatabase(_, file), outcome) => {
                self.database_created(file.content.database().unwrap_or_default(), outcome)?;
            }
            (Job::Sequence(..), Outcome::Refused(refusal)) => self.refusals.push(refusal),
            (Job::CreateTable(_, file, _), outcome) => {
                if let Some(table) = file.content.table() {
                    self.table_done(table, outcome);
                }
            }
            (Job::Empty(table), _) => self.load(&table.file, table),
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
            (Job::Compare(comparison, part), Outcome::Compared(compared)) => {
                self.verification.compared(comparison, *part, compared);
            }
            (_, Outcome::Postponed(why)) => self.postponed.push((job.clone(), why)),
            (Job::View(..) | Job::Routines(..), _) => self.went_on = true,
            (_, Outcome::Accounts { later, failures }) => {
                self.later_grants.extend(later);
                self.account_failures.extend(failures);
            }
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
        if self.stage == Stage::Verification {
            return self.verification.next();
        }
        if self.stage < Stage::Rows {
            return None;
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
            if !state.may_load(limit, self.input_ended) {
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
}
