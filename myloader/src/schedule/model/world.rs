//! The coordinator's loop over a scheduler, with workers and an input that chance, or everything that may be, moves.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use common::backup::file_name::{Content, DumpFile};
use common::backup::row_hash::RowsDigest;
use common::sql::name::QualifiedName;

use super::choice::Chooser;
use super::dump::{BYTES, Case, Input, ROWS, Way};
use super::rules::{History, Rank, key};
use crate::jobs::committed_rows::CommittedRows;
use crate::jobs::job::{Job, KeyTiming};
use crate::jobs::outcome::{Compared, Findings, Outcome};
use crate::jobs::target::{DatabaseTarget, Existing, TableTarget};
use crate::options::DropTable;
use crate::schedule::stage::Stage;
use crate::schedule::table_state::{TableStage, TableState};
use crate::schedule::{Error, Scheduler};
use crate::tolerance::{Fault, Rejection};

/// Far more steps than any of these dumps takes.
const TOO_LONG: usize = 5000;

/// How a run ended.
#[derive(Debug)]
pub enum Run {
    Ended(Result<(), Error>),
    /// It came where another run has been.
    SeenBefore,
}

/// A restore under way.
pub struct World<'a> {
    case: &'a Case,
    scheduler: Scheduler,
    input: VecDeque<Input>,
    running: Vec<Job>,
    history: History,
    faults: usize,
    /// What was done, for whoever looks for the cause of a failure.
    pub log: Vec<String>,
}

impl<'a> World<'a> {
    pub fn new(case: &'a Case) -> World<'a> {
        World {
            case,
            scheduler: Scheduler::new(case.settings()),
            input: case.input.iter().cloned().collect(),
            running: Vec::new(),
            history: History::default(),
            faults: case.faults,
            log: Vec::new(),
        }
    }

    /// Runs to the end. `is_new` is asked about each state.
    pub fn run(&mut self, chooser: &mut Chooser, mut is_new: impl FnMut(u64) -> bool) -> Result<Run, String> {
        let result = self.restore(chooser, &mut is_new)?;
        if let Run::Ended(result) = &result {
            self.judge(result)?;
        }
        Ok(result)
    }

    fn restore(&mut self, chooser: &mut Chooser, is_new: &mut impl FnMut(u64) -> bool) -> Result<Run, String> {
        if self.case.way == Way::Directory {
            while let Some(input) = self.input.pop_front() {
                if let Err(error) = self.take(input) {
                    return Ok(Run::Ended(Err(error)));
                }
            }
        }
        for _ in 0..TOO_LONG {
            match self.step(chooser, is_new)? {
                Some(Err(error)) => return Ok(Run::Ended(Err(error))),
                Some(Ok(())) if self.scheduler.is_finished() => return Ok(Run::Ended(Ok(()))),
                Some(Ok(())) => {}
                None => return Ok(Run::SeenBefore),
            }
        }
        Err("it does not end".to_owned())
    }

    /// A round of `load.rs`'s loop.
    fn step(
        &mut self,
        chooser: &mut Chooser,
        is_new: &mut impl FnMut(u64) -> bool,
    ) -> Result<Option<Result<(), Error>>, String> {
        if let Err(error) = self.scheduler.make_room(self.case.max_waiting) {
            return Ok(Some(Err(error)));
        }
        if self.scheduler.definitions_arrived && self.history.declared.is_none() {
            self.history.declare();
        }
        while self.running.len() < self.case.workers
            && let Some(job) = self.scheduler.next_job()
        {
            self.log.push(format!("start {job}"));
            if let Some(why) = self.history.forbids(&job, self.case) {
                return Err(format!("{job:?} must not start: {why}"));
            }
            self.history.running.push(key(&job));
            self.running.push(job);
        }
        self.check_waiting()?;
        if self.scheduler.is_finished() {
            return Ok(Some(Ok(())));
        }
        if chooser.is_new() && !is_new(self.fingerprint()) {
            return Ok(None);
        }
        let takes_input = !self.input.is_empty() && self.scheduler.wants_input(self.case.max_waiting);
        if takes_input && self.scheduler.waiting_bytes() > self.case.max_waiting && !self.running.is_empty() {
            return Err("more is taken from the input than may wait".to_owned());
        }
        let choices = self.running.len() + usize::from(takes_input);
        if choices == 0 {
            return Err(format!("it stalls: {} inputs are left, {:?}", self.input.len(), self.scheduler));
        }
        let chosen = chooser.choose(choices);
        Ok(Some(if chosen < self.running.len() {
            let job = self.running.remove(chosen);
            let outcome = self.outcome(&job, chooser);
            self.log.push(format!("end {job}: {outcome:?}"));
            self.history.is_looking = self.scheduler.stage <= Stage::Target;
            self.history.end(&job, &outcome, self.case);
            self.scheduler.done(&job, outcome)
        } else {
            match self.input.pop_front() {
                Some(input) => self.take(input),
                None => Ok(()),
            }
        }))
    }

    fn take(&mut self, input: Input) -> Result<(), Error> {
        self.log.push(match &input {
            Input::File(file) => format!("arrived {file}"),
            Input::Metadata(metadata) => format!("metadata {:?}", metadata.tables),
            Input::Definitions(_) => "definitions".to_owned(),
            Input::End(_) => "end".to_owned(),
        });
        match input {
            Input::Metadata(metadata) => {
                let whole = metadata.tables.iter().filter(|(_, entry)| entry.rows_sent);
                self.history.whole.extend(whole.map(|(table, _)| table.clone()));
                self.scheduler.metadata(metadata)
            }
            Input::Definitions(metadata) => {
                self.declare();
                self.scheduler.metadata(metadata)?;
                self.scheduler.definitions_announced()
            }
            Input::File(file) => {
                self.history.arrived.insert(file.clone());
                self.scheduler.arrived(file, BYTES)
            }
            Input::End(metadata) => {
                self.declare();
                self.history.has_ended = true;
                self.scheduler.input_ended(metadata)
            }
        }
    }

    fn declare(&mut self) {
        self.history.is_announced = true;
        self.history.declare();
    }

    /// What a job may come to: mostly what it should.
    fn outcome(&mut self, job: &Job, chooser: &mut Chooser) -> Outcome {
        let mut faulty = self.faulty(job);
        if self.faults == 0 || faulty.is_empty() {
            return self.success(job);
        }
        let fails = match chooser {
            Chooser::Chance(_) => chooser.happens(15),
            Chooser::Each { .. } => true,
        };
        if !fails {
            return self.success(job);
        }
        let chosen = chooser.choose(faulty.len() + usize::from(matches!(chooser, Chooser::Each { .. })));
        if chosen == faulty.len() {
            return self.success(job);
        }
        self.faults -= 1;
        faulty.swap_remove(chosen)
    }

    fn success(&self, job: &Job) -> Outcome {
        match job {
            Job::FindDatabase(file) => self.found(file.content.database().unwrap_or_default(), file_is_first(file)),
            Job::UseDatabase(name) => self.found(name, false),
            Job::Check(_) | Job::Fit(_) => Outcome::Checked(Findings::default()),
            Job::CreateTable(_, file, keys) => self.table(file, *keys),
            Job::Rows(..) => Outcome::RowsLoaded(ROWS),
            Job::Compare(comparison, _) => {
                let count = self.case.tables[&comparison.table].chunks * ROWS;
                Outcome::Compared(Compared::Rows(RowsDigest { count, ..RowsDigest::default() }))
            }
            Job::CreateAccounts(_) | Job::GrantLater(..) => {
                Outcome::Accounts { later: Vec::new(), failures: Vec::new() }
            }
            _ => Outcome::Done,
        }
    }

    fn found(&self, database: &str, has_tables: bool) -> Outcome {
        let target = DatabaseTarget { source: database.to_owned(), target: database.to_owned() };
        let there = self.case.tables.iter().filter(|(_, table)| has_tables && table.exists && !self.case.drop_database);
        let names = there.map(|(table, _)| table.table.clone()).collect();
        let existing = Existing { database: true, names, ..Existing::default() };
        Outcome::DatabaseFound(target, existing, Findings::default())
    }

    fn table(&self, file: &DumpFile, keys: KeyTiming) -> Outcome {
        let Some(table) = file.content.table() else { return Outcome::TableSkipped };
        let state = self.case.tables[table];
        let kept = state.exists && !self.case.drop_database && self.case.drop_table != DropTable::Drop;
        Outcome::TableReady {
            target: TableTarget {
                file: table.clone(),
                name: QualifiedName::new("d", table.table.clone()),
                committed_rows: CommittedRows::default(),
                session: std::sync::Arc::default(),
            },
            keys: if state.keys && !kept && keys == KeyTiming::Later { vec![b"ALTER".to_vec()] } else { Vec::new() },
            constraints: (state.constraints && !kept).then(|| b"ALTER".to_vec()),
            kept,
            in_order: state.in_order,
        }
    }

    /// How a job may fail without ending the restore by itself.
    fn faulty(&self, job: &Job) -> Vec<Outcome> {
        let rejection = |fault| Rejection { object: job.object(), why: "no".to_owned(), fault };
        let refused = |fault| Outcome::Rejected(vec![rejection(fault)]);
        // One that --ignore-errors has, and one that it has not.
        let (ignored, other) = (Fault::Server(Some(1062)), Fault::Server(Some(1064)));
        let mut outcomes = match job {
            Job::Check(_) => {
                let findings = Findings { rejections: vec![rejection(other)], ..Findings::default() };
                vec![Outcome::Checked(findings)]
            }
            Job::Fit(_) => {
                let findings = Findings { rejections: vec![rejection(Fault::Target)], ..Findings::default() };
                vec![Outcome::Checked(findings)]
            }
            Job::CreateDatabase(..) | Job::Sequence(..) => vec![refused(ignored), refused(other)],
            Job::CreateTable(..) => vec![refused(ignored), refused(other), Outcome::TableSkipped],
            Job::View(..) | Job::Routines(..) => vec![Outcome::Postponed(vec![rejection(Fault::Server(Some(1146)))])],
            Job::CreateAccounts(_) | Job::GrantLater(..) => {
                vec![Outcome::Accounts { later: Vec::new(), failures: vec![rejection(other)] }]
            }
            Job::DropExisting(_) => return Vec::new(),
            Job::Compare(..) => vec![Outcome::Compared(Compared::Impossible("no".to_owned()))],
            _ => vec![refused(ignored)],
        };
        if matches!(job, Job::Rows(..)) {
            outcomes.push(Outcome::RowsSkipped { loaded: 3, skipped: Some(ROWS - 3), rejection: rejection(ignored) });
        }
        if self.case.keep_going && !matches!(job, Job::CreateAccounts(_) | Job::GrantLater(..)) {
            outcomes.extend([refused(other), refused(Fault::Dump)]);
        }
        if matches!(job, Job::CreateDatabase(..) | Job::CreateTable(..) | Job::Sequence(..) | Job::Check(_)) {
            return outcomes;
        }
        outcomes
    }

    /// Bytes of files of rows that have arrived, and were neither begun nor left out.
    fn check_waiting(&self) -> Result<(), String> {
        let is_left_out = |table: &&TableState| matches!(table.stage, TableStage::Skipped | TableStage::Rejected);
        if self.scheduler.tables.values().filter(is_left_out).any(|table| table.waiting_bytes() > 0) {
            return Err("files of a table that is left out wait".to_owned());
        }
        let waiting = self.scheduler.tables.values().map(|table| table.waiting_bytes()).sum::<u64>();
        if self.scheduler.waiting_bytes() != waiting {
            return Err(format!("{} bytes wait, but {waiting} are counted", self.scheduler.waiting_bytes()));
        }
        Ok(())
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{:?}{:?}", self.scheduler, self.running).hash(&mut hasher);
        (self.input.len(), self.faults).hash(&mut hasher);
        (&self.history.running, &self.history.ended).hash(&mut hasher);
        hasher.finish()
    }

    /// Whether the end is the right one for what has happened.
    fn judge(&self, result: &Result<(), Error>) -> Result<(), String> {
        let history = &self.history;
        if !self.running.is_empty() && result.is_ok() {
            return Err(format!("it is finished, but {:?} are under way", self.running));
        }
        let is_left = history.is_left(self.case);
        match result {
            Ok(()) => {
                if let Some(left) = is_left {
                    return Err(format!("it is finished without {left:?}"));
                }
                let skipped: Vec<&String> = history.objects_left_out().collect();
                if !skipped.is_empty() || self.case.is_cut || history.is_different {
                    return Err(format!("it is said to be whole without {skipped:?}"));
                }
                Ok(())
            }
            Err(Error::Skipped(told)) => {
                if let Some(left) = is_left {
                    return Err(format!("the rest is said to be restored, but {left:?} is not"));
                }
                for object in history.objects_left_out() {
                    let times = told.iter().filter(|rejection| rejection.object == *object).count();
                    let happened = history.objects_left_out().filter(|other| *other == object).count();
                    if times != happened {
                        return Err(format!("{object} is left out {happened} times and told {times} times"));
                    }
                }
                Ok(())
            }
            Err(error) => {
                let is_expected = history.has_fatal()
                    || self.case.is_cut
                    || history.is_different
                    || !history.skipped.is_empty()
                    || history.ended.values().any(|end| *end != super::rules::End::Done)
                    || history.ended.keys().any(|key| key.0 == Rank::Views);
                if is_expected { Ok(()) } else { Err(format!("nothing was wrong, and yet: {error}")) }
            }
        }
    }
}

/// Whether it is of the database that has the tables.
fn file_is_first(file: &DumpFile) -> bool {
    file.content == Content::Database("d".to_owned())
}
