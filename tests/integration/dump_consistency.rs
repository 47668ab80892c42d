//! One point in time: while others write, with the lock, without it, and with the position that goes with it.

use crate::dump_support::{
    HELD_ROWS, Held, binary_log_position, dump, make, metadata_value, mydumper, only_line, row_files, without_time,
};
use harness::program::{Program, WorkDir};
use harness::server::{self, Product, Server};
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
fn move_amounts(server: &Server, stop: &AtomicBool, seed: u32) {
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

#[test]
fn a_dump_under_writes_is_of_one_point_in_time_and_its_position_is_of_that_point() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        make(&server, "busy", TABLES);
        let before = transactions(&binary_log_position(&server).2);
        let stop = AtomicBool::new(false);
        let dumps: Vec<WorkDir> = thread::scope(|scope| {
            let writers = [
                scope.spawn(|| move_amounts(&server, &stop, 1)),
                scope.spawn(|| insert_pairs(&server, &stop)),
                scope.spawn(|| insert_pairs(&server, &stop)),
            ];
            // Also when a dump fails: the scope waits for the writers.
            let writing = StopOnDrop(&stop);
            let dumps = (0..4).map(|_| dump(&server, &["-B", "busy", "-t", "4", "--rows", "5000"])).collect();
            drop(writing);
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            dumps
        });
        // One more, so that something follows every position.
        server.client().run("INSERT INTO busy.moved (amount) VALUES (1)");
        let mut last = 0;
        for dir in dumps {
            let (a, b) = (rows_and_sum(&dir, "a"), rows_and_sum(&dir, "b"));
            let (moved, _) = rows_and_sum(&dir, "moved");
            let (first, second) = (rows_and_sum(&dir, "first").0, rows_and_sum(&dir, "second").0);
            assert_eq!((a, b), ((40_000, 4_000_000 - moved), (40_000, 4_000_000 + moved)), "{product:?}");
            assert_eq!(first, second, "{product:?}");
            assert!(row_files(&dir, "busy", "a").len() > 4 && moved + first > last, "{product:?}: {moved} {first}");
            last = moved + first;
            let metadata = dir.read_text("metadata");
            let value = |key| metadata_value(&metadata, key).unwrap();
            // Each transaction and each statement on a MyISAM table is one.
            let gtid_set = value("executed_gtid_set");
            assert_eq!(transactions(&gtid_set) - before, moved + first + second, "{product:?} {gtid_set}");
            assert_position(&server, &value("SOURCE_LOG_FILE"), &value("SOURCE_LOG_POS"), &gtid_set);
        }
    }
}

#[test]
fn the_lock_is_held_only_as_long_as_tables_need_it() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let mut client = make(&server, "unlocked", HELD_ROWS);
        client.run("SET SESSION lock_wait_timeout = 1");
        let held = Held::new(&server, "unlocked");
        let dir = WorkDir::new();
        let running = held.spawn(&server, &dir, &[]);
        // Others write again while InnoDB rows are read, and the dump does not see it.
        client.run("UPDATE t SET b = 'new'");
        drop(held);
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{product:?}: {}", output.stderr);
        let rows = dir.read_text("unlocked.t.00000.sql");
        assert!(rows.lines().count() > 20_000 && !rows.contains("new"), "{product:?}");

        let mut client = make(&server, "locked", HELD_ROWS);
        client.run("ALTER TABLE t ENGINE=MyISAM");
        client.run("CREATE TABLE u LIKE t");
        client.run("SET SESSION lock_wait_timeout = 1");
        let held = Held::new(&server, "locked");
        let dir = WorkDir::new();
        let running = held.spawn(&server, &dir, &[]);
        let error = client.try_run("INSERT INTO u VALUES (1, NULL)").unwrap_err();
        assert!(error.contains("1205"), "{product:?}: {error}");
        drop(held);
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{product:?}: {}", output.stderr);

        // And it is not waited for without end.
        let mut other = server.client();
        client.run("LOCK TABLES u WRITE");
        let dir = WorkDir::new();
        let program = mydumper(&server, &dir).args(["-B", "locked", "--ftwrl-max-wait-time", "1"]);
        let stderr = program.args(["--ftwrl-timeout-retries", "1"]).fails_with(1);
        let lines: Vec<&str> = stderr.lines().map(without_time).collect();
        assert_eq!(lines[0], "[WARNING] the read lock was not granted within 1 s, trying again", "{product:?}");
        let start = "[ERROR] FLUSH TABLES WITH READ LOCK failed: server error 1205 (HY000): Lock wait timeout exceeded";
        assert!(lines.len() == 2 && lines[1].starts_with(start), "{product:?}: {stderr}");
        assert_eq!(dir.list(), Vec::<String>::new(), "{product:?}");
        assert_eq!(other.scalar("SELECT COUNT(*) FROM locked.t"), "20000", "{product:?}");
    }
}

#[test]
fn without_the_privilege_for_the_lock() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let mut client = make(&server, "quiet", &["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)"]);
        let monitor = if product == Product::MariaDb { "BINLOG MONITOR" } else { "REPLICATION CLIENT" };
        client.run("CREATE USER seer@localhost, reader@localhost");
        client.run("GRANT SELECT, SHOW VIEW ON *.* TO seer@localhost, reader@localhost");
        client.run(format!("GRANT {monitor} ON *.* TO seer@localhost"));
        let position = binary_log_position(&server);
        let run = |user: &str, args: &[&str], dir: &WorkDir| {
            let program = Program::mydumper().arg("-S").arg(server.socket()).args(["-u", user, "-B", "quiet", "-o"]);
            program.arg(dir.path()).args(args).run()
        };
        let denied = "server error 1227 (42000): Access denied; you need (at least one of) the RELOAD";

        let dir = WorkDir::new();
        let output = run("seer", &[], &dir);
        let lines: Vec<&str> = output.stderr.lines().map(without_time).collect();
        assert_eq!((output.code, lines.len()), (Some(0), 3), "{product:?}: {}", output.stderr);
        let unseen = "without the privilege PROCESS, a table that takes another's name during the dump goes unnoticed";
        assert_eq!(lines[1], format!("[WARNING] {unseen}"), "{product:?}");
        assert!(lines[0].starts_with(&format!("[WARNING] {denied}")), "{product:?}: {}", lines[0]);
        let end = "; statement: FLUSH TABLES WITH READ LOCK; going on without a lock, which needs a quiet moment on the server";
        assert!(lines[0].ends_with(end), "{product:?}: {}", lines[0]);
        let metadata = dir.read_text("metadata");
        assert_eq!(metadata_value(&metadata, "SOURCE_LOG_POS"), Some(position.1), "{product:?}");
        assert!(dir.read_text("quiet.t.00000.sql").ends_with("VALUES(1)\n;\n"), "{product:?}");

        // Who may not see the position either is told that nothing is proved.
        let dir = WorkDir::new();
        let output = run("reader", &[], &dir);
        assert_eq!(output.code, Some(0), "{product:?}: {}", output.stderr);
        let unproved = "the binary log's position cannot be read: the workers may see different points in time";
        assert!(output.stderr.contains(unproved), "{product:?}: {}", output.stderr);
        assert!(!dir.read_text("metadata").contains("[source]"), "{product:?}");

        let dir = WorkDir::new();
        let output = run("reader", &["--sync-thread-lock-mode=FTWRL"], &dir);
        assert_eq!(output.code, Some(1), "{product:?}");
        let line = only_line(&output.stderr);
        assert!(
            line.starts_with(&format!("[ERROR] FLUSH TABLES WITH READ LOCK failed: {denied}")),
            "{product:?}: {line}"
        );
        assert_eq!(dir.list(), Vec::<String>::new(), "{product:?}");
    }
}

#[test]
fn no_lock_at_all_is_warned_of() {
    for product in Product::ALL {
        let server = server::source(product);
        make(server, "no_lock", &["CREATE TABLE t (a INT)"]);
        let output = mydumper(server, &WorkDir::new()).args(["-B", "no_lock", "--sync-thread-lock-mode=NO_LOCK"]).ok();
        let first = output.stderr.lines().next().map(without_time).unwrap_or_default();
        assert_eq!(first, "[WARNING] no lock is taken: the workers may see different points in time", "{product:?}");
    }
}
