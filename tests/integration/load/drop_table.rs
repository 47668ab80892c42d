//! `--drop-table`: what becomes of tables and views that are there already.

use crate::support::dump::{dump, make};
use crate::support::load::{assert_same, column, dumped, forget_checksums, load, myloader, refused, streamed, tables};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

/// A table, a view, and two tables that a foreign key ties together.
const TABLES: [&str; 6] = [
    "CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(20), KEY by_name (name))",
    "CREATE TABLE a_child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id))",
    "CREATE TABLE t (id INT PRIMARY KEY)",
    "CREATE VIEW v AS SELECT id FROM t",
    "INSERT INTO parent VALUES (1, 'one'), (2, 'two')",
    "INSERT INTO a_child VALUES (1, 2)",
];

#[test]
fn fail_names_the_table_and_changes_nothing() {
    for product in Product::ALL {
        for (database, existing) in [
            ("drop_fail_table", "CREATE TABLE parent (other INT)"),
            ("drop_fail_view", "CREATE VIEW parent AS SELECT 1 AS one"),
        ] {
            let dir = dumped(product, database, &TABLES);
            make(target(product), database, &[existing]);
            assert_eq!(
                refused(product, &dir, &[]),
                format!(
                    "[ERROR] already on the server: {database}.parent; nothing was changed: \
                     choose with --drop-table what to do with existing tables"
                )
            );
            assert_eq!(tables(product, database), ["parent"]);
        }
    }
}

#[test]
fn fail_names_a_table_that_stands_where_a_view_goes() {
    for product in Product::ALL {
        let database = "drop_fail_for_view";
        let dir = dumped(product, database, &TABLES);
        make(target(product), database, &["CREATE TABLE v (kept INT)"]);
        let line = refused(product, &dir, &["--drop-table=FAIL"]);
        let expected = format!("[ERROR] already on the server: {database}.v; nothing was");
        assert!(line.starts_with(&expected), "{line}");
        assert_eq!(tables(product, database), ["v"]);
    }
}

#[test]
fn none_loads_into_the_table_as_it_is() {
    for product in Product::ALL {
        let database = "drop_none";
        let dir = dumped(product, database, &TABLES);
        let mut client = make(
            target(product),
            database,
            &[
                "CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(50))",
                "INSERT INTO parent VALUES (9, 'mine')",
                "CREATE VIEW v AS SELECT 1 AS mine",
            ],
        );
        load(product, &dir, &["--drop-table", "NONE"]);
        assert_eq!(column(&mut client, "SELECT name FROM parent ORDER BY id"), ["one", "two", "mine"]);
        let keys = "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS \
                    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'parent'";
        assert_eq!(column(&mut client, keys), ["PRIMARY"]);
        assert_eq!(column(&mut client, "SELECT mine FROM v"), ["1"]);
        assert_eq!(tables(product, database), ["a_child", "parent", "t", "v"]);
    }
}

#[test]
fn drop_replaces_tables_and_views_by_each_other() {
    for product in Product::ALL {
        let database = "drop_drop";
        let dir = dumped(product, database, &TABLES);
        make(
            target(product),
            database,
            &[
                "CREATE TABLE parent (id INT PRIMARY KEY)",
                "CREATE TABLE a_child (parent INT, FOREIGN KEY (parent) REFERENCES parent (id))",
                "INSERT INTO parent VALUES (7)",
                "INSERT INTO a_child VALUES (7)",
                "CREATE VIEW t AS SELECT 1 AS one",
                "CREATE TABLE v (in_the_way INT)",
            ],
        );
        for options in [&["--drop-table"][..], &["-o", "--threads=1"], &["--drop-table=drop", "--threads=8"]] {
            load(product, &dir, options);
            assert_same(product, database);
        }
    }
}

#[test]
fn truncate_and_delete_keep_the_table_and_replace_its_rows() {
    for product in Product::ALL {
        for (database, mode) in [("drop_truncate", "TRUNCATE"), ("drop_delete", "DELETE")] {
            let dir = dumped(product, database, &TABLES);
            let mut client = make(
                target(product),
                database,
                &[
                    "CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(50))",
                    "CREATE TABLE a_child (id INT, parent INT, FOREIGN KEY (parent) REFERENCES parent (id))",
                    "INSERT INTO parent VALUES (1, 'mine'), (9, 'mine')",
                    "INSERT INTO a_child VALUES (5, 9)",
                    "CREATE VIEW v AS SELECT 1 AS mine",
                ],
            );
            load(product, &dir, &["--drop-table", mode]);
            assert_eq!(column(&mut client, "SELECT name FROM parent ORDER BY id"), ["one", "two"]);
            assert_eq!(column(&mut client, "SELECT CONCAT(id, ' ', parent) FROM a_child"), ["1 2"]);
            let length = "SELECT CHARACTER_MAXIMUM_LENGTH FROM information_schema.COLUMNS \
                          WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'parent' AND COLUMN_NAME = 'name'";
            assert_eq!(column(&mut client, length), ["50"]);
            assert_eq!(column(&mut client, "SELECT COUNT(id) FROM v"), ["0"]);
            assert_eq!(tables(product, database), ["a_child", "parent", "t", "v"]);
        }
    }
}

#[test]
fn truncate_and_delete_do_not_empty_what_is_no_table() {
    for product in Product::ALL {
        for (database, mode) in [("drop_truncate_view", "TRUNCATE"), ("drop_delete_view", "DELETE")] {
            let dir = dumped(product, database, &TABLES);
            let mut client = make(
                target(product),
                database,
                &[
                    "CREATE TABLE behind (id INT)",
                    "INSERT INTO behind VALUES (3)",
                    "CREATE VIEW t AS SELECT id FROM behind",
                ],
            );
            let refusal = myloader(target(product), &dir).args(["--drop-table", mode]).fails_with(4);
            let expected =
                format!("no rows were loaded:\n  table {database}.t: {database}.t-schema.sql, line 5: server error");
            assert!(refusal.contains(&expected), "{refusal}");
            assert_eq!(column(&mut client, "SELECT id FROM behind"), ["3"], "{refusal}");
        }
    }
}

#[test]
fn old_tables_go_before_new_ones_come() {
    for product in Product::ALL {
        let database = "drop_order";
        let dir = dumped(product, database, &TABLES);
        // The old child refers to a column that the new parent does not have. It comes later by name, and with the stream.
        let old = [
            "CREATE TABLE parent (old_id INT PRIMARY KEY)",
            "CREATE TABLE t (old INT, FOREIGN KEY (old) REFERENCES parent (old_id))",
            "CREATE TABLE kept (id INT)",
        ];
        for stream in [false, true] {
            make(target(product), database, &old);
            if stream {
                let loader = Program::myloader().server(target(product)).args(["--stream", "-o", "--threads=1"]);
                let place = WorkDir::new();
                loader.stdin(streamed(product, database)).current_dir(place.path()).ok();
            } else {
                load(product, &dir, &["-o", "--threads=1"]);
            }
            assert_eq!(tables(product, database), ["a_child", "kept", "parent", "t", "v"]);
            target(product).client().run(format!("DROP TABLE {database}.kept"));
            assert_same(product, database);
            target(product).client().run(format!("DROP DATABASE {database}"));
        }
    }
}

#[test]
fn fail_names_all_tables_of_all_databases_and_changes_nothing() {
    for product in Product::ALL {
        let names = ["drop_fail_a", "drop_fail_b", "drop_fail_c"];
        for database in names {
            make(source(product), database, &["CREATE TABLE t (id INT)", "CREATE TABLE u (id INT)"]);
        }
        let dir = dump(source(product), &["-B", &names.join(",")]);
        make(target(product), "drop_fail_a", &["CREATE TABLE t (kept INT)", "CREATE TABLE u (kept INT)"]);
        make(target(product), "drop_fail_c", &["CREATE TABLE u (kept INT)"]);
        assert_eq!(
            refused(product, &dir, &[]),
            "[ERROR] already on the server: drop_fail_a.t, drop_fail_a.u, drop_fail_c.u; nothing \
             was changed: choose with --drop-table what to do with existing tables"
        );
        let mut client = target(product).client();
        assert_eq!(column(&mut client, "SHOW DATABASES LIKE 'drop\\_fail\\_b'"), [""; 0]);
        assert_eq!(tables(product, "drop_fail_c"), ["u"]);
    }
}

/// Restores rows of `t` without their definition, from a directory or as a stream, and fails with this code.
#[track_caller]
fn load_rows_only(product: Product, database: &str, stream: bool, options: &[&str], code: i32) -> String {
    let (place, dump_options) = (WorkDir::new(), ["-B", database, "--no-schemas"]);
    let dir = dump(source(product), &dump_options);
    let loader = if stream {
        let dumper = Program::mydumper().server(source(product)).args(dump_options).arg("--stream");
        let rows = dumper.current_dir(place.path()).ok().stdout;
        Program::myloader().server(target(product)).arg("--stream").stdin(rows).current_dir(place.path())
    } else {
        myloader(target(product), &dir)
    };
    let loader = loader.args(options);
    if code == 0 { loader.ok().stderr } else { loader.fails_with(code) }
}

#[test]
fn tables_without_a_definition_in_the_dump_are_kept_and_filled() {
    for product in Product::ALL {
        let database = "drop_rows_only";
        make(source(product), database, &["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)"]);
        for stream in [false, true] {
            for mode in ["DROP", "TRUNCATE", "DELETE"] {
                let old = ["CREATE TABLE t (id INT PRIMARY KEY) COMMENT 'mine'", "INSERT INTO t VALUES (9)"];
                let mut client = make(target(product), database, &old);
                load_rows_only(product, database, stream, &["--drop-table", mode], 0);
                let rows = "SELECT CONCAT(id, ' ', (SELECT TABLE_COMMENT FROM information_schema.TABLES \
                            WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't')) FROM t ORDER BY id";
                let filled = ["1 mine", "2 mine", "9 mine"];
                assert_eq!(column(&mut client, rows), filled, "{product:?} {stream} {mode}");
                // The rows that are there now are in the way of the same rows.
                let conflict = load_rows_only(product, database, stream, &["--drop-table", mode], 4);
                assert!(conflict.contains("server error 1062"), "{conflict}");
                assert_eq!(column(&mut client, rows), filled, "{product:?} {stream} {mode}");
                target(product).client().run(format!("DROP DATABASE {database}"));
            }
        }
    }
}

#[test]
fn what_cannot_be_created_again_is_refused_before_anything_is_changed() {
    for product in Product::ALL {
        let database = "drop_refused";
        make(source(product), database, &["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"]);
        // A stream of rows alone is checked too late for this: it says nothing of definitions before its first rows.
        let mut client = make(
            target(product),
            database,
            &[
                "CREATE TABLE t (id INT PRIMARY KEY)",
                "INSERT INTO t VALUES (9)",
                "CREATE TRIGGER fires BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id + 100",
            ],
        );
        let whole = load_rows_only(product, database, false, &["--drop-database"], 1);
        let expected = format!(
            "--drop-database would drop database {database}, but these tables cannot be created again: \
             {database}.t; nothing was changed"
        );
        assert!(whole.contains(&expected), "{whole}");
        let triggers = load_rows_only(product, database, false, &["-o"], 4);
        let expected = format!("which would fire for the dump's rows: {database}.t; nothing was changed");
        assert!(triggers.contains(&expected), "{triggers}");
        assert_eq!(column(&mut client, "SELECT id FROM t"), ["9"]);
        for sql in ["RENAME TABLE t TO behind", "CREATE VIEW t AS SELECT id FROM behind"] {
            client.run("DROP TRIGGER IF EXISTS fires");
            client.run(sql);
        }
        let view = load_rows_only(product, database, false, &["-o"], 4);
        let expected = format!("are views on the server, and are not created: {database}.t; ");
        assert!(view.contains(&expected), "{view}");
        assert_eq!(column(&mut client, "SELECT id FROM behind"), ["9"]);
        assert_eq!(tables(product, database), ["behind", "t"]);
        target(product).client().run(format!("DROP DATABASE {database}"));
    }
}

#[test]
fn a_table_whose_definition_file_is_missing_is_kept() {
    for product in Product::ALL {
        let database = "drop_file_missing";
        let dir = dumped(product, database, &TABLES);
        forget_checksums(&dir);
        std::fs::remove_file(dir.path().join(format!("{database}.parent-schema.sql"))).unwrap();
        let old = ["CREATE TABLE parent (id INT, name TEXT)", "INSERT INTO parent VALUES (9, 'mine')"];
        let mut client = make(target(product), database, &old);
        client.run("CREATE TABLE t (old INT)");
        let missing = myloader(target(product), &dir).arg("-o").fails_with(5);
        let expected = format!("the file with the definition of table {database}.parent is missing");
        assert!(missing.contains(&expected), "{missing}");
        assert_eq!(column(&mut client, "SELECT name FROM parent ORDER BY id"), ["one", "two", "mine"]);
        assert_eq!(column(&mut client, "SELECT COUNT(id) FROM t"), ["0"]);
    }
}

#[test]
fn tables_that_get_no_rows_are_not_emptied() {
    for product in Product::ALL {
        let database = "drop_no_data";
        let dir = dumped(product, database, &TABLES[..1]);
        for mode in ["TRUNCATE", "DELETE"] {
            let old = [TABLES[0], "INSERT INTO parent VALUES (9, 'mine')"];
            let mut client = make(target(product), database, &old);
            load(product, &dir, &["--no-data", "--drop-table", mode]);
            assert_eq!(column(&mut client, "SELECT name FROM parent"), ["mine"]);
            target(product).client().run(format!("DROP DATABASE {database}"));
        }
    }
}
