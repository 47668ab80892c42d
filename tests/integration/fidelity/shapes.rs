//! Tables of every shape: columns, keys, engines, partitions, and none of them.

use crate::support::dump::make;
use crate::support::fidelity::{restored, round_trips};
use crate::support::load::{assert_same, dump_of, load};
use harness::server::{Product, source, target};

#[test]
fn columns_that_are_computed_or_hidden() {
    for product in Product::ALL {
        let mut statements = vec![
            "CREATE TABLE computed (id INT PRIMARY KEY, w INT DEFAULT (1 + 1), v INT AS (w * 2) VIRTUAL, s INT AS (w + id) STORED, \
             j JSON, k INT AS (JSON_EXTRACT(j, '$.a')) VIRTUAL, KEY (v), UNIQUE KEY (s), KEY (k))",
            "INSERT INTO computed (id, w, j) VALUES (1, 5, '{\"a\": 7}'), (2, NULL, NULL)",
            "INSERT INTO computed (id) VALUES (3)",
            "CREATE TABLE hidden (a INT INVISIBLE DEFAULT 1, b INT, c INT AS (a + b) INVISIBLE, d INT INVISIBLE)",
            "INSERT INTO hidden (a, b, d) VALUES (7, 8, 9), (NULL, NULL, NULL)",
            "INSERT INTO hidden (b) VALUES (1)",
            "CREATE TABLE only_computed (a INT AS (1 + 1))",
            "INSERT INTO only_computed () VALUES ()",
            "CREATE TABLE clocks (id INT PRIMARY KEY, c TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, \
             d DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6), e DATE DEFAULT (CURRENT_DATE), f TIMESTAMP NOT NULL)",
            "INSERT INTO clocks VALUES (1, '2001-01-01', '2002-02-02', NULL, '2003-03-03')",
        ];
        if product == Product::MySql {
            statements.extend([
                "SET sql_generate_invisible_primary_key = 1",
                "CREATE TABLE `generated` (c INT)",
                "INSERT INTO `generated` (my_row_id, c) VALUES (4, 1), (9, 1), (18446744073709551614, 2)",
                "ALTER TABLE `generated` ALTER COLUMN my_row_id SET VISIBLE",
                "CREATE TABLE generated_too (c INT)",
                "INSERT INTO generated_too (my_row_id, c) VALUES (4, 1), (9, 1), (5, 2)",
            ]);
        }
        round_trips(product, "tables_columns", &statements);
    }
}

#[test]
fn keys_of_every_kind() {
    for product in Product::ALL {
        let mut statements = vec![
            "CREATE TABLE k (id INT, a VARCHAR(100), b TEXT, g POINT NOT NULL, n INT, PRIMARY KEY (id DESC, n), \
             KEY prefix (a(10), b(20)), KEY descending (n DESC, id), FULLTEXT KEY words (a, b), FULLTEXT KEY (b), SPATIAL KEY (g), \
             UNIQUE KEY `odd``name;` (a, id) COMMENT 'it''s', KEY (n), KEY h (a) USING HASH)",
            "INSERT INTO k VALUES (1, 'x', 'y', POINT(1, 2), 3), (2, 'é', '', POINT(0, 0), -3)",
            "CREATE TABLE keyless (a INT, b VARCHAR(9))",
            "INSERT INTO keyless VALUES (1, 'a'), (1, 'a'), (NULL, NULL), (NULL, NULL), (1, 'A'), (1, 'a ')",
            "CREATE TABLE nullable (a INT, b INT, UNIQUE KEY (a, b))",
            "INSERT INTO nullable VALUES (NULL, 1), (NULL, 1), (1, NULL), (1, 1)",
            "CREATE TABLE padded (c CHAR(5) PRIMARY KEY, v VARCHAR(9) COLLATE utf8mb4_general_ci UNIQUE)",
            "INSERT INTO padded VALUES ('a', 'b  '), ('', ''), ('é', 'c')",
            "CREATE TABLE bytes (b BINARY(16) PRIMARY KEY, d DECIMAL(20,10), KEY (d))",
            "INSERT INTO bytes VALUES (x'275c0a0d1a00000000000000000000ff', 1.5), ('', -0.0000000001)",
            "CREATE TABLE times (d DATE, t TIMESTAMP(6), PRIMARY KEY (d, t))",
            "INSERT INTO times VALUES ('0000-00-00', '2001-01-01 01:01:01.000001'), ('9999-12-31', '2038-01-19 04:14:07')",
            "CREATE TABLE self (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES self (id))",
            "SET foreign_key_checks = 0",
            "INSERT INTO self VALUES (1, 2), (2, 1), (3, 99)",
            "CREATE TABLE a_side (id INT PRIMARY KEY, o INT, CONSTRAINT `a;b` FOREIGN KEY (o) REFERENCES b_side (id) ON DELETE SET NULL)",
            "CREATE TABLE b_side (id INT PRIMARY KEY, o INT, FOREIGN KEY (o) REFERENCES a_side (id) ON UPDATE CASCADE)",
            "INSERT INTO a_side VALUES (1, 1)",
            "INSERT INTO b_side VALUES (1, 1)",
        ];
        if product == Product::MySql {
            statements.extend([
                "CREATE TABLE functional (id INT PRIMARY KEY, a INT, j JSON, KEY f ((a * 2), (a + id) DESC), KEY i (a) INVISIBLE, \
                 UNIQUE KEY l ((LOWER(CONCAT(a, 'É')))), KEY m ((CAST(j->'$.x' AS UNSIGNED ARRAY))))",
                "INSERT INTO functional VALUES (1, 2, '{\"x\": [1, 2]}')",
            ]);
        }
        round_trips(product, "tables_keys", &statements);
    }
}

#[test]
fn checks_that_rows_break() {
    for product in Product::ALL {
        let mut statements = vec!["CREATE TABLE t (a INT, b INT)", "INSERT INTO t VALUES (-1, 1), (1, 1)"];
        match product {
            Product::MariaDb => statements
                .extend(["SET check_constraint_checks = 0", "ALTER TABLE t ADD CONSTRAINT later CHECK (a > 0)"]),
            Product::MySql => statements.extend([
                "ALTER TABLE t ADD CONSTRAINT off CHECK (a > 0) NOT ENFORCED",
                "ALTER TABLE t ADD CONSTRAINT kept CHECK (b > 0)",
            ]),
        }
        round_trips(product, "tables_checks", &statements);
        if product == Product::MariaDb {
            assert!(target(product).client().try_run("INSERT INTO tables_checks.t VALUES (-5, 1)").is_err());
        }
    }
}

#[test]
fn every_engine_counters_and_empty_tables() {
    for product in Product::ALL {
        let mut statements = vec![
            "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
            "CREATE TABLE isam (id INT AUTO_INCREMENT, a INT, c VARCHAR(9), PRIMARY KEY (a, id), FULLTEXT KEY (c)) ENGINE=MyISAM \
             ROW_FORMAT=FIXED MIN_ROWS=5 MAX_ROWS=1000000 AVG_ROW_LENGTH=50 CHECKSUM=1 DELAY_KEY_WRITE=1 PACK_KEYS=1",
            "INSERT INTO isam (a, c) VALUES (1, 'a'), (1, 'b'), (2, 'c')",
            "CREATE TABLE memory (id INT PRIMARY KEY, c INT, v VARCHAR(90), KEY USING BTREE (c)) ENGINE=MEMORY MAX_ROWS=100",
            "INSERT INTO memory VALUES (1, 2, 'é'), (2, NULL, '')",
            "CREATE TABLE csv (id INT NOT NULL, c VARCHAR(20) NOT NULL) ENGINE=CSV",
            "INSERT INTO csv VALUES (1, 'a\"b,c\\\\'), (2, '\\n')",
            "CREATE TABLE rows_of_space (id INT PRIMARY KEY, c TEXT) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4",
            "INSERT INTO rows_of_space VALUES (1, REPEAT('x', 5000))",
            "CREATE TABLE options (id INT PRIMARY KEY) ROW_FORMAT=DYNAMIC STATS_PERSISTENT=0 STATS_AUTO_RECALC=1 STATS_SAMPLE_PAGES=9",
            "CREATE TABLE zero (id INT AUTO_INCREMENT PRIMARY KEY, c INT)",
            "INSERT INTO zero VALUES (0, 1), (5, 2)",
            "CREATE TABLE ahead (c INT, id BIGINT UNSIGNED AUTO_INCREMENT UNIQUE) AUTO_INCREMENT=18446744073709551610",
            "CREATE TABLE emptied (id INT AUTO_INCREMENT PRIMARY KEY)",
            "INSERT INTO emptied VALUES (77)",
            "DELETE FROM emptied",
            "CREATE TABLE nothing (id INT PRIMARY KEY)",
            "CREATE TABLE subparts (id INT NOT NULL AUTO_INCREMENT, d DATE NOT NULL, PRIMARY KEY (id, d)) AUTO_INCREMENT=500 \
             PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 \
             (PARTITION p0 VALUES LESS THAN (2000), PARTITION `p 1` VALUES LESS THAN MAXVALUE)",
            "INSERT INTO subparts VALUES (1, '1999-01-01'), (2, '2020-02-02')",
            "CREATE TABLE lists (id INT, k INT) PARTITION BY LIST (k) (PARTITION a VALUES IN (1, NULL), PARTITION b VALUES IN (-2))",
            "INSERT INTO lists VALUES (1, 1), (2, NULL), (3, -2)",
            "CREATE TABLE instants (t TIMESTAMP NOT NULL) PARTITION BY RANGE (UNIX_TIMESTAMP(t)) \
             (PARTITION a VALUES LESS THAN (UNIX_TIMESTAMP('2024-03-31 02:30:00')), PARTITION b VALUES LESS THAN MAXVALUE)",
            "INSERT INTO instants VALUES ('2024-03-31 02:29:59'), ('2024-03-31 02:30:00')",
            "CREATE TABLE hashes (id INT PRIMARY KEY) PARTITION BY LINEAR KEY (id) PARTITIONS 3",
            "INSERT INTO hashes VALUES (1), (2), (3)",
        ];
        statements.extend(match product {
            Product::MariaDb => [
                "CREATE TABLE aria (id INT PRIMARY KEY, c TEXT) ENGINE=Aria TRANSACTIONAL=1 PAGE_CHECKSUM=1",
                "INSERT INTO aria VALUES (1, 'x')",
                "CREATE TABLE paged (id INT PRIMARY KEY, t TEXT) PAGE_COMPRESSED=1 PAGE_COMPRESSION_LEVEL=3",
            ],
            Product::MySql => [
                "CREATE TABLE archive (id INT AUTO_INCREMENT, c TEXT, KEY (id)) ENGINE=ARCHIVE",
                "INSERT INTO archive VALUES (3, 'x'), (9, NULL)",
                "CREATE TABLE paged (id INT PRIMARY KEY, t TEXT) COMPRESSION='zlib'",
            ],
        });
        round_trips(product, "tables_engines", &statements);
        assert_eq!(restored(product, "SELECT COUNT(*) FROM tables_engines.instants PARTITION (a)"), "1");
    }
}

#[test]
fn as_many_columns_as_an_engine_takes() {
    for product in Product::ALL {
        let columns = |count: usize| (1..=count).map(|n| format!("c{n} TINYINT")).collect::<Vec<_>>().join(", ");
        let engine = if product == Product::MariaDb { "Aria" } else { "MyISAM" };
        let values = vec!["7"; 1500].join(",");
        round_trips(
            product,
            "tables_wide",
            &[
                &format!("CREATE TABLE wide ({}) ENGINE={engine}", columns(1500)),
                &format!("INSERT INTO wide VALUES ({values})"),
                "INSERT INTO wide (c1500) VALUES (9)",
                // InnoDB's limit.
                &format!("CREATE TABLE innodb ({})", columns(1017)),
                "INSERT INTO innodb (c1017) VALUES (9)",
            ],
        );
    }
}

#[test]
fn databases_without_tables() {
    for product in Product::ALL {
        let (first, second) = ("tables_none", "tables_none too é");
        make(source(product), first, &["ALTER DATABASE tables_none CHARACTER SET gbk COLLATE gbk_bin"]);
        make(source(product), second, &[]);
        for database in [first, second] {
            load(product, &dump_of(product, database, &[]), &[]);
            assert_same(product, database);
        }
    }
}
