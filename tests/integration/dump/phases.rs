//! Dumps into the same directory, one after the other with `--dirty`, are restored as one.

use crate::support::dump::{Held, make, metadata_value, mydumper, only_line};
use crate::support::load::{assert_same, failing, load, myloader};
use harness::compare::differences;
use harness::program::WorkDir;
use harness::server::{Product, Server, source, target};

const OBJECTS: [&str; 14] = [
    "CREATE TABLE big1 (id INT PRIMARY KEY, c VARCHAR(20))",
    "INSERT INTO big1 VALUES (1,'one'), (2,'two'), (3,'three'), (4,'four')",
    "CREATE TABLE small (id INT PRIMARY KEY, c VARCHAR(20), KEY (c))",
    "INSERT INTO small VALUES (1,'eins'), (2,'zwei'), (3,'drei')",
    "CREATE TABLE `odd é` (id INT PRIMARY KEY)",
    "INSERT INTO `odd é` VALUES (7)",
    "CREATE TABLE `and ö` (id INT PRIMARY KEY)",
    "INSERT INTO `and ö` VALUES (8), (9)",
    "CREATE VIEW v AS SELECT c FROM small",
    "CREATE TRIGGER g BEFORE INSERT ON small FOR EACH ROW SET NEW.c = CONCAT(NEW.c, '')",
    "CREATE PROCEDURE p() SELECT 1",
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
    "CREATE EVENT e ON SCHEDULE AT '2037-01-01 00:00:00' DO SELECT 1",
    "ANALYZE TABLE big1, small",
];

fn phase(server: &Server, database: &str, dir: &WorkDir, options: &[&str]) {
    mydumper(server, dir).args(["-B", database]).args(options).ok();
}

/// The dump of these phases is restored, and nothing differs but the rows of `empty`.
#[track_caller]
fn restores(product: Product, database: &str, dir: &WorkDir, empty: &[&str]) {
    target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    load(product, dir, &["--verify"]);
    let found = differences(source(product), database, target(product), database);
    let unexpected: Vec<_> =
        found.iter().filter(|line| !empty.iter().any(|table| line.contains(&table.to_string()))).collect();
    assert!(unexpected.is_empty(), "{product:?}: {unexpected:#?}");
    for table in empty {
        assert_eq!(target(product).client().scalar(format!("SELECT COUNT(*) FROM {database}.{table}")), "0");
    }
}

#[test]
fn definitions_first_and_rows_later_in_two_and_three_phases() {
    for product in Product::ALL {
        let database = "phases_schemas";
        make(source(product), database, &OBJECTS);
        let dir = WorkDir::new();
        phase(source(product), database, &dir, &["-d"]);
        phase(source(product), database, &dir, &["--dirty", "-G", "-R", "-E", "-x", "^(?!(phases_schemas\\.big1))"]);
        assert!(!dir.list().contains(&"metadata.partial".to_owned()));
        restores(product, database, &dir, &["big1"]);
        // `-m -T` alone is the third.
        mydumper(source(product), &dir).args(["--dirty", "-m", "-T", &format!("{database}.big1")]).ok();
        restores(product, database, &dir, &[]);
        assert_same(product, database);
    }
}

#[test]
fn rows_first_and_definitions_later_with_other_tables_in_each_phase() {
    for product in Product::ALL {
        let database = "phases_rows";
        make(source(product), database, &OBJECTS);
        let dir = WorkDir::new();
        let name = |table: &str| format!("{database}.{table}");
        // Both have a number for their name, in whichever phase they come.
        for (tables, dirty) in
            [(vec![name("and ö"), name("big1")], None), (vec![name("odd é"), name("small")], Some("--dirty"))]
        {
            mydumper(source(product), &dir).args(["-m", "-T", &tables.join(",")]).args(dirty).ok();
        }
        phase(source(product), database, &dir, &["--dirty", "-d", "-G", "-R", "-E"]);
        let metadata = dir.read_text("metadata");
        let files = dir.list().len() - 1;
        assert_eq!(metadata_value(&metadata, "num-files"), Some(files.to_string()), "{:?}", dir.list());
        assert_eq!(metadata.matches("file.").count() + metadata.matches("file-").count() + 2, files, "{metadata}");
        restores(product, database, &dir, &[]);
        assert_same(product, database);
    }
}

#[test]
fn what_is_dumped_again_replaces_what_was_there() {
    for product in Product::ALL {
        let database = "phases_again";
        let mut client = make(source(product), database, &OBJECTS);
        let dir = WorkDir::new();
        phase(source(product), database, &dir, &["--rows=1", "-G", "-R", "-E"]);
        let guarantee = |dir: &WorkDir| metadata_value(&dir.read_text("metadata"), "guarantee").unwrap();
        assert_eq!(guarantee(&dir), "point-in-time");
        client.run("DELETE FROM big1 WHERE id > 2");
        client.run("DROP TRIGGER g");
        client.run("DROP TABLE `odd é`");
        client.run("CREATE VIEW `odd é` AS SELECT 1 AS one");
        // Fewer chunks, and all files under other names.
        phase(source(product), database, &dir, &["--dirty", "-G", "-R", "-E", "--compress=ZSTD"]);
        assert!(dir.list().iter().all(|name| name.ends_with(".zst") || name == "metadata"), "{:?}", dir.list());
        restores(product, database, &dir, &[]);
        assert_same(product, database);
        // Rows of two points in time have no position.
        mydumper(source(product), &dir).args(["--dirty", "-T", &format!("{database}.small")]).ok();
        assert_eq!(guarantee(&dir), "none");
        assert!(!dir.read_text("metadata").contains("[source]"), "{}", dir.read_text("metadata"));
        restores(product, database, &dir, &[]);
        // A file of the earlier phase that was changed is an error as one of the last.
        let file = format!("{database}.big1.00000.sql.zst");
        let mut bytes = dir.read(&file);
        *bytes.last_mut().unwrap() ^= 1;
        dir.write(&file, bytes);
        let line = myloader(target(product), &dir).arg("-o").fails_with(5);
        assert!(line.contains("[WARNING] the dump does not promise one point in time: "), "{line}");
        assert!(line.contains("big1.00000.sql.zst: its bytes have changed since it was dumped"), "{line}");
    }
}

#[test]
fn a_phase_that_is_interrupted_can_be_run_again() {
    for product in Product::ALL {
        let database = "phases_killed";
        let server = source(product);
        make(server, database, crate::support::dump::HELD_ROWS).run("CREATE PROCEDURE p() SELECT 1");
        let dir = WorkDir::new();
        phase(server, database, &dir, &["-d", "-R", "-E"]);
        let held = Held::new(server, database);
        let running = held.spawn(server, &dir, &["--dirty"]);
        running.signal("KILL");
        running.wait();
        drop(held);
        let line = failing(5, product, &dir, &[]);
        assert!(line.contains("is not a finished dump: it has no file `metadata`"), "{line}");
        phase(server, database, &dir, &["--dirty", "-m"]);
        restores(product, database, &dir, &[]);
        assert_same(product, database);
    }
}

#[test]
fn a_file_with_routines_and_events_loses_none_of_them() {
    for product in Product::ALL {
        let database = "phases_post";
        make(source(product), database, &OBJECTS);
        let dir = WorkDir::new();
        phase(source(product), database, &dir, &["-d", "-R"]);
        let before: Vec<_> = dir.list().into_iter().map(|name| (dir.read(&name), name)).collect();
        let refused = mydumper(source(product), &dir).args(["-B", database, "--dirty", "-E"]).fails_with(7);
        assert_eq!(
            only_line(&refused).replace(dir.path().to_str().unwrap(), "DIR"),
            "[ERROR] --dirty: the dump in DIR has routines or events of database phases_post, in one file that this dump \
             would replace: give both --routines and --events, or neither"
        );
        let after: Vec<_> = dir.list().into_iter().map(|name| (dir.read(&name), name)).collect();
        assert!(before == after, "{:?}", dir.list());
        phase(source(product), database, &dir, &["--dirty", "-R", "-E", "-G"]);
        restores(product, database, &dir, &[]);
        assert_same(product, database);
    }
}

#[test]
fn files_of_a_dump_without_checksums_get_them() {
    for product in Product::ALL {
        let database = "phases_older";
        make(source(product), database, &OBJECTS);
        let dir = WorkDir::new();
        phase(source(product), database, &dir, &["-m"]);
        crate::support::load::forget_checksums(&dir);
        phase(source(product), database, &dir, &["--dirty", "-d", "-G", "-R", "-E"]);
        restores(product, database, &dir, &[]);
        assert_same(product, database);
        let file = format!("{database}.small.00000.sql");
        dir.write(&file, dir.read_text(&file).replace("eins", "Eins"));
        let log = myloader(target(product), &dir).arg("-o").fails_with(5);
        assert!(log.contains("small.00000.sql: its bytes have changed since it was dumped"), "{log}");
    }
}
