//! Options of mydumper as they were typed: names, letters and defaults of mydumper 1.0.1.
//!
//! Each value is checked by itself here. What they mean together is settled in `config`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;
use common::options::values::{BadValue, byte_size, choose, mebibytes, number, positive, threads};
use common::options::{
    ChecksumOptions, CommaList, ConnectionOptions, DefinerOptions, FilterOptions, LogOptions, StreamMode,
};

#[cfg(test)]
mod tests;

/// Dump MySQL and MariaDB databases with several threads, at one point in time.
#[derive(Clone, Debug, Parser, PartialEq, Eq)]
#[command(version)]
pub struct Options {
    /// How to reach the server.
    #[command(flatten)]
    pub connection: ConnectionOptions,

    /// Filters on tables that both programs have.
    #[command(flatten)]
    pub filter: FilterOptions,

    /// What is dumped.
    #[command(flatten)]
    pub selection: SelectionOptions,

    /// Who defines views and programs.
    #[command(flatten)]
    pub definer: DefinerOptions,

    /// How all threads come to see one point in time.
    #[command(flatten)]
    pub lock: LockOptions,

    /// How rows are written.
    #[command(flatten)]
    pub statement: StatementOptions,

    /// Where the files go and what they look like.
    #[command(flatten)]
    pub output: OutputOptions,

    /// How the work is shared out.
    #[command(flatten)]
    pub job: JobOptions,

    /// Which checksums are written.
    #[command(flatten)]
    pub checksums: ChecksumOptions,

    /// The log and the defaults files.
    #[command(flatten)]
    pub log: LogOptions,
}

/// What is dumped.
#[derive(clap::Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Selection options")]
pub struct SelectionOptions {
    /// Databases to dump, separated by commas
    #[arg(short = 'B', long, value_name = "DATABASES")]
    pub database: Option<CommaList>,

    /// Leave out tables of these engines, separated by commas
    #[arg(short = 'i', long, value_name = "ENGINES")]
    pub ignore_engines: Option<CommaList>,

    /// Dump only rows that meet this SQL condition
    #[arg(long = "where", value_name = "CONDITION")]
    pub where_condition: Option<String>,

    /// Regular expression (PCRE) that the names of partitions have to match; means --split-partitions
    #[arg(long, value_name = "REGEX")]
    pub partition_regex: Option<String>,

    /// Dump no rows
    #[arg(short = 'd', long)]
    pub no_data: bool,

    /// Dump no schemas of tables and no triggers
    #[arg(short = 'm', long)]
    pub no_schemas: bool,

    /// Dump triggers
    #[arg(short = 'G', long)]
    pub triggers: bool,

    /// Dump events
    #[arg(short = 'E', long)]
    pub events: bool,

    /// Dump procedures and functions
    #[arg(short = 'R', long)]
    pub routines: bool,

    /// Dump general and undo tablespaces (MySQL)
    #[arg(short = 'Y', long)]
    pub all_tablespaces: bool,

    /// Dump all accounts and roles with their privileges; the file holds password hashes
    #[arg(long)]
    pub users: bool,

    /// Dump no views
    #[arg(short = 'W', long)]
    pub no_views: bool,
}

/// How all threads come to see one point in time.
#[derive(clap::Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Lock options")]
pub struct LockOptions {
    /// AUTO, FTWRL, LOCK_ALL, GTID, SAFE_NO_LOCK or NO_LOCK
    #[arg(long, value_name = "MODE", default_value = "AUTO")]
    pub sync_thread_lock_mode: LockMode,

    /// Release metadata locks after each chunk: always done
    #[arg(long)]
    pub use_savepoints: bool,

    /// All tables are transactional: locks end when the snapshots stand
    #[arg(long, overrides_with = "no_trx_tables")]
    pub trx_tables: bool,

    /// Some tables are not transactional: they stay locked while they are copied
    #[arg(long, overrides_with = "trx_tables")]
    pub no_trx_tables: bool,

    /// Use no BACKUP STAGE on MariaDB, but FLUSH TABLES WITH READ LOCK
    #[arg(long)]
    pub no_backup_locks: bool,

    /// Do not hold off DDL by LOCK INSTANCE FOR BACKUP
    #[arg(long)]
    pub skip_ddl_locks: bool,

    /// Take no lock while a query runs for longer than this, in seconds; 0 lets them run
    #[arg(short = 'l', long, value_name = "SECONDS", default_value = "60", value_parser = number)]
    pub long_query_guard: u64,

    /// How often to look again whether long queries have ended
    #[arg(long, value_name = "COUNT", default_value = "0", value_parser = number)]
    pub long_query_retries: u64,

    /// Seconds between these looks
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = number)]
    pub long_query_retry_interval: u64,

    /// Kill long queries that do not end by themselves
    #[arg(short = 'K', long)]
    pub kill_long_queries: bool,

    /// Seconds to wait for a lock
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = number)]
    pub ftwrl_max_wait_time: u64,

    /// How often to try again when that time has passed
    #[arg(long, value_name = "COUNT", default_value = "0", value_parser = number)]
    pub ftwrl_timeout_retries: u64,
}

/// How rows are written.
#[derive(clap::Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Statement options")]
pub struct StatementOptions {
    /// Format of the rows: INSERT, LOAD_DATA or CSV
    #[arg(long, value_name = "FORMAT", default_value = "INSERT")]
    pub format: RowFormat,

    /// Begin each file of LOAD_DATA and CSV with the names of the columns
    #[arg(long)]
    pub include_header: bool,

    /// What stands between two columns [default: tab, CSV: comma]; \n, \r, \t and \\ are understood here and below
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub fields_terminated_by: Option<String>,

    /// Character around values that are no numbers [default: none, CSV: double quote]
    #[arg(long, value_name = "CHARACTER", allow_hyphen_values = true)]
    pub fields_enclosed_by: Option<String>,

    /// Character before those that have another meaning; empty for none [default: backslash]
    #[arg(long, value_name = "CHARACTER", allow_hyphen_values = true)]
    pub fields_escaped_by: Option<String>,

    /// What stands before the first column [default: nothing]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub lines_starting_by: Option<String>,

    /// What stands behind the last column [default: a line break]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub lines_terminated_by: Option<String>,

    /// Character set of the files of LOAD_DATA and CSV: binary, which keeps every value as it is
    #[arg(long, value_name = "CHARSET", value_parser = load_data_character_set)]
    pub load_data_character_set: Option<String>,

    /// Size of an INSERT statement in bytes; k, M and G may follow
    #[arg(short = 's', long, value_name = "BYTES", default_value = "1000000", value_parser = byte_size)]
    pub statement_size: u64,

    /// Write INSERT IGNORE
    #[arg(short = 'N', long, conflicts_with = "replace")]
    pub insert_ignore: bool,

    /// Write REPLACE
    #[arg(long)]
    pub replace: bool,

    /// Name the columns in each statement
    #[arg(long)]
    pub complete_insert: bool,

    /// Write binary columns in hexadecimal
    #[arg(long)]
    pub hex_blob: bool,

    /// Read the rows in the order of the primary key
    #[arg(long)]
    pub order_by_primary: bool,

    /// Write TIMESTAMP columns in UTC; this is the default
    #[arg(long, overrides_with = "skip_tz_utc")]
    pub tz_utc: bool,

    /// Write TIMESTAMP columns in the server's time zone
    #[arg(long, overrides_with = "tz_utc")]
    pub skip_tz_utc: bool,
}

/// Where the files go and what they look like.
#[derive(clap::Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Output options")]
pub struct OutputOptions {
    /// Directory for the files [default: export-YYYYMMDD-HHMMSS]
    #[arg(short = 'o', long, value_name = "DIR")]
    pub outputdir: Option<PathBuf>,

    /// Remove the files of the output directory before the dump
    #[arg(long, conflicts_with = "dirty")]
    pub clear: bool,

    /// Write into an output directory that has files in it
    #[arg(long)]
    pub dirty: bool,

    /// Go on with the interrupted dump in the output directory, if the server's data did not change since
    #[arg(long, conflicts_with_all = ["clear", "dirty"])]
    pub resume: bool,

    /// Send the files to stdout: TRADITIONAL (if no mode is given), NO_DELETE, NO_STREAM, NO_STREAM_AND_NO_DELETE
    #[arg(long, value_name = "MODE", num_args = 0..=1, default_missing_value = "TRADITIONAL")]
    pub stream: Option<StreamMode>,

    /// Checksum of each file in the stream: CRC32C or NONE
    #[arg(long, value_name = "CHECKSUM", default_value = "CRC32C")]
    pub stream_checksum: StreamChecksum,

    /// Finished files that may wait to be sent
    #[arg(long, value_name = "COUNT", default_value = "16", value_parser = threads)]
    pub stream_max_files: usize,

    /// Compress the files: ZSTD (if no method is given), GZIP or LZ4
    #[arg(short = 'c', long, value_name = "METHOD", num_args = 0..=1, default_missing_value = "ZSTD")]
    pub compress: Option<CompressMethod>,

    /// Level of the compression: 1 to 22 for zstd, 1 to 9 for gzip; lz4 has one
    #[arg(long, value_name = "LEVEL", value_parser = compress_level)]
    pub compress_level: Option<i32>,

    /// Cut the files of rows at this size, in MB; k, M and G may follow; 0 cuts none
    #[arg(short = 'F', long, value_name = "MB", default_value = "0", value_parser = mebibytes)]
    pub chunk_filesize: u64,

    /// Write files for tables without rows too
    #[arg(short = 'e', long)]
    pub build_empty_files: bool,
}

/// How the work is shared out.
#[derive(clap::Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Job options")]
pub struct JobOptions {
    /// Number of threads, each with a connection of its own
    #[arg(short = 't', long, value_name = "COUNT", default_value = "4", value_parser = threads)]
    pub threads: usize,

    /// Most threads that work on one table [default: all]
    #[arg(long, value_name = "COUNT", value_parser = threads)]
    pub max_threads_per_table: Option<usize>,

    /// Rows of a chunk: N, MIN:MAX or MIN:START:MAX; 0 leaves it to mydumper
    #[arg(short = 'r', long, value_name = "ROWS", default_value = "0:0:0")]
    pub rows: RowsPerChunk,

    /// With MIN:START:MAX: chunks get smaller when the SELECT of one took longer
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = positive)]
    pub max_time_per_select: u64,

    /// Cut tables by the first column of their key only
    #[arg(long)]
    pub use_single_column: bool,

    /// Dump each partition of a table by itself
    #[arg(long)]
    pub split_partitions: bool,
}

/// `--sync-thread-lock-mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// The least intrusive way that is safe on this server.
    Auto,
    /// FLUSH TABLES WITH READ LOCK while the threads open their snapshots.
    Ftwrl,
    /// LOCK TABLES on all tables of the dump.
    LockAll,
    /// Snapshots are opened again until all have the same GTID set.
    Gtid,
    /// No lock, but the dump fails unless all snapshots are proved the same.
    SafeNoLock,
    /// No lock and no proof.
    NoLock,
}

impl FromStr for LockMode {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        choose(
            text,
            &[
                ("AUTO", Self::Auto),
                ("FTWRL", Self::Ftwrl),
                ("LOCK_ALL", Self::LockAll),
                ("GTID", Self::Gtid),
                ("SAFE_NO_LOCK", Self::SafeNoLock),
                ("NO_LOCK", Self::NoLock),
            ],
        )
    }
}

/// `--compress`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressMethod {
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
    /// `.lz4`
    Lz4,
}

impl FromStr for CompressMethod {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        choose(text, &[("ZSTD", Self::Zstd), ("GZIP", Self::Gzip), ("LZ4", Self::Lz4)])
    }
}

/// `--stream-checksum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamChecksum {
    /// CRC-32C.
    Crc32c,
    /// None.
    None,
}

impl FromStr for StreamChecksum {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        choose(text, &[("CRC32C", Self::Crc32c), ("NONE", Self::None)])
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// INSERT statements.
    Insert,
    /// Lines as LOAD DATA reads them by itself, and the statement that does.
    LoadData,
    /// The same with commas and quotes.
    Csv,
}

impl FromStr for RowFormat {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if choose(text, &[("CLICKHOUSE", ())]).is_ok() {
            return Err(BadValue::new("CLICKHOUSE is not supported yet by this version, use INSERT, LOAD_DATA or CSV"));
        }
        choose(text, &[("INSERT", Self::Insert), ("LOAD_DATA", Self::LoadData), ("CSV", Self::Csv)])
    }
}

/// Any other would be converted from and to, and each lacks characters of some other.
fn load_data_character_set(text: &str) -> Result<String, BadValue> {
    if text.eq_ignore_ascii_case("binary") {
        Ok("binary".to_owned())
    } else {
        Err(BadValue::new("use binary: the files hold the bytes of each column, and no other set keeps them all"))
    }
}

/// `--rows`: how many rows a chunk has. All three are 0 when the program chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsPerChunk {
    /// The fewest.
    pub min: u64,
    /// The first chunk's.
    pub start: u64,
    /// The most; 0 for no limit, unless the others are 0 too.
    pub max: u64,
}

impl FromStr for RowsPerChunk {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = || {
            BadValue::new("use a number of rows, MIN:MAX or MIN:START:MAX, with MIN <= START <= MAX (MAX 0: no limit)")
        };
        let numbers: Vec<u64> = text.split(':').map(number).collect::<Result<_, _>>().map_err(|_| bad())?;
        let (min, start, max) = match numbers[..] {
            [rows] => (rows, rows, rows),
            [min, max] => (min, min, max),
            [min, start, max] => (min, start, max),
            _ => return Err(bad()),
        };
        if min > start || (max != 0 && start > max) {
            return Err(bad());
        }
        Ok(Self { min, start, max })
    }
}

/// zstd has the most levels; that gzip has fewer is checked when the method is known.
fn compress_level(text: &str) -> Result<i32, BadValue> {
    positive(text)
        .ok()
        .and_then(|level| i32::try_from(level).ok())
        .filter(|level| *level <= 22)
        .ok_or_else(|| BadValue::new("use a whole number from 1 to 22 (gzip: 1 to 9)"))
}
