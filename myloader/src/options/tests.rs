//! Options of myloader: defaults, values, and the list of myloader 1.0.1.

use clap::CommandFactory;
use common::options::{Parsed, ProgramName, StreamMode, UsageError, disagreements, parse};
use common::process::exit::Exit;

use super::*;

/// Every option of myloader 1.0.1 with its letter: facts of its `--help`.
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
    source-db s
    skip-create-table
    skip-create-database
    skip-triggers
    skip-post
    skip-constraints
    skip-indexes
    no-data
    omit-from-file O
    tables-list T
    pmm-path
    pmm-resolution
    enable-binlog e
    optimize-keys
    optimize-keys-batchsize
    no-schemas
    disable-redo-log
    checksum
    drop-database
    drop-table o
    overwrite-unsafe
    retry-count
    stream
    metadata-refresh-interval
    skip-table-sorting
    set-gtid-purged
    num-sequences
    max-threads-per-table
    max-threads-for-index-creation
    max-threads-for-post-actions
    max-threads-for-schema-creation
    exec-per-thread
    exec-per-thread-extension
    rows r
    queries-per-transaction q
    max-statement-size
    max-transaction-size
    append-if-not-exist
    set-names
    skip-definer
    replace-definer
    ignore-set
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
    quote-character Q
    local-infile
    help ?
    directory d
    logfile L
    fifodir
    load-data-tmp-dir
    database B
    show-warnings
    resume
    kill-at-once k
    mysqldump
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
    let words = ["myloader", "--defaults-file=/dev/null"];
    let argv = words.into_iter().chain(line.split_whitespace());
    parse(ProgramName::Myloader, argv.map(Into::into))
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
        "drop-table" => "NONE",
        "defaults-file" | "defaults-extra-file" => "/dev/null",
        "ignore-errors" => "1062",
        "checksum" => "WARN",
        "protocol" => "TCP",
        "ssl-mode" => "REQUIRED",
        "tables-list" => "a.b",
        "replace-definer" => "a@b",
        "set-names" => "binary",
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
    assert_eq!(seen, 100);
}

#[test]
fn each_option_has_its_row_in_the_table() {
    assert_eq!(disagreements::<Options>(ProgramName::Myloader), Vec::<String>::new());
}

#[test]
fn defaults_are_those_of_myloader_but_for_the_keys_of_small_tables() {
    let options = typed("");
    assert_eq!(options.job.threads, 4);
    assert_eq!(options.job.max_threads_for_index_creation, 4);
    assert_eq!(options.restore.drop_table, DropTable::Fail);
    assert_eq!(options.restore.optimize_keys, OptimizeKeys::Auto);
    assert_eq!(options.restore.optimize_keys_engines, CommaList(vec!["ROCKSDB".into(), "InnoDB".into()]));
    assert_eq!(options.restore.queries_per_transaction, 1000);
    assert_eq!(options.restore.load_method, LoadMethod::Auto);
    assert_eq!(options.restore.stream, None);
    assert!(!options.restore.enable_binlog);
}

#[test]
fn drop_table_takes_a_mode_or_none() {
    for (line, mode) in [
        ("-o", DropTable::Drop),
        ("--drop-table", DropTable::Drop),
        ("--drop-table=1", DropTable::Drop),
        ("-o DROP", DropTable::Drop),
        ("-o none", DropTable::None),
        ("-oTRUNCATE", DropTable::Truncate),
        ("--drop-table Delete", DropTable::Delete),
        ("--drop-table=fail", DropTable::Fail),
        ("-o NONE -o", DropTable::Drop),
    ] {
        let options = typed(&format!("{line} -d /dump"));
        assert_eq!(options.restore.drop_table, mode, "{line}");
        assert_eq!(options.restore.directory, Some(PathBuf::from("/dump")));
    }
    assert_eq!(error("-o maybe"), "invalid value 'maybe' for --drop-table: use FAIL, NONE, DROP, TRUNCATE or DELETE");
}

#[test]
fn load_methods() {
    for (line, method) in [
        ("--load-method=auto", LoadMethod::Auto),
        ("--load-method insert", LoadMethod::Insert),
        ("--load-method=load-data", LoadMethod::LoadData),
        ("--load-method=LOAD_DATA", LoadMethod::LoadData),
    ] {
        assert_eq!(typed(line).restore.load_method, method, "{line}");
    }
    assert_eq!(error("--load-method=fast"), "invalid value 'fast' for --load-method: use AUTO, INSERT or LOAD_DATA");
}

#[test]
fn optimize_keys_and_streams() {
    for (line, when) in [
        ("--optimize-keys", OptimizeKeys::AfterImportPerTable),
        ("--optimize-keys=auto", OptimizeKeys::Auto),
        ("--optimize-keys skip", OptimizeKeys::Skip),
        ("--optimize-keys=after-import-all-tables", OptimizeKeys::AfterImportAllTables),
    ] {
        assert_eq!(typed(line).restore.optimize_keys, when, "{line}");
    }
    assert_eq!(
        error("--optimize-keys=never"),
        "invalid value 'never' for --optimize-keys: use AUTO, AFTER_IMPORT_PER_TABLE, AFTER_IMPORT_ALL_TABLES or SKIP"
    );
    assert_eq!(typed("--stream -e").restore.stream, Some(LoaderStream::Restore(StreamMode::TRADITIONAL)));
    assert_eq!(typed("--stream unpack").restore.stream, Some(LoaderStream::Unpack));
}

#[test]
fn numbers_of_threads_are_at_least_one() {
    for option in ["schema-creation", "post-actions", "index-creation"] {
        let option = format!("--max-threads-for-{option}");
        assert!(run(&format!("{option} 1")).is_ok(), "{option}");
        assert!(error(&format!("{option}=0")).starts_with(&format!("invalid value '0' for {option}: ")), "{option}");
    }
    let names = Some(CommaList(vec!["sql_log_bin".to_owned(), "time_zone".to_owned()]));
    assert_eq!(typed("--ignore-set=SQL_log_bin,Time_Zone").restore.ignore_set, names);
}

#[test]
fn old_options_are_refused_by_name() {
    for (line, text) in [
        (
            "--overwrite-tables",
            "--overwrite-tables is an option of older mydumper versions: use -o or --drop-table=DROP",
        ),
        ("--purge-mode DROP", "--purge-mode is an option of older mydumper versions: use --drop-table=MODE"),
        ("--no-schema", "--no-schema is an option of older mydumper versions: use --no-schemas"),
        ("-q 0", "invalid value '0' for --queries-per-transaction: use a whole number, 1 or more"),
        ("--max-transaction-size 0", "invalid value '0' for --max-transaction-size: use a whole number, 1 or more"),
        (
            "--set-names=binary,latin1",
            "invalid value 'binary,latin1' for --set-names: each file declares its character set, and the connection is utf8mb4 or \
             binary: leave it out",
        ),
        (
            "--ignore-set=a,Names",
            "invalid value 'a,Names' for --ignore-set: NAMES says what the bytes of a file mean, and cannot be left out",
        ),
        (
            "--ignore-set=a;b",
            "invalid value 'a;b' for --ignore-set: use names of variables, such as SQL_LOG_BIN,GTID_PURGED",
        ),
    ] {
        assert_eq!(error(line), text);
    }
}
