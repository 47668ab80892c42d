//! Dumps and streams that mydumper 1.0.1 wrote are restored.

use std::fs;

use harness::compare::row_differences;
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};
use harness::{sakila, shared_dir};

const DIRECTORIES: [&str; 6] =
    ["sakila-plain", "sakila-gzip", "sakila-zstd", "sakila-load-data", "sakila-csv", "sakila-no-stream-and-no-delete"];

fn fixture(name: &str) -> std::path::PathBuf {
    shared_dir().join("fixtures/mydumper-1.0.1").join(name)
}

#[test]
fn every_directory_is_restored() {
    let reference = "sakila_fixture_reference";
    // They are of a MariaDB, where sakila has no spatial column.
    let origin = source(Product::MariaDb);
    sakila::load(origin, reference);
    for product in Product::ALL {
        for name in DIRECTORIES {
            let database = format!("fixture_{}", name.replace('-', "_"));
            let output = Program::myloader()
                .server(target(product))
                .arg("--directory")
                .arg(fixture(name))
                .args(["--database", &database])
                .ok();
            assert!(output.stderr.contains("47,273 rows"), "{}", output.stderr);
            let found = row_differences(origin, reference, target(product), &database);
            assert_eq!(found, [""; 0], "{name} on {product:?}");
            target(product).client().run(format!("DROP DATABASE {database}"));
        }
    }
    origin.client().run(format!("DROP DATABASE {reference}"));
}

#[test]
fn every_stream_is_restored() {
    let reference = "sakila_stream_reference";
    // They are of a MariaDB, where sakila has no spatial column.
    let origin = source(Product::MariaDb);
    sakila::load(origin, reference);
    for product in Product::ALL {
        for name in ["sakila-traditional.stream", "sakila-traditional-zstd.stream"] {
            let database = format!("stream_{}", name.replace(['-', '.'], "_"));
            let directory = WorkDir::new();
            Program::myloader()
                .server(target(product))
                .args(["--stream", "--database", &database])
                .stdin(fs::read(fixture(name)).unwrap())
                .current_dir(directory.path())
                .ok();
            let found = row_differences(origin, reference, target(product), &database);
            assert_eq!(found, [""; 0], "{name} on {product:?}");
            assert_eq!(directory.list(), [""; 0]);
            target(product).client().run(format!("DROP DATABASE {database}"));
        }
    }
    origin.client().run(format!("DROP DATABASE {reference}"));
}
