//! The wiring of a restore: the only place that makes channels and starts workers.
//!
//! Files come from a directory, all at once, or from a stream, by a thread of their own; the scheduler makes jobs of
//! them, the workers do these, and what comes of it makes further jobs. The first error stops all.

use std::collections::HashSet;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use common::connection::{Connection, Error as ServerError};
use common::private_dir::PrivateDir;
use common::progress::{Progress, Totals};
use common::server::Server;
use common::stop::{Stop, Stopped};
use crossbeam_channel::{Receiver, Sender, bounded, never, select};

use crate::config::{Config, Source};
use crate::directory;
use crate::files::Files;
use crate::job::{Job, Outcome};
use crate::options::{DropTable, OptimizeKeys};
use crate::scheduler::{self, Scheduler};
use crate::stream_receiver::{self, Event};
use crate::worker::{self, Shared, Worker};

/// Files that may have come from a stream before the scheduler has looked at them.
const EVENTS_WAITING: usize = 16;

/// A restore failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A connection or a statement failed.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The directory is no dump.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// The directory for a stream's files cannot be made.
    #[error("cannot create the directory for the stream's files, {}: {source}", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory for a stream's files has files in it.
    #[error("{} is not empty: the stream's files would be mixed with what is in it, choose another directory", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The stream.
    #[error(transparent)]
    Stream(#[from] stream_receiver::Error),
    /// Jobs and their order.
    #[error(transparent)]
    Scheduler(#[from] scheduler::Error),
    /// A job.
    #[error(transparent)]
    Worker(#[from] worker::Error),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// Ended from outside.
    #[error("stopped before the restore was done: it is not complete")]
    Stopped(#[from] Stopped),
}

/// What was restored.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Rows, bytes before compression, tables.
    pub totals: Totals,
    /// Seconds from the start.
    pub seconds: f64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "restored {} in {:.1} s", self.totals, self.seconds)
    }
}

/// Restores. Whatever fails, what was restored until then stays on the server.
pub fn load(config: Config, stop: &Stop) -> Result<Summary, Error> {
    let started = Instant::now();
    let (input, directory) = open_source(&config.source, stop)?;
    let mut first = Connection::open(&config.connection, stop)?;
    let server = Server::detect(&mut first, config.server_version)?;
    tracing::info!("connected to {server} at {}", config.connection.address);
    let mut connections = vec![first];
    while connections.len() < config.threads {
        connections.push(Connection::open(&config.connection, stop)?);
    }
    let progress = Progress::start(config.quiet);
    let scheduler = Scheduler::new(scheduler_settings(&config));
    let shared = Arc::new(Shared {
        server,
        files: Files { directory: directory.path().to_owned(), delete: config.restore.delete_files },
        restore: config.restore,
        counters: Arc::clone(progress.counters()),
        dropping: Mutex::new(()),
        stop: stop.clone(),
    });
    let result = run(scheduler, input, connections, config.enable_binlog, &shared);
    if result.is_err() {
        stop.trigger();
    }
    drop(progress);
    result?;
    Ok(Summary { totals: shared.counters.totals(), seconds: started.elapsed().as_secs_f64() })
}

/// Where files come from.
enum Input {
    /// All at once.
    Directory(common::metadata::Metadata, Vec<common::dump_file::DumpFile>),
    /// As they come.
    Stream(Receiver<Result<Event, stream_receiver::Error>>),
}

fn open_source(source: &Source, stop: &Stop) -> Result<(Input, PrivateDir), Error> {
    let no_directory = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::NoDirectory { path, source }
    };
    match source {
        Source::Directory(path) => {
            let (metadata, files) = directory::scan(path)?;
            Ok((Input::Directory(metadata, files), PrivateDir::named(path, false).map_err(no_directory(path))?))
        }
        Source::Stream { mode, directory } => {
            let directory = match directory {
                Some(path) => {
                    let made = PrivateDir::named(path, mode.delete).map_err(no_directory(path))?;
                    if std::fs::read_dir(path).map_err(no_directory(path))?.next().is_some() {
                        return Err(Error::NotEmpty { path: path.clone() });
                    }
                    made
                }
                None => PrivateDir::fresh("import", mode.delete)
                    .map_err(no_directory(Path::new("import-YYYYMMDD-HHMMSS")))?,
            };
            let (events, arrivals) = bounded(EVENTS_WAITING);
            let (path, stop) = (directory.path().to_owned(), stop.clone());
            // Not waited for when the program fails: a read from a pipe that nobody writes to may never return.
            std::thread::Builder::new()
                .name("stream receiver".into())
                .spawn(move || {
                    let input = BufReader::with_capacity(64 * 1024, io::stdin().lock());
                    stream_receiver::Receiver::new(input, path).run(&events, &stop);
                })
                .map_err(Error::Thread)?;
            Ok((Input::Stream(arrivals), directory))
        }
    }
}

fn scheduler_settings(config: &Config) -> scheduler::Settings {
    let restore = &config.restore;
    scheduler::Settings {
        filter: restore.filter.clone(),
        target_database: restore.target_database.clone(),
        max_threads_per_table: config.max_threads_per_table,
        max_threads_for_keys: config.max_threads_for_keys,
        keys_after_all_tables: restore.optimize_keys == OptimizeKeys::AfterImportAllTables,
        fail_if_table_exists: restore.drop_table == DropTable::Fail && restore.create_tables,
        schemas: restore.schemas,
        data: restore.data,
        triggers: restore.triggers,
        post: restore.post,
    }
}

fn run(
    scheduler: Scheduler,
    input: Input,
    connections: Vec<Connection>,
    enable_binlog: bool,
    shared: &Arc<Shared>,
) -> Result<(), Error> {
    let workers = connections.len();
    let (jobs, job_queue) = bounded(workers);
    let (outcomes, outcome_queue) = bounded(workers);
    let mut threads = Vec::new();
    for (number, connection) in connections.into_iter().enumerate() {
        let worker = Worker::new(connection, enable_binlog, Arc::clone(shared))?;
        let (jobs, outcomes) = (job_queue.clone(), outcomes.clone());
        let thread = std::thread::Builder::new().name(format!("worker {number}"));
        threads.push(thread.spawn(move || worker.run(&jobs, &outcomes)).map_err(Error::Thread)?);
    }
    drop((job_queue, outcomes));
    let mut coordinator =
        Coordinator { scheduler, shared, jobs, outcomes: outcome_queue, idle: workers, counted: HashSet::new() };
    let result = coordinator.run(input);
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
    shared: &'a Shared,
    jobs: Sender<Job>,
    outcomes: Receiver<(Job, Result<Outcome, worker::Error>)>,
    idle: usize,
    counted: HashSet<common::dump_file::TableFileName>,
}

impl Coordinator<'_> {
    fn run(&mut self, input: Input) -> Result<(), Error> {
        let mut arrivals = match input {
            Input::Directory(metadata, files) => {
                self.scheduler.metadata(metadata.clone());
                for file in files {
                    self.scheduler.arrived(file)?;
                }
                self.scheduler.input_ended(metadata)?;
                never()
            }
            Input::Stream(arrivals) => arrivals,
        };
        while !self.scheduler.is_finished() {
            // There is room for a job of each idle worker, so this does not wait.
            while self.idle > 0
                && let Some(job) = self.scheduler.next_job()
            {
                tracing::info!("{job}");
                self.shared.stop.send(&self.jobs, job)?;
                self.idle -= 1;
            }
            select! {
                recv(arrivals) -> event => match event.map_err(|_| Stopped)?? {
                    Event::Metadata(metadata) => self.scheduler.metadata(metadata),
                    Event::File(file) => self.scheduler.arrived(file)?,
                    Event::End(metadata) => {
                        arrivals = never();
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
            self.shared.counters.expect(self.scheduler.table_count() as u64, 0);
        }
        Ok(())
    }

    fn done(&mut self, job: &Job, outcome: Outcome) -> Result<(), Error> {
        if let Outcome::TableReady { target, .. } = &outcome
            && self.counted.insert(target.file.clone())
        {
            self.shared.counters.add_table();
        }
        Ok(self.scheduler.done(job, outcome)?)
    }
}
