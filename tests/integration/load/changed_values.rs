//! Values that the target's columns do not hold: the restore fails, however the rows come, unless it is allowed to go on.

use crate::support::dump::{make, only_line, without_time};
use crate::support::load::{column, dump_of, failing, forget_checksums, load, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server, source, target};

/// What the source has, and the narrower table of the target.
const WIDE: [&str; 2] = [
    "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), e ENUM('a','b'), n INT)",
    "INSERT INTO t VALUES (1, 'fits', 'a', 5), (2, 'long text here', 'b', 70000)",
];
const NARROW: &str = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(4), e ENUM('a'), n SMALLINT)";
/// The target's own row.
const OWN: &str = "INSERT INTO t VALUES (9, 'own', 'a', 9)";

const ADVICE: &str = " (the table's columns do not hold the dump's values: change them, or accept changed values with \
                      --allow-truncation)";
const THREE: &str = "3 warnings, first: 1265 Data truncated for column 'v' at row 2; 1265 Data truncated for column 'e' at \
                     row 2; 1264 Out of range value for column 'n' at row 2";

/// A new table with a row of its own in the target's database.
fn target_table(server: &Server, database: &str, engine: &str) {
    let mut client = server.client();
    client.run(format!("DROP DATABASE IF EXISTS {database}"));
    make(server, database, &[&format!("{NARROW} ENGINE={engine}"), OWN]);
}

fn rows(server: &Server, database: &str) -> Vec<String> {
    column(&mut server.client(), &format!("SELECT CONCAT_WS(',', id, v, e, n) FROM {database}.t ORDER BY id"))
}

/// The lines of a log that warn of changed values, without their times.
fn warnings(log: &str) -> Vec<&str> {
    log.lines()
        .map(without_time)
        .filter(|line| line.starts_with("[WARNING]") && line.contains("server changed"))
        .collect()
}

#[test]
fn changed_values_are_an_error_however_the_rows_come() {
    for product in Product::ALL {
        let database = "changed_values";
        make(source(product), database, &WIDE);
        for (format, options) in [
            (&[][..], &["--no-schemas"][..]),
            (&["--replace"], &["--drop-table=NONE", "--load-method=INSERT"]),
            (&["-N"], &["--drop-table=TRUNCATE", "--load-method=LOAD_DATA"]),
            (&["--complete-insert"], &["--drop-table=DELETE"]),
            (&["--format=LOAD_DATA"], &["--drop-table=TRUNCATE"]),
            (&["--format=CSV"], &["--no-schemas", "-q", "1"]),
        ] {
            let dir = dump_of(product, database, format);
            {
                let empties = options[0].ends_with('E') && !options[0].ends_with("NONE");
                target_table(target(product), database, "InnoDB");
                let error = failing(4, product, &dir, options);
                let expected = format!(
                    "[ERROR] {database}.t.00000.sql, line 5: the server changed values of rows of table {database}.t: \
                     {THREE}{ADVICE}"
                );
                assert_eq!(error, expected, "{product:?} {format:?} {options:?}");
                let before: &[&str] = if empties { &[] } else { &["9,own,a,9"] };
                assert_eq!(rows(target(product), database), before, "{format:?} {options:?}");

                let output = load(product, &dir, &[options, &["--allow-truncation"]].concat());
                let told = format!(
                    "[WARNING] table {database}.t: the server changed 3 values (--allow-truncation), first: \
                     {database}.t.00000.sql, line 5: {}",
                    THREE.split_once("first: ").unwrap().1
                );
                assert_eq!(warnings(&output.stderr), [told], "{product:?} {format:?} {options:?}");
                let stored = rows(target(product), database);
                assert_eq!(stored[..2], ["1,fits,a,5", "2,long,,32767"], "{format:?} {options:?}");
            }
        }
    }
}

#[test]
fn changed_values_of_a_stream_are_an_error() {
    for product in Product::ALL {
        let database = "changed_stream";
        make(source(product), database, &WIDE);
        for format in [&[][..], &["--format=LOAD_DATA"]] {
            let stream = Program::mydumper().server(source(product)).args(["-B", database, "--stream"]).args(format);
            let stream = stream.current_dir(WorkDir::new().path()).ok().stdout;
            target_table(target(product), database, "InnoDB");
            let dir = WorkDir::new();
            let loader =
                || myloader(target(product), &dir).args(["--stream", "--drop-table=NONE"]).stdin(stream.clone());
            let log = loader().fails_with(4);
            assert!(
                log.contains(&format!("the server changed values of rows of table {database}.t: {THREE}")),
                "{log}"
            );
            assert_eq!(rows(target(product), database), ["9,own,a,9"]);
            let output = loader().arg("--allow-truncation").ok();
            assert_eq!(warnings(&output.stderr).len(), 1, "{}", output.stderr);
            assert_eq!(rows(target(product), database), ["1,fits,a,5", "2,long,,32767", "9,own,a,9"]);
        }
    }
}

#[test]
fn an_engine_that_cannot_roll_back_is_named_in_the_error() {
    for product in Product::ALL {
        let database = "changed_myisam";
        make(source(product), database, &WIDE);
        for format in [&[][..], &["--format=LOAD_DATA"]] {
            let dir = dump_of(product, database, format);
            target_table(target(product), database, "MyISAM");
            let error = failing(4, product, &dir, &["--no-schemas"]);
            let end = "; the table's engine cannot roll back, and the rows of this transaction stay";
            assert!(error.ends_with(&format!("{THREE}{ADVICE}{end}")), "{error}");
        }
    }
}

/// A type of the source, a type of the target, a value that this does not hold, and the warning.
const NARROWED: [(&str, &str, &str, &str); 12] = [
    ("VARCHAR(20)", "VARCHAR(3)", "'ab     '", "1265 Data truncated for column 'c' at row 1"),
    ("VARCHAR(20)", "INT", "'secret'", "1366 Incorrect integer value: (value not shown) for column COLUMN at row 1"),
    ("DECIMAL(9,4)", "DECIMAL(9,2)", "1.2345", "1265 Data truncated for column 'c' at row 1"),
    ("DATETIME", "DATE", "'2020-01-02 03:04:05'", "1265 Data truncated for column 'c' at row 1"),
    ("BIGINT", "SMALLINT", "99999", "1264 Out of range value for column 'c' at row 1"),
    ("VARCHAR(20)", "DATE", "'secret'", "1265 Data truncated for column 'c' at row 1"),
    ("SMALLINT", "TINYINT", "300", "1264 Out of range value for column 'c' at row 1"),
    ("SET('a','b')", "SET('a')", "'a,b'", "1265 Data truncated for column 'c' at row 1"),
    ("BLOB", "VARBINARY(2)", "'abc'", "1265 Data truncated for column 'c' at row 1"),
    ("INT", "TINYINT UNSIGNED", "-1", "1264 Out of range value for column 'c' at row 1"),
    ("DOUBLE", "DECIMAL(4,1)", "1e9", "1264 Out of range value for column 'c' at row 1"),
    ("BIT(8)", "BIT(2)", "b'1111'", "1264 Out of range value for column 'c' at row 1"),
];

#[test]
fn every_kind_of_changed_value_is_found_and_none_is_shown() {
    for product in Product::ALL {
        let database = "changed_kinds";
        let tables: Vec<String> = NARROWED
            .iter()
            .enumerate()
            .flat_map(|(number, (wide, _, value, _))| {
                [format!("CREATE TABLE t{number:02} (c {wide})"), format!("INSERT INTO t{number:02} VALUES ({value})")]
            })
            .collect();
        make(source(product), database, &tables.iter().map(String::as_str).collect::<Vec<_>>());
        let narrow: Vec<String> = NARROWED
            .iter()
            .enumerate()
            .map(|(number, (_, narrow, ..))| format!("CREATE TABLE t{number:02} (c {narrow})"))
            .collect();
        make(target(product), database, &narrow.iter().map(String::as_str).collect::<Vec<_>>());
        for format in [&[][..], &["--format=LOAD_DATA"]] {
            let dir = dump_of(product, database, format);
            let log = myloader(target(product), &dir).args(["--no-schemas", "--keep-going", "-t", "1"]).fails_with(4);
            for (number, (_, _, _, warning)) in NARROWED.iter().enumerate() {
                let column = match product {
                    Product::MariaDb => format!("`{database}`.`t{number:02}`.`c`"),
                    Product::MySql => "'c'".to_owned(),
                };
                let expected = format!(
                    "the server changed values of rows of table {database}.t{number:02}: 1 warning, first: {}{ADVICE}",
                    warning.replace("COLUMN", &column)
                );
                assert!(log.contains(&expected), "{product:?} {format:?}: {expected}\n{log}");
                let left = target(product).client().scalar(format!("SELECT COUNT(*) FROM {database}.t{number:02}"));
                assert_eq!(left, "0");
            }
            assert!(!log.contains("secret"), "{log}");
        }
    }
}

#[test]
fn what_changes_no_value_is_no_error() {
    for product in Product::ALL {
        let database = "changed_none";
        // Index 0 of an ENUM, of which the server warns as of a value that it cut off; and rows whose key exists.
        let sql = [
            "CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a','it''s'), v VARCHAR(9))",
            "INSERT IGNORE INTO t VALUES (1, '', ''), (2, 0, '0'), (3, 'a', 'x')",
        ];
        make(source(product), database, &sql);
        let wider = "CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a','it''s'), v VARCHAR(9), f INT NOT NULL DEFAULT 7)";
        for format in [&["-N"][..], &["-N", "--format=LOAD_DATA"]] {
            let dir = dump_of(product, database, format);
            let mut client = target(product).client();
            client.run(format!("DROP DATABASE IF EXISTS {database}"));
            make(target(product), database, &[sql[0], "INSERT INTO t VALUES (3, 'a', 'own')"]);
            load(product, &dir, &["--no-schemas"]);
            let found =
                column(&mut client, &format!("SELECT CONCAT_WS(',', id, e + 0, v) FROM {database}.t ORDER BY id"));
            assert_eq!(found, ["1,0,", "2,0,0", "3,1,own"], "{format:?}");
        }
        // A column that the dump does not have.
        let dir = dump_of(product, database, &["--complete-insert"]);
        let mut client = target(product).client();
        client.run(format!("DROP DATABASE {database}"));
        make(target(product), database, &[wider]);
        load(product, &dir, &["--no-schemas"]);
        assert_eq!(client.scalar(format!("SELECT SUM(f) FROM {database}.t")), "21");
        // Beside these, a value that is cut off is found.
        client.run(format!("DELETE FROM {database}.t"));
        client.run(format!("ALTER TABLE {database}.t MODIFY e ENUM('b'), DROP f"));
        let error = failing(4, product, &dir, &["--no-schemas"]);
        assert!(error.contains("3 warnings where the dump expects 2, first: 1265 Data truncated"), "{error}");
    }
}

#[test]
fn rows_that_the_server_leaves_out_are_an_error_also_when_truncation_is_allowed() {
    for product in Product::ALL {
        let database = "changed_left_out";
        make(source(product), database, &["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (5), (4711)"]);
        let partitioned = "CREATE TABLE t (a INT) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (10))";
        make(target(product), database, &[partitioned]);
        for format in [&["-N"][..], &["-N", "--format=LOAD_DATA"], &["--format=CSV"]] {
            let dir = dump_of(product, database, format);
            let error = failing(4, product, &dir, &["--no-schemas", "--allow-truncation"]);
            let expected = format!(
                "[ERROR] {database}.t.00000.sql, line 5: the server left out or cut off 1 row of table {database}.t: 1 \
                 warning, first: 1526 Table has no partition for value (value not shown)"
            );
            assert_eq!(error, expected, "{product:?} {format:?}");
        }
    }
}

#[test]
fn strict_modes_and_settings_that_silence_warnings_hide_nothing() {
    for product in Product::ALL {
        let database = "changed_silent";
        make(source(product), database, &WIDE);
        let server = Server::start(product, &["--max-error-count=0", "--sql-mode=STRICT_ALL_TABLES"]);
        let mut client = server.client();
        client.run("SET GLOBAL sql_notes = 0");
        for (format, mode) in [(&[][..], ""), (&["-N"], "STRICT_ALL_TABLES"), (&["--format=CSV"], "STRICT_ALL_TABLES")]
        {
            let dir = dump_of(product, database, format);
            let file = format!("{database}.t.00000.sql");
            let text = dir.read_text(&file).replace("NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES", mode);
            dir.write(&file, text);
            forget_checksums(&dir);
            target_table(&server, database, "InnoDB");
            let error = only_line(&myloader(&server, &dir).arg("--no-schemas").fails_with(4));
            assert!(
                error.contains(&format!("the server changed values of rows of table {database}.t: {THREE}")),
                "{error}"
            );
            assert_eq!(rows(&server, database), ["9,own,a,9"]);
        }
        // A note.
        make(source(product), "changed_note", &["CREATE TABLE t (d DECIMAL(4,2))", "INSERT INTO t VALUES (1.25)"]);
        let dir = dump_of(product, "changed_note", &[]);
        make(&server, "changed_note", &["CREATE TABLE t (d DECIMAL(3,1))"]);
        let error = only_line(&myloader(&server, &dir).arg("--no-schemas").fails_with(4));
        assert!(error.contains("1 warning, first: 1265 Data truncated for column 'd' at row 1"), "{error}");
    }
}
