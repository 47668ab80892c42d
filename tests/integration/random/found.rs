//! What random databases found, reduced: seeds stand for other databases as soon as the generator changes.

use harness::compare::differences;
use harness::program::{Program, WorkDir};
use harness::quote_name;
use harness::server::{Product, source, target};

/// MariaDB has this engine as a plugin.
pub fn has_archive(product: Product) {
    if product == Product::MariaDb {
        for server in [source(product), target(product)] {
            server.client().run("INSTALL PLUGIN IF NOT EXISTS ARCHIVE SONAME 'ha_archive'");
        }
    }
}

/// Makes a database in a session of utf8mb4, carries it over and compares.
#[track_caller]
fn comes_back(product: Product, database: &str, statements: &[&[u8]]) {
    comes_back_with(product, database, statements, &[]);
}

/// The same, with further options of the dump.
#[track_caller]
fn comes_back_with(product: Product, database: &str, statements: &[&[u8]], options: &[&str]) {
    let (source, target) = (source(product), target(product));
    let mut client = source.client();
    client.run("SET NAMES utf8mb4, sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'");
    client.run(format!("CREATE DATABASE {}", quote_name(database)));
    client.run(format!("USE {}", quote_name(database)));
    statements.iter().for_each(|sql| client.run(sql));
    let dir = WorkDir::new();
    let dump = dir.path().join("dump");
    Program::mydumper().server(source).args(["-G", "-R", "-E", "-B", database, "-o"]).arg(&dump).args(options).ok();
    Program::myloader().server(target).arg("-d").arg(&dump).ok();
    assert_eq!(differences(source, database, target, database), [""; 0], "{product:?}");
    client.run(format!("DROP DATABASE {}", quote_name(database)));
    target.client().run(format!("DROP DATABASE {}", quote_name(database)));
}

/// Under a sql_mode that does not allow them, servers say that the table is crashed.
#[test]
fn dates_that_no_calendar_has_in_a_csv_table() {
    for product in Product::ALL {
        let statements: &[&[u8]] = &[
            b"CREATE TABLE t (a DATE NOT NULL, b DATETIME NOT NULL) ENGINE=CSV",
            b"INSERT INTO t VALUES ('2023-02-31', '2023-00-00 00:00:00'), ('0000-00-00', '2023-01-01 01:02:03')",
        ];
        comes_back(product, "found_csv_dates", statements);
    }
}

/// The stand-in of a view whose columns the server cannot tell had none, which is no table.
#[test]
fn a_view_that_does_not_work() {
    for product in Product::ALL {
        let statements: &[&[u8]] = &[
            b"CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
            b"CREATE DEFINER=nobody@nowhere VIEW v AS SELECT f() AS a",
            b"CREATE TABLE t (a INT)",
            b"CREATE DEFINER=nobody@nowhere VIEW w AS SELECT a FROM t",
        ];
        comes_back(product, "found_view", statements);
    }
}

/// The server's own part of a definition is utf8, the body in the character set of the client.
#[test]
fn stored_programs_with_a_head_and_a_body_in_different_character_sets() {
    for product in Product::ALL {
        let function = "FUNCTION `f\u{e9}`(`x\u{e9}` ENUM('\u{e9}')) RETURNS ENUM('\u{e9}') DETERMINISTIC";
        let definer = "CREATE DEFINER=`no\u{e9}`@`%`";
        let event = "ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01 00:00:00' DISABLE COMMENT '\u{e9}' DO";
        let texts = [
            "SET NAMES latin1".to_owned(),
            "CREATE TABLE `t\u{e9}` (a INT)".to_owned(),
            format!("{definer} {function} COMMENT '\u{e9}(' RETURN '\u{e9}'"),
            format!("{definer} PROCEDURE p(`x\u{e9}` INT) COMMENT 'c' BEGIN SELECT '\u{e9}'; END"),
            format!("{definer} TRIGGER `r\u{e9}` BEFORE INSERT ON `t\u{e9}` FOR EACH ROW SET @a = '\u{e9}'"),
            format!("{definer} EVENT `e\u{e9}` {event} SET @a = '\u{e9}'"),
            format!("{definer} VIEW `v\u{e9}` AS SELECT '\u{e9}' AS `a\u{e9}`"),
        ];
        let latin1: Vec<Vec<u8>> = texts.iter().map(|text| text.chars().map(|c| c as u8).collect()).collect();
        let statements: Vec<&[u8]> = latin1.iter().map(Vec::as_slice).collect();
        comes_back(product, "found_latin1", &statements);
    }
}

/// Under HIGH_NOT_PRECEDENCE servers do not read the `ON COMPLETION NOT PRESERVE` that they show.
#[test]
fn an_event_of_the_mode_high_not_precedence() {
    for product in Product::ALL {
        let statements: &[&[u8]] = &[
            b"SET sql_mode = 'HIGH_NOT_PRECEDENCE'",
            b"CREATE EVENT e ON SCHEDULE AT '2037-01-01 00:00:00' DO SELECT NOT 1",
            b"CREATE EVENT f ON SCHEDULE AT '2037-01-01 00:00:00' ON COMPLETION PRESERVE DO SELECT NOT 1",
        ];
        comes_back(product, "found_not", statements);
    }
}

/// Where LOAD DATA sets columns, MariaDB gives a row with a 0 in an AUTO_INCREMENT column the next number.
#[test]
fn a_zero_in_an_auto_increment_column_that_load_data_reads() {
    for product in Product::ALL {
        let statements: &[&[u8]] = &[
            b"SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
            b"CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, b BLOB)",
            b"INSERT INTO t VALUES (-5, 'a'), (0, 'b'), (7, 'c')",
        ];
        comes_back_with(product, "found_zero", statements, &["--format=LOAD_DATA", "--hex-blob"]);
    }
}
