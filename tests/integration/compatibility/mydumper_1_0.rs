//! Dumps and streams that mydumper 1.0.1 wrote are restored.

use crate::support::load::column;
use harness::compare::row_differences;
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server, source, target};
use harness::shop::{self, fixture};
use std::fs;

const DIRECTORIES: [&str; 7] = [
    "shop-plain",
    "shop-gzip",
    "shop-zstd",
    "shop-load-data",
    "shop-csv",
    "shop-checksums",
    "shop-no-stream-and-no-delete",
];

/// The bookshop on MariaDB, as far as mydumper 1.0.1 keeps it: it writes a FLOAT with six digits.
fn bookshop(database: &str) -> (&'static Server, &str) {
    let server = source(Product::MariaDb);
    shop::load(server, database, 1);
    server.client().run(format!("UPDATE {database}.books SET weight = CONCAT(weight)"));
    (server, database)
}

/// The copy on a product's target server is equal to the bookshop: its rows, the names of its programs, and what its
/// views show. mydumper 1.0.1 does not keep the texts of programs, nor their sql_mode.
#[track_caller]
fn assert_is_the_bookshop(copy: &str, product: Product, origin: (&Server, &str), what: &str) {
    let (server, reference) = origin;
    assert_eq!(row_differences(server, reference, target(product), copy), [""; 0], "{what} on {product:?}");
    assert_eq!(programs(target(product), copy), programs(server, reference), "{what} on {product:?}");
    for view in ["best_sellers", "book_sales", "order_totals"] {
        assert_eq!(shown(target(product), copy, view), shown(server, reference, view), "{what}: {view} on {product:?}");
    }
}

fn programs(server: &Server, database: &str) -> Vec<String> {
    let mut names = column(
        &mut server.client(),
        &format!(
            "SELECT CONCAT('trigger ', TRIGGER_NAME, ' ', ACTION_TIMING, ' ', EVENT_MANIPULATION, ' ', EVENT_OBJECT_TABLE) \
             FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{database}' UNION \
             SELECT CONCAT(LOWER(ROUTINE_TYPE), ' ', ROUTINE_NAME, ' ', ROUTINE_COMMENT) \
             FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{database}' UNION \
             SELECT CONCAT('event ', EVENT_NAME, ' ', STARTS, ' ', TIME_ZONE) \
             FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{database}'"
        ),
    );
    names.sort();
    names
}

fn shown(server: &Server, database: &str, view: &str) -> Vec<String> {
    let mut client = server.client();
    let rows = client.query(format!("SELECT * FROM {database}.{view}"));
    let mut rows: Vec<String> =
        rows.iter().map(|row| row.iter().map(harness::sql::text).collect::<Vec<_>>().join("\t")).collect();
    rows.sort();
    rows
}

#[test]
fn every_directory_is_restored() {
    let origin = bookshop("fixture_directories");
    assert_eq!(programs(origin.0, origin.1).len(), 6);
    assert_eq!(shown(origin.0, origin.1, "best_sellers").len(), 9);
    for product in Product::ALL {
        for name in DIRECTORIES {
            let database = format!("fixture_{}", name.replace('-', "_"));
            let dump = WorkDir::copy_of(&fixture(name));
            // Without GTIDs the dump does not say which product its checksums are of.
            let checksum = (product == Product::MySql).then_some("--checksum=warn");
            let output = Program::myloader()
                .server(target(product))
                .arg("--directory")
                .arg(dump.path())
                .args(["--database", &database])
                .args(checksum)
                .ok();
            assert!(output.stderr.contains("7,460 rows"), "{}", output.stderr);
            assert_is_the_bookshop(&database, product, origin, name);
            target(product).client().run(format!("DROP DATABASE {database}"));
        }
    }
    origin.0.client().run(format!("DROP DATABASE {}", origin.1));
}

#[test]
fn every_stream_is_restored() {
    let origin = bookshop("fixture_streams");
    for product in Product::ALL {
        for name in ["shop-traditional.stream", "shop-traditional-zstd.stream"] {
            let database = format!("stream_{}", name.replace(['-', '.'], "_"));
            let directory = WorkDir::new();
            Program::myloader()
                .server(target(product))
                .args(["--stream", "--database", &database])
                .stdin(fs::read(fixture(name)).unwrap())
                .current_dir(directory.path())
                .ok();
            assert_is_the_bookshop(&database, product, origin, name);
            assert_eq!(directory.list(), [""; 0]);
            target(product).client().run(format!("DROP DATABASE {database}"));
        }
    }
    origin.0.client().run(format!("DROP DATABASE {}", origin.1));
}

#[test]
fn a_stream_of_names_is_restored_from_the_directory_beside_it() {
    let origin = bookshop("fixture_names");
    let dump = fixture("shop-no-stream-and-no-delete");
    for product in Product::ALL {
        for (mode, keeps) in [("NO_STREAM", false), ("NO_STREAM_AND_NO_DELETE", true)] {
            let (shared, work) = (WorkDir::copy_of(&dump), WorkDir::new());
            let before = shared.list();
            let database = format!("fixture_{}", mode.to_lowercase());
            Program::myloader()
                .server(target(product))
                .args([&format!("--stream={mode}"), "--database", &database, "-d"])
                .arg(shared.path())
                .stdin(fs::read(fixture("shop-no-stream-and-no-delete.stream")).unwrap())
                .current_dir(work.path())
                .ok();
            assert_is_the_bookshop(&database, product, origin, mode);
            assert_eq!(shared.list(), if keeps { before } else { Vec::new() }, "{mode}");
            target(product).client().run(format!("DROP DATABASE {database}"));
        }
    }
    origin.0.client().run(format!("DROP DATABASE {}", origin.1));
}
