//! A worker: one thread, one connection, one job at a time.

use std::sync::{Arc, Mutex};

use common::connection::{Connection, Error as ServerError};
use common::dump_file::{Content, DumpFile};
use common::exit::{Exit, Failure};
use common::name::QualifiedName;
use common::progress::Counters;
use common::server::Server;
use common::sql::StatementError;
use common::stop::{Stop, StopOnPanic, Stopped};
use crossbeam_channel::{Receiver, Sender};

use crate::check::Vocabulary;
use crate::config::Restore;
use crate::ddl::ParseError;
use crate::files::{self, Files};
use crate::job::{DatabaseTarget, Job, Outcome, Refusal, TableTarget};
use crate::load_data::Tables;
use crate::session::{Preamble, Session};
use crate::{accounts, check, databases, definitions, rows};

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
            Error::Parse { .. } | Error::Lacks { .. } | Error::Infile { .. } => Exit::Dump,
            Error::Warnings { .. } | Error::OtherAccounts { .. } => Exit::Server,
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
}

impl Refusal {
    /// A statement that the server has refused does not end the restore at once, so that all of them can be named. Other
    /// errors do.
    pub fn of(object: String, error: Error) -> Result<Outcome, Error> {
        match error.server_code() {
            Some(_) => Ok(Outcome::Refused(Refusal { object, why: error.to_string() })),
            None => Err(error),
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
    /// The program's stop.
    pub stop: Stop,
}

/// A worker's own state.
pub struct Worker {
    /// Its session.
    pub session: Session,
    /// What it shares.
    pub shared: Arc<Shared>,
}

impl Worker {
    /// Over a connection of its own.
    pub fn new(connection: Connection, enable_binlog: bool, shared: Arc<Shared>) -> Result<Worker, ServerError> {
        let session = Session::new(connection, shared.server, enable_binlog, shared.stop.clone())?;
        Ok(Worker { session, shared })
    }

    /// Does jobs until there are no more.
    pub fn run(mut self, jobs: &Receiver<Job>, outcomes: &Sender<(Job, Result<Outcome, Error>)>) {
        let stop = self.shared.stop.clone();
        let _guard = StopOnPanic(stop.clone());
        while let Ok(Some(job)) = stop.receive(jobs) {
            let outcome = self.do_job(&job);
            if stop.send(outcomes, (job, outcome)).is_err() {
                return;
            }
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
            Job::AddKeys(table, statements) => self.run_all(job, table, statements),
            Job::AddConstraints(table, statement) => self.run_all(job, table, std::slice::from_ref(statement)),
            Job::Routines(database, file) => definitions::routines(self, database, file),
            Job::View(database, file) => definitions::view(self, database, file),
            Job::Triggers(database, file) => definitions::triggers(self, database, file),
            Job::Events(database, file) => definitions::events(self, database, file),
        }
    }

    fn run_all(&mut self, job: &Job, table: &TableTarget, statements: &[Vec<u8>]) -> Result<Outcome, Error> {
        let failed = |source| Error::Job { job: job.to_string(), source };
        self.session.reset(Some(&table.name.database)).map_err(failed)?;
        for statement in statements {
            self.session.define(statement).map_err(failed)?;
        }
        Ok(Outcome::Done)
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
