//! `--verify` of tables of all kinds, which are as in the dump: nothing is taken for different that is not.

use crate::support::dump::{dump, make};
use crate::support::load::{dumped_with, load, myloader};
use harness::program::WorkDir;
use harness::server::{Product, source, target};

/// Restores and compares, and compares again alone. Returns what the restore said at its end.
#[track_caller]
fn verified(product: Product, dir: &WorkDir, options: &[&str]) -> String {
    let done = load(product, dir, &[&["--verify"], options].concat()).stderr;
    let filters: Vec<&str> = options.iter().filter(|option| !option.starts_with("--drop-table")).copied().collect();
    myloader(target(product), dir).arg("--verify-only").args(&filters).ok();
    myloader(target(product), dir).args(["--verify-only", "--verify=rows"]).args(&filters).ok();
    let line = done.lines().last().unwrap();
    line.split_once("; verified: ").unwrap_or_else(|| panic!("{done}")).1.to_owned()
}

const VALUES: &[&str] = &[
    "CREATE TABLE n (id INT PRIMARY KEY, f FLOAT, d DOUBLE, m DECIMAL(65,30), b BIT(17), y YEAR, u BIGINT UNSIGNED)",
    "INSERT INTO n VALUES (1, '-0', 1e-300, 1.25, b'101', 2020, 18446744073709551615), \
     (2, 3.4e38, -1.7976931348623157e308, -0.1, 0, 0, 0), (3, 0.1, 0.1, 0, 1, 1999, 3), \
     (4, 1.17e-38, 2.5e-310, NULL, NULL, NULL, NULL), (5, 16777216, 1e17, 0, 0, 2155, 1), (6, 123456.789, 1e15, 0, 0, 0, 0)",
    "CREATE TABLE t (id VARCHAR(20) PRIMARY KEY, e ENUM('a', 'b', ''), s SET('p', 'q'), ts TIMESTAMP(6) NULL, \
     dt DATETIME(3), ti TIME(6), da DATE, bl BLOB, tx TEXT CHARACTER SET latin1, g GEOMETRY) \
     CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "INSERT INTO t VALUES ('a', 'a', 'p,q', '2020-01-01 10:00:00.123456', '0000-00-00', '-838:59:59.000000', \
     '2020-00-00', x'00ff', 'é', ST_GeomFromText('POINT(1 2)')), \
     ('B', '', '', NULL, '2020-01-01 00:00:00.999', NULL, NULL, '', '', NULL)",
    "CREATE TABLE j (id INT PRIMARY KEY, j JSON)",
    "INSERT INTO j VALUES (1, '{\"k\": [1, 2.50, \"é\"], \"a\": null}'), (2, NULL), (3, '[]')",
];

#[test]
fn values_of_every_type() {
    for product in Product::ALL {
        let dir = dumped_with(product, "verify_values", VALUES, &[]);
        assert_eq!(verified(product, &dir, &[]), "3 tables with 11 rows match the dump");
    }
}

#[test]
fn values_of_every_type_on_the_other_product() {
    for (from, to) in [(Product::MariaDb, Product::MySql), (Product::MySql, Product::MariaDb)] {
        let database = "verify_across";
        let server = source(from);
        make(
            server,
            database,
            &[&["ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"], VALUES].concat(),
        );
        let dir = dump(server, &["-B", database]);
        assert_eq!(verified(to, &dir, &[]), "3 tables with 11 rows match the dump", "{from:?}");
    }
}

#[test]
fn tables_of_every_kind() {
    for product in Product::ALL {
        let database = "verify_kinds";
        let mut statements = vec![
            "CREATE TABLE computed (id INT PRIMARY KEY, v INT GENERATED ALWAYS AS (id * 2) VIRTUAL, \
             s INT GENERATED ALWAYS AS (id * 3) STORED)",
            "INSERT INTO computed (id) VALUES (1), (2)",
            "CREATE TABLE invisible (id INT PRIMARY KEY, v INT INVISIBLE)",
            "INSERT INTO invisible (id, v) VALUES (1, 1), (2, NULL)",
            "CREATE TABLE only_generated (v INT GENERATED ALWAYS AS (1) VIRTUAL)",
            "INSERT INTO only_generated VALUES (), ()",
            "CREATE TABLE m (a INT) ENGINE=MyISAM",
            "INSERT INTO m VALUES (1), (1)",
            "CREATE TABLE merged (a INT) ENGINE=MERGE UNION=(m)",
            "CREATE TABLE `odd ``\nname;` (`into` INT PRIMARY KEY, `a,;\n\\` INT)",
            "INSERT INTO `odd ``\nname;` VALUES (1, 2)",
            "CREATE TABLE parts (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id) \
             (PARTITION `p 0` VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)",
            "INSERT INTO parts VALUES (1, 1), (20, 2), (30, NULL)",
            "CREATE TABLE nothing (a INT)",
            "CREATE VIEW v AS SELECT * FROM parts",
            "CREATE TRIGGER tr BEFORE INSERT ON parts FOR EACH ROW SET NEW.v = 0",
        ];
        let versioned = [
            "SET timestamp = 1600000000",
            "CREATE TABLE h (a INT PRIMARY KEY, b INT) WITH SYSTEM VERSIONING",
            "INSERT INTO h VALUES (1, 1), (2, 2)",
            "SET timestamp = 1600000010",
            "UPDATE h SET b = 5 WHERE a = 1",
            "DELETE FROM h WHERE a = 2",
            "CREATE SEQUENCE s",
        ];
        if product == Product::MariaDb {
            statements.extend(versioned);
        }
        let dir = dumped_with(product, database, &statements, &["--split-partitions"]);
        let expected = match product {
            // Three rows of now and of the past more.
            Product::MariaDb => "8 tables with 15 rows match the dump",
            Product::MySql => "7 tables with 12 rows match the dump",
        };
        assert_eq!(verified(product, &dir, &[]), expected, "{product:?}");
        let metadata = dir.read_text("metadata");
        assert!(metadata.contains(" PARTITION (`p 0`)\n"), "{metadata}");
        // Under another name, and of a part of the tables.
        verified(product, &dir, &["-B", "verify_renamed"]);
        let one = verified(product, &dir, &["--drop-table", "-T", &format!("{database}.parts")]);
        assert_eq!(one, "1 table with 3 rows matches the dump");
    }
}

#[test]
fn rows_that_a_condition_has_chosen() {
    for product in Product::ALL {
        let database = "verify_where";
        let statements = [
            "CREATE TABLE t (id INT PRIMARY KEY, v INT)",
            "INSERT INTO t WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 900) \
             SELECT n, n % 2 FROM r",
            "ANALYZE TABLE t",
        ];
        let dir = dumped_with(product, database, &statements, &["-r", "100", "--where", "v = 1"]);
        assert_eq!(verified(product, &dir, &[]), "1 table with 450 rows matches the dump");
        // The table has to have these rows and no others.
        target(product).client().run(format!("INSERT INTO {database}.t VALUES (2, 0)"));
        let printed = myloader(target(product), &dir).arg("--verify-only").fails_with(6);
        assert!(printed.contains("table verify_where.t: 451 rows, in the dump 450\n    WHERE `id` < "), "{printed}");
    }
}

#[test]
fn ranges_of_text_hold_under_the_target_s_own_order() {
    for product in Product::ALL {
        let database = "verify_text";
        let statements = [
            "CREATE TABLE t (id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, v INT)",
            "INSERT INTO t WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 600) \
             SELECT CONCAT(IF(n % 2, 'a', 'B'), n), n FROM r",
            "ANALYZE TABLE t",
        ];
        let dir = dumped_with(product, database, &statements, &["-r", "100"]);
        verified(product, &dir, &[]);
        let mut client = target(product).client();
        client.run(format!(
            "ALTER TABLE {database}.t MODIFY id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
        ));
        // The rows are in other ranges, and are the same.
        let done = myloader(target(product), &dir).arg("--verify-only").ok().stderr;
        assert!(done.contains("1 table with 600 rows matches the dump"), "{done}");
        let different = |options: &[&str]| {
            let printed =
                myloader(target(product), &dir).args(["--verify-only", "--checksum=skip"]).args(options).fails_with(6);
            printed.split_once(": 60").unwrap_or_else(|| panic!("{printed}")).1.trim_end().to_owned()
        };
        let ranges = "\n    the dump's ranges do not cover the whole table here, or overlap, so none can be named";
        client.run(format!("UPDATE {database}.t SET v = 0 WHERE v = 9"));
        let message = different(&[]);
        assert!(message.starts_with("0 rows as in the dump, but with different content: hash "), "{message}");
        assert!(message.ends_with(ranges), "{message}");
        client.run(format!("UPDATE {database}.t SET v = 9 WHERE v = 0"));
        // Every row of the dump is in its range, and another is in none.
        client.run(format!(
            "ALTER TABLE {database}.t DROP PRIMARY KEY, MODIFY id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL"
        ));
        client.run(format!("INSERT INTO {database}.t VALUES (NULL, 0)"));
        for how in ["--verify=hash", "--verify=rows"] {
            assert_eq!(different(&[how]), format!("1 rows, in the dump 600{ranges}"));
        }
    }
}

#[test]
fn timestamps_in_the_zone_of_the_dump_s_session() {
    for product in Product::ALL {
        let statements = ["CREATE TABLE t (ts TIMESTAMP NULL)", "INSERT INTO t VALUES ('2020-07-01 12:00:00')"];
        for (database, options) in [("verify_utc", &[][..]), ("verify_zone", &["--skip-tz-utc"])] {
            let dir = dumped_with(product, database, &statements, options);
            let metadata = dir.read_text("metadata");
            assert_eq!(metadata.contains("row-hash-time-zone = +00:00\n"), options.is_empty());
            verified(product, &dir, &[]);
        }
    }
}

#[test]
fn rows_without_definitions() {
    for product in Product::ALL {
        let database = "verify_rows_only";
        let table = "CREATE TABLE t (id INT PRIMARY KEY)";
        let dir = dumped_with(product, database, &[table, "INSERT INTO t VALUES (1), (2)"], &["--no-schemas"]);
        let mut client = make(target(product), database, &[table]);
        assert_eq!(verified(product, &dir, &["--drop-table=NONE"]), "1 table with 2 rows matches the dump");
        client.run(format!("DROP DATABASE {database}"));
    }
}
