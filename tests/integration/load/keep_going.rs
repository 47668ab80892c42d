//! `--keep-going` and `--ignore-errors`: what cannot be restored is left out and named, and everything else is restored.

use crate::support::dump::{make, without_time};
use crate::support::load::{column, dumped_with, forget_checksums, load, myloader, streamed};
use harness::program::{Output, Program, WorkDir};
use harness::server::{Product, Server, source, target};
use std::fs;

/// A database in which much can be broken. Each row of `t` and `plain` is a statement, and each two are a file.
const OBJECTS: &[&str] = &[
    "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(20), KEY by_c (c))",
    "INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c'),(4,'d'),(5,'e'),(6,'f')",
    "CREATE TABLE plain (id INT PRIMARY KEY, c VARCHAR(20)) ENGINE=MyISAM",
    "INSERT INTO plain VALUES (1,'a'),(2,'b'),(3,'c')",
    "CREATE TABLE gone (id INT PRIMARY KEY)",
    "INSERT INTO gone VALUES (1)",
    "CREATE TABLE uniq (id INT PRIMARY KEY, u INT, UNIQUE KEY by_u (u))",
    "INSERT INTO uniq VALUES (1,1),(2,2)",
    "CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT to_t FOREIGN KEY (p) REFERENCES t (id))",
    "INSERT INTO child VALUES (1,1)",
    "CREATE VIEW v_gone AS SELECT id FROM gone",
    "CREATE VIEW v AS SELECT id FROM t",
    "CREATE TRIGGER on_gone BEFORE INSERT ON gone FOR EACH ROW SET NEW.id = NEW.id",
    "CREATE TRIGGER on_t BEFORE INSERT ON t FOR EACH ROW SET NEW.c = NEW.c",
    "CREATE PROCEDURE a() SELECT 1",
    "CREATE PROCEDURE b() SELECT 2",
    "CREATE PROCEDURE c() SELECT 3",
    "CREATE EVENT e ON SCHEDULE AT '2037-01-01 00:00:00' DO SELECT 1",
];

const PIECES: &[&str] = &["--statement-size=20", "--rows=2"];

fn edit(dir: &WorkDir, name: &str, from: &str, to: &str) {
    let text = dir.read_text(name);
    assert!(text.contains(from), "{name} has no {from:?}: {text}");
    forget_checksums(dir);
    dir.write(name, text.replace(from, to));
}

/// The file of rows of a table that has this text.
fn file_with(dir: &WorkDir, table: &str, text: &str) -> String {
    let of_table = |name: &String| name.starts_with(&format!("{table}.0"));
    dir.list().into_iter().filter(of_table).find(|name| dir.read_text(name).contains(text)).unwrap()
}

/// Breaks a table's definition, a row, a unique key, and a procedure.
fn break_objects(dir: &WorkDir, database: &str) {
    edit(dir, &format!("{database}.gone-schema.sql"), "`id` int", "`id` no_such_type");
    let rows = file_with(dir, &format!("{database}.t"), "(4,'d')");
    edit(dir, &rows, "(4,'d')", "(3,'d')");
    let rows = file_with(dir, &format!("{database}.uniq"), "(2,2)");
    edit(dir, &rows, "(2,2)", "(2,1)");
    edit(dir, &format!("{database}-schema-post.sql"), "SELECT 2", "SELECT ((2");
}

/// The objects that the last message lists.
fn listed(output: &Output) -> Vec<String> {
    let (_, list) = output.stderr.rsplit_once(", everything else is:\n").unwrap_or_else(|| panic!("{}", output.stderr));
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    lines.map(|line| line.trim_start().to_owned()).collect()
}

/// Starts of objects' lines, and texts that they have.
#[track_caller]
fn assert_listed(product: Product, output: &Output, expected: &[(&str, &str)]) {
    let listed = listed(output);
    for (object, text) in expected {
        let found: Vec<&String> = listed.iter().filter(|line| line.starts_with(&format!("{object}: "))).collect();
        assert_eq!(found.len(), 1, "{product:?} {object}: {listed:#?}");
        assert!(found[0].contains(text), "{product:?}: {}", found[0]);
        // Each was told when it happened.
        assert!(output.stderr.contains(&format!("[ERROR] skipped: {}", found[0])), "{}", output.stderr);
    }
    assert_eq!(listed.len(), expected.len(), "{product:?}: {listed:#?}");
    let count = format!(
        "[ERROR] {} object{} of the dump could not be restored, ",
        expected.len(),
        if expected.len() == 1 { "" } else { "s" }
    );
    assert!(output.stderr.contains(&count), "{}", output.stderr);
}

#[test]
fn everything_that_can_be_restored_is_and_the_rest_is_named() {
    for product in Product::ALL {
        let database = "going_on";
        let dir = dumped_with(product, database, OBJECTS, PIECES);
        break_objects(&dir, database);
        let output = myloader(target(product), &dir).arg("--keep-going").run();
        assert_eq!(output.code, Some(4), "{product:?}: {}", output.stderr);
        let rows = file_with(&dir, "going_on.t", "(3,'d')");
        assert_listed(
            product,
            &output,
            &[
                ("table going_on.gone", "going_on.gone-schema.sql, line 5: server error "),
                (
                    &format!("rows of going_on.t in {rows}"),
                    "server error 1062 (23000): Duplicate entry (value not shown) for key",
                ),
                ("keys of going_on.uniq", "server error 1062 (23000): Duplicate entry (value not shown) for key"),
                ("view going_on.v_gone", "server error 1146 (42S02): Table 'going_on.gone' doesn't exist"),
                ("procedure going_on.b", "going_on-schema-post.sql, line "),
            ],
        );
        let rows = listed(&output).into_iter().find(|line| line.starts_with("rows of ")).unwrap();
        assert!(rows.ends_with("; skipped: 1 statement with 1 row"), "{rows}");
        let mut client = target(product).client();
        client.run("USE going_on");
        assert_eq!(column(&mut client, "SELECT id FROM t ORDER BY id"), ["1", "2", "3", "5", "6"]);
        assert_eq!(column(&mut client, "SELECT c FROM t WHERE id = 3"), ["c"]);
        assert_eq!(column(&mut client, "SHOW TABLES"), ["child", "plain", "t", "uniq", "v"]);
        assert_eq!(column(&mut client, "SHOW PROCEDURE STATUS WHERE Db = 'going_on'").len(), 2);
        assert_eq!(column(&mut client, "SHOW TRIGGERS"), ["on_t"]);
        let keys = "SELECT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = 'going_on' AND \
                    TABLE_NAME IN ('t', 'uniq') ORDER BY 1";
        assert_eq!(column(&mut client, keys), ["by_c", "PRIMARY", "PRIMARY"]);
        let constraints = "SELECT CONSTRAINT_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE \
                           CONSTRAINT_SCHEMA = 'going_on'";
        assert_eq!(column(&mut client, constraints), ["to_t"]);
        assert_eq!(column(&mut client, "SHOW EVENTS").len(), 1);

        // Without it, nothing is loaded, since a table cannot be made.
        let output = myloader(target(product), &dir).arg("--drop-table").run();
        assert_eq!(output.code, Some(4), "{product:?}: {}", output.stderr);
        assert!(output.stderr.contains("no rows were loaded:\n  table going_on.gone: "), "{}", output.stderr);
        assert_eq!(client.scalar("SELECT COUNT(*) FROM t"), "0");
    }
}

#[test]
fn codes_that_are_listed_are_passed_over_and_others_end_the_restore() {
    for product in Product::ALL {
        let database = "going_on_codes";
        let dir = dumped_with(product, database, &OBJECTS[..4], PIECES);
        let rows = file_with(&dir, "going_on_codes.t", "(4,'d')");
        edit(&dir, &rows, "(4,'d')", "(3,'d')");
        let output = myloader(target(product), &dir).args(["--ignore-errors", "1062,1146"]).run();
        assert_eq!(output.code, Some(4), "{product:?}: {}", output.stderr);
        assert_listed(
            product,
            &output,
            &[(&format!("rows of going_on_codes.t in {rows}"), "server error 1062 (23000)")],
        );
        assert_eq!(target(product).client().scalar("SELECT COUNT(*) FROM going_on_codes.t"), "5");

        let output = myloader(target(product), &dir).args(["--drop-table", "--ignore-errors=1146"]).run();
        assert_eq!(output.code, Some(4), "{product:?}: {}", output.stderr);
        let line = output.stderr.lines().map(without_time).next_back().unwrap();
        let expected = format!("[ERROR] {rows}, line ");
        assert!(line.starts_with(&expected) && line.contains("server error 1062"), "{product:?}: {line}");

        // All that is there already is passed over, as when a restore is done again.
        load(product, &dumped_again(product, database), &["--drop-table"]);
        let again = dumped_again(product, database);
        let output = myloader(target(product), &again).args(["--drop-table=NONE", "--ignore-errors=1062"]).run();
        assert_eq!(output.code, Some(4), "{product:?}: {}", output.stderr);
        assert_eq!(target(product).client().scalar("SELECT COUNT(*) FROM going_on_codes.t"), "6");
        let rows: Vec<String> = listed(&output);
        assert_eq!(rows.len(), again.list().iter().filter(|name| name.contains(".0000")).count(), "{rows:#?}");
    }
}

fn dumped_again(product: Product, database: &str) -> WorkDir {
    crate::support::load::dump_of(product, database, PIECES)
}

#[test]
fn a_stream_goes_on_too() {
    for product in Product::ALL {
        let database = "going_on_stream";
        make(source(product), database, OBJECTS);
        let mut client = make(target(product), database, &[OBJECTS[0], "INSERT INTO t VALUES (3,'mine')"]);
        let place = WorkDir::new();
        let loader =
            Program::myloader().server(target(product)).args(["--stream", "--keep-going", "--drop-table=NONE"]);
        let loader = loader.args(["-x", "^going_on_stream\\.(?!gone)"]).current_dir(place.path());
        let output = loader.stdin(streamed(product, database)).run();
        assert_eq!(output.code, Some(4), "{product:?}: {}", output.stderr);
        assert_listed(
            product,
            &output,
            &[
                ("rows of going_on_stream.t in going_on_stream.t.00000.sql", "skipped: 1 statement with 6 rows"),
                ("view going_on_stream.v_gone", "server error 1146"),
            ],
        );
        assert_eq!(column(&mut client, "SELECT c FROM t"), ["mine"]);
        assert_eq!(column(&mut client, "SHOW TABLES"), ["child", "plain", "t", "uniq", "v"]);
        assert_eq!(place.list(), [""; 0]);
    }
}

#[test]
fn a_damaged_file_is_left_out_and_told_with_another_exit_code() {
    for product in Product::ALL {
        let database = "going_on_damaged";
        let statements = [&OBJECTS[..10], &["ANALYZE TABLE t, uniq"]].concat();
        let dir = dumped_with(product, database, &statements, PIECES);
        // One is cut amid a statement, one is missing, and one has no statement.
        let cut = file_with(&dir, "going_on_damaged.t", "(4,'d')");
        dir.write(&cut, &dir.read(&cut)[..dir.read(&cut).len() - 5]);
        let missing = file_with(&dir, "going_on_damaged.uniq", "(2,2)");
        fs::remove_file(dir.path().join(&missing)).unwrap();
        dir.write("going_on_damaged.gone-schema.sql", "");
        let output = myloader(target(product), &dir).arg("--keep-going").run();
        assert_eq!(output.code, Some(5), "{product:?}: {}", output.stderr);
        let listed = listed(&output);
        for text in [
            format!("rows of going_on_damaged.t in {cut}: cannot restore ").as_str(),
            "; skipped: the rest of the file",
            "going_on_damaged.gone-schema.sql: it has 0 bytes, but ",
            "not complete: table going_on_damaged.t has 4 rows, the dump has 6",
            format!("not complete: 1 file is missing: {missing}").as_str(),
        ] {
            assert!(listed.iter().any(|line| line.contains(text)), "{product:?} {text}: {listed:#?}");
        }
        let mut client = target(product).client();
        // Nothing of the transaction is kept that ends in the damage.
        assert_eq!(column(&mut client, "SELECT id FROM going_on_damaged.t ORDER BY id"), ["1", "2", "5", "6"]);
        assert_eq!(client.scalar("SELECT COUNT(*) FROM going_on_damaged.child"), "1");
    }
}

#[test]
fn rows_of_load_data_are_left_out_as_a_file() {
    for product in Product::ALL {
        let database = "going_on_data";
        let statements = [&OBJECTS[..2], &["ANALYZE TABLE t"]].concat();
        let dir = dumped_with(product, database, &statements, &["--rows=2", "--format=LOAD_DATA"]);
        let double = file_with(&dir, "going_on_data.t", "3\tc");
        edit(&dir, &double, "4\td", "3\td");
        let missing = file_with(&dir, "going_on_data.t", "5\te");
        fs::remove_file(dir.path().join(&missing)).unwrap();
        let output = myloader(target(product), &dir).args(["--keep-going", "-t", "1"]).run();
        assert_eq!(output.code, Some(5), "{product:?}: {}", output.stderr);
        let listed = listed(&output);
        let texts = [
            format!("rows of going_on_data.t in {}: ", double.replace(".dat", ".sql")),
            "1 warning, first: 1062 Duplicate entry (value not shown) for key".to_owned(),
            "; skipped: 1 statement with 2 rows".to_owned(),
            format!(
                "{missing}: No such file or directory (os error 2); the file is missing or damaged; skipped: 1 \
                 statement"
            ),
            "table going_on_data.t has 2 rows, the dump has 6".to_owned(),
        ];
        for text in texts {
            assert!(listed.iter().any(|line| line.contains(&text)), "{product:?} {text}: {listed:#?}");
        }
        assert_eq!(column(&mut target(product).client(), "SELECT id FROM going_on_data.t"), ["1", "2"]);
    }
}

#[test]
fn an_engine_without_transactions_is_told_of() {
    for product in Product::ALL {
        let database = "going_on_plain";
        let dir = dumped_with(product, database, &OBJECTS[2..4], &[]);
        edit(&dir, "going_on_plain.plain.00000.sql", "(3,'c')", "(2,'c'),(4,'d')");
        edit(&dir, "metadata", "rows = 3", "rows = 4");
        let output = myloader(target(product), &dir).arg("--keep-going").run();
        assert_eq!(output.code, Some(6), "{product:?}: {}", output.stderr);
        let listed = listed(&output);
        let torn = "skipped: 1 statement, but the table's engine may have kept some of the rows";
        assert!(listed[0].ends_with(torn), "{listed:#?}");
        assert_eq!(column(&mut target(product).client(), "SELECT id FROM going_on_plain.plain"), ["1", "2"]);
    }
}

#[test]
fn a_statement_that_ends_the_connection_does_not_end_the_restore() {
    for product in Product::ALL {
        let database = "going_on_packets";
        let statements = [
            "CREATE TABLE t (id INT PRIMARY KEY, b LONGTEXT)",
            "INSERT INTO t VALUES (1, REPEAT('a', 1000)), (2, REPEAT('b', 3000000)), (3, REPEAT('c', 1000))",
        ];
        let dir = dumped_with(product, database, &statements, &["--statement-size=1000"]);
        let server = Server::start(product, &["--max-allowed-packet=1M"]);
        let output = myloader(&server, &dir).args(["--keep-going", "--load-method=INSERT"]).run();
        assert_eq!(output.code, Some(4), "{product:?}: {}", output.stderr);
        let listed = listed(&output);
        assert_eq!(listed.len(), 1, "{listed:#?}");
        assert!(listed[0].contains("server error 1153"), "{listed:#?}");
        assert!(listed[0].ends_with("; skipped: 1 statement with 1 row"), "{listed:#?}");
        assert_eq!(column(&mut server.client(), "SELECT id FROM going_on_packets.t ORDER BY id"), ["1", "3"]);
    }
}

#[test]
fn very_many_are_told_by_their_causes() {
    let product = Product::MariaDb;
    let database = "going_on_many";
    let tables: Vec<String> = (0..120).map(|number| format!("CREATE TABLE t{number:03} (id INT)")).collect();
    let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
    let dir = dumped_with(product, database, &tables, &[]);
    for name in dir.list().iter().filter(|name| name.ends_with("-schema.sql")) {
        edit(&dir, name, "`id` int", "`id` no_such_type");
    }
    let output = myloader(target(product), &dir).args(["--keep-going", "-v", "1"]).run();
    assert_eq!(output.code, Some(4), "{}", output.stderr);
    assert_eq!(output.stderr.matches("[ERROR] skipped: table going_on_many.t").count(), 120);
    let (_, end) = output.stderr.split_once("[ERROR] 120 objects of the dump could not be restored").unwrap();
    let lines: Vec<&str> = end.lines().collect();
    assert!(
        lines[1].starts_with("  120 objects rejected with server error ") && lines[1].ends_with(", among them:"),
        "{end}"
    );
    assert!(lines[2].starts_with("    table going_on_many.t"), "{end}");
    assert_eq!(lines.len(), 2 + 10 + 2, "{end}");
}
