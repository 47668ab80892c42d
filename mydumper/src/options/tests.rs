//! Options of mydumper: defaults, values, and the list of mydumper 1.0.1.

use clap::CommandFactory;
use common::options::{Parsed, ProgramName, UsageError, disagreements, parse};
use common::process::exit::Exit;
use common::process::stop::Stop;

use crate::config::resolve;

use super::*;

/// Every option of mydumper 1.0.1 with its letter: facts of its `--help`.
const OPTIONS_1_0_1: &str = "
    host h
    user u
    password p
    default-connection-database
    ask-password a
    port P
    socket S
    protocol
    compress-protocol C
    ssl
    ssl-mode
    key
    cert
    ca
    capath
    cipher
    tls-version
    enable-cleartext-plugin
    regex x
    database B
    ignore-engines i
    where
    updated-since U
    partition-regex
    omit-from-file O
    tables-list T
    tidb-snapshot z
    sync-thread-lock-mode
    use-savepoints
    no-backup-locks
    trx-tables
    no-trx-tables
    skip-ddl-locks
    pmm-path
    pmm-resolution
    exec-threads
    exec
    exec-per-thread
    exec-per-thread-extension
    long-query-retries
    long-query-retry-interval
    long-query-guard l
    kill-long-queries K
    max-time-per-select
    max-threads-per-table
    use-single-column
    split-string-pk
    rows r
    rows-hard
    max-split-of-step-in-integer-chunk
    max-char-size
    max-items-per-string-chunk
    split-partitions
    checksum-all M
    data-checksums
    schema-checksums
    no-schema-checksums
    routine-checksums
    skip-database-checksums
    skip-data-checksums
    skip-table-checksums
    skip-index-checksums
    skip-view-checksums
    skip-trigger-checksums
    skip-routine-checksums
    skip-event-checksums
    no-schemas m
    all-tablespaces Y
    no-data d
    triggers G
    events E
    routines R
    skip-constraints
    skip-indexes
    skip-metadata-sorting
    views-as-tables
    no-views W
    format
    include-header
    fields-terminated-by
    fields-enclosed-by
    fields-escaped-by
    lines-starting-by
    lines-terminated-by
    statement-terminated-by
    insert-ignore N
    replace
    complete-insert
    hex-blob
    skip-definer
    replace-definer
    statement-size s
    tz-utc
    skip-tz-utc
    set-names
    default-character-set
    load-data-character-set
    table-engine-for-view-dependency
    chunk-filesize F
    exit-if-broken-table-found
    build-empty-files e
    no-check-generated-fields
    bulk-metadata-prefetch
    order-by-primary
    compact
    compress c
    use-defer
    check-row-count
    daemon D
    snapshot-interval I
    snapshot-count X
    help ?
    outputdir o
    clear
    dirty
    merge
    stream
    logfile L
    disk-limits
    masquerade-filename
    ftwrl-max-wait-time
    ftwrl-timeout-retries
    replica-data
    source-data
    threads t
    version V
    verbose v
    debug
    machine-log-json
    ignore-errors
    defaults-file
    defaults-extra-file
    source-control-command
    optimize-keys-engines
    server-version
    dry-run
    throttle
";

fn run(line: &str) -> Result<Parsed<Options>, UsageError> {
    // Without the machine's own /etc/mydumper.cnf.
    let words = ["mydumper", "--defaults-file=/dev/null"];
    let argv = words.into_iter().chain(line.split_whitespace());
    parse(ProgramName::Mydumper, argv.map(Into::into))
}

fn typed(line: &str) -> Options {
    run(line).unwrap().options
}

fn error(line: &str) -> String {
    let error = run(line).unwrap_err();
    assert_eq!(error.exit(), Exit::Usage, "{line}");
    error.to_string()
}

/// Some value that the option takes, if it is one of ours and takes one.
fn sample(long: &str) -> Option<&'static str> {
    let options = Options::command();
    let option = options.get_arguments().find(|o| o.get_long() == Some(long))?;
    if !option.get_action().takes_values() {
        return None;
    }
    Some(match long {
        "format" => "INSERT",
        "load-data-character-set" => "binary",
        "set-names" | "default-character-set" => "utf8mb4",
        "compress" => "gzip",
        "sync-thread-lock-mode" => "FTWRL",
        "defaults-file" | "defaults-extra-file" => "/dev/null",
        "protocol" => "TCP",
        "ssl-mode" => "REQUIRED",
        "tables-list" => "a.b",
        "replace-definer" => "a@b",
        "ignore-errors" => "1146",
        "statement-terminated-by" => ";\\n",
        _ => "1",
    })
}

#[test]
fn every_option_is_taken_or_refused_by_name_under_its_letter() {
    let lines = OPTIONS_1_0_1.lines().map(str::trim).filter(|l| !l.is_empty());
    let mut seen = 0;
    for line in lines {
        seen += 1;
        let (long, short) = match line.split_once(' ') {
            Some((long, short)) => (long, Some(short)),
            None => (line, None),
        };
        let value = sample(long).map(|value| format!("={value}")).unwrap_or_default();
        let by_name = run(&format!("--{long}{value}"));
        // Help and version come as errors with exit code 0.
        if let Err(error) = &by_name
            && error.exit() != Exit::Done
        {
            let refusal = format!("--{long} is not supported yet by this version: ");
            assert!(error.to_string().starts_with(&refusal), "--{long}: {error}");
        }
        if let Some(short) = short {
            let by_letter = run(&format!("-{short}{}", sample(long).unwrap_or_default()));
            match (by_name, by_letter) {
                (Ok(name), Ok(letter)) => {
                    assert_eq!(name.options, letter.options, "-{short}");
                    assert_eq!(name.warnings, letter.warnings, "-{short}");
                }
                (Err(name), Err(letter)) => assert_eq!(name, letter, "-{short}"),
                (name, letter) => panic!("--{long}: {name:?}, -{short}: {letter:?}"),
            }
        }
    }
    assert_eq!(seen, 137);
}

#[test]
fn each_option_has_its_row_in_the_table() {
    assert_eq!(disagreements::<Options>(ProgramName::Mydumper), Vec::<String>::new());
}

#[test]
fn defaults_are_those_of_mydumper() {
    let options = typed("");
    assert_eq!(options.job.threads, 4);
    assert_eq!(options.job.max_threads_per_table, None);
    assert_eq!(options.job.rows, RowsPerChunk { min: 0, start: 0, max: 0 });
    assert_eq!(options.statement.statement_size, 1_000_000);
    assert_eq!(options.statement.format, Format::Insert);
    assert_eq!(options.output.chunk_filesize, 0);
    assert_eq!(options.output.compress, None);
    assert_eq!(options.output.stream, None);
    assert_eq!(options.lock.sync_thread_lock_mode, LockMode::Auto);
    assert_eq!(options.lock.ftwrl_max_wait_time, 60);
    assert_eq!(options.lock.ftwrl_timeout_retries, 0);
    assert_eq!(options.lock.long_query_guard, 60);
    assert_eq!(options.lock.long_query_retries, 0);
    assert_eq!(options.lock.long_query_retry_interval, 60);
    assert!(!options.selection.triggers && !options.selection.events && !options.selection.routines);
}

#[test]
fn compress_takes_a_value_or_none() {
    for (line, method) in [
        ("-c", Compression::Zstd),
        ("--compress", Compression::Zstd),
        ("--compress zstd", Compression::Zstd),
        ("--compress=gzip", Compression::Gzip),
        ("-c GZIP", Compression::Gzip),
        ("-cgzip", Compression::Gzip),
    ] {
        let options = typed(&format!("{line} -t 2"));
        assert_eq!(options.output.compress, Some(method), "{line}");
        assert_eq!(options.job.threads, 2);
    }
    assert_eq!(typed("--compress-level=19").output.compress_level, Some(19));
    for (line, text) in [
        ("-c xz", "invalid value 'xz' for --compress: use ZSTD, GZIP or LZ4"),
        ("--compress=lzo", "invalid value 'lzo' for --compress: use ZSTD, GZIP or LZ4"),
        (
            "--compress-level 23",
            "invalid value '23' for --compress-level: use a whole number from 1 to 22 (gzip: 1 to 9)",
        ),
    ] {
        assert_eq!(error(line), text);
    }
}

#[test]
fn rows_and_sizes() {
    for (text, min, start, max) in [
        ("1000", 1000, 1000, 1000),
        ("10:1000", 10, 10, 1000),
        ("10:100:1000", 10, 100, 1000),
        ("10:100:0", 10, 100, 0),
        ("2:2:1", 2, 2, 1),
    ] {
        assert_eq!(text.parse(), Ok(RowsPerChunk { min, start, max }), "{text}");
    }
    for bad in ["", "x", "-1", "1:2:3:4", "5:1:9", "1::2"] {
        assert_eq!(
            error(&format!("--rows={bad}")),
            format!(
                "invalid value '{bad}' for --rows: use a number of rows, MIN:MAX or MIN:START:MAX, with MIN <= START (MAX 0: no limit)"
            )
        );
    }
    assert_eq!(typed("-F 64").output.chunk_filesize, 64 << 20);
    assert_eq!(typed("-F 1G").output.chunk_filesize, 1 << 30);
    assert_eq!(typed("-s 512k").statement.statement_size, 512 << 10);
    assert_eq!(
        error("-s 0"),
        "invalid value '0' for --statement-size: use a size in bytes, 1 or more, such as 1000000, 512k or 1M"
    );
}

#[test]
fn pairs_of_options() {
    let lock = |line| {
        let lock = typed(line).lock;
        (lock.trx_tables, lock.no_trx_tables)
    };
    assert_eq!(lock("--trx-tables --no-trx-tables"), (false, true));
    assert_eq!(lock("--no-trx-tables --trx-tables"), (true, false));
    for (line, on) in [("", false), ("--trx-tables=0", false), ("--trx-tables 1", true), ("--trx-tables -G", true)] {
        assert_eq!(lock(line), (on, false), "{line}");
    }
    assert!(!typed("--skip-tz-utc --tz-utc").statement.skip_tz_utc);
    assert_eq!(error("-N --replace"), "--insert-ignore and --replace exclude each other: give one of them");
}

#[test]
fn character_sets_that_lose_nothing() {
    let of = |line: &str| typed(line).statement.set_names.map(|sets| (sets.definitions, sets.rows));
    let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    assert_eq!(of("--set-names=UTF8MB4"), pair("utf8mb4", "utf8mb4"));
    assert_eq!(of("--set-names utf8mb4,binary"), pair("utf8mb4", "binary"));
    assert_eq!(
        typed("--default-character-set=auto,binary").statement.default_character_set.unwrap().definitions,
        "auto"
    );
    for bad in ["latin1", "utf8mb4,latin1", "binary,auto", ""] {
        assert!(error(&format!("--set-names={bad}")).contains("would lose characters: use utf8mb4 or auto"), "{bad}");
    }
    let config = |line: &str| {
        let parsed = run(line).unwrap();
        resolve(parsed, &Stop::default()).map(drop).map_err(|error| error.to_string())
    };
    for line in [
        "--set-names=utf8mb4,utf8mb4 --default-character-set=utf8mb4,utf8mb4",
        "--set-names=binary",
        "--default-character-set=utf8mb4",
    ] {
        assert_eq!(config(line), Ok(()), "{line}");
    }
    for line in ["--set-names=utf8", "--set-names=utf8 --default-character-set=auto,binary"] {
        assert_eq!(
            config(line),
            Err("--set-names declares rows as utf8, but the connection reads them as they are stored: add \
                 --default-character-set=utf8, or leave it out, since files keep every byte"
                .to_owned())
        );
    }
}

#[test]
fn formats_of_rows() {
    let statement =
        typed("--format load-data --fields-terminated-by - --fields-escaped-by= --include-header").statement;
    assert_eq!(statement.format, Format::LoadData);
    assert_eq!(statement.fields_terminated_by.as_deref(), Some("-"));
    assert_eq!(statement.fields_escaped_by.as_deref(), Some(""));
    assert_eq!((statement.include_header, statement.lines_terminated_by), (true, None));
    let refused = |line: &str| resolve(run(line).unwrap(), &Stop::default()).err().unwrap();
    let error = refused("--lines-starting-by >");
    assert_eq!(error.exit(), Exit::Usage);
    assert_eq!(
        error.to_string(),
        "--lines-starting-by has no effect on INSERT statements: add --format=LOAD_DATA or --format=CSV, or remove it"
    );
    assert_eq!(
        refused("--format csv --lines-terminated-by ,").to_string(),
        "one of --fields-terminated-by and --lines-terminated-by begins with the other: columns and lines could not be \
         distinguished"
    );
}

#[test]
fn formats_and_old_options_are_refused_by_name() {
    for (line, text) in [
        ("--format x", "invalid value 'x' for --format: use INSERT, LOAD_DATA, CSV or CLICKHOUSE"),
        (
            "--table-engine-for-view-dependency=a;b",
            "invalid value 'a;b' for --table-engine-for-view-dependency: use the name of a storage engine",
        ),
        (
            "--rows-hard=9:5",
            "invalid value '9:5' for --rows-hard: use a number of rows or MIN:MAX, with MIN <= MAX (0: no bound)",
        ),
        (
            "--rows-hard=x",
            "invalid value 'x' for --rows-hard: use a number of rows or MIN:MAX, with MIN <= MAX (0: no bound)",
        ),
        (
            "--statement-terminated-by=X",
            "invalid value 'X' for --statement-terminated-by: use blanks, ; and a line break, as in '\\n;\\n' or ';\\n': other statements cannot be read back",
        ),
        (
            "--load-data-character-set utf8mb4",
            "invalid value 'utf8mb4' for --load-data-character-set: use binary: the files hold the bytes of each \
             column, and no other set keeps them all",
        ),
        ("--csv", "--csv is an option of older mydumper versions: use --format=CSV"),
        (
            "--lock-all-tables",
            "--lock-all-tables is an option of older mydumper versions: use --sync-thread-lock-mode=LOCK_ALL",
        ),
        ("--trx-consistency-only", "--trx-consistency-only is an option of older mydumper versions: use --trx-tables"),
        (
            "--less-locking",
            "--less-locking is an option of older mydumper versions: use --trx-tables, or nothing: locks are always brief",
        ),
        (
            "--success-on-1146",
            "--success-on-1146 is an option of older mydumper versions: use --tables-list or --omit-from-file to leave out tables that come and go",
        ),
    ] {
        assert_eq!(error(line), text);
    }
}
