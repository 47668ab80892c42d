//! How rows are cut: into chunks by integer keys, into pieces by `--chunk-filesize`, into statements.

use crate::support::dump::{ROWS_HEAD, dump, make, metadata_value, restore, row_files};
use harness::compare;
use harness::program::WorkDir;
use harness::server::{self, Product, Server};

/// `(SELECT n …)` with n from 0 to 999.
const THOUSAND: &str = "(WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 999) \
                        SELECT n FROM r) numbers";

/// Restores the tables from their files, definition and rows, beside the original and compares them. A row that is
/// there twice meets the primary key.
#[track_caller]
fn assert_complete(dir: &WorkDir, server: &Server, database: &str, tables: &[&str]) {
    let copy = format!("{database}_copy");
    for table in tables {
        let mut files = vec![format!("{database}.{table}-schema.sql")];
        files.extend(row_files(dir, database, table));
        restore(dir, &files, server, &copy);
    }
    let found = compare::row_differences(server, database, server, &copy);
    assert_eq!(found, Vec::<String>::new(), "{:?}", server.product());
    let metadata = dir.read_text("metadata");
    for (table, rows) in compare::row_counts(server, database) {
        let section = format!("[`{database}`.`{table}`]\nreal_table_name={table}\nrows = {rows}\n");
        assert!(metadata.contains(&section), "{section}: {metadata}");
    }
}

#[test]
fn chunks_of_integer_keys_tile_the_table() {
    // How the n-th key is made: negative, at both ends of the types, with large holes, and many with few values.
    let tables = [
        ("negative", "BIGINT", "n * 1000 - 500000"),
        ("signed_ends", "BIGINT", "IF(n < 500, -9223372036854775808 + n, 9223372036854775807 - n)"),
        ("unsigned_end", "BIGINT UNSIGNED", "18446744073709551615 - n"),
        ("unsigned_all", "BIGINT UNSIGNED", "CAST(n AS UNSIGNED) * 18465209282992544"),
        ("holes", "INT", "IF(n < 998, n, n * 2000000)"),
        ("small", "SMALLINT UNSIGNED", "n * 65"),
    ];
    for product in Product::ALL {
        let server = server::source(product);
        make(server, "chunks", &[]);
        let mut client = server.client();
        client.run("USE chunks");
        for (table, key, expression) in tables {
            client.run(format!("CREATE TABLE {table} (id {key} PRIMARY KEY, b INT)"));
            client.run(format!("INSERT INTO {table} SELECT {expression}, n FROM {THOUSAND}"));
            client.run(format!("ANALYZE TABLE {table}"));
        }
        client.run("CREATE TABLE pairs (a INT, b INT, PRIMARY KEY (a, b))");
        client.run(format!("INSERT INTO pairs SELECT n DIV 100, n FROM {THOUSAND}"));
        client.run("ANALYZE TABLE pairs");
        let dir = dump(server, &["-B", "chunks", "--rows", "100"]);
        let names: Vec<&str> = tables.iter().map(|(table, ..)| *table).chain(["pairs"]).collect();
        assert_complete(&dir, server, "chunks", &names);
        for table in names {
            // The number of chunks follows the rows, whatever the gaps between their keys.
            let files = row_files(&dir, "chunks", table);
            assert!((6..=20).contains(&files.len()), "{product:?} {table}: {files:?}");
        }
        assert_eq!(
            row_files(&dir, "chunks", "negative"),
            (0..10).map(|n| format!("chunks.negative.{n:05}.sql")).collect::<Vec<_>>(),
            "{product:?}"
        );
    }
}

#[test]
fn chunks_follow_the_number_of_rows_of_now() {
    for product in Product::ALL {
        let server = server::source(product);
        make(server, "grown", &["CREATE TABLE t (id INT PRIMARY KEY) STATS_AUTO_RECALC=0"]);
        let mut client = server.client();
        // MySQL remembers for a day what it answers here.
        client.query("SELECT TABLE_ROWS, DATA_LENGTH FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'grown'");
        client.run(format!("INSERT INTO grown.t SELECT n FROM {THOUSAND}"));
        // What InnoDB's own thread does some seconds later.
        client.run("UPDATE mysql.innodb_table_stats SET n_rows = 1000 WHERE database_name = 'grown'");
        let dir = dump(server, &["-B", "grown", "--rows", "100"]);
        let files = row_files(&dir, "grown", "t");
        assert_eq!(files.len(), 10, "{product:?}: {files:?}");
        assert_complete(&dir, server, "grown", &["t"]);
    }
}

#[test]
fn chunk_filesize_cuts_a_chunk_into_numbered_pieces() {
    for product in Product::ALL {
        let server = server::source(product);
        let fill = format!("INSERT INTO t SELECT n, REPEAT(CHAR(65 + n % 26), 200) FROM {THOUSAND}");
        make(server, "pieces", &["CREATE TABLE t (id INT PRIMARY KEY, b TEXT)", &fill]);
        let dir = dump(server, &["-B", "pieces", "--chunk-filesize", "64k", "--statement-size", "10000"]);
        let files = row_files(&dir, "pieces", "t");
        let expected = ["00000.00001", "00000.00002", "00000.00003", "00000"].map(|n| format!("pieces.t.{n}.sql"));
        assert_eq!(files, expected, "{product:?}");
        for file in &files {
            let length = dir.read(file).len();
            let last = file == "pieces.t.00000.00003.sql";
            // A piece ends with the first statement that reaches the size.
            assert!(length < 65536 + 10000 && (last || length >= 65536), "{product:?} {file}: {length}");
            assert!(dir.read_text(file).starts_with(ROWS_HEAD), "{product:?} {file}");
        }
        assert_complete(&dir, server, "pieces", &["t"]);
    }
}

#[test]
fn a_statement_has_the_asked_size_or_one_row() {
    for product in Product::ALL {
        let server = server::source(product);
        let fill = format!("INSERT INTO t SELECT n, REPEAT('''', n % 50 * IF(n = 777, 100, 1)) FROM {THOUSAND}");
        let large =
            "INSERT INTO large SELECT n, REPEAT('x', n * 600000) FROM (SELECT 1 n UNION SELECT 2 UNION SELECT 5) s";
        make(
            server,
            "sizes",
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, b TEXT)",
                &fill,
                "CREATE TABLE large (id INT PRIMARY KEY, b LONGTEXT)",
                large,
            ],
        );
        let dir = dump(server, &["-B", "sizes", "--statement-size", "2000"]);
        assert_complete(&dir, server, "sizes", &["t", "large"]);
        let text = dir.read_text("sizes.t.00000.sql");
        let statements: Vec<&str> = text.strip_prefix(ROWS_HEAD).unwrap().split_inclusive("\n;\n").collect();
        for pair in statements.windows(2) {
            assert!(pair[0].len() <= 2000 || pair[0].lines().count() == 2, "{product:?}: {}", pair[0]);
            // It was not cut earlier than it had to be: the next row would not have fitted any more.
            let next = pair[1].lines().next().unwrap().trim_start_matches("INSERT INTO `t` VALUES");
            assert!(pair[0].len() + "\n,".len() + next.len() > 2000, "{product:?}: {}", pair[0]);
        }
        let longest = |dir: &WorkDir, file: &str| {
            let text = dir.read_text(file);
            text.strip_prefix(ROWS_HEAD).unwrap().split_inclusive("\n;\n").map(str::len).max().unwrap()
        };
        let expected = longest(&dir, "sizes.large.00000.sql");
        assert!(expected > 3_000_000);
        let size = |dir: &WorkDir| metadata_value(&dir.read_text("metadata"), "max-statement-size").unwrap();
        assert_eq!(size(&dir), expected.to_string(), "{product:?}");

        // As many rows as fit the usual 1,000,000 bytes.
        let dir = dump(server, &["-T", "sizes.t"]);
        let expected = longest(&dir, "sizes.t.00000.sql");
        assert_eq!(
            (dir.read("sizes.t.00000.sql").len() - ROWS_HEAD.len(), size(&dir)),
            (expected, expected.to_string())
        );
    }
}
