//! Tables that stay on the server: that the dump's rows mean the same in them is known before anything is changed.

use crate::support::dump::make;
use crate::support::load::{column, journals, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

/// Ways to dump a database: as a directory or as a stream.
struct Dumped {
    stream: Option<Vec<u8>>,
    place: WorkDir,
}

impl Dumped {
    fn new(product: Product, database: &str, stream: bool, options: &[&str]) -> Dumped {
        let place = WorkDir::new();
        let dumper = Program::mydumper().server(source(product)).args(["-B", database]).args(options);
        if stream {
            let stream = dumper.arg("--stream").current_dir(place.path()).ok().stdout;
            return Dumped { stream: Some(stream), place };
        }
        dumper.arg("-o").arg(place.path()).ok();
        Dumped { stream: None, place }
    }

    fn loader(&self, product: Product, options: &[&str]) -> Program {
        match &self.stream {
            Some(stream) => {
                let program = Program::myloader().server(target(product)).arg("--stream").args(options);
                program.current_dir(self.place.path()).stdin(stream.clone())
            }
            None => myloader(target(product), &self.place).args(options),
        }
    }
}

/// The options of a restore that keeps tables, and those of the dump that it is of.
const WAYS: [(&[&str], &[&str]); 5] = [
    (&["--drop-table=NONE"], &[]),
    (&["--no-schemas"], &["--format=CSV"]),
    (&["--drop-table=TRUNCATE"], &["--format=LOAD_DATA"]),
    (&["--drop-table=DELETE"], &["--complete-insert"]),
    (&["--drop-table=DROP"], &["--no-schemas"]),
];

#[test]
fn text_of_another_character_set_is_refused_before_anything_is_changed() {
    for product in Product::ALL {
        let database = "fit_charset";
        make(
            source(product),
            database,
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET latin1, n INT, \
                 e ENUM('é') CHARACTER SET latin1) CHARACTER SET utf8mb4",
                "INSERT INTO t VALUES (1, 'é', 1, 'é')",
            ],
        );
        let mut client = make(
            target(product),
            database,
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), n BIGINT, e ENUM('é'), more INT) CHARACTER SET utf8mb4",
                "INSERT INTO t VALUES (7, 'mine', 7, 'é', 7)",
            ],
        );
        let of = |column: &str| {
            format!(
                "  table {database}.t: column {column} is text of latin1 in the dump and of utf8mb4 here, where its bytes are \
                 other characters: make it CHARACTER SET latin1\n"
            )
        };
        let expected = format!(
            "[ERROR] these objects of the dump cannot be restored as they are; nothing was changed:\n{}{}change the source or \
             the server, or exclude them\n",
            of("a"),
            of("e")
        );
        for (restore, dump) in WAYS {
            for stream in [false, true] {
                let dumped = Dumped::new(product, database, stream, dump);
                let log = dumped.loader(product, restore).fails_with(8);
                assert!(log.ends_with(&expected), "{product:?} {restore:?} {stream}: {log}");
                assert_eq!(column(&mut client, "SELECT CONCAT(id, a) FROM t"), ["7mine"], "{product:?} {restore:?}");
                assert!(journals(&dumped.place).is_empty(), "{:?}", dumped.place.list());
            }
        }
        // With the same character sets and names, in another order and type, they are there to the byte.
        client.run("DROP TABLE t");
        client.run(
            "CREATE TABLE t (more INT, n BIGINT, e ENUM('é') CHARACTER SET latin1, A TEXT CHARACTER SET latin1, \
             id BIGINT PRIMARY KEY) CHARACTER SET utf8mb4",
        );
        for dump in [&["--complete-insert"][..], &["--format=CSV"], &["--complete-insert", "--no-schemas"]] {
            client.run("DELETE FROM t");
            Dumped::new(product, database, false, dump).loader(product, &["--drop-table=NONE"]).ok();
            let row = "SELECT CONCAT_WS(' ', id, HEX(a), n, HEX(e)) FROM t";
            assert_eq!(column(&mut client, row), ["1 E9 1 E9"], "{product:?} {dump:?}");
        }
    }
}

#[test]
fn columns_that_differ_are_refused_before_a_table_is_emptied() {
    for product in Product::ALL {
        let database = "fit_columns";
        make(
            source(product),
            database,
            &[
                "CREATE TABLE plain (id INT PRIMARY KEY, a INT, b INT)",
                "CREATE TABLE computed (id INT PRIMARY KEY, g INT AS (id + 1) STORED, ts TIMESTAMP NULL)",
                "CREATE TABLE fine (id INT PRIMARY KEY, a VARCHAR(9) CHARACTER SET utf8mb3)",
                "INSERT INTO plain VALUES (1, 2, 3)",
                "INSERT INTO computed (id) VALUES (1)",
                "INSERT INTO fine VALUES (1, 'é')",
            ],
        );
        let own = [
            "CREATE TABLE plain (id INT PRIMARY KEY, b INT, a INT)",
            "CREATE TABLE computed (id INT PRIMARY KEY, g INT, ts DATETIME, needed INT NOT NULL)",
            "CREATE TABLE fine (id INT PRIMARY KEY, a VARCHAR(9) CHARACTER SET utf8mb4)",
            "INSERT INTO plain VALUES (7, 7, 7)",
            "INSERT INTO computed VALUES (7, 7, NULL, 7)",
            "INSERT INTO fine VALUES (7, 'mine')",
        ];
        let expected = format!(
            "nothing was changed:\n  \
             table {database}.computed: column g is generated in the dump, which has no values of it, and is not here: make it \
             generated\n  \
             table {database}.computed: column ts is TIMESTAMP in the dump and DATETIME here, and only TIMESTAMP moves with \
             the time zone: make it TIMESTAMP\n  \
             table {database}.computed: column needed is not in the dump, NOT NULL and without a default: give it a \
             default\n  \
             table {database}.plain: the dump's INSERTs do not name their columns, which are id, a, b, and the table has id, b, \
             a: give it these columns in this order, or dump with --complete-insert\n\
             change the source or the server, or exclude them\n"
        );
        let mut client = make(target(product), database, &own);
        let all = "SELECT CONCAT((SELECT GROUP_CONCAT(id) FROM plain), (SELECT GROUP_CONCAT(id) FROM computed), \
                   (SELECT GROUP_CONCAT(id) FROM fine))";
        for (restore, dump) in [
            ("--drop-table=TRUNCATE", &[][..]),
            ("--drop-table=DELETE", &[]),
            ("--drop-table=NONE", &[]),
            ("--skip-create-table", &["--no-schemas"]),
        ] {
            for stream in [false, true] {
                let log = Dumped::new(product, database, stream, dump).loader(product, &[restore]).fails_with(8);
                assert!(log.ends_with(&expected), "{product:?} {restore} {stream}: {log}");
                assert_eq!(client.scalar(all), "777", "{product:?} {restore} {stream}");
            }
        }
        // The rest goes on.
        let dumped = Dumped::new(product, database, false, &[]);
        let log = dumped.loader(product, &["--drop-table=TRUNCATE", "--keep-going"]).fails_with(4);
        assert!(log.contains("4 objects of the dump could not be restored, everything else is:"), "{log}");
        assert_eq!(client.scalar(all), "771", "{product:?}");
        assert_eq!(client.scalar("SELECT HEX(a) FROM fine"), "C3A9");
        // Columns that are named may come in any order.
        let dumped = Dumped::new(product, database, false, &["--complete-insert", "-T", "fit_columns.plain"]);
        dumped.loader(product, &["--drop-table=TRUNCATE"]).ok();
        assert_eq!(client.scalar("SELECT CONCAT(id, a, b) FROM plain"), "123");
    }
}

#[test]
fn tables_whose_rows_are_in_other_tables_are_neither_emptied_nor_filled() {
    for product in Product::ALL {
        let database = "fit_merge";
        let parts = [
            "CREATE TABLE part (id INT) ENGINE=MyISAM",
            "CREATE TABLE m (id INT) ENGINE=MERGE UNION=(part) INSERT_METHOD=LAST",
            "INSERT INTO part VALUES (1)",
        ];
        make(source(product), database, &parts);
        make(source(product), "fit_merge_plain", &["CREATE TABLE m (id INT)", "INSERT INTO m VALUES (3)"]);
        let dumped = Dumped::new(product, database, false, &["-T", "fit_merge.m"]);
        let plain = Dumped::new(product, "fit_merge_plain", false, &[]);
        for mode in ["TRUNCATE", "DELETE", "NONE"] {
            let mut client = make(target(product), database, &parts);
            client.run("UPDATE part SET id = 7");
            dumped.loader(product, &["--drop-table", mode]).ok();
            assert_eq!(client.scalar("SELECT GROUP_CONCAT(id) FROM part"), "7", "{product:?} {mode}");
            let log = plain.loader(product, &["-B", database, "--drop-table", mode]).fails_with(8);
            let engine = if product == Product::MariaDb { "MRG_MyISAM" } else { "MRG_MYISAM" };
            let expected = format!(
                "\n  table {database}.m: its engine here, {engine}, does not keep the dump's rows in this table: replace the \
                 table with --drop-table=DROP, or leave it out\n"
            );
            assert!(log.contains(&expected), "{product:?} {mode}: {log}");
            assert_eq!(client.scalar("SELECT GROUP_CONCAT(id) FROM part"), "7", "{product:?} {mode}");
            client.run(format!("DROP DATABASE {database}"));
        }
    }
}

#[test]
fn what_is_neither_there_nor_created_leaves_nothing_behind() {
    for product in Product::ALL {
        let database = "fit_nowhere";
        let tables =
            ["CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE u (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"];
        make(source(product), database, &[&tables[..], &["INSERT INTO u VALUES (1)"]].concat());
        for stream in [false, true] {
            for (dump, restore, why) in [
                (&[][..], &["--no-schemas"][..], "options exclude its definition"),
                (&["--no-schemas"], &[], "the dump does not have its definition"),
                (&["--no-schemas"], &["-o"], "the dump does not have its definition"),
            ] {
                let dumped = Dumped::new(product, database, stream, dump);
                let before = dumped.place.list();
                let log = dumped.loader(product, &[restore, &["-B", "fit_new"]].concat()).fails_with(8);
                let expected = format!(
                    "[ERROR] these objects of the dump cannot be restored as they are; nothing was changed:\n  database \
                     fit_new: it is not on the server and is not created, since {why}: create it first\nchange the source or \
                     the server, or exclude them\n"
                );
                assert!(log.ends_with(&expected), "{product:?} {stream} {restore:?}: {log}");
                assert_eq!(dumped.place.list(), before);
            }
            // A table that is not there.
            let mut client = make(target(product), database, &tables[..1]);
            for (dump, restore) in [(&["--no-schemas"][..], "-o"), (&["--no-schemas"], "--no-schemas")] {
                let dumped = Dumped::new(product, database, stream, dump);
                let before = dumped.place.list();
                let log = dumped.loader(product, &[restore]).fails_with(8);
                let expected = "\n  table fit_nowhere.u: it is not on the server and is not created: create it first, or leave \
                                it out\nchange";
                assert!(log.contains(expected), "{product:?} {stream} {restore}: {log}");
                assert_eq!(dumped.place.list(), before);
                assert_eq!(column(&mut client, "SELECT id FROM t"), [""; 0]);
            }
            client.run(format!("DROP DATABASE {database}"));
        }
    }
}

/// MariaDB of Debian has no ARCHIVE.
#[test]
fn an_archive_table_with_rows_is_not_to_be_emptied() {
    let (product, database) = (Product::MySql, "fit_archive");
    let table = "CREATE TABLE t (id INT) ENGINE=ARCHIVE";
    make(source(product), database, &[table, "INSERT INTO t VALUES (1)"]);
    let mut client = make(target(product), database, &[table, "CREATE TABLE other (id INT)"]);
    for mode in ["TRUNCATE", "DELETE"] {
        for stream in [false, true] {
            let dumped = Dumped::new(product, database, stream, &[]);
            client.run("DROP TABLE t");
            client.run(table);
            client.run("INSERT INTO t VALUES (7)");
            let log = dumped.loader(product, &["--drop-table", mode]).fails_with(8);
            let expected = "\n  table fit_archive.t: it has rows, and the engine ARCHIVE lets nobody remove any: replace the \
                            table with --drop-table=DROP\n";
            assert!(log.contains(expected), "{log}");
            assert_eq!(client.scalar("SELECT id FROM t"), "7");
        }
    }
}

#[test]
fn types_whose_values_turn_into_others_and_tables_with_a_past_are_refused_before_anything_is_changed() {
    for product in Product::ALL {
        let database = "fit_types";
        let of_types =
            ["CREATE TABLE t (id INT PRIMARY KEY, n INT, d TIME)", "INSERT INTO t VALUES (1, 2, '10:11:12')"];
        make(source(product), database, &of_types);
        let versioned = match product {
            Product::MariaDb => ["CREATE TABLE v (a INT) WITH SYSTEM VERSIONING", "INSERT INTO v VALUES (7)"],
            Product::MySql => ["CREATE TABLE v (a INT)", "INSERT INTO v VALUES (7)"],
        };
        let mut client = source(product).client();
        client.run("USE fit_types");
        client.run("CREATE TABLE v (a INT)");
        let other =
            ["CREATE TABLE t (id INT PRIMARY KEY, n ENUM('2','1'), d DATE)", "INSERT INTO t VALUES (9, '1', NULL)"];
        let mut client = make(target(product), database, &[&other[..], &versioned].concat());
        for (loader, dumper) in WAYS.iter().take(4) {
            let dumped = Dumped::new(product, database, false, dumper);
            let text = dumped.loader(product, loader).fails_with(8);
            for (column, from, to) in [("n", "INT", "ENUM"), ("d", "TIME", "DATE")] {
                let expected = format!(
                    "column {column} is {from} in the dump and {to} here, where values become others without a warning: make it {from}"
                );
                assert!(text.contains(&expected), "{product:?} {loader:?}: {text}");
            }
            let is_emptied = loader[0].ends_with("TRUNCATE") || loader[0].ends_with("DELETE");
            let is_refused = is_emptied && product == Product::MariaDb;
            assert_eq!(text.contains("table fit_types.v: it is system-versioned"), is_refused, "{loader:?}: {text}");
            assert_eq!(column(&mut client, "SELECT id FROM t"), ["9"], "{product:?} {loader:?}");
            assert_eq!(column(&mut client, "SELECT a FROM v"), ["7"], "{product:?} {loader:?}");
        }
    }
}
