//! `mydumper --resume`: what an interrupted dump has is kept if the data has not changed, and not a byte otherwise.

use crate::support::dump::{HELD_ROWS, Held, dump, make, mydumper, only_line, without_time};
use harness::compare;
use harness::program::{Program, Running, WorkDir};
use harness::server::{self, Product, Server};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::Duration;

const JOURNAL: &str = "mydumper.journal";
/// Twenty chunks or so, of which the first half is not held.
const OPTIONS: [&str; 2] = ["--rows", "1000"];

/// [`HELD_ROWS`], and tables of other shapes.
fn fill(server: &Server, database: &str) {
    let partitions = "CREATE TABLE parts (id INT PRIMARY KEY, b VARCHAR(9)) PARTITION BY RANGE (id) (\
                      PARTITION low VALUES LESS THAN (50), PARTITION high VALUES LESS THAN MAXVALUE)";
    let mut client = make(server, database, HELD_ROWS);
    client.run("ANALYZE TABLE t");
    client.run(partitions);
    client.run("INSERT INTO parts SELECT id, 'part' FROM t WHERE id < 100");
    client.run("CREATE TABLE nothing (id INT PRIMARY KEY, b INT)");
    client.run("CREATE TABLE `odd é` (id INT, b TEXT)");
    client.run("INSERT INTO `odd é` SELECT id, b FROM t WHERE id < 70");
    client.run("CREATE TRIGGER tr BEFORE INSERT ON nothing FOR EACH ROW SET NEW.b = 7");
}

/// Chunks that the journal says are done.
fn chunks_done(dir: &WorkDir) -> usize {
    let journal = std::fs::read_to_string(dir.path().join(JOURNAL)).unwrap_or_default();
    journal.lines().filter(|line| line.contains("{\"Rows\":")).count()
}

/// A dump of database `name` with these options besides.
fn run(name: &str, server: &Server, dir: &WorkDir, args: &[&str]) -> Program {
    let program = mydumper(server, dir).args(["-B", name]).args(OPTIONS).args(args);
    program.arg("--where").arg(condition(name)).time_limit(Duration::from_secs(60))
}

/// As [`Held::condition`], but no worker keeps the lock from others.
fn condition(name: &str) -> String {
    let lock = format!("LOCK(CONCAT('{name}', LEFT(b, 0))");
    format!("id < 10000 OR (GET_{lock}, 60) IS NOT NULL AND RELEASE_{lock}) IS NOT NULL)")
}

/// A dump that has written some chunks, and waits in others.
fn half_done(name: &str, server: &Server, dir: &WorkDir, args: &[&str]) -> Running {
    let mut running = run(name, server, dir, args).spawn();
    running.wait_until("no chunks are done", |_| chunks_done(dir) >= 8);
    running
}

/// The files of a dump, with what tells whether one was written again.
fn files(dir: &WorkDir) -> BTreeMap<String, (u64, i64, i64, u64)> {
    let stat = |name: &String| {
        let stat = dir.path().join(name).metadata().unwrap();
        (stat.ino(), stat.mtime(), stat.mtime_nsec(), stat.len())
    };
    dir.list().into_iter().map(|name| (name.clone(), stat(&name))).collect()
}

/// Metadata without what is of the moment.
fn metadata(dir: &WorkDir) -> String {
    let text = dir.read_text("metadata");
    let lines = text.lines().filter(|line| !line.starts_with("# Started") && !line.starts_with("# Finished"));
    // Threads decide how many chunks there are.
    lines
        .filter(|line| !["num-files", "chunk_", "file.", "metadata = "].iter().any(|start| line.starts_with(start)))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The dump has all there is, and nothing twice.
#[track_caller]
fn assert_whole(server: &Server, database: &str, dir: &WorkDir) {
    assert!(!dir.list().contains(&JOURNAL.to_owned()) && !dir.list().contains(&"metadata.partial".to_owned()));
    let target = server::target(server.product());
    Program::myloader().server(target).args(["--drop-table=DROP", "--verify", "-d"]).arg(dir.path()).ok();
    assert_eq!(compare::differences(server, database, target, database), Vec::<String>::new());
}

#[test]
fn a_dump_that_was_ended_or_killed_is_gone_on_with() {
    let cases: [(&str, &[&str]); 4] = [
        ("INT", &["--triggers"]),
        ("KILL", &["--triggers", "--format=LOAD_DATA", "--chunk-filesize", "50k"]),
        ("KILL", &["--triggers", "-t", "1", "--compress", "--split-partitions"]),
        ("TERM", &["--triggers", "--sync-thread-lock-mode", "SAFE_NO_LOCK", "--build-empty-files"]),
    ];
    for product in Product::ALL {
        let server = &*server::held(product);
        let name = "resumed";
        fill(server, name);
        for (signal, options) in cases {
            let (dir, held) = (WorkDir::new(), Held::new(server, name));
            let running = half_done(name, server, &dir, options);
            running.signal(signal);
            let code = running.wait().code;
            assert_eq!(
                code,
                [("INT", 130), ("TERM", 143)].into_iter().find_map(|(name, code)| (name == signal).then_some(code))
            );
            drop(held);
            let (left, done) = (files(&dir), chunks_done(&dir));
            assert!(!left.contains_key("metadata") && left.contains_key("metadata.partial"), "{left:?}");

            let refused = only_line(&run(name, server, &dir, options).fails_with(7));
            let path = dir.path().display();
            assert_eq!(
                refused,
                format!(
                    "[ERROR] a dump into {path} was interrupted: --resume continues it, --clear removes it, or choose \
                     another directory"
                )
            );
            assert_eq!(files(&dir), left);

            let output = run(name, server, &dir, &[options, &["--resume"]].concat()).ok();
            let says = format!("the data has not changed, {done} chunk{} with ", if done == 1 { "" } else { "s" });
            assert!(output.stderr.contains(&says), "{product:?}: {says}\n{}", output.stderr);
            let now = files(&dir);
            let kept = left.iter().filter(|(name, file)| now.get(*name) == Some(file)).count();
            // `nothing` has a chunk, but no file.
            assert!(kept + 1 >= done, "{product:?}: {done} chunks were done, {kept} files are kept");
            let fresh = WorkDir::new();
            run(name, server, &fresh, options).ok();
            assert_eq!(metadata(&dir), metadata(&fresh), "{product:?}");
            assert_whole(server, name, &dir);
        }
    }
}

/// The reason that is given for not resuming, once nothing was changed in the directory.
#[track_caller]
fn refusal(program: Program, dir: &WorkDir) -> String {
    let before = files(dir);
    let output = program.run();
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert_eq!(files(dir), before, "{}", output.stderr);
    let last = output.stderr.lines().last().map(without_time).unwrap_or_default();
    let path = dir.path().display();
    let reason = last.strip_prefix(&format!("[ERROR] cannot resume the dump in {path}: "));
    let reason = reason.and_then(|text| {
        text.strip_suffix("; nothing was changed there: start a new dump in another directory, or with --clear")
    });
    reason.unwrap_or_else(|| panic!("{}", output.stderr)).to_owned()
}

#[test]
fn it_is_said_why_a_dump_cannot_be_gone_on_with() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let name = "unresumed";
        fill(server, name);
        let (dir, held) = (WorkDir::new(), Held::new(server, name));
        let running = half_done(name, server, &dir, &["--triggers"]);
        // While it runs, nobody else touches it.
        let in_use = format!(
            "[ERROR] {}/{JOURNAL} is in use: another run works on this dump; wait for its end, or end it",
            dir.path().display()
        );
        for args in [["--resume"], ["--clear"], ["--dirty"]] {
            let line = only_line(&mydumper(server, &dir).args(["-B", name]).args(args).fails_with(7));
            assert_eq!(line, in_use, "{product:?}");
        }
        running.signal("KILL");
        running.wait();
        drop(held);

        let resume = |server| run(name, server, &dir, &["--triggers", "--resume"]);
        let again = || resume(server);
        assert_eq!(
            refusal(again().args(["--compress", "--hex-blob", "--default-connection-database=mysql"]), &dir),
            "the options differ from those it was started with: --default-connection-database, --compress, --hex-blob"
        );
        assert_eq!(
            refusal(run(name, server, &dir, &["--resume"]), &dir),
            "the options differ from those it was started with: one that chooses objects (--no-data, --triggers and so on)"
        );
        let other = server::source(product);
        let reason = refusal(resume(other), &dir);
        let variable = if product == Product::MariaDb { "port" } else { "server_uuid" };
        let expected = format!("this is another server, or it was changed: {variable} was ");
        assert!(reason.starts_with(&expected), "{product:?}: {reason}");
        assert_eq!(
            refusal(again().args(["--sync-thread-lock-mode", "NO_LOCK"]), &dir),
            "not all tables are from one point in time, so no binary log position describes them (see the guarantees in \
             docs/user/consistency.md)"
        );
        // Any change moves the log, in whatever table.
        let place = || harness::replica::position(server).1;
        let then = place();
        server.client().run("CREATE DATABASE unresumed_other");
        let reason = refusal(again(), &dir);
        assert!(reason.starts_with("the data may have changed since: the binary log was at "), "{reason}");
        for place in [then, place()] {
            assert!(reason.contains(&format!(":{place}, GTID set ")), "{place}: {reason}");
        }
        server.client().run("DROP DATABASE unresumed_other");

        // The server's own tables.
        let dir = WorkDir::new();
        mydumper(server, &dir).args(["-B", "mysql", "--where", "no_such"]).fails_with(4);
        assert_eq!(
            refusal(mydumper(server, &dir).args(["-B", "mysql", "--where", "no_such", "--resume"]), &dir),
            "the dump includes database mysql, whose tables the server changes without writing to its binary log"
        );
        dir.write(JOURNAL, "");
        assert_eq!(
            refusal(mydumper(server, &dir).arg("--resume"), &dir),
            format!("its {JOURNAL} has no complete record, so nothing says how far it got")
        );
    }
    let server = server::source(Product::MariaDb);
    make(server, "unresumed", &[]);
    let finished = dump(server, &["-B", "unresumed"]);
    assert_eq!(
        refusal(mydumper(server, &finished).args(["-B", "unresumed", "--resume"]), &finished),
        "it is already complete"
    );
    let nothing = WorkDir::new();
    let no_journal = format!("there is no {JOURNAL}, which an interrupted dump leaves");
    assert_eq!(refusal(mydumper(server, &nothing).arg("--resume"), &nothing), no_journal);
    for (args, message) in [
        (
            &["--resume", "--stream", "-o", "x"][..],
            "mydumper: --resume needs a directory: what the reader of a stream has received is unknown, start both over\n",
        ),
        (&["--resume"], "mydumper: --resume continues an interrupted dump: give its directory with --outputdir\n"),
        (&["--resume", "--clear"], "mydumper: --resume and --clear exclude each other: give one of them\n"),
        (&["--resume", "--dirty"], "mydumper: --resume and --dirty exclude each other: give one of them\n"),
    ] {
        assert_eq!(Program::mydumper().server(server).args(args).fails_with(2), message);
    }
}

/// In the server's time zone the same moments are other texts.
#[test]
fn a_dump_in_local_time_is_gone_on_with_in_the_same_zone_only() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let name = "resumed_zone";
        fill(server, name);
        let (dir, held) = (WorkDir::new(), Held::new(server, name));
        let running = half_done(name, server, &dir, &["--triggers", "--skip-tz-utc"]);
        running.signal("KILL");
        running.wait();
        drop(held);
        let resume = || run(name, server, &dir, &["--triggers", "--skip-tz-utc", "--resume"]);
        server.client().run("SET GLOBAL time_zone = '+05:00'");
        let reason = refusal(resume(), &dir);
        server.client().run("SET GLOBAL time_zone = 'SYSTEM'");
        assert_eq!(reason, "this is another server, or it was changed: time_zone was SYSTEM, now it is +05:00");
        resume().ok();
        assert_whole(server, name, &dir);
    }
}

#[test]
fn files_that_are_not_what_was_written_are_dumped_again() {
    let server = &*server::held(Product::MariaDb);
    let name = "damaged";
    fill(server, name);
    let (dir, held) = (WorkDir::new(), Held::new(server, name));
    let mut running = half_done(name, server, &dir, &["--triggers"]);
    let damaged = |number: u64| format!("damaged.t.{number:05}.sql");
    let journal = || dir.read_text(JOURNAL);
    running.wait_until("not these chunks", |_| (0..4).all(|number| journal().contains(&damaged(number))));
    running.signal("KILL");
    running.wait();
    drop(held);
    // The journal's last line was not written whole.
    let journal = dir.read(JOURNAL);
    let done = chunks_done(&dir);
    dir.write(JOURNAL, [&journal[..], b"12345678 {\"Rows\":"].concat());
    let changed = |name: &str| {
        let mut bytes = dir.read(name);
        bytes[1000] ^= 1;
        bytes
    };
    dir.write("damaged.t.00000.sql", changed("damaged.t.00000.sql"));
    dir.write("damaged.t.00001.sql", "");
    std::fs::remove_file(dir.path().join("damaged.t.00002.sql")).unwrap();
    let fifo = dir.path().join("damaged.t.00003.sql");
    std::fs::remove_file(&fifo).unwrap();
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // What no dump has written stays.
    dir.write("notes", "mine");
    let stderr = run(name, server, &dir, &["--triggers", "--resume"]).ok().stderr;
    let path = dir.path().display();
    for line in [
        format!("{path}/damaged.t.00000.sql has changed since it was written: dumping damaged.t chunk 0 again"),
        format!(
            "{path}/damaged.t.00002.sql cannot be read: No such file or directory (os error 2): dumping damaged.t chunk 2 again"
        ),
        format!("{path}/damaged.t.00003.sql cannot be read: it is not a regular file: dumping damaged.t chunk 3 again"),
        format!("the data has not changed, {} chunks with ", done - 4),
    ] {
        assert!(stderr.contains(&line), "{line}\n{stderr}");
    }
    assert!(stderr.contains("damaged.t.00001.sql has 0 bytes, but "), "{stderr}");
    assert_eq!(dir.read_text("notes"), "mine");
    assert_whole(server, name, &dir);
}

#[test]
fn a_server_that_was_killed_proves_its_data_if_it_loses_none() {
    let durable = ["--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1"];
    for product in Product::ALL {
        let data = WorkDir::new();
        let start = |args: &[&str]| {
            // A server's identity is also its port.
            Server::start_on(product, &data.path().join("data"), args)
        };
        let server = start(&durable);
        let port = format!("--port={}", server.port());
        let number = format!("--server-id={}", server.port());
        let name = "outlived";
        fill(&server, name);
        let (dir, held) = (WorkDir::new(), Held::new(&server, name));
        let running = half_done(name, &server, &dir, &["--triggers"]);
        assert!(Command::new("kill").args(["-KILL", &server.pid().to_string()]).status().unwrap().success());
        assert_eq!(running.wait().code, Some(3));
        drop((held, server));

        let resume = |server: &Server| run(name, server, &dir, &["--triggers", "--resume"]);
        let server = start(&[&port, &number]);
        let reason = refusal(resume(&server), &dir);
        let settings = "and with sync_binlog = 0 and innodb_flush_log_at_trx_commit = 0 a crash may have lost rows that are \
                        in the dump";
        let begins = "the server was restarted or started a new binary log file since (";
        assert!(reason.starts_with(begins) && reason.ends_with(settings), "{product:?}: {reason}");
        server.shut_down();
        let server = start(&[&port, &number, "--skip-log-bin"]);
        assert_eq!(
            refusal(resume(&server), &dir),
            "the server has no binary log (log_bin is OFF), so nothing proves that the data has not changed since"
        );
        server.shut_down();
        let server = start(&[&durable[..], &[&port, &number]].concat());
        let output = resume(&server).ok();
        assert!(output.stderr.contains("the data has not changed"), "{product:?}: {}", output.stderr);
        assert_whole(&server, name, &dir);
    }
}
