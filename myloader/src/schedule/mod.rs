//! What can be done next: pure, from files that arrived and jobs that ended to jobs.
//!
//! The order always works: tablespaces, databases, sequences, tables, rows, keys; and when all tables have theirs:
//! foreign keys, accounts (they define what comes next) with their privileges on what is there, routines, views (until
//! none is left), triggers, events, the other privileges.
//!
//! Nothing is changed until all definitions that come before the rows are there and were looked at, and no row is
//! loaded until all tables are made: what the server cannot have is named together, and early. With rows and keys, each
//! table goes on by itself as its files come. The rest waits for all tables and for the end of the input.

mod checksums;
mod databases;
mod error;
#[cfg(test)]
mod model;
mod row_counts;
mod stages;
pub mod table_state;
mod tables;
#[cfg(test)]
mod tests;
pub mod tolerance;
mod verification;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use common::backup::file_name::{Content, DumpFile, TableFileName};
use common::backup::metadata::Metadata;
use common::backup::mydumper_checksum::Kinds;
use common::backup::selection::Filter;
use common::server::Server;

use checksums::Checksums;
use databases::Database;
pub use error::Error;
use stages::Stage;
use verification::Verification;
pub use verification::{Difference, Verified};

use crate::jobs::job::{Compared, Findings, Job, LaterGrant, Outcome, TableTarget};
use crate::options::Checksum;
use crate::options::{DropTable, OptimizeKeys, Verify};
use crate::schedule::table_state::{Stage as TableStage, TableState};
use crate::schedule::tolerance::{Refusal, Tolerance};

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
    /// What the restore goes on without.
    pub tolerance: Tolerance,
    /// What becomes of checksums that differ.
    pub checksum: Checksum,
    /// Which are compared.
    pub checksums: Kinds,
    /// The server.
    pub server: Server,
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
    /// Whether the dump's maker, or the end of the input, has said so.
    definitions_announced: bool,
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
    /// What cannot be restored, and ends the restore as soon as all of that kind are known.
    refusals: Vec<Refusal>,
    /// What cannot be restored, and the restore goes on without.
    left_out: Vec<Refusal>,
    /// Files that are not tried for what reading them has shown.
    refused_files: BTreeSet<DumpFile>,
    /// Tables whose rows are all in, that were not asked for yet.
    whole: Vec<Arc<TableTarget>>,
    /// What is to be told, and was not yet.
    warnings: Vec<String>,
    /// How many of what is left out were told.
    left_out_told: usize,
    tablespaces: Option<DumpFile>,
    accounts: Option<DumpFile>,
    later_grants: Vec<LaterGrant>,
    verification: Verification,
    checksums: Checksums,
    /// Views, or files with routines, that need what is not there yet.
    postponed: Vec<(Job, Vec<Refusal>)>,
    /// What is missing to them, in the round before: each round in which it gets less is followed by another.
    missing_before: usize,
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
            definitions_announced: false,
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
            left_out: Vec::new(),
            left_out_told: 0,
            refused_files: BTreeSet::new(),
            to_empty: VecDeque::new(),
            whole: Vec::new(),
            warnings: Vec::new(),
            tablespaces: None,
            accounts: None,
            later_grants: Vec::new(),
            verification: Verification::default(),
            checksums: Checksums::default(),
            postponed: Vec::new(),
            missing_before: usize::MAX,
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

    /// How far it is and what it waits for, for people.
    pub fn status(&self, wants_input: bool) -> String {
        let Scheduler { stage, running, ready, keys, loading, waiting_bytes, input_ended, .. } = self;
        let mut text = format!("{stage:?}: {running} job(s) under way");
        let waiting = ready.len() + keys.len();
        if waiting > 0 {
            text.push_str(&format!(", {waiting} wait for a worker"));
        }
        if !loading.is_empty() {
            text.push_str(&format!(", {} table(s) have {} MiB of rows to load", loading.len(), waiting_bytes >> 20));
        }
        text.push_str(match (input_ended, wants_input) {
            (true, _) => "",
            (false, true) => "; waits for the stream",
            (false, false) => "; takes nothing from the stream until less waits",
        });
        text
    }

    /// Bytes of rows that wait for a worker.
    #[cfg(test)]
    pub fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes
    }

    /// What the user should know and has not been told.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Tables whose rows are all in since this was asked for the last time.
    pub fn take_whole(&mut self) -> Vec<Arc<TableTarget>> {
        std::mem::take(&mut self.whole)
    }

    /// What the restore goes on without and the user has not been told.
    pub fn take_left_out(&mut self) -> &[Refusal] {
        let told = std::mem::replace(&mut self.left_out_told, self.left_out.len());
        &self.left_out[told..]
    }

    /// To be called before jobs are taken, with the number of bytes that may wait. When more do and there is nothing to
    /// do, what the restore waits for is still in the input; unless nobody said where the definitions end that come
    /// before the rows, and only the input's end would: then they are taken to be complete.
    ///
    /// # Errors
    /// As [`Scheduler::definitions_arrived`].
    pub fn make_room(&mut self, max_waiting: u64) -> Result<(), Error> {
        let is_full = self.waiting_bytes > max_waiting;
        if is_full && !self.is_busy() && self.next_place().is_none() { self.definitions_arrived() } else { Ok(()) }
    }

    /// Whether more is to be taken from the input when all jobs are taken that workers are there for. With none at work
    /// it always is: nothing else could go on.
    pub fn wants_input(&self, max_waiting: u64) -> bool {
        self.waiting_bytes <= max_waiting || !self.is_busy()
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
        if self.settings.verify.is_some()
            && let Content::Rows(rows) = &file.content
        {
            self.verification.has_file(&rows.table);
        }
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
                if !matches!(state.stage, TableStage::Skipped | TableStage::Refused) {
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
            Content::Tablespaces if self.settings.schemas && self.settings.create_tables => match self.stage {
                Stage::Definitions => self.tablespaces = Some(file),
                _ => self.ready.push_back(Job::Tablespaces(file)),
            },
            Content::Accounts if self.settings.accounts => {
                self.accounts = Some(file.clone());
                self.ready.push_back(Job::CheckAccounts(file));
            }
            _ => {}
        }
    }

    /// The dump's maker says that no further definition comes before the rows: tables whose rows are here and that have
    /// none are there already.
    pub fn definitions_announced(&mut self) -> Result<(), Error> {
        self.definitions_announced = true;
        self.use_unknown_databases()?;
        self.definitions_arrived()?;
        let tables: Vec<TableFileName> = self.tables.keys().cloned().collect();
        tables.iter().try_for_each(|table| self.start_table(table))
    }

    /// No further definition comes before the rows, as far as is known. What still comes later is dealt with as it comes.
    fn definitions_arrived(&mut self) -> Result<(), Error> {
        if self.definitions_arrived {
            return Ok(());
        }
        self.definitions_arrived = true;
        self.advance()
    }

    /// No more files come. `metadata` is the whole dump's.
    pub fn input_ended(&mut self, metadata: Metadata) -> Result<(), Error> {
        self.metadata = metadata;
        self.input_ended = true;
        self.definitions_arrived = true;
        self.definitions_announced = true;
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
        if matches!(job, Job::AddKeys(..)) {
            self.running_keys -= 1;
        }
        match (job, outcome) {
            (Job::FindDatabase(file), outcome) => {
                self.database_found(file.content.database().unwrap_or_default(), Some(file), outcome)?;
            }
            (Job::UseDatabase(name), outcome) => self.database_found(name, None, outcome)?,
            (Job::Check(file), Outcome::Checked(findings)) if findings != Findings::default() => {
                self.findings.insert(file.clone(), findings);
            }
            (Job::Check(file), Outcome::Refused(refusals)) => {
                self.findings.insert(file.clone(), Findings { refusals, changes: Vec::new() });
            }
            (Job::CreateDatabase(_, file), outcome) => {
                self.database_created(file.content.database().unwrap_or_default(), outcome)?;
            }
            (Job::Sequence(_, file), outcome) => {
                self.sequence_done(file.content.database().unwrap_or_default(), outcome)?;
            }
            (Job::CreateTable(_, file, _), outcome) => {
                if let Some(table) = file.content.table() {
                    self.table_done(table, outcome);
                }
            }
            (Job::Empty(table), Outcome::Refused(refusals)) => {
                self.refuse_all(refusals);
                self.set_stage(&table.file, TableStage::Refused);
            }
            (Job::Empty(table), _) => self.load(&table.file, table),
            (Job::Rows(table, ..), outcome) => self.rows_done(&table.file, outcome),
            (Job::AddKeys(table, _), outcome) => {
                self.refuse_what(outcome);
                self.set_stage(&table.file, TableStage::Restored);
            }
            (Job::Compare(comparison, part), Outcome::Compared(compared)) => {
                self.verification.compared(comparison, *part, compared);
            }
            (Job::Compare(comparison, part), Outcome::Refused(refusals)) => {
                let why = refusals.into_iter().map(|refusal| refusal.why).collect();
                self.verification.compared(comparison, *part, Compared::Impossible(why));
            }
            (Job::DataChecksum(table, dumped), Outcome::DataChecksum { found, is_sure }) => {
                self.data_checksum_found(table, *dumped, found, is_sure);
            }
            (Job::Checksums(database), Outcome::Checksums(sums)) => self.checksums_found(database, &sums)?,
            (_, Outcome::Postponed(missing)) => self.postponed.push((job.clone(), missing)),
            (_, Outcome::Accounts { later, failures }) => {
                self.later_grants.extend(later);
                // Nothing else depends on them.
                self.left_out.extend(failures);
            }
            (Job::CheckAccounts(_), Outcome::Refused(refusals)) => {
                self.accounts = None;
                self.refuse_all(refusals);
            }
            (_, outcome) => self.refuse_what(outcome),
        }
        self.advance()
    }

    fn refuse_what(&mut self, outcome: Outcome) {
        if let Outcome::Refused(refusals) = outcome {
            self.refuse_all(refusals);
        }
    }

    /// The restore goes on without these, or ends when all of their kind are known.
    fn refuse_all(&mut self, refusals: Vec<Refusal>) {
        let (allowed, fatal): (Vec<_>, Vec<_>) =
            refusals.into_iter().partition(|refusal| self.settings.tolerance.allows(refusal.fault));
        self.left_out.extend(allowed);
        self.refusals.extend(fatal);
    }

    /// Where the next job is, if there is one that can be done now.
    fn next_place(&self) -> Option<Place> {
        // Adding a foreign key locks the parent table's definition too: two at a time may deadlock (seen on MySQL 9.7).
        if self.stage == Stage::Constraints && self.running > 0 {
            return None;
        }
        if !self.ready.is_empty() {
            return Some(Place::Ready);
        }
        if self.stage == Stage::Verification {
            return (!self.verification.is_idle()).then_some(Place::Verification);
        }
        if self.stage < Stage::Rows {
            return None;
        }
        // Keys before rows: building them takes the server long, and overlaps with loading other tables.
        if self.running_keys < self.settings.max_threads_for_keys && !self.keys.is_empty() {
            return Some(Place::Keys);
        }
        let limit = self.settings.max_threads_per_table;
        let may_load = |table| self.tables.get(table).is_some_and(|state| state.may_load(limit, self.input_ended));
        self.loading.iter().position(may_load).map(Place::Rows)
    }

    fn take_job(&mut self) -> Option<Job> {
        match self.next_place()? {
            Place::Ready => self.ready.pop_front(),
            Place::Keys => self.keys.pop_front(),
            Place::Verification => self.verification.next(),
            Place::Rows(place) => {
                let table = self.loading.get(place)?.clone();
                let state = self.tables.get_mut(&table)?;
                let TableStage::Loading(target) = &state.stage else { return None };
                let target = Arc::clone(target);
                let (rows, file, bytes) = state.take_rows(&table)?;
                self.waiting_bytes -= bytes;
                if !state.has_rows_waiting() {
                    state.offered = false;
                    self.loading.remove(place);
                }
                Some(Job::Rows(target, rows, file))
            }
        }
    }
}

/// Where a job is taken from.
enum Place {
    /// What anyone may take.
    Ready,
    Keys,
    Verification,
    /// The table at this place of those that have files to load.
    Rows(usize),
}
