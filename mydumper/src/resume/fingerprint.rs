//! The options that decide what is in the files of a dump. Both halves of a resumed dump must have the same.

use common::backup::selection::Filter;
use common::program::PerThread;
use common::server::connection::Settings;

use crate::config::{Chunks, Config};
use crate::definitions::shape::Shape;
use crate::plan::chunk::ChunkSizing;
use crate::rows::encoder::STATEMENT_END;
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
        per_thread,
        chunks: Chunks { size, single_column, partitions },
        chunk_filesize,
        rows:
            RowOptions {
                condition,
                format,
                on_duplicate,
                complete,
                hex_blob,
                statement_size,
                statement_end,
                order_by_primary,
            },
        objects,
        shape: Shape { skip_indexes, skip_constraints, view_engine },
        views_as_tables,
        updated_since,
        compact,
        numbers_files,
        tidb_snapshot,
        // It changes no file.
        check_row_count: _,
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
        // No dump with a command that takes its files away is resumed.
        exec: _,
        quiet: _,
        stall_report: _,
    } = config;
    // Not in the journals of those who do not give them.
    let flag = |name: &str, on: bool| on.then(|| (name.to_owned(), "true".to_owned()));
    let value = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
    let statement_end = (**statement_end != *STATEMENT_END).then(|| format!("{statement_end:?}"));
    let optional = [
        value("--exec-per-thread or its extension", per_thread.as_ref().map(PerThread::fingerprint)),
        flag("--skip-indexes", *skip_indexes),
        flag("--skip-constraints", *skip_constraints),
        value("--table-engine-for-view-dependency", view_engine.clone()),
        flag("--views-as-tables", *views_as_tables),
        value("--updated-since", updated_since.map(|days| days.to_string())),
        flag("--compact", *compact),
        flag("--masquerade-filename", *numbers_files),
        value("--tidb-snapshot", tidb_snapshot.clone()),
        value("--statement-terminated-by", statement_end),
    ];
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
    .into_iter()
    .chain(optional.into_iter().flatten())
    .collect()
}

/// As journals have had it from the first, whatever the types are called.
pub(super) fn rows_per_chunk(sizing: &ChunkSizing) -> String {
    match sizing {
        ChunkSizing::Automatic => "Automatic".to_owned(),
        ChunkSizing::Within { .. } => format!("{sizing:?}"),
        ChunkSizing::Rows(size) => format!("Rows({})", format!("{size:?}").replacen("ChunkSize", "Pace", 1)),
    }
}

/// The names of those that differ.
pub fn differences(then: &[(String, String)], now: &[(String, String)]) -> Vec<String> {
    let missing = |of: &[(String, String)], from: &[(String, String)]| -> Vec<String> {
        of.iter().filter(|option| !from.contains(option)).map(|(name, _)| name.clone()).collect()
    };
    let mut names = missing(now, then);
    let gone = missing(then, now);
    names.extend(gone.into_iter().filter(|name| !now.iter().any(|(known, _)| known == name)));
    names
}
