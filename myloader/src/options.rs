//! Options of myloader as they were typed. Letters, defaults and help are in [`common::options::table`].
//!
//! Each value is checked by itself here. What they mean together is settled in `config`.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};
use common::options::values::{BadValue, Keyword, byte_size, positive, threads};
use common::options::{
    ChecksumOptions, CommaList, CommandOptions, ConnectionOptions, DefinerOptions, ErrorCodes, FilterOptions,
    LoaderStream, LogOptions,
};

#[cfg(test)]
mod tests;

/// Restore a dump of mydumper with several threads.
#[derive(Clone, Debug, Parser, PartialEq, Eq)]
pub struct Options {
    #[command(flatten)]
    pub connection: ConnectionOptions,
    #[command(flatten)]
    pub filter: FilterOptions,
    #[command(flatten)]
    pub selection: SelectionOptions,
    #[command(flatten)]
    pub definer: DefinerOptions,
    #[command(flatten)]
    pub restore: RestoreOptions,
    #[command(flatten)]
    pub commands: CommandOptions,
    #[command(flatten)]
    pub job: JobOptions,
    #[command(flatten)]
    pub checksums: ChecksumOptions,
    #[command(flatten)]
    pub log: LogOptions,
}

/// What is restored, and under which name.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct SelectionOptions {
    #[arg(long)]
    pub database: Option<String>,
    #[arg(long)]
    pub source_db: Option<String>,
    #[arg(long)]
    pub skip_create_table: bool,
    #[arg(long)]
    pub skip_create_database: bool,
    #[arg(long)]
    pub skip_triggers: bool,
    #[arg(long)]
    pub skip_post: bool,
    #[arg(long)]
    pub skip_constraints: bool,
    #[arg(long)]
    pub skip_indexes: bool,
    #[arg(long)]
    pub no_data: bool,
    #[arg(long)]
    pub users: bool,
    #[arg(long)]
    pub no_schemas: bool,
}

/// How the restore treats what is there, and in which order it goes.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct RestoreOptions {
    #[arg(long)]
    pub directory: Option<PathBuf>,
    #[arg(long)]
    pub stream: Option<LoaderStream>,
    #[arg(long)]
    pub mysqldump: bool,
    #[arg(long, value_parser = byte_size)]
    pub stream_max_waiting: u64,
    #[arg(long, value_parser = Keyword::<DropTable>::new())]
    pub drop_table: DropTable,
    #[arg(long)]
    pub overwrite_unsafe: bool,
    #[arg(long)]
    pub append_if_not_exist: bool,
    #[arg(long, value_parser = Keyword::<Verify>::new())]
    pub verify: Option<Verify>,
    #[arg(long, value_parser = Keyword::<Checksum>::new())]
    pub checksum: Option<Checksum>,
    #[arg(long)]
    pub verify_only: bool,
    #[arg(long)]
    pub drop_database: bool,
    #[arg(long)]
    pub fire_triggers: bool,
    #[arg(long, value_parser = Keyword::<OptimizeKeys>::new())]
    pub optimize_keys: OptimizeKeys,
    #[arg(long)]
    pub optimize_keys_engines: CommaList,
    #[arg(long)]
    pub optimize_keys_batchsize: usize,
    #[arg(long)]
    pub enable_binlog: bool,
    #[arg(long)]
    pub disable_redo_log: bool,
    #[arg(long, value_parser = positive)]
    pub queries_per_transaction: u64,
    #[arg(long, value_parser = positive)]
    pub max_transaction_size: u64,
    #[arg(long)]
    pub rows: u64,
    #[arg(long, value_parser = variables)]
    pub ignore_set: Option<CommaList>,
    #[arg(long, value_parser = file_charsets)]
    pub set_names: Option<CommaList>,
    #[arg(long)]
    pub retry_count: u32,
    #[arg(long)]
    pub ignore_errors: Option<ErrorCodes>,
    #[arg(long)]
    pub keep_going: bool,
    #[arg(long)]
    pub ignore_file_checksums: bool,
    #[arg(long)]
    pub resume: bool,
    #[arg(long)]
    pub journal: Option<PathBuf>,
    #[arg(long, value_parser = Keyword::<LoadMethod>::new())]
    pub load_method: LoadMethod,
    #[arg(long)]
    pub local_infile: bool,
    #[arg(long)]
    pub show_warnings: bool,
    #[arg(long)]
    pub allow_truncation: bool,
}

/// `--ignore-set`: names of variables.
fn variables(text: &str) -> Result<CommaList, BadValue> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let is_name = |name: &String| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
    };
    if names.iter().any(|name| name == "names") {
        return Err(BadValue::new("NAMES says what the bytes of a file mean, and cannot be left out"));
    }
    if names.iter().all(is_name) {
        return Ok(CommaList(names));
    }
    Err(BadValue::new("use names of variables, such as SQL_LOG_BIN,GTID_PURGED"))
}

/// `--set-names`: what the files declare themselves.
fn file_charsets(text: &str) -> Result<CommaList, BadValue> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    if names.iter().all(|name| name == "binary" || name == "utf8mb4") {
        return Ok(CommaList(names));
    }
    Err(BadValue::new("each file declares its character set, and the connection is utf8mb4 or binary: leave it out"))
}

/// How the work is shared out.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct JobOptions {
    #[arg(long, value_parser = threads)]
    pub threads: usize,
    #[arg(long, value_parser = threads)]
    pub max_threads_per_table: usize,
    #[arg(long, value_parser = threads)]
    pub max_threads_for_index_creation: usize,
    #[arg(long, value_parser = threads)]
    pub max_threads_for_schema_creation: Option<usize>,
    #[arg(long, value_parser = threads)]
    pub max_threads_for_post_actions: Option<usize>,
}

/// `--drop-table`: what becomes of a table that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DropTable {
    /// The restore fails.
    Fail,
    /// The rows are loaded into it.
    None,
    /// It is dropped and created. mydumper writes a mode that is not given as nothing or 1.
    #[value(aliases = ["", "1"])]
    Drop,
    /// It is emptied by TRUNCATE.
    Truncate,
    /// It is emptied by DELETE.
    Delete,
}

/// `--verify`: what is compared of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verify {
    /// The number of their rows.
    Rows,
    /// Their rows, by hashes that the dump has.
    Hash,
}

/// `--checksum`: what a checksum that differs from that in metadata means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Checksum {
    /// The option is not given: an error where they can be expected to be the same, else a warning.
    #[value(skip)]
    Auto,
    /// An error.
    Fail,
    /// A warning.
    Warn,
    /// They are not compared.
    Skip,
}

/// `--load-method`: what becomes of INSERT statements of a dump. Those that LOAD DATA may store otherwise stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LoadMethod {
    /// Large files go by LOAD DATA LOCAL, where the server allows it.
    Auto,
    /// They stay INSERT statements.
    Insert,
    /// All files go by LOAD DATA LOCAL; that the server does not allow it is an error.
    LoadData,
}

/// `--optimize-keys`: when secondary indexes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OptimizeKeys {
    /// With the table if it has few rows, else as soon as all of them are in.
    Auto,
    /// As soon as all rows of the table are in. mydumper writes a value that is not given as 1.
    #[value(alias = "1")]
    AfterImportPerTable,
    /// When all rows of all tables are in.
    AfterImportAllTables,
    /// They are not split off the CREATE TABLE.
    Skip,
}
