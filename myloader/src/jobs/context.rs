//! What jobs work with: the session, what all workers share, and what every kind of job does on failure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use common::backup::file_name::DumpFile;
use common::observe::activity::Activity;
use common::observe::progress::Counters;
use common::process::stop::Stop;
use common::process::sync::lock;
use common::server::Server;
use common::server::connection::{Connection, ServerError, excerpt};
use common::sql::name::QualifiedName;
use common::sql::token::SqlDialect;
use common::sql::{Statement, StatementError};

use crate::config::Restore;
use crate::ddl::allowed_statements::is_allowed;
use crate::ddl::split::SplitOptions;
use crate::ddl::statement_kind::classify;
use crate::input::files::Files;
use crate::jobs::changed_values::ChangedValues;
use crate::jobs::committed_rows::CommittedRowsByTable;
use crate::jobs::database_collations::{DatabaseCollations, Programs};
use crate::jobs::error::Error;
use crate::jobs::job::KeyTiming;
use crate::jobs::replay::Replay;
use crate::jobs::target::DatabaseTarget;
use crate::jobs::target_user::TargetUser;
use crate::journal::{Journal, ServerRestart};
use crate::session::{Connector, Preamble, Purpose, ReconnectError, Session};
use crate::tolerance::Rejection;

/// What all workers share.
pub struct Shared {
    pub server: Server,
    pub files: Files,
    pub restore: Restore,
    pub counters: Arc<Counters>,
    /// Held while a table is dropped: two that foreign keys tie together cannot be dropped at the same time.
    pub dropping: Mutex<()>,
    /// Tables, views and sequences before the restore, by database, where existing ones may stay.
    pub names_before: Mutex<BTreeMap<String, BTreeSet<String>>>,
    pub database_collations: DatabaseCollations,
    pub journal: Journal,
    /// Whether the server was restarted since the run that is resumed.
    pub server_restart: ServerRestart,
    /// The longest statement that the server takes, in bytes: its `max_allowed_packet`.
    pub max_packet: u64,
    /// Tables that a resumed restore knows to have no triggers of an earlier run.
    pub without_triggers: Mutex<BTreeSet<QualifiedName>>,
    /// Of all tables that get rows.
    pub committed_rows: CommittedRowsByTable,
    pub changed_values: ChangedValues,
    pub target_user: Arc<TargetUser>,
    /// Whether a session survived from the start to the end.
    pub session_survived: AtomicBool,
    pub stop: Stop,
}

impl Shared {
    /// Whether a table, view or sequence of this name existed when the restore began.
    pub fn was_there(&self, name: &QualifiedName) -> bool {
        let before = lock(&self.names_before);
        before.get(&name.database).is_some_and(|names| names.contains(&*self.server.folded(&name.name)))
    }
}

/// Where rows are counted: for the progress of the whole restore, and for the job that loads them.
#[derive(Clone)]
pub struct RowCounters {
    all: Arc<Counters>,
    /// Bytes of the job's rows, before compression.
    bytes: Arc<AtomicU64>,
}

impl RowCounters {
    pub fn new(all: Arc<Counters>) -> RowCounters {
        RowCounters { all, bytes: Arc::default() }
    }

    pub fn add_rows(&self, rows: u64, bytes: u64) {
        self.all.add_rows(rows, bytes);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes since this was asked for the last time.
    pub fn take_bytes(&self) -> u64 {
        self.bytes.swap(0, Ordering::Relaxed)
    }
}

/// A worker's own, lent to the job that it does.
pub struct Context {
    pub session: Session,
    /// How far the job is.
    pub replay: Replay,
    /// Objects of the job that the restore continues without.
    pub skipped: Vec<Rejection>,
    /// The names of the database in the dump and here, if they differ.
    pub renamed_database: Option<(String, String)>,
    /// Set while programs are made that need other collations than their database has.
    pub programs: Option<Programs>,
    pub counters: RowCounters,
    /// Where others see what it does.
    pub activity: Activity,
    pub shared: Arc<Shared>,
}

impl Context {
    /// Over a connection of its own.
    pub fn new(
        connection: Connection,
        connector: Connector,
        purpose: Purpose,
        activity: Activity,
        shared: Arc<Shared>,
    ) -> Result<Context, ServerError> {
        activity.set_connection(connection.id());
        let ignored = Arc::clone(&shared.restore.ignored_variables);
        let counters = RowCounters::new(Arc::clone(&shared.counters));
        let session = Session::new(connection, connector, shared.server, purpose, ignored, shared.stop.clone())?;
        Ok(Context {
            session,
            replay: Replay::default(),
            skipped: Vec::new(),
            renamed_database: None,
            programs: None,
            counters,
            activity,
            shared,
        })
    }

    /// Reconnects after `error`, and returns it when that succeeded.
    pub fn reconnect(&mut self, error: Error) -> Result<Error, Error> {
        self.shared.stop.check()?;
        tracing::warn!("the connection was lost, reconnecting: {error}");
        match self.session.reconnect() {
            Ok(()) => {
                self.activity.set_connection(self.session.connection_id());
                Ok(error)
            }
            Err(ReconnectError::Disabled) => Err(error),
            Err(source) => {
                self.shared.stop.check()?;
                Err(Error::Lost { lost: Box::new(error), source })
            }
        }
    }

    /// Runs a query that changes nothing, reconnecting where the connection is lost.
    pub fn persist<T>(
        &mut self,
        file: &DumpFile,
        ask: impl Fn(&mut Context) -> Result<T, ServerError>,
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

    /// Skips an object, if the restore may continue without it.
    ///
    /// # Errors
    /// `error`, if the restore may not continue.
    pub fn skip(&mut self, object: String, error: Error) -> Result<(), Error> {
        if !self.may_skip(&error) {
            return Err(error);
        }
        self.skipped.push(error.into_rejection(object)?);
        Ok(())
    }

    /// Whether the restore may continue after an error.
    pub fn may_skip(&self, error: &Error) -> bool {
        error.fault().is_some_and(|fault| self.shared.restore.tolerance.allows(fault))
    }

    /// Prepares the session for a file.
    pub fn begin_file(&mut self, file: &DumpFile, database: Option<&DatabaseTarget>) -> Result<(), Error> {
        self.renamed_database = database
            .filter(|database| database.source != database.target)
            .map(|database| (database.source.clone(), database.target.clone()));
        self.session
            .reset(database.map(|database| database.target.as_str()))
            .map_err(|source| Error::Job { job: file.to_string(), source })
    }

    /// Prepares the session for what follows these statements of a file.
    pub fn enter(&mut self, file: &DumpFile, database: &str, preamble: &Preamble) -> Result<(), Error> {
        self.session.enter(Some(database), preamble).map_err(|(line, source)| match line {
            Some(line) => Error::Statement { file: file.to_string(), line, source },
            None => Error::Job { job: file.to_string(), source },
        })
    }

    /// The error for a file that cannot be split into statements.
    pub fn cannot_read(&self, file: &DumpFile, source: StatementError) -> Error {
        self.shared.files.statement_error(file, source).into()
    }

    /// Rejects a statement that does not belong in this file; `database` is the one that gets the file's objects.
    pub fn expects(&self, file: &DumpFile, statement: &Statement<'_>, database: Option<&str>) -> Result<(), Error> {
        if is_allowed(&file.content, classify(statement.text), statement.text, database) {
            return Ok(());
        }
        Err(Error::NotAllowed { file: file.to_string(), line: statement.line, statement: excerpt(statement.text) })
    }

    /// Marks the file as restored.
    pub fn end_file(&self, file: &DumpFile) -> Result<(), Error> {
        Ok(self.shared.files.restored(file)?)
    }

    /// Whether a table of the dump is to be restored.
    pub fn passes(&self, database: &DatabaseTarget, name: &str) -> Result<bool, Error> {
        Ok(self.shared.restore.filter.passes_table(&QualifiedName::new(database.source.clone(), name))?)
    }

    /// How the keys and foreign keys of a table are taken out of its definition.
    pub fn split_options(&self, keys: KeyTiming) -> SplitOptions {
        let restore = &self.shared.restore;
        SplitOptions {
            split_keys: keys == KeyTiming::Later,
            engines: restore.optimize_keys_engines.clone(),
            keys_per_statement: restore.keys_per_statement,
            split_constraints: true,
            drop_keys: restore.skip_indexes,
            drop_constraints: restore.skip_constraints,
            drop_checks: false,
            referenced: Vec::new(),
            dialect: SqlDialect::default(),
        }
    }
}
