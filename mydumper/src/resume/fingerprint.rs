//! The options that decide what is in the files of a dump. Both halves of a resumed dump must have the same.

use common::backup::selection::Filter;
use common::server::connection::Settings;

use crate::config::{Chunks, Config};
use crate::plan::chunk::ChunkSizing;
use crate::rows::options::RowOptions;

/// Each option or group of options that decides what is in the files, with its value.
pub fn of(config: &Config) -> Vec<(String, String)> {
    // Every field is named, so that a new one cannot be forgotten here.
    let Config {
        connection:
            Settings { user, database, session, address: _, password: _, tls: _, compress: _, cleartext_plugin: _ },
        server_version,
        filter: Filter { databases, tables, omitted, regex, with_system: _, unreadable: _, folds_names: _ },
        ignored_engines,
        compression,
        compression_level: _,
        chunks: Chunks { size, single_column, partitions },
        chunk_filesize,
        rows: RowOptions { condition, format, on_duplicate, complete, hex_blob, statement_size, order_by_primary },
        objects,
        definer,
        build_empty_files,
        body_format,
        utc,
        allow_empty: _,
        tolerance: _,
        left_out: _,
        ignore_missing_privileges: _,
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
        ("--user", format!("{:?}", user)),
        ("--default-connection-database", format!("{:?}", database)),
        ("[mydumper_session_variables]", format!("{:?}", session)),
        ("--server-version", format!("{server_version:?}")),
        ("--database", format!("{:?}", databases)),
        ("--tables-list", format!("{:?}", tables.entries())),
        ("--omit-from-file", format!("{:?}", omitted)),
        ("--regex", format!("{:?}", regex)),
        ("--ignore-engines", format!("{ignored_engines:?}")),
        ("--compress", format!("{compression:?}")),
        ("--rows", rows_per_chunk(size)),
        ("--use-single-column", format!("{single_column:?}")),
        ("--split-partitions or --partition-regex", format!("{partitions:?}")),
        ("--chunk-filesize", format!("{chunk_filesize:?}")),
        ("--where", format!("{:?}", condition)),
        ("--format or one of its separators", format!("{:?}", format)),
        ("--insert-ignore or --replace", format!("{:?}", on_duplicate)),
        ("--complete-insert", format!("{:?}", complete)),
        ("--hex-blob", format!("{:?}", hex_blob)),
        ("--statement-size", format!("{:?}", statement_size)),
        ("--order-by-primary", format!("{:?}", order_by_primary)),
        ("one that chooses objects (--no-data, --triggers and so on)", format!("{objects:?}")),
        ("--skip-definer or --replace-definer", format!("{definer:?}")),
        ("--build-empty-files", format!("{build_empty_files:?}")),
        ("--body-format", format!("{body_format:?}")),
        ("--skip-tz-utc", format!("{utc:?}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// As journals have had it from the first, whatever the types are called.
pub(super) fn rows_per_chunk(sizing: &ChunkSizing) -> String {
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
