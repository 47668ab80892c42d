//! Connections that are lost during a restore: it goes on, loads nothing twice and leaves nothing out.

use crate::support::dump::make;
use crate::support::interrupted::{MANY_FILES, drop_target, losing, make_large, make_objects};
use crate::support::load::{assert_same, dump_of, dumped_with, myloader};
use harness::compare::differences;
use harness::detour::{Detour, Fate, contains, is_statement};
use harness::program::{Output, Program, WorkDir};
use harness::server::{Product, Server, source, target};
use harness::sql::Client;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// In all the ways in which a connection ends around a request.
const LOSSES: [Fate; 3] = [Fate::IsLost, Fate::AnswerIsLost, Fate::IsOrphaned];

/// A restore of this dump over a detour.
fn loader(detour: &Detour, dir: &WorkDir, options: &[&str]) -> Program {
    let program = Program::myloader().arg("--socket").arg(detour.socket()).args(["--user", "root", "-v", "3"]);
    let program = program.args(["--optimize-keys=AFTER_IMPORT_PER_TABLE"]).args(options).arg("-d").arg(dir.path());
    program.time_limit(Duration::from_secs(60))
}

/// How often a restore had to connect again.
fn reconnects(output: &Output) -> usize {
    output.stderr.matches("[WARNING] the connection was lost, reconnecting: ").count()
}

/// Statements that make a table in which rows can be twice, with eight of them, each in a statement of its own.
fn eight_rows() -> Vec<String> {
    let rows = (1..=8).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('{id}', 1000))"));
    [String::from("CREATE TABLE t (id INT, c TEXT, KEY (id))")].into_iter().chain(rows).collect()
}

/// A dump of a table of eight rows in as many statements.
fn eight_statements(product: Product, database: &str, options: &[&str]) -> WorkDir {
    let statements = eight_rows();
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    dumped_with(product, database, &statements, &[&["--statement-size", "1000"], options].concat())
}

#[test]
fn rows_are_played_again_from_the_transaction_s_beginning() {
    for product in Product::ALL {
        let database = "lost_rows";
        let dir = eight_statements(product, database, &[]);
        for method in ["INSERT", "LOAD_DATA"] {
            for fate in LOSSES {
                // The fifth row is the second of the second transaction.
                let (detour, done) = losing(target(product), fate, move |request| contains(request, "55555"));
                let output = loader(&detour, &dir, &["--queries-per-transaction=3", "--load-method", method]).ok();
                let lost = done.load(Ordering::SeqCst);
                assert!(lost, "{product:?} {method} {fate:?}");
                assert_eq!(reconnects(&output), 1, "{}", output.stderr);
                assert!(output.stderr.contains("retrying the transaction: "), "{}", output.stderr);
                assert!(output.stderr.contains("restored 1 table, 8 rows, "), "{}", output.stderr);
                assert_same(product, database);
                drop_target(product, database);
            }
        }
    }
}

#[test]
fn a_commit_without_an_answer_is_settled_by_counting() {
    for product in Product::ALL {
        let database = "lost_commit";
        for (dump_options, options, kept) in [
            (&[][..], &[][..], false),
            (&["--replace"][..], &["--load-method=INSERT"][..], false),
            (&["--insert-ignore"][..], &["--load-method=INSERT"][..], false),
            (&["--format=LOAD_DATA"][..], &[][..], false),
            (&[][..], &["--drop-table=NONE"][..], true),
            (&["--replace"][..], &["--no-schemas"][..], true),
        ] {
            source(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
            let dir = eight_statements(product, database, dump_options);
            for fate in LOSSES {
                let case = format!("{product:?} {dump_options:?} {options:?} {fate:?}");
                if kept {
                    let mut client = make(target(product), database, &["CREATE TABLE t (id INT, c TEXT, KEY (id))"]);
                    client.run("INSERT INTO t VALUES (100, 'there before'), (100, 'there before')");
                }
                let (detour, done) = losing(target(product), fate, |request| is_statement(request, "COMMIT"));
                let options = [&["--queries-per-transaction=3"], options].concat();
                let output = loader(&detour, &dir, &options).ok();
                assert!(done.load(Ordering::SeqCst), "{case}");
                assert_eq!(reconnects(&output), 1, "{case}: {}", output.stderr);
                let committed = output.stderr.contains(" rows: the transaction was committed");
                let whole = dump_options == ["--format=LOAD_DATA"];
                match fate {
                    Fate::IsLost => assert!(!committed, "{case}: {}", output.stderr),
                    Fate::AnswerIsLost => assert!(committed, "{case}: {}", output.stderr),
                    // Whether it was committed, or killed before, is the server's to say.
                    _ => {}
                }
                assert!(whole || output.stderr.contains("restored 1 table, 8 rows, "), "{case}: {}", output.stderr);
                let mut client = target(product).client();
                if kept {
                    client.run(format!("DELETE FROM {database}.t WHERE id = 100"));
                }
                assert_eq!(client.scalar(format!("SELECT COUNT(*) FROM {database}.t")), "8", "{case}");
                assert_same(product, database);
                drop_target(product, database);
            }
        }
    }
}

#[test]
fn a_commit_that_counting_cannot_settle_is_an_error() {
    for product in Product::ALL {
        let database = "lost_unsettled";
        let dir = eight_statements(product, database, &[]);
        let other = Arc::new(Mutex::new(target(product).client()));
        let (detour, _) = losing(target(product), Fate::AnswerIsLost, move |request| {
            let is_commit = is_statement(request, "COMMIT");
            if is_commit {
                other.lock().unwrap().run("INSERT INTO lost_unsettled.t VALUES (9, '')");
            }
            is_commit
        });
        let log = loader(&detour, &dir, &["--queries-per-transaction=3", "-t1"]).fails_with(3);
        let error = "the connection was lost at a COMMIT of rows of table lost_unsettled.t, which now has 4 rows: neither \
                     0, as before it, nor 3, as after it";
        assert!(log.contains(error), "{log}");
    }
}

#[test]
fn rows_that_cannot_be_taken_back_end_the_restore() {
    for product in Product::ALL {
        let database = "lost_myisam";
        let mut statements = eight_rows();
        statements[0] = "CREATE TABLE t (id INT, c TEXT) ENGINE=MyISAM".to_owned();
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        let dir = dumped_with(product, database, &statements, &["--statement-size", "1000"]);
        let (detour, _) = losing(target(product), Fate::AnswerIsLost, |request| contains(request, "55555"));
        let log = loader(&detour, &dir, &[]).fails_with(3);
        let error = "the connection was lost while rows of table lost_myisam.t were loaded, and its engine cannot roll them \
             back: ";
        assert!(log.contains(error), "{log}");
        assert_eq!(target(product).client().scalar("SELECT COUNT(*) FROM lost_myisam.t"), "5");
        drop_target(product, database);
        // At the COMMIT all of them are there.
        let (detour, _) = losing(target(product), Fate::AnswerIsLost, |request| is_statement(request, "COMMIT"));
        let output = loader(&detour, &dir, &[]).ok();
        assert!(output.stderr.contains("table lost_myisam.t has 8 rows: the transaction was committed"));
        assert_same(product, database);
    }
}

#[test]
fn without_retries_a_lost_connection_ends_the_restore() {
    for product in Product::ALL {
        let dir = eight_statements(product, "lost_for_good", &[]);
        let (detour, _) = losing(target(product), Fate::IsLost, |request| contains(request, "55555"));
        let log = loader(&detour, &dir, &["--retry-count=0", "--load-method=INSERT"]).fails_with(3);
        assert!(log.contains("[ERROR] lost_for_good.t.00000.sql, line ") && reconnected(&log) == 0, "{log}");
    }
}

fn reconnected(log: &str) -> usize {
    log.matches("reconnecting: ").count()
}

/// Requests that change something, by what is in them.
const CHANGES: [&str; 22] = [
    "CREATE DATABASE ",
    "CREATE TABLE `p`",
    "CREATE TABLE `c`",
    "CREATE SEQUENCE",
    "CREATE OR REPLACE SEQUENCE",
    "SETVAL",
    "INSERT INTO `p`",
    "COMMIT",
    "ALTER TABLE `p`",
    "FULLTEXT",
    "ALTER TABLE `c`",
    "FOREIGN KEY",
    "DROP PROCEDURE",
    "PROCEDURE `pr`",
    "FUNCTION `fn`",
    "DROP VIEW",
    "VIEW `v`",
    "DROP TRIGGER",
    "NEW.x + 1",
    "NEW.x + 2",
    "DROP EVENT",
    "EVENT `ev`",
];

#[test]
fn every_change_of_a_definition_is_done_once() {
    for product in Product::ALL {
        let database = "lost_objects";
        make_objects(product, database);
        let dir = dump_of(product, database, &[]);
        for fate in LOSSES {
            for options in [&[][..], &["--drop-table=DROP"][..], &["--drop-table=NONE"][..]] {
                let seen: Arc<Mutex<Vec<&str>>> = Arc::default();
                let lost = Arc::clone(&seen);
                let detour = Detour::with_fates(target(product), move |request| {
                    let mut seen = seen.lock().unwrap();
                    match CHANGES.iter().find(|change| contains(request, change) && !seen.contains(change)) {
                        Some(change) => {
                            seen.push(change);
                            fate
                        }
                        None => Fate::Passes,
                    }
                });
                let output = loader(&detour, &dir, options).ok();
                let case = format!("{product:?} {fate:?} {options:?}: {}", output.stderr);
                let lost = lost.lock().unwrap();
                assert!(lost.len() >= 17 && reconnects(&output) >= lost.len(), "{case}\n{lost:?}");
                assert_eq!(differences(source(product), database, target(product), database), [""; 0], "{case}");
                // The second finds what the first has made.
                if !options.is_empty() {
                    drop_target(product, database);
                }
            }
        }
    }
}

#[test]
fn tables_that_stay_are_told_from_those_that_were_just_made() {
    for product in Product::ALL {
        let database = "lost_kept";
        make_objects(product, database);
        let dir = dump_of(product, database, &["-T", "lost_kept.p,lost_kept.c"]);
        // One table is there, empty like one that was just made.
        for mode in ["NONE", "TRUNCATE", "DELETE"] {
            let mut client = make(target(product), database, &["CREATE TABLE p (id INT PRIMARY KEY, x INT, t TEXT)"]);
            let seen: Arc<Mutex<Vec<&str>>> = Arc::default();
            let detour = Detour::with_fates(target(product), move |request| {
                let mut seen = seen.lock().unwrap();
                let changes = ["CREATE TABLE `p`", "CREATE TABLE `c`", "TRUNCATE TABLE", "DELETE FROM"];
                match changes.into_iter().find(|change| contains(request, change) && !seen.contains(change)) {
                    Some(change) => {
                        seen.push(change);
                        Fate::AnswerIsLost
                    }
                    None => Fate::Passes,
                }
            });
            loader(&detour, &dir, &["--drop-table", mode, "-T", "lost_kept.p,lost_kept.c"]).ok();
            let keys = |client: &mut Client, table: &str| client.query(format!("SHOW INDEX FROM {table}")).len();
            assert_eq!((keys(&mut client, "p"), keys(&mut client, "c")), (1, 2), "{product:?} {mode}");
            assert_eq!(client.scalar("SELECT COUNT(*) FROM p JOIN c ON c.p = p.id"), "2");
            drop_target(product, database);
        }
    }
}

#[test]
fn accounts_are_created_once() {
    for product in Product::ALL {
        let server = source(product);
        let database = "lost_accounts";
        make(server, database, &["CREATE TABLE t (id INT)"]);
        let mut client = server.client();
        for user in ["lost_a", "lost_b"] {
            client.run(format!("CREATE USER {user}@localhost IDENTIFIED BY 'secret'"));
            client.run(format!("GRANT SELECT ON {database}.* TO {user}@localhost"));
        }
        let dir = dump_of(product, database, &["--users"]);
        for (fate, is_known) in [(Fate::IsLost, true), (Fate::AnswerIsLost, false)] {
            let mut at_target = target(product).client();
            for user in ["lost_a", "lost_b"] {
                at_target.run(format!("DROP USER IF EXISTS {user}@localhost"));
            }
            let seen = AtomicUsize::new(0);
            let detour = Detour::with_fates(target(product), move |request| {
                let is_meant = contains(request, "CREATE USER") && contains(request, "lost_a")
                    || contains(request, "GRANT SELECT") && contains(request, "lost_b");
                if is_meant && seen.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) { fate } else { Fate::Passes }
            });
            let output = loader(&detour, &dir, &["--users", "-t1"]).run();
            assert_eq!(reconnects(&output), 2, "{}", output.stderr);
            let told = output.stderr.contains("the connection was lost while the account was created; it exists now");
            assert_eq!(told, !is_known, "{}", output.stderr);
            let grants = at_target.query("SHOW GRANTS FOR lost_b@localhost").len();
            assert_eq!(grants, client.query("SHOW GRANTS FOR lost_b@localhost").len());
            drop_target(product, database);
        }
        for user in ["lost_a", "lost_b"] {
            client.run(format!("DROP USER {user}@localhost"));
        }
    }
}

#[test]
fn connections_that_are_killed_at_random_do_no_harm() {
    for product in Product::ALL {
        let database = "lost_killed";
        make_large(source(product), database);
        let dir = dump_of(product, database, &MANY_FILES);
        // The last statement, which adds a key, may be all that there is to kill.
        let options = ["--queries-per-transaction=5", "--retry-count=100", "-v", "3"];
        let program = myloader(target(product), &dir).args(options);
        let running = program.spawn();
        let (mut client, mut numbers, mut killed) = (target(product).client(), crate::support::fidelity::Numbers(7), 0);
        let sessions = format!("SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{database}'");
        while harness::server::is_alive(running.pid()) && killed < 60 {
            let ids: Vec<String> = client.query(&sessions).iter().map(|row| harness::sql::text(&row[0])).collect();
            if !ids.is_empty() {
                let id = &ids[numbers.next() as usize % ids.len()];
                killed += usize::from(client.try_run(format!("KILL {id}")).is_ok());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(reconnects(&output) > 5, "{killed} killed\n{}", output.stderr);
        assert_same(product, database);
    }
}

#[test]
fn a_server_that_crashes_ten_times_ends_up_with_an_equal_copy() {
    const REQUESTS_BETWEEN: usize = 25;
    for product in Product::ALL {
        let database = "lost_crashes";
        make_large(source(product), database);
        let dir = dump_of(product, database, &MANY_FILES);
        let options = ["--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=64M"];
        let server = Arc::new(Server::start(product, &options));
        let (requests, crashes) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let (crashing, counted) = (Arc::clone(&server), Arc::clone(&crashes));
        // With rows or a COMMIT of one worker on the way; the others are cut off wherever they are.
        let detour = Detour::with_fates(&server, move |request| {
            let counts = contains(request, "INSERT INTO") || is_statement(request, "COMMIT");
            let is_next = counts && (requests.fetch_add(1, Ordering::SeqCst) + 1).is_multiple_of(REQUESTS_BETWEEN);
            if is_next && counted.fetch_add(1, Ordering::SeqCst) < 10 {
                crashing.crash();
            }
            Fate::Passes
        });
        let options = ["--queries-per-transaction=5", "--retry-count=100"];
        let output = loader(&detour, &dir, &options).time_limit(Duration::from_secs(300)).ok();
        assert!(crashes.load(Ordering::SeqCst) >= 10 && reconnects(&output) >= 10, "{}", output.stderr);
        assert_eq!(differences(source(product), database, &server, database), [""; 0], "{}", output.stderr);
    }
}
