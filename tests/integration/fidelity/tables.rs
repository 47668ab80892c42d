//! Tables come back with all that SHOW CREATE TABLE says of them.

use crate::support::dump::make;
use crate::support::load::{assert_same, dump_of, dumped_with, load, round_trip, streamed};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};
use std::fmt::Write;

#[test]
fn generated_and_invisible_columns() {
    for product in Product::ALL {
        let mut statements = vec![
            "CREATE TABLE computed (id INT PRIMARY KEY, w INT DEFAULT 2, doubled INT AS (w * 2) VIRTUAL, \
             summed INT AS (w + id) STORED, KEY by_doubled (doubled), UNIQUE KEY by_summed (summed))",
            "INSERT INTO computed (id, w) VALUES (1, 5), (2, NULL)",
            "CREATE TABLE invisible (id INT PRIMARY KEY, hidden INT INVISIBLE DEFAULT 9, c INT)",
            "INSERT INTO invisible (id, hidden, c) VALUES (1, 7, 3)",
            "CREATE TABLE keywords (`select` INT, `values` INT, `key` INT, PRIMARY KEY (`key`))",
            "INSERT INTO keywords VALUES (1, 2, 3)",
            "CREATE TABLE expressions (id INT PRIMARY KEY, d VARCHAR(40) DEFAULT (CONCAT('a', 'é;')), \
             u TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
            "INSERT INTO expressions (id) VALUES (1)",
            "INSERT INTO expressions VALUES (2, 'own', '2001-02-03 04:05:06')",
        ];
        if product == Product::MySql {
            statements.extend([
                "SET sql_generate_invisible_primary_key = 1",
                "CREATE TABLE keyless (c INT)",
                "INSERT INTO keyless (my_row_id, c) VALUES (4, 1), (9, 2)",
            ]);
        }
        round_trip(product, "columns", &statements);
    }
}

#[test]
fn auto_increment_zero_and_counters() {
    for product in Product::ALL {
        round_trip(
            product,
            "counters",
            &[
                "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
                "CREATE TABLE zero (id INT AUTO_INCREMENT PRIMARY KEY, c INT)",
                "INSERT INTO zero VALUES (0, 1), (5, 2)",
                "CREATE TABLE ahead (c INT, id BIGINT UNSIGNED AUTO_INCREMENT UNIQUE) AUTO_INCREMENT=1000",
                "CREATE TABLE emptied (id INT AUTO_INCREMENT PRIMARY KEY)",
                "INSERT INTO emptied VALUES (77)",
                "DELETE FROM emptied",
                "CREATE TABLE second (a INT, id INT AUTO_INCREMENT, PRIMARY KEY (a, id)) ENGINE=MyISAM",
                "INSERT INTO second (a) VALUES (1), (1), (2)",
            ],
        );
    }
}

#[test]
fn foreign_keys_to_itself_and_in_circles() {
    for product in Product::ALL {
        round_trip(
            product,
            "circles",
            &[
                "CREATE TABLE self (id INT PRIMARY KEY, boss INT, \
                 FOREIGN KEY (boss) REFERENCES self (id) ON DELETE CASCADE)",
                "SET foreign_key_checks = 0",
                "CREATE TABLE egg (id INT PRIMARY KEY, hen INT, KEY by_hen (hen), CONSTRAINT laid FOREIGN KEY (hen) \
                 REFERENCES hen (id) ON UPDATE SET NULL)",
                "CREATE TABLE hen (id INT PRIMARY KEY, egg INT, \
                 CONSTRAINT hatched FOREIGN KEY (egg) REFERENCES egg (id))",
                "CREATE TABLE pair (a INT, b INT, c INT, KEY later (a, b), \
                 FOREIGN KEY (a, b) REFERENCES z_pair (y, x))",
                "CREATE TABLE z_pair (x INT, y INT, UNIQUE KEY (y, x))",
                "INSERT INTO self VALUES (2, 3), (3, 2)",
                "INSERT INTO egg VALUES (1, 1)",
                "INSERT INTO hen VALUES (1, 1)",
            ],
        );
    }
}

#[test]
fn foreign_keys_across_databases() {
    for product in Product::ALL {
        let (first, second) = ("across_a", "across_b");
        make(source(product), second, &["CREATE TABLE parent (id INT PRIMARY KEY)", "INSERT INTO parent VALUES (1)"]);
        make(
            source(product),
            first,
            &[
                "CREATE TABLE child (id INT, FOREIGN KEY (id) REFERENCES across_b.parent (id))",
                "INSERT INTO child VALUES (1)",
                "CREATE VIEW v AS SELECT id FROM across_b.parent",
            ],
        );
        let dir = crate::support::dump::dump(source(product), &["-B", "across_a,across_b"]);
        load(product, &dir, &[]);
        assert_same(product, first);
        assert_same(product, second);
    }
}

#[test]
fn engines_and_partitions() {
    for product in Product::ALL {
        let mut statements = vec![
            "CREATE TABLE isam (id INT PRIMARY KEY, c VARCHAR(9), KEY (c), FULLTEXT KEY (c)) ENGINE=MyISAM",
            "INSERT INTO isam VALUES (1, 'a'), (2, 'b')",
            "CREATE TABLE memory (id INT PRIMARY KEY, c INT, KEY USING BTREE (c)) ENGINE=MEMORY",
            "INSERT INTO memory VALUES (1, 2)",
            "CREATE TABLE csv (id INT NOT NULL, c VARCHAR(20) NOT NULL) ENGINE=CSV",
            "INSERT INTO csv VALUES (1, 'a\"b,c\\\\')",
            "CREATE TABLE ranges (id INT NOT NULL, d DATE NOT NULL, PRIMARY KEY (id, d), KEY (d)) \
             PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 \
             (PARTITION p0 VALUES LESS THAN (2000), PARTITION `p 1` VALUES LESS THAN MAXVALUE COMMENT 'rest;')",
            "INSERT INTO ranges VALUES (1, '1999-01-01'), (2, '2020-02-02')",
            "CREATE TABLE lists (id INT, k INT) PARTITION BY LIST (k) \
             (PARTITION a VALUES IN (1, NULL), PARTITION b VALUES IN (2))",
            "INSERT INTO lists VALUES (1, 1), (2, NULL), (3, 2)",
            "CREATE TABLE dynamic (id INT PRIMARY KEY) ROW_FORMAT=DYNAMIC STATS_PERSISTENT=0 COMMENT='VIEW'",
            "CREATE TABLE view_too (id INT PRIMARY KEY) COMMENT='VIEW'",
            "INSERT INTO view_too VALUES (1)",
            "CREATE TABLE nothing (id INT PRIMARY KEY)",
        ];
        statements.extend(match product {
            Product::MariaDb => [
                "CREATE TABLE aria (id INT PRIMARY KEY, c TEXT) ENGINE=Aria TRANSACTIONAL=1",
                "INSERT INTO aria VALUES (1, 'x')",
            ],
            Product::MySql => {
                ["CREATE TABLE archive (id INT, c TEXT) ENGINE=ARCHIVE", "INSERT INTO archive VALUES (1, 'x')"]
            }
        });
        round_trip(product, "engines", &statements);
    }
}

#[test]
fn keys_of_all_kinds() {
    for product in Product::ALL {
        let mut statements = vec![
            "CREATE TABLE k (id INT, a VARCHAR(100), b TEXT, g POINT NOT NULL, n INT UNIQUE, PRIMARY KEY (id, n), \
             KEY prefix (a(10), b(20)), KEY descending (n DESC, id), FULLTEXT KEY words (a, b), FULLTEXT KEY (b), \
             SPATIAL KEY (g), UNIQUE KEY `odd``name;` (a, id) COMMENT 'it''s', KEY n2 (n))",
            "INSERT INTO k VALUES (1, 'x', 'y', POINT(1, 2), 3)",
            "CREATE TABLE keyless (a INT, b INT)",
            "INSERT INTO keyless VALUES (1, 1), (1, 1), (NULL, NULL)",
            "CREATE TABLE nullable (a INT, UNIQUE KEY (a))",
            "INSERT INTO nullable VALUES (NULL), (NULL), (1)",
            "CREATE TABLE checked (a INT CHECK (a > 0), b INT, CONSTRAINT `b;c` CHECK (b <> 5 AND a <> 'é'))",
            "INSERT INTO checked VALUES (1, 1)",
        ];
        statements.extend(match product {
            Product::MariaDb => [
                "CREATE TABLE own (id INT PRIMARY KEY, a INT, b TEXT, UNIQUE KEY (b), KEY i (a) IGNORED)",
                "CREATE TABLE history (id INT PRIMARY KEY, c INT) WITH SYSTEM VERSIONING",
            ],
            Product::MySql => [
                "CREATE TABLE own (id INT PRIMARY KEY, a INT, j JSON, KEY f ((a * 2), (a + id) DESC), \
                 KEY i (a) INVISIBLE, KEY m ((CAST(j->'$.x' AS UNSIGNED ARRAY))))",
                "INSERT INTO own VALUES (1, 2, '{\"x\": [1, 2]}')",
            ],
        });
        round_trip(product, "keys", &statements);
    }
}

#[test]
fn rows_that_break_a_check_made_later() {
    for product in Product::ALL {
        let mut statements = vec!["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (-1), (1)"];
        match product {
            Product::MariaDb => statements.push("SET check_constraint_checks = 0"),
            Product::MySql => {}
        }
        statements.push(match product {
            Product::MariaDb => "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)",
            Product::MySql => "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0) NOT ENFORCED",
        });
        round_trip(product, "checks", &statements);
    }
}

#[test]
fn a_thousand_columns_and_no_rows() {
    for product in Product::ALL {
        let mut create = "CREATE TABLE wide (id INT PRIMARY KEY".to_owned();
        (1..=1000).for_each(|n| write!(create, ", column_{n} TINYINT").unwrap());
        create.push(')');
        round_trip(product, "wide_table", &[&create, "INSERT INTO wide (id, column_1000) VALUES (1, 9)"]);

        make(source(product), "no_tables", &["ALTER DATABASE no_tables CHARACTER SET latin1 COLLATE latin1_bin"]);
        load(product, &dump_of(product, "no_tables", &[]), &[]);
        assert_same(product, "no_tables");
    }
}

#[test]
fn archive_tables_with_a_counter() {
    // MariaDB of Debian has no ARCHIVE engine loaded.
    let (product, database) = (Product::MySql, "archive_counter");
    let statements = [
        "CREATE TABLE many (id INT AUTO_INCREMENT PRIMARY KEY, c VARCHAR(9)) ENGINE=ARCHIVE",
        "INSERT INTO many (c) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) \
         SELECT 'x' FROM n",
        "INSERT INTO many VALUES (500, 'gap')",
        "CREATE TABLE plain (id INT) ENGINE=ARCHIVE",
        "INSERT INTO plain VALUES (2), (1)",
    ];
    let dir = dumped_with(product, database, &statements, &["--rows", "10"]);
    load(product, &dir, &["--threads=8", "--max-threads-per-table=8"]);
    assert_same(product, database);
    let place = WorkDir::new();
    let loader = Program::myloader().server(target(product)).args(["--stream", "-o", "--threads=8"]);
    loader.stdin(streamed(product, database)).current_dir(place.path()).ok();
    assert_same(product, database);
}

#[test]
fn foreign_keys_to_columns_without_a_unique_key() {
    for product in Product::ALL {
        let mut statements = vec![
            "CREATE TABLE parent (a INT, KEY (a))",
            "CREATE TABLE child (a INT, FOREIGN KEY (a) REFERENCES parent (a))",
            "INSERT INTO parent VALUES (1), (1)",
            "INSERT INTO child VALUES (1)",
        ];
        if product == Product::MySql {
            statements.insert(0, "SET SESSION restrict_fk_on_non_standard_key = OFF");
        }
        round_trip(product, "foreign_not_unique", &statements);
    }
}
