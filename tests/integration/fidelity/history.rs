//! System-versioned tables come back with their history, tables with periods with these.

use crate::support::dump::{dump, make, mydumper};
use crate::support::fidelity::round_trips;
use crate::support::load::{assert_same, dump_of, load, round_trip};
use harness::compare::differences;
use harness::program::WorkDir;
use harness::server::{Product, source, target};

#[test]
fn the_past_of_system_versioned_tables() {
    let database = "tables_history";
    let period = "GENERATED ALWAYS AS ROW";
    round_trips(
        Product::MariaDb,
        database,
        &[
            "CREATE TABLE implied (id INT AUTO_INCREMENT PRIMARY KEY, c VARCHAR(9), twice INT AS (id * 2)) WITH SYSTEM VERSIONING",
            "INSERT INTO implied (c) VALUES ('a'), ('b'), ('c')",
            "UPDATE implied SET c = 'x' WHERE id = 1",
            "UPDATE implied SET c = 'y' WHERE id = 1",
            "DELETE FROM implied WHERE id = 2",
            &format!(
                "CREATE TABLE named (id INT, s TIMESTAMP(6) {period} START INVISIBLE, e TIMESTAMP(6) {period} END, c INT, \
                 PRIMARY KEY (id, e), KEY (c), PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING"
            ),
            "INSERT INTO named (id, c) VALUES (1, 1), (2, 2)",
            "UPDATE named SET c = c + 1",
            "CREATE TABLE keyless (c INT, d INT WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING",
            "INSERT INTO keyless VALUES (1, 1), (1, 1)",
            "UPDATE keyless SET c = 2",
            "UPDATE keyless SET d = 3",
            "DELETE FROM keyless LIMIT 1",
            "SET time_zone = '+00:00'",
            "CREATE TABLE parts (id INT PRIMARY KEY, c INT) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME \
             INTERVAL 1 DAY STARTS TIMESTAMP'2024-03-31 00:00:00' PARTITIONS 3",
            "INSERT INTO parts VALUES (1, 1), (2, 2)",
            "DELETE FROM parts WHERE id = 1",
            "CREATE TABLE emptied (id INT PRIMARY KEY) WITH SYSTEM VERSIONING ENGINE=MyISAM",
            "INSERT INTO emptied VALUES (1)",
            "DELETE FROM emptied",
        ],
    );
    let count = |table: &str| {
        target(Product::MariaDb).client().scalar(format!("SELECT COUNT(*) FROM {database}.{table} FOR SYSTEM_TIME ALL"))
    };
    assert_eq!(["implied", "named", "keyless", "parts", "emptied"].map(count), ["5", "4", "4", "2", "1"]);
    load(Product::MariaDb, &dump_of(Product::MariaDb, database, &["--format=LOAD_DATA"]), &["--drop-table"]);
    assert_same(Product::MariaDb, database);
}

/// Transactions have other numbers on another server.
#[test]
fn history_by_transactions_is_left_out_with_a_warning() {
    let database = "tables_transactions";
    let number = "BIGINT UNSIGNED GENERATED ALWAYS AS ROW";
    make(
        source(Product::MariaDb),
        database,
        &[
            &format!(
                "CREATE TABLE t (id INT PRIMARY KEY, c INT, s {number} START, e {number} END, PERIOD FOR SYSTEM_TIME (s, e)) \
                 WITH SYSTEM VERSIONING"
            ),
            "INSERT INTO t (id, c) VALUES (1, 1)",
            "UPDATE t SET c = 2",
        ],
    );
    let dir = WorkDir::new();
    let output = mydumper(source(Product::MariaDb), &dir).args(["-B", database]).ok();
    let expected = "[WARNING] table tables_transactions.t: dumping current rows only: history with periods of \
                    transactions cannot be restored";
    assert!(output.stderr.contains(expected), "{}", output.stderr);
    assert!(dir.read_text("tables_transactions.t.00000.sql").ends_with("INSERT INTO `t` (`id`,`c`) VALUES(1,2)\n;\n"));
}

/// MariaDB does not take REPLACE into a table without overlaps.
#[test]
fn periods_of_applications() {
    round_trip(
        Product::MariaDb,
        "tables_periods",
        &[
            "CREATE TABLE t (id INT, a DATE, b DATE, c TIMESTAMP(6), d TIMESTAMP(6), PERIOD FOR `p 1` (a, b), \
             PRIMARY KEY (id, `p 1` WITHOUT OVERLAPS), KEY (c))",
            "INSERT INTO t VALUES (1, '2020-01-01', '2020-02-01', 0, NULL), (1, '2020-02-01', '9999-12-31', NOW(6), NOW(6))",
        ],
    );
}

/// A global setting that shows every session the past does not get into a dump.
#[test]
fn a_server_that_shows_the_past() {
    let database = "tables_as_of";
    let server = harness::server::Server::start(Product::MariaDb, &[]);
    make(&server, database, &["CREATE TABLE t (id INT) WITH SYSTEM VERSIONING", "INSERT INTO t VALUES (1), (2)"]);
    server.client().run("SET GLOBAL system_versioning_asof = '2020-01-01 00:00:00'");
    let dir = dump(&server, &["-B", database]);
    crate::support::load::load(Product::MariaDb, &dir, &[]);
    assert_eq!(differences(&server, database, target(Product::MariaDb), database), [""; 0]);
    assert_eq!(target(Product::MariaDb).client().scalar("SELECT COUNT(*) FROM tables_as_of.t"), "2");
}
