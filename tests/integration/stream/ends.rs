//! Ends before the end: whichever program dies, the other notices, says so and does not claim success.

use harness::compare::row_counts;
use harness::program::{Output, Program, Running, WorkDir, pipe, start_pipe};
use harness::server::{Product, source, target};
use harness::shop;
use std::time::Duration;

/// The promise: whoever is left ends within this time.
const ENDS_WITHIN: Duration = Duration::from_secs(5);
const RUNS: u64 = 20;

/// Moments in the first 400 ms or so of a run that takes about twice as long, from a fixed seed.
fn moments() -> impl Iterator<Item = Duration> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..RUNS).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Duration::from_millis(state % 400)
    })
}

struct Killed {
    dumper: Output,
    loader: Output,
    at_dumper: WorkDir,
}

/// Runs the pair and kills one of them after a time.
fn kill(
    product: Product,
    database: &str,
    moment: Duration,
    signal: &str,
    victim: fn(&Running, &Running) -> u32,
) -> Killed {
    let (at_dumper, at_loader) = (WorkDir::new(), WorkDir::new());
    target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    let (dumper, loader) = start_pipe(
        Program::mydumper()
            .server(source(product))
            .args(["-B", database, "-G", "-R", "--stream", "-r", "500"])
            .current_dir(at_dumper.path())
            .time_limit(moment + ENDS_WITHIN),
        Program::myloader()
            .server(target(product))
            .arg("--stream")
            .current_dir(at_loader.path())
            .time_limit(moment + ENDS_WITHIN),
    );
    // The moment itself is what is tested here, not something that is waited for.
    std::thread::sleep(moment);
    let pid = victim(&dumper, &loader).to_string();
    let _ = std::process::Command::new("kill").arg(format!("-{signal}")).arg(pid).status();
    let loader = loader.wait();
    Killed { dumper: dumper.wait(), loader, at_dumper }
}

#[test]
fn a_dumper_that_dies_is_never_taken_for_one_that_is_done() {
    for product in Product::ALL {
        let database = "stream_dumper_dies";
        shop::load_with_branches(source(product), database, 6);
        let mut cut = 0;
        for (moment, signal) in moments().zip(["KILL", "TERM"].into_iter().cycle()) {
            let killed = kill(product, database, moment, signal, |dumper, _| dumper.pid());
            // A dumper that is done may not have ended yet, and then says that it was stopped. What counts is that the
            // loader never says that it has restored what it has not.
            if killed.loader.code == Some(0) {
                assert_eq!(row_counts(source(product), database), row_counts(target(product), database));
                continue;
            }
            assert_ne!(killed.dumper.code, Some(0), "{}", killed.loader.stderr);
            cut += 1;
            assert_eq!(killed.loader.code, Some(5), "{signal} after {moment:?}: {}", killed.loader.stderr);
            let says = ["the stream was cut short at byte ", "the stream is empty"];
            assert!(says.iter().any(|text| killed.loader.stderr.contains(text)), "{}", killed.loader.stderr);
        }
        assert!(cut > 0, "no moment was early enough");
        source(product).client().run(format!("DROP DATABASE {database}"));
        target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    }
}

#[test]
fn a_loader_that_dies_ends_the_dumper() {
    for product in Product::ALL {
        let database = "stream_loader_dies";
        shop::load_with_branches(source(product), database, 6);
        for (moment, signal) in moments().zip(["KILL", "INT"].into_iter().cycle()) {
            let killed = kill(product, database, moment, signal, |_, loader| loader.pid());
            // A small stream may be in the pipe whole before the loader has read it.
            if killed.dumper.code != Some(0) {
                let text = "the stream's reader closed it before the dump was complete";
                assert!(killed.dumper.stderr.contains(text), "{signal} after {moment:?}: {}", killed.dumper.stderr);
            }
            assert_eq!(killed.at_dumper.list(), [""; 0], "{signal} after {moment:?}");
        }
        source(product).client().run(format!("DROP DATABASE {database}"));
        target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    }
}

#[test]
fn a_dumper_that_fails_sends_no_metadata() {
    for product in Product::ALL {
        let database = "stream_dumper_fails";
        shop::load_with_branches(source(product), database, 6);
        let (at_dumper, at_loader) = (WorkDir::new(), WorkDir::new());
        // Fails in the middle of the table: from there on, the subquery has two rows.
        let condition = "order_id < 6000 OR (SELECT 1 UNION SELECT order_id) = 1";
        let (dumper, loader) = pipe(
            Program::mydumper()
                .server(source(product))
                .args(["-T", &format!("{database}.orders"), "--stream", "--where", condition])
                .current_dir(at_dumper.path()),
            Program::myloader().server(target(product)).arg("--stream").current_dir(at_loader.path()),
        );
        assert_eq!((dumper.code, loader.code), (Some(4), Some(5)), "{}{}", dumper.stderr, loader.stderr);
        assert!(dumper.stderr.contains("[ERROR] cannot dump rows of stream_dumper_fails.orders"), "{}", dumper.stderr);
        assert!(loader.stderr.contains("[ERROR] the stream was cut short at byte "), "{}", loader.stderr);
        assert_eq!((at_dumper.list(), at_loader.list()), (Vec::<String>::new(), Vec::<String>::new()));
        source(product).client().run(format!("DROP DATABASE {database}"));
        target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    }
}

#[test]
fn a_stream_cut_anywhere_fails_on_a_server_too() {
    for product in Product::ALL {
        let database = "stream_cut";
        let mut client = source(product).client();
        client.run(format!("CREATE DATABASE {database}"));
        client.run(format!("CREATE TABLE {database}.t (id INT PRIMARY KEY, name VARCHAR(20), KEY (name))"));
        client.run(format!("INSERT INTO {database}.t VALUES (1, 'one'), (2, 'two')"));
        let work = WorkDir::new();
        let stream = Program::mydumper()
            .server(source(product))
            .args(["-B", database, "--stream"])
            .current_dir(work.path())
            .ok()
            .stdout;
        let load = |stream: &[u8]| {
            let loader = Program::myloader().server(target(product)).args(["--stream", "--drop-table", "-t", "1"]);
            loader.stdin(stream).current_dir(work.path()).run()
        };
        for length in (0..stream.len()).step_by(23) {
            let output = load(&stream[..length]);
            assert_eq!(output.code, Some(5), "cut at {length}: {}", output.stderr);
        }
        // A member whose content is another's: the checksum of the rows' file is the first to tell.
        let mut changed = stream.clone();
        let at = changed.windows(5).position(|bytes| bytes == b"'one'").unwrap();
        changed[at + 1] = b'O';
        let output = load(&changed);
        assert_eq!(output.code, Some(5));
        assert!(output.stderr.contains("the stream's member stream_cut.t.00000.sql is damaged"), "{}", output.stderr);
        // A file of rows that never was in the stream: the row counts tell.
        let text = String::from_utf8(stream.clone()).unwrap();
        let start = text.find("\n-- stream_cut.t.00000.sql ").unwrap();
        let end = start + 1 + text[start + 1..].find("\n-- ").unwrap();
        let output = load(format!("{}{}", &text[..start], &text[end..]).as_bytes());
        assert_eq!(output.code, Some(5));
        let says = "the restore is not complete: table stream_cut.t has 0 rows, the dump has 2";
        assert!(output.stderr.contains(says), "{}", output.stderr);
        assert_eq!(load(&stream).code, Some(0));
        assert_eq!(work.list(), [""; 0]);
        client.run(format!("DROP DATABASE {database}"));
        target(product).client().run(format!("DROP DATABASE {database}"));
    }
}
