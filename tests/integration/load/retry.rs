//! Transactions that meet locks of other sessions are retried as a whole.

use crate::support::load::{assert_same, dumped_with, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, target};
use harness::sql::Client;

/// A dump of eight rows, each in a statement of its own, and the table on the target with one row that another session has
/// not committed: the sixth of the dump.
fn locked(product: Product, database: &str) -> (WorkDir, Client) {
    let rows: Vec<String> = (1..=8).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('x', 1000))")).collect();
    let mut statements = vec!["CREATE TABLE t (id INT PRIMARY KEY, c TEXT)"];
    statements.extend(rows.iter().map(String::as_str));
    let dir = dumped_with(product, database, &statements, &["--statement-size", "1000"]);
    let mut holder = target(product).client();
    holder.run(format!("CREATE DATABASE {database}"));
    holder.run(format!("USE {database}"));
    holder.run(statements[0]);
    holder.run("START TRANSACTION");
    holder.run("INSERT INTO t VALUES (6, '')");
    (dir, holder)
}

/// A restore that waits for locks for a second, and says what it does.
fn loader(product: Product, dir: &WorkDir, seconds: u32) -> (Program, WorkDir) {
    let place = WorkDir::new();
    let path = place.path().join("cnf");
    std::fs::write(&path, format!("[myloader_session_variables]\ninnodb_lock_wait_timeout={seconds}\n")).unwrap();
    let program = myloader(target(product), dir).arg("--defaults-file").arg(path);
    // Without DDL, which would wait for the other session's transaction.
    (program.args(["--no-schemas", "--queries-per-transaction=3", "-v", "3"]), place)
}

#[test]
fn a_lock_wait_timeout_replays_the_transaction() {
    let methods = ["insert", "load-data"];
    for (product, method) in Product::ALL.into_iter().flat_map(|product| methods.map(|method| (product, method))) {
        let database = if method == "insert" { "retry_timeout" } else { "retry_timeout_load" };
        let (dir, mut holder) = locked(product, database);
        let (program, _place) = loader(product, &dir, 1);
        let mut restore = program.args(["--load-method", method]).spawn();
        restore.wait_for_stderr(&format!("retrying the transaction: {database}.t.00000.sql, line "));
        let mut other = target(product).client();
        assert_eq!(other.scalar(format!("SELECT COUNT(*) FROM {database}.t")), "3", "the first transaction is kept");
        holder.run("ROLLBACK");
        let output = restore.wait();
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(output.stderr.contains("server error 1205"), "{}", output.stderr);
        let converted = output.stderr.contains(": 8 of 8 statements sent as LOAD DATA");
        assert_eq!(converted, method == "load-data", "{}", output.stderr);
        assert!(output.stderr.contains("restored 1 table, 8 rows, "), "{}", output.stderr);
        assert_same(product, database);
    }
}

#[test]
fn without_retries_a_lock_wait_timeout_ends_the_restore() {
    for product in Product::ALL {
        let database = "retry_none";
        let (dir, mut holder) = locked(product, database);
        let (program, _place) = loader(product, &dir, 1);
        let log = program.arg("--retry-count=0").fails_with(4);
        assert!(log.contains("[ERROR] retry_none.t.00000.sql, line ") && log.contains("server error 1205"), "{log}");
        holder.run("ROLLBACK");
        assert_eq!(holder.scalar("SELECT COUNT(*) FROM t"), "3");
    }
}

#[test]
fn a_deadlock_replays_the_transaction() {
    for product in Product::ALL {
        let database = "retry_deadlock";
        let (dir, mut holder) = locked(product, database);
        // The server ends the transaction that has changed less.
        (100..200).for_each(|id| holder.run(format!("INSERT INTO t VALUES ({id}, '')")));
        let (program, _place) = loader(product, &dir, 600);
        let mut restore = program.spawn();
        let mut other = target(product).client();
        let at_sixth = "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
                        WHERE DB = 'retry_deadlock' AND INFO LIKE 'INSERT%(6,%'";
        restore.wait_until("the restore is at the sixth row", |_| other.scalar(at_sixth) == "1");
        // The restore holds the fourth, which is in the same transaction.
        holder.query("SELECT id FROM t WHERE id = 4 FOR UPDATE");
        holder.run("ROLLBACK");
        let output = restore.wait();
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(output.stderr.contains("retrying the transaction: "), "{}", output.stderr);
        assert!(output.stderr.contains("server error 1213"), "{}", output.stderr);
        assert_same(product, database);
    }
}

#[test]
fn rows_that_cannot_be_rolled_back_are_not_loaded_twice() {
    for product in Product::ALL {
        let database = "retry_myisam";
        let rows: Vec<String> = (1..=3).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('x', 1000))")).collect();
        let mut statements = vec!["CREATE TABLE t (id INT, c TEXT) ENGINE=MyISAM"];
        statements.extend(rows.iter().map(String::as_str));
        let dir = dumped_with(product, database, &statements, &["--statement-size", "1000"]);
        let mut holder = target(product).client();
        holder.run(format!("CREATE DATABASE {database}"));
        holder.run(format!("USE {database}"));
        holder.run(statements[0]);
        // The third row meets an error as of a lock.
        holder.run(
            "CREATE TRIGGER third BEFORE INSERT ON t FOR EACH ROW BEGIN IF NEW.id = 3 THEN \
             SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'as of a lock'; END IF; END",
        );
        let (program, _place) = loader(product, &dir, 1);
        let log = program.arg("--fire-triggers").fails_with(4);
        assert!(log.contains("server error 1213 (40001): as of a lock") && !log.contains("retrying"), "{log}");
        assert_eq!(holder.scalar("SELECT COUNT(*) FROM t"), "2");
    }
}
