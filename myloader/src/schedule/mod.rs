//! Which job comes next: pure, from files that arrived and jobs that ended.
//!
//! The order always works: tablespaces, databases, sequences, tables, rows, keys; and when all tables have theirs:
//! foreign keys, accounts (they define what comes next) with their privileges on what is there, routines, views (until
//! none is left), triggers, events, the other privileges.
//!
//! Nothing is changed until all definitions that come before the rows are there and were looked at, and no row is
//! loaded until all tables are created: what the server rejects is reported together, and early. With rows and keys, each
//! table proceeds by itself as its files arrive. The rest waits for all tables and for the end of the input.

mod arrivals;
mod checksum_findings;
mod checksums;
mod comparison;
mod database_state;
mod databases;
mod error;
mod existing_tables;
#[cfg(test)]
mod model;
mod next_job;
mod outcomes;
mod privileges;
mod row_counts;
mod running;
mod settings;
mod stage;
mod stages;
mod table_state;
mod tables;
#[cfg(test)]
mod tests;
mod verification;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use common::backup::file_name::{DumpFile, TableFileName};
use common::backup::metadata::Metadata;
use common::observe::wording::{bytes, count};

use checksum_findings::Checksums;
use comparison::Verification;
pub use comparison::Verified;
use database_state::Database;
pub use error::Error;
use running::Running;
pub use settings::SchedulerSettings;
use stage::Stage;
use table_state::TableState;

use crate::jobs::job::Job;
use crate::jobs::outcome::{Findings, LaterGrant, Need};
use crate::jobs::target::TableTarget;
use crate::tolerance::Rejection;

#[derive(Debug)]
pub struct Scheduler {
    settings: SchedulerSettings,
    stage: Stage,
    databases: BTreeMap<String, Database>,
    tables: BTreeMap<TableFileName, TableState>,
    metadata: Metadata,
    /// Whether the definitions that come before the rows have arrived.
    definitions_arrived: bool,
    /// Whether the dumper, or the end of the input, has said so.
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
    running: Running,
    /// What reading the definitions has shown.
    findings: BTreeMap<DumpFile, Findings>,
    /// What definitions need of the user.
    needs: Vec<(DumpFile, Vec<Need>)>,
    /// What ends the restore as soon as everything of its kind is known.
    rejections: Vec<Rejection>,
    /// What the restore continues without.
    skipped: Vec<Rejection>,
    /// Files that are not tried because of their findings.
    rejected_files: BTreeSet<DumpFile>,
    /// Tables whose rows are complete, not taken yet.
    whole: Vec<Arc<TableTarget>>,
    /// Warnings not reported yet.
    warnings: Vec<String>,
    /// How many of what is skipped were reported.
    reported_count: usize,
    tablespaces: Option<DumpFile>,
    accounts: Option<DumpFile>,
    later_grants: Vec<LaterGrant>,
    /// Whether the restore has made all tables that it has rows of.
    makes_all_tables: bool,
    verification: Verification,
    checksums: Checksums,
    /// Views, or files with routines, that need what is not there yet.
    postponed: Vec<(Job, Vec<Rejection>)>,
    /// How much they missed in the previous round: a round in which this shrinks is followed by another.
    missing_before: usize,
}

impl Scheduler {
    /// With nothing to do yet.
    pub fn new(settings: SchedulerSettings) -> Scheduler {
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
            running: Running::default(),
            findings: BTreeMap::new(),
            needs: Vec::new(),
            rejections: Vec::new(),
            skipped: Vec::new(),
            reported_count: 0,
            rejected_files: BTreeSet::new(),
            to_empty: VecDeque::new(),
            whole: Vec::new(),
            warnings: Vec::new(),
            tablespaces: None,
            accounts: None,
            later_grants: Vec::new(),
            makes_all_tables: false,
            verification: Verification::default(),
            checksums: Checksums::default(),
            postponed: Vec::new(),
            missing_before: usize::MAX,
        }
    }

    /// How far it is and what it waits for, for messages.
    pub fn status(&self, wants_input: bool) -> String {
        let Scheduler { stage, running, ready, keys, loading, waiting_bytes, input_ended, .. } = self;
        let mut text = format!("{stage:?}: {} running", count(running.all, "job"));
        let waiting = ready.len() + keys.len();
        if waiting > 0 {
            text.push_str(&format!(", {waiting} waiting for a worker"));
        }
        if !loading.is_empty() {
            let (tables, waiting) = (count(loading.len(), "table"), bytes(*waiting_bytes));
            text.push_str(&format!(", {tables} with {waiting} of rows to load"));
        }
        text.push_str(match (input_ended, wants_input) {
            (true, _) => "",
            (false, true) => "; waiting for the stream",
            (false, false) => "; not reading the stream until less is waiting",
        });
        text
    }

    /// Bytes of rows that wait for a worker.
    #[cfg(test)]
    pub fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes
    }

    /// Warnings not reported yet.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Tables whose rows were completed since the last call.
    pub fn take_complete_tables(&mut self) -> Vec<Arc<TableTarget>> {
        std::mem::take(&mut self.whole)
    }

    /// What the restore continues without, and was not reported yet.
    pub fn take_skipped(&mut self) -> &[Rejection] {
        let told = std::mem::replace(&mut self.reported_count, self.skipped.len());
        &self.skipped[told..]
    }

    /// Whether workers are at work.
    pub fn is_busy(&self) -> bool {
        self.running.all > 0
    }

    /// Whether everything is restored.
    pub fn is_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// How many tables the dump has, as far as is known.
    pub fn table_count(&self) -> usize {
        self.tables.len()
    }
}
