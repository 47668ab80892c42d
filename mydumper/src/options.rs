//! Options of mydumper as they were typed. Letters, defaults and help are in [`common::options::table`].
//!
//! Each value is checked by itself here. What they mean together is settled in `config`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, Args, Parser, ValueEnum};
use common::layers::compression::Compression;
use common::options::values::{BadValue, Keyword, byte_size, keyword, mebibytes, number, positive, switch, threads};
use common::options::{
    ChecksumOptions, CommaList, CommandOptions, ConnectionOptions, DefinerOptions, ErrorCodes, FilterOptions,
    LogOptions, StreamMode,
};
use common::sql::BodyFormat;

#[cfg(test)]
mod tests;

/// Dump MySQL and MariaDB databases with several threads, at one point in time.
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
    pub lock: LockOptions,
    #[command(flatten)]
    pub statement: StatementOptions,
    #[command(flatten)]
    pub output: OutputOptions,
    #[command(flatten)]
    pub commands: CommandOptions,
    #[command(flatten)]
    pub job: JobOptions,
    #[command(flatten)]
    pub checksums: ChecksumOptions,
    #[command(flatten)]
    pub log: LogOptions,
}

/// What is dumped.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct SelectionOptions {
    #[arg(long)]
    pub database: Option<CommaList>,
    #[arg(long)]
    pub ignore_engines: Option<CommaList>,
    #[arg(long = "where")]
    pub where_condition: Option<String>,
    #[arg(long)]
    pub partition_regex: Option<String>,
    #[arg(long)]
    pub no_data: bool,
    #[arg(long)]
    pub no_schemas: bool,
    #[arg(long)]
    pub triggers: bool,
    #[arg(long)]
    pub events: bool,
    #[arg(long)]
    pub routines: bool,
    #[arg(long)]
    pub all_tablespaces: bool,
    #[arg(long)]
    pub users: bool,
    #[arg(long)]
    pub no_views: bool,
    #[arg(long)]
    pub skip_indexes: bool,
    #[arg(long)]
    pub skip_constraints: bool,
    #[arg(long)]
    pub views_as_tables: bool,
    #[arg(long, value_parser = engine)]
    pub table_engine_for_view_dependency: Option<String>,
    #[arg(long, value_parser = number)]
    pub updated_since: Option<u64>,
    #[arg(long)]
    pub check_row_count: bool,
    #[arg(long)]
    pub ignore_missing_privileges: bool,
    #[arg(long)]
    pub ignore_errors: Option<ErrorCodes>,
    #[arg(long)]
    pub keep_going: bool,
}

/// How all threads come to see one point in time.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct LockOptions {
    #[arg(long, value_parser = Keyword::<LockMode>::new())]
    pub sync_thread_lock_mode: LockMode,
    #[arg(long)]
    pub use_savepoints: bool,
    #[arg(long, action = ArgAction::Set, value_parser = switch, overrides_with = "no_trx_tables")]
    pub trx_tables: bool,
    #[arg(long, overrides_with = "trx_tables")]
    pub no_trx_tables: bool,
    #[arg(long)]
    pub no_backup_locks: bool,
    #[arg(long)]
    pub skip_ddl_locks: bool,
    #[arg(long, value_parser = number)]
    pub long_query_guard: u64,
    #[arg(long, value_parser = number)]
    pub long_query_retries: u64,
    #[arg(long, value_parser = number)]
    pub long_query_retry_interval: u64,
    #[arg(long)]
    pub kill_long_queries: bool,
    #[arg(long, value_parser = number)]
    pub ftwrl_max_wait_time: u64,
    #[arg(long, value_parser = number)]
    pub ftwrl_timeout_retries: u64,
    #[arg(long)]
    pub tidb_snapshot: Option<String>,
}

/// How rows are written.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct StatementOptions {
    #[arg(long, value_parser = keyword::<Format>)]
    pub format: Format,
    #[arg(long)]
    pub compact: bool,
    #[arg(long, value_parser = statement_end, allow_hyphen_values = true)]
    pub statement_terminated_by: Option<StatementEnd>,
    #[arg(long)]
    pub include_header: bool,
    #[arg(long, allow_hyphen_values = true)]
    pub fields_terminated_by: Option<String>,
    #[arg(long, allow_hyphen_values = true)]
    pub fields_enclosed_by: Option<String>,
    #[arg(long, allow_hyphen_values = true)]
    pub fields_escaped_by: Option<String>,
    #[arg(long, allow_hyphen_values = true)]
    pub lines_starting_by: Option<String>,
    #[arg(long, allow_hyphen_values = true)]
    pub lines_terminated_by: Option<String>,
    #[arg(long, value_parser = load_data_character_set)]
    pub load_data_character_set: Option<String>,
    #[arg(long)]
    pub set_names: Option<Charsets>,
    #[arg(long)]
    pub default_character_set: Option<Charsets>,
    #[arg(long, value_parser = byte_size)]
    pub statement_size: u64,
    #[arg(long, conflicts_with = "replace")]
    pub insert_ignore: bool,
    #[arg(long)]
    pub replace: bool,
    #[arg(long)]
    pub complete_insert: bool,
    #[arg(long)]
    pub hex_blob: bool,
    #[arg(long)]
    pub order_by_primary: bool,
    #[arg(long, overrides_with = "skip_tz_utc")]
    pub tz_utc: bool,
    #[arg(long, overrides_with = "tz_utc")]
    pub skip_tz_utc: bool,
}

/// Where the files go and what they look like.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct OutputOptions {
    #[arg(long)]
    pub outputdir: Option<PathBuf>,
    #[arg(long, conflicts_with = "dirty")]
    pub clear: bool,
    #[arg(long)]
    pub dirty: bool,
    #[arg(long, conflicts_with_all = ["clear", "dirty", "stream"])]
    pub merge: bool,
    #[arg(long, conflicts_with_all = ["clear", "dirty", "merge"])]
    pub resume: bool,
    #[arg(long)]
    pub stream: Option<StreamMode>,
    #[arg(long, value_parser = Keyword::<StreamChecksum>::new())]
    pub stream_checksum: StreamChecksum,
    #[arg(long, value_parser = threads)]
    pub stream_max_files: usize,
    #[arg(long, value_parser = Keyword::<Compression>::new())]
    pub compress: Option<Compression>,
    #[arg(long, value_parser = compress_level)]
    pub compress_level: Option<i32>,
    #[arg(long, value_parser = mebibytes)]
    pub chunk_filesize: u64,
    #[arg(long)]
    pub build_empty_files: bool,
    #[arg(long)]
    pub masquerade_filename: bool,
    #[arg(long)]
    pub exec: Option<String>,
    #[arg(long, value_parser = threads)]
    pub exec_threads: usize,
    #[arg(long, value_parser = Keyword::<BodyFormat>::new())]
    pub body_format: BodyFormat,
}

/// How the work is shared out.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct JobOptions {
    #[arg(long, value_parser = threads)]
    pub threads: usize,
    #[arg(long, value_parser = threads)]
    pub max_threads_per_table: Option<usize>,
    #[arg(long)]
    pub rows: RowsPerChunk,
    #[arg(long)]
    pub rows_hard: RowsHard,
    #[arg(long, value_parser = positive)]
    pub max_time_per_select: u64,
    #[arg(long)]
    pub use_single_column: bool,
    #[arg(long)]
    pub split_partitions: bool,
}

/// `--sync-thread-lock-mode`: how all threads come to see one point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LockMode {
    /// The least intrusive of the others that is safe on this server and that the user may use.
    Auto,
    /// FLUSH TABLES WITH READ LOCK while the threads open their snapshots.
    #[value(name = "FTWRL")]
    GlobalReadLock,
    /// LOCK TABLES on all tables of the dump.
    LockAll,
    /// As `SafeNoLock`, on a server with GTIDs.
    Gtid,
    /// No lock: the dump fails unless the binary log proves all snapshots equal.
    SafeNoLock,
    /// No lock and no proof.
    NoLock,
}

/// `--stream-checksum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StreamChecksum {
    /// CRC-32C.
    Crc32c,
    /// None.
    None,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Format {
    /// INSERT statements.
    Insert,
    /// Lines as LOAD DATA reads them by itself, and the statement that does.
    LoadData,
    /// The same with commas and quotes.
    Csv,
    /// INSERT statements, and one that makes ClickHouse read them.
    Clickhouse,
}

/// A name that needs no quotes.
fn engine(text: &str) -> Result<String, BadValue> {
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match text {
        "" => Err(BadValue::new("use the name of a storage engine")),
        text if is_name(text) => Ok(text.to_owned()),
        _ => Err(BadValue::new("use the name of a storage engine")),
    }
}

/// The end of each INSERT statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementEnd(pub String);

/// Blanks, `;` and a line break: the loader, and mydumper's, find the end of a statement there.
fn statement_end(text: &str) -> Result<StatementEnd, BadValue> {
    let bad = || {
        BadValue::new("use blanks, ; and a line break, as in '\\n;\\n' or ';\\n': other statements cannot be read back")
    };
    let mut end = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        end.push(match letter {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('f') => '\x0c',
                _ => return Err(bad()),
            },
            letter => letter,
        });
    }
    let is_blank = |letter: char| matches!(letter, ' ' | '\n' | '\r' | '\t' | '\x0c');
    match end.strip_suffix(";\n") {
        Some(before) if before.chars().all(is_blank) => Ok(StatementEnd(end)),
        _ => Err(bad()),
    }
}

/// `--rows-hard`: bounds of chunks, 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowsHard {
    /// The fewest rows.
    pub min: u64,
    /// The most.
    pub max: u64,
}

impl FromStr for RowsHard {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = || BadValue::new("use a number of rows or MIN:MAX, with MIN <= MAX (0: no bound)");
        let numbers: Vec<u64> = text.split(':').map(number).collect::<Result<_, _>>().map_err(|_| bad())?;
        match numbers[..] {
            [rows] => Ok(Self { min: rows, max: rows }),
            [min, max] if max == 0 || min <= max => Ok(Self { min, max }),
            _ => Err(bad()),
        }
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

/// `--set-names` and `--default-character-set`: sets of which the files lose nothing, as they lose nothing of any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charsets {
    /// Of definitions.
    pub definitions: String,
    /// Of rows and all else.
    pub rows: String,
}

impl Charsets {
    /// Whether rows would be text in UTF-8, and not what the columns hold.
    pub fn converts_rows(&self) -> bool {
        self.rows != "binary"
    }
}

impl FromStr for Charsets {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let lower = text.to_ascii_lowercase();
        let (definitions, rows) = lower.split_once(',').unwrap_or((&lower, &lower));
        let (definitions, rows) = (definitions.trim(), rows.trim());
        let is_utf8 = |name: &str| ["utf8mb4", "utf8", "utf8mb3"].contains(&name);
        for (name, also) in [(definitions, "auto"), (rows, "binary")] {
            if !is_utf8(name) && name != "binary" && name != also {
                return Err(BadValue(format!(
                    "{name:?} would lose characters: use utf8mb4 or auto for definitions, binary or utf8mb4 for rows"
                )));
            }
        }
        Ok(Self { definitions: definitions.to_owned(), rows: rows.to_owned() })
    }
}

/// `--rows`: how many rows a chunk has. All three are 0 when the program chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsPerChunk {
    /// The fewest.
    pub min: u64,
    /// The first chunk's.
    pub start: u64,
    /// The most; 0 for no limit, unless the others are 0 too. Less than the first chunk's has no meaning.
    pub max: u64,
}

impl FromStr for RowsPerChunk {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad =
            || BadValue::new("use a number of rows, MIN:MAX or MIN:START:MAX, with MIN <= START (MAX 0: no limit)");
        let numbers: Vec<u64> = text.split(':').map(number).collect::<Result<_, _>>().map_err(|_| bad())?;
        let (min, start, max) = match numbers[..] {
            [rows] => (rows, rows, rows),
            [min, max] => (min, min, max),
            [min, start, max] => (min, start, max),
            _ => return Err(bad()),
        };
        if min > start {
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
