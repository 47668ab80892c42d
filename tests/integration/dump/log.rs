//! What the log says of a dump that goes well.

use crate::support::dump::{make, mydumper, without_time};
use harness::program::WorkDir;
use harness::server::{self, Product};

/// A line of the log with `T` for the time that something took.
fn timeless(line: &str) -> String {
    let line = without_time(line).trim_start_matches("[INFO] ");
    let Some((before, time)) = line.rsplit_once(" in ") else { return line.to_owned() };
    let (_, after) = time.split_once(" into ").map_or((time, String::new()), |(_, dir)| ("", format!(" into {dir}")));
    format!("{before} in T{after}")
}

#[test]
fn the_log_says_who_wrote_what_and_how_much() {
    for product in Product::ALL {
        let server = server::source(product);
        let tables = [
            "CREATE TABLE one (a INT PRIMARY KEY)",
            "INSERT INTO one VALUES (1)",
            "CREATE TABLE two (a INT PRIMARY KEY)",
            "INSERT INTO two VALUES (1), (2)",
            "CREATE VIEW seen AS SELECT a FROM one",
        ];
        make(server, "logged", &tables);
        let log = |args: &[&str]| -> (WorkDir, Vec<String>) {
            let dir = WorkDir::new();
            let stderr = mydumper(server, &dir).args(["-t", "1"]).args(args).ok().stderr;
            let lines = stderr.lines().map(|line| timeless(line).replace(&dir.path().display().to_string(), "DIR"));
            let lines = lines.filter(|line| line.starts_with("worker ") || line.starts_with("dumped ")).collect();
            (dir, lines)
        };
        let (dir, lines) = log(&["-B", "logged", "-v", "3"]);
        assert_eq!(
            lines,
            [
                "worker 0: wrote the definition of database logged",
                "worker 0: wrote the definition of logged.one",
                "worker 0: wrote the definition of logged.two",
                "worker 0: reading rows of logged.one, chunk 0",
                "worker 0: wrote logged.one chunk 0, 1 row, 30 B in T",
                "worker 0: reading rows of logged.two, chunk 0",
                "worker 0: wrote logged.two chunk 0, 2 rows, 35 B in T",
                "worker 0: wrote the definition of view logged.seen",
                "dumped 2 tables, 3 rows, 65 B in T into DIR",
            ],
            "{product:?}"
        );
        assert!(dir.read_text("logged.one.00000.sql").ends_with("INSERT INTO `one` VALUES(1)\n;\n"), "{product:?}");
        let (_, lines) = log(&["-T", "logged.one"]);
        assert_eq!(lines, ["dumped 1 table, 1 row, 30 B in T into DIR"], "{product:?}");
    }
}
