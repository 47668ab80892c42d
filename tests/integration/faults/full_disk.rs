//! Full disks: the server's, that of the journal, and that of the directory that a stream goes through.

use crate::support::dump::{make, without_time};
use crate::support::interrupted::GOES_ON;
use crate::support::load::{dump_of, myloader, streamed};
use harness::compare::differences;
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server, can_mount, source, target};

/// The end of a warning.
const ROOM: &str = ": the disk may become full";

/// 16 MB of rows in two tables with keys.
fn fill(product: Product, database: &str) {
    let most = match product {
        Product::MariaDb => "SET SESSION max_recursive_iterations = 100000",
        Product::MySql => "SET SESSION cte_max_recursion_depth = 100000",
    };
    let rows = "INSERT INTO a WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 40000) \
                SELECT n, CONCAT(n * 7919 % 40009, REPEAT('x', 190)) FROM r";
    let table = "CREATE TABLE a (id INT PRIMARY KEY, c VARCHAR(200), KEY (c))";
    make(
        source(product),
        database,
        &[most, table, rows, "CREATE TABLE b LIKE a", "INSERT INTO b SELECT * FROM a", "ANALYZE TABLE a, b"],
    );
}

#[test]
fn a_full_disk_of_the_server_is_told_and_gone_on_from() {
    if !can_mount() {
        eprintln!("not run, since file systems cannot be mounted here");
        return;
    }
    for product in Product::ALL {
        let database = "disk_server";
        fill(product, database);
        let dir = dump_of(product, database, &["--rows=4000"]);
        let server = Server::start_on_small_disk(product, &["--innodb-buffer-pool-size=32M"]);
        for method in ["LOAD_DATA", "INSERT"] {
            server.client().run(format!("DROP DATABASE IF EXISTS {database}"));
            server.leave_room(8);
            let options = ["-t2", "--load-method", method];
            let log = myloader(&server, &dir).args(options).fails_with(4);
            let line = without_time(log.lines().last().unwrap());
            // What finds the disk full first is rows or, of those that are in, an index.
            let rows = line.contains("server error 1114 (HY000): The table ")
                && line.contains(" is full (free space on the server's disk); statement: ");
            let index = line.contains("server error 1878 (HY000): Temporary file write failure")
                && line
                    .contains("(free space on the server's disk, or on that of its tmpdir); statement: ALTER TABLE ");
            assert!(line.starts_with("[ERROR] ") && (rows || index), "{product:?}: {log}");
            assert!(log.contains(GOES_ON), "{product:?}: {log}");
            server.leave_room(200);
            myloader(&server, &dir).args(options).arg("--resume").ok();
            assert_eq!(differences(source(product), database, &server, database), [""; 0], "{product:?} {method}");
        }
    }
}

#[test]
fn a_full_disk_of_the_journal_ends_the_restore_before_a_commit_that_it_does_not_have() {
    if !can_mount() {
        eprintln!("not run, since file systems cannot be mounted here");
        return;
    }
    for product in Product::ALL {
        let database = "disk_journal";
        fill(product, database);
        let dir = dump_of(product, database, &["--rows=1000"]);
        // A file system of one page, which then becomes larger; only these processes see it.
        let script = "mount -t tmpfs -o size=4k none \"$0\" && \"$@\"; echo $?; \
                      mount -o remount,size=1m \"$0\" && \"$@\" --resume; echo $?; ls \"$0\"";
        let place = WorkDir::new();
        let program = myloader(target(product), &dir).arg("--journal").arg(place.path().join("journal"));
        let output = program.under(&["unshare", "-m", "sh", "-c", script, place.path().to_str().unwrap()]).run();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "7\n0\n", "{product:?}: {}", output.stderr);
        let told = format!(
            "[ERROR] cannot write {}: No space left on device (os error 28)",
            place.path().join("journal").display()
        );
        assert!(output.stderr.contains(&told) && output.stderr.contains(GOES_ON), "{product:?}: {}", output.stderr);
        assert_eq!(differences(source(product), database, target(product), database), [""; 0], "{}", output.stderr);
    }
}

#[test]
fn a_full_disk_of_a_stream_s_directory() {
    if !can_mount() {
        eprintln!("not run, since file systems cannot be mounted here");
        return;
    }
    for product in Product::ALL {
        let database = "disk_stream";
        fill(product, database);
        let stream = streamed(product, database);
        let script = "mount -t tmpfs -o size=1m none \"$0\" || exit 99; \"$@\"; code=$?; ls \"$0\"; exit $code";
        for (mode, stays) in [("--stream", false), ("--stream=NO_DELETE", true), ("--stream=UNPACK", true)] {
            target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
            let place = WorkDir::new();
            let files = place.path().join("files");
            let program = Program::myloader().server(target(product)).arg(mode).arg("-d").arg(&files);
            let program = program.under(&["unshare", "-m", "sh", "-c", script, place.path().to_str().unwrap()]);
            let output = program.stdin(stream.clone()).run();
            let case = format!("{product:?} {mode}: {}", output.stderr);
            assert_eq!(output.code, Some(7), "{case}");
            let line = without_time(output.stderr.lines().last().unwrap());
            // A file of the stream, or the journal, which is beside those that stay.
            assert!(line.starts_with(&format!("[ERROR] cannot write {}/", files.display())), "{case}");
            assert!(line.ends_with(": No space left on device (os error 28)"), "{case}");
            // Only where the files stay, all of them have to find room.
            assert_eq!(output.stderr.contains(ROOM), mode == "--stream=NO_DELETE", "{case}");
            // The stream cannot be read again, nor a part of it be restored as if it were whole.
            assert!(!output.stderr.contains(GOES_ON), "{case}");
            assert_eq!(String::from_utf8_lossy(&output.stdout), if stays { "files\n" } else { "" }, "{case}");
        }
    }
}

#[test]
fn too_little_room_for_a_dump_is_told_at_the_start() {
    if !can_mount() {
        eprintln!("not run, since file systems cannot be mounted here");
        return;
    }
    for product in Product::ALL {
        let database = "disk_room";
        fill(product, database);
        let dumper = || Program::mydumper().server(source(product)).args(["-B", database]);
        let script = "mount -t tmpfs -o size=1m none \"$0\" || exit 99; exec \"$@\"";
        for (options, needed) in [(&[][..], " MiB: "), (&["--compress"], " MiB compressed: ")] {
            let place = WorkDir::new();
            let program = dumper().args(options).arg("-o").arg(place.path().join("dump"));
            let program = program.under(&["unshare", "-m", "sh", "-c", script, place.path().to_str().unwrap()]);
            let log = program.run().stderr;
            let told: Vec<&str> = log.lines().filter(|line| line.contains(ROOM)).map(without_time).collect();
            assert_eq!(told.len(), 1, "{product:?} {options:?}: {log}");
            let start = format!("[WARNING] {}/dump has ", place.path().display());
            let middle = "KiB free, and the rows will take about ";
            let fits = told[0].starts_with(&start) && told[0].contains(middle) && told[0].contains(needed);
            assert!(fits, "{product:?}: {log}");
        }
        // Nobody knows how many rows a condition leaves, and elsewhere there is room.
        let place = WorkDir::new();
        let log = dumper().arg("-o").arg(place.path().join("dump")).ok().stderr;
        assert!(!log.contains(ROOM), "{log}");
    }
}
