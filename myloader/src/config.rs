//! What a restore does: resolved from the options, checked, and never changed afterwards.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use common::backup::mydumper_checksum::Kinds;
use common::backup::selection::Filter;
use common::options::{LoaderStream, Parsed, StreamMode, UsageError};
use common::process::stop::Stop;
use common::program::{self, PerThread};
use common::server::Server;
use common::server::connection::Settings;
use common::sql::definer::DefinerRule;

use crate::options::{
    Checksum, DropTable, LoadMethod, OptimizeKeys, Options, RestoreOptions, SelectionOptions, Verify,
};
use crate::tolerance::Tolerance;

/// What `--max-transaction-size` counts.
const MEBIBYTE: u64 = 1 << 20;

pub struct Config {
    pub connection: Settings,
    pub server_version: Option<Server>,
    /// `SET GLOBAL` for the time of the restore, from the defaults file.
    pub global_variables: Vec<(String, String)>,
    pub source: Source,
    /// `--exec-per-thread`.
    pub per_thread: Option<PerThread>,
    pub threads: usize,
    /// How many workers may load one table.
    pub max_threads_per_table: usize,
    /// How many workers may add keys.
    pub max_threads_for_keys: usize,
    /// How many may create tables.
    pub max_threads_for_tables: usize,
    /// How many may create views, routines, triggers and events.
    pub max_threads_for_post: usize,
    pub enable_binlog: bool,
    pub disable_redo_log: bool,
    /// What workers do with each file.
    pub restore: Restore,
    pub resume: bool,
    pub journal: Option<PathBuf>,
    /// Whether no progress is shown.
    pub quiet: bool,
    pub stall_report: Option<Duration>,
}

/// Where a dump comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Directory(PathBuf),
    Stream(StreamSource),
}
/// What a stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A stream of mydumper on standard input.
    Mydumper,
    /// A dump of mysqldump.
    Mysqldump {
        /// Its file; otherwise standard input.
        file: Option<PathBuf>,
        /// The database of what it does not say the database of.
        database: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSource {
    /// What is sent and what is kept.
    pub mode: StreamMode,
    /// What the stream is.
    pub origin: Origin,
    /// `--directory`: where the files go, or where they are when the stream brings headers only. Without it a fresh
    /// one is made.
    pub directory: Option<PathBuf>,
    /// Bytes that may wait to be restored.
    pub max_waiting: u64,
}

/// What the program is asked to do.
pub enum Command {
    /// Restore into a server.
    Restore(Box<Config>),
    /// Write a stream's files into a directory.
    Unpack(Box<Unpack>),
}

/// `--stream=UNPACK`.
pub struct Unpack {
    /// What the stream is.
    pub origin: Origin,
    pub directory: Option<PathBuf>,
    /// `--exec-per-thread`.
    pub per_thread: Option<PerThread>,
    /// Which tables' files.
    pub filter: Filter,
    /// Whether nothing may match.
    pub allow_empty: bool,
    /// Whether no progress is shown.
    pub quiet: bool,
}
#[derive(Debug)]
pub struct Restore {
    pub filter: Filter,
    /// `--database`: the name that the one database of the dump is restored under.
    pub target_database: Option<String>,
    /// What becomes of tables that exist.
    pub drop_table: DropTable,
    pub drop_database: bool,
    pub fire_triggers: bool,
    /// When keys are added.
    pub optimize_keys: OptimizeKeys,
    /// Of which engines.
    pub optimize_keys_engines: Vec<String>,
    /// Most keys that one ALTER TABLE adds; 0: all.
    pub keys_per_statement: usize,
    pub create_databases: bool,
    pub create_tables: bool,
    /// Whether views, sequences and the other definitions are created.
    pub schemas: bool,
    /// Whether rows are loaded.
    pub data: bool,
    /// Whether accounts and privileges are restored.
    pub accounts: bool,
    /// What becomes of definers.
    pub definer: DefinerRule,
    /// Whether triggers are created.
    pub triggers: bool,
    /// Whether routines and events are created.
    pub post: bool,
    pub skip_constraints: bool,
    pub skip_indexes: bool,
    pub load_method: LoadMethod,
    /// Whether the server may change values that its columns do not hold.
    pub allow_truncation: bool,
    /// Whether the filter may leave nothing.
    pub allow_empty: bool,
    /// Statements of rows in one transaction.
    pub queries_per_transaction: u64,
    /// Bytes of statements in one transaction.
    pub max_transaction_bytes: u64,
    /// Rows of one statement; 0: as dumped.
    pub rows_per_statement: u64,
    /// Variables that are not set, in lower case.
    pub ignored_variables: Arc<[String]>,
    /// `--retry-count`: of a transaction.
    pub retry_count: u32,
    pub verify: Option<Verify>,
    pub checksum: Checksum,
    /// Which checksums are compared.
    pub checksums: Kinds,
    /// `--verify-only`: nothing is restored.
    pub verify_only: bool,
    /// Whether a file is removed when it was restored.
    pub delete_files: bool,
    /// Whether files that are not as they were dumped are restored.
    pub ignore_file_checksums: bool,
    /// What the restore continues without.
    pub tolerance: Tolerance,
}

impl Restore {
    /// Whether the server computes what tables of the dump define, for rows of the dump.
    pub fn computes_rows(&self) -> bool {
        self.data && self.create_tables
    }

    /// Whether existing views and sequences stay unchanged, as tables do.
    pub fn keeps_existing(&self) -> bool {
        match self.drop_table {
            DropTable::None => true,
            DropTable::Fail => !self.create_tables,
            DropTable::Drop | DropTable::Truncate | DropTable::Delete => false,
        }
    }
}

/// The filters leave nothing.
#[derive(Debug, thiserror::Error)]
#[error(
    "nothing in the {input} matches: check --database, --source-db, --tables-list, --omit-from-file and --regex (with \
     --allow-empty, nothing has to match)"
)]
pub struct NothingMatches {
    /// Dump or stream.
    pub input: &'static str,
}

/// What the options ask for.
pub fn resolve(parsed: Parsed<Options>, stop: &Stop) -> Result<Command, UsageError> {
    let Parsed { options, session_variables, global_variables, .. } = parsed;
    let Options { connection, filter, selection, definer, restore, commands, job, checksums, log } = options;
    let per_thread = program::per_thread(&commands)?;
    if restore.stream.is_some() && std::io::stdin().is_terminal() {
        return Err(UsageError::new("--stream reads a dump from standard input: redirect a file or pipe to it"));
    }
    let chooses_tables = filter.tables_list.is_some() || filter.regex.is_some() || filter.omit_from_file.is_some();
    if restore.drop_database && chooses_tables {
        return Err(UsageError::new(
            "--drop-database would drop tables that --tables-list, --regex or --omit-from-file leave out of the restore: \
             use --drop-table",
        ));
    }
    check_verification(&selection, &restore)?;
    let drop_table = drop_table(&restore)?;
    if restore.mysqldump {
        check_mysqldump(&restore)?;
    }
    let (quiet, restores, stall_report) = (log.verbose == 0, !restore.verify_only, log.stall_report());
    if restore.resume && restore.stream.is_some() {
        return Err(UsageError::new(
            "--resume needs the files of the dump, and a stream cannot be read again: if its files were kept, give their \
             --directory without --stream",
        ));
    }
    let origin = |file| match restore.mysqldump {
        true => Origin::Mysqldump { file, database: selection.database.clone() },
        false => Origin::Mydumper,
    };
    let source = match (restore.stream, restore.directory) {
        (None, Some(file)) if restore.mysqldump => Source::Stream(StreamSource {
            mode: StreamMode::TRADITIONAL,
            origin: origin(Some(file)),
            directory: None,
            max_waiting: restore.stream_max_waiting,
        }),
        (None, None) if restore.mysqldump => {
            return Err(UsageError::new(
                "--mysqldump: where is the dump? Give its file with --directory, or --stream for standard input",
            ));
        }
        (None, Some(directory)) => Source::Directory(directory),
        (None, None) => {
            return Err(UsageError::new("where is the dump? Give its --directory, or --stream for standard input"));
        }
        (Some(LoaderStream::Unpack), directory) => {
            let origin = origin(None);
            // There is no server that could have the database under another name: both options choose.
            let databases = selection.database.into_iter().chain(selection.source_db).collect();
            let allow_empty = filter.allow_empty;
            // Whoever made the stream chose them.
            let filter = Filter { with_system: true, ..program::filter(&filter, databases)? };
            return Ok(Command::Unpack(Box::new(Unpack { origin, directory, per_thread, filter, allow_empty, quiet })));
        }
        (Some(LoaderStream::Restore(mode)), None) if !mode.content => {
            return Err(UsageError::new(
                "this --stream mode brings no content: give the --directory that mydumper writes to",
            ));
        }
        (Some(LoaderStream::Restore(mode)), directory) => {
            let origin = origin(None);
            Source::Stream(StreamSource { mode, origin, directory, max_waiting: restore.stream_max_waiting })
        }
    };
    if restore.journal.is_some() && matches!(&source, Source::Stream(stream) if stream.mode.delete) {
        return Err(UsageError::new(
            "--journal is for --resume, which needs the files of the dump: keep those of the stream (--stream=NO_DELETE)",
        ));
    }
    let server_version = connection.server_version.as_deref().map(str::parse::<Server>).transpose();
    let databases = selection.source_db.into_iter().collect();
    Ok(Command::Restore(Box::new(Config {
        connection: program::connection_settings(&connection, &session_variables, stop)?,
        server_version: server_version.map_err(|error| UsageError::new(error.to_string()))?,
        global_variables: if restores { global_variables } else { Vec::new() },
        threads: job.threads,
        max_threads_per_table: job.max_threads_per_table,
        max_threads_for_keys: job.max_threads_for_index_creation,
        max_threads_for_tables: job.max_threads_for_schema_creation.unwrap_or(job.threads),
        max_threads_for_post: job.max_threads_for_post_actions.unwrap_or(job.threads),
        enable_binlog: restore.enable_binlog,
        disable_redo_log: restore.disable_redo_log,
        resume: restore.resume,
        journal: restore.journal,
        restore: Restore {
            // Under another name, they are no system databases.
            filter: Filter { with_system: selection.database.is_some(), ..program::filter(&filter, databases)? },
            target_database: selection.database,
            drop_table,
            drop_database: restore.drop_database,
            fire_triggers: restore.fire_triggers,
            optimize_keys: restore.optimize_keys,
            optimize_keys_engines: restore.optimize_keys_engines.0,
            keys_per_statement: restore.optimize_keys_batchsize,
            create_databases: restores && !selection.skip_create_database && !selection.no_schemas,
            create_tables: restores && !selection.skip_create_table && !selection.no_schemas,
            schemas: restores && !selection.no_schemas,
            data: restores && !selection.no_data,
            accounts: selection.users,
            definer: definer.rule(),
            triggers: restores && !selection.skip_triggers && !selection.no_schemas,
            post: restores && !selection.skip_post && !selection.no_schemas,
            skip_constraints: selection.skip_constraints,
            skip_indexes: selection.skip_indexes,
            retry_count: restore.retry_count,
            load_method: restore.load_method,
            allow_truncation: restore.allow_truncation,
            allow_empty: filter.allow_empty,
            queries_per_transaction: restore.queries_per_transaction,
            max_transaction_bytes: restore.max_transaction_size.saturating_mul(MEBIBYTE),
            rows_per_statement: restore.rows,
            ignored_variables: restore.ignore_set.map(|list| list.0.into()).unwrap_or_default(),
            checksum: restore.checksum.unwrap_or(Checksum::Auto),
            checksums: Kinds {
                indexes: checksums.compared().indexes && !selection.skip_indexes,
                ..checksums.compared()
            },
            verify: if restores { restore.verify } else { restore.verify.or(Some(Verify::Hash)) },
            verify_only: !restores,
            ignore_file_checksums: restore.ignore_file_checksums,
            tolerance: Tolerance { keep_going: restore.keep_going, codes: restore.ignore_errors.unwrap_or_default().0 },
            delete_files: matches!(&source, Source::Stream(stream) if stream.mode.delete),
        },
        source,
        per_thread,
        quiet,
        stall_report,
    })))
}

/// `--overwrite-unsafe` and `--append-if-not-exist` are modes of `--drop-table`.
fn drop_table(restore: &RestoreOptions) -> Result<DropTable, UsageError> {
    let (name, mode) = match (restore.overwrite_unsafe, restore.append_if_not_exist) {
        (false, false) => return Ok(restore.drop_table),
        (true, true) => {
            return Err(UsageError::new("--overwrite-unsafe drops what --append-if-not-exist keeps: leave one out"));
        }
        (true, false) => ("--overwrite-unsafe means --drop-table=DROP", DropTable::Drop),
        (false, true) => ("--append-if-not-exist means --drop-table=NONE", DropTable::None),
    };
    if restore.drop_table != DropTable::Fail && restore.drop_table != mode {
        return Err(UsageError::new(format!("{name}, and another mode is given: leave one out")));
    }
    Ok(mode)
}

/// Options that do not go together with `--mysqldump`.
fn check_mysqldump(restore: &RestoreOptions) -> Result<(), UsageError> {
    if matches!(restore.stream, Some(LoaderStream::Restore(mode)) if !mode.content) {
        return Err(UsageError::new("--mysqldump reads the dump itself: use --stream=TRADITIONAL or NO_DELETE"));
    }
    match () {
        () if restore.verify_only => Err(UsageError::new(
            "--verify-only compares with the metadata of mydumper, which a dump of mysqldump has not: use --verify=ROWS",
        )),
        () if restore.resume || (restore.journal.is_some() && restore.stream.is_none()) => Err(UsageError::new(
            "--resume does not go with --mysqldump: keep the files that the dump is split into with --stream=NO_DELETE, and \
             resume with their --directory",
        )),
        () => Ok(()),
    }
}

/// Options that do not go together with `--verify` and `--verify-only`.
fn check_verification(selection: &SelectionOptions, restore: &RestoreOptions) -> Result<(), UsageError> {
    if selection.no_data && (restore.verify.is_some() || restore.verify_only) {
        return Err(UsageError::new("--verify compares rows: leave --no-data out"));
    }
    let changes = [
        ("drop-database", restore.drop_database),
        ("drop-table", restore.drop_table != DropTable::Fail),
        ("overwrite-unsafe", restore.overwrite_unsafe),
        ("append-if-not-exist", restore.append_if_not_exist),
        ("disable-redo-log", restore.disable_redo_log),
        ("resume", restore.resume),
        ("journal", restore.journal.is_some()),
        ("users", selection.users),
        ("resume", restore.resume),
    ];
    match changes.into_iter().find(|(_, given)| restore.verify_only && *given) {
        Some((name, _)) => Err(UsageError::new(format!("--verify-only changes nothing: leave --{name} out"))),
        None if restore.verify_only && restore.stream.is_some() => Err(UsageError::new(
            "--verify-only reads the metadata of a complete dump: give its --directory; with --stream, use --verify",
        )),
        None => Ok(()),
    }
}
