//! How a restore is done: keys, transactions, threads, the binary log.

use crate::support::dump::make;
use crate::support::load::{assert_same, column, dump_of, dumped, dumped_with, load, myloader, refused};
use harness::program::WorkDir;
use harness::server::{Product, Server, source, target};

/// Two tables with secondary keys, of different engines.
const KEYED: [&str; 4] = [
    "CREATE TABLE a (id INT PRIMARY KEY, x INT, KEY by_x (x))",
    "CREATE TABLE m (id INT PRIMARY KEY, x INT, KEY by_x (x)) ENGINE=MyISAM",
    "INSERT INTO a VALUES (1, 2), (2, 2)",
    "INSERT INTO m VALUES (1, 2)",
];

/// What a restore by one thread does, in order, as its log says: tables, rows and keys, without sizes and times.
fn steps(product: Product, dir: &WorkDir, options: &[&str]) -> Vec<String> {
    let log = load(product, dir, &[&["-v", "3", "--threads", "1", "--drop-table"], options].concat()).stderr;
    let reports = log.lines().filter_map(|line| line.split_once("[INFO] worker 0: ")).map(|(_, report)| report);
    let is_step = |report: &&str| ["created table ", "loaded ", "added "].iter().any(|verb| report.starts_with(verb));
    let steps = reports.filter(is_step).filter(|report| !report.contains(" foreign key"));
    steps.filter_map(|report| Some(report.rsplit_once(" in ")?.0.split(", ").next()?.to_owned())).collect()
}

#[test]
fn keys_are_added_when_the_option_says() {
    for product in Product::ALL {
        let database = "keys_when";
        let dir = dumped(product, database, &KEYED);
        let schemas = ["created table keys_when.a", "created table keys_when.m"];
        let (a, m) = ("loaded keys_when.a chunk 0", "loaded keys_when.m chunk 0");
        let (keys_of_a, keys_of_m) = ("added 1 index to keys_when.a", "added 1 index to keys_when.m");
        for (options, expected) in [
            (&[][..], &[a, keys_of_a, m][..]),
            (&["--optimize-keys"], &[a, keys_of_a, m]),
            (&["--optimize-keys", "after_import_all_tables"], &[a, m, keys_of_a]),
            (&["--optimize-keys=SKIP"], &[a, m]),
            (&["--optimize-keys=AUTO"], &[a, m]),
            (&["--optimize-keys-engines", "MyISAM"], &[a, m, keys_of_m]),
            (&["--optimize-keys-engines", "innodb,myisam"], &[a, keys_of_a, m, keys_of_m]),
        ] {
            let expected = [&schemas, expected].concat();
            assert_eq!(steps(product, &dir, options), expected, "{product:?} {options:?}");
            assert_same(product, database);
        }
    }
}

#[test]
fn any_number_of_threads_restores_the_same() {
    for product in Product::ALL {
        let database = "threads";
        let mut statements: Vec<String> = (0..12).map(|n| format!("CREATE TABLE t{n} LIKE a")).collect();
        statements.extend((0..12).map(|n| format!("INSERT INTO t{n} SELECT * FROM a")));
        let statements: Vec<&str> = KEYED.into_iter().chain(statements.iter().map(String::as_str)).collect();
        make(source(product), database, &statements);
        let dir = dump_of(product, database, &["--rows", "1"]);
        for threads in ["1", "8"] {
            load(product, &dir, &["--drop-table", "--threads", threads, "--max-threads-per-table", threads]);
            assert_same(product, database);
        }
    }
}

#[test]
fn statements_are_committed_as_many_at_a_time_as_asked_for() {
    for product in Product::ALL {
        let database = "transactions";
        let rows: Vec<String> = (1..=8).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('x', 1000))")).collect();
        let mut statements = vec!["CREATE TABLE t (id INT PRIMARY KEY, c TEXT)"];
        statements.extend(rows.iter().map(String::as_str));
        let dir = dumped_with(product, database, &statements, &["--statement-size", "1000"]);
        let file = format!("{database}.t.00000.sql");
        assert_eq!(dir.read_text(&file).matches("INSERT").count(), 8, "a row to each statement");
        let mut client = target(product).client();
        for (limit, committed) in [("1", "5"), ("2", "4"), ("5", "5"), ("1000", "0")] {
            client.run("DROP DATABASE IF EXISTS transactions");
            // The sixth statement will fail.
            make(
                target(product),
                database,
                &["CREATE TABLE t (id INT PRIMARY KEY, c TEXT)", "INSERT INTO t VALUES (6, '')"],
            );
            let line = refused(product, &dir, &["--drop-table", "NONE", "--queries-per-transaction", limit]);
            assert!(line.contains("Duplicate entry (value not shown)"), "{line}");
            assert_eq!(client.scalar("SELECT COUNT(*) FROM transactions.t WHERE id < 6"), committed, "{limit}");
        }
    }
}

/// How often the binary log names the database, from a position on.
fn mentions(product: Product, database: &str, (file, position): &(String, String)) -> usize {
    let events = target(product).client().query(format!("SHOW BINLOG EVENTS IN '{file}' FROM {position}"));
    events.iter().filter(|event| harness::sql::text(&event[5]).contains(database)).count()
}

#[test]
fn the_binary_log_is_written_only_when_asked_for() {
    for product in Product::ALL {
        let database = "binary_log";
        let dir = dumped(product, database, &KEYED);
        let (file, position, _) = crate::support::dump::binary_log_position(target(product));
        let start = (file, position);
        load(product, &dir, &[]);
        assert_eq!(mentions(product, database, &start), 0);
        load(product, &dir, &["--drop-table", "--enable-binlog"]);
        let statements = mentions(product, database, &start);
        // At the least: two tables dropped and made, their rows, a key.
        assert!(statements >= 7, "{statements}");
        assert_same(product, database);
    }
}

#[test]
fn a_user_who_may_not_turn_the_binary_log_off_is_warned() {
    for product in Product::ALL {
        let database = "binary_log_user";
        let dir = dumped(product, database, &KEYED);
        let mut client = target(product).client();
        client.run("CREATE USER no_binlog@localhost IDENTIFIED BY 'pw'");
        client.run(format!("GRANT ALL ON {database}.* TO no_binlog@localhost"));
        let program = myloader(target(product), &dir).args(["--user", "no_binlog", "--password", "pw", "-t", "1"]);
        let log = program.ok().stderr;
        let warning = "[WARNING] the restore is written to the binary log, because the user may not turn it off: ";
        assert_eq!(log.matches(warning).count(), 1, "{log}");
        assert_eq!(column(&mut client, &format!("SELECT x FROM {database}.a")), ["2", "2"]);
    }
}

#[test]
fn the_redo_log_is_off_until_the_restore_ends_however_it_ends() {
    let dir = dumped(Product::MySql, "redo_log", &KEYED);
    let server = Server::start(Product::MySql, &[]);
    let restore = |args: &[&str]| myloader(&server, &dir).args(["--disable-redo-log", "-v", "3"]).args(args).run();
    let state = || {
        let status = "performance_schema.global_status WHERE VARIABLE_NAME = 'Innodb_redo_log_enabled'";
        server.client().scalar(format!("SELECT VARIABLE_VALUE FROM {status}"))
    };
    for code in [0, 4] {
        // The second time, the tables are there.
        let output = restore(&[]);
        assert_eq!(output.code, Some(code), "{}", output.stderr);
        let off = "[WARNING] the server's redo log is off until the restore ends: if the server crashes before, all its data \
                   is lost";
        let (before, after) = output.stderr.split_once(off).unwrap();
        assert!(!before.contains("redo_log.a-schema.sql"), "{before}");
        assert!(after.contains("[INFO] the server's redo log is on again\n"), "{after}");
        assert_eq!(state(), "ON");
    }
    server.client().run("ALTER INSTANCE DISABLE INNODB REDO_LOG");
    let output = restore(&["--drop-table"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stderr.contains("[WARNING] the server's redo log was already off and stays off\n"),
        "{}",
        output.stderr
    );
    assert_eq!(state(), "OFF");
}

#[test]
fn mariadb_has_no_switch_for_its_redo_log() {
    let dir = dumped(Product::MariaDb, "redo_log", &KEYED);
    let line = refused(Product::MariaDb, &dir, &["--disable-redo-log"]);
    assert!(line.contains("[ERROR] --disable-redo-log: MariaDB 10.11."), "{line}");
    let end = " cannot work without its redo log, MySQL can since 8.0.21: leave the option out";
    assert!(line.ends_with(end), "{line}");
}
