//! Queries that run for long when a lock is to be taken: waited for, named, or killed.

use std::thread::JoinHandle;

use crate::support::dump::{make, mydumper, only_line, wait_until, without_time};
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server};

const NONE: Vec<String> = Vec::new();

/// Rows to sleep on, one after the other: the whole takes minutes, and a KILL ends it at once.
const TABLES: &[&str] = &["CREATE TABLE t (id INT PRIMARY KEY, b INT)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)"];

/// A query that has run for more than one second.
struct LongRunning {
    id: String,
    thread: JoinHandle<Result<(), String>>,
}

impl LongRunning {
    fn start(server: &Server, sql: &'static str) -> LongRunning {
        let mut client = server.client();
        let id = client.scalar("SELECT CONNECTION_ID()");
        let thread = std::thread::spawn(move || client.try_run(sql));
        let mut other = server.client();
        let count = format!(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = {id} AND TIME > 1 AND COMMAND = 'Query'"
        );
        wait_until("the query does not run", || other.scalar(&count) == "1");
        LongRunning { id, thread }
    }

    fn runs(&self) -> bool {
        !self.thread.is_finished()
    }

    fn end(self, server: &Server) {
        server.client().run(format!("KILL QUERY {}", self.id));
        let _ = self.thread.join().unwrap();
    }
}

fn flush(server: &Server, dir: &WorkDir) -> Program {
    mydumper(server, dir).args(["-B", "long", "-l", "1", "--sync-thread-lock-mode", "FTWRL"])
}

#[test]
fn a_flush_is_not_asked_for_while_a_long_query_runs() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let mut client = make(&server, "long", TABLES);
        let query = LongRunning::start(&server, "SELECT SLEEP(300)\n FROM long.t");
        let seconds = |line: &str| -> String {
            // "7 of user 'root' since 2 s: …"
            let (before, after) = line.split_once(" since ").unwrap();
            format!("{before} since {}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        };
        let named = format!("{} of user 'root' since  s: SELECT SLEEP(300) FROM long.t", query.id);
        let found = "queries run for longer than 1 s";
        let error = format!(
            "[ERROR] {found} (--long-query-guard), and FLUSH TABLES WITH READ LOCK would wait for them and hold up all \
             writes meanwhile: {named}; wait for their end (--long-query-retries, --long-query-retry-interval), or let \
             them be killed (--kill-long-queries)"
        );
        let mut flushes = || client.query("SHOW GLOBAL STATUS LIKE 'Com_flush'");
        let before = flushes();

        let dir = WorkDir::new();
        assert_eq!(seconds(&only_line(&flush(&server, &dir).fails_with(1))), error, "{product:?}");
        assert_eq!(dir.list(), NONE, "{product:?}");
        let retries = ["--long-query-retries", "1", "--long-query-retry-interval", "1"];
        let stderr = flush(&server, &dir).args(retries).fails_with(1);
        let lines: Vec<String> = stderr.lines().map(|line| seconds(without_time(line))).collect();
        assert_eq!(lines, [format!("[WARNING] {found}, looking again in 1 s (1 of 1): {named}"), error], "{product:?}");
        assert_eq!(flushes(), before, "{product:?}");

        // A signal ends the pause.
        let mut waits = flush(&server, &dir).args(["--long-query-retries", "1"]).spawn();
        waits.wait_for_stderr("looking again in 60 s");
        waits.signal("TERM");
        let output = waits.wait();
        assert_eq!(output.code, Some(143), "{product:?}: {}", output.stderr);
        let stopped = "[ERROR] stopped before the dump was done: it is not complete";
        assert_eq!(output.stderr.lines().map(without_time).next_back(), Some(stopped), "{product:?}");

        // Nobody asked for its end.
        assert!(query.runs(), "{product:?}");
        let output = flush(&server, &dir).args(["-K"]).ok();
        let first = seconds(output.stderr.lines().map(without_time).next().unwrap());
        assert_eq!(first, format!("[WARNING] killing the long query {named}"), "{product:?}");
        assert!(dir.list().contains(&"metadata".to_owned()), "{product:?}");
        let _ = query.thread.join().unwrap();
    }
}

#[test]
fn locks_that_do_not_wait_for_readers_are_taken_while_one_reads() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        make(&server, "long", TABLES);
        let modes: &[&str] = if product == Product::MariaDb { &["AUTO", "LOCK_ALL"] } else { &["LOCK_ALL"] };
        let dump_after = |wait: &str, mode: &str, guard: &str, dir: &WorkDir| {
            let wait = ["--ftwrl-max-wait-time", wait, "--sync-thread-lock-mode", mode];
            mydumper(&server, dir).args(["-B", "long", "-l", guard]).args(wait)
        };
        let dump = |mode: &str, guard: &str, dir: &WorkDir| dump_after("1", mode, guard, dir);
        let query = LongRunning::start(&server, "SELECT SLEEP(300) FROM long.t");
        for mode in modes {
            let output = dump(mode, "1", &WorkDir::new()).ok();
            assert_eq!(output.stderr.lines().count(), 1, "{product:?} {mode}: {}", output.stderr);
        }
        assert!(query.runs(), "{product:?}");
        query.end(&server);

        // A statement that writes is another matter, unless the guard is off: then only the wait is bounded.
        let update = LongRunning::start(&server, "UPDATE long.t SET b = SLEEP(300)");
        let stderr = dump("LOCK_ALL", "1", &WorkDir::new()).fails_with(1);
        assert!(stderr.contains("and LOCK TABLES would wait for them"), "{product:?}: {stderr}");
        // Who holds the lock is asked in the middle of the wait, on a connection of its own.
        let stderr = dump_after("4", "LOCK_ALL", "0", &WorkDir::new()).fails_with(4);
        assert!(stderr.contains("LOCK TABLES failed, since session "), "{product:?}: {stderr}");
        assert!(stderr.contains(": server error 1205"), "{product:?}: {stderr}");
        update.end(&server);
    }
}
