//! `--split-partitions` and `--partition-regex`.

use crate::support::dump::{make, metadata_value, mydumper, row_files};
use crate::support::load::{assert_same, load};
use harness::program::WorkDir;
use harness::server::{self, Product};

const NUMBERS: &str =
    "(WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 299) SELECT n FROM r) s";

#[test]
fn each_partition_is_a_chunk() {
    for product in Product::ALL {
        let server = server::source(product);
        make(
            server,
            "partition_each",
            &[
                "CREATE TABLE ranged (id INT PRIMARY KEY, b INT) PARTITION BY RANGE (id) (PARTITION `p``0` VALUES LESS \
                 THAN (100), PARTITION p1 VALUES LESS THAN (200), PARTITION leer VALUES LESS THAN (201), PARTITION p2 \
                 VALUES LESS THAN MAXVALUE)",
                "CREATE TABLE sub (id INT, b INT) PARTITION BY LIST (b) SUBPARTITION BY HASH (id) SUBPARTITIONS 3 \
                 (PARTITION even VALUES IN (0), PARTITION odd VALUES IN (1))",
                "CREATE TABLE hashed (id INT) PARTITION BY HASH (id) PARTITIONS 4",
                "CREATE TABLE plain (id INT PRIMARY KEY)",
                &format!("INSERT INTO ranged SELECT n + IF(n >= 200, 1, 0), n FROM {NUMBERS}"),
                &format!("INSERT INTO sub SELECT n, n % 2 FROM {NUMBERS}"),
                &format!("INSERT INTO hashed SELECT n FROM {NUMBERS}"),
                &format!("INSERT INTO plain SELECT n FROM {NUMBERS}"),
                "ANALYZE TABLE plain",
            ],
        );
        if product == Product::MariaDb {
            let mut client = server.client();
            client.run("USE partition_each");
            client.run("CREATE TABLE past (id INT PRIMARY KEY, b INT) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME");
            client.run("CREATE TABLE kept (id INT, b INT) WITH SYSTEM VERSIONING PARTITION BY HASH (id) PARTITIONS 2");
            for table in ["past", "kept"] {
                client.run(format!("INSERT INTO {table} VALUES (1, 1), (2, 2)"));
                client.run(format!("UPDATE {table} SET b = b + 1 WHERE id = 1"));
            }
        }
        let dir = WorkDir::new();
        mydumper(server, &dir).args(["-B", "partition_each", "--split-partitions", "--rows", "100"]).ok();
        let numbers = |dir: &WorkDir, table: &str| -> Vec<String> {
            let files = row_files(dir, "partition_each", table);
            files.iter().map(|file| file.split('.').nth(2).unwrap().to_owned()).collect()
        };
        // The empty one has no file.
        assert_eq!(numbers(&dir, "ranged"), ["00000", "00001", "00003"], "{product:?}");
        assert_eq!(numbers(&dir, "sub"), ["00000", "00001"], "{product:?}");
        assert_eq!(numbers(&dir, "hashed").len(), 4, "{product:?}");
        assert!(numbers(&dir, "plain").len() > 1, "{product:?}");
        load(product, &dir, &[]);
        assert_same(product, "partition_each");

        // Without the option, ranges of keys, whatever the partitions.
        let dir = WorkDir::new();
        mydumper(server, &dir).args(["-B", "partition_each"]).ok();
        assert_eq!(numbers(&dir, "ranged"), ["00000"], "{product:?}");
    }
}

#[test]
fn partitions_by_their_names() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(
            server,
            "partition_named",
            &[
                "CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p2023 VALUES LESS THAN (10), \
                 PARTITION p2024 VALUES LESS THAN (20), PARTITION P2025 VALUES LESS THAN (30))",
                "INSERT INTO t VALUES (1), (2), (11), (12), (13), (21)",
                "CREATE TABLE none (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2",
                "INSERT INTO none VALUES (1), (2)",
                "CREATE TABLE plain (id INT)",
                "INSERT INTO plain VALUES (1)",
            ],
        );
        let dir = WorkDir::new();
        mydumper(server, &dir).args(["-B", "partition_named", "--partition-regex", "^p(?!2023)20"]).ok();
        let rows = row_files(&dir, "partition_named", "t").iter().map(|file| dir.read_text(file)).collect::<String>();
        let expected = ["VALUES(11)\n,(12)\n,(13)\n;", "VALUES(21)\n;"];
        assert!(expected.iter().all(|text| rows.contains(text)) && !rows.contains("(1)"), "{product:?}: {rows}");
        assert_eq!(row_files(&dir, "partition_named", "none"), [""; 0], "{product:?}");
        assert_eq!(row_files(&dir, "partition_named", "plain").len(), 1, "{product:?}");
        let metadata = dir.read_text("metadata");
        let section = metadata.split_once("[`partition_named`.`t`]").unwrap().1;
        assert_eq!(metadata_value(section, "rows").as_deref(), Some("4"), "{product:?}: {metadata}");
        load(product, &dir, &[]);
        client.run("DELETE FROM t PARTITION (p2023)");
        client.run("DELETE FROM none");
        assert_same(product, "partition_named");

        let stderr = mydumper(server, &WorkDir::new()).args(["--partition-regex", "("]).fails_with(2);
        assert!(stderr.contains("--partition-regex \"(\" is not a valid pattern: "), "{stderr}");
    }
}
