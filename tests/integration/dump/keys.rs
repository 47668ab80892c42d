//! Tables are cut by keys of every type, at values that are there; the chunks are whole, and ranges of the key to the
//! server's optimizer.

use crate::support::dump::{make, mydumper, row_files};
use crate::support::load::{assert_same, load};
use harness::program::WorkDir;
use harness::server::{self, Product, Server};
use harness::sql::{Client, text};

/// How many rows each table has, in chunks of 100.
const ROWS: usize = 1000;

/// A table: its columns and key, and how the values of its n-th row are made.
type Table = (&'static str, &'static str, &'static str);

/// That are cut into chunks.
const CUT: &[Table] = &[
    ("pairs", "a INT, b BIGINT, PRIMARY KEY (a, b)", "n DIV 400, n * 3"),
    ("few_firsts", "a TINYINT, b INT, c INT, PRIMARY KEY (a, b, c)", "n % 2, n DIV 500 - 1, n"),
    (
        "mixed",
        "a CHAR(3), b DATE, c INT, PRIMARY KEY (a, b, c)",
        "CHAR(65 + n % 3), '2024-02-28' + INTERVAL n % 2 DAY, n",
    ),
    ("descending", "a INT, b INT, PRIMARY KEY (a, b DESC)", "n % 3, n"),
    ("text_ci", "t VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY", KUNDEN),
    ("text_bin", "t VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY", KUNDEN),
    ("text_latin1", "t CHAR(40) CHARACTER SET latin1 PRIMARY KEY", KUNDEN),
    ("text_utf16", "t VARCHAR(40) CHARACTER SET utf16 PRIMARY KEY", KUNDEN),
    ("text_ucs2", "t VARCHAR(40) CHARACTER SET ucs2 COLLATE ucs2_bin PRIMARY KEY", KUNDEN),
    ("text_gbk", "t VARCHAR(40) CHARACTER SET gbk PRIMARY KEY", "CONCAT('客户', n % 7, '\\'\\\\ ', n)"),
    ("with_empty", "t VARCHAR(40) CHARACTER SET sjis, n INT, PRIMARY KEY (t, n)", "IF(n % 2, '', 'ｿ'), n"),
    ("bin", "b BINARY(16) PRIMARY KEY", "UNHEX(LEFT(SHA2(n, 256), 32))"),
    ("varbin", "b VARBINARY(20) PRIMARY KEY", "CONCAT(REPEAT(CHAR(0), n % 5), n)"),
    ("decimals", "d DECIMAL(65,30) PRIMARY KEY", "(n - 500) / 7 * 100000000000000000000"),
    (
        "dates",
        "d DATE, n INT, PRIMARY KEY (d, n)",
        "ELT(n % 4 + 1, '0000-00-00', '2024-00-00', '2024-02-30', '9999-12-31'), n",
    ),
    ("datetimes", "d DATETIME(6) PRIMARY KEY", "'1999-12-31 23:59:59.999' + INTERVAL n * 123456 MICROSECOND"),
    ("timestamps", "d TIMESTAMP(3) PRIMARY KEY", "'2024-10-27 00:00:00' + INTERVAL n * 10 SECOND"),
    ("times", "d TIME(2) PRIMARY KEY", "SEC_TO_TIME(n * 6000.25 - 3000000)"),
    ("years", "y YEAR, n INT, PRIMARY KEY (y, n)", "IF(n % 4, 1901 + n % 200, 0), n"),
    ("no_primary", "a INT NOT NULL, b INT NOT NULL, UNIQUE u (b), UNIQUE v (a, b)", "n % 3, -n"),
    ("big_holes", "i BIGINT UNSIGNED PRIMARY KEY", "IF(n < 990, n, 18446744073709551615 - n)"),
];

/// That MariaDB has in addition.
const MARIADB: &[Table] = &[
    ("uuids", "u UUID PRIMARY KEY", "CONCAT(LPAD(HEX(n * 65537 % 9999991), 8, '0'), '-0000-1000-8000-000000000000')"),
    ("addresses", "i INET6 PRIMARY KEY", "CONCAT('2001:db8::', HEX(n))"),
    ("nopad", "t VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_nopad_ci PRIMARY KEY", KUNDEN),
    ("aria", "i INT PRIMARY KEY) ENGINE=Aria COMMENT=('x'", "n"),
];

/// That MySQL has in addition.
const MYSQL: &[Table] = &[
    ("ai_ci", "t VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci PRIMARY KEY", KUNDEN),
    ("functional", "a INT NOT NULL, UNIQUE x ((a + 1)), UNIQUE y (a)", "n"),
];

/// That stay whole: no key, or none whose values can be compared with literals in the index's order.
const WHOLE: &[Table] = &[
    ("keyless", "a INT", "n"),
    ("nullable", "a INT, UNIQUE (a)", "NULLIF(n, 5)"),
    ("half_nullable", "a INT NOT NULL, b INT, UNIQUE (a, b)", "n, NULLIF(n, 5)"),
    ("not_unique", "a INT NOT NULL, KEY (a)", "n DIV 2"),
    ("floats", "f FLOAT PRIMARY KEY", "n / 7"),
    ("enums", "e ENUM('b', 'a'), n INT, PRIMARY KEY (e, n)", "n % 2 + 1, n"),
    ("prefixes", "t VARCHAR(40), UNIQUE (t(3)), PRIMARY KEY (t(5))", "LPAD(n, 3, '0')"),
    ("hashed", "i INT, PRIMARY KEY USING HASH (i)) ENGINE=MEMORY COMMENT=('x'", "n"),
];

/// That stay whole on MariaDB: the index has the blanks that fill a CHAR, a comparison has not, and a tab is less than one.
const MARIADB_WHOLE: &[Table] = &[(
    "nopad_char",
    "t CHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PRIMARY KEY",
    "CONCAT(n DIV 2, IF(n % 2, CHAR(9), ''))",
)];

const KUNDEN: &str = "CONCAT(CHAR(75 + n % 3), IF(n % 2, 'ünde \\'', 'UNDE \\\\'), n)";

/// `ENGINE` and the like stand after the columns' parenthesis.
fn create((name, columns, _): &Table) -> String {
    match columns.split_once(") ENGINE=") {
        Some((columns, engine)) => {
            format!("CREATE TABLE {name} ({columns}) ENGINE={}", engine.replace("=('x'", " 'x'"))
        }
        None => format!("CREATE TABLE {name} ({columns})"),
    }
}

fn fill(client: &mut Client, table: &Table) {
    client.run(create(table));
    let (name, _, values) = table;
    let numbers = "(WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 999) SELECT n FROM r) s";
    client.run(format!("INSERT INTO {name} SELECT {values} FROM {numbers}"));
    client.run(format!("ANALYZE TABLE {name}"));
    assert_eq!(client.scalar(format!("SELECT COUNT(*) FROM {name}")), ROWS.to_string(), "{name}");
}

fn is_cut(server: &Server) -> Vec<Table> {
    let own = if server.product() == Product::MariaDb { MARIADB } else { MYSQL };
    CUT.iter().chain(own).copied().collect()
}

/// The type of access and the key that the optimizer chooses.
fn explained(client: &mut Client, product: Product, statement: &str) -> (String, String) {
    let format = if product == Product::MySql { "FORMAT=TRADITIONAL " } else { "" };
    let row = client.query(format!("EXPLAIN {format}{statement}")).remove(0);
    // MySQL has a column for partitions before the type.
    let first = if product == Product::MySql { 4 } else { 3 };
    (text(&row[first]), text(&row[first + 2]))
}

#[test]
fn keys_of_every_type_are_cut_into_ranges() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(server, "cut_keys", &[]);
        let cut = is_cut(server);
        let more = if product == Product::MariaDb { MARIADB_WHOLE } else { &[] };
        let whole: Vec<Table> = WHOLE.iter().chain(more).copied().collect();
        cut.iter().chain(&whole).for_each(|table| fill(&mut client, table));
        let dir = WorkDir::new();
        let dumped = mydumper(server, &dir).args(["-B", "cut_keys", "--rows", "100", "-v", "3"]).ok();
        for (name, ..) in &cut {
            let files = row_files(&dir, "cut_keys", name);
            assert!((5..=25).contains(&files.len()), "{product:?} {name}: {files:?}");
            for file in &files {
                let rows = dir.read(file).split(|byte| *byte == b'\n').filter(|line| line.ends_with(b")")).count();
                // Aria estimates by blocks of its index.
                let most = if *name == "aria" { 500 } else { 250 };
                assert!((1..=most).contains(&rows), "{product:?} {file}: {rows} rows");
            }
        }
        for (name, ..) in &whole {
            assert_eq!(row_files(&dir, "cut_keys", name).len(), 1, "{product:?} {name}");
        }
        // Tables without rows in the range answer without looking at them.
        let mut ranges = 0;
        for line in dumped.stderr.lines() {
            let Some((_, task)) = line.split_once("reading rows of cut_keys.") else { continue };
            let Some((chunk, predicate)) = task.split_once(", where ") else { continue };
            let table = chunk.split(',').next().unwrap();
            let (access, key) = explained(&mut client, product, &format!("SELECT * FROM {table} WHERE {predicate}"));
            let index = if table == "no_primary" {
                "u"
            } else if table == "functional" {
                "y"
            } else {
                "PRIMARY"
            };
            if access != "NULL" {
                assert!(["range", "ref", "const"].contains(&access.as_str()), "{product:?} {line}: {access}");
                assert_eq!(key, index, "{product:?} {line}");
                ranges += 1;
            }
        }
        assert!(ranges > 8 * cut.len(), "{product:?}: {ranges}");
        load(product, &dir, &[]);
        assert_same(product, "cut_keys");
    }
}

#[test]
fn timestamps_are_no_key_where_an_hour_comes_twice() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(server, "keys_zone", &["SET time_zone = '+00:00'"]);
        fill(&mut client, &("t", "d TIMESTAMP PRIMARY KEY", "'2024-10-27 00:00:00' + INTERVAL n * 10 SECOND"));
        for (options, files) in [(&["--skip-tz-utc"][..], 1..=1), (&[], 8..=12)] {
            let dir = WorkDir::new();
            mydumper(server, &dir).args(["-B", "keys_zone", "--rows", "100"]).args(options).ok();
            let found = row_files(&dir, "keys_zone", "t").len();
            assert!(files.contains(&found), "{product:?} {options:?}: {found}");
        }
    }
}

#[test]
fn single_columns_and_paces_as_options_ask() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(server, "keys_paced", &[]);
        fill(&mut client, &("t", "a INT, b INT, PRIMARY KEY (a, b)", "n DIV 500, n"));
        fill(&mut client, &("u", "a INT PRIMARY KEY", "n"));
        let files = |options: &[&str]| {
            let dir = WorkDir::new();
            mydumper(server, &dir).args(["-B", "keys_paced", "--threads", "1"]).args(options).ok();
            let count = |table| row_files(&dir, "keys_paced", table).len();
            (count("t"), count("u"))
        };
        // Two values of the first column.
        assert_eq!(files(&["--rows", "100", "--use-single-column"]).0, 2, "{product:?}");
        // The SELECT of so few rows takes no second: 50, 100, 200, 400, and what is left.
        assert!((4..=6).contains(&files(&["--rows", "10:50:0"]).1), "{product:?}");
        assert!((18..=22).contains(&files(&["--rows", "50"]).1), "{product:?}");
        assert_eq!(files(&[]), (1, 1), "{product:?}");
    }
}
