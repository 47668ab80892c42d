//! The allowed order of jobs, told without the scheduler: from the files that have arrived, and what jobs came to.

use std::collections::{BTreeMap, BTreeSet};

use common::backup::file_name::{Content, DumpFile, RowsFormat, TableFileName};
use common::sql::name::QualifiedName;

use super::dump::{Case, Way};
use crate::jobs::job::Job;
use crate::jobs::outcome::{Compared, Outcome};
use crate::options::OptimizeKeys;

pub type Key = (Rank, String);

/// What has to come before what. Jobs of one rank may run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Nothing is changed by these.
    Look,
    Databases,
    Drops,
    Sequences,
    Tables,
    Emptying,
    /// Rows and, table by table, keys.
    Rows,
    Keys,
    Constraints,
    Verification,
    Accounts,
    Routines,
    Views,
    Triggers,
    Events,
    Privileges,
    Checksums,
}

/// How a job ended, as far as others depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    Done,
    /// Left out by the filter, or by the server.
    Skipped,
    /// To be tried again.
    Postponed,
}

/// What was and what is.
#[derive(Debug, Default)]
pub struct History {
    pub arrived: BTreeSet<DumpFile>,
    /// What had arrived when it was said, or had to be assumed, that no further definition comes before the rows.
    pub declared: Option<BTreeSet<DumpFile>>,
    /// Whether it was said.
    pub is_announced: bool,
    pub has_ended: bool,
    /// Tables of which all rows have arrived, as the input says.
    pub whole: BTreeSet<TableFileName>,
    pub running: Vec<Key>,
    pub ended: BTreeMap<Key, End>,
    /// Tables that are made, and those that were there.
    pub made: BTreeSet<TableFileName>,
    pub kept: BTreeSet<TableFileName>,
    /// Those whose keys are added later, and those that have foreign keys.
    pub with_keys: BTreeSet<TableFileName>,
    pub with_constraints: BTreeSet<TableFileName>,
    /// Those without some of their rows.
    pub tables_with_gaps: BTreeSet<TableFileName>,
    /// Files that a look at them has shown to be refused.
    pub rejected_files: BTreeSet<DumpFile>,
    /// Objects that somebody has to be told of.
    pub skipped: Vec<String>,
    /// What jobs needed that were to be tried again.
    pub postponed: BTreeMap<Key, Vec<String>>,
    /// Whether one of them ends the restore.
    pub is_fatal: bool,
    /// Tables that do not fit what is on the server.
    pub unfit: BTreeSet<TableFileName>,
    /// Files that a look at them has shown to be refused, which ends the restore, if they are wanted.
    pub fatal_files: BTreeSet<DumpFile>,
    /// Whether a table is found to have other rows.
    pub is_different: bool,
    /// Whether nothing can have been changed yet.
    pub is_looking: bool,
}

impl Rank {
    pub fn of(job: &Job) -> Rank {
        match job {
            Job::FindDatabase(_) | Job::UseDatabase(_) | Job::Check(_) | Job::CheckAccounts(_) | Job::Fit(_) => {
                Rank::Look
            }
            Job::Tablespaces(_) | Job::CreateDatabase(..) => Rank::Databases,
            Job::DropExisting(_) => Rank::Drops,
            Job::Sequence(..) => Rank::Sequences,
            Job::CreateTable(..) => Rank::Tables,
            Job::Empty(_) => Rank::Emptying,
            Job::Rows(..) => Rank::Rows,
            Job::AddKeys(..) => Rank::Keys,
            Job::AddConstraints(..) => Rank::Constraints,
            Job::Compare(..) | Job::DataChecksum(..) => Rank::Verification,
            Job::CreateAccounts(_) => Rank::Accounts,
            Job::Routines(..) => Rank::Routines,
            Job::View(..) => Rank::Views,
            Job::Triggers(..) => Rank::Triggers,
            Job::Events(..) => Rank::Events,
            Job::GrantLater(..) => Rank::Privileges,
            Job::Checksums(_) => Rank::Checksums,
        }
    }
}

pub fn key(job: &Job) -> Key {
    let what = match job {
        Job::Empty(table) | Job::AddKeys(table, _) | Job::AddConstraints(table, _) => table.file.to_string(),
        Job::UseDatabase(name) => name.clone(),
        Job::Compare(comparison, _) => comparison.table.to_string(),
        Job::DropExisting(_) => String::new(),
        _ => job.to_string(),
    };
    (Rank::of(job), what)
}

impl History {
    /// No further definition comes before the rows. What belongs to a database that may still come is made when it can be.
    pub fn declare(&mut self) {
        let in_time = |file: &&DumpFile| {
            let database = file.content.database();
            self.is_announced || database.is_none_or(|database| self.database_file(database).is_some())
        };
        let files: BTreeSet<DumpFile> = self.arrived.iter().filter(in_time).cloned().collect();
        self.declared.get_or_insert(files);
    }

    fn is_over(&self, key: &Key) -> bool {
        matches!(self.ended.get(key), Some(End::Done | End::Skipped))
    }

    fn is_done(&self, key: &Key) -> bool {
        self.ended.get(key) == Some(&End::Done)
    }

    fn is_left_out(&self, key: &Key) -> bool {
        self.ended.get(key) == Some(&End::Skipped)
    }

    fn database_file(&self, database: &str) -> Option<&DumpFile> {
        self.arrived.iter().find(|file| file.content == Content::Database(database.to_owned()))
    }

    /// Whether nothing of a database can be restored.
    fn database_is_left_out(&self, database: &str) -> bool {
        match self.database_file(database) {
            Some(file) => {
                self.rejected_files.contains(file)
                    || self.is_left_out(&(Rank::Look, format!("look at {file}")))
                    || self.is_left_out(&(Rank::Databases, file.to_string()))
            }
            None => self.is_left_out(&(Rank::Look, database.to_owned())),
        }
    }

    fn database_is_ready(&self, database: &str) -> bool {
        match self.database_file(database) {
            Some(file) => self.is_done(&(Rank::Databases, file.to_string())),
            None => self.is_done(&(Rank::Look, database.to_owned())),
        }
    }

    /// Whether a table is not there to take rows.
    fn table_is_left_out(&self, table: &TableFileName) -> bool {
        let schema = self.schema_of(table);
        self.database_is_left_out(&table.database)
            || self.unfit.contains(table)
            || schema.is_some_and(|schema| {
                self.rejected_files.contains(schema) || self.is_left_out(&(Rank::Tables, schema.to_string()))
            })
            || self.is_left_out(&(Rank::Emptying, table.to_string()))
    }

    fn schema_of(&self, table: &TableFileName) -> Option<&DumpFile> {
        self.arrived.iter().find(|file| file.content == Content::Table(table.clone()))
    }

    /// The jobs that a file is for, unless there is nothing left to do for it.
    fn jobs_of(&self, file: &DumpFile, case: &Case) -> Vec<Key> {
        if file.content.database().is_some_and(|database| self.database_is_left_out(database))
            && !matches!(file.content, Content::Database(_))
        {
            return Vec::new();
        }
        let of = |rank: Rank| (rank, file.to_string());
        match &file.content {
            Content::Tablespaces => vec![of(Rank::Databases)],
            Content::Accounts if case.accounts && self.is_left_out(&(Rank::Look, file.to_string())) => Vec::new(),
            Content::Accounts => vec![of(Rank::Accounts), of(Rank::Privileges)],
            Content::Database(name) if self.database_is_left_out(name) => Vec::new(),
            Content::Database(_) => vec![of(Rank::Databases)],
            Content::Sequence(_) => vec![of(Rank::Sequences)],
            Content::Table(table) if self.unfit.contains(table) || self.rejected_files.contains(file) => Vec::new(),
            Content::Table(table) => {
                let mut jobs = vec![of(Rank::Tables)];
                if self.kept.contains(table) && case.empties() {
                    jobs.push((Rank::Emptying, table.to_string()));
                }
                if self.made.contains(table) && !self.table_is_left_out(table) {
                    jobs.extend(self.with_keys.contains(table).then(|| (Rank::Keys, table.to_string())));
                    let is_compared = case.verify && !self.tables_with_gaps.contains(table);
                    jobs.extend(is_compared.then(|| (Rank::Verification, table.to_string())));
                    jobs.extend(self.with_constraints.contains(table).then(|| (Rank::Constraints, table.to_string())));
                }
                jobs
            }
            Content::Rows(rows) if rows.format == RowsFormat::Sql && !self.table_is_left_out(&rows.table) => {
                vec![of(Rank::Rows)]
            }
            Content::Triggers(table) if self.table_is_left_out(table) => Vec::new(),
            Content::Triggers(_) | Content::DatabaseTriggers(_) => vec![of(Rank::Triggers)],
            Content::View(_) => vec![of(Rank::Views)],
            Content::Post(_) => vec![of(Rank::Routines), of(Rank::Events)],
            _ => Vec::new(),
        }
    }

    /// Whether a job is over, or given up as all others of its kind that need what is not there.
    fn is_settled(&self, key: &Key, case: &Case) -> bool {
        self.is_over(key) || ((case.keep_going || key.0 == Rank::Views) && self.ended.get(key) == Some(&End::Postponed))
    }

    /// Jobs of these files and of a rank before this one that are not over.
    fn open(&self, files: &BTreeSet<DumpFile>, before: Rank, case: &Case) -> Option<Key> {
        let jobs = files.iter().flat_map(|file| self.jobs_of(file, case));
        jobs.filter(|job| job.0 < before).find(|job| !self.is_settled(job, case))
    }

    /// Why a job must not start now.
    pub fn forbids(&self, job: &Job, case: &Case) -> Option<String> {
        let (rank, what) = key(job);
        if self.running.contains(&(rank, what.clone())) {
            return Some("it is under way".to_owned());
        }
        if self.is_over(&(rank, what.clone())) {
            return Some("it was done".to_owned());
        }
        if rank == Rank::Look {
            return None;
        }
        let Some(declared) = &self.declared else { return Some("more definitions may come".to_owned()) };
        let is_looked_at = |file: &DumpFile| {
            let table = file.content.table().map(|table| (Rank::Look, format!("look at table {table}")));
            self.running.contains(&(Rank::Look, format!("look at {file}")))
                || table.is_some_and(|table| self.running.contains(&table))
        };
        if rank < Rank::Rows && declared.iter().any(is_looked_at) {
            return Some("a definition is looked at".to_owned());
        }
        if self.has_fatal() && rank == Rank::Rows && case.way == Way::Directory {
            return Some("something ends the restore before".to_owned());
        }
        // What came in time is made rank by rank; what came late, when it can be.
        let files = if rank > Rank::Keys { &self.arrived } else { declared };
        let rank_of_barrier = if rank == Rank::Keys { Rank::Rows } else { rank };
        if let Some(open) = self.open(files, rank_of_barrier, case) {
            return Some(format!("{open:?} comes before it"));
        }
        if rank > Rank::Keys && !self.has_ended {
            return Some("the input has not ended".to_owned());
        }
        match job {
            Job::Sequence(database, _)
            | Job::CreateTable(database, ..)
            | Job::Routines(database, _)
            | Job::View(database, _)
            | Job::Triggers(database, _)
            | Job::Events(database, _)
                if !self.database_is_ready(&database.source) =>
            {
                Some("its database is not there".to_owned())
            }
            Job::DropExisting(names) => {
                let has_file = |name: &QualifiedName| {
                    let mut files = self.arrived.iter().filter_map(|file| match &file.content {
                        Content::Table(table) | Content::View(table) | Content::Sequence(table) => Some(table),
                        _ => None,
                    });
                    files.any(|table| table.database == name.database && table.table == name.name)
                };
                let lost = names.iter().find(|name| !has_file(name))?;
                Some(format!("nothing creates {lost} again"))
            }
            Job::CreateTable(..) if self.at_work(&[Rank::Tables]) >= case.max_threads_for_tables => {
                Some("enough workers create tables".to_owned())
            }
            Job::Routines(..) | Job::View(..) | Job::Triggers(..) | Job::Events(..)
                if self.at_work(&[Rank::Routines, Rank::Views, Rank::Triggers, Rank::Events])
                    >= case.max_threads_for_post =>
            {
                Some("enough workers create what comes after the rows".to_owned())
            }
            Job::Rows(table, ..) => self.forbids_rows(&table.file, &what, case),
            Job::AddKeys(table, _) => self.forbids_keys(&table.file, case),
            Job::AddConstraints(..) if !self.running.is_empty() => Some("another job is under way".to_owned()),
            _ => None,
        }
    }

    /// How many jobs of these ranks are under way.
    fn at_work(&self, ranks: &[Rank]) -> usize {
        self.running.iter().filter(|key| ranks.contains(&key.0)).count()
    }

    fn forbids_rows(&self, table: &TableFileName, file: &str, case: &Case) -> Option<String> {
        let schema = self.schema_of(table);
        if schema.is_some() && !self.made.contains(table) {
            return Some("its table is not made".to_owned());
        }
        if schema.is_none() && !self.is_announced {
            return Some("its table's definition may come".to_owned());
        }
        if self.kept.contains(table) && case.empties() && !self.is_done(&(Rank::Emptying, table.to_string())) {
            return Some("its table is not emptied".to_owned());
        }
        let of_table = |key: &&Key| key.0 == Rank::Rows && key.1.starts_with(&format!("{table}."));
        let at_work = self.running.iter().filter(of_table).count();
        if at_work >= case.max_threads_per_table {
            return Some("its table has enough workers".to_owned());
        }
        if self.is_over(&(Rank::Keys, table.to_string())) || self.running.contains(&(Rank::Keys, table.to_string())) {
            return Some("its table has its keys".to_owned());
        }
        if schema.is_some() && case.tables[table].in_order {
            let before = self.arrived.iter().filter(|other| other.content.table() == Some(table));
            let mut before =
                before.filter(|other| matches!(&other.content, Content::Rows(rows) if rows.format == RowsFormat::Sql));
            if before.any(|other| other.to_string().as_str() < file && !self.is_over(&(Rank::Rows, other.to_string())))
            {
                return Some("a file before it is not loaded".to_owned());
            }
            if !self.has_ended && !self.whole.contains(table) {
                return Some("a file before it may come".to_owned());
            }
        }
        None
    }

    fn forbids_keys(&self, table: &TableFileName, case: &Case) -> Option<String> {
        if !self.has_ended && !self.whole.contains(table) {
            return Some("rows may come".to_owned());
        }
        if self.at_work(&[Rank::Keys]) >= case.max_threads_for_keys {
            return Some("enough workers make keys".to_owned());
        }
        let late = case.optimize_keys == OptimizeKeys::AfterImportAllTables;
        let rows = self
            .arrived
            .iter()
            .filter(|file| matches!(&file.content, Content::Rows(rows) if late || rows.table == *table));
        let mut open = rows.flat_map(|file| self.jobs_of(file, case)).filter(|job| !self.is_over(job));
        open.next().map(|open| format!("{open:?} comes before it"))
    }

    /// What should have been done, when all is said to be.
    pub fn is_left(&self, case: &Case) -> Option<Key> {
        self.arrived.iter().flat_map(|file| self.jobs_of(file, case)).find(|job| !self.is_settled(job, case))
    }

    /// Whether something ends the restore.
    pub fn has_fatal(&self) -> bool {
        let is_wanted = |file: &DumpFile| !file.content.database().is_some_and(|name| self.database_is_left_out(name));
        self.is_fatal || self.fatal_files.iter().any(is_wanted)
    }

    /// What has to be told at the end.
    pub fn objects_left_out(&self) -> impl Iterator<Item = &String> {
        let is_postponed = |key: &Key| self.ended.get(key) == Some(&End::Postponed);
        let postponed =
            self.postponed.iter().filter(move |(key, _)| is_postponed(key)).flat_map(|(_, objects)| objects);
        self.skipped.iter().chain(postponed)
    }

    /// A job has ended.
    pub fn end(&mut self, job: &Job, outcome: &Outcome, case: &Case) {
        let key = key(job);
        self.running.retain(|running| *running != key);
        let end = match outcome {
            Outcome::Rejected(_) | Outcome::DatabaseSkipped | Outcome::TableSkipped => End::Skipped,
            Outcome::Postponed(_) => End::Postponed,
            _ => End::Done,
        };
        self.ended.insert(key, end);
        let allows = |rejection: &crate::tolerance::Rejection| case.settings().tolerance.allows(rejection.fault);
        let mut take_up = |rejections: &[crate::tolerance::Rejection]| {
            for rejection in rejections {
                self.skipped.push(rejection.object.clone());
                self.is_fatal |= !allows(rejection);
            }
        };
        if let (Job::Rows(table, ..), Outcome::Rejected(_) | Outcome::RowsSkipped { .. }) = (job, outcome) {
            self.tables_with_gaps.insert(table.file.clone());
        }
        match (job, outcome) {
            (Job::Compare(..), Outcome::Rejected(_) | Outcome::Compared(Compared::Impossible(_))) => {
                self.is_different = true;
            }
            (_, Outcome::Postponed(missing)) => {
                let objects = missing.iter().map(|rejection| rejection.object.clone()).collect();
                self.postponed.insert(super::rules::key(job), objects);
            }
            (Job::Fit(table), Outcome::Checked(findings)) if !findings.rejections.is_empty() => {
                take_up(&findings.rejections);
                self.unfit.insert(table.file.clone());
            }
            (Job::Fit(table), Outcome::Rejected(rejections)) => {
                take_up(rejections);
                self.unfit.insert(table.file.clone());
            }
            (_, Outcome::Rejected(rejections)) if !matches!(job, Job::Check(_)) => take_up(rejections),
            (_, Outcome::RowsSkipped { rejection, .. }) => take_up(std::slice::from_ref(rejection)),
            (_, Outcome::Accounts { failures, .. }) => {
                self.skipped.extend(failures.iter().map(|rejection| rejection.object.clone()));
            }
            (Job::Check(file), Outcome::Rejected(rejections)) => self.look_rejected(file, rejections, case),
            (Job::Check(file), Outcome::Checked(findings)) if !findings.rejections.is_empty() => {
                self.look_rejected(file, &findings.rejections, case);
            }
            (Job::CreateTable(_, file, _), Outcome::TableReady { kept, keys, constraints, .. }) => {
                if let Some(table) = file.content.table() {
                    self.made.insert(table.clone());
                    let note = |is_one: bool, tables: &mut BTreeSet<TableFileName>| {
                        if is_one {
                            tables.insert(table.clone());
                        }
                    };
                    note(*kept, &mut self.kept);
                    note(!keys.is_empty(), &mut self.with_keys);
                    note(constraints.is_some(), &mut self.with_constraints);
                }
            }
            _ => {}
        }
    }

    /// A definition that cannot be made is not tried; what may have others beside it in its file is.
    fn look_rejected(&mut self, file: &DumpFile, rejections: &[crate::tolerance::Rejection], case: &Case) {
        let is_table = matches!(file.content, Content::Table(_));
        if is_table && !self.is_looking {
            return;
        }
        if rejections.iter().any(|rejection| !case.settings().tolerance.allows(rejection.fault)) {
            self.fatal_files.insert(file.clone());
        }
        if is_table {
            self.skipped.extend(rejections.iter().map(|rejection| rejection.object.clone()));
            self.rejected_files.insert(file.clone());
        }
    }
}
