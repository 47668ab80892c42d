//! No value of a row stands in a log, a message or a journal, unless information is asked for.

use crate::support::dump::{make, wait_until};
use crate::support::load::{dump_of, forget_checksums, journals, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

/// Values that nothing else contains.
const SECRET: &str = "Tr0ub4dor";
const NUMBER: &str = "4711081547";

fn table(columns: &str) -> String {
    format!("CREATE TABLE t (id BIGINT PRIMARY KEY, v VARCHAR(60), {columns})")
}

fn row() -> String {
    format!("INSERT INTO t VALUES ({NUMBER}, '{SECRET}', 1)")
}

/// Nothing that the run has written shows a value.
#[track_caller]
fn assert_hidden(dir: &WorkDir, stderr: &str, why: &str) {
    let journals: String =
        journals(dir).iter().map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()).collect();
    let log = std::fs::read_to_string(dir.path().join("the.log")).unwrap_or_default();
    for text in [stderr, &journals, &log] {
        assert!(!text.contains(SECRET) && !text.contains(NUMBER), "{why}: {text}");
    }
}

/// The restore fails, says this, and shows no value; asked for information, it says it all.
#[track_caller]
fn assert_fails(product: Product, dir: &WorkDir, options: &[&str], says: &str, whole: &str) {
    let loader = || myloader(target(product), dir).args(options);
    let log = dir.path().join("the.log");
    let stderr = loader().fails_with(None);
    assert!(stderr.contains(says), "{product:?} {options:?}: {stderr}");
    assert_hidden(dir, &stderr, says);
    let stderr = loader().arg("-L").arg(&log).arg("--keep-going").fails_with(None);
    assert_hidden(dir, &stderr, says);
    std::fs::remove_file(&log).unwrap();
    let stderr = loader().args(["-v", "3"]).fails_with(None);
    assert!(stderr.contains(whole), "{product:?} {options:?}: {stderr}");
}

#[test]
fn errors_and_warnings_of_rows_show_no_value() {
    for product in Product::ALL {
        let database = "hidden_rows";
        make(source(product), database, &[&table("n INT"), &row()]);
        let key = if product == Product::MySql { "t.u" } else { "u" };
        for (format, method) in [(&[][..], "INSERT"), (&[], "LOAD_DATA"), (&["--format=LOAD_DATA"], "AUTO")] {
            let dir = dump_of(product, database, format);
            let options = ["--no-schemas", "--load-method", method];
            // A key that the dump does not have.
            let twice = format!("INSERT INTO t VALUES (1, '{SECRET}', 1)");
            let mut client = target(product).client();
            client.run(format!("DROP DATABASE IF EXISTS {database}"));
            make(target(product), database, &[&table("n INT, UNIQUE KEY u (v)"), &twice]);
            let says = format!("Duplicate entry (value not shown) for key '{key}'");
            let whole = if format.is_empty() { format!("Duplicate entry '{SECRET}' for key") } else { says.clone() };
            assert_fails(product, &dir, &options, &says, &whole);
            // Another type.
            client.run(format!("DROP TABLE {database}.t"));
            client.run(format!("USE {database}"));
            client.run("CREATE TABLE t (id BIGINT PRIMARY KEY, v INT, n INT)");
            let says = "Incorrect integer value: (value not shown) for column ";
            assert_fails(product, &dir, &options, says, says);
            // A trigger that says more than it should.
            client.run(format!("DROP TABLE {database}.t"));
            client.run(table("n INT"));
            client.run(
                "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN DECLARE m VARCHAR(99) DEFAULT CONCAT('no ', NEW.v, \
                 NEW.id, ' here'); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = m; END",
            );
            let options = [&options[..], &["--fire-triggers"]].concat();
            let whole = format!("no {SECRET}{NUMBER} here");
            let log = myloader(target(product), &dir).args(&options).fails_with(4);
            assert!(log.contains("error 1644 (45000): "), "{log}");
            assert_fails(product, &dir, &options, "error 1644 (45000): ", &whole);
        }
        // A statement with a syntax error, and one that does not insert rows.
        let dir = dump_of(product, database, &[]);
        let file = format!("{database}.t.00000.sql");
        let text = dir.read_text(&file);
        forget_checksums(&dir);
        dir.write(&file, text.replace(",1)", ",1"));
        assert_fails(product, &dir, &["--drop-table"], "error 1064 (42000): ", "the server's whole text");
        dir.write(&file, text.replace("INSERT INTO `t` VALUES", ""));
        let log = myloader(target(product), &dir).arg("--drop-table").fails_with(5);
        assert!(log.contains("this statement does not belong in such a file"), "{log}");
        assert_hidden(&dir, &log, "another statement");
    }
}

#[test]
fn an_index_that_cannot_be_added_shows_no_value() {
    for product in Product::ALL {
        let database = "hidden_keys";
        make(source(product), database, &[&table("n INT, UNIQUE KEY u (v)"), &row()]);
        let dir = dump_of(product, database, &[]);
        let file = format!("{database}.t.00000.sql");
        let twice = format!(",1)\n,(1,'{SECRET}',1)");
        forget_checksums(&dir);
        dir.write(&file, dir.read_text(&file).replace(",1)", &twice));
        let says = "server error 1062 (23000): Duplicate entry (value not shown) for key ";
        assert_fails(product, &dir, &["--drop-table"], says, &format!("Duplicate entry '{SECRET}' for key"));
    }
}

#[test]
fn a_connection_that_is_lost_in_a_statement_of_rows_shows_none() {
    for product in Product::ALL {
        let database = "hidden_lost";
        make(source(product), database, &[&table("n INT"), &row()]);
        let dir = dump_of(product, database, &[]);
        for options in [&["--retry-count=0"][..], &[]] {
            let mut client = target(product).client();
            client.run(format!("DROP DATABASE IF EXISTS {database}"));
            let mut holder = make(target(product), database, &[&table("n INT"), &row()]);
            holder.run("START TRANSACTION");
            holder.run("DELETE FROM t");
            let program: Program = myloader(target(product), &dir).args(["--no-schemas"]).args(options);
            let running = program.spawn();
            let waiting = format!(
                "SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE DB = '{database}' AND INFO LIKE 'INSERT INTO%'"
            );
            let mut id = String::new();
            wait_until("no row waits", || {
                id = client.query(&waiting)[0][0].clone().map(|id| String::from_utf8(id).unwrap()).unwrap_or_default();
                !id.is_empty()
            });
            client.run(format!("KILL {id}"));
            holder.run("COMMIT");
            let output = running.wait();
            let expected = if options.is_empty() { 0 } else { 3 };
            assert_eq!(output.code, Some(expected), "{}", output.stderr);
            assert!(output.stderr.contains("statement: INSERT INTO `t` VALUES…"), "{}", output.stderr);
            assert_hidden(&dir, &output.stderr, "a lost connection");
        }
    }
}
