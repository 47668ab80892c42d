//! Restores that are interrupted and resumed: `--resume`.

use crate::support::dump::make;
use crate::support::fidelity::Numbers;
use crate::support::interrupted::{
    GOES_ON, MANY_FILES, assert_equal, drop_target, kill, killed_at, losing, make_large, make_objects,
    wait_until_it_is_old,
};
use crate::support::load::{dump_of, dumped, dumped_with, forget_checksums, journals, myloader};
use harness::detour::{Detour, Fate, contains, is_statement};
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server, source, target};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn a_restore_that_is_killed_at_random_moments_is_gone_on_with() {
    let rounds: u64 = std::env::var("MYDUMPER_RS_KILLS").map_or(3, |text| text.parse().unwrap());
    for product in Product::ALL {
        let database = "resume_killed";
        make_large(source(product), database);
        let dir = dump_of(product, database, &MANY_FILES);
        let started = Instant::now();
        myloader(target(product), &dir).ok();
        let whole = started.elapsed();
        let is_there = format!("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{database}'");
        let mut numbers = Numbers(20);
        for round in 0..rounds {
            drop_target(product, database);
            let mut client = target(product).client();
            for run in 1.. {
                let mut program = myloader(target(product), &dir).args(["--queries-per-transaction=5", "-v", "3"]);
                if !journals(&dir).is_empty() {
                    program = program.arg("--resume");
                }
                let running = program.spawn();
                // Anywhere in the restore; the sixth may run to its end.
                std::thread::sleep(whole.mul_f64((numbers.next() % 1000) as f64 / 900.0));
                let output = if run > 5 { running.wait() } else { kill(running) };
                assert!(matches!(output.code, None | Some(0)), "{product:?} {round}, {run}: {}", output.stderr);
                // Without a journal nothing was changed yet, or all is done.
                if output.code == Some(0) || (journals(&dir).is_empty() && client.scalar(&is_there) == "1") {
                    break;
                }
            }
            assert_equal(product, target(product), database, &format!("round {round}"));
            assert!(journals(&dir).is_empty());
        }
    }
}

#[test]
fn ctrl_c_and_resume() {
    for product in Product::ALL {
        let database = "resume_ctrl_c";
        make_large(source(product), database);
        let dir = dump_of(product, database, &MANY_FILES);
        let program = || myloader(target(product), &dir).args(["--queries-per-transaction=2", "-t2", "-v", "3"]);
        let mut running = program().spawn();
        running.wait_until("rows", |running| running.stderr_so_far().matches(": loaded ").count() > 5);
        running.signal("INT");
        let output = running.wait();
        assert_eq!(output.code, Some(130), "{}", output.stderr);
        assert!(output.stderr.contains(GOES_ON), "{}", output.stderr);
        assert_eq!(journals(&dir).len(), 1);
        // A restore that starts over warns of the journal, and fails at what exists.
        let log = myloader(target(product), &dir).fails_with(None);
        assert!(log.contains("is from an earlier restore that did not finish: --resume would continue it"), "{log}");
        assert!(log.contains("already on the server: "), "{log}");
        let output = program().arg("--resume").ok();
        assert!(output.stderr.contains("[INFO] resuming the restore of "), "{}", output.stderr);
        assert_equal(product, target(product), database, &output.stderr);
        assert!(journals(&dir).is_empty());
        let log = myloader(target(product), &dir).arg("--resume").fails_with(1);
        assert!(
            log.contains(
                "does not exist, so there is no interrupted restore of this dump into this server and database"
            ),
            "{log}"
        );
    }
}

/// How the rows of a dump come, how they are restored, and whether the table is there before.
const WAYS: [(&[&str], &[&str], bool); 6] = [
    (&[], &[], false),
    (&["--replace"], &["--load-method=INSERT"], false),
    (&["--insert-ignore"], &["--load-method=INSERT"], false),
    (&["--format=LOAD_DATA", "--rows=2"], &[], false),
    (&[], &["--drop-table=NONE"], true),
    (&["--replace"], &["--no-schemas"], true),
];

#[test]
fn a_commit_at_which_the_program_is_killed_is_settled() {
    for product in Product::ALL {
        let database = "resume_commit";
        for (dump_options, options, kept) in WAYS {
            let rows: Vec<String> =
                (1..=8).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('{id}', 1000))")).collect();
            // Without a key, so that nothing but its number of rows tells whether one is there twice.
            let keyed = if dump_options.contains(&"--rows=2") { "PRIMARY KEY" } else { "" };
            let table = format!("CREATE TABLE t (id INT {keyed}, c TEXT, KEY (id))");
            source(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
            let mut statements = vec![table.as_str()];
            statements.extend(rows.iter().map(String::as_str));
            statements.push("ANALYZE TABLE t");
            make(source(product), database, &statements);
            let dir = dump_of(product, database, &[&["--statement-size", "1000"], dump_options].concat());
            for fate in [Fate::IsLost, Fate::AnswerIsLost] {
                // The second one, of three or four.
                let case = format!("{product:?} {dump_options:?} {options:?} {fate:?}");
                drop_target(product, database);
                if kept {
                    let mut client = make(target(product), database, &[&table]);
                    client.run("INSERT INTO t VALUES (100, 'there before')");
                }
                let options = [&["--queries-per-transaction=3", "-t1"], options].concat();
                let commits = AtomicUsize::new(0);
                let killed = killed_at(product, &dir, &options, fate, move |request| {
                    is_statement(request, "COMMIT") && commits.fetch_add(1, Ordering::SeqCst) == 1
                });
                assert_ne!(killed.code, Some(0), "{case}");
                let program = myloader(target(product), &dir).args(&options).args(["--resume", "-v", "3"]);
                let output = program.ok();
                assert!(!output.stderr.contains("from the start"), "{case}: {}", output.stderr);
                assert!(output.stderr.contains("restored 1 table, "), "{case}: {}", output.stderr);
                let mut client = target(product).client();
                if kept {
                    client.run(format!("DELETE FROM {database}.t WHERE id = 100"));
                }
                assert_eq!(client.scalar(format!("SELECT COUNT(*) FROM {database}.t")), "8", "{case}");
                assert_equal(product, target(product), database, &case);
            }
        }
        drop_target(product, database);
    }
}

#[test]
fn every_definition_at_which_the_program_is_killed_is_made_once() {
    for product in Product::ALL {
        let database = "resume_objects";
        make_objects(product, database);
        let dir = dump_of(product, database, &[]);
        let changes = [
            "CREATE DATABASE ",
            "CREATE TABLE `c`",
            "SETVAL",
            "ALTER TABLE `p`",
            "FULLTEXT",
            "FOREIGN KEY",
            "FUNCTION `fn`",
            "VIEW `v`",
            "NEW.x + 2",
            "EVENT `ev`",
        ];
        for (number, change) in changes.into_iter().enumerate() {
            if change == "SETVAL" && product == Product::MySql {
                continue;
            }
            // Each of them in one way on each product.
            let fate = [Fate::IsLost, Fate::AnswerIsLost][(number + product as usize) % 2];
            drop_target(product, database);
            let killed = killed_at(product, &dir, &[], fate, move |request| contains(request, change));
            assert_ne!(killed.code, Some(0), "{product:?} {change}: {}", killed.stderr);
            let output = myloader(target(product), &dir).args(["--resume", "-v", "3"]).ok();
            let case = format!("{change} {fate:?}: {}", output.stderr);
            assert_equal(product, target(product), database, &case);
        }
        drop_target(product, database);
    }
}

#[test]
fn a_table_that_is_not_as_it_was_left_is_loaded_from_the_beginning() {
    for product in Product::ALL {
        let database = "resume_anew";
        let rows: Vec<String> =
            (1..=8).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('{id}', 1000))")).collect();
        for engine in ["InnoDB", "MyISAM"] {
            source(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
            let table = format!("CREATE TABLE t (id INT, c TEXT, KEY (id)) ENGINE={engine}");
            let mut statements = vec![table.as_str()];
            statements.extend(rows.iter().map(String::as_str));
            statements.push("CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW SET NEW.id = 1");
            make(source(product), database, &statements);
            let dir = dump_of(product, database, &["--statement-size", "1000"]);
            drop_target(product, database);
            let options = ["--queries-per-transaction=3", "-t1", "--load-method=INSERT"];
            let killed = killed_at(product, &dir, &options, Fate::AnswerIsLost, |request| contains(request, "55555"));
            assert_ne!(killed.code, Some(0), "{}", killed.stderr);
            let mut client = target(product).client();
            if engine == "InnoDB" {
                client.run(format!("DELETE FROM {database}.t WHERE id = 1"));
            }
            let output = myloader(target(product), &dir).args(options).arg("--resume").ok();
            let left = if engine == "InnoDB" { "2 rows instead of the 3" } else { "5 rows instead of the 3" };
            let told = format!("table {database}.t has {left} that were loaded: reloading it from the start");
            assert!(output.stderr.contains(&told), "{}", output.stderr);
            assert_equal(product, target(product), database, engine);
        }
        // One that was there before is left alone.
        drop_target(product, database);
        let dir = dump_of(product, database, &["--statement-size", "1000"]);
        let mut client = make(target(product), database, &["CREATE TABLE t (id INT, c TEXT, KEY (id))"]);
        client.run("INSERT INTO t VALUES (100, '')");
        let options = ["--queries-per-transaction=3", "-t1", "--no-schemas", "--load-method=INSERT"];
        killed_at(product, &dir, &options, Fate::AnswerIsLost, |request| contains(request, "55555"));
        client.run("DELETE FROM t WHERE id = 100");
        let log = myloader(target(product), &dir).args(options).arg("--resume").fails_with(6);
        let told = "--resume: table resume_anew.t no longer has the 4 rows that the interrupted restore left";
        assert!(log.contains(told), "{log}");
    }
}

#[test]
fn commits_that_a_crashed_server_has_lost_are_found() {
    for product in Product::ALL {
        let database = "resume_lossy";
        make_large(source(product), database);
        let dir = dump_of(product, database, &MANY_FILES);
        let args = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-log-at-timeout=2000", "--sync-binlog=0"];
        let server = Server::start(product, &args);
        wait_until_it_is_old(&server);
        let options = ["--queries-per-transaction=5", "-t2", "-v", "3", "--retry-count=0"];
        let mut running = myloader(&server, &dir).args(options).spawn();
        running.wait_until("rows", |running| running.stderr_so_far().matches(": loaded ").count() > 10);
        running.signal("INT");
        running.wait();
        server.crash();
        let output = myloader(&server, &dir).args(options).arg("--resume").ok();
        assert!(output.stderr.contains("counting the rows of all tables"), "{}", output.stderr);
        assert_equal(product, &server, database, &output.stderr);
    }
}

#[test]
fn what_does_not_go_together_is_named() {
    for product in Product::ALL {
        let database = "resume_other";
        let dir = dumped(product, database, &["CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)"]);
        killed_at(product, &dir, &[], Fate::AnswerIsLost, |request| contains(request, "INSERT INTO `t`"));
        let journal = journals(&dir).remove(0);
        let resume = |server: &Server, options: &[&str]| {
            let program = Program::myloader().server(server).arg("-d").arg(dir.path()).arg("--journal").arg(&journal);
            program.args(["--resume"]).args(options).fails_with(1)
        };
        let log = resume(target(product), &["--skip-triggers", "-o"]);
        let told = "belongs to a different restore:\n  --drop-table was FAIL in the interrupted run, now DROP\n  \
                    creation of triggers was on in the interrupted run, now off; give the same options";
        assert!(log.contains(told), "{log}");
        let log = resume(source(product), &[]);
        assert!(log.contains("\n  the server was "), "{log}");
        // Another journal is not found at all.
        let log = Program::myloader().server(source(product)).args(["--resume", "-d"]).arg(dir.path()).fails_with(1);
        assert!(log.contains(" into this server and database (journals of other restores: myloader-journal."), "{log}");
        let metadata = dir.read("metadata");
        dir.write("metadata", [&metadata[..], b"# changed\n"].concat());
        assert!(resume(target(product), &[]).contains("\n  the dump has changed since: its metadata differs; "));
        dir.write("metadata", metadata);
        // One that is damaged in its midst, and one whose last line is torn.
        let text = std::fs::read_to_string(&journal).unwrap();
        std::fs::write(&journal, text.replacen("Fail", "Drop", 1)).unwrap();
        let log = Program::myloader().server(target(product)).args(["--resume", "-d"]).arg(dir.path()).fails_with(5);
        assert!(log.contains(" is damaged, so the journal cannot be relied on"), "{log}");
        std::fs::write(&journal, &text[..text.len() - 3]).unwrap();
        Program::myloader().server(target(product)).args(["--resume", "-d"]).arg(dir.path()).ok();
        assert_equal(product, target(product), database, "torn");
    }
}

#[test]
fn a_journal_elsewhere_and_none_at_all() {
    for product in Product::ALL {
        let database = "resume_elsewhere";
        let dir = dumped(product, database, &["CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)"]);
        let place = WorkDir::new();
        let journal = place.path().join("of-this-restore");
        let (detour, _) = losing(target(product), Fate::IsLost, |request| contains(request, "INSERT INTO `t`"));
        let program = |socket: PathBuf| {
            let program =
                Program::myloader().arg("--socket").arg(socket).args(["--user", "root", "-d"]).arg(dir.path());
            program.arg("--retry-count=0")
        };
        let failing = program(detour.socket().to_owned()).arg("--journal").arg(&journal);
        assert!(failing.fails_with(3).contains(GOES_ON));
        assert!(journal.exists() && journals(&dir).is_empty());
        let resumed = program(target(product).socket()).arg("--journal").arg(&journal).arg("--resume");
        resumed.ok();
        assert!(!journal.exists());
        assert_equal(product, target(product), database, "elsewhere");
        drop_target(product, database);
        // Where it cannot be written, the restore goes on without.
        let journal = place.path().join("no-such-directory/journal");
        let output = program(target(product).socket()).arg("--journal").arg(&journal).ok();
        assert!(output.stderr.contains("if this restore is interrupted, it cannot be resumed"), "{}", output.stderr);
        assert_equal(product, target(product), database, "without");
    }
}

#[test]
fn two_at_once_are_refused() {
    for product in Product::ALL {
        let database = "resume_twice";
        let dir = dumped(product, database, &["CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)"]);
        let mut client = make(target(product), database, &["CREATE TABLE t (id INT)"]);
        client.run("LOCK TABLES t WRITE");
        let mut running = myloader(target(product), &dir).arg("--no-schemas").spawn();
        running.wait_until("it does not begin", |_| !journals(&dir).is_empty());
        for options in [&["--no-schemas"][..], &["--no-schemas", "--resume"]] {
            let log = myloader(target(product), &dir).args(options).fails_with(7);
            assert!(log.contains(" is in use: another run works on this dump"), "{log}");
        }
        client.run("UNLOCK TABLES");
        assert_eq!(running.wait().code, Some(0));
        assert_equal(product, target(product), database, "");
    }
}

#[test]
fn what_an_earlier_run_has_left_out_is_told_again() {
    for product in Product::ALL {
        let database = "resume_gaps";
        let rows: Vec<String> =
            (1..=8).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('{id}', 1000))")).collect();
        let mut statements = vec!["CREATE TABLE t (id INT PRIMARY KEY, c TEXT)"];
        statements.extend(rows.iter().map(String::as_str));
        let dir = dumped_with(product, database, &statements, &["--statement-size", "1000"]);
        let file = format!("{database}.t.00000.sql");
        forget_checksums(&dir);
        let text = String::from_utf8(dir.read(&file)).unwrap().replacen("VALUES(2,", "VALUES(1,", 1);
        dir.write(&file, text);
        let options = ["--queries-per-transaction=3", "-t1", "--load-method=INSERT", "--keep-going"];
        let killed = killed_at(product, &dir, &options, Fate::IsLost, |request| contains(request, "77777"));
        assert_eq!(killed.code, None, "{}", killed.stderr);
        // The file again: its good rows are passed over, and so is the bad one.
        let log = myloader(target(product), &dir).args(options).arg("--resume").fails_with(4);
        let told = format!("rows of {database}.t in {file}: {file}, line ");
        assert!(log.contains(&told) && log.contains("skipped: 1 statement with 1 row"), "{log}");
        let mut client = target(product).client();
        assert_eq!(client.scalar(format!("SELECT GROUP_CONCAT(id ORDER BY id) FROM {database}.t")), "1,3,4,5,6,7,8");
        // And once more, when nothing is left to do.
        let log = myloader(target(product), &dir).args(options).arg("--resume").fails_with(4);
        assert!(log.contains(&told) && log.contains("skipped: 1 statement with 1 row"), "{log}");
    }
}

#[test]
fn a_server_that_loses_commits_while_a_restore_runs_is_found_out() {
    for product in Product::ALL {
        let database = "resume_lossy_run";
        // Without keys that are added later, since a change of a definition brings all commits to the disk.
        let statements =
            ["CREATE TABLE a (id INT)", "CREATE TABLE b (id INT)", "CREATE TABLE am (id INT) ENGINE=MEMORY"];
        let rows = ["INSERT INTO a VALUES (1), (2)", "INSERT INTO b VALUES (1)", "INSERT INTO am VALUES (1), (2), (3)"];
        let dir = dumped(product, database, &[statements, rows].concat());
        let args = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-log-at-timeout=2000", "--sync-binlog=0"];
        let server = Arc::new(Server::start(product, &args));
        wait_until_it_is_old(&server);
        // It is not for long what it was at the start.
        let mut client = server.client();
        client.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
        let changing = Mutex::new(server.client());
        let (crashing, crashed) = (Arc::clone(&server), AtomicBool::new(false));
        let detour = Detour::with_fates(&server, move |request| {
            if contains(request, "CREATE TABLE `a`") {
                changing.lock().unwrap().run("SET GLOBAL innodb_flush_log_at_trx_commit = 0");
            }
            if contains(request, "INSERT INTO `b`") && !crashed.swap(true, Ordering::SeqCst) {
                crashing.crash();
            }
            Fate::Passes
        });
        let program = Program::myloader().arg("--socket").arg(detour.socket()).args(["--user", "root", "-t1", "-d"]);
        let log = program.arg(dir.path()).time_limit(Duration::from_secs(100)).fails_with(6);
        let told = "the server was restarted and lost committed rows (innodb_flush_log_at_trx_commit is \
                    not 1, or an engine other than InnoDB): table resume_lossy_run.a has 0 of 2 committed rows; \
                    table resume_lossy_run.am has 0 of 3 committed rows; --resume reloads those";
        assert!(log.contains(told), "{log}");
        let output = Program::myloader().server(&server).args(["--resume", "-d"]).arg(dir.path()).ok();
        let told = "table resume_lossy_run.a has 0 rows instead of the 2 that were loaded: reloading it from the start";
        assert!(output.stderr.contains(told), "{}", output.stderr);
        assert_equal(product, &server, database, "");
    }
}
