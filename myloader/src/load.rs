//! The wiring of a restore: the only place that makes channels and starts workers.
//!
//! Files come from a directory, all at once, or from a stream, by a thread of their own; the scheduler makes jobs of
//! them, the workers do these, and what comes of it makes further jobs. The first error stops all.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use common::observe::activity::Watch;
use common::observe::progress::{Progress, Totals, number};
use common::process::exit::{Exit, Failure};
use common::process::stop::{Stop, Stopped};
use common::server::Server;
use common::server::connection::{Connection, Error as ServerError, Settings};
use common::server::global_variables::{GlobalVariables, set_back};
use common::server::sessions::SessionProbe;

use crate::config::Config;
use crate::input::files::Files;
use crate::input::{self, Input};
use crate::input::{directory, receiver, stream};
use crate::jobs::committed_rows::Ledgers;
use crate::journal::{self, Record, Run, ServerLife, dump_identity};
use crate::objects::precheck::Vocabulary;
use crate::objects::redo_log;
use crate::options::LoadMethod;
use crate::rows::insert_to_load_data::Tables;
use crate::schedule::{self, Scheduler, Verified};
use crate::session::{Connector, Purpose};
use crate::work::coordinator;
use crate::work::worker::{self, Shared, Worker};

/// A restore failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A connection or a statement failed.
    #[error(transparent)]
    Server(ServerError),
    /// The directory is no dump.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// A stream's directory.
    #[error(transparent)]
    Source(#[from] stream::Error),
    /// The stream.
    #[error(transparent)]
    Stream(#[from] receiver::Error),
    /// The redo log was not turned off.
    #[error(transparent)]
    RedoLog(#[from] redo_log::Error),
    /// Jobs and their order.
    #[error(transparent)]
    Scheduler(#[from] schedule::Error),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// A job.
    #[error(transparent)]
    Worker(#[from] worker::Error),
    /// The dump's rows are for LOAD DATA LOCAL, which the server does not take.
    #[error(
        "the dump's rows come as LOAD DATA LOCAL INFILE, which is off on the server: SET GLOBAL local_infile=1 there for \
         the time of the restore, or dump with --format=INSERT"
    )]
    LocalInfileOff,
    /// The same, where `--load-method=load-data` asks for it.
    #[error(
        "--load-method=load-data: LOAD DATA LOCAL INFILE is off on the server: SET GLOBAL local_infile=1 there for the \
         time of the restore, or use --load-method=insert"
    )]
    LoadMethodOff,
    /// The server crashed and has lost what it had committed.
    #[error(
        "the server was started again and has lost rows that it had committed (innodb_flush_log_at_trx_commit is not 1, or an engine \
         other than InnoDB): {}; --resume loads those of these tables from the beginning that the restore has made or emptied", .0.join("; ")
    )]
    LostCommits(Vec<String>),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// Ended from outside.
    #[error("stopped before the restore was done: it is not complete")]
    Stopped(#[from] Stopped),
}

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Error {
        if error.is_stop() { Error::Stopped(Stopped) } else { Error::Server(error) }
    }
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Server(error) => error.exit(),
            Error::Directory(error) => error.exit(),
            Error::Source(error) => error.exit(),
            Error::Stream(error) => error.exit(),
            Error::RedoLog(error) => error.exit(),
            Error::Scheduler(error) => error.exit(),
            Error::Journal(error) => error.exit(),
            Error::Worker(error) => error.exit(),
            Error::LocalInfileOff | Error::LoadMethodOff => Exit::Server,
            Error::LostCommits(_) => Exit::Differs,
            Error::Thread(_) => Exit::Failed,
            Error::Stopped(error) => error.exit(),
        }
    }
}

impl Error {
    /// Whether the same restore may succeed later, when something beside it has changed.
    fn may_pass_later(&self) -> bool {
        match self {
            Error::Worker(error) if error.may_pass_later() => true,
            _ => matches!(self.exit(), Exit::Connection | Exit::Local),
        }
    }
}

/// What was restored.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Rows, bytes before compression, tables; nothing with `--verify-only`.
    pub totals: Option<Totals>,
    /// Tables compared with the dump.
    pub verified: Option<Verified>,
    /// Seconds from the start.
    pub seconds: f64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(totals) = &self.totals {
            write!(f, "restored {totals} in {:.1} s", self.seconds)?;
        }
        let Some(Verified { tables, rows, counted }) = self.verified else { return Ok(()) };
        match self.totals {
            Some(_) => write!(f, "; verified: ")?,
            None => write!(f, "verified in {:.1} s: ", self.seconds)?,
        }
        let (tables, rows) = (number(tables), number(rows));
        write!(f, "{tables} tables with {rows} rows are as in the dump")?;
        if counted > 0 { write!(f, " ({} of them by the number of their rows only)", number(counted)) } else { Ok(()) }
    }
}

/// Restores. Whatever fails, what was restored until then stays on the server.
pub fn load(config: Config, stop: &Stop) -> Result<Summary, Error> {
    let started = Instant::now();
    if config.restore.accounts
        && let Some(target) = &config.restore.target_database
    {
        tracing::warn!("--users: privileges name the databases of the dump, not {target:?}");
    }
    let watch = Watch::default();
    let mut input = input::open(&config, &watch, stop)?;
    let mut first = Connection::open(&config.connection, stop)?;
    let server = Server::detect(&mut first, config.server_version)?;
    tracing::info!("connected to {server} at {}", config.connection.address);
    let probe = SessionProbe { settings: config.connection.clone(), server };
    watch.start(config.stall_report, move |ids, stop| probe.describe(ids, stop), stop);
    let dump = match &input {
        Input::Directory(_, dump) => Some(dump_identity(&dump.metadata_text)),
        Input::Stream(..) => None,
    };
    let life = ServerLife::read(&mut first)?;
    let (journal, since) = journal::open(&config, input.path(), dump, &life, &mut first)?;
    let mut variables = GlobalVariables::read(&config.connection, &config.global_variables, stop)?;
    let left = std::mem::take(&mut journal.state().global_variables);
    for (name, value) in variables.left_by_earlier_run(left) {
        set_back(&name, &value).map_or(Ok(()), |statement| first.execute(statement).map(drop))?;
    }
    variables.old().try_for_each(|(name, old)| journal.will_change(Record::GlobalVariable { name, old }))?;
    let _set_back_at_the_end = variables.set(&config.connection)?;
    if !config.global_variables.is_empty() {
        // Sessions have the values of their beginning.
        first = Connection::open(&config.connection, stop)?;
    }
    let max_packet = first.query_first("SELECT @@SESSION.max_allowed_packet")?.and_then(|row| row.number(0));
    let _redo_log = redo_log::off(config.disable_redo_log, &mut first, &server, &config.connection, &journal)?;
    let rows_refused = config.restore.data && !takes_local_infile(&mut first)?;
    let tables = match config.restore.load_method {
        LoadMethod::LoadData if rows_refused => return Err(Error::LoadMethodOff),
        LoadMethod::Auto if rows_refused => {
            tracing::info!("rows stay INSERT statements: LOAD DATA LOCAL is off on the server (local_infile)");
            Tables::new(LoadMethod::Insert)
        }
        method => Tables::new(method),
    };
    let mut connections = vec![first];
    while connections.len() < config.threads {
        connections.push(Connection::open(&config.connection, stop)?);
    }
    let progress = Progress::start(config.quiet);
    watch.look_at(progress.counters());
    let scheduler = Scheduler::new(scheduler_settings(&config, server));
    let shared = Arc::new(Shared {
        server,
        files: Files { directory: input.path().to_owned(), delete: config.restore.delete_files },
        restore: config.restore,
        vocabulary: Vocabulary::default(),
        tables,
        counters: Arc::clone(progress.counters()),
        dropping: Mutex::new(()),
        names_before: Mutex::new(BTreeMap::new()),
        journal,
        since,
        max_packet: max_packet.unwrap_or(u64::MAX),
        without_triggers: Mutex::new(BTreeSet::new()),
        ledgers: Ledgers::default(),
        has_lasted: AtomicBool::new(false),
        stop: stop.clone(),
    });
    let purpose = match shared.restore.verify_only {
        true => Purpose::Compare,
        false => Purpose::Restore { enable_binlog: config.enable_binlog },
    };
    let mut workers = Vec::new();
    let locks = journal::new_locks();
    let settings = Arc::new(config.connection);
    for (number, connection) in connections.into_iter().enumerate() {
        let lock = journal::lock_name(&locks, number);
        let connector = Connector::new(Arc::clone(&settings), lock, shared.restore.retry_count, stop.clone());
        let activity = watch.activity(format!("worker {number}"));
        workers.push(Worker::new(connection, connector, purpose, activity, Arc::clone(&shared))?);
    }
    let locked = if workers.iter().all(|worker| worker.session.has_lock()) { workers.len() } else { 0 };
    let connection = workers.iter().map(|worker| worker.session.connection_id()).max().unwrap_or_default();
    shared.journal.add_run(Run { locks, workers: locked, server_started: life.started, connection })?;
    let result = coordinator::run(scheduler, rows_refused, &mut input, workers, &watch, &shared)
        .and_then(|verified| find_lost(&shared, &settings).map(|()| verified));
    if result.is_err() {
        stop.trigger();
    }
    drop(progress);
    if let Err(error) = &result
        && shared.journal.is_open()
        && input.is_whole()
        && (stop.signal().is_some() || error.may_pass_later())
    {
        tracing::warn!("the restore is not complete: --resume goes on with it");
    }
    let verified = result?;
    shared.journal.finish()?;
    if let Input::Stream(source, _) = input {
        source.finish();
    }
    let totals = (!shared.restore.verify_only).then(|| shared.counters.totals());
    let verified = shared.restore.verify.map(|_| verified);
    Ok(Summary { totals, verified, seconds: started.elapsed().as_secs_f64() })
}

/// A server that was started again meanwhile may have lost what it had committed. A session that has lasted is the proof
/// that it was not; its time of start, in whole seconds, would be none.
fn find_lost(shared: &Shared, settings: &Settings) -> Result<(), Error> {
    if shared.has_lasted.load(Ordering::Relaxed) {
        return Ok(());
    }
    tracing::info!(
        "the server may have been started again, since no connection has lasted: the rows of all tables are counted"
    );
    let mut connection = Connection::open(settings, &shared.stop)?;
    let lost = shared.ledgers.find_lost(&mut connection, shared.server.is_mariadb())?;
    if lost.is_empty() { Ok(()) } else { Err(Error::LostCommits(lost)) }
}

/// Without the variable, the server is asked when there are rows.
fn takes_local_infile(connection: &mut Connection) -> Result<bool, ServerError> {
    let variable = connection.query_first("SHOW GLOBAL VARIABLES LIKE 'local_infile'")?;
    Ok(variable.is_none_or(|row| row.text(1) != "OFF"))
}

fn scheduler_settings(config: &Config, server: Server) -> schedule::Settings {
    let restore = &config.restore;
    schedule::Settings {
        filter: restore.filter.clone(),
        target_database: restore.target_database.clone(),
        max_threads_per_table: config.max_threads_per_table,
        max_threads_for_keys: config.max_threads_for_keys,
        optimize_keys: restore.optimize_keys,
        drop_table: restore.drop_table,
        drop_database: restore.drop_database && restore.create_databases,
        create_databases: restore.create_databases,
        create_tables: restore.create_tables,
        fire_triggers: restore.fire_triggers,
        schemas: restore.schemas,
        data: restore.data,
        accounts: restore.accounts,
        triggers: restore.triggers,
        post: restore.post,
        verify: restore.verify,
        verify_only: restore.verify_only,
        tolerance: restore.tolerance.clone(),
        checksum: restore.checksum,
        checksums: restore.checksums,
        server,
    }
}
