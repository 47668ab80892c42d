//! A worker: one thread, one connection, one job at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use common::backup::file_name::{Content, DumpFile};
use common::observe::activity::Activity;
use common::observe::progress::Counters;
use common::process::stop::{Stop, StopOnPanic};
use common::server::Server;
use common::server::connection::{Connection, Error as ServerError, excerpt};
use common::sql::name::QualifiedName;
use common::sql::{Statement, StatementError};
use crossbeam_channel::{Receiver, Sender};

use crate::config::Restore;
use crate::ddl::allowed_statements::belongs;
use crate::ddl::statement_kind::classify;
use crate::input::files::Files;
use crate::jobs::committed_rows::Ledgers;
pub use crate::jobs::error::Error;
use crate::jobs::job::{DatabaseTarget, Job, Outcome, TableTarget};
use crate::jobs::replay::{Step, Steps};
use crate::journal::earlier_run::Since;
use crate::journal::{Journal, Record, TableName, table_name};
use crate::objects::precheck::Vocabulary;
use crate::objects::{accounts, databases, precheck, programs, tables};
use crate::rows::file;
use crate::rows::insert_to_load_data::Tables;
use crate::schedule::tolerance::Refusal;
use crate::session::{Connector, Preamble, Purpose, ReconnectError, Session};
use crate::verify::{checksums, rows};

/// What all workers share.
pub struct Shared {
    /// The server.
    pub server: Server,
    /// Where the files are.
    pub files: Files,
    /// What to do with them.
    pub restore: Restore,
    /// What is known of the server's character sets and collations.
    pub vocabulary: Vocabulary,
    /// Tables that LOAD DATA fills.
    pub tables: Tables,
    /// Where progress is counted.
    pub counters: Arc<Counters>,
    /// Held while a table is dropped: two that foreign keys tie together cannot be dropped at the same time.
    pub dropping: Mutex<()>,
    /// Names that databases had before the restore, by database, where what is there may stay.
    pub names_before: Mutex<BTreeMap<String, BTreeSet<String>>>,
    /// What is written of the restore, and what an earlier run has written.
    pub journal: Journal,
    /// What the server went through since that run.
    pub since: Since,
    /// The longest statement that the server takes, in bytes: its `max_allowed_packet`.
    pub max_packet: u64,
    /// Tables of which a resumed restore knows that they have no triggers of an earlier run.
    pub without_triggers: Mutex<BTreeSet<QualifiedName>>,
    /// Those of all tables that get rows.
    pub ledgers: Ledgers,
    /// Whether a session has lasted from the beginning to the end.
    pub has_lasted: AtomicBool,
    /// The program's stop.
    pub stop: Stop,
}

/// A worker's own state.
pub struct Worker {
    /// Its session.
    pub session: Session,
    /// How far its job is.
    pub steps: Steps,
    /// Objects of its job that are left out.
    pub left_out: Vec<Refusal>,
    /// Where others see what it does.
    activity: Activity,
    /// What it shares.
    pub shared: Arc<Shared>,
}

impl Worker {
    /// Over a connection of its own.
    pub fn new(
        connection: Connection,
        connector: Connector,
        purpose: Purpose,
        activity: Activity,
        shared: Arc<Shared>,
    ) -> Result<Worker, ServerError> {
        activity.set_connection(connection.id());
        let session = Session::new(connection, connector, shared.server, purpose, shared.stop.clone())?;
        Ok(Worker { session, steps: Steps::default(), left_out: Vec::new(), activity, shared })
    }

    /// Does jobs until there are no more.
    pub fn run(mut self, jobs: &Receiver<Job>, outcomes: &Sender<(Job, Result<Outcome, Error>)>) {
        let stop = self.shared.stop.clone();
        let _guard = StopOnPanic(stop.clone());
        let first = self.session.connection_id();
        while let Ok(Some(job)) = stop.receive(jobs) {
            self.activity.begin(job.object());
            let outcome = self.do_whole_job(&job).or_else(|error| self.go_on_without(&job, error));
            let outcome = outcome.map(|outcome| self.with_left_out(outcome));
            self.activity.idle();
            if stop.send(outcomes, (job, outcome)).is_err() {
                return;
            }
        }
        if self.session.connection_id() == first && self.session.unchanged().execute("DO 0").is_ok() {
            self.shared.has_lasted.store(true, Ordering::Relaxed);
        }
    }

    /// Does a job, and goes on with it where the connection was lost. Rows see to that themselves.
    fn do_whole_job(&mut self, job: &Job) -> Result<Outcome, Error> {
        let name = job.journal_name();
        if name.as_ref().is_some_and(|name| self.shared.journal.is_done(name)) {
            tracing::info!("{job}: an earlier run has done it");
            return Ok(Outcome::Done);
        }
        self.steps = if self.shared.journal.resumes() { Steps::of_earlier_run() } else { Steps::default() };
        let mut attempts = 0;
        loop {
            let before = self.steps.done();
            let error = match self.do_job(job) {
                Err(error) if error.is_lost_connection() && !matches!(job, Job::Rows(..)) => error,
                Ok(Outcome::Done) if self.left_out.is_empty() => {
                    name.map_or(Ok(()), |job| self.shared.journal.write(Record::Done { job }))?;
                    return Ok(Outcome::Done);
                }
                result => return result,
            };
            if self.steps.done() > before {
                attempts = 0;
            }
            attempts += 1;
            if attempts > self.shared.restore.retry_count {
                return Err(error);
            }
            self.reconnect(error)?;
            self.steps.begin_again();
        }
    }

    /// Makes a connection again that was lost as `error` says, which is returned when that is done.
    pub fn reconnect(&mut self, error: Error) -> Result<Error, Error> {
        self.shared.stop.check()?;
        tracing::warn!("the connection was lost, and is made again: {error}");
        match self.session.reconnect() {
            Ok(()) => {
                self.activity.set_connection(self.session.connection_id());
                Ok(error)
            }
            Err(ReconnectError::NotWanted) => Err(error),
            Err(source) => {
                self.shared.stop.check()?;
                Err(Error::Lost { lost: Box::new(error), source })
            }
        }
    }

    /// Asks what changes nothing, over another connection where one is lost.
    pub fn persist<T>(
        &mut self,
        file: &DumpFile,
        ask: impl Fn(&mut Worker) -> Result<T, ServerError>,
    ) -> Result<T, Error> {
        let mut attempts = 0;
        loop {
            let error = match ask(self) {
                Ok(answer) => return Ok(answer),
                Err(source) => Error::Job { job: file.to_string(), source },
            };
            attempts += 1;
            if !error.is_lost_connection() || attempts > self.shared.restore.retry_count {
                return Err(error);
            }
            self.reconnect(error)?;
        }
    }

    /// Leaves out an object, if the restore is to go on without it.
    ///
    /// # Errors
    /// What it failed for, if the restore is not to go on.
    pub fn leave_out(&mut self, object: String, error: Error) -> Result<(), Error> {
        if !self.may_leave_out(&error) {
            return Err(error);
        }
        self.left_out.push(error.refusing(object)?);
        Ok(())
    }

    /// Whether the restore is to go on after an error.
    pub fn may_leave_out(&self, error: &Error) -> bool {
        error.fault().is_some_and(|fault| self.shared.restore.tolerance.allows(fault))
    }

    fn go_on_without(&mut self, job: &Job, error: Error) -> Result<Outcome, Error> {
        self.leave_out(job.object(), error)?;
        Ok(Outcome::Done)
    }

    /// What a job has come to, with the objects of its file that were left out.
    fn with_left_out(&mut self, outcome: Outcome) -> Outcome {
        let left_out = std::mem::take(&mut self.left_out);
        match outcome {
            Outcome::Done if !left_out.is_empty() => Outcome::Refused(left_out),
            outcome => outcome,
        }
    }

    fn do_job(&mut self, job: &Job) -> Result<Outcome, Error> {
        match job {
            Job::Tablespaces(file) => programs::tablespaces(self, file),
            Job::CheckAccounts(file) => accounts::check(self, file),
            Job::CreateAccounts(file) => accounts::create(self, file),
            Job::GrantLater(file, grants) => accounts::grant_later(self, file, grants),
            Job::FindDatabase(file) => databases::find(self, file),
            Job::UseDatabase(name) => databases::find_by_name(self, name),
            Job::Check(file) => precheck::file(self, file),
            Job::CreateDatabase(database, file) => databases::create(self, database, file),
            Job::DropExisting(names) => databases::drop_existing(self, names),
            Job::Sequence(database, file) => programs::sequence(self, database, file),
            Job::CreateTable(database, file, keys) => tables::create(self, database, file, *keys),
            Job::Empty(table) => tables::empty(self, table),
            Job::Rows(table, _, file) => file::load(self, table, file),
            Job::AddKeys(table, statements) => {
                let done = |table| Record::Keys { table, done: 1 };
                self.run_all(job, table, statements, done)
            }
            Job::AddConstraints(table, statement) => {
                self.run_all(job, table, std::slice::from_ref(statement), |table| Record::ForeignKeys { table })
            }
            Job::DataChecksum(table, dumped) => checksums::of_rows(self, job, table, *dumped),
            Job::Checksums(database) => checksums::of_database(self, job, database),
            Job::Compare(comparison, part) => rows::compare(self, job, comparison, *part),
            Job::Routines(database, file) => programs::routines(self, database, file),
            Job::View(database, file) => programs::view(self, database, file),
            Job::Triggers(database, file) => programs::triggers(self, database, file),
            Job::Events(database, file) => programs::events(self, database, file),
        }
    }

    fn run_all(
        &mut self,
        job: &Job,
        table: &TableTarget,
        statements: &[Vec<u8>],
        done: impl Fn(TableName) -> Record,
    ) -> Result<Outcome, Error> {
        let failed = |source| Error::Job { job: job.to_string(), source };
        self.session.reset(Some(&table.name.database)).map_err(failed)?;
        for statement in statements {
            let step = self.steps.next();
            if step == Step::Done {
                continue;
            }
            match self.session.define(statement) {
                Ok(_) => {}
                Err(error) if step == Step::InDoubt && self.has_keys(table, &error).map_err(failed)? => {}
                Err(error) => self.leave_out(job.object(), failed(error))?,
            }
            self.steps.did();
            // They are counted from the first: behind one that is left out, all are tried again.
            if self.left_out.is_empty() {
                self.shared.journal.write(done(table_name(&table.name)))?;
            }
        }
        Ok(Outcome::Done)
    }

    /// Whether keys or foreign keys cannot be added since they are there. One statement adds all of its keys or none.
    fn has_keys(&mut self, table: &TableTarget, error: &ServerError) -> Result<bool, ServerError> {
        const DUPLICATE_KEY_NAME: u16 = 1061;
        const DUPLICATE_FOREIGN_KEY: u16 = 1826;
        /// MariaDB: of any failure to change the table, so what it failed for is looked for.
        const CANNOT_CREATE: u16 = 1005;
        match error.server_code() {
            Some(DUPLICATE_KEY_NAME) => Ok(true),
            Some(DUPLICATE_FOREIGN_KEY | CANNOT_CREATE) => {
                let row = self.session.unchanged().query_first(format!("SHOW CREATE TABLE {}", table.name.to_sql()))?;
                let text = row.map(|row| row.text(1)).unwrap_or_default();
                // All foreign keys were left out of the CREATE TABLE.
                Ok(text
                    .lines()
                    .any(|line| line.trim_start().starts_with("CONSTRAINT ") && line.contains(" FOREIGN KEY (")))
            }
            _ => Ok(false),
        }
    }

    /// Readies the session for a file.
    pub fn begin_file(&mut self, file: &DumpFile, database: Option<&DatabaseTarget>) -> Result<(), Error> {
        self.session
            .reset(database.map(|database| database.target.as_str()))
            .map_err(|source| Error::Job { job: file.to_string(), source })
    }

    /// Readies the session for what follows these statements of a file.
    pub fn enter(&mut self, file: &DumpFile, database: &str, preamble: &Preamble) -> Result<(), Error> {
        self.session.enter(Some(database), preamble).map_err(|(line, source)| match line {
            Some(line) => Error::Statement { file: file.to_string(), line, source },
            None => Error::Job { job: file.to_string(), source },
        })
    }

    /// A file cannot be cut into statements.
    pub fn cannot_read(&self, file: &DumpFile, source: StatementError) -> Error {
        self.shared.files.statement_error(file, source).into()
    }

    /// Whether a statement has a place in the file that it stands in; `database` is the one that gets the file's objects.
    pub fn expects(&self, file: &DumpFile, statement: &Statement<'_>, database: Option<&str>) -> Result<(), Error> {
        if belongs(&file.content, classify(statement.text), statement.text, database) {
            return Ok(());
        }
        Err(Error::NoPlace { file: file.to_string(), line: statement.line, statement: excerpt(statement.text) })
    }

    /// The file is restored.
    pub fn end_file(&self, file: &DumpFile) -> Result<(), Error> {
        Ok(self.shared.files.restored(file)?)
    }

    /// Whether a table of the dump is to be restored.
    pub fn passes(&self, database: &DatabaseTarget, name: &str) -> Result<bool, Error> {
        Ok(self.shared.restore.filter.passes_table(&QualifiedName::new(database.source.clone(), name))?)
    }
}

/// The names that a table's file carries; a file of another kind has none, and does not come here.
pub fn table_file_name(file: &DumpFile) -> Option<common::backup::file_name::TableFileName> {
    match &file.content {
        Content::Table(table) => Some(table.clone()),
        _ => None,
    }
}
