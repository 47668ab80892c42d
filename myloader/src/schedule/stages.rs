//! The stages of a restore, one after the other.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use common::backup::file_name::{Content, DumpFile, TableFileName};
use common::observe::wording::count;

use super::comparison::Difference;
use super::database_state::{Database, DatabaseState};
use super::privileges::DENIED;
use super::stage::Stage;
use super::table_state::TableStage;
use super::{Error, Scheduler};
use crate::jobs::job::Job;
use crate::jobs::target::DatabaseTarget;
use crate::tolerance::{Fault, Rejection};

impl Scheduler {
    /// Moves on to the next stage when nothing of this one is left.
    pub(super) fn advance(&mut self) -> Result<(), Error> {
        loop {
            let is_done = match self.stage {
                Stage::Definitions => self.definitions_arrived,
                Stage::Target
                | Stage::Databases
                | Stage::Drops
                | Stage::Sequences
                | Stage::Tables
                | Stage::Emptying => true,
                Stage::Finished => return Ok(()),
                _ => self.input_ended && self.keys.is_empty() && self.loading.is_empty() && self.verification.is_idle(),
            };
            if !is_done || self.running.all > 0 || !self.ready.is_empty() {
                return Ok(());
            }
            self.begin_next_stage()?;
        }
    }

    fn begin_next_stage(&mut self) -> Result<(), Error> {
        match self.stage {
            Stage::Definitions => {
                if self.definitions_announced {
                    self.check_filter()?;
                }
                self.check_existing()?;
                self.stage = Stage::Target;
                self.ready = self.fit_jobs()?;
            }
            Stage::Target => {
                self.judge_findings()?;
                self.check_privileges()?;
                self.check_denied()?;
                self.check_target()?;
                self.stage = Stage::Databases;
                self.ready.extend(self.tablespaces.take().map(Job::Tablespaces));
                let names: Vec<String> = self.databases.keys().cloned().collect();
                names.iter().try_for_each(|name| self.begin_database(name))?;
            }
            Stage::Databases => {
                self.stage = Stage::Drops;
                let existing = self.existing_to_drop()?;
                if !existing.is_empty() {
                    self.ready.push_back(Job::DropExisting(existing));
                }
            }
            Stage::Drops => {
                self.stage = Stage::Sequences;
                let names: Vec<String> = self.databases.keys().cloned().collect();
                names.iter().try_for_each(|name| self.start_sequences(name))?;
            }
            Stage::Sequences => {
                self.stage = Stage::Tables;
                let tables: Vec<_> = self.tables.keys().cloned().collect();
                tables.iter().try_for_each(|table| self.start_table(table))?;
            }
            Stage::Tables => {
                self.refuse("no rows were loaded")?;
                self.stage = Stage::Emptying;
                self.ready = std::mem::take(&mut self.to_empty);
                if !self.ready.is_empty() && !self.has_rows() {
                    self.keep_rows();
                }
            }
            Stage::Emptying => self.stage = Stage::Rows,
            Stage::Rows => {
                self.check_filter()?;
                self.check_complete()?;
                self.stage = Stage::Keys;
                self.keys = std::mem::take(&mut self.late_keys);
            }
            Stage::Keys => {
                self.stage = Stage::Constraints;
                let jobs = self.tables.values_mut().filter_map(|state| state.constraints_job.take());
                self.ready = jobs.map(|job| *job).collect();
            }
            Stage::Constraints => {
                self.judge_findings()?;
                self.refuse("the other tables are restored, and nothing that comes after them")?;
                self.stage = Stage::Verification;
                let all_are_defined = self.tables.values().all(|state| state.schema.is_some());
                self.makes_all_tables = self.settings.makes_tables() && all_are_defined;
                self.begin_verification()?;
                self.ready.extend(self.data_checksum_jobs()?);
            }
            Stage::Verification => {
                self.end_verification();
                self.stage = Stage::Accounts;
                self.ready.extend(self.accounts.clone().map(Job::CreateAccounts));
            }
            Stage::Accounts => {
                self.stage = Stage::Routines;
                self.ready = self.post_jobs(Job::Routines)?;
            }
            Stage::Routines | Stage::Views if !self.postponed.is_empty() => self.try_postponed_again()?,
            Stage::Routines => {
                self.stage = Stage::Views;
                self.missing_before = usize::MAX;
                self.ready = self.jobs(|database| std::mem::take(&mut database.views), Job::View)?;
            }
            Stage::Views => {
                self.stage = Stage::Triggers;
                if self.settings.triggers {
                    self.ready = self.jobs(|database| std::mem::take(&mut database.triggers), Job::Triggers)?;
                }
            }
            Stage::Triggers => {
                self.stage = Stage::Events;
                self.ready = self.post_jobs(Job::Events)?;
            }
            Stage::Events => {
                self.stage = Stage::Privileges;
                let later = std::mem::take(&mut self.later_grants);
                self.ready.extend(self.accounts.take().map(|file| Job::GrantLater(file, later)));
            }
            Stage::Privileges => {
                self.stage = Stage::Checksums;
                self.ready.extend(self.checksum_jobs());
            }
            Stage::Checksums => {
                self.stage = Stage::Finished;
                self.report_skipped()?;
            }
            Stage::Finished => {}
        }
        Ok(())
    }

    /// Tables that the dump has no rows for are not emptied.
    fn keep_rows(&mut self) {
        let tables: Vec<_> = std::mem::take(&mut self.ready)
            .into_iter()
            .filter_map(|job| if let Job::Empty(table) = job { Some(table) } else { None })
            .collect();
        let mut names: Vec<_> = tables.iter().map(|table| table.name.to_string()).collect();
        names.sort();
        self.warnings.push(format!(
            "not emptied, since the dump has no rows (mydumper --no-data), and kept as they are: {}",
            names.join(", ")
        ));
        tables.iter().for_each(|table| self.load(&table.file, table));
    }

    /// Fails at the end, if the restore continued without anything.
    fn report_skipped(&mut self) -> Result<(), Error> {
        for (name, database) in &self.databases {
            let tables = self.tables.range(TableFileName { database: name.clone(), table: String::new() }..);
            let tables = tables.take_while(|(table, _)| table.database == *name).count();
            if tables > 0 && matches!(database.state, DatabaseState::Rejected(_)) {
                let name = database.target().map_or(name, |target| &target.target);
                self.skipped.push(Rejection {
                    object: format!("{} of database {}", count(tables, "table"), name.escape_debug()),
                    why: "skipped with the database".to_owned(),
                    fault: Fault::Server(None),
                });
            }
        }
        let differences = self.take_differences();
        if self.skipped.is_empty() {
            return if differences.is_empty() { Ok(()) } else { Err(Error::Differs(differences)) };
        }
        self.skipped.extend(differences.into_iter().map(|Difference { object, lines }| Rejection {
            object,
            why: lines.join(";"),
            fault: Fault::Rows,
        }));
        Err(Error::Skipped(self.skipped.clone()))
    }

    /// A round in which something was created may have created what others need.
    fn try_postponed_again(&mut self) -> Result<(), Error> {
        let missing = self.postponed.iter().map(|(_, missing)| missing.len()).sum();
        let postponed = std::mem::take(&mut self.postponed);
        if missing < self.missing_before {
            self.missing_before = missing;
            self.ready = postponed.into_iter().map(|(job, _)| job).collect();
            return Ok(());
        }
        // Nothing that comes later needs a view that was broken at the source already.
        let goes_on =
            |rejection: &Rejection| self.stage == Stage::Views || self.settings.tolerance.allows(rejection.fault);
        let (skipped, fatal): (Vec<_>, Vec<Rejection>) =
            postponed.into_iter().flat_map(|(_, missing)| missing).partition(goes_on);
        self.skipped.extend(skipped);
        if fatal.is_empty() { Ok(()) } else { Err(Error::Routines(fatal.iter().map(ToString::to_string).collect())) }
    }

    /// Takes over the findings of definitions that the filter lets through.
    fn judge_findings(&mut self) -> Result<(), Error> {
        let has_parents = self.findings.values().any(|findings| !findings.parents.is_empty());
        let wanted = if has_parents { self.wanted_tables()? } else { BTreeSet::new() };
        for (file, findings) in std::mem::take(&mut self.findings) {
            if !self.is_wanted(&file)? {
                continue;
            }
            self.warnings.extend(findings.changes);
            // Of what arrives later, the server decides.
            if self.stage == Stage::Target && !findings.needs.is_empty() {
                self.needs.push((file.clone(), findings.needs));
            }
            self.warn_of_missing_parents(&file, &findings.parents, &wanted)?;
            let missing = self.missing_databases(findings.missing_databases);
            let mut findings = self.of_what_is_made(&file, findings.rejections)?;
            findings.extend(missing);
            let is_needed_by_others = matches!(file.content, Content::Table(_) | Content::Database(_));
            if findings.is_empty() || (is_needed_by_others && self.stage > Stage::Target) {
                // It arrived late, and was created or rejected meanwhile.
                continue;
            }
            let is_allowed = findings.iter().all(|rejection| self.settings.tolerance.allows(rejection.fault));
            if is_allowed && !is_needed_by_others {
                // The file may have other objects, and this one is reported when the file is run.
                continue;
            }
            self.reject_all(findings);
            self.rejected_files.insert(file);
        }
        Ok(())
    }

    fn is_wanted(&self, file: &DumpFile) -> Result<bool, Error> {
        if let Some(table) = file.content.table() {
            return self.passes_source(table);
        }
        let database = file.content.database().and_then(|name| self.databases.get(name));
        match database.and_then(Database::target) {
            Some(target) if matches!(file.content, Content::Post(_)) => {
                Ok(self.settings.filter.passes_database_objects(&target.source)?)
            }
            target => Ok(target.is_some()),
        }
    }

    /// Fails, if anything was rejected.
    fn refuse(&mut self, consequence: &'static str) -> Result<(), Error> {
        let mut rejections = std::mem::take(&mut self.rejections);
        if rejections.is_empty() {
            return Ok(());
        }
        rejections.sort_by(|a, b| a.object.cmp(&b.object));
        Err(Error::Rejected { rejections, consequence })
    }

    /// Fails, if the user may not create something. What else was rejected is in the list, too.
    fn check_denied(&mut self) -> Result<(), Error> {
        if !self.rejections.iter().any(|rejection| rejection.fault == DENIED) {
            return Ok(());
        }
        let mut rejections = std::mem::take(&mut self.rejections);
        rejections.sort_by(|a, b| a.object.cmp(&b.object));
        Err(Error::Denied { rejections, advice: self.settings.user.grants.advice() })
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
                // Triggers of a table that could not be made.
                Some(table) if self.tables.get(table).is_some_and(|state| state.stage == TableStage::Rejected) => false,
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
