//! A worker: one thread, one connection, one job at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use common::connection::{Connection, Error as ServerError, excerpt};
use common::dump_file::{Content, DumpFile};
use common::exit::{Exit, Failure};
use common::name::QualifiedName;
use common::progress::Counters;
use common::server::Server;
use common::sql::{Statement, StatementError};
use common::stop::{Stop, StopOnPanic, Stopped};
use common::watchdog::Party;
use crossbeam_channel::{Receiver, Sender};

use crate::check::Vocabulary;
use crate::config::Restore;
use crate::ddl::ParseError;
use crate::ddl::place::belongs;
use crate::ddl::statement_kind::classify;
use crate::files::{self, Files};
use crate::job::{DatabaseTarget, Job, Outcome, TableTarget};
use crate::journal::{self, Journal, Record, TableName, table_name};
use crate::load_data::Tables;
use crate::refusal::{Fault, Refusal};
use crate::resumed::Since;
use crate::session::{Connector, Preamble, Purpose, ReconnectError, Session};
use crate::steps::{Step, Steps};
use crate::{accounts, check, checksums, databases, definitions, rows, verify};

/// A job failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused a statement of a file.
    #[error("{file}, line {line}: {source}")]
    Statement {
        /// The file.
        file: String,
        /// Where the statement starts in it.
        line: u64,
        /// The server's failure.
        source: ServerError,
    },
    /// The server refused a statement of ours.
    #[error("{job}: {source}")]
    Job {
        /// What was being done.
        job: String,
        /// The server's failure.
        source: ServerError,
    },
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] files::Error),
    /// A statement cannot be understood.
    #[error("{file}, line {line}: {source}")]
    Parse {
        /// The file.
        file: String,
        /// Where the statement starts in it.
        line: u64,
        /// What is wrong.
        source: ParseError,
    },
    /// The file lacks the statement that it is for.
    #[error("{file} has no {what}: it is damaged, or no file of a dump")]
    Lacks {
        /// The file.
        file: String,
        /// The statement.
        what: &'static str,
    },
    /// The LOAD DATA statement does not read the file beside it.
    #[error("{file}, line {line}: LOAD DATA reads {named:?}, which is not the file beside it, {expected}")]
    Infile {
        /// The file.
        file: String,
        /// Where the statement starts in it.
        line: u64,
        /// The file that it names.
        named: String,
        /// The file that it should.
        expected: String,
    },
    /// A statement is none that such a file has.
    #[error(
        "{file}, line {line}: no such file of a dump has this statement, and it was not run: {statement} (if it is meant, \
         take it out of the file, and run it with the server's own client)"
    )]
    NoPlace {
        /// The file.
        file: String,
        /// Where the statement starts in it.
        line: u64,
        /// Its beginning.
        statement: String,
    },
    /// The server took fewer rows than it was sent, or changed values.
    #[error(
        "{file}, line {line}: the server left out or changed rows of LOAD DATA: {warnings} warning(s){}, the first: \
         {first}", expected_text(*.expected)
    )]
    Warnings {
        /// The file.
        file: String,
        /// Where the statement starts in it.
        line: u64,
        /// How many.
        warnings: u64,
        /// How many there have to be.
        expected: u64,
        /// The first ones' texts.
        first: String,
        /// The first one's code.
        code: Option<u16>,
        /// How many rows were sent.
        rows: u64,
    },
    /// What the metadata says of a table's rows is none of a dump.
    #[error(
        "metadata, table {table}: `hashed_columns` or a chunk is more than columns or a range: the file is damaged"
    )]
    Selection {
        /// The table.
        table: String,
    },
    /// Accounts of the other product.
    #[error(
        "--users: {file} has accounts of {dump}, and this server is {server}: neither takes the passwords and privileges \
         of the other; restore without --users, and create the accounts by hand"
    )]
    OtherAccounts {
        /// The file.
        file: String,
        /// The product that the dump was made on.
        dump: &'static str,
        /// The server.
        server: String,
    },
    /// The connection was lost, and there is no other.
    #[error("{lost}; {source}")]
    Lost {
        /// How it was lost.
        lost: Box<Error>,
        /// Why there is no other.
        source: ReconnectError,
    },
    /// The connection was lost, and rows that were not committed may be in the table all the same.
    #[error(
        "the connection was lost amid rows of table {table}, and its engine does not take them back: {lost}; --resume \
         loads the table from the beginning, if the restore has made it"
    )]
    HalfLoaded {
        /// The table.
        table: String,
        /// How it was lost.
        lost: Box<Error>,
    },
    /// The connection was lost at a COMMIT, and counting does not tell what has come of it.
    #[error(
        "the connection was lost at the COMMIT of rows of table {table}, which has {counted} rows now: neither {before}, as \
         before, nor {after}, as after it, so others write to the table, or it was not restored as it was left; {lost}"
    )]
    Unsettled {
        /// The table.
        table: String,
        /// Its rows.
        counted: u64,
        /// Rows known to be committed.
        before: u64,
        /// The same with this transaction's.
        after: u64,
        /// How the connection was lost.
        lost: Box<Error>,
    },
    /// Rows cannot be committed before it is known what has come of others.
    #[error("what has come of the COMMIT of other rows of table {table} is not known, so that no more are committed")]
    InDoubt {
        /// The table.
        table: String,
    },
    /// A table that was there before is not as an interrupted restore has left it.
    #[error(
        "--resume: table {table} has other rows than the {expected} with which the interrupted restore left it, so it is not \
         known what of the dump is in it; restore again without --resume, into a table as it was before"
    )]
    Changed {
        /// The table.
        table: String,
        /// Its rows, as the journal says.
        expected: u64,
    },
    /// What is done cannot be written down, or was done already and is in the way.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// A filter cannot be decided.
    #[error(transparent)]
    Filter(#[from] common::filter::FilterError),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Statement { source, .. } | Error::Job { source, .. } => source.exit(),
            Error::File(error) => error.exit(),
            Error::Parse { .. }
            | Error::Lacks { .. }
            | Error::Infile { .. }
            | Error::NoPlace { .. }
            | Error::Selection { .. } => Exit::Dump,
            Error::Warnings { .. } | Error::OtherAccounts { .. } => Exit::Server,
            Error::Lost { .. } | Error::HalfLoaded { .. } | Error::Unsettled { .. } | Error::InDoubt { .. } => {
                Exit::Connection
            }
            Error::Changed { .. } => Exit::Differs,
            Error::Journal(error) => error.exit(),
            Error::Filter(error) => error.exit(),
            Error::Stopped(error) => error.exit(),
        }
    }
}

fn expected_text(expected: u64) -> String {
    if expected == 0 { String::new() } else { format!(" where the dump expects {expected}") }
}

impl Error {
    /// The server's error number, if the server has refused a statement.
    pub fn server_code(&self) -> Option<u16> {
        match self {
            Error::Statement { source, .. } | Error::Job { source, .. } => source.server_code(),
            _ => None,
        }
    }

    /// Whether the connection is gone.
    pub fn is_lost_connection(&self) -> bool {
        match self {
            Error::Statement { source, .. } | Error::Job { source, .. } => source.is_lost_connection(),
            _ => false,
        }
    }
}

impl Error {
    /// Whose fault it is, if it is one of the object's own, and other objects may do better.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Error::Warnings { code, .. } => Some(Fault::Server(*code)),
            _ => match self.exit() {
                Exit::Server => Some(Fault::Server(self.server_code())),
                Exit::Dump => Some(Fault::Dump),
                _ => None,
            },
        }
    }

    /// As what an object cannot be restored for.
    ///
    /// # Errors
    /// This error, if it is none of the object's own.
    pub fn refusing(self, object: String) -> Result<Refusal, Error> {
        match self.fault() {
            Some(fault) => Ok(Refusal { object, why: self.to_string(), fault }),
            None => Err(self),
        }
    }

    /// A definition that the server has refused does not end the restore at once, so that all of them can be named. Other
    /// errors do.
    pub fn refused_definition(self, object: String) -> Result<Outcome, Error> {
        match self.server_code() {
            Some(_) => Ok(Outcome::Refused(vec![self.refusing(object)?])),
            None => Err(self),
        }
    }
}

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
    party: Party,
    /// What it shares.
    pub shared: Arc<Shared>,
}

impl Worker {
    /// Over a connection of its own.
    pub fn new(
        connection: Connection,
        connector: Connector,
        purpose: Purpose,
        party: Party,
        shared: Arc<Shared>,
    ) -> Result<Worker, ServerError> {
        party.has_connection(connection.id());
        let session = Session::new(connection, connector, shared.server, purpose, shared.stop.clone())?;
        Ok(Worker { session, steps: Steps::default(), left_out: Vec::new(), party, shared })
    }

    /// Does jobs until there are no more.
    pub fn run(mut self, jobs: &Receiver<Job>, outcomes: &Sender<(Job, Result<Outcome, Error>)>) {
        let stop = self.shared.stop.clone();
        let _guard = StopOnPanic(stop.clone());
        while let Ok(Some(job)) = stop.receive(jobs) {
            self.party.does(job.object());
            let outcome = self.do_whole_job(&job).or_else(|error| self.go_on_without(&job, error));
            let outcome = outcome.map(|outcome| self.with_left_out(outcome));
            self.party.rests();
            if stop.send(outcomes, (job, outcome)).is_err() {
                return;
            }
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
                self.party.has_connection(self.session.connection_id());
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
            Job::Tablespaces(file) => definitions::tablespaces(self, file),
            Job::CheckAccounts(file) => accounts::check(self, file),
            Job::CreateAccounts(file) => accounts::create(self, file),
            Job::GrantLater(file, grants) => accounts::grant_later(self, file, grants),
            Job::FindDatabase(file) => databases::find(self, file),
            Job::UseDatabase(name) => databases::find_by_name(self, name),
            Job::Check(file) => check::file(self, file),
            Job::CreateDatabase(database, file) => databases::create(self, database, file),
            Job::DropExisting(names) => databases::drop_existing(self, names),
            Job::Sequence(database, file) => definitions::sequence(self, database, file),
            Job::CreateTable(database, file, keys) => definitions::table(self, database, file, *keys),
            Job::Empty(table) => definitions::empty(self, table),
            Job::Rows(table, _, file) => rows::load(self, table, file),
            Job::AddKeys(table, statements) => {
                let done = |table| Record::Keys { table, done: 1 };
                self.run_all(job, table, statements, done)
            }
            Job::AddConstraints(table, statement) => {
                self.run_all(job, table, std::slice::from_ref(statement), |table| Record::ForeignKeys { table })
            }
            Job::DataChecksum(table, dumped) => checksums::of_rows(self, job, table, *dumped),
            Job::Checksums(database) => checksums::of_database(self, job, database),
            Job::Compare(comparison, part) => verify::compare(self, job, comparison, *part),
            Job::Routines(database, file) => definitions::routines(self, database, file),
            Job::View(database, file) => definitions::view(self, database, file),
            Job::Triggers(database, file) => definitions::triggers(self, database, file),
            Job::Events(database, file) => definitions::events(self, database, file),
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
        files::Error::Statement { path: self.shared.files.path(file), source }.into()
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
pub fn table_file_name(file: &DumpFile) -> Option<common::dump_file::TableFileName> {
    match &file.content {
        Content::Table(table) => Some(table.clone()),
        _ => None,
    }
}
