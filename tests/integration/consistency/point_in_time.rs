//! One point in time while others write, in every mode, and the position that goes with it.

use crate::support::dump::{binary_log_position, make, metadata_value, mydumper, row_files};
use harness::program::WorkDir;
use harness::server::{Product, Server};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const TABLES: &[&str] = &[
    "CREATE TABLE a (id INT PRIMARY KEY, amount INT, b CHAR(200) DEFAULT 'x')",
    "INSERT INTO a (id, amount) WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 199) \
     SELECT a.n * 200 + b.n, 100 FROM r a JOIN r b",
    "CREATE TABLE b LIKE a",
    "INSERT INTO b SELECT * FROM a",
    "CREATE TABLE moved (id BIGINT AUTO_INCREMENT PRIMARY KEY, amount INT)",
    "CREATE TABLE first (id BIGINT AUTO_INCREMENT PRIMARY KEY, amount INT) ENGINE=MyISAM",
    "CREATE TABLE second LIKE first",
    "ANALYZE TABLE a, b",
];

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Until `stop`: moves an amount from a table to another and notes it, in one transaction.
fn move_amounts(server: &Server, stop: &AtomicBool, seed: u64) {
    let mut client = server.client();
    client.run("USE busy");
    for step in (seed..).step_by(7).take_while(|_| !stop.load(Ordering::Relaxed)) {
        let (from, to) = (step * 7919 % 40_000, step * 104_729 % 40_000);
        client.run("BEGIN");
        client.run(format!("UPDATE a SET amount = amount - 1 WHERE id = {from}"));
        client.run(format!("UPDATE b SET amount = amount + 1 WHERE id = {to}"));
        client.run("INSERT INTO moved (amount) VALUES (1)");
        client.run("COMMIT");
    }
}

/// Until `stop`: inserts into two tables without transactions, which never differ for others.
fn insert_pairs(server: &Server, stop: &AtomicBool) {
    let mut client = server.client();
    client.run("USE busy");
    while !stop.load(Ordering::Relaxed) {
        client.run("LOCK TABLES first WRITE, second WRITE");
        client.run("INSERT INTO first (amount) VALUES (1)");
        client.run("INSERT INTO second (amount) VALUES (1)");
        client.run("UNLOCK TABLES");
    }
}

/// Until `stop`: inserts into a table without transactions.
fn insert_singles(server: &Server, stop: &AtomicBool) {
    let mut client = server.client();
    client.run("USE busy");
    while !stop.load(Ordering::Relaxed) {
        client.run("INSERT INTO first (amount) VALUES (1)");
    }
}

/// How many rows a table has in the dump, and the sum of their second column.
fn rows_and_sum(dir: &WorkDir, table: &str) -> (i64, i64) {
    let (mut rows, mut sum) = (0, 0);
    for file in row_files(dir, "busy", table) {
        for line in dir.read_text(&file).lines().filter(|line| line.contains('(')) {
            rows += 1;
            sum += line.split(['(', ',', ')']).filter_map(|part| part.parse::<i64>().ok()).nth(1).unwrap();
        }
    }
    (rows, sum)
}

/// The number of the last transaction in a GTID set of one server.
fn transactions(gtid_set: &str) -> i64 {
    gtid_set.rsplit(['-', ':']).next().unwrap().parse().unwrap()
}

/// The transaction that follows a position in the binary log, or comes last before it.
fn assert_position(server: &Server, file: &str, position: &str, gtid_set: &str) {
    let mut client = server.client();
    match server.product() {
        Product::MariaDb => {
            assert_eq!(client.scalar(format!("SELECT BINLOG_GTID_POS('{file}', {position})")), gtid_set);
        }
        Product::MySql => {
            let next = client.query(format!("SHOW BINLOG EVENTS IN '{file}' FROM {position} LIMIT 1"));
            let next = next.first().map(|event| harness::sql::text(&event[5])).unwrap_or_default();
            let wanted = format!(":{}'", transactions(gtid_set) + 1);
            assert!(next.contains("GTID_NEXT") && next.ends_with(&wanted), "{wanted}: {next}");
        }
    }
}

/// A dump in this mode. Without a lock, so many may commit that nothing can be proved, which the dump has to say.
fn dump_in(server: &Server, mode: &str) -> WorkDir {
    const ATTEMPTS: u32 = 20;
    for _ in 0..ATTEMPTS {
        let dir = WorkDir::new();
        let program = mydumper(server, &dir).args(["-B", "busy", "-t", "4", "--rows", "5000"]);
        let output = program.args(["--sync-thread-lock-mode", mode]).run();
        if output.code == Some(0) {
            return dir;
        }
        let unproved =
            "the snapshots are not proved to be from one point in time: transactions were committed during every";
        assert!(output.stderr.contains(unproved) && output.code == Some(1), "{mode}: {}", output.stderr);
        assert_eq!(dir.list(), Vec::<String>::new());
    }
    panic!("nothing proved in {ATTEMPTS} dumps");
}

/// What a dump holds must be what was true after the transactions that its position tells of.
fn assert_one_moment(server: &Server, dir: &WorkDir, before: i64, mode: &str) -> i64 {
    let what = format!("{:?} {mode}", server.product());
    let (a, b) = (rows_and_sum(dir, "a"), rows_and_sum(dir, "b"));
    let (moved, _) = rows_and_sum(dir, "moved");
    let (first, second) = (rows_and_sum(dir, "first").0, rows_and_sum(dir, "second").0);
    assert_eq!((a, b), ((40_000, 4_000_000 - moved), (40_000, 4_000_000 + moved)), "{what}");
    assert!(first == second || mode == "LOCK_ALL", "{what}: {first} {second}");
    assert!(row_files(dir, "busy", "a").len() > 4, "{what}");
    let metadata = dir.read_text("metadata");
    let value = |key| metadata_value(&metadata, key).unwrap();
    // Each transaction and each statement on a MyISAM table is one.
    let gtid_set = value("executed_gtid_set");
    assert_eq!(transactions(&gtid_set) - before, moved + first + second, "{what} {gtid_set}");
    assert_position(server, &value("SOURCE_LOG_FILE"), &value("SOURCE_LOG_POS"), &gtid_set);
    moved + first
}

/// Writes until it is stopped.
type Writer = dyn Fn(&Server, &AtomicBool) + Sync;

/// Dumps while `writers` write, and looks at each dump when they have ended.
fn dumps_under_writes(modes: &[&str], writers: &[&Writer]) {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        make(&server, "busy", TABLES);
        let before = transactions(&binary_log_position(&server).2);
        let stop = AtomicBool::new(false);
        let dumps: Vec<WorkDir> = thread::scope(|scope| {
            let (server, stop) = (&server, &stop);
            let writing: Vec<_> = writers.iter().map(|writer| scope.spawn(move || writer(server, stop))).collect();
            // Also when a dump fails: the scope waits for the writers.
            let stop_writing = StopOnDrop(stop);
            let dumps = modes.iter().map(|mode| dump_in(server, mode)).collect();
            drop(stop_writing);
            writing.into_iter().for_each(|writer| writer.join().unwrap());
            dumps
        });
        // One more, so that something follows every position.
        server.client().run("INSERT INTO busy.moved (amount) VALUES (1)");
        let mut last = 0;
        for (mode, dir) in modes.iter().zip(dumps) {
            let found = assert_one_moment(&server, &dir, before, mode);
            assert!(found > last, "{product:?} {mode}: nothing was written between two dumps");
            last = found;
        }
    }
}

#[test]
fn a_dump_under_a_lock_is_of_one_point_in_time_and_its_position_is_of_that_point() {
    dumps_under_writes(
        &["AUTO", "FTWRL", "AUTO"],
        &[&|server, stop| move_amounts(server, stop, 1), &insert_pairs, &insert_pairs],
    );
    // Who locks the same tables without a pause leaves no room for this one.
    dumps_under_writes(
        &["LOCK_ALL", "LOCK_ALL"],
        &[&|server, stop| move_amounts(server, stop, 1), &insert_singles, &insert_singles],
    );
}

#[test]
fn a_dump_without_a_lock_is_proved_to_be_of_one_point_in_time_and_its_position_is_of_that_point() {
    // Tables without transactions are not written here: nothing is proved of them.
    dumps_under_writes(
        &["SAFE_NO_LOCK", "GTID", "SAFE_NO_LOCK", "GTID"],
        &[&|server, stop| move_amounts(server, stop, 1), &|server, stop| move_amounts(server, stop, 3)],
    );
}
