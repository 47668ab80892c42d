//! What comes of jobs.

use super::table_state::TableStage;
use super::{Error, Scheduler};
use crate::jobs::job::Job;
use crate::jobs::outcome::{Compared, Findings, Outcome};
use crate::tolerance::Refusal;

impl Scheduler {
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

    pub(super) fn refuse_what(&mut self, outcome: Outcome) {
        if let Outcome::Refused(refusals) = outcome {
            self.refuse_all(refusals);
        }
    }

    /// The restore goes on without these, or ends when all of their kind are known.
    pub(super) fn refuse_all(&mut self, refusals: Vec<Refusal>) {
        let (allowed, fatal): (Vec<_>, Vec<_>) =
            refusals.into_iter().partition(|refusal| self.settings.tolerance.allows(refusal.fault));
        self.left_out.extend(allowed);
        self.refusals.extend(fatal);
    }
}
