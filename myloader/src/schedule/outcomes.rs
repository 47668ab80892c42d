//! Outcomes of jobs, and what follows from them.

use super::table_state::TableStage;
use super::{Error, Scheduler};
use crate::jobs::job::Job;
use crate::jobs::outcome::{Compared, Findings, Outcome};
use crate::tolerance::Rejection;

impl Scheduler {
    /// A job is done.
    pub fn done(&mut self, job: &Job, outcome: Outcome) -> Result<(), Error> {
        self.running.end(job);
        match (job, outcome) {
            (Job::FindDatabase(file), outcome) => {
                self.database_found(file.content.database().unwrap_or_default(), Some(file), outcome)?;
            }
            (Job::UseDatabase(name), outcome) => self.database_found(name, None, outcome)?,
            (Job::Check(file), Outcome::Checked(findings)) if findings != Findings::default() => {
                self.findings.insert(file.clone(), findings);
            }
            (Job::Check(file), Outcome::Rejected(rejections)) => {
                self.findings.insert(file.clone(), Findings { rejections, ..Findings::default() });
            }
            (Job::Fit(table), outcome) => self.fitted(table, outcome)?,
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
            (Job::Empty(table), Outcome::Rejected(rejections)) => {
                self.reject_all(rejections);
                self.set_stage(&table.file, TableStage::Rejected);
            }
            (Job::Empty(table), _) => self.load(&table.file, table),
            (Job::Rows(table, ..), outcome) => self.rows_done(&table.file, outcome),
            (Job::AddKeys(table, _), outcome) => {
                self.reject_what(outcome);
                self.set_stage(&table.file, TableStage::Restored);
            }
            (Job::Compare(comparison, part), Outcome::Compared(compared)) => {
                self.verification.compared(comparison, *part, compared);
            }
            (Job::Compare(comparison, part), Outcome::Rejected(rejections)) => {
                let why = rejections.into_iter().map(|rejection| rejection.why).collect();
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
                self.skipped.extend(failures);
            }
            (Job::CheckAccounts(_), Outcome::Rejected(rejections)) => {
                self.accounts = None;
                self.reject_all(rejections);
            }
            // Nothing depends on them.
            (Job::Events(..), Outcome::Rejected(rejections)) => self.skipped.extend(rejections),
            (_, outcome) => self.reject_what(outcome),
        }
        self.advance()
    }

    pub(super) fn reject_what(&mut self, outcome: Outcome) {
        if let Outcome::Rejected(rejections) = outcome {
            self.reject_all(rejections);
        }
    }

    /// The restore continues without these, or ends when all of their kind are known.
    pub(super) fn reject_all(&mut self, rejections: Vec<Rejection>) {
        let (allowed, fatal): (Vec<_>, Vec<_>) =
            rejections.into_iter().partition(|rejection| self.settings.tolerance.allows(rejection.fault));
        self.skipped.extend(allowed);
        self.rejections.extend(fatal);
    }
}
