//! What a dump does: resolved from the options, checked, and never changed afterwards.

mod commands;

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use common::backup::mydumper_checksum::Kinds;
use common::backup::selection::{Filter, Pattern};
use common::backup::table_names::FileNames;
use common::layers::compression::Compression;
use common::options::{Parsed, StreamMode, UsageError};
use common::process::stop::Stop;
use common::program::{self, PerThread};
use common::server::Server;
use common::server::connection::Settings;
use common::sql::BodyFormat;
use common::sql::definer::DefinerRule;

pub use commands::{Exec, FILE_NAME};

use crate::catalog::Program;
use crate::catalog::selection::{CatalogSelection, Objects, Partitions};
use crate::definitions::shape::Shape;
use crate::options::{self, Charsets, LockMode, Options, RowsHard, RowsPerChunk, StatementOptions, StreamChecksum};
use crate::plan::chunk::{ChunkSize, ChunkSizing};
use crate::rows::delimited_format::{DelimitedFormat, Separators};
use crate::rows::encoder::STATEMENT_END;
use crate::rows::options::{OnDuplicate, RowCondition, RowFormat, RowOptions};

#[derive(Clone)]
pub struct Config {
    /// Server, user and session of all connections.
    pub connection: Settings,
    /// `--server-version`.
    pub server_version: Option<Server>,
    /// Global variables that the defaults file sets while the dump runs.
    pub global_variables: Vec<(String, String)>,
    /// Which databases and tables are dumped.
    pub filter: Filter,
    /// Whether there may be nothing to dump: `--allow-empty`.
    pub allow_empty: bool,
    /// Whether objects may be hidden from the user: `--ignore-missing-privileges`.
    pub ignore_missing_privileges: bool,
    /// Which broken objects are left out: `--keep-going` and `--ignore-errors`.
    pub tolerance: Tolerance,
    /// Triggers, routines and events that the checks before the start have found broken or hidden, and that are left out.
    pub left_out: BTreeSet<Program>,
    /// `--ignore-engines`.
    pub ignored_engines: Vec<String>,
    /// Number of workers.
    pub threads: usize,
    /// `--outputdir`.
    pub output: Output,
    /// `--stream`.
    pub stream: Option<Stream>,
    /// `--compress`.
    pub compression: Compression,
    /// `--compress-level`, or the default of the method.
    pub compression_level: i32,
    /// `--exec-per-thread`.
    pub per_thread: Option<PerThread>,
    /// `--exec`.
    pub exec: Option<Exec>,
    /// How tables are split into chunks.
    pub chunks: Chunks,
    /// `--chunk-filesize`, in bytes before compression.
    pub chunk_filesize: Option<u64>,
    /// `--max-threads-per-table`.
    pub max_threads_per_table: usize,
    /// Which rows are dumped, and how they are written.
    pub rows: RowOptions,
    /// Which kinds of objects are dumped.
    pub objects: Objects,
    /// What is left out of definitions.
    pub shape: Shape,
    /// `--views-as-tables`.
    pub views_as_tables: bool,
    /// `--updated-since`, in days.
    pub updated_since: Option<u64>,
    /// `--check-row-count`.
    pub check_row_count: bool,
    /// `--compact`.
    pub compact: bool,
    /// `--masquerade-filename`.
    pub numbers_files: bool,
    /// `--tidb-snapshot`.
    pub tidb_snapshot: Option<String>,
    /// `--skip-definer` and `--replace-definer`.
    pub definer: DefinerRule,
    /// Which checksums are written.
    pub checksums: Kinds,
    /// `--build-empty-files`.
    pub build_empty_files: bool,
    /// `--body-format`.
    pub body_format: BodyFormat,
    /// Whether TIMESTAMP values are dumped in UTC.
    pub utc: bool,
    /// `--sync-thread-lock-mode`.
    pub lock: LockMode,
    /// Whether MariaDB's BACKUP STAGE may be used: no `--no-backup-locks`.
    pub backup_locks: bool,
    /// Whether DDL is blocked where the server can: no `--skip-ddl-locks`.
    pub ddl_locks: bool,
    /// How long to wait for a lock, in seconds.
    pub lock_wait_seconds: u64,
    /// How often to retry after such a timeout.
    pub lock_retries: u64,
    /// Whether tables of engines without snapshots are dumped under a lock: no `--trx-tables`.
    pub lock_other_engines: bool,
    /// What to do about long queries before a lock is taken.
    pub long_queries: LongQueryGuard,
    /// Whether progress is hidden.
    pub quiet: bool,
    /// `--stall-report`.
    pub stall_report: Option<Duration>,
}

impl Config {
    /// What the catalog is to have.
    pub fn catalog_selection<'a>(&'a self, names: &'a FileNames) -> CatalogSelection<'a> {
        CatalogSelection {
            filter: &self.filter,
            left_out: &self.left_out,
            ignored_engines: &self.ignored_engines,
            names,
            objects: self.objects,
            views_as_tables: self.views_as_tables.then(|| self.shape.view_engine.as_deref().unwrap_or(TABLES_OF_VIEWS)),
            finds_referenced: self.shape.skip_indexes && !self.shape.skip_constraints,
            updated_since: self.updated_since.filter(|_| self.filter.tables.is_empty()),
            checksums: self.checksums,
            partitions: self.chunks.partitions.as_ref(),
            single_column: self.chunks.single_column,
            utc: self.utc,
        }
    }
}

/// Which objects that are broken are left out instead of ending the dump before its start.
#[derive(Debug, Clone, Default)]
pub struct Tolerance {
    /// All of them.
    pub keep_going: bool,
    /// Those that fail with one of these codes of the server.
    pub codes: BTreeSet<u16>,
}

impl Tolerance {
    /// Whether the dump goes on without an object that fails with this code.
    pub fn allows(&self, code: Option<u16>) -> bool {
        self.keep_going || code.is_some_and(|code| self.codes.contains(&code))
    }
}

/// `--stream`.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// What is sent, and which files stay.
    pub mode: StreamMode,
    /// Whether each member's checksum is sent.
    pub checksum: bool,
    /// How many finished files may wait to be sent.
    pub max_files: usize,
}

/// `--outputdir`.
#[derive(Debug, Clone)]
pub struct Output {
    /// `None` creates a new directory.
    pub directory: Option<PathBuf>,
    /// What to do with files in it.
    pub existing: ExistingFiles,
    /// `--merge`: there has to be a finished dump.
    pub merges: bool,
    /// What the names of its files end with, beyond their own: `--exec-per-thread-extension`.
    pub extension: Option<String>,
}

/// What to do with a directory that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingFiles {
    /// Fail.
    Refuse,
    /// Remove the files of an earlier dump, `--clear`.
    Clear,
    /// Keep them and write beside them, `--dirty`.
    Keep,
    /// Resume the interrupted dump, `--resume`.
    Resume,
}

/// How tables are split into chunks.
#[derive(Debug, Clone)]
pub struct Chunks {
    /// Automatic, or `--rows`.
    pub size: ChunkSizing,
    /// `--use-single-column`: only the first column of a key is used.
    pub single_column: bool,
    /// `--split-partitions` and `--partition-regex`: partitioned tables are split into their partitions.
    pub partitions: Option<Partitions>,
}

/// The engine of tables that stand in for views for good.
const TABLES_OF_VIEWS: &str = "InnoDB";

/// What to do about queries that run for a long time before a lock is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongQueryGuard {
    /// How long a query may have run, in seconds; 0 for no limit.
    pub seconds: u64,
    /// How often to check again whether they have ended.
    pub retries: u64,
    /// Seconds between these checks.
    pub retry_interval: u64,
    /// Whether to kill them then.
    pub kill: bool,
}

/// # Errors
/// When the options contradict each other, or one has an invalid value.
pub fn resolve(parsed: Parsed<Options>, stop: &Stop) -> Result<Config, UsageError> {
    let Parsed { options, session_variables, global_variables, .. } = parsed;
    let Options {
        connection,
        filter,
        selection,
        definer,
        lock,
        statement,
        output,
        commands: command,
        job,
        checksums,
        log,
    } = options;
    let databases = selection.database.map(|list| list.0).unwrap_or_default();
    let per_thread = program::per_thread(&command)?;
    commands::check(&output, per_thread.as_ref())?;
    let compression = output.compress.or(per_thread.as_ref().map(PerThread::compression)).unwrap_or(Compression::None);
    let server_version = connection.server_version.as_deref().map(str::parse::<Server>).transpose();
    if output.stream.is_some() && std::io::stdout().is_terminal() {
        return Err(UsageError::new("--stream writes binary data to standard output: redirect it to a file or a pipe"));
    }
    if output.resume && output.stream.is_some() {
        return Err(UsageError::new(
            "--resume needs a directory: what the reader of a stream has received is unknown, start both over",
        ));
    }
    if output.merge && output.outputdir.is_none() {
        return Err(UsageError::new("--merge adds to a finished dump: give its directory with --outputdir"));
    }
    if output.resume && output.outputdir.is_none() {
        return Err(UsageError::new("--resume continues an interrupted dump: give its directory with --outputdir"));
    }
    check_charsets(&statement)?;
    Ok(Config {
        connection: program::connection_settings(&connection, &session_variables, stop)?,
        server_version: server_version.map_err(|error| UsageError::new(error.to_string()))?,
        global_variables,
        allow_empty: filter.allow_empty,
        filter: program::filter(&filter, databases)?,
        ignore_missing_privileges: selection.ignore_missing_privileges,
        tolerance: Tolerance { keep_going: selection.keep_going, codes: selection.ignore_errors.unwrap_or_default().0 },
        left_out: BTreeSet::new(),
        ignored_engines: selection.ignore_engines.map(|list| list.0).unwrap_or_default(),
        threads: job.threads,
        output: Output {
            directory: output.outputdir,
            extension: per_thread.as_ref().and_then(PerThread::own_extension).map(str::to_owned),
            merges: output.merge,
            existing: match (output.clear, output.dirty || output.merge, output.resume) {
                (true, ..) => ExistingFiles::Clear,
                (_, true, _) => ExistingFiles::Keep,
                (.., true) => ExistingFiles::Resume,
                (false, false, false) => ExistingFiles::Refuse,
            },
        },
        stream: output.stream.map(|mode| Stream {
            mode,
            checksum: output.stream_checksum == StreamChecksum::Crc32c,
            max_files: output.stream_max_files,
        }),
        compression,
        compression_level: compression_level(compression, output.compress_level)?,
        per_thread,
        exec: commands::exec(output.exec.as_deref(), output.exec_threads)?,
        chunks: Chunks {
            size: chunk_size(&job),
            single_column: job.use_single_column,
            partitions: match &selection.partition_regex {
                Some(pattern) => Some(Partitions {
                    pattern: Some(
                        Pattern::compile("--partition-regex", pattern)
                            .map_err(|error| UsageError::new(error.to_string()))?,
                    ),
                }),
                None => job.split_partitions.then_some(Partitions { pattern: None }),
            },
        },
        chunk_filesize: (output.chunk_filesize > 0).then_some(output.chunk_filesize),
        max_threads_per_table: job.max_threads_per_table.unwrap_or(job.threads),
        rows: RowOptions {
            condition: selection.where_condition.as_deref().map(RowCondition::new),
            format: row_format(&statement)?,
            on_duplicate: match (statement.insert_ignore, statement.replace) {
                (true, _) => OnDuplicate::Ignore,
                (false, true) => OnDuplicate::Replace,
                (false, false) => OnDuplicate::Fail,
            },
            complete: statement.complete_insert,
            hex_blob: statement.hex_blob,
            statement_size: usize::try_from(statement.statement_size).unwrap_or(usize::MAX),
            statement_end: statement_end(&statement)?,
            order_by_primary: statement.order_by_primary,
        },
        objects: Objects {
            schemas: !selection.no_schemas,
            data: !selection.no_data,
            views: !selection.no_views,
            triggers: selection.triggers,
            routines: selection.routines,
            events: selection.events,
            tablespaces: selection.all_tablespaces,
            accounts: selection.users,
        },
        views_as_tables: selection.views_as_tables,
        updated_since: selection.updated_since.filter(|days| *days > 0),
        check_row_count: selection.check_row_count,
        compact: statement.compact,
        numbers_files: output.masquerade_filename,
        tidb_snapshot: lock.tidb_snapshot,
        definer: definer.rule(),
        checksums: Kinds { indexes: checksums.written().indexes && !selection.skip_indexes, ..checksums.written() },
        shape: Shape {
            skip_indexes: selection.skip_indexes,
            skip_constraints: selection.skip_constraints,
            view_engine: selection.table_engine_for_view_dependency,
        },
        build_empty_files: output.build_empty_files,
        body_format: output.body_format,
        utc: !statement.skip_tz_utc,
        lock: lock.sync_thread_lock_mode,
        backup_locks: !lock.no_backup_locks,
        ddl_locks: !lock.skip_ddl_locks,
        lock_other_engines: !lock.trx_tables,
        lock_wait_seconds: lock.ftwrl_max_wait_time,
        lock_retries: lock.ftwrl_timeout_retries,
        long_queries: LongQueryGuard {
            seconds: lock.long_query_guard,
            retries: lock.long_query_retries,
            retry_interval: lock.long_query_retry_interval,
            kill: lock.kill_long_queries,
        },
        quiet: log.verbose == 0,
        stall_report: log.stall_report(),
    })
}

fn row_format(options: &StatementOptions) -> Result<RowFormat, UsageError> {
    let separators = Separators {
        fields_terminated_by: options.fields_terminated_by.clone(),
        fields_enclosed_by: options.fields_enclosed_by.clone(),
        fields_escaped_by: options.fields_escaped_by.clone(),
        lines_starting_by: options.lines_starting_by.clone(),
        lines_terminated_by: options.lines_terminated_by.clone(),
    };
    let format = match options.format {
        options::Format::Insert | options::Format::Clickhouse => {
            let given = [
                ("include-header", options.include_header),
                ("fields-terminated-by", separators.fields_terminated_by.is_some()),
                ("fields-enclosed-by", separators.fields_enclosed_by.is_some()),
                ("fields-escaped-by", separators.fields_escaped_by.is_some()),
                ("lines-starting-by", separators.lines_starting_by.is_some()),
                ("lines-terminated-by", separators.lines_terminated_by.is_some()),
            ];
            return match given.into_iter().find(|(_, given)| *given) {
                Some((name, _)) => Err(UsageError::new(format!(
                    "--{name} has no effect on INSERT statements: add --format=LOAD_DATA or --format=CSV, or remove it"
                ))),
                None if options.format == options::Format::Clickhouse => Ok(RowFormat::Clickhouse),
                None => Ok(RowFormat::Insert),
            };
        }
        options::Format::LoadData => DelimitedFormat::load_data(&separators, options.include_header),
        options::Format::Csv => DelimitedFormat::csv(&separators, options.include_header),
    };
    Ok(RowFormat::Delimited(Arc::new(format.map_err(|error| UsageError::new(error.to_string()))?)))
}

/// The end of each INSERT statement.
fn statement_end(options: &StatementOptions) -> Result<Box<[u8]>, UsageError> {
    match (&options.statement_terminated_by, options.format) {
        (None, _) => Ok(STATEMENT_END.into()),
        (Some(end), options::Format::Insert | options::Format::Clickhouse) => Ok(end.0.as_bytes().into()),
        (Some(_), options::Format::LoadData | options::Format::Csv) => Err(UsageError::new(
            "--statement-terminated-by would put a text among the rows of LOAD_DATA and CSV files: leave it out",
        )),
    }
}

/// Rows that are read as they are stored must not be declared as something else: whoever asks for that expects a conversion.
fn check_charsets(options: &StatementOptions) -> Result<(), UsageError> {
    let (declared, read) = (&options.set_names, &options.default_character_set);
    if let Some(declared) = declared.as_ref().filter(|declared| declared.converts_rows())
        && !read.as_ref().is_some_and(Charsets::converts_rows)
    {
        return Err(UsageError::new(format!(
            "--set-names declares rows as {0}, but the connection reads them as they are stored: add \
             --default-character-set={0}, or leave it out, since files keep every byte",
            declared.rows
        )));
    }
    if declared.is_some() || read.is_some() {
        tracing::info!(
            "--set-names and --default-character-set change nothing: definitions are in utf8mb4, rows as they are stored"
        );
    }
    Ok(())
}

fn chunk_size(job: &options::JobOptions) -> ChunkSizing {
    let RowsHard { min: least, max: most } = job.rows_hard;
    let within = |rows: u64| rows.max(least).min(if most == 0 { u64::MAX } else { most });
    let RowsPerChunk { min, start, max } = job.rows;
    if max != 0 && max < start {
        tracing::warn!(
            "--rows={min}:{start}:{max}: the first chunk has {start} rows, which also are the most of a chunk then"
        );
    }
    match (RowsPerChunk { max: if max == 0 { 0 } else { max.max(start) }, ..job.rows }) {
        RowsPerChunk { start: 0, .. } if (least, most) == (0, 0) => ChunkSizing::Automatic,
        RowsPerChunk { start: 0, .. } => ChunkSizing::Within { min: within(0), max: within(u64::MAX) },
        RowsPerChunk { min, start, max } if min == max => ChunkSizing::Rows(ChunkSize::steady(within(start))),
        RowsPerChunk { min, start, max } => {
            let max = if max == 0 { most } else { within(max) };
            let (min, start) = (within(min), within(start));
            ChunkSizing::Rows(ChunkSize::adaptive(min, start, max, Duration::from_secs(job.max_time_per_select)))
        }
    }
}

fn compression_level(compression: Compression, asked: Option<i32>) -> Result<i32, UsageError> {
    let (levels, default) = compression.levels();
    match asked {
        Some(level) if compression == Compression::None || levels.contains(&level) => Ok(level),
        Some(level) if levels.start() == levels.end() => {
            Err(UsageError::new(format!("{compression} has no level {level} (only {})", levels.start())))
        }
        Some(level) => Err(UsageError::new(format!(
            "{compression} has no level {level} (only {} to {})",
            levels.start(),
            levels.end()
        ))),
        None => Ok(default),
    }
}
