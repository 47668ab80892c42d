//! Restores that are interrupted more than once, each time at the worst moment, and what stands in their way.

use crate::support::dump::make;
use crate::support::interrupted::{assert_equal, drop_target, killed_on, wait_until_it_is_old};
use crate::support::load::{dumped, dumped_with, forget_checksums, journals, myloader};
use harness::detour::{Barrier, Detour, Fate, contains, is_statement};
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server, target};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn a_table_that_is_to_be_made_anew_is_dropped_whenever_the_program_is_killed() {
    for product in Product::ALL {
        let database = "again_anew";
        let rows: Vec<String> =
            (1..=8).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('{id}', 1000))")).collect();
        let mut statements = vec!["CREATE TABLE t (id INT, c TEXT, KEY (id)) ENGINE=MyISAM"];
        statements.extend(rows.iter().map(String::as_str));
        let dir = dumped_with(product, database, &statements, &["--statement-size", "1000"]);
        for mode in ["FAIL", "NONE", "TRUNCATE"] {
            drop_target(product, database);
            let mode = format!("--drop-table={mode}");
            let options = [&mode, "--queries-per-transaction=3", "-t1", "--load-method=INSERT"];
            killed_on(target(product), &dir, &options, Fate::AnswerIsLost, |request| contains(request, "55555"));
            let resumed = [&options[..], &["--resume"]].concat();
            let dropping = |request: &[u8]| contains(request, "DROP TABLE");
            let killed = killed_on(target(product), &dir, &resumed, Fate::IsLost, dropping);
            assert!(killed.stderr.contains("reloading it from the start"), "{mode}: {}", killed.stderr);
            myloader(target(product), &dir).args(&resumed).ok();
            assert_equal(product, target(product), database, &mode);
        }
    }
}

#[test]
fn triggers_of_a_table_that_is_emptied_again_do_not_fire_and_are_made_again() {
    for product in Product::ALL {
        let database = "again_triggers";
        let tables = ["CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE log (id INT)"];
        let others = [
            "INSERT INTO t VALUES (1), (2), (3)",
            "CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.id)",
            "CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR DISABLE DO SET @a = 1",
        ];
        let dir = dumped(product, database, &[&tables[..], &others].concat());
        let server = Server::start(product, &["--innodb-flush-log-at-trx-commit=1"]);
        wait_until_it_is_old(&server);
        let mut client = make(&server, database, &tables);
        let options = ["--drop-table=TRUNCATE", "-t1"];
        killed_on(&server, &dir, &options, Fate::IsLost, |request| contains(request, "EVENT `ev`"));
        // As a server does that loses commits.
        client.run("DELETE FROM t WHERE id = 1");
        drop(client);
        server.crash();
        let resumed = [&options[..], &["--resume"]].concat();
        let killed = killed_on(&server, &dir, &resumed, Fate::IsLost, |request| contains(request, "AFTER INSERT ON"));
        assert!(killed.stderr.contains("t has 2 rows instead of the 3 that were loaded"), "{}", killed.stderr);
        myloader(&server, &dir).args(&resumed).ok();
        assert_equal(product, &server, database, "");
    }
}

#[test]
fn triggers_do_not_fire_for_rows_that_were_left_out_before() {
    for product in Product::ALL {
        let database = "again_left_out";
        let parts = "PARTITION p0 VALUES LESS THAN (3), PARTITION p1 VALUES LESS THAN (9)";
        let table = format!("CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY RANGE (id) ({parts})");
        let statements = [
            table.as_str(),
            "CREATE TABLE log (id INT)",
            "INSERT INTO t VALUES (1), (2), (3), (4)",
            "CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.id)",
        ];
        let dir = dumped_with(product, database, &statements, &["--split-partitions"]);
        forget_checksums(&dir);
        let file = "again_left_out.t.00001.sql";
        let rows = dir.read(file);
        std::fs::remove_file(dir.path().join(file)).unwrap();
        myloader(target(product), &dir).arg("--keep-going").fails_with(5);
        let mut client = target(product).client();
        let triggers = format!("SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{database}'");
        assert_eq!(client.scalar(&triggers), "1", "{product:?}");
        dir.write(file, rows);
        myloader(target(product), &dir).args(["--keep-going", "--resume"]).ok();
        assert_equal(product, target(product), database, "");
    }
}

#[test]
fn rows_are_not_taken_for_those_of_a_transaction_that_was_undone() {
    for product in Product::ALL {
        let database = "again_undone";
        // Two files: one of two statements, and one of one.
        let rows: Vec<String> =
            (1..=3).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('{id}', 1000))")).collect();
        let parts = "PARTITION p0 VALUES LESS THAN (3), PARTITION p1 VALUES LESS THAN (9)";
        let table = format!("CREATE TABLE t (id INT PRIMARY KEY, c TEXT) PARTITION BY RANGE (id) ({parts})");
        let mut statements = vec![table.as_str()];
        statements.extend(rows.iter().map(String::as_str));
        let dir = dumped_with(product, database, &statements, &["--statement-size", "1000", "--split-partitions"]);
        drop_target(product, database);
        let options = ["--queries-per-transaction=1", "--load-method=INSERT"];
        let one_thread = [&options[..], &["-t1"]].concat();
        let is_commit = |request: &[u8]| is_statement(request, "COMMIT");
        killed_on(target(product), &dir, &one_thread, Fate::IsLost, is_commit);
        // Of the second run, nothing but the row of the other file comes to be.
        let barrier = Barrier::default();
        let hold = barrier.clone();
        let detour = Detour::with_fates(target(product), move |request| {
            if contains(request, "11111") {
                hold.pass();
            }
            if is_statement(request, "COMMIT") { Fate::AnswerIsLost } else { Fate::Passes }
        });
        let program =
            Program::myloader().arg("--socket").arg(detour.socket()).args(["--user", "root", "--resume", "-t2"]);
        let program = program.args(options).args(["--retry-count=0", "--optimize-keys=AFTER_IMPORT_PER_TABLE", "-d"]);
        program.arg(dir.path()).time_limit(Duration::from_secs(60)).fails_with(3);
        barrier.open();
        drop(detour);
        let mut client = target(product).client();
        assert_eq!(client.scalar(format!("SELECT GROUP_CONCAT(id) FROM {database}.t")), "3", "{product:?}");
        myloader(target(product), &dir).args(options).arg("--resume").ok();
        assert_equal(product, target(product), database, "");
    }
}

#[test]
fn a_table_that_is_gone_is_made_again() {
    for product in Product::ALL {
        let database = "again_gone";
        let statements =
            ["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)", "CREATE VIEW v AS SELECT 1"];
        let dir = dumped(product, database, &statements);
        killed_on(target(product), &dir, &[], Fate::IsLost, |request| contains(request, "VIEW `v`"));
        target(product).client().run(format!("DROP TABLE {database}.t"));
        let log = myloader(target(product), &dir).arg("--resume").ok().stderr;
        assert!(log.contains("creating table again_gone.t again: server error 1146"), "{log}");
        assert_equal(product, target(product), database, "");
    }
}

#[test]
fn rows_of_a_file_that_turns_out_to_be_damaged_are_not_kept() {
    for product in Product::ALL {
        let database = "again_damaged";
        let rows: Vec<String> =
            (1..=8).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('{id}', 1000))")).collect();
        let mut statements = vec!["CREATE TABLE t (id INT PRIMARY KEY, c TEXT)"];
        statements.extend(rows.iter().map(String::as_str));
        let dir = dumped_with(product, database, &statements, &["--statement-size", "1000", "--compress=zstd"]);
        forget_checksums(&dir);
        let file = "again_damaged.t.00000.sql.zst";
        let whole = dir.read(file);
        // Other rows, and a checksum of the content at the end that is not theirs.
        let zstd =
            |option: &str, bytes: Vec<u8>| Program::new("zstd").args(["-q", "-c", option]).stdin(bytes).ok().stdout;
        let text = String::from_utf8(zstd("-d", whole.clone())).unwrap();
        let mut damaged = zstd("--check", text.replace("(1,'1111", "(1,'1X11").into_bytes());
        *damaged.last_mut().unwrap() ^= 1;
        for mode in ["FAIL", "TRUNCATE", "NONE"] {
            drop_target(product, database);
            if mode != "FAIL" {
                make(target(product), database, &["CREATE TABLE t (id INT PRIMARY KEY, c TEXT)"]);
            }
            dir.write(file, &damaged);
            let mode_option = format!("--drop-table={mode}");
            let options = [&mode_option, "--queries-per-transaction=1", "-t1", "--load-method=INSERT"];
            myloader(target(product), &dir).args(options).fails_with(5);
            let mut client = target(product).client();
            assert_ne!(client.scalar(format!("SELECT COUNT(*) FROM {database}.t WHERE c LIKE '1X%'")), "0", "{mode}");
            dir.write(file, &whole);
            let resume = myloader(target(product), &dir).args(options).arg("--resume");
            if mode == "NONE" {
                let log = resume.fails_with(6);
                assert!(
                    log.contains("--resume: table again_damaged.t, which existed before the restore, may hold"),
                    "{log}"
                );
            } else {
                resume.ok();
                assert_equal(product, target(product), database, mode);
            }
        }
    }
}

#[test]
fn what_was_changed_for_the_time_of_the_restore_is_set_back_by_a_later_run() {
    for product in Product::ALL {
        let database = "again_set_back";
        let dir = dumped(product, database, &["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"]);
        let (server, place) = (Server::start(product, &[]), WorkDir::new());
        place.write("cnf", "[myloader_global_variables]\nmax_connect_errors=77\n");
        let defaults = format!("--defaults-file={}", place.path().join("cnf").display());
        let redo_log = if product == Product::MySql { &["--disable-redo-log"][..] } else { &[] };
        let mut client = server.client();
        let mut state = || {
            let redo_log = "SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled'";
            let is_off = client.query(redo_log).first().is_some_and(|row| row[1] == Some(b"OFF".to_vec()));
            (client.scalar("SELECT @@GLOBAL.max_connect_errors"), is_off)
        };
        let before = state();
        // With the options, and without.
        for resumed in [&[&[defaults.as_str()][..], redo_log].concat()[..], &[]] {
            let options = [&[defaults.as_str()][..], redo_log].concat();
            killed_on(&server, &dir, &options, Fate::IsLost, |request| contains(request, "INSERT INTO `t`"));
            assert_eq!(state(), ("77".to_owned(), !redo_log.is_empty()), "{product:?}");
            myloader(&server, &dir).args(resumed).arg("--resume").ok();
            assert_eq!(state(), before, "{product:?} {resumed:?}");
            assert_equal(product, &server, database, "");
            server.client().run(format!("DROP DATABASE {database}"));
        }
    }
}

#[test]
fn a_file_that_is_no_journal_is_left_alone() {
    let (product, database) = (Product::MariaDb, "again_journal");
    let dir = dumped(product, database, &["CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)"]);
    let notes = dir.path().join("notes.txt");
    std::fs::write(&notes, "one line").unwrap();
    for file in ["metadata", "notes.txt", "again_journal.t.00000.sql"] {
        let (path, before) = (dir.path().join(file), dir.read(file));
        let run = |options: &[&str]| myloader(target(product), &dir).arg("--journal").arg(&path).args(options);
        let log = run(&[]).fails_with(7);
        let told =
            format!("--journal: {} exists but is not the journal of a restore, and was left alone", path.display());
        assert!(log.contains(&told), "{log}");
        let log = run(&["--resume"]).fails_with(5);
        assert!(log.contains(&format!("line 1 of {} is damaged", path.display())), "{log}");
        assert_eq!(dir.read(file), before);
    }
    assert_eq!(journals(&dir), Vec::<std::path::PathBuf>::new());
    let mut client = target(product).client();
    assert_eq!(
        client.scalar(format!("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{database}'")),
        "0"
    );
}

#[test]
fn tables_are_truncated_one_at_a_time() {
    for product in Product::ALL {
        let database = "again_truncate";
        let tables: Vec<String> = (0..8)
            .map(|n| {
                format!("CREATE TABLE t{n} (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES t{} (id))", (n + 1) % 8)
            })
            .collect();
        let mut statements = vec!["SET foreign_key_checks = 0"];
        statements.extend(tables.iter().map(String::as_str));
        let dir = dumped(product, database, &statements);
        make(target(product), database, &statements);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (at_a_time, seen) = (Arc::clone(&now), Arc::clone(&most));
        let detour = Detour::with_fates(target(product), move |request| {
            if contains(request, "TRUNCATE TABLE") {
                seen.fetch_max(at_a_time.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Time enough for others to come, if they did.
                std::thread::sleep(Duration::from_millis(50));
                at_a_time.fetch_sub(1, Ordering::SeqCst);
            }
            Fate::Passes
        });
        let program = Program::myloader().arg("--socket").arg(detour.socket()).args(["--user", "root", "-t8"]);
        program.args(["--drop-table=TRUNCATE", "-d"]).arg(dir.path()).time_limit(Duration::from_secs(60)).ok();
        assert_eq!(most.load(Ordering::SeqCst), 1, "{product:?}");
        assert_equal(product, target(product), database, "");
    }
}
