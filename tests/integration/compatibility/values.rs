//! Values that mydumper 1.0.1 takes.

use crate::support::dump::{make, mydumper, row_files};
use crate::support::load::{assert_same, myloader};
use harness::program::WorkDir;
use harness::server::{Product, source, target};

#[test]
fn values_of_other_forms_are_taken() {
    for product in Product::ALL {
        let statements =
            ["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2), (3), (4), (5)", "ANALYZE TABLE t"];
        make(source(product), "taken_values", &statements);
        let file = WorkDir::new();
        file.write(
            "file.cnf",
            "[mydumper]\ntrx-tables = 0\nno-views = 0\ncomplete_insert = 1\n[myloader]\nverbose = 9\n",
        );
        let defaults = format!("--defaults-file={}", file.path().join("file.cnf").display());
        for args in [
            &["--rows=2:2:1", "--verbose", "4", "--trx-tables=0"][..],
            &["--rows", "2:2:1", "-v5", "--trx-tables", "0"],
            &["-r", "2:2:1", "--debug", "--trx-tables", "-t", "2"],
            &["--rows=2:2:1", &defaults],
        ] {
            let dir = WorkDir::new();
            let output = mydumper(source(product), &dir).args(["-B", "taken_values"]).args(args).ok();
            let warning = "--rows=2:2:1: the first chunk has 2 rows, which also are the most of a chunk then";
            assert!(output.stderr.contains(warning), "{}", output.stderr);
            let informs = !args.contains(&&*defaults);
            assert_eq!(output.stderr.contains("[INFO] connected to "), informs, "{args:?}: {}", output.stderr);
            let files = row_files(&dir, "taken_values", "t");
            assert!(files.len() > 1, "{product:?} {args:?}: {files:?}");
            let rows = dir.read_text("taken_values.t.00000.sql");
            assert_eq!(rows.contains("`t` (`id`) VALUES"), !informs, "{rows}");
            let output = myloader(target(product), &dir).args(["-o", "-v", "4", "--debug", &defaults]).ok();
            assert!(output.stderr.contains("[INFO] connected to "), "{}", output.stderr);
            assert_same(product, "taken_values");
        }
    }
}
