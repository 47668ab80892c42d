//! The wiring of a dump: the only place that makes channels and starts workers.
//!
//! This thread becomes the coordinator, which gives the workers their tasks. A worker's error stops all others; whatever
//! the cause, nothing named `metadata` is left then.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::backup::file_session::UTC;
use common::backup::room;
use common::backup::stored_files::StoredFiles;
use common::layers::compression::Compression;
use common::observe::activity::{Activity, Watch};
use common::observe::logging::SUMMARY;
use common::observe::printable::printable;
use common::observe::progress::{Progress, Totals};
use common::observe::wording::{bytes, count, seconds};
use common::options::UsageError;
use common::process::stop::{Stop, Stopped};
use common::server::Server;
use common::server::connection::session_variables::{self, SessionVariable, is};
use common::server::connection::{Connection, ServerError};
use common::server::global_variables::GlobalVariables;
use common::server::sessions::SessionProbe;
use common::sql::quote_string;
use common::store::local::Purpose;
use crossbeam_channel::bounded;

use crate::catalog::Catalog;
use crate::catalog::selection::settled;
use crate::config::{Config, ExistingFiles, Output, Stream};
use crate::consistency::{Snapshot, changed_tables, metadata_locks};
use crate::definitions::Preamble;
use crate::error::Error;
use crate::output::delivery::Exec;
use crate::output::directory::{self, OutputDirectory};
use crate::output::earlier_phases::EarlierPhases;
use crate::output::file_writer::Files;
use crate::output::metadata_writer::timestamp;
use crate::output::stream_sender::StreamSender;
use crate::plan::chunk::LARGEST_CHUNK;
use crate::plan::settings::Settings;
use crate::plan::{Plan, nothing};
use crate::precheck;
use crate::resume::{self, Begun, Completed, DumpJournal, History, Interrupted};
use crate::work::context::Shared;
use crate::work::coordinator::{Coordinator, Workers};
use crate::work::error as work;
use crate::work::worker::Worker;

/// What was dumped.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Rows, bytes before compression, tables.
    pub totals: Totals,
    /// From the start.
    pub took: Duration,
    /// Where the files are, if they stay.
    pub directory: Option<String>,
}

/// Dumps. On failure the directory has no `metadata`, and a stream does not end with one.
pub fn dump(config: &Config, stop: &Stop) -> Result<Summary, Error> {
    let started = Instant::now();
    OutputDirectory::check(&config.output)?;
    let earlier = directory::earlier_phases(&config.output, config.stream.is_some())?;
    if config.output.merges {
        tracing::warn!("--merge: the directory will have tables of two points in time");
    }
    let mut interrupted = match &config.output {
        output @ Output { directory: Some(directory), existing: ExistingFiles::Resume, .. } => {
            Some(Interrupted::open(directory::of_dump(directory, output), config)?)
        }
        _ => None,
    };

    let mut first = Connection::open(&config.connection, stop)?;
    let server = Server::detect(&mut first, config.server_version)?;
    tracing::info!("connected to {server} at {}", config.connection.address);
    let config = &Config { filter: settled(&config.filter, &mut first, &server)?, ..config.clone() };
    let connection_settings = tidb_snapshot(config, &mut first)?;
    let watch = Watch::default();
    let probe = SessionProbe { settings: config.connection.clone(), server };
    watch.start(config.stall_report, move |ids, stop| probe.describe(ids, stop), stop);
    let activity = watch.activity("main thread");
    activity.set_connection(first.id());
    activity.begin("connecting");
    let _restored_at_the_end =
        GlobalVariables::read(&config.connection, &config.global_variables, stop)?.set(&config.connection)?;
    if let Some(interrupted) = &mut interrupted {
        interrupted.look(&mut first, &server, config)?;
        interrupted.check_files(config.threads, stop)?;
    }
    let mut connections = vec![first];
    while connections.len() <= config.threads {
        connections.push(Connection::open(&config.connection, stop)?);
    }
    for connection in &mut connections {
        set_up_session(connection, &server, config.utc)?;
        if let Some(statement) = &connection_settings {
            connection.execute(statement)?;
        }
    }
    metadata_locks::allow_release(&mut connections, &server)?;

    let mut coordinator = connections.remove(0);
    activity.begin("checking that all can be read");
    let checked = precheck::check(&mut coordinator, &server, config)?;
    let (asked, config) = (config, &checked.config);
    activity.begin("taking locks and opening snapshots");
    let max_packet = coordinator.query_first("SELECT @@max_allowed_packet")?.and_then(|row| row.number(0));
    let mut snapshot = Snapshot::open(config, &server, coordinator, connections, stop)?;
    activity.begin("reading the catalog");
    let names = earlier.as_ref().map(EarlierPhases::names).unwrap_or_default();
    let names = if config.numbers_files { names.all_numbered() } else { names };
    let catalog = Catalog::read(&mut snapshot.coordinator, &server, &config.catalog_selection(&names))?;
    check_all_are_locked(&catalog, &snapshot)?;
    if config.objects.data {
        snapshot.lower_guarantee_for_views(&catalog)?;
    }
    let settings = Settings::new(config, &server, snapshot.point.is_locked());
    if !config.allow_empty {
        check_not_empty(&catalog, &settings, config, &server)?;
    }

    if let (Some(earlier), Some(path)) = (&earlier, &config.output.directory) {
        earlier.check(&*directory::at(path), &catalog.databases, config.objects)?;
    }
    // Not before it is known that there is something to dump: `--clear` removes the earlier dump here.
    let keep = config.stream.is_none_or(|stream| !stream.mode.delete);
    let begun = resume::begin(asked, &mut snapshot.coordinator, &server, &snapshot.point, &timestamp());
    let begun = begun.map_err(resume::Error::Server)?;
    let directory = OutputDirectory::prepare(
        &config.output,
        Purpose { stay: keep, read_again: config.stream.is_some() },
        earlier.as_ref(),
    )?;
    let not_updated: Arc<[String]> =
        catalog.not_updated.iter().map(|table| format!("{}.{}", table.database, table.name)).collect();
    if config.updated_since.is_some() && config.stream.is_none() {
        directory.write_not_updated(&not_updated)?;
    }
    let could_be_resumed = resume::could_be_resumed(&begun, &catalog);
    let is_resumed = interrupted.is_some();
    let history = history(config, begun, interrupted, &catalog, &directory)?;
    let could_be_resumed = could_be_resumed && history.journal.is_some();
    let plan = Plan::new(&catalog, &settings, &history.completed);
    tracing::info!("{plan}");
    let is_whole = !is_resumed && config.rows.condition.is_none() && (config.stream.is_none() || keep);
    if let Some(warning) = room::warning(
        &directory.store().to_string(),
        directory.store().free_space().filter(|_| is_whole),
        plan.estimated_bytes(),
        config.compression != Compression::None,
    ) {
        tracing::warn!("{warning}");
    }
    let sender = match &config.stream {
        Some(stream) => Some(StreamSender::start(fit_to_disk(*stream, &directory), watch.activity("stream"), stop)?),
        None => None,
    };
    let progress = Progress::start(config.quiet);
    watch.look_at(progress.counters());
    let shared = Arc::new(Shared {
        server,
        files: Files {
            store: Arc::clone(directory.store()),
            level: config.compression_level,
            command: config.per_thread.as_ref().map(|command| Arc::new(command.layer(stop))),
            overwrite: config.output.existing == ExistingFiles::Keep,
            keep,
        },
        compression: config.compression,
        max_packet: max_packet.and_then(|bytes| bytes.try_into().ok()).unwrap_or(usize::MAX),
        rows: config.rows.clone(),
        chunk_filesize: config.chunk_filesize,
        build_empty_files: config.build_empty_files,
        preamble: Preamble { utc: config.utc, bodies: config.body_format, compact: config.compact },
        shape: config.shape.clone(),
        definer: config.definer.clone(),
        counters: Arc::clone(progress.counters()),
        stored_files: Mutex::new(StoredFiles::default()),
        not_updated,
        sender: sender.as_ref().map(|sender| sender.files().clone()),
        exec: config.exec.clone().map(Exec::new),
        stop: stop.clone(),
    });

    let result = run(config, snapshot, plan, (&watch, activity), &shared, (&directory, earlier), history);
    if result.is_err() {
        stop.trigger();
    }
    let finished = finish(result.map_err(Error::from), shared, sender, stop);
    drop(progress);
    if finished.is_err() && could_be_resumed && !directory.store().has("metadata") {
        tracing::warn!(
            "the dump is not complete: --resume with the same options continues it, if the data has not changed"
        );
    }
    let totals = finished?;
    let directory = keep.then(|| directory.store().to_string());
    let summary = Summary { totals, took: started.elapsed(), directory };
    if let Err(left_out) = checked.nothing_left_out() {
        tracing::info!(target: SUMMARY, "{summary}");
        return Err(left_out.into());
    }
    Ok(summary)
}

/// The statement that makes TiDB read at a snapshot, if it is asked for. The server says whether it is one.
fn tidb_snapshot(config: &Config, connection: &mut Connection) -> Result<Option<String>, Error> {
    let Some(snapshot) = &config.tidb_snapshot else { return Ok(None) };
    let version = connection.query_first("SELECT VERSION()")?.map(|row| row.text(0)).unwrap_or_default();
    if !version.contains("TiDB") {
        return Err(UsageError::new(format!(
            "--tidb-snapshot is for TiDB, and this server is {}: leave it out",
            printable(&version)
        ))
        .into());
    }
    Ok(Some(format!("SET SESSION tidb_snapshot = {}", quote_string(snapshot))))
}

/// What is done already, and the journal for what will be. A stream cannot be resumed, and files of others that `--dirty`
/// has left would be mistaken for this dump's; `--exec` takes away what would be continued.
fn history(
    config: &Config,
    begun: Begun,
    interrupted: Option<Interrupted>,
    catalog: &Catalog,
    directory: &OutputDirectory,
) -> Result<History, Error> {
    if let Some(interrupted) = interrupted {
        return Ok(interrupted.resume(&begun, catalog)?);
    }
    let started = begun.started.clone();
    let journal = match directory.store().local_path() {
        Some(path)
            if config.stream.is_none() && config.exec.is_none() && config.output.existing != ExistingFiles::Keep =>
        {
            Some(DumpJournal::create(path, begun)?)
        }
        _ => None,
    };
    Ok(History { journal, completed: Completed::default(), started })
}

/// Whether there is anything to dump. Definitions of tables always are.
fn check_not_empty(catalog: &Catalog, settings: &Settings, config: &Config, server: &Server) -> Result<(), Error> {
    if settings.objects.schemas && catalog.tables().next().is_some() {
        return Ok(());
    }
    let plan = Plan::new(catalog, settings, &Completed::default());
    Ok(nothing::check(&plan, catalog, (settings.objects, &config.filter), server)?)
}

/// A table that was created after the locks were taken is not at the consistency point.
fn check_all_are_locked(catalog: &Catalog, snapshot: &Snapshot) -> Result<(), Error> {
    let unknown = catalog.tables().filter(|table| {
        table.is_base() && table.has_dumped_rows() && snapshot.point.is_unknown(&table.name, table.is_transactional())
    });
    let unknown: Vec<String> = unknown.map(|table| table.name.to_string()).collect();
    if unknown.is_empty() { Ok(()) } else { Err(changed_tables::Error::Changed(unknown).into()) }
}

/// Fewer files may wait to be sent where the disk has little room for them.
fn fit_to_disk(stream: Stream, directory: &OutputDirectory) -> Stream {
    if stream.mode.delete && !stream.mode.content {
        tracing::warn!("--stream=NO_STREAM removes each file once it is announced: nothing of this dump is kept");
    }
    let Some(free) = directory.store().free_space() else { return stream };
    let fitting = usize::try_from(free / 2 / LARGEST_CHUNK).unwrap_or(usize::MAX).max(1);
    if stream.mode.delete && fitting < stream.max_files {
        tracing::warn!(
            "{} has only {} free: {} may wait to be sent, not {}",
            directory.store(),
            bytes(free),
            count(fitting, "file"),
            stream.max_files
        );
        return Stream { max_files: fitting, ..stream };
    }
    stream
}

/// Ends the stream, if there is one.
fn finish(
    result: Result<(), Error>,
    shared: Arc<Shared>,
    sender: Option<StreamSender>,
    stop: &Stop,
) -> Result<Totals, Error> {
    let totals = shared.counters.totals();
    // Its copy of the channel's end would keep the stream open.
    drop(shared);
    match (result, sender) {
        // A stream that failed stopped everything else, whose errors only tell that they were stopped.
        (Err(error), Some(sender)) => Err(sender.failure().map_or(error, Error::Stream)),
        (Err(error), None) => Err(error),
        (Ok(()), Some(sender)) => Ok(sender.finish(stop).map(|()| totals)?),
        (Ok(()), None) => Ok(totals),
    }
}

/// Of sessions that read a database.
const DUMPING: &[SessionVariable] = &[
    // Views of any depth of recursion are read.
    is("max_recursive_iterations", "4294967295"),
    is("cte_max_recursion_depth", "4294967295"),
    // Else primary keys that the server generated are hidden, and their values would be others after a restore.
    is("show_gipk_in_create_table_and_information_schema", "ON"),
    // Definitions with all that they have, and nothing that they have not.
    is("show_create_table_verbosity", "OFF"),
    // Numbers of rows as they are now, not as they were remembered up to a day ago: chunks are made by them.
    is("information_schema_stats_expiry", "0"),
];

fn set_up_session(connection: &mut Connection, server: &Server, utc: bool) -> Result<(), ServerError> {
    for statement in server.long_session() {
        connection.execute(statement)?;
    }
    connection.execute(Server::READING_SESSION)?;
    session_variables::set(connection, DUMPING)?;
    if utc {
        connection.execute(format!("SET SESSION time_zone = '{UTC}'"))?;
    }
    Ok(())
}

/// Runs the workers through the phases and writes the metadata. All workers have ended when this returns.
fn run(
    config: &Config,
    snapshot: Snapshot,
    plan: Plan,
    (watch, activity): (&Watch, Activity),
    shared: &Arc<Shared>,
    (directory, earlier): (&OutputDirectory, Option<EarlierPhases>),
    history: History,
) -> Result<(), work::Error> {
    let Snapshot { coordinator, workers, point } = snapshot;
    let (tasks, task_queue) = bounded(0);
    // A worker reports the chunk that it has split off before it dumps it.
    let (reports, report_queue) = bounded(2 * workers.len());
    let (tables_locked, tables_locked_seen) = bounded(0);
    let mut threads = Vec::new();
    for (number, connection) in workers.into_iter().enumerate() {
        let worker_activity = watch.activity(format!("worker {number}"));
        let worker = Worker::new(number, connection, worker_activity, Arc::clone(shared), tables_locked_seen.clone());
        let (tasks, reports) = (task_queue.clone(), reports.clone());
        let thread = std::thread::Builder::new().name(format!("worker {number}"));
        threads.push(thread.spawn(move || worker.run(&tasks, &reports)).map_err(work::Error::Thread)?);
    }
    drop((task_queue, reports));
    let snapshot = Snapshot { coordinator, workers: Vec::new(), point };
    shared.counters.expect(plan.tables_with_rows().count() as u64, plan.estimated_rows());
    let workers = Workers { tasks, reports: report_queue, tables_locked };
    let coordinator =
        Coordinator::new(config, shared, (directory, earlier), (snapshot, activity), workers, history, &plan);
    // Consumed with its ends of the channels, so that the workers end.
    let result = coordinator.run(plan);
    if result.is_err() {
        shared.stop.trigger();
    }
    for thread in threads {
        // One that panicked has stopped everything already, and the program says so.
        let _ = thread.join();
    }
    if shared.stop.has_panicked() { result.and(Err(Stopped.into())) } else { result }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "dumped {} in {}", self.totals, seconds(self.took))?;
        match &self.directory {
            Some(directory) => write!(f, " into {directory}"),
            None => Ok(()),
        }
    }
}
