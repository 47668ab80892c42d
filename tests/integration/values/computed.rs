//! What a restore computes anew has the values that the source stored: generated columns, CHECKs, indexes on expressions.

use crate::support::dump::{dump, mydumper};
use crate::support::load::myloader;
use harness::compare::differences;
use harness::program::WorkDir;
use harness::server::{Product, Server};

/// The formats in which rows are dumped.
const FORMATS: [&str; 3] = ["--format=INSERT", "--format=LOAD_DATA", "--format=CSV"];

/// New sessions of both servers have the zone and the modes of those who wrote the rows.
fn servers(product: Product, zone: &str, mode: &str) -> [Server; 2] {
    [(); 2].map(|()| {
        let server = Server::start(product, &[]);
        server.client().run(format!("SET GLOBAL time_zone = '{zone}', GLOBAL sql_mode = '{mode}'"));
        server
    })
}

fn make(server: &Server, statements: &[&str]) {
    let mut client = server.client();
    client.run("SET NAMES utf8mb4 COLLATE utf8mb4_general_ci");
    statements.iter().for_each(|sql| client.run(sql));
}

#[test]
fn values_that_depend_on_the_session_come_back_as_they_were_stored() {
    for product in Product::ALL {
        let [from, to] = servers(product, "+08:00", "NO_UNSIGNED_SUBTRACTION");
        make(
            &from,
            &[
                "CREATE DATABASE d",
                "USE d",
                "CREATE TABLE orders (id INT PRIMARY KEY, created TIMESTAMP(3) NULL, day DATE AS (DATE(created)) STORED, \
                 v DATE AS (DATE(created)) VIRTUAL, KEY (day), KEY (v), after INT AS (day > '2024-01-01') STORED)",
                "INSERT INTO orders (id, created) VALUES (1, '2024-01-01 03:00:00'), (2, '2024-01-01 23:30:00.123'), \
                 (3, NULL), (4, 0)",
                "CREATE TABLE g (id INT PRIMARY KEY, a INT UNSIGNED, b INT UNSIGNED, d INT AS (a-b) STORED, KEY (d))",
                "INSERT INTO g (id, a, b) VALUES (1, 1, 2)",
                "CREATE TABLE h (id INT PRIMARY KEY, s VARCHAR(20), d DATE AS (STR_TO_DATE(s,'%Y-%m-%d')) STORED)",
                "INSERT IGNORE INTO h (id, s) VALUES (1, '2024-02-31'), (2, '2024-02-28')",
                "CREATE TABLE ck (a INT UNSIGNED, b INT UNSIGNED, CHECK (a-b < 5))",
                "INSERT INTO ck VALUES (1, 2)",
            ],
        );
        if product == Product::MySql {
            make(
                &from,
                &[
                    "USE d",
                    "CREATE TABLE x (id INT PRIMARY KEY, c TIMESTAMP, UNIQUE KEY k ((DATE(c))))",
                    "INSERT INTO x VALUES (1, '2024-01-01 03:00:00'), (2, '2023-12-31 22:00:00')",
                ],
            );
        }
        for format in FORMATS {
            let dir = dump(&from, &["-B", "d", "-M", format]);
            myloader(&to, &dir).args(["--verify", "-o", "DROP"]).ok();
            assert_eq!(differences(&from, "d", &to, "d"), [""; 0], "{product:?} {format}");
            assert_eq!(
                to.client().scalar("SELECT GROUP_CONCAT(CONCAT_WS('|', day, v, after) ORDER BY id) FROM d.orders"),
                "2024-01-01|2024-01-01|0,2024-01-01|2024-01-01|0,,0000-00-00|0000-00-00|0",
                "{product:?} {format}"
            );
            assert_eq!(to.client().scalar("SELECT d FROM d.g"), "-1");
        }
        let found = "SELECT COUNT(*) FROM d.orders FORCE INDEX (v) WHERE v = '2024-01-01'";
        assert_eq!(to.client().scalar(found), "2", "{product:?}: the index has other values than the column");
        // As a stream, and into another session's zone.
        to.client().run("DROP DATABASE d");
        to.client().run("SET GLOBAL time_zone = '-03:00', GLOBAL sql_mode = ''");
        let kept = WorkDir::new();
        let (_, loaded) = harness::program::pipe(
            mydumper(&from, &WorkDir::new()).args(["-B", "d", "--stream"]),
            myloader(&to, &kept).args(["--stream", "--verify"]),
        );
        assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
        assert_eq!(to.client().scalar("SELECT GROUP_CONCAT(day ORDER BY id) FROM d.orders WHERE id < 3"), {
            "2024-01-01,2024-01-01"
        });
    }
}

#[test]
fn a_table_whose_values_no_settings_give_is_refused_before_any_rows() {
    for product in Product::ALL {
        let [from, to] = servers(product, "+08:00", "");
        make(
            &from,
            &[
                "CREATE DATABASE d",
                "USE d",
                "CREATE TABLE a (id INT PRIMARY KEY)",
                "INSERT INTO a VALUES (1)",
                "CREATE TABLE o (id INT PRIMARY KEY, c TIMESTAMP, `day` DATE AS (DATE(c)) STORED)",
                "INSERT INTO o (id, c) VALUES (1, '2024-01-01 03:00:00')",
                "SET time_zone = '-08:00'",
                "INSERT INTO o (id, c) VALUES (2, '2024-01-01 23:00:00')",
            ],
        );
        let dir = WorkDir::new();
        let dumped = mydumper(&from, &dir).args(["-B", "d"]).ok();
        let warning =
            "table d.o: column day cannot be computed again as stored, under no time zone or sql_mode of this server";
        assert!(dumped.stderr.contains(warning), "{}", dumped.stderr);
        let failed = myloader(&to, &dir).fails_with(4);
        let message = "table d.o: d.o-schema.sql, line 7: column day: no time zone and sql_mode give all values that the \
                       source has stored, so the copy would have others (make them equal in the source and dump again; or \
                       create the table here as it should be and restore with --skip-create-table; or leave it out with \
                       --omit-from-file)";
        assert!(failed.contains(message), "{}", failed);
        assert_eq!(to.client().scalar("SELECT COUNT(*) FROM d.a"), "0", "{product:?}");
        // What the message says.
        to.client().run("CREATE TABLE d.o (id INT PRIMARY KEY, c TIMESTAMP)");
        myloader(&to, &dir).args(["--skip-create-table", "-o", "NONE"]).ok();
        assert_eq!(to.client().scalar("SELECT COUNT(*) FROM d.o"), "2");
    }
}

#[test]
fn verify_sees_generated_values_that_differ() {
    for product in Product::ALL {
        let [from, to] = servers(product, "+08:00", "");
        make(
            &from,
            &[
                "CREATE DATABASE d",
                "USE d",
                "CREATE TABLE o (id INT PRIMARY KEY, c TIMESTAMP, `day` DATE AS (DATE(c)) STORED, \
                 v DATE AS (DATE(c)) VIRTUAL)",
                "INSERT INTO o (id, c) VALUES (1, '2024-01-01 03:00:00')",
            ],
        );
        let dir = dump(&from, &["-B", "d"]);
        myloader(&to, &dir).arg("--verify").ok();
        to.client().run("SET GLOBAL time_zone = '-08:00'");
        myloader(&to, &dir).arg("--verify-only").ok();
        make(&to, &["USE d", "DELETE FROM o", "INSERT INTO o (id, c) VALUES (1, '2023-12-31 11:00:00')"]);
        let failed = myloader(&to, &dir).arg("--verify-only").fails_with(6);
        let message =
            "table d.o: 1 rows as in the dump, but with other values in the stored generated columns `day`: hash ";
        assert!(failed.contains(message), "{}", failed);
    }
}
