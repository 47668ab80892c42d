//! Dumps of one product restored into the other.

use crate::load_support::load;
use crate::load_support::{dumped, refused};
use harness::compare::row_differences;
use harness::server::{Product, source, target};

const WAYS: [(Product, Product); 2] = [(Product::MariaDb, Product::MySql), (Product::MySql, Product::MariaDb)];

#[test]
fn types_and_objects_that_both_have() {
    for (from, to) in WAYS {
        let database = "across_products";
        let dir = dumped(
            from,
            database,
            &[
                "SET sql_mode = 'ALLOW_INVALID_DATES'",
                "CREATE TABLE numbers (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, f FLOAT, d DOUBLE, \
                 n DECIMAL(65,30), b BIT(64), y YEAR)",
                "INSERT INTO numbers VALUES (1, 1e-30, 0.1, -1e-30, x'8000000000000001', 1999), \
                 (18446744073709551614, 3.4e38, 1.7976931348623157e308, 1.5, 0, NULL)",
                "CREATE TABLE times (id INT PRIMARY KEY, d DATE, dt DATETIME(6), t TIME(3), ts TIMESTAMP(6) NULL)",
                "INSERT INTO times VALUES (1, '0000-00-00', '2024-02-31 01:02:03.000004', '-838:59:59', \
                 '2020-01-01 00:00:00.5')",
                "CREATE TABLE texts (id INT PRIMARY KEY, l VARCHAR(20) CHARACTER SET latin1, g TEXT CHARACTER SET gbk, \
                 u TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, b LONGBLOB, e ENUM('a''b', 'é'), \
                 s SET('x', 'y'), KEY by_l (l), FULLTEXT KEY (u))",
                "INSERT INTO texts VALUES (1, _latin1 x'e927', _gbk x'815c27', '😀\\n;', x'005c27ff', 'é', 'x,y')",
                "CREATE TABLE partitioned (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3",
                "INSERT INTO partitioned VALUES (1), (2), (3)",
                "CREATE TABLE child (id INT PRIMARY KEY, doubled INT AS (id * 2) STORED, parent INT, \
                 FOREIGN KEY (parent) REFERENCES times (id) ON DELETE CASCADE)",
                "INSERT INTO child (id, parent) VALUES (4, 1)",
                "CREATE VIEW v AS SELECT id, doubled FROM child",
                "CREATE TRIGGER tr BEFORE INSERT ON child FOR EACH ROW BEGIN SET NEW.id = NEW.id; END",
                "CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC BEGIN RETURN a + 1; END",
                "CREATE EVENT e ON SCHEDULE AT '2037-01-01 00:00:00' DO SELECT 1",
            ],
        );
        load(to, &dir, &[]);
        assert_eq!(row_differences(source(from), database, target(to), database), [""; 0]);
        let mut client = target(to).client();
        assert_eq!(client.scalar("SELECT across_products.f(doubled) FROM across_products.v"), "9");
    }
}

#[test]
fn a_collation_that_the_other_does_not_have_is_named() {
    let statement = "CREATE TABLE t (id INT) COLLATE utf8mb4_0900_ai_ci";
    let dir = dumped(Product::MySql, "across_collation", &[statement]);
    let line = refused(Product::MariaDb, &dir, &[]);
    let expected = "[ERROR] across_collation.t-schema.sql, line 5: server error 1273 (HY000): Unknown collation: \
                    'utf8mb4_0900_ai_ci' (this server does not have the character set or collation that the other \
                    server used); statement: CREATE TABLE `t`";
    assert!(line.starts_with(expected), "{line}");
}

#[test]
fn a_sequence_that_the_other_cannot_have_is_named() {
    let dir = dumped(Product::MariaDb, "across_sequence", &["CREATE SEQUENCE numbers"]);
    let line = refused(Product::MySql, &dir, &[]);
    assert!(line.starts_with("[ERROR] across_sequence.numbers-schema-sequence.sql, line 5: "), "{line}");
    assert!(line.contains("CREATE SEQUENCE `numbers`"), "{line}");
}
