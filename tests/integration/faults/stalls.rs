//! `--stall-report`: a report of who waits for what when nothing moves. It ends nothing.

use crate::support::dump::{HELD_ROWS, Held, make};
use crate::support::load::{dumped, myloader};
use harness::program::{Program, WorkDir, start_pipe};
use harness::server::{self, Product, Server};
use std::time::Duration;

const TABLE: [&str; 2] = ["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)"];
const TOLD: &str = "[WARNING] no progress for ";

/// The lines of the first report.
fn report(stderr: &str) -> Vec<String> {
    let (_, report) = stderr.split_once(TOLD).unwrap();
    let lines = report.lines().skip(1).take_while(|line| line.starts_with("  "));
    lines.map(|line| line.trim_start().to_owned()).collect()
}

/// A line that starts so, and has these texts: any worker may be the one.
#[track_caller]
fn assert_has(report: &[String], start: &str, texts: &[&str]) {
    let is_meant = |line: &String| line.starts_with(start) && texts.iter().all(|text| line.contains(text));
    assert!(report.iter().any(is_meant), "no {start:?} with {texts:?} in {report:#?}");
}

#[test]
fn a_restore_that_waits_for_a_locked_table_tells_whose_lock_it_is() {
    for product in Product::ALL {
        let database = "stalled_load";
        let dir = dumped(product, database, &TABLE);
        let server = Server::start(product, &[]);
        let mut client = make(&server, database, &TABLE[..1]);
        client.run("LOCK TABLES t WRITE");
        let holder = client.scalar("SELECT CONNECTION_ID()");
        if product == Product::MariaDb {
            server.client().run("INSTALL SONAME 'metadata_lock_info'");
        }
        let program = myloader(&server, &dir).args(["--no-schemas", "--stall-report=1", "-t", "2", "--retry-count=0"]);
        let mut running = program.spawn();
        running.wait_for_stderr("  scheduler, for ");
        let told = report(&running.stderr_so_far());
        assert_has(&told, "worker ", &["s: rows of stalled_load.t in stalled_load.t.00000.sql"]);
        assert!(told.iter().any(|line| line.starts_with("worker ") && line.ends_with(": idle")), "{told:#?}");
        assert_has(
            &told,
            "connection ",
            &[
                ": Query, ",
                " s, Waiting for table metadata lock",
                &format!("; session {holder} (root@localhost, Sleep, "),
                " s) holds a lock on stalled_load.t",
            ],
        );
        assert_has(&told, "scheduler, for ", &[": Rows: 1 job running"]);
        // Told besides, since others may proceed meanwhile.
        running.wait_for_stderr(" has waited for a lock for up to ");
        let stderr = running.stderr_so_far();
        let waits = stderr.lines().find(|line| line.contains(" has waited for a lock for up to ")).unwrap();
        let job = " s (rows of stalled_load.t in stalled_load.t.00000.sql): ";
        assert!(waits.contains(job), "{product:?}: {waits}");
        let (_, holder_and_lock) = waits.split_once(job).unwrap();
        assert!(holder_and_lock.starts_with(&format!("session {holder} (root@localhost, Sleep, ")), "{waits}");
        assert!(holder_and_lock.ends_with(" s) holds a lock on stalled_load.t"), "{product:?}: {waits}");
        // Nothing was ended.
        client.run("UNLOCK TABLES");
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{product:?}: {}", output.stderr);
        assert_eq!(client.scalar("SELECT COUNT(*) FROM t"), "2");
    }
}

#[test]
fn mariadb_is_asked_for_its_plugin_and_another_s_row_lock_is_named() {
    let product = Product::MariaDb;
    let database = "stalled_rows";
    let dir = dumped(product, database, &TABLE);
    let server = Server::start(product, &[]);
    let mut client = make(&server, database, &TABLE[..1]);
    client.run("LOCK TABLES t WRITE");
    let start =
        || myloader(&server, &dir).args(["--no-schemas", "--stall-report=1", "-t", "1", "--retry-count=0"]).spawn();
    let mut running = start();
    running.wait_for_stderr("  scheduler, for ");
    let advice = "; MariaDB shows who holds the lock after INSTALL SONAME 'metadata_lock_info'";
    assert_has(&report(&running.stderr_so_far()), "connection ", &[advice]);
    client.run("UNLOCK TABLES");
    assert_eq!(running.wait().code, Some(0));

    client.run("DELETE FROM t");
    client.run("BEGIN");
    client.run("INSERT INTO t VALUES (2)");
    let holder = client.scalar("SELECT CONNECTION_ID()");
    let mut running = start();
    running.wait_for_stderr("  scheduler, for ");
    let blocker = format!("; session {holder} (root@localhost, Sleep, ");
    assert_has(&report(&running.stderr_so_far()), "connection ", &[&blocker, " s) holds a lock on stalled_rows.t"]);
    client.run("ROLLBACK");
    assert_eq!(running.wait().code, Some(0));
}

#[test]
fn a_dump_and_its_stream_s_reader_tell_what_they_wait_for() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let database = "stalled_dump";
        make(server, database, HELD_ROWS);
        let held = Held::new(server, database);
        let (at_dumper, at_loader) = (WorkDir::new(), WorkDir::new());
        let dumper =
            Program::mydumper().server(server).args(["-B", database, "--stream", "--stall-report=1", "-t", "1"]);
        let dumper = dumper.arg("--where").arg(held.condition()).current_dir(at_dumper.path());
        let loader = Program::myloader().server(server::target(product)).args(["--stream", "--stall-report=1"]);
        let limit = Duration::from_secs(100);
        let (mut dumper, mut loader) =
            start_pipe(dumper.time_limit(limit), loader.current_dir(at_loader.path()).time_limit(limit));
        dumper.wait_for_stderr("  worker 0, for ");
        let told = report(&dumper.stderr_so_far());
        assert_has(&told, "worker 0, for ", &[": rows of stalled_dump.t, chunk 0"]);
        assert_has(&told, "connection ", &["", ": "]);
        assert!(told.iter().any(|line| line.contains("User lock") || line.contains("User sleep")), "{told:#?}");
        assert_has(&told, "main thread, for ", &[": 1 task under way, no other can start yet"]);
        assert_has(&told, "stream, for ", &[": idle"]);
        loader.wait_for_stderr("  scheduler, for ");
        let told = report(&loader.stderr_so_far());
        assert_has(&told, "stream, for ", &[": waits for the sender"]);
        assert_has(&told, "scheduler, for ", &[": Rows: 0 jobs running", "; waiting for the stream"]);
        drop(held);
        let (loaded, dumped) = (loader.wait(), dumper.wait());
        assert_eq!((dumped.code, loaded.code), (Some(0), Some(0)), "{}{}", dumped.stderr, loaded.stderr);
        server.client().run(format!("DROP DATABASE {database}"));
    }
}

#[test]
fn a_dump_whose_reader_does_not_read_says_so() {
    let product = Product::MariaDb;
    let server = server::source(product);
    let database = "stalled_reader";
    make(server, database, HELD_ROWS);
    let work = WorkDir::new();
    let dumper = Program::mydumper().server(server).args(["-B", database, "--stream", "--stall-report=1", "-t", "1"]);
    // The reader takes nothing until it sees that it was told of.
    let script = "\"$@\" 2>told | { until grep -qs 'waits until the reader takes more' told; do sleep 0.1; done; cat >/dev/null; }";
    let dumper = dumper.current_dir(work.path()).under(&["bash", "-c", script, "bash"]);
    dumper.time_limit(Duration::from_secs(100)).ok();
    let told = report(&work.read_text("told"));
    assert_has(&told, "stream, for ", &[": waits until the reader takes more of stalled_reader.t.00000.sql"]);
}

#[test]
fn nothing_is_told_where_nobody_wants_to_know() {
    let product = Product::MariaDb;
    let server = &*server::held(product);
    make(server, "stalled_silent", HELD_ROWS);
    let held = Held::new(server, "stalled_silent");
    let loud = WorkDir::new();
    let silent = WorkDir::new();
    let quiet = held.spawn(server, &silent, &["--stall-report=0"]);
    let mut other = held.spawn(server, &loud, &["--stall-report=1"]);
    other.wait_for_stderr(TOLD);
    drop(held);
    assert_eq!(other.wait().code, Some(0));
    let output = quiet.wait();
    assert!(output.code == Some(0) && !output.stderr.contains(TOLD), "{}", output.stderr);
}
