//! Options of myloader as they were typed: names, letters and defaults of myloader 1.0.1.
//!
//! Each value is checked by itself here. What they mean together is settled in `config`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;
use common::options::values::{BadValue, byte_size, choose, positive, threads};
use common::options::{
    ChecksumOptions, CommaList, ConnectionOptions, DefinerOptions, ErrorCodes, FilterOptions, LoaderStream, LogOptions,
};

#[cfg(test)]
mod tests;

/// Restore a dump of mydumper with several threads.
#[derive(Clone, Debug, Parser, PartialEq, Eq)]
#[command(version)]
pub struct Options {
    /// How to reach the server.
    #[command(flatten)]
    pub connection: ConnectionOptions,

    /// Filters on tables that both programs have.
    #[command(flatten)]
    pub filter: FilterOptions,

    /// What is restored, and under which name.
    #[command(flatten)]
    pub selection: SelectionOptions,

    /// Who defines views and programs.
    #[command(flatten)]
    pub definer: DefinerOptions,

    /// How the restore treats what is there.
    #[command(flatten)]
    pub restore: RestoreOptions,

    /// How the work is shared out.
    #[command(flatten)]
    pub job: JobOptions,

    /// Which checksums are compared.
    #[command(flatten)]
    pub checksums: ChecksumOptions,

    /// The log and the defaults files.
    #[command(flatten)]
    pub log: LogOptions,
}

/// What is restored, and under which name.
#[derive(clap::Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Selection options")]
pub struct SelectionOptions {
    /// Restore into a database of this name
    #[arg(short = 'B', long, value_name = "DATABASE")]
    pub database: Option<String>,

    /// Restore only this database of the dump
    #[arg(short = 's', long, value_name = "DATABASE")]
    pub source_db: Option<String>,

    /// Create no tables
    #[arg(long)]
    pub skip_create_table: bool,

    /// Create no databases
    #[arg(long)]
    pub skip_create_database: bool,

    /// Restore no triggers
    #[arg(long)]
    pub skip_triggers: bool,

    /// Restore no procedures, functions and events
    #[arg(long)]
    pub skip_post: bool,

    /// Restore no foreign keys
    #[arg(long)]
    pub skip_constraints: bool,

    /// Restore no secondary indexes
    #[arg(long)]
    pub skip_indexes: bool,

    /// Restore no rows
    #[arg(long)]
    pub no_data: bool,

    /// Create the accounts and roles of the dump that are not there, with their privileges
    #[arg(long)]
    pub users: bool,

    /// Restore rows only
    #[arg(long)]
    pub no_schemas: bool,
}

/// How the restore treats what is there, and in which order it goes.
#[derive(clap::Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Restore options")]
pub struct RestoreOptions {
    /// Directory of the dump
    #[arg(short = 'd', long, value_name = "DIR")]
    pub directory: Option<PathBuf>,

    /// Read a stream from stdin: TRADITIONAL (if no mode is given), NO_DELETE, NO_STREAM, NO_STREAM_AND_NO_DELETE, UNPACK
    #[arg(long, value_name = "MODE", num_args = 0..=1, default_missing_value = "TRADITIONAL")]
    pub stream: Option<LoaderStream>,

    /// Bytes of a stream that may wait to be restored; k, M and G may follow. Never more than half of the free space
    #[arg(long, value_name = "BYTES", default_value = "2G", value_parser = byte_size)]
    pub stream_max_waiting: u64,

    /// When a table exists: FAIL, NONE (load into it), DROP (if no mode is given), TRUNCATE, DELETE
    #[arg(
        short = 'o', long, value_name = "MODE", num_args = 0..=1, default_value = "FAIL",
        default_missing_value = "DROP"
    )]
    pub drop_table: DropTable,

    /// Compare the tables with the dump when they are restored: ROWS (their numbers), HASH (if nothing is said: each row)
    #[arg(long, value_name = "HOW", num_args = 0..=1, default_missing_value = "HASH")]
    pub verify: Option<Verify>,

    /// When checksums of metadata differ: FAIL, WARN, SKIP (do not compare). If nothing is said: FAIL, but for what another
    /// product or version, options or what was there before may have changed
    #[arg(long, value_name = "MODE")]
    pub checksum: Option<Checksum>,

    /// Change nothing: compare the tables that are there, as --verify does
    #[arg(long)]
    pub verify_only: bool,

    /// Drop the databases of the dump before they are created
    #[arg(long)]
    pub drop_database: bool,

    /// Load rows into tables that are there and have triggers, which fire
    #[arg(long)]
    pub fire_triggers: bool,

    /// When secondary indexes are added: AFTER_IMPORT_PER_TABLE, AFTER_IMPORT_ALL_TABLES, or SKIP: with the table.
    /// AUTO: with the table where it has few rows, else after its rows
    #[arg(
        long, value_name = "WHEN", num_args = 0..=1, default_value = "AUTO",
        default_missing_value = "AFTER_IMPORT_PER_TABLE"
    )]
    pub optimize_keys: OptimizeKeys,

    /// Engines whose indexes are added later, separated by commas
    #[arg(long, value_name = "ENGINES", default_value = "ROCKSDB,InnoDB")]
    pub optimize_keys_engines: CommaList,

    /// Write the restore to the server's binary log
    #[arg(short = 'e', long)]
    pub enable_binlog: bool,

    /// MySQL works without its redo log until the restore is done; a crash meanwhile loses all that the server has
    #[arg(long)]
    pub disable_redo_log: bool,

    /// Statements of a transaction
    #[arg(short = 'q', long, value_name = "COUNT", default_value = "1000", value_parser = positive)]
    pub queries_per_transaction: u64,

    /// How often a transaction is played again after a deadlock, a lock wait timeout or a lost connection, and how often
    /// a lost connection is tried to be made again, at growing intervals: 10 times take about a minute
    #[arg(long, value_name = "COUNT", default_value = "10")]
    pub retry_count: u32,

    /// Go on without what the server refuses with one of these error numbers; all else ends the restore
    #[arg(long, value_name = "CODE[,CODE...]")]
    pub ignore_errors: Option<ErrorCodes>,

    /// Go on without whatever the server refuses or a damaged file holds, and name it at the end
    #[arg(long)]
    pub keep_going: bool,

    /// Go on with a restore of this dump into this server that was interrupted, with the same options
    #[arg(long)]
    pub resume: bool,

    /// Where it is written how far the restore is, for --resume; without it, in the directory of the dump
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,

    /// How rows go to the server: INSERT, LOAD_DATA (LOAD DATA LOCAL, also of INSERT statements), or AUTO: what is faster
    #[arg(long, value_name = "METHOD", default_value = "AUTO")]
    pub load_method: LoadMethod,

    /// Allow LOAD DATA LOCAL INFILE where metadata does not ask for it
    #[arg(long)]
    pub local_infile: bool,

    /// Log the warnings of INSERT IGNORE
    #[arg(long)]
    pub show_warnings: bool,
}

/// How the work is shared out.
#[derive(clap::Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Job options")]
pub struct JobOptions {
    /// Number of threads, each with a connection of its own
    #[arg(short = 't', long, value_name = "COUNT", default_value = "4", value_parser = threads)]
    pub threads: usize,

    /// Most threads that load one table
    #[arg(long, value_name = "COUNT", default_value = "4", value_parser = threads)]
    pub max_threads_per_table: usize,

    /// Most threads that add indexes
    #[arg(long, value_name = "COUNT", default_value = "4", value_parser = threads)]
    pub max_threads_for_index_creation: usize,
}

/// `--drop-table`: what becomes of a table that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropTable {
    /// The restore fails.
    Fail,
    /// The rows are loaded into it.
    None,
    /// It is dropped and created.
    Drop,
    /// It is emptied by TRUNCATE.
    Truncate,
    /// It is emptied by DELETE.
    Delete,
}

impl FromStr for DropTable {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        // mydumper's spellings of "given without a mode".
        if text.is_empty() || text == "1" {
            return Ok(Self::Drop);
        }
        choose(
            text,
            &[
                ("FAIL", Self::Fail),
                ("NONE", Self::None),
                ("DROP", Self::Drop),
                ("TRUNCATE", Self::Truncate),
                ("DELETE", Self::Delete),
            ],
        )
    }
}

/// `--verify`: what is compared of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// The number of their rows.
    Rows,
    /// Their rows, by hashes that the dump has.
    Hash,
}

impl FromStr for Verify {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        choose(text, &[("ROWS", Self::Rows), ("HASH", Self::Hash)])
    }
}

/// `--checksum`: what becomes of checksums that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The restore fails.
    Fail,
    /// A warning tells.
    Warn,
    /// They are not compared.
    Skip,
}

impl FromStr for Checksum {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        choose(text, &[("FAIL", Self::Fail), ("WARN", Self::Warn), ("SKIP", Self::Skip)])
    }
}

/// `--load-method`: what becomes of INSERT statements of a dump. Those that LOAD DATA may store otherwise stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadMethod {
    /// Large files go by LOAD DATA LOCAL, where the server allows it.
    Auto,
    /// They stay INSERT statements.
    Insert,
    /// All files go by LOAD DATA LOCAL; that the server does not allow it is an error.
    LoadData,
}

impl FromStr for LoadMethod {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        choose(text, &[("AUTO", Self::Auto), ("INSERT", Self::Insert), ("LOAD_DATA", Self::LoadData)])
    }
}

/// `--optimize-keys`: when secondary indexes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptimizeKeys {
    /// With the table if it has few rows, else as soon as all of them are in.
    Auto,
    /// As soon as all rows of the table are in.
    AfterImportPerTable,
    /// When all rows of all tables are in.
    AfterImportAllTables,
    /// They are not split off the CREATE TABLE.
    Skip,
}

impl FromStr for OptimizeKeys {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        // mydumper's spelling of "given without a value".
        if text == "1" {
            return Ok(Self::AfterImportPerTable);
        }
        choose(
            text,
            &[
                ("AUTO", Self::Auto),
                ("AFTER_IMPORT_PER_TABLE", Self::AfterImportPerTable),
                ("AFTER_IMPORT_ALL_TABLES", Self::AfterImportAllTables),
                ("SKIP", Self::Skip),
            ],
        )
    }
}
