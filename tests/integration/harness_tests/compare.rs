//! The comparison of two databases sees what is easy to miss.

use harness::compare::differences;
use harness::server::{Product, Server};

/// Two databases that are equal, a change to the second, and what the comparison then says.
struct Case {
    both: &'static [&'static str],
    change: &'static [&'static str],
    found: &'static [&'static str],
}

const CASES: [Case; 12] = [
    Case {
        both: &["CREATE TABLE t (v VARCHAR(9), c VARBINARY(9))", "INSERT INTO t VALUES ('a', 'a')"],
        change: &["UPDATE t SET v = 'a '"],
        found: &["rows of `t`: 1 only on the left: ('a','a')", "rows of `t`: 1 only on the right: ('a ','a')"],
    },
    Case {
        both: &["CREATE TABLE t (v VARBINARY(9))", "INSERT INTO t VALUES (x'00')"],
        change: &["UPDATE t SET v = x'0000'"],
        found: &["rows of `t`: 1 only on the left", "rows of `t`: 1 only on the right"],
    },
    // The same text in another character set, and in another column type.
    Case {
        both: &["CREATE TABLE t (v VARCHAR(9) CHARACTER SET latin1)", "INSERT INTO t VALUES ('é')"],
        change: &["ALTER TABLE t MODIFY v VARCHAR(9) CHARACTER SET utf8mb4"],
        found: &[
            "column `t`.`v`: left",
            "table `t`: SHOW CREATE: left",
            "rows of `t`: 1 only on the left",
            "rows of `t`: 1 only",
        ],
    },
    Case {
        both: &["CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY)", "INSERT INTO t VALUES (1)"],
        change: &["ALTER TABLE t AUTO_INCREMENT = 7"],
        found: &["table `t`: SHOW CREATE: left \"…"],
    },
    // Rows without a key are a multiset.
    Case {
        both: &["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1), (1), (2)"],
        change: &["UPDATE t SET a = 2 WHERE a = 1 LIMIT 1"],
        found: &["rows of `t`: 1 only on the left: ('1')", "rows of `t`: 1 only on the right: ('2')"],
    },
    Case {
        both: &["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (NULL)"],
        change: &["INSERT INTO t VALUES (NULL)"],
        found: &["rows of `t`: left 1, right 2", "rows of `t`: 1 only on the right: (NULL)"],
    },
    Case {
        both: &["CREATE TABLE t (a INT INVISIBLE DEFAULT 1, b INT)", "INSERT INTO t VALUES (2)"],
        change: &["UPDATE t SET a = 5"],
        found: &["rows of `t`: 1 only on the left: ('1','2')", "rows of `t`: 1 only on the right: ('5','2')"],
    },
    // Both servers show these as a question mark.
    Case {
        both: &["CREATE TABLE t (e ENUM('a', '?'))"],
        change: &["ALTER TABLE t MODIFY e ENUM('a', '😀')"],
        found: &["column `t`.`e`: as bytes: left"],
    },
    Case {
        both: &["CREATE TABLE t (s SET('a', '?', 'b'))"],
        change: &["ALTER TABLE t MODIFY s SET('a', '😀', 'b')"],
        found: &["column `t`.`s`: as bytes: left"],
    },
    // They are the same in six digits.
    Case {
        both: &["CREATE TABLE t (f FLOAT DEFAULT 16777200)"],
        change: &["ALTER TABLE t MODIFY f FLOAT DEFAULT 16777201"],
        found: &["column `t`.`f`: as bytes: left"],
    },
    Case {
        both: &["CREATE TABLE t (g POINT)", "INSERT INTO t VALUES (ST_GeomFromText('POINT(1 2)', 0))"],
        change: &["UPDATE t SET g = ST_GeomFromText('POINT(1 2)', 3857)"],
        found: &["rows of `t`: 1 only on the left", "rows of `t`: 1 only on the right"],
    },
    Case {
        both: &["CREATE TABLE t (ts TIMESTAMP NULL DEFAULT '2020-01-01 00:00:00')"],
        change: &[
            "SET time_zone = '+01:00'",
            "ALTER TABLE t MODIFY ts TIMESTAMP NULL DEFAULT '2020-01-01 00:00:00'",
            "SET time_zone = '+00:00'",
        ],
        found: &["table `t`: SHOW CREATE: left"],
    },
];

#[test]
fn small_differences_are_found() {
    for product in Product::ALL {
        let server = harness::server::source(product);
        let mut client = server.client();
        client.run("SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = ''");
        for case in &CASES {
            for database in ["seen_a", "seen_b"] {
                client.run(format!("CREATE DATABASE {database}"));
                client.run(format!("USE {database}"));
                case.both.iter().for_each(|sql| client.run(sql));
            }
            assert_eq!(differences(server, "seen_a", server, "seen_b"), [""; 0], "{product:?}: {:?}", case.both);
            case.change.iter().for_each(|sql| client.run(sql));
            let found = differences(server, "seen_a", server, "seen_b");
            assert_eq!(found.len(), case.found.len(), "{product:?}: {:?}: {found:#?}", case.change);
            for (found, start) in found.iter().zip(case.found) {
                assert!(found.starts_with(start), "{product:?}: {found} does not start with {start}");
            }
            client.run("DROP DATABASE seen_a");
            client.run("DROP DATABASE seen_b");
        }
    }
}

/// Rows, keys and the past are compared also where the server's settings hide them.
#[test]
fn hidden_values_are_compared() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let mut client = server.client();
        for (database, value) in [("hidden_a", 1), ("hidden_b", 2)] {
            client.run(format!("CREATE DATABASE {database}"));
            client.run(format!("USE {database}"));
            match product {
                Product::MariaDb => {
                    client.run("CREATE TABLE t (id INT) WITH SYSTEM VERSIONING");
                    client.run("SET system_versioning_insert_history = 1, timestamp = 1700000000");
                    let row = format!("(1, '2020-01-01 00:00:0{value}', '2021-01-01')");
                    client.run(format!("INSERT INTO t (id, row_start, row_end) VALUES {row}"));
                    client.run("INSERT INTO t (id) VALUES (7)");
                }
                Product::MySql => {
                    client.run("SET sql_generate_invisible_primary_key = 1");
                    client.run("CREATE TABLE t (id INT)");
                    client.run(format!("INSERT INTO t (my_row_id, id) VALUES (3, 1), (4, {value})"));
                    client.run("ALTER TABLE t AUTO_INCREMENT = 9");
                }
            }
        }
        client.run("SET GLOBAL sql_select_limit = 1");
        client.run(match product {
            Product::MariaDb => "SET GLOBAL system_versioning_asof = '2001-01-01'",
            Product::MySql => "SET GLOBAL show_gipk_in_create_table_and_information_schema = 0",
        });
        assert_eq!(differences(&server, "hidden_a", &server, "hidden_a"), [""; 0]);
        let found = differences(&server, "hidden_a", &server, "hidden_b");
        let rows = match product {
            Product::MariaDb => ["('1','2020-01-01 00:00:01.000000',", "('1','2020-01-01 00:00:02.000000',"],
            Product::MySql => ["('4','1')", "('4','2')"],
        };
        assert_eq!(found.len(), 2, "{product:?}: {found:#?}");
        assert!(found[0].starts_with(&format!("rows of `t`: 1 only on the left: {}", rows[0])), "{found:?}");
        assert!(found[1].starts_with(&format!("rows of `t`: 1 only on the right: {}", rows[1])), "{found:?}");
    }
}
