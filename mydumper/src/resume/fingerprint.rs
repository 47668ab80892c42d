//! The options that decide what is in the files of a dump. Both halves of a resumed dump must have the same.

use crate::config::{Chunks, Config};
use crate::plan::chunk::ChunkSizing;

/// Each option or group of options that decides what is in the files, with its value.
pub fn of(config: &Config) -> Vec<(String, String)> {
    // Every field is named, so that a new one cannot be forgotten here.
    let Config {
        connection,
        server_version,
        filter,
        ignored_engines,
        compression,
        compression_level: _,
        chunks: Chunks { size, single_column, partitions },
        chunk_filesize,
        rows,
        objects,
        definer,
        build_empty_files,
        utc,
        global_variables: _,
        threads: _,
        output: _,
        stream: _,
        max_threads_per_table: _,
        lock: _,
        backup_locks: _,
        ddl_locks: _,
        lock_wait_seconds: _,
        lock_retries: _,
        lock_other_engines: _,
        long_queries: _,
        // They are computed again.
        checksums: _,
        quiet: _,
        stall_report: _,
    } = config;
    [
        // Another user may not see the same tables.
        ("--user", format!("{:?}", connection.user)),
        ("--default-connection-database", format!("{:?}", connection.database)),
        ("[mydumper_session_variables]", format!("{:?}", connection.session)),
        ("--server-version", format!("{server_version:?}")),
        ("--database", format!("{:?}", filter.databases)),
        ("--tables-list", format!("{:?}", filter.tables)),
        ("--omit-from-file", format!("{:?}", filter.omitted)),
        ("--regex", format!("{:?}", filter.regex)),
        ("--ignore-engines", format!("{ignored_engines:?}")),
        ("--compress", format!("{compression:?}")),
        ("--rows", rows_per_chunk(size)),
        ("--use-single-column", format!("{single_column:?}")),
        ("--split-partitions or --partition-regex", format!("{partitions:?}")),
        ("--chunk-filesize", format!("{chunk_filesize:?}")),
        ("--where", format!("{:?}", rows.condition)),
        ("--format or one of its separators", format!("{:?}", rows.format)),
        ("--insert-ignore or --replace", format!("{:?}", rows.on_duplicate)),
        ("--complete-insert", format!("{:?}", rows.complete)),
        ("--hex-blob", format!("{:?}", rows.hex_blob)),
        ("--statement-size", format!("{:?}", rows.statement_size)),
        ("--order-by-primary", format!("{:?}", rows.order_by_primary)),
        ("one that chooses objects (--no-data, --triggers and so on)", format!("{objects:?}")),
        ("--skip-definer or --replace-definer", format!("{definer:?}")),
        ("--build-empty-files", format!("{build_empty_files:?}")),
        ("--skip-tz-utc", format!("{utc:?}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// As journals have had it from the first, whatever the types are called.
fn rows_per_chunk(sizing: &ChunkSizing) -> String {
    match sizing {
        ChunkSizing::Automatic => "Automatic".to_owned(),
        ChunkSizing::Rows(size) => format!("Rows({})", format!("{size:?}").replacen("ChunkSize", "Pace", 1)),
    }
}

/// The names of those that differ.
pub fn differences(then: &[(String, String)], now: &[(String, String)]) -> Vec<String> {
    let differs = |(name, value): &&(String, String)| !then.iter().any(|other| other.0 == *name && other.1 == *value);
    now.iter().filter(differs).map(|(name, _)| name.clone()).collect()
}
