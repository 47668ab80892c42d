//! What of a dump is restored, and under which name.

use crate::support::dump::{dump, make};
use crate::support::load::{
    assert_same, column, dumped, failing, forget_checksums, journals, load, myloader, refused, tables,
};
use harness::program::WorkDir;
use harness::server::{Product, source, target};
use harness::sql::Client;

/// Of everything one, and a table that filters leave out with what belongs to it.
const OBJECTS: [&str; 12] = [
    "CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(20), KEY by_name (name))",
    "CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY to_parent (parent) REFERENCES parent (id))",
    "CREATE TABLE log_1 (id INT PRIMARY KEY)",
    "CREATE VIEW v AS SELECT id FROM parent",
    "CREATE VIEW log_v AS SELECT id FROM log_1",
    "INSERT INTO parent VALUES (1, 'one')",
    "INSERT INTO child VALUES (2, 1)",
    "INSERT INTO log_1 VALUES (3)",
    "CREATE TRIGGER on_parent BEFORE INSERT ON parent FOR EACH ROW SET NEW.id = NEW.id",
    "CREATE TRIGGER on_log BEFORE INSERT ON log_1 FOR EACH ROW SET NEW.id = NEW.id",
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
];

/// All objects of a database and the rows of its tables, each in a word.
fn inventory(product: Product, database: &str) -> String {
    let mut client = target(product).client();
    let mut found = Vec::new();
    for (view, kind, name) in [
        ("TABLES", "TABLE", "TABLE_NAME"),
        ("ROUTINES", "ROUTINE", "ROUTINE_NAME"),
        ("TRIGGERS", "TRIGGER", "TRIGGER_NAME"),
        ("EVENTS", "EVENT", "EVENT_NAME"),
    ] {
        let sql = format!("SELECT {name} FROM information_schema.{view} WHERE {kind}_SCHEMA = '{database}' ORDER BY 1");
        found.extend(column(&mut client, &sql).into_iter().map(|name| with_rows(&mut client, database, kind, name)));
    }
    found.join(" ")
}

fn with_rows(client: &mut Client, database: &str, kind: &str, name: String) -> String {
    if kind != "TABLE" {
        return name;
    }
    let count = client.scalar(format!("SELECT COUNT(*) FROM {database}.{name}"));
    format!("{name}:{count}")
}

#[test]
fn each_option_leaves_out_what_it_names() {
    for product in Product::ALL {
        let database = "selected";
        let dir = dumped(product, database, &OBJECTS);
        let tables = ["selected.parent", "selected.child", "selected.v"].join(",");
        for (options, expected) in [
            (&[][..], "child:1 log_1:1 log_v:1 parent:1 v:1 f on_log on_parent e"),
            (&["--no-data"], "child:0 log_1:0 log_v:0 parent:0 v:0 f on_log on_parent e"),
            (&["--skip-triggers"], "child:1 log_1:1 log_v:1 parent:1 v:1 f e"),
            (&["--skip-post"], "child:1 log_1:1 log_v:1 parent:1 v:1 on_log on_parent"),
            (&["-T", &tables], "child:1 parent:1 v:1 on_parent"),
            (&["-x", r"^(?!selected\.log_)"], "child:1 parent:1 v:1 f on_parent e"),
            (&["-x", r"^selected\.log_"], "log_1:1 log_v:1 on_log"),
        ] {
            let mut client = target(product).client();
            client.run("DROP DATABASE IF EXISTS selected");
            load(product, &dir, options);
            assert_eq!(inventory(product, database), expected, "{product:?} {options:?}");
        }
    }
}

#[test]
fn tables_named_in_a_file_are_left_out() {
    for product in Product::ALL {
        let dir = dumped(product, "omitted", &OBJECTS);
        let list = WorkDir::new();
        list.write("tables", "omitted.log_1\nomitted.log_v\n");
        load(product, &dir, &["-O", list.path().join("tables").to_str().unwrap()]);
        assert_eq!(inventory(product, "omitted"), "child:1 parent:1 v:1 f on_parent e");
    }
}

#[test]
fn triggers_of_a_whole_database_are_chosen_one_by_one() {
    for product in Product::ALL {
        let dir = dumped(product, "one_by_one", &OBJECTS);
        forget_checksums(&dir);
        // As mydumper writes them for MariaDB: in one file.
        let files = ["one_by_one.parent-schema-triggers.sql", "one_by_one.log_1-schema-triggers.sql"];
        let text = files.map(|file| dir.read_text(file)).concat();
        files.iter().for_each(|file| std::fs::remove_file(dir.path().join(file)).unwrap());
        dir.write("one_by_one-schema-triggers.sql", text);
        load(product, &dir, &["-T", "one_by_one.log_1"]);
        assert_eq!(inventory(product, "one_by_one"), "log_1:1 on_log");
    }
}

#[test]
fn rows_go_into_tables_that_are_there() {
    for product in Product::ALL {
        let database = "rows_only";
        let dir = dumped(product, database, &OBJECTS);
        let log = myloader(target(product), &dir).arg("--no-schemas").fails_with(8);
        let expected = "nothing was changed:\n  database rows_only: it is not on the server and is not created, since options \
                        exclude its definition: create it first\n";
        assert!(log.contains(expected), "{log}");
        assert!(journals(&dir).is_empty());
        make(target(product), database, &OBJECTS[..5]);
        load(product, &dir, &["--no-schemas"]);
        assert_eq!(inventory(product, database), "child:1 log_1:1 log_v:1 parent:1 v:1");
    }
}

#[test]
fn databases_and_tables_that_are_there_need_not_be_created() {
    for product in Product::ALL {
        let database = "not_created";
        let dir = dumped(product, database, &OBJECTS);
        let log = myloader(target(product), &dir).arg("--skip-create-database").fails_with(8);
        assert!(
            log.contains("\n  database not_created: it is not on the server and is not created, since options"),
            "{log}"
        );
        let mut client = make(target(product), database, &[]);
        load(product, &dir, &["--skip-create-database"]);
        assert_eq!(inventory(product, database), "child:1 log_1:1 log_v:1 parent:1 v:1 f on_log on_parent e");

        client.run("CREATE OR REPLACE VIEW v AS SELECT 1");
        client.run("DROP TRIGGER on_log");
        ["child", "parent", "log_1"].iter().for_each(|table| client.run(format!("DELETE FROM {table}")));
        assert_eq!(
            refused(product, &dir, &["--skip-create-table", "--drop-table"]),
            "[ERROR] these tables already exist and have triggers, which would fire for the dump's rows: \
             not_created.parent; nothing was changed: drop the triggers, or let them fire with --fire-triggers"
        );
        load(product, &dir, &["--skip-create-table", "--drop-table", "--fire-triggers"]);
        assert_same(product, database);
    }
}

#[test]
fn foreign_keys_and_indexes_can_be_left_out() {
    for product in Product::ALL {
        let database = "without_keys";
        let dir = dumped(product, database, &OBJECTS);
        let keys = "SELECT CONCAT(TABLE_NAME, '.', INDEX_NAME) FROM information_schema.STATISTICS \
                    WHERE TABLE_SCHEMA = 'without_keys' ORDER BY TABLE_NAME, INDEX_NAME = 'PRIMARY' DESC";
        let constraints = "SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS \
                           WHERE CONSTRAINT_SCHEMA = 'without_keys'";
        let mut client = target(product).client();
        load(product, &dir, &["--skip-constraints"]);
        assert_eq!(column(&mut client, constraints), ["0"]);
        let all = ["child.PRIMARY", "child.to_parent", "log_1.PRIMARY", "parent.PRIMARY", "parent.by_name"];
        assert_eq!(column(&mut client, keys), all);
        // A foreign key needs its index.
        load(product, &dir, &["--skip-indexes", "--drop-table"]);
        assert_eq!(column(&mut client, constraints), ["1"]);
        assert_eq!(column(&mut client, keys), all[..4]);
        load(product, &dir, &["--skip-indexes", "--skip-constraints", "--drop-table"]);
        assert_eq!(column(&mut client, constraints), ["0"]);
        assert_eq!(column(&mut client, keys), ["child.PRIMARY", "log_1.PRIMARY", "parent.PRIMARY"]);
    }
}

#[test]
fn one_of_several_databases() {
    for product in Product::ALL {
        make(source(product), "several_a", &["CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)"]);
        make(source(product), "several_b", &["CREATE TABLE t (id INT)", "INSERT INTO t VALUES (2)"]);
        let dir = dump(source(product), &["-B", "several_a,several_b"]);
        let line = failing(1, product, &dir, &["-B", "several_new"]);
        assert_eq!(
            line,
            "[ERROR] --database \"several_new\" is one name, but the dump has the databases \"several_a\" and \
             \"several_b\": choose one with --source-db"
        );
        let mut client = target(product).client();
        load(product, &dir, &["-B", "several_new", "-s", "several_b", "-o"]);
        assert_eq!(column(&mut client, "SELECT id FROM several_new.t"), ["2"]);
        load(product, &dir, &["-s", "several_a"]);
        assert_eq!(column(&mut client, "SELECT id FROM several_a.t"), ["1"]);
        assert_eq!(column(&mut client, "SHOW DATABASES LIKE 'several\\_b'"), [""; 0]);
        load(product, &dir, &["-T", "several_b.t"]);
        assert_eq!(tables(product, "several_b"), ["t"]);
    }
}

#[test]
fn a_database_can_be_dropped_first() {
    for product in Product::ALL {
        let (database, other) = ("dropped_first", "dropped_other");
        let dir = dumped(product, database, &OBJECTS);
        for name in [database, other] {
            make(target(product), name, &["CREATE TABLE parent (other INT)", "CREATE TABLE own (id INT)"]);
        }
        load(product, &dir, &["--drop-database"]);
        assert_same(product, database);
        assert_eq!(tables(product, other), ["own", "parent"]);
        load(product, &dir, &["--drop-database", "-B", other]);
        assert_eq!(tables(product, other), ["child", "log_1", "log_v", "parent", "v"]);
        assert_same(product, database);
    }
}
