//! Debian's mydumper 0.10.1: its dumps are restored by us, and ours by its myloader.
//!
//! On MariaDB only, since that version cannot read a MySQL 9. Its loader cuts files at each `;`, so that routines and
//! triggers stay out of what it restores.

use crate::support::dump::{dump, make};
use crate::support::load::{assert_same, load};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

const PRODUCT: Product = Product::MariaDb;

/// Objects of kinds that both sides know, with values that need escapes.
const OBJECTS: [&str; 7] = [
    "CREATE TABLE parent (id INT PRIMARY KEY, c VARCHAR(50), b BLOB, ts TIMESTAMP NULL, KEY by_c (c))",
    "CREATE TABLE child (id INT AUTO_INCREMENT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id))",
    "CREATE TABLE empty (id INT PRIMARY KEY)",
    "INSERT INTO parent VALUES (1, 'é;\\n''\\\\', x'00275cff0a', '2020-01-02 03:04:05'), (2, NULL, '', NULL)",
    "INSERT INTO child VALUES (5, 1), (6, 2)",
    "CREATE VIEW a_view AS SELECT id, ts FROM z_view",
    "CREATE VIEW z_view AS SELECT id, ts FROM parent",
];

/// A program of Debian's package, by its full path: ours have the same names.
fn peer(name: &str) -> Program {
    Program::new(format!("/usr/bin/{name}"))
}

fn make_objects(database: &str) {
    let mut client = make(source(PRODUCT), database, &OBJECTS[..5]);
    client.run(OBJECTS[6]);
    client.run(OBJECTS[5]);
}

#[test]
fn dumps_of_the_peer_are_restored() {
    for (database, options) in [
        ("peer_plain", &[][..]),
        ("peer_compressed", &["--compress"]),
        ("peer_chunks", &["--rows", "1", "--triggers", "--routines", "--events"]),
    ] {
        make_objects(database);
        let mut client = source(PRODUCT).client();
        client.run(format!("USE {database}"));
        // That version does not write in which mode they were made: they get the loader's own.
        client.run("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'");
        if options.contains(&"--triggers") {
            client.run("CREATE TRIGGER tr BEFORE INSERT ON child FOR EACH ROW SET NEW.id = NEW.id");
            client.run("CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1");
        }
        let dir = WorkDir::new();
        peer("mydumper").server(source(PRODUCT)).args(["-B", database, "-o"]).arg(dir.path()).args(options).ok();
        load(PRODUCT, &dir, &[]);
        assert_same(PRODUCT, database);
    }
}

#[test]
fn the_peer_restores_our_dumps() {
    for (database, options) in [("peer_loads_plain", &[][..]), ("peer_loads_gzip", &["--compress=gzip"])] {
        make_objects(database);
        let dir = dump(source(PRODUCT), &[&["-B", database], options].concat());
        peer("myloader").server(target(PRODUCT)).arg("-d").arg(dir.path()).ok();
        assert_same(PRODUCT, database);
    }
}
