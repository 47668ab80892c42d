//! `--drop-table`: what becomes of tables and views that are there already.

use crate::dump_support::make;
use crate::load_support::{assert_same, column, dumped, load, refused, tables};
use harness::server::{Product, target};

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
                    "[ERROR] {database}.parent of the dump exists on the server already, with 0 other(s): nothing of \
                     this database was changed; choose with --drop-table what to do with tables that exist"
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
        assert!(line.starts_with(&format!("[ERROR] {database}.v of the dump exists on the server already")), "{line}");
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
            let line = refused(product, &dir, &["--drop-table", mode]);
            assert!(line.starts_with(&format!("[ERROR] {database}.t-schema.sql, line 5: ")), "{line}");
            assert_eq!(column(&mut client, "SELECT id FROM behind"), ["3"], "{line}");
        }
    }
}
