//! The wiring of a restore: it connects, opens the input and the journal, and hands workers and scheduler to the
//! coordinator.
//!
//! Files come from a directory, all at once, or from a stream, by a thread of their own; the scheduler makes jobs of
//! them, the workers do these, and what comes of it makes further jobs. The first error stops all.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use common::backup::tables_list::has_name;
use common::observe::activity::Watch;
use common::observe::progress::{Progress, Totals, number};
use common::observe::wording::count;
use common::process::stop::Stop;
use common::server::Server;
use common::server::connection::{Connection, ServerError, Settings};
use common::server::global_variables::{GlobalVariables, set_back};
use common::server::sessions::SessionProbe;
use common::sql::name::QualifiedName;

use crate::check::Support;
use crate::config::Config;
use crate::error::Error;
use crate::input::files::{Checksums, Files};
use crate::input::{self, Input};
use crate::jobs::changed_values::ChangedValues;
use crate::jobs::committed_rows::CommittedRowsByTable;
use crate::jobs::context::{Context, Shared};
use crate::jobs::database_collations::DatabaseCollations;
use crate::jobs::target_user::TargetUser;
use crate::journal::{self, Record, Run, ServerLife, dump_identity};
use crate::objects::database_collation::PutBack;
use crate::objects::redo_log;
use crate::options::LoadMethod;
use crate::rows::insert_to_load_data::LoadDataTables;
use crate::schedule::{self, Scheduler, Verified};
use crate::session::{Connector, Purpose};
use crate::work::coordinator;
use crate::work::dispatch::Caches;
use crate::work::worker::Worker;

/// What was restored, for the closing line.
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
        let verb = if tables == 1 { "matches" } else { "match" };
        write!(f, "{} with {} {verb} the dump", count(tables, "table"), count(rows, "row"))?;
        if counted > 0 { write!(f, " ({} of them by row count only)", number(counted)) } else { Ok(()) }
    }
}

/// Restores. Whatever fails, what was restored until then stays on the server.
pub fn load(mut config: Config, stop: &Stop) -> Result<Summary, Error> {
    let started = Instant::now();
    if config.restore.accounts
        && let Some(target) = &config.restore.target_database
    {
        tracing::warn!("--users: privileges refer to the databases of the dump, not to {target:?}");
    }
    let watch = Watch::default();
    let mut input = input::open(&config, &watch, stop)?;
    let mut first = Connection::open(&config.connection, stop)?;
    let server = Server::detect(&mut first, config.server_version)?;
    config.restore.filter.folds_names = server.folds_names;
    if let Input::Directory(_, dump) = &input {
        // A stream does not say before its definitions which tables it has: there, `_` is a letter unless beside `%`.
        let there = dump.metadata.real_names();
        let is_there = |name: &QualifiedName| Ok::<_, Infallible>(has_name(&there, name, server.folds_names));
        let Ok(()) = config.restore.filter.tables.settle(is_there);
    }
    tracing::info!("connected to {server} at {}", config.connection.address);
    let probe = SessionProbe { settings: config.connection.clone(), server };
    watch.start(config.stall_report, move |ids, stop| probe.describe(ids, stop), stop);
    let dump = match &input {
        Input::Directory(_, dump) => Some(dump_identity(&dump.metadata_text)),
        Input::Stream(..) => None,
    };
    let life = ServerLife::read(&mut first)?;
    let (journal, server_restart) = journal::open(&config, input.store().local_path(), dump, &life, &mut first)?;
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
    config.restore.max_transaction_bytes = config.restore.max_transaction_bytes.min(largest_transaction(&mut first)?);
    warn_of_ignored(&config.restore.ignored_variables);
    let max_packet = first.query_first("SELECT @@SESSION.max_allowed_packet")?.and_then(|row| row.number(0));
    let _redo_log = redo_log::off(config.disable_redo_log, &mut first, &server, &config.connection, &journal)?;
    let local_infile_off = config.restore.data && !takes_local_infile(&mut first)?;
    let load_data_tables = match config.restore.load_method {
        LoadMethod::LoadData if local_infile_off => return Err(Error::LoadMethodOff),
        LoadMethod::Auto if local_infile_off => {
            tracing::info!("rows are sent as INSERT statements: LOAD DATA LOCAL is off on the server (local_infile)");
            LoadDataTables::new(LoadMethod::Insert)
        }
        method => LoadDataTables::new(method),
    };
    let user = Arc::new(match config.restore.verify_only {
        true => TargetUser::unknown(),
        false => TargetUser::read(&mut first, &server)?,
    });
    let mut connections = vec![first];
    while connections.len() < config.threads {
        connections.push(Connection::open(&config.connection, stop)?);
    }
    let progress = Progress::start(config.quiet);
    watch.look_at(progress.counters());
    let scheduler = Scheduler::new(scheduler_settings(&config, server, local_infile_off, journal.is_open(), &user));
    let files = Files {
        store: Arc::clone(input.store()),
        command: config.per_thread.as_ref().map(|command| Arc::new(command.layer(stop))),
        delete: config.restore.delete_files,
        checksums: Arc::new(Checksums {
            files: input.take_checksums(),
            ignored: config.restore.ignore_file_checksums,
            ..Checksums::default()
        }),
    };
    let shared = Arc::new(Shared {
        server,
        files,
        restore: config.restore,
        counters: Arc::clone(progress.counters()),
        dropping: Mutex::new(()),
        names_before: Mutex::new(BTreeMap::new()),
        database_collations: DatabaseCollations::default(),
        journal,
        server_restart,
        max_packet: max_packet.unwrap_or(u64::MAX),
        without_triggers: Mutex::new(BTreeSet::new()),
        committed_rows: CommittedRowsByTable::default(),
        changed_values: ChangedValues::default(),
        target_user: Arc::clone(&user),
        session_survived: AtomicBool::new(false),
        stop: stop.clone(),
    });
    let _put_back =
        PutBack { settings: config.connection.clone(), changed: Arc::clone(&shared.database_collations.changed) };
    let purpose = match shared.restore.verify_only {
        true => Purpose::Compare,
        false => Purpose::Restore { enable_binlog: config.enable_binlog },
    };
    let caches = Arc::new(Caches { support: Support::default(), load_data_tables });
    let mut workers = Vec::new();
    let locks = journal::new_locks();
    let settings = Arc::new(config.connection);
    for (number, connection) in connections.into_iter().enumerate() {
        let lock = journal::lock_name(&locks, number);
        let connector = Connector::new(Arc::clone(&settings), lock, shared.restore.retry_count, stop.clone());
        let activity = watch.activity(format!("worker {number}"));
        let context = Context::new(connection, connector, purpose, activity, Arc::clone(&shared))?;
        workers.push(Worker { context, caches: Arc::clone(&caches) });
    }
    let locked = if workers.iter().all(|worker| worker.context.session.has_lock()) { workers.len() } else { 0 };
    let connection = workers.iter().map(|worker| worker.context.session.connection_id()).max().unwrap_or_default();
    shared.journal.add_run(Run { locks, workers: locked, server_started: life.started, connection })?;
    let result = coordinator::run(scheduler, &mut input, workers, &watch, &shared)
        .and_then(|verified| find_lost(&shared, &settings).map(|()| verified));
    if result.is_err() {
        stop.trigger();
    }
    drop(progress);
    shared.changed_values.report();
    if let Err(error) = &result
        && shared.journal.is_open()
        && input.is_whole()
        && (stop.signal().is_some() || error.may_pass_later())
    {
        tracing::warn!("the restore is not complete: --resume continues it");
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
/// that it was not; its start time, in whole seconds, would be none.
fn find_lost(shared: &Shared, settings: &Settings) -> Result<(), Error> {
    if shared.session_survived.load(Ordering::Relaxed) {
        return Ok(());
    }
    tracing::info!("no connection lasted, so the server may have been restarted: counting the rows of all tables");
    let mut connection = Connection::open(settings, &shared.stop)?;
    let lost = shared.committed_rows.find_lost(&mut connection, shared.server.is_mariadb())?;
    if lost.is_empty() { Ok(()) } else { Err(Error::LostCommits(lost)) }
}

/// How large a transaction may be in a cluster that copies it to others.
fn largest_transaction(connection: &mut Connection) -> Result<u64, ServerError> {
    let limits = connection.query(
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('group_replication_transaction_size_limit', 'wsrep_max_ws_size')",
    )?;
    // 0 is none.
    let limits = limits.iter().filter_map(|row| row.number(1)).filter(|limit| *limit > 0);
    Ok(limits.min().unwrap_or(u64::MAX))
}

/// Without some variables, the same statements store something else.
fn warn_of_ignored(variables: &[String]) {
    for (name, what) in [
        ("sql_mode", "values may be stored otherwise than in the dump, such as 0 in an AUTO_INCREMENT column"),
        ("time_zone", "TIMESTAMP values may be stored otherwise than in the dump"),
        ("foreign_key_checks", "tables and rows have to come in the order of their foreign keys"),
    ] {
        if variables.iter().any(|variable| variable == name) {
            tracing::warn!("--ignore-set={name}: {what}");
        }
    }
}

/// Without the variable, the server is asked when there are rows.
fn takes_local_infile(connection: &mut Connection) -> Result<bool, ServerError> {
    let variable = connection.query_first("SHOW GLOBAL VARIABLES LIKE 'local_infile'")?;
    Ok(variable.is_none_or(|row| row.text(1) != "OFF"))
}

fn scheduler_settings(
    config: &Config,
    server: Server,
    local_infile_off: bool,
    keeps_journal: bool,
    user: &Arc<TargetUser>,
) -> schedule::SchedulerSettings {
    let restore = &config.restore;
    schedule::SchedulerSettings {
        filter: restore.filter.clone(),
        target_database: restore.target_database.clone(),
        max_threads_per_table: config.max_threads_per_table,
        max_threads_for_keys: config.max_threads_for_keys,
        max_threads_for_tables: config.max_threads_for_tables,
        max_threads_for_post: config.max_threads_for_post,
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
        allow_empty: restore.allow_empty,
        tolerance: restore.tolerance.clone(),
        checksum: restore.checksum,
        checksums: restore.checksums,
        counts_kept_rows: restore.retry_count > 0 || keeps_journal,
        local_infile_off,
        user: Arc::clone(user),
        server,
    }
}
