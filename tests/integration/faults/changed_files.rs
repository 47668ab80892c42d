//! Files of a dump that somebody removes or changes while it is restored.

use crate::support::dump::{make, without_time};
use crate::support::interrupted::reads_rows;
use crate::support::load::{dump_of, myloader};
use harness::compare::differences;
use harness::detour::{Barrier, Detour};
use harness::program::Program;
use harness::server::{Product, source, target};
use std::fs::{self, File};
use std::path::Path;

const NAME: &str = "files_changed";

/// A file that is not begun yet when the others are changed, and the one that is being read.
const LATER: &str = "files_changed.t.00002.sql";
const FIRST: &str = "files_changed.t.00000.sql";

fn cut(path: &Path, length: usize) {
    File::options().write(true).open(path).unwrap().set_len(length as u64).unwrap();
}

/// Where a file's last statement begins.
fn last_statement(text: &[u8]) -> usize {
    text.windows(6).rposition(|window| window == b"INSERT").unwrap()
}

/// What is done to a file, the exit code, what the last line says, and whether the restore can be resumed when the file is
/// as it was.
type Case = (&'static str, fn(&Path, &[u8]), i32, &'static str, bool);

const CASES: [Case; 6] = [
    (
        LATER,
        |path, _| fs::remove_file(path).unwrap(),
        5,
        "cannot read DIR/files_changed.t.00002.sql: No such file or directory (os error 2); the file is missing or damaged",
        true,
    ),
    (LATER, |path, text| cut(path, text.len() - 100), 5, "cannot restore DIR/files_changed.t.00002.sql: it has ", true),
    (
        LATER,
        |path, text| cut(path, last_statement(text)),
        5,
        "cannot restore DIR/files_changed.t.00002.sql: it has ",
        true,
    ),
    (
        LATER,
        |path, _| {
            fs::rename(path, path.with_extension("moved")).unwrap();
            std::os::unix::fs::symlink(path.with_extension("moved"), path).unwrap();
        },
        5,
        "cannot read DIR/files_changed.t.00002.sql: it is a symbolic link, and a dump has none: copy the file there; the \
         file is missing or damaged",
        true,
    ),
    (FIRST, |path, text| cut(path, text.len() - 100), 5, "cannot restore DIR/files_changed.t.00000.sql: it has ", true),
    // As many rows, with another value.
    (
        LATER,
        |path, text| {
            let mut text = text.to_vec();
            let place = last_statement(&text) + 40;
            text[place] = b'y';
            fs::write(path, text).unwrap();
        },
        5,
        "cannot restore DIR/files_changed.t.00002.sql: its bytes have changed since it was dumped; get an undamaged copy of it, \
         or restore it as it is with --ignore-file-checksums",
        true,
    ),
];

#[test]
fn files_that_are_removed_or_changed_while_they_are_restored() {
    for product in Product::ALL {
        // A file is longer than what is read of it at once.
        let rows = "INSERT INTO t WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 40) \
                    SELECT id, REPEAT('x', 30000) FROM n";
        make(source(product), NAME, &["CREATE TABLE t (id INT PRIMARY KEY, c LONGTEXT)", rows, "ANALYZE TABLE t"]);
        let dir = dump_of(product, NAME, &["--rows=10", "--statement-size=1000"]);
        for method in ["INSERT", "LOAD_DATA"] {
            for (file, change, code, told, resumes) in CASES {
                target(product).client().run(format!("DROP DATABASE IF EXISTS {NAME}"));
                let barrier = Barrier::default();
                let hold = barrier.clone();
                let detour = Detour::to(target(product), move |request| {
                    if reads_rows(request) {
                        hold.pass();
                    }
                });
                let program = Program::myloader().arg("--socket").arg(detour.socket()).args(["--user", "root", "-t1"]);
                let program = program.args(["--verify", "--load-method", method, "-d"]).arg(dir.path());
                let mut running = program.spawn();
                running.wait_until("no rows are loaded", |_| barrier.is_reached());
                let (path, text) = (dir.path().join(file), dir.read(file));
                change(&path, &text);
                barrier.open();
                let output = running.wait();
                let error = output.stderr.lines().map(without_time).find(|line| line.starts_with("[ERROR] "));
                let error = error.unwrap_or_default().replace(dir.path().to_str().unwrap(), "DIR");
                let case = format!("{product:?} {method} {told}: {}", output.stderr);
                assert_eq!(output.code, Some(code), "{case}");
                assert!(error.contains(told), "{case}");
                let _ = fs::remove_file(&path);
                let _ = fs::remove_file(path.with_extension("moved"));
                fs::write(&path, &text).unwrap();
                let again = if resumes { &["--resume"][..] } else { &["--drop-table"] };
                myloader(target(product), &dir).args(["--verify", "--load-method", method]).args(again).ok();
                assert_eq!(differences(source(product), NAME, target(product), NAME), [""; 0], "{case}");
            }
        }
    }
}
