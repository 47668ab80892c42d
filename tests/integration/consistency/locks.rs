//! Locks: which ones, for how long, and what happens when one is not granted.

use crate::support::dump::{HELD_ROWS, Held, lock_lines, make, mydumper, only_line, wait_until, without_time};
use harness::program::WorkDir;
use harness::server::{self, Product, Server};
use std::sync::atomic::{AtomicBool, Ordering};

const NONE: Vec<String> = Vec::new();

/// A row of InnoDB's and a table of each kind.
const TWO_ENGINES: &[&str] = &[
    "CREATE TABLE i (id INT PRIMARY KEY)",
    "INSERT INTO i VALUES (1)",
    "CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM",
    "INSERT INTO m VALUES (1)",
];

#[test]
fn each_mode_takes_its_locks_and_says_for_how_long() {
    for product in Product::ALL {
        let server = server::source(product);
        make(server, "lock_modes", TWO_ENGINES);
        make(server, "lock_modes_i", &TWO_ENGINES[..2]);
        let run = |database: &str, args: &[&str]| {
            let program = mydumper(server, &WorkDir::new()).args(["-B", database, "-v", "3"]).args(args);
            lock_lines(&program.ok().stderr)
        };
        let ddl = |lines: &[&str]| -> Vec<String> {
            let [taken, released] =
                ["taken", "released"].map(|what| format!("LOCK INSTANCE FOR BACKUP {what} after T s"));
            let mut all: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            if product == Product::MySql {
                all.insert(0, taken.clone());
                // Whoever waits behind it would hold up FLUSH TABLES.
                if lines[0].starts_with("FLUSH") {
                    all.splice(1..2, [released.clone(), lines[0].to_owned(), taken]);
                }
                all.push(released);
            }
            all
        };
        let global = match product {
            Product::MariaDb => "BACKUP STAGE BLOCK_COMMIT",
            Product::MySql => "FLUSH TABLES WITH READ LOCK",
        };
        let (taken, released) = (format!("{global} taken after T s"), format!("{global} released after T s"));
        let table = ["LOCK TABLES (1 table) taken after T s", "LOCK TABLES (1 table) released after T s"];
        assert_eq!(run("lock_modes_i", &[]), ddl(&[&taken, &released]), "{product:?}");
        assert_eq!(run("lock_modes", &[]), ddl(&[&taken, table[0], &released, table[1]]), "{product:?}");
        // Who says that all tables have transactions gets no lock on the others.
        assert_eq!(run("lock_modes", &["--trx-tables"]), ddl(&[&taken, &released]), "{product:?}");
        let flush = ["FLUSH TABLES WITH READ LOCK taken after T s", "FLUSH TABLES WITH READ LOCK released after T s"];
        for option in ["--no-backup-locks", "--sync-thread-lock-mode=FTWRL"] {
            assert_eq!(run("lock_modes_i", &[option]), ddl(&flush), "{product:?}");
        }
        assert_eq!(run("lock_modes_i", &["--skip-ddl-locks"]), [taken, released], "{product:?}");
        assert_eq!(
            run("lock_modes", &["--sync-thread-lock-mode=LOCK_ALL"]),
            ddl(&[table[0], table[0], table[1], table[1]]),
            "{product:?}"
        );
        for mode in ["GTID", "SAFE_NO_LOCK", "NO_LOCK"] {
            assert_eq!(run("lock_modes", &["--sync-thread-lock-mode", mode]), NONE, "{product:?}");
        }
    }
}

#[test]
fn only_tables_without_snapshots_stay_locked_while_they_are_copied() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let mut client = make(&server, "unlocked", HELD_ROWS);
        client.run("SET SESSION lock_wait_timeout = 1");
        for mode in ["AUTO", "LOCK_ALL"] {
            let held = Held::new(&server, "unlocked");
            let dir = WorkDir::new();
            let running = held.spawn(&server, &dir, &["--sync-thread-lock-mode", mode]);
            // Others write again while InnoDB rows are read, and the dump does not see it.
            client.run(format!("UPDATE t SET b = 'new {mode}'"));
            drop(held);
            let output = running.wait();
            assert_eq!(output.code, Some(0), "{product:?}: {}", output.stderr);
            let rows = dir.read_text("unlocked.t.00000.sql");
            assert!(rows.lines().count() > 20_000 && !rows.contains(&format!("new {mode}")), "{product:?} {mode}");
        }

        let mut client = make(&server, "locked", HELD_ROWS);
        client.run("ALTER TABLE t ENGINE=MyISAM");
        client.run("CREATE TABLE u LIKE t");
        client.run("CREATE TABLE i (id INT PRIMARY KEY, b INT) ENGINE=InnoDB");
        client.run("SET SESSION lock_wait_timeout = 1");
        for mode in ["AUTO", "LOCK_ALL"] {
            let held = Held::new(&server, "locked");
            let dir = WorkDir::new();
            let running = held.spawn(&server, &dir, &["--sync-thread-lock-mode", mode]);
            let error = client.try_run("INSERT INTO u VALUES (1, NULL)").unwrap_err();
            assert!(error.contains("1205"), "{product:?} {mode}: {error}");
            client.run("INSERT INTO i VALUES (1, NULL)");
            client.run("DELETE FROM i");
            drop(held);
            let output = running.wait();
            assert_eq!(output.code, Some(0), "{product:?} {mode}: {}", output.stderr);
        }

        // Who may not take the tables' locks keeps the one that there is.
        client.run("CREATE USER flusher@localhost");
        client.run("GRANT SELECT, RELOAD, PROCESS, SHOW VIEW ON *.* TO flusher@localhost");
        let held = Held::new(&server, "locked");
        let dir = WorkDir::new();
        let running = held.spawn(&server, &dir, &["-u", "flusher", "-v", "3"]);
        let error = client.try_run("INSERT INTO i VALUES (1, NULL)").unwrap_err();
        assert!(error.contains("1205"), "{product:?}: {error}");
        drop(held);
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{product:?}: {}", output.stderr);
        let held_on = "is held until the tables of engines without snapshots are copied";
        assert!(output.stderr.contains(held_on), "{product:?}: {}", output.stderr);
        assert!(output.stderr.contains("all tables of this dump are from one point in time"), "{}", output.stderr);
        client.run("INSERT INTO i VALUES (1, NULL)");
    }
}

/// Statements that wait for a lock as long as somebody writes to a MyISAM table, by mode, and what that session holds.
fn waiting(product: Product) -> [(&'static str, &'static str, &'static str, &'static str); 3] {
    let flush = "FLUSH TABLES WITH READ LOCK";
    let (auto, whole_server) = match product {
        Product::MariaDb => (("AUTO", "BACKUP STAGE BLOCK_COMMIT", "BACKUP STAGE START"), "the server's backup lock"),
        Product::MySql => (("AUTO", flush, flush), "the global lock"),
    };
    [
        (auto.0, auto.1, auto.2, whole_server),
        ("FTWRL", flush, flush, whole_server),
        ("LOCK_ALL", "LOCK TABLES", "LOCK TABLES `awaited`.`m` READ", "a lock on awaited.m"),
    ]
}

/// The line with `N` for its numbers of seconds.
fn without_seconds(line: &str) -> String {
    let mut pieces = line.split(" s").map(|piece| piece.trim_end_matches(|c: char| c.is_ascii_digit()));
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |line, piece| if line.ends_with(' ') { line + "N s" + piece } else { line + " s" + piece })
}

#[test]
fn a_lock_is_not_waited_for_without_end() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let mut client = make(&server, "awaited", &TWO_ENGINES[2..]);
        if product == Product::MariaDb {
            client.run("INSTALL SONAME 'metadata_lock_info'");
        }
        client.run("LOCK TABLES m WRITE");
        let holder = client.scalar("SELECT CONNECTION_ID()");
        let mut idle = server.client();
        idle.run("SELECT * FROM information_schema.SCHEMATA");
        for (mode, name, statement, held) in waiting(product) {
            let dir = WorkDir::new();
            let program = mydumper(&server, &dir).args(["-B", "awaited", "--ftwrl-max-wait-time", "2"]);
            let program = program.args(["--ftwrl-timeout-retries", "1", "--sync-thread-lock-mode", mode]);
            let stderr = program.fails_with(4);
            let lines: Vec<String> = stderr.lines().map(|line| without_seconds(without_time(line))).collect();
            let since = format!(", since session {holder} (root@localhost, Sleep, N s) holds {held}");
            assert_eq!(
                lines,
                [
                    format!("[WARNING] {name} was not granted within N s{since}, retrying"),
                    format!(
                        "[ERROR] {name} failed{since}: server error 1205 (HY000): Lock wait timeout exceeded; try restarting \
                         transaction (other sessions hold locks: run again when they are done); statement: {statement}"
                    )
                ],
                "{product:?}"
            );
            assert_eq!(dir.list(), NONE, "{product:?}");
        }
        // Nothing is left behind.
        client.run("UNLOCK TABLES");
        client.run("INSERT INTO m VALUES (2)");
    }
}

#[test]
fn a_transaction_that_may_hold_the_lock_is_named_and_an_idle_session_is_not() {
    let server = Server::start(Product::MariaDb, &[]);
    let mut client = make(&server, "awaited", &TWO_ENGINES[..2]);
    let mut idle = server.client();
    idle.run("SELECT * FROM awaited.i");
    client.run("BEGIN");
    client.run("UPDATE i SET id = id + 100");
    let holder = client.scalar("SELECT CONNECTION_ID()");
    let dir = WorkDir::new();
    let program = mydumper(&server, &dir).args(["-B", "awaited", "--ftwrl-max-wait-time", "2"]);
    let stderr = program.args(["--ftwrl-timeout-retries", "0", "--sync-thread-lock-mode", "LOCK_ALL"]).fails_with(4);
    assert_eq!(
        without_seconds(&only_line(&stderr)),
        format!(
            "[ERROR] LOCK TABLES failed, since session {holder} (root@localhost, Sleep, N s) is in a transaction and may \
             hold the lock: server error 1205 (HY000): Lock wait timeout exceeded; try restarting transaction (other \
             sessions hold locks: run again when they are done); statement: LOCK TABLES `awaited`.`i` READ"
        )
    );
}

#[test]
fn a_signal_ends_the_wait_for_a_lock_here_and_on_the_server() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let mut client = make(&server, "awaited", &TWO_ENGINES[2..]);
        let mut other = server.client();
        client.run("LOCK TABLES m WRITE");
        for (mode, _, statement, _) in waiting(product) {
            let dir = WorkDir::new();
            let mut running = mydumper(&server, &dir).args(["-B", "awaited", "--sync-thread-lock-mode", mode]).spawn();
            let count = format!("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO = '{statement}'");
            running.wait_until("it does not wait for the lock", |_| other.scalar(&count) == "1");
            running.signal("INT");
            let output = running.wait();
            assert_eq!(output.code, Some(130), "{product:?} {mode}");
            let expected = "[ERROR] stopped before the dump was done: it is not complete";
            assert_eq!(only_line(&output.stderr), expected, "{product:?} {mode}");
            assert_eq!(dir.list(), NONE, "{product:?} {mode}");
            // MySQL itself does not notice that the program has gone, and a FLUSH that waits holds up all writes.
            wait_until("the session that waited is still there", || other.scalar(&count) == "0");
        }
    }
}

#[test]
fn ddl_that_comes_while_locks_are_taken_is_no_deadlock() {
    let server = Server::start(Product::MySql, &[]);
    make(&server, "lock_ddl", TWO_ENGINES);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..2 {
            let (server, ended) = (&server, &ended);
            scope.spawn(move || {
                let mut client = server.client();
                while !ended.load(Ordering::Relaxed) {
                    client.run(format!("CREATE TABLE lock_ddl.new_{number} (a INT)"));
                    client.run(format!("DROP TABLE lock_ddl.new_{number}"));
                }
            });
        }
        let outcomes: Vec<_> = (0..10)
            .map(|_| {
                let program = mydumper(&server, &WorkDir::new()).args(["-T", "lock_ddl.i,lock_ddl.m"]);
                program.args(["--sync-thread-lock-mode=FTWRL", "--ftwrl-max-wait-time=20"]).run()
            })
            .map(|output| (output.code, output.stderr))
            .filter(|(code, stderr)| *code != Some(0) || stderr.contains("WARNING"))
            .collect();
        ended.store(true, Ordering::Relaxed);
        assert_eq!(outcomes, []);
    });
}

#[test]
fn ddl_that_waits_for_another_backup_does_not_hold_up_writes() {
    let server = Server::start(Product::MySql, &[]);
    make(&server, "lock_other", TWO_ENGINES);
    let mut backup = server.client();
    backup.run("LOCK INSTANCE FOR BACKUP");
    std::thread::scope(|scope| {
        scope.spawn(|| server.client().run("CREATE TABLE lock_other.new (a INT)"));
        let mut other = server.client();
        let waits = "SELECT COUNT(*) FROM performance_schema.processlist WHERE STATE = 'Waiting for backup lock'";
        wait_until("DDL does not wait", || other.scalar(waits) == "1");
        let output = mydumper(&server, &WorkDir::new()).args(["-B", "lock_other"]).run();
        backup.run("UNLOCK INSTANCE");
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        let warning = "[WARNING] FLUSH TABLES WITH READ LOCK would wait for DDL that waits until another backup ends, and all \
                       writes would wait for it: the tables are locked one by one instead";
        assert!(output.stderr.lines().map(without_time).any(|line| line == warning), "{}", output.stderr);
    });
}

#[test]
fn tables_that_others_have_locked_are_not_flushed() {
    let server = Server::start(Product::MySql, &[]);
    make(&server, "lock_taken", TWO_ENGINES);
    let mut other = server.client();
    other.run("LOCK TABLES lock_taken.m READ");
    let output = mydumper(&server, &WorkDir::new()).args(["-B", "lock_taken", "-v", "3"]).ok();
    let warning = "[WARNING] FLUSH TABLES WITH READ LOCK would wait for tables that another session has locked, and all \
                   writes would wait for it: the tables are locked one by one instead";
    assert!(output.stderr.lines().map(without_time).any(|line| line == warning), "{}", output.stderr);
    let locks = lock_lines(&output.stderr);
    assert!(locks.iter().all(|line| !line.starts_with("FLUSH")), "{locks:?}");
}

/// Writers of tables without row locks wait for the dump's lock, and the dump must not wait behind them.
#[test]
fn updates_of_tables_without_row_locks_do_not_stop_the_dump() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let engines: &[&str] = match product {
            Product::MariaDb => &["MyISAM", "Aria", "MEMORY"],
            Product::MySql => &["MyISAM", "MEMORY"],
        };
        for engine in engines {
            let create =
                format!("CREATE TABLE m (id INT PRIMARY KEY, v BIGINT, f FLOAT DEFAULT 1.234567) ENGINE={engine}");
            let fill = "INSERT INTO m WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 900) \
                        SELECT n, n, n FROM r";
            make(&server, "lock_updated", &[&create, fill, "CREATE TABLE i (id INT PRIMARY KEY)", "ANALYZE TABLE m"]);
            let ended = AtomicBool::new(false);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        let mut client = server.client();
                        while !ended.load(Ordering::Relaxed) {
                            client.run("UPDATE lock_updated.m SET v = v + 1 WHERE id = 7");
                        }
                    });
                }
                let failed: Vec<_> = ["AUTO", "FTWRL", "LOCK_ALL"]
                    .map(|mode| {
                        let program = mydumper(&server, &WorkDir::new()).args(["-B", "lock_updated", "--rows", "100"]);
                        let output = program.args(["--sync-thread-lock-mode", mode]).run();
                        (mode, output.code, output.stderr)
                    })
                    .into_iter()
                    .filter(|(_, code, _)| *code != Some(0))
                    .collect();
                ended.store(true, Ordering::Relaxed);
                assert_eq!(failed, [], "{product:?} {engine}");
            });
            server.client().run("DROP DATABASE lock_updated");
        }
    }
}
