//! The wiring of a restore: the only place that makes channels and starts workers.
//!
//! Files come from a directory, all at once, or from a stream, by a thread of their own; the scheduler makes jobs of
//! them, the workers do these, and what comes of it makes further jobs. The first error stops all.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use common::connection::{Connection, Error as ServerError};
use common::dump_file::{Content, DumpFile};
use common::exit::{Exit, Failure};
use common::global_variables::GlobalVariables;
use common::logging::SUMMARY;
use common::metadata::Metadata;
use common::private_dir::free_space;
use common::progress::{Progress, Totals, number};
use common::server::Server;
use common::sql::quote_string;
use common::stop::{Stop, Stopped};
use common::watchdog::{Asks, Party, Watch};
use crossbeam_channel::{Receiver, Sender, bounded, never, select};

use crate::check::Vocabulary;
use crate::config::{Config, Source};
use crate::directory;
use crate::files::Files;
use crate::job::{Job, Outcome};
use crate::journal::{self, Identity, Journal, Record, Run, ServerLife, dump_identity, table_name};
use crate::load_data::Tables;
use crate::options::LoadMethod;
use crate::redo_log::{self, RedoLogOff};
use crate::resumed::Since;
use crate::scheduler::{self, Scheduler, Verified};
use crate::session::{Connector, Purpose, await_end};
use crate::stream_receiver::{self, Event};
use crate::stream_source::{self, Passage, StreamSource, is_wanted};
use crate::worker::{self, Shared, Worker};

/// A restore failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A connection or a statement failed.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The directory is no dump.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// A stream's directory.
    #[error(transparent)]
    Source(#[from] stream_source::Error),
    /// The stream.
    #[error(transparent)]
    Stream(#[from] stream_receiver::Error),
    /// The redo log was not turned off.
    #[error(transparent)]
    RedoLog(#[from] redo_log::Error),
    /// Jobs and their order.
    #[error(transparent)]
    Scheduler(#[from] scheduler::Error),
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
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// Ended from outside.
    #[error("stopped before the restore was done: it is not complete")]
    Stopped(#[from] Stopped),
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
            Error::Thread(_) => Exit::Failed,
            Error::Stopped(error) => error.exit(),
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
    let mut input = open_source(&config, &watch, stop)?;
    let mut first = Connection::open(&config.connection, stop)?;
    let server = Server::detect(&mut first, config.server_version)?;
    tracing::info!("connected to {server} at {}", config.connection.address);
    watch.start(config.stall_report, Asks { settings: config.connection.clone(), server }, stop);
    let _restored_at_the_end = GlobalVariables::set(&config.connection, &config.global_variables, stop)?;
    let _redo_log = match config.disable_redo_log {
        true => RedoLogOff::new(&mut first, &server, &config.connection)?,
        false => None,
    };
    let rows_refused = config.restore.data && !takes_local_infile(&mut first)?;
    let tables = match config.restore.load_method {
        LoadMethod::LoadData if rows_refused => return Err(Error::LoadMethodOff),
        LoadMethod::Auto if rows_refused => {
            tracing::info!("rows stay INSERT statements: LOAD DATA LOCAL is off on the server (local_infile)");
            Tables::new(LoadMethod::Insert)
        }
        method => Tables::new(method),
    };
    let dump = match &input {
        Input::Directory(_, dump) => Some(dump_identity(&dump.metadata_text)),
        Input::Stream(..) => None,
    };
    let identity = Identity::new(&mut first, &config.restore, dump)?;
    let life = ServerLife::read(&mut first)?;
    let (journal, since) = match config.journal.clone().unwrap_or_else(|| identity.path(input.path())) {
        path if config.resume => resume(&path, &identity, &life, &mut first)?,
        _ if config.restore.delete_files || config.restore.verify_only => Default::default(),
        path => (Journal::new(path, &identity)?, Since::default()),
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
        stop: stop.clone(),
    });
    let purpose = match shared.restore.verify_only {
        true => Purpose::Compare,
        false => Purpose::Restore { enable_binlog: config.enable_binlog },
    };
    let mut workers = Vec::new();
    let locks = format!("myloader-{:016x}", random_number());
    let settings = Arc::new(config.connection);
    for (number, connection) in connections.into_iter().enumerate() {
        let lock = lock_name(&locks, number);
        let connector = Connector::new(Arc::clone(&settings), lock, shared.restore.retry_count, stop.clone());
        let party = watch.party(format!("worker {number}"));
        workers.push(Worker::new(connection, connector, purpose, party, Arc::clone(&shared))?);
    }
    let locked = if workers.iter().all(|worker| worker.session.has_lock()) { workers.len() } else { 0 };
    let ServerLife { started: server_started, durable } = life;
    shared.journal.add_run(Run { locks, workers: locked, server_started, durable })?;
    let result = run(scheduler, rows_refused, &mut input, workers, &watch, &shared);
    if result.is_err() {
        stop.trigger();
    }
    drop(progress);
    if let Err(error) = &result
        && shared.journal.is_open()
        && (stop.signal().is_some() || matches!(error.exit(), Exit::Connection | Exit::Local))
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

/// Opens the journal of an earlier run, and ends what of that run the server still has.
fn resume(
    path: &Path,
    identity: &Identity,
    life: &ServerLife,
    connection: &mut Connection,
) -> Result<(Journal, Since), Error> {
    let journal = Journal::resume(path, identity)?;
    let mut since = Since::default();
    {
        let state = journal.state();
        for run in &state.runs {
            if run.workers == 0 {
                return Err(journal::Error::Unsure.into());
            }
            for number in 0..run.workers {
                let lock = lock_name(&run.locks, number);
                await_end(connection, &lock)?;
                connection.execute(format!("DO RELEASE_LOCK({})", quote_string(&lock)))?;
            }
            let restarted = life.is_after(run.server_started);
            since.restarted |= restarted;
            since.lossy |= restarted && !run.durable;
        }
        let tables = state.tables.values().filter(|table| table.whole).count();
        let (files, rows) = state.files.values().fold((0, 0), |(files, rows), file| (files + 1, rows + file.rows));
        tracing::info!(
            target: SUMMARY,
            "going on with the restore of {}: {tables} tables are whole, {rows} rows of {files} files are passed over",
            path.display()
        );
        if since.lossy {
            tracing::warn!(
                "the server was started again, and may have lost what it had committed (innodb_flush_log_at_trx_commit): \
                 the rows of all tables are counted"
            );
        }
    }
    Ok((journal, since))
}

fn lock_name(locks: &str, worker: usize) -> String {
    format!("{locks}-{worker}")
}

/// A number that no other restore has: the keys that the standard library's hash tables get from the system.
fn random_number() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Without the variable, the server is asked when there are rows.
fn takes_local_infile(connection: &mut Connection) -> Result<bool, ServerError> {
    let variable = connection.query_first("SHOW GLOBAL VARIABLES LIKE 'local_infile'")?;
    Ok(variable.is_none_or(|row| row.text(1) != "OFF"))
}

/// Where files come from.
enum Input {
    /// All at once.
    Directory(PathBuf, directory::Dump),
    /// As they come, with a bound on the bytes that wait.
    Stream(StreamSource, u64),
}

impl Input {
    fn path(&self) -> &Path {
        match self {
            Input::Directory(path, _) => path,
            Input::Stream(source, _) => source.path(),
        }
    }
}

fn open_source(config: &Config, watch: &Watch, stop: &Stop) -> Result<Input, Error> {
    match &config.source {
        Source::Directory(path) => Ok(Input::Directory(path.clone(), directory::scan(path)?)),
        Source::Stream(stream) => {
            let passage = Passage { content: stream.mode.content, delete: stream.mode.delete };
            let filter = config.restore.filter.clone();
            let wanted = move |file: &DumpFile| is_wanted(&filter, file);
            let source =
                StreamSource::start(stream.directory.as_deref(), passage, wanted, watch.party("stream"), stop)?;
            let max_waiting = fit_to_disk(stream.max_waiting, &source, passage);
            Ok(Input::Stream(source, max_waiting))
        }
    }
}

/// Fewer bytes may wait where the disk has little room for them.
fn fit_to_disk(max_waiting: u64, source: &StreamSource, passage: Passage) -> u64 {
    let Some(free) = free_space(source.path()).filter(|_| passage.content && passage.delete) else {
        return max_waiting;
    };
    if free / 2 < max_waiting {
        tracing::warn!(
            "{} has {} MiB free: {} MiB of the stream may wait to be restored, not {} MiB",
            source.path().display(),
            free >> 20,
            free >> 21,
            max_waiting >> 20
        );
    }
    max_waiting.min(free / 2)
}

fn scheduler_settings(config: &Config, server: Server) -> scheduler::Settings {
    let restore = &config.restore;
    scheduler::Settings {
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

fn run(
    scheduler: Scheduler,
    rows_refused: bool,
    input: &mut Input,
    workers: Vec<Worker>,
    watch: &Watch,
    shared: &Arc<Shared>,
) -> Result<Verified, Error> {
    let idle = workers.len();
    let (jobs, job_queue) = bounded(idle);
    let (outcomes, outcome_queue) = bounded(idle);
    let mut threads = Vec::new();
    for (number, worker) in workers.into_iter().enumerate() {
        let (jobs, outcomes) = (job_queue.clone(), outcomes.clone());
        let thread = std::thread::Builder::new().name(format!("worker {number}"));
        threads.push(thread.spawn(move || worker.run(&jobs, &outcomes)).map_err(Error::Thread)?);
    }
    drop((job_queue, outcomes));
    let party = watch.party("scheduler");
    let (outcomes, has_rows) = (outcome_queue, false);
    let mut coordinator = Coordinator { scheduler, rows_refused, shared, jobs, outcomes, idle, has_rows, party };
    let result = coordinator.run(input).map(|()| coordinator.scheduler.verified());
    coordinator.warn();
    if result.is_err() {
        shared.stop.trigger();
    }
    drop(coordinator);
    for thread in threads {
        // A worker that panicked has stopped everything already.
        let _ = thread.join();
    }
    result
}

struct Coordinator<'a> {
    scheduler: Scheduler,
    /// Whether the server does not take rows of LOAD DATA LOCAL.
    rows_refused: bool,
    shared: &'a Shared,
    jobs: Sender<Job>,
    outcomes: Receiver<(Job, Result<Outcome, worker::Error>)>,
    idle: usize,
    /// Whether the first rows were given out.
    has_rows: bool,
    party: Party,
}

impl Coordinator<'_> {
    fn run(&mut self, input: &mut Input) -> Result<(), Error> {
        if let Input::Directory(_, directory::Dump { metadata, files, .. }) = input {
            // Given away: there may be very many.
            let metadata = std::mem::take(metadata);
            self.metadata(Metadata { config: metadata.config.clone(), ..Metadata::default() })?;
            for (file, bytes) in std::mem::take(files) {
                self.arrived(file, bytes)?;
            }
            self.scheduler.input_ended(metadata)?;
        }
        let (input, nothing) = (&*input, never());
        let (mut arrivals, max_waiting) = match input {
            Input::Directory(..) => (&nothing, u64::MAX),
            Input::Stream(source, max_waiting) => (source.events(), *max_waiting),
        };
        loop {
            self.scheduler.make_room(max_waiting)?;
            // There is room for a job of each idle worker, so this does not wait.
            while self.idle > 0
                && let Some(job) = self.scheduler.next_job()
            {
                if job.changes() {
                    self.shared.journal.begin()?;
                }
                if matches!(job, Job::Rows(..)) && !std::mem::replace(&mut self.has_rows, true) {
                    // Which tables are there is not to be found out again once there are rows in them.
                    self.shared.journal.wait()?;
                }
                tracing::info!("{job}");
                self.shared.stop.send(&self.jobs, job)?;
                self.idle -= 1;
            }
            if self.scheduler.is_finished() {
                return Ok(());
            }
            // When too much waits, no more is taken from the stream, whose reader then stops reading.
            let wants_input = self.scheduler.wants_input(max_waiting);
            self.party.does(self.scheduler.status(wants_input));
            let wanted = if wants_input { arrivals } else { &nothing };
            select! {
                recv(wanted) -> event => match event.map_err(|_| Stopped)?? {
                    Event::Metadata(metadata) => self.metadata(metadata)?,
                    Event::Definitions(metadata) => {
                        self.metadata(metadata)?;
                        self.scheduler.definitions_announced()?;
                    }
                    Event::File(file, bytes) => self.arrived(file, bytes)?,
                    Event::End(metadata, text) => {
                        arrivals = &nothing;
                        let (crc32c, length) = dump_identity(text.as_bytes());
                        self.shared.journal.write_and_wait(Record::Dump { crc32c, length })?;
                        if let Input::Stream(source, _) = input
                            && source.keeps_files()
                        {
                            source.write_metadata(&text)?;
                        }
                        self.scheduler.input_ended(metadata)?;
                    }
                },
                recv(self.outcomes) -> outcome => {
                    let (job, outcome) = outcome.map_err(|_| Stopped)?;
                    self.idle += 1;
                    self.done(&job, outcome?)?;
                }
                recv(self.shared.stop.closed()) -> _ => return Err(Stopped.into()),
            }
            self.warn();
            self.shared.counters.expect(self.scheduler.table_count() as u64, 0);
        }
    }

    /// Before any table is made, where the metadata tells.
    fn metadata(&mut self, metadata: Metadata) -> Result<(), Error> {
        if self.rows_refused && metadata.config.local_infile == Some(true) {
            return Err(Error::LocalInfileOff);
        }
        self.scheduler.metadata(metadata);
        Ok(())
    }

    fn warn(&mut self) {
        for warning in self.scheduler.take_warnings() {
            tracing::warn!("{warning}");
        }
        for refusal in self.scheduler.take_left_out() {
            tracing::error!("left out: {refusal}");
        }
    }

    fn arrived(&mut self, file: DumpFile, bytes: u64) -> Result<(), Error> {
        if file.content == Content::Accounts && !self.shared.restore.accounts {
            tracing::warn!("{file}: the accounts of the dump are left out, --users restores them");
        }
        Ok(self.scheduler.arrived(file, bytes)?)
    }

    fn done(&mut self, job: &Job, outcome: Outcome) -> Result<(), Error> {
        if matches!(outcome, Outcome::TableReady { .. }) {
            self.shared.counters.add_table();
        }
        self.scheduler.done(job, outcome)?;
        for table in self.scheduler.take_whole() {
            if !self.shared.journal.table(&table.name).is_some_and(|earlier| earlier.whole) {
                self.shared.journal.write(Record::Whole { table: table_name(&table.name) })?;
            }
        }
        Ok(())
    }
}
