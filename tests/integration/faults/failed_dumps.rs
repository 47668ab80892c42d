//! Dumps that cannot be finished: the exit code, one line that names the cause, and nothing that looks finished.

use crate::support::dump::{HELD_ROWS, Held, dump, make, mydumper, only_line};
use harness::program::{Program, WorkDir};
use harness::server::{self, Product, Server};
use std::process::Command;
use std::time::Duration;

const NONE: &[String] = &[];

/// Runs a dump that fails with this code, and returns its line.
#[track_caller]
fn line_of_failure(code: i32, program: Program) -> String {
    only_line(&program.fails_with(code))
}

#[test]
fn a_directory_with_files_is_refused_cleared_or_kept() {
    let server = server::source(Product::MariaDb);
    let mut client = make(server, "again", &["CREATE TABLE t (a INT)", "CREATE TABLE u (a INT)"]);
    let dir = dump(server, &["-B", "again"]);
    let both = dir.list();
    let path = dir.path().display();
    let again = |args: &[&str]| mydumper(server, &dir).args(["-B", "again"]).args(args);
    assert_eq!(
        line_of_failure(7, again(&[])),
        format!(
            "[ERROR] the output directory {path} is not empty (again-schema-create.sql is in it): choose another, or \
             --clear to remove an earlier dump from it, or --dirty to write into it anyway"
        )
    );
    client.run("DROP TABLE u");
    dir.write("again.x.00000.sql.zst", "");
    again(&["--clear"]).ok();
    let one: Vec<_> = both.iter().filter(|name| !name.contains(".u-")).cloned().collect();
    assert_eq!(dir.list(), one);

    // One file of anything else, and nothing is removed.
    dir.write("again.md", "mine");
    let with_mine: Vec<_> = [&["again.md".to_owned()][..], &one].concat();
    let mut sorted = with_mine.clone();
    sorted.sort();
    assert_eq!(
        line_of_failure(7, again(&["--clear"])),
        format!(
            "[ERROR] --clear removes only the files of a dump, and again.md in {path} is not one: remove it, or \
             choose another directory"
        )
    );
    assert_eq!(dir.list(), sorted);
    client.run("INSERT INTO t VALUES (7)");
    again(&["--dirty"]).ok();
    sorted.push("again.t.00000.sql".to_owned());
    sorted.sort();
    assert_eq!(dir.list(), sorted);
    assert_eq!(dir.read_text("again.md"), "mine");
    assert!(dir.read_text("again.t.00000.sql").ends_with("VALUES(7)\n;\n"));
    // Between the files of another dump too, a dump that fails does not look finished.
    assert!(line_of_failure(4, again(&["--dirty", "--where", "no_such"])).contains("Unknown column 'no_such'"));
    assert!(!dir.list().contains(&"metadata".to_owned()));
    assert_eq!(
        again(&["--clear", "--dirty"]).fails_with(2),
        "mydumper: --clear and --dirty exclude each other: give one of them\n"
    );
}

#[test]
fn an_earlier_dump_is_not_cleared_for_one_that_cannot_begin() {
    let server = server::source(Product::MariaDb);
    make(server, "kept", &["CREATE TABLE t (a INT)"]);
    let dir = dump(server, &["-B", "kept"]);
    let before = dir.list();
    line_of_failure(1, mydumper(server, &dir).args(["-B", "nosuch", "--clear"]));
    line_of_failure(3, mydumper(server, &dir).args(["-B", "kept", "--clear", "--user", "nobody"]));
    assert_eq!(dir.list(), before);
}

#[test]
fn signals() {
    for product in Product::ALL {
        let server = &*server::held(product);
        make(server, "signals", HELD_ROWS);
        let held = Held::new(server, "signals");
        for (signal, code, threads) in [("INT", 130, "1"), ("TERM", 143, "4")] {
            let dir = WorkDir::new();
            let running = held.spawn(server, &dir, &["-t", threads]);
            running.signal(signal);
            let output = running.wait();
            assert_eq!(output.code, Some(code), "{product:?}: {}", output.stderr);
            let line = only_line(&output.stderr);
            assert_eq!(line, "[ERROR] stopped before the dump was done: it is not complete", "{product:?}");
            let left = ["metadata.partial", "mydumper.journal", "signals-schema-create.sql", "signals.t-schema.sql"];
            assert_eq!(dir.list(), left, "{product:?}");
        }
        // A stream leaves nothing at all.
        let work = WorkDir::new();
        let output = work.path().join("dump");
        let program = Program::mydumper().server(server).args(["-B", "signals", "--stream", "-s", "10000", "-o"]);
        let program = program.arg(&output).arg("--where").arg(held.condition());
        let mut running = program.time_limit(Duration::from_secs(20)).spawn();
        running.wait_until("no rows", |_| output.join("signals.t.00000.sql").exists());
        running.signal("TERM");
        assert_eq!(running.wait().code, Some(143), "{product:?}");
        assert_eq!(work.list(), NONE, "{product:?}");
    }
}

#[test]
fn a_server_that_dies() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let mut client = make(&server, "dies", HELD_ROWS);
        // First, a signal while the dump waits for its lock.
        client.run("CREATE TABLE locked (a INT)");
        client.run("LOCK TABLES locked WRITE");
        let dir = WorkDir::new();
        let mut running = mydumper(&server, &dir).args(["-v", "3"]).time_limit(Duration::from_secs(20)).spawn();
        let waiting = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'FLUSH TABLES%' OR INFO LIKE 'BACKUP STAGE%'";
        let mut other = server.client();
        running.wait_until("no lock is asked for", |_| other.scalar(waiting) == "1");
        running.signal("INT");
        assert_eq!(running.wait().code, Some(130), "{product:?}");
        assert_eq!(dir.list(), NONE, "{product:?}");
        client.run("UNLOCK TABLES");
        client.run("DROP TABLE locked");

        let held = Held::new(&server, "dies");
        let dir = WorkDir::new();
        let running = held.spawn(&server, &dir, &[]);
        assert!(Command::new("kill").args(["-KILL", &server.pid().to_string()]).status().unwrap().success());
        let output = running.wait();
        assert_eq!(output.code, Some(3), "{product:?}: {}", output.stderr);
        let line = only_line(&output.stderr);
        assert!(line.starts_with("[ERROR] cannot dump rows of dies.t, chunk 0: "), "{product:?}: {line}");
        let advice = "(check the server's error log: it may have crashed, restarted or closed the connection)";
        assert!(line.contains(advice), "{product:?}: {line}");
        assert_eq!(
            dir.list(),
            ["dies-schema-create.sql", "dies.t-schema.sql", "metadata.partial", "mydumper.journal"],
            "{product:?}"
        );
    }
}

#[test]
fn a_full_disk() {
    let server = server::source(Product::MariaDb);
    let mut client = make(server, "full", HELD_ROWS);
    // Files of 1 MiB at most stand for it: the limit is an error of write(2) when its signal is ignored.
    let limited = ["bash", "-c", "trap '' XFSZ; ulimit -f 1024; exec \"$@\"", "bash"];
    let dir = WorkDir::new();
    let file = dir.path().join("full.t.00000.sql");
    let line = line_of_failure(7, mydumper(server, &dir).args(["-B", "full"]).under(&limited));
    assert_eq!(line, format!("[ERROR] cannot write {}: File too large (os error 27)", file.display()));
    assert_eq!(dir.list(), ["full-schema-create.sql", "full.t-schema.sql", "metadata.partial", "mydumper.journal"]);

    client.run("CREATE TABLE noise SELECT id, RANDOM_BYTES(150) AS b FROM t");
    // A file system of 1 MiB that only this process sees; mounting one takes privileges.
    let mounted = "mount -t tmpfs -o size=1m none \"$0\" || exit 99; \"$@\"; code=$?; ls \"$0\"; exit $code";
    for compress in [&[][..], &["--compress=zstd"]] {
        let dir = WorkDir::new();
        let path = dir.path().to_str().unwrap();
        let run = mydumper(server, &dir).args(["-T", "full.noise"]).args(compress);
        let output = run.under(&["unshare", "-m", "sh", "-c", mounted, path]).run();
        if output.code == Some(99) || output.stderr.contains("unshare failed") {
            eprintln!("not run, since file systems cannot be mounted here: {}", output.stderr);
            return;
        }
        assert_eq!(output.code, Some(7), "{}", output.stderr);
        let extension = if compress.is_empty() { "" } else { ".zst" };
        assert_eq!(
            only_line(&output.stderr),
            format!(
                "[ERROR] cannot write {path}/full.noise.00000.sql{extension}: No space left on device (os error 28)"
            )
        );
        let left = String::from_utf8(output.stdout).unwrap();
        let files = format!(
            "full-schema-create.sql{extension}\nfull.noise-schema.sql{extension}\nmetadata.partial\nmydumper.journal\n"
        );
        assert_eq!(left, files);
    }
    let dir = WorkDir::new();
    let path = dir.path().to_str().unwrap();
    let read_only = mounted.replace("size=1m", "ro");
    let output =
        mydumper(server, &dir).args(["-B", "full"]).under(&["unshare", "-m", "sh", "-c", &read_only, path]).run();
    assert_eq!(output.code, Some(7), "{}", output.stderr);
    let line = format!("[ERROR] cannot create {path}/mydumper.journal: Read-only file system (os error 30)");
    assert_eq!(only_line(&output.stderr), line);
}
