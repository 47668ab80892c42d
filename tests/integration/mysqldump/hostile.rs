//! Names, texts and programs that are hard to tell apart in a dump.

use crate::support::dump::make;
use crate::support::load::assert_same;
use crate::support::mysqldump::{drop, file, of_file, of_pipe, restore, whole};
use harness::compare::row_differences;
use harness::program::WorkDir;
use harness::server::{Product, source, target};

const BYTES: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

fn make_hostile(product: Product, database: &str) {
    let bytes = format!(
        "INSERT INTO `a b``c;` (id, b, t) VALUES (1, x'{BYTES}', 'a;\\nDELIMITER ;;\\n-- Dump completed'), \
        (2, x'5c275c', '*/ /*! '), (3, NULL, ''), (0, '', '\\\\')"
    );
    let mut client = make(
        source(product),
        database,
        &[
            "CREATE TABLE `a b``c;` (id INT PRIMARY KEY AUTO_INCREMENT, n INT, b BLOB, t TEXT COMMENT 'it''s; `\\n-- ', \
             g INT AS (LENGTH(t) * 2) STORED, h VARCHAR(20) AS (CONCAT(n, ',(')) VIRTUAL, KEY `k;` (h), FULLTEXT KEY (t)) \
             COMMENT 'x;\n-- DELIMITER ;;\n''y'",
            "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
            &bytes,
            "SET sql_mode = ''",
            "CREATE TABLE parts (id INT NOT NULL, n VARCHAR(10) DEFAULT 'a;b', PRIMARY KEY (id)) PARTITION BY RANGE (id) \
             (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)",
            "INSERT INTO parts VALUES (1, 'a'), (20, 'b')",
            "CREATE TABLE nothing (id INT)",
            "CREATE TABLE `values` (`values` INT, `(` INT)",
            "INSERT INTO `values` VALUES (1, 2), (3, 4)",
            "CREATE TABLE parent (id INT PRIMARY KEY, other INT, KEY (other))",
            "CREATE TABLE child (id INT PRIMARY KEY, p INT, KEY (p), CONSTRAINT fk FOREIGN KEY (p) REFERENCES parent (id))",
            "INSERT INTO child VALUES (1, NULL)",
            "ALTER TABLE parent ADD CONSTRAINT back FOREIGN KEY (other) REFERENCES child (id)",
            "INSERT INTO parent VALUES (1, 1), (2, NULL)",
            "UPDATE child SET p = 2",
            "CREATE VIEW above AS SELECT id, t FROM `a b``c;`",
            "CREATE VIEW a_view_on_it AS SELECT * FROM above WHERE t <> '; /* x */'",
            "CREATE VIEW constant AS SELECT 1 AS `1`, NULL AS `NULL`",
            "CREATE PROCEDURE `p;1`() COMMENT 'it''s; -- ' BEGIN /* a; ;; */ SELECT 'DELIMITER ;;'; SELECT \"b;\"; END",
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "CREATE PROCEDURE p2() BEGIN SELECT 'back\\'; SELECT 2; END",
            "CREATE TRIGGER tr1 BEFORE INSERT ON parts FOR EACH ROW BEGIN SET NEW.n = 'x\\'; SET @a = '/* ; */'; END",
            "SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'",
            "CREATE FUNCTION \"f\"() RETURNS VARCHAR(20) DETERMINISTIC RETURN 'a' || ';;'",
            "CREATE TRIGGER \"tr;2\" BEFORE UPDATE ON \"parts\" FOR EACH ROW SET NEW.\"n\" = 'y' || ';'",
            "CREATE TRIGGER tr3 BEFORE INSERT ON parts FOR EACH ROW SET @b = 2",
            "SET sql_mode = '', NAMES latin1",
            "CREATE PROCEDURE p3() SELECT 'latin1'",
            "SET NAMES utf8mb4, time_zone = '-03:00'",
            "CREATE EVENT `ev;` ON SCHEDULE EVERY 1 DAY STARTS '2031-01-02 03:04:05' DO BEGIN SELECT ';'; END",
            "ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_german1_ci",
            "CREATE PROCEDURE p4() SELECT 'of another collation'",
            "CREATE TRIGGER tr4 AFTER DELETE ON parts FOR EACH ROW SET @c = 1",
            "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ],
    );
    if product == Product::MySql {
        client
            .run("CREATE FUNCTION js() RETURNS INT LANGUAGE JAVASCRIPT AS $$ let a = `;;`; // it's ;;\n return 1; $$");
    }
    if product == Product::MariaDb {
        client.run("CREATE SEQUENCE `s q` START WITH 5 INCREMENT BY 3 MAXVALUE 2000 NOCACHE");
        client.run("SELECT NEXTVAL(`s q`)");
        client.run("CREATE TABLE numbered (id INT DEFAULT (NEXTVAL(`s q`)), a INT)");
        client.run("INSERT INTO numbered (a) VALUES (1)");
        client.run("SET sql_mode = 'ORACLE'");
        client.run("CREATE PACKAGE pk AS FUNCTION f1 RETURN INT; END");
        client.run("CREATE PACKAGE BODY pk AS FUNCTION f1 RETURN INT AS BEGIN RETURN 1; END; END");
    }
}

#[test]
fn a_hostile_database_comes_back_to_the_byte() {
    for product in Product::ALL {
        make_hostile(product, "msd `hos;tile");
        restore(product, &whole(product, "msd `hos;tile", &[]), &[]);
        assert_same(product, "msd `hos;tile");
        drop(product, "msd `hos;tile");
        let dir = WorkDir::new();
        of_pipe(target(product), whole(product, "msd `hos;tile", &["--skip-extended-insert", "--compact"]), &dir).ok();
        assert_same(product, "msd `hos;tile");
    }
}

#[test]
fn rows_go_from_one_product_to_the_other() {
    for (from, to) in [(Product::MariaDb, Product::MySql), (Product::MySql, Product::MariaDb)] {
        make(
            source(from),
            "msd_across",
            &[
                "ALTER DATABASE COLLATE utf8mb4_general_ci",
                "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, b BLOB, s VARCHAR(30) CHARACTER SET utf8mb4 COLLATE \
                 utf8mb4_general_ci, g INT AS (LENGTH(b)) STORED, d DATETIME(6), ts TIMESTAMP NULL, f DOUBLE, KEY (s)) \
                 COLLATE utf8mb4_general_ci",
                &format!(
                    "INSERT INTO t (b, s, d, ts, f) VALUES (x'{BYTES}', 'é;\\'', '2026-01-02 03:04:05.678901', '2026-01-02 03:04:05', 0.1), \
                 (NULL, NULL, NULL, NULL, -1e300)"
                ),
                "CREATE VIEW v AS SELECT id, s FROM t",
                "CREATE PROCEDURE p() SELECT COUNT(*) FROM t",
                "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.s = 'x'",
            ],
        );
        of_file(target(to), &file(whole(from, "msd_across", &[]))).ok();
        assert_eq!(row_differences(source(from), "msd_across", target(to), "msd_across"), [""; 0], "{from:?}");
        assert_eq!(target(to).client().scalar("SELECT COUNT(*) FROM msd_across.v"), "2");
        assert_eq!(
            target(to)
                .client()
                .scalar("SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'msd_across'"),
            "1"
        );
    }
}

#[test]
fn the_history_of_a_versioned_table_comes_with_its_rows() {
    // MySQL has no such tables.
    let product = Product::MariaDb;
    make(
        source(product),
        "msd_history",
        &[
            "CREATE TABLE h (a INT PRIMARY KEY) WITH SYSTEM VERSIONING",
            "INSERT INTO h VALUES (1)",
            "UPDATE h SET a = 2",
            "CREATE TABLE e (a INT PRIMARY KEY, s TIMESTAMP(6) AS ROW START, e TIMESTAMP(6) AS ROW END, PERIOD FOR \
             SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING",
            "INSERT INTO e (a) VALUES (1)",
        ],
    );
    restore(product, &whole(product, "msd_history", &["--dump-history"]), &[]);
    assert_same(product, "msd_history");
    drop(product, "msd_history");
    restore(product, &whole(product, "msd_history", &[]), &[]);
    let rows = target(product)
        .client()
        .scalar("SELECT CONCAT((SELECT SUM(a) FROM msd_history.h), (SELECT SUM(a) FROM msd_history.e))");
    assert_eq!(rows, "21");
}

#[test]
fn a_table_of_many_pieces_is_loaded_by_several_workers() {
    for product in Product::ALL {
        let mut client = make(
            source(product),
            "msd_large",
            &[
                "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, s VARCHAR(1000), KEY (s(20)))",
                "INSERT INTO t (s) VALUES (REPEAT('a;', 400))",
            ],
        );
        for _ in 0..15 {
            client.run("INSERT INTO t (s) SELECT CONCAT(RAND(), SUBSTR(s, 20)) FROM t");
        }
        let dump = whole(product, "msd_large", &[]);
        assert!(dump.len() > 20 << 20);
        let output = of_file(target(product), &file(&dump)).args(["-v", "3", "--verify=ROWS"]).ok();
        for chunk in ["loaded msd_large.t chunk 0,", "loaded msd_large.t chunk 2,"] {
            assert!(output.stderr.contains(chunk), "{}", output.stderr);
        }
        assert_same(product, "msd_large");
        drop(product, "msd_large");
        // Less may wait than a table has: the restore begins before the pipe has brought all.
        let dir = WorkDir::new();
        of_pipe(target(product), dump, &dir).arg("--stream-max-waiting=10M").ok();
        assert_same(product, "msd_large");
    }
}
