//! `--load-method`: LOAD DATA in place of INSERT leaves the rows and the errors that INSERT leaves.

use crate::support::dump::{ROWS_HEAD, dump, make, only_line};
use crate::support::load::{assert_same, column, dump_of, forget_checksums, load, myloader, refused};
use crate::values::row_formats::hostile_tables;
use harness::compare::row_differences;
use harness::program::WorkDir;
use harness::server::{Product, Server, source, target};

const BY_LOAD_DATA: &str = "--load-method=load-data";

/// `FILE: N of M statements sent as LOAD DATA`, of a restore's log.
fn converted(log: &str) -> Vec<String> {
    let lines = log.lines().filter_map(|line| line.split_once("[INFO] "));
    let mut lines: Vec<String> = lines
        .filter_map(|(_, message)| message.strip_suffix(" sent as LOAD DATA"))
        .filter_map(|message| message.strip_suffix(" statements").or_else(|| message.strip_suffix(" statement")))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

/// A dump of these tables without rows, to which files of rows can be added.
fn without_rows(product: Product, database: &str, tables: &[&str]) -> WorkDir {
    make(source(product), database, tables);
    let dir = dump(source(product), &["-B", database]);
    forget_checksums(&dir);
    let metadata = dir.read_text("metadata");
    let told = |line: &&str| !line.starts_with("rows = ") && !line.starts_with("num-files");
    dir.write("metadata", metadata.lines().filter(told).map(|line| format!("{line}\n")).collect::<String>());
    dir
}

#[test]
fn every_value_arrives_by_both_methods() {
    for product in Product::ALL {
        let database = "method_values";
        let sql = hostile_tables(product);
        make(source(product), database, &sql.iter().map(String::as_str).collect::<Vec<_>>());
        for options in [&[][..], &["--hex-blob", "--complete-insert", "--statement-size=200"], &["--replace"]] {
            let dir = dump_of(product, database, options);
            load(product, &dir, &["--drop-table", "--load-method=insert"]);
            assert_same(product, database);
            let log = load(product, &dir, &["--drop-table", BY_LOAD_DATA, "-v", "3"]).stderr;
            assert_same(product, database);
            let whole = |line: &&String| {
                let (_, counts) = line.split_once(": ").unwrap();
                counts.split_once(" of ").is_some_and(|(converted, all)| converted == all)
            };
            let lines = converted(&log);
            let partly: Vec<&String> = lines.iter().filter(|line| !whole(line)).collect();
            // Numbers of members, and a value of an ENUM that is none.
            let by_insert = [format!("{database}.e.00000.sql: 0 of 1"), format!("{database}.ei.00000.sql: 0 of 1")];
            assert_eq!(partly, by_insert.iter().collect::<Vec<_>>(), "{product:?}");
            assert!(lines.len() >= 17, "{lines:?}");
            assert!(!log.contains("reloading the rows"), "{log}");
        }
    }
}

/// Tables and statements that fill them, all of which both servers take one way or another.
const ODD: [(&str, &str, &[&str]); 14] = [
    ("expression", "a INT, b VARCHAR(9)", &["VALUES(1+1,'a'),(2,CONCAT('a','b')),(3,'a' 'b')"]),
    ("wide_number", "a VARCHAR(9), b DECIMAL(5,2), c INT", &["VALUES(007,1.005,1.5)", "VALUES('007','1.005','1.5')"]),
    ("years", "a YEAR, b YEAR", &["VALUES(0,'0'),(5,'5'),(2005,'2005'),(0000,'0000')"]),
    ("bits", "a BIT(8), b ENUM('1','0'), c SET('2','1')", &["VALUES(5,1,1)", "VALUES('5','1','1')"]),
    (
        "defaults",
        "a INT DEFAULT 7, b VARCHAR(9) DEFAULT 'x'",
        &["VALUES(DEFAULT,DEFAULT)", "(b) VALUES('y')", "() VALUES()"],
    ),
    ("counter", "a INT AUTO_INCREMENT PRIMARY KEY, b INT", &["VALUES(0,1),(5,2)", "VALUES(-3,3)", "(b) VALUES(4)"]),
    (
        "dates",
        "a DATE, b DATETIME(3), c TIME",
        &[
            "VALUES(20200102,'2020-1-2 3:4:5.6789','1:2')",
            "VALUES('0000-00-00','2020-02-31',-10203)",
            "VALUES('2020-1-2','2020-1-2 3:4:5.6784','1:2')",
        ],
    ),
    ("utf8", "a VARCHAR(9) CHARACTER SET latin1, b VARBINARY(9)", &["VALUES(_utf8mb4'\u{e9}',_utf8mb4'\u{e9}')"]),
    ("hexadecimal", "a VARCHAR(9), b INT, c VARBINARY(9)", &["VALUES(0x41,0x41,0x41)", "VALUES(x'41',b'1',X'41')"]),
    (
        "generated_column",
        "a INT, b INT AS (a + 1) STORED, c INT AS (a * 2)",
        &["(a) VALUES(1),(2)", "VALUES(3,DEFAULT,DEFAULT)"],
    ),
    ("unseen", "a INT, b INT DEFAULT 5 INVISIBLE", &["VALUES(1)", "(a,b) VALUES(2,3)", "(b,a) VALUES(4,5)"]),
    (
        "zeros",
        "a FLOAT, b DOUBLE, c DECIMAL(3,1)",
        &["VALUES(-0,-0,-0)", "VALUES(-0.0,'-0',-0.0)", "VALUES(-1e-60,'-0','-0')"],
    ),
    (
        "twice_named",
        "a INT PRIMARY KEY, b INT",
        &["VALUES(1,1) ON DUPLICATE KEY UPDATE b=2", "VALUES(1,1) ON DUPLICATE KEY UPDATE b=2"],
    ),
    (
        "text",
        "a TEXT, b BLOB",
        &[
            "VALUES('\\%\\_\\N\\a\\0\\Z','\\n\t''\"')",
            "VALUES(\"'\"\"\\\"\",\"\\N\")",
            "VALUES('\\N','N'),(NULL,'NULL')",
        ],
    ),
];

#[test]
fn statements_of_any_form_leave_the_same_rows() {
    for product in Product::ALL {
        let (by_insert, by_load) = ("method_odd_insert", "method_odd_load");
        let tables: Vec<String> =
            ODD.iter().map(|(name, columns, _)| format!("CREATE TABLE {name} ({columns})")).collect();
        let dir = without_rows(product, by_insert, &tables.iter().map(String::as_str).collect::<Vec<_>>());
        for (name, _, statements) in ODD {
            let rows: Vec<String> =
                statements.iter().map(|statement| format!("INSERT INTO `{name}` {statement}\n;\n")).collect();
            dir.write(&format!("{by_insert}.{name}.00000.sql"), format!("{ROWS_HEAD}{}", rows.concat()));
        }
        for (database, method) in [(by_insert, "--load-method=insert"), (by_load, BY_LOAD_DATA)] {
            // Values that the server rounds, too.
            let options = ["-B", database, method, "--allow-truncation", "-v", "3"];
            let log = load(product, &dir, &options).stderr;
            let some = converted(&log).iter().filter(|line| !line.contains(": 0 of ")).count();
            assert_eq!(some, if database == by_insert { 0 } else { 7 }, "{log}");
        }
        let target = target(product);
        assert_eq!(row_differences(target, by_insert, target, by_load), [""; 0], "{product:?}");
    }
}

#[test]
fn sessions_of_other_dumps_leave_the_same_rows() {
    // What stands before the rows, whether these go by LOAD DATA, and the rows.
    let sessions = [
        ("SET NAMES utf8mb4", true, "(1,'é😀','é')"),
        ("SET NAMES utf8mb4, sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE'", true, "(1,\"é'\",'é')"),
        ("SET NAMES latin1", false, "(1,'\u{e9}','a')"),
        ("SET NAMES gbk", false, "(1,'a','a')"),
        ("SET NAMES binary, sql_mode='ANSI_QUOTES'", true, "(1,'a','a')"),
        ("SET NAMES binary, sql_mode='NO_BACKSLASH_ESCAPES'", false, "(1,'a\\','\\n')"),
    ];
    for product in Product::ALL {
        let database = "method_sessions";
        let table = "CREATE TABLE t (id INT, a VARCHAR(9) CHARACTER SET utf8mb4, b VARCHAR(9) CHARACTER SET latin1)";
        let dir = without_rows(product, database, &[table]);
        for (session, by_load_data, rows) in sessions {
            dir.write("method_sessions.t.00000.sql", format!("{session};\nINSERT INTO `t` VALUES{rows}\n;\n"));
            let mut found = Vec::new();
            for method in ["--load-method=insert", BY_LOAD_DATA] {
                let log = load(product, &dir, &["--drop-table", method, "-v", "3"]).stderr;
                let count = if by_load_data { 1 } else { 0 };
                let expected = format!("method_sessions.t.00000.sql: {count} of 1");
                assert_eq!(converted(&log), if method == BY_LOAD_DATA { vec![expected] } else { vec![] }, "{session}");
                let rows = "SELECT CONCAT_WS(',', id, HEX(a), HEX(b)) FROM method_sessions.t";
                found.push(target(product).client().scalar(rows));
            }
            assert_eq!(found[0], found[1], "{product:?} {session}");
        }
    }
}

#[test]
fn errors_are_those_of_insert() {
    let columns =
        "id INT NOT NULL PRIMARY KEY, a TINYINT UNSIGNED NOT NULL, b VARCHAR(3), c DATE, CONSTRAINT d CHECK (a < 90)";
    let strict = "SET NAMES binary, sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'";
    for product in Product::ALL {
        let database = "method_errors";
        let table = format!("CREATE TABLE t ({columns})");
        let dir = without_rows(product, database, &[&table]);
        for row in [
            "(1,5,'x',NULL)",
            "(3,NULL,'x',NULL)",
            "(3,256,'x',NULL)",
            "(3,-1,'x',NULL)",
            "(3,'','x',NULL)",
            "(3,5,'long',NULL)",
            "(3,5,'x','2020-02-31')",
            "(3,5,'x','0000-00-00')",
            "(3,5,'x')",
            "(3,5,'x',NULL,NULL)",
            "(3,x,'x',NULL)",
        ] {
            let good = "INSERT INTO `t` VALUES(1,5,'a',NULL)\n;\nINSERT INTO `t` VALUES(2,5,'b',NULL)\n,";
            dir.write("method_errors.t.00000.sql", format!("{strict};\n{good}{row}\n;\n"));
            let mut lines = Vec::new();
            for method in ["--load-method=insert", BY_LOAD_DATA] {
                lines.push(refused(product, &dir, &["--drop-table", method]));
                assert_eq!(target(product).client().scalar("SELECT COUNT(*) FROM method_errors.t"), "0", "{row}");
            }
            assert_eq!(lines[0], lines[1], "{product:?} {row}");
            assert!(lines[0].starts_with("[ERROR] method_errors.t.00000.sql, line 4: server error "), "{}", lines[0]);
        }
    }
}

#[test]
fn rows_that_are_there_already() {
    for product in Product::ALL {
        let database = "method_twice";
        let table = "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(10))";
        make(source(product), database, &[table, "INSERT INTO t VALUES (1, 'dump'), (2, 'dump')"]);
        for (options, converted_there, expected) in
            [("--insert-ignore", None, "there,dump"), ("--replace", Some("1 of 1"), "dump,dump")]
        {
            let dir = dump_of(product, database, &[options]);
            let mut client = make(target(product), database, &[table, "INSERT INTO t VALUES (1, 'there')"]);
            let log = load(product, &dir, &["--drop-table=NONE", BY_LOAD_DATA, "-v", "3"]).stderr;
            assert_eq!(client.scalar("SELECT GROUP_CONCAT(c ORDER BY id) FROM t"), expected);
            let there: Vec<String> =
                converted_there.iter().map(|counts| format!("method_twice.t.00000.sql: {counts}")).collect();
            assert_eq!(converted(&log), there);
            let log = load(product, &dir, &["--drop-table", BY_LOAD_DATA, "-v", "3"]).stderr;
            assert_eq!(converted(&log), ["method_twice.t.00000.sql: 1 of 1"], "into an empty table");
            assert_same(product, database);
            client.run("DROP DATABASE method_twice");
        }
    }
}

#[test]
fn tables_that_stay_with_insert() {
    for product in Product::ALL {
        let database = "method_tables";
        let tables = [
            "CREATE TABLE m (id INT) ENGINE=MyISAM",
            "CREATE TABLE t (id INT, n INT)",
            "CREATE TABLE i (id INT)",
            "INSERT INTO m VALUES (1)",
            "INSERT INTO t VALUES (1, 1), (2, 1)",
            "INSERT INTO i VALUES (1)",
        ];
        make(source(product), database, &tables);
        let dir = dump_of(product, database, &[]);
        let mut client = make(target(product), database, &tables[..3]);
        client.run("CREATE TRIGGER doubles BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 2 * NEW.id");
        let options = ["--drop-table=NONE", "--fire-triggers", BY_LOAD_DATA, "-v", "3"];
        let log = load(product, &dir, &options).stderr;
        assert_eq!(converted(&log), ["method_tables.i.00000.sql: 1 of 1"]);
        assert!(log.contains(
            "rows of method_tables.m are sent as INSERT statements: its engine MyISAM may not roll rows \
             back"
        ));
        assert!(log.contains("rows of method_tables.t are sent as INSERT statements: it has triggers"), "{log}");
        assert_eq!(column(&mut client, "SELECT n FROM t ORDER BY id"), ["2", "4"]);
    }
}

#[test]
fn automatic_takes_large_files_in_pieces_of_a_transaction() {
    for product in Product::ALL {
        let database = "method_auto";
        let rows = "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 900) \
                    SELECT id, REPEAT('x', 1000) FROM n";
        let tables = [
            "CREATE TABLE large (id INT AUTO_INCREMENT PRIMARY KEY, c TEXT)",
            "CREATE TABLE small LIKE large",
            &format!("INSERT INTO large {rows}"),
            "INSERT INTO small VALUES (1, 'a')",
        ];
        make(source(product), database, &tables);
        for (options, converted_there) in [
            (&["-s", "100000"][..], "method_auto.large.00000.sql: 10 of 10"),
            (&["-s", "1", "--compress=gzip"], ""),
            (&["-s", "20000"], "method_auto.large.00000.sql: 48 of 48"),
        ] {
            let dir = dump_of(product, database, options);
            let log = load(product, &dir, &["--drop-table", "-v", "3", "-q", "7"]).stderr;
            assert_eq!(converted(&log).join(" "), converted_there, "{product:?} {options:?}");
            assert!(log.contains("restored 2 tables, 901 rows, "), "{log}");
            assert_same(product, database);
        }
    }
}

#[test]
fn a_server_without_local_infile() {
    for product in Product::ALL {
        let database = "method_off";
        make(source(product), database, &["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"]);
        let dir = dump_of(product, database, &[]);
        let off = Server::start(product, &["--local-infile=0"]);
        let error = myloader(&off, &dir).arg(BY_LOAD_DATA).fails_with(4);
        assert_eq!(
            only_line(&error),
            "[ERROR] --load-method=load-data: LOAD DATA LOCAL INFILE is off on the server: SET GLOBAL local_infile=1 \
             there during the restore, or use --load-method=insert"
        );
        let databases = "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'm%off'";
        assert_eq!(off.client().scalar(databases), "0");
        let log = myloader(&off, &dir).args(["-v", "3"]).ok().stderr;
        let reason = "[INFO] rows are sent as INSERT statements: LOAD DATA LOCAL is off on the server (local_infile)";
        assert_eq!(log.matches(reason).count(), 1, "{log}");
        assert!(!log.contains("[WARN"), "{log}");
        assert_eq!(off.client().scalar("SELECT COUNT(*) FROM method_off.t"), "1");
    }
}
