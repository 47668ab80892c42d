//! Texts in definitions, which SHOW CREATE TABLE does not show as they are.

use crate::support::dump::{dump, make};
use crate::support::fidelity::{restored, round_trips};
use crate::support::load::load;
use harness::server::{Product, source};

#[test]
fn defaults_of_any_bytes_and_digits() {
    for product in Product::ALL {
        let expressions = match product {
            Product::MariaDb => "x TEXT DEFAULT CONCAT('é😀', '\\\\', ''''), y BLOB DEFAULT x'ff00'",
            Product::MySql => "x TEXT DEFAULT (CONCAT('é😀', '\\\\', '''')), y BLOB DEFAULT (x'ff00')",
        };
        round_trips(
            product,
            "tables_defaults",
            &[
                &format!(
                    "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20) DEFAULT 'a😀é\\\\b''c\"d\\n;\\n?', \
                     n VARCHAR(9) NOT NULL DEFAULT '😀', l VARCHAR(9) CHARACTER SET latin1 DEFAULT 'é?', \
                     g CHAR(5) CHARACTER SET gbk DEFAULT '中', u VARCHAR(5) CHARACTER SET utf16 DEFAULT '😀', \
                     w CHAR(5) CHARACTER SET utf32 DEFAULT '?', q VARCHAR(9) DEFAULT '0x41', e VARCHAR(9) DEFAULT '', \
                     b BINARY(4) DEFAULT x'ff00', vb VARBINARY(9) DEFAULT x'00ff5c270a0d1a', nb VARBINARY(5) NOT NULL \
                     DEFAULT x'80', a VARBINARY(9) DEFAULT 'abc', z BINARY(2) DEFAULT '', bt BIT(9) DEFAULT b'101', \
                     f FLOAT DEFAULT 16777217, f2 FLOAT NOT NULL DEFAULT 0.10000001, f3 FLOAT DEFAULT -1e-60, \
                     f4 FLOAT(9,3) DEFAULT 123456.125, d DOUBLE DEFAULT 0.30000000000000004, \
                     dd DECIMAL(65,30) DEFAULT -0.000000000000000000000000000001, y4 YEAR DEFAULT 1901, \
                     tm TIME(6) DEFAULT '-838:59:58.999999', dt DATETIME DEFAULT 0, \
                     ts TIMESTAMP(6) NULL DEFAULT '2024-03-31 02:30:00.5', {expressions})"
                ),
                "INSERT INTO t (id) VALUES (1)",
                "CREATE TABLE `empty` LIKE t",
            ],
        );
        // Not only does the text say the same: new rows get the same values.
        let mut target = harness::server::target(product).client();
        target.run("INSERT INTO tables_defaults.t (id) VALUES (2)");
        let columns = "HEX(v), HEX(n), HEX(l), HEX(g), HEX(u), HEX(b), HEX(vb), HEX(nb), f*1e0, f2*1e0, ATAN2(f3, -1), d, ts, HEX(x), HEX(y)";
        let row = |id: &str| {
            target_row(product, &format!("SELECT CONCAT_WS(',', {columns}) FROM tables_defaults.t WHERE id = {id}"))
        };
        assert_eq!(row("2"), row("1"), "{product:?}");
        assert!(row("2").starts_with("61F09F9880C3A95C6227632264"), "{}", row("2"));
    }
}

fn target_row(product: Product, query: &str) -> String {
    restored(product, query)
}

/// Of an empty table's NOT NULL column, no query tells the default.
#[test]
fn a_default_that_no_query_tells_is_warned_of() {
    let database = "tables_untold";
    let statements = [
        "CREATE TABLE t (v VARCHAR(9) NOT NULL DEFAULT '😀')",
        "CREATE TABLE plain (v VARCHAR(9) NOT NULL DEFAULT 'é')",
    ];
    make(source(Product::MariaDb), database, &statements);
    let dir = harness::program::WorkDir::new();
    let output = crate::support::dump::mydumper(source(Product::MariaDb), &dir).args(["-B", database]).ok();
    let expected = "[WARNING] table tables_untold.t, column v: the server shows this literal inexactly, and the \
                    table has no row to read it from: '?'";
    assert_eq!(output.stderr.matches("[WARNING]").count(), 1, "{}", output.stderr);
    assert!(output.stderr.contains(expected), "{}", output.stderr);
    // With a row, one does.
    source(Product::MariaDb).client().run("INSERT INTO tables_untold.t VALUES ()");
    let dir = dump(source(Product::MariaDb), &["-B", database]);
    assert!(dir.read_text("tables_untold.t-schema.sql").contains("`v` varchar(9) NOT NULL DEFAULT '😀'"));
    load(Product::MariaDb, &dir, &[]);
    crate::support::load::assert_same(Product::MariaDb, database);
}

#[test]
fn generated_columns_and_checks_in_any_character_set() {
    for product in Product::ALL {
        let mut statements = vec![
            "CREATE TABLE g (id INT PRIMARY KEY, v VARCHAR(40), b VARBINARY(9), j JSON, c VARCHAR(90) AS (CONCAT(v, '😀é\\\\''\"', '\\n\\t')) VIRTUAL, \
             s VARCHAR(90) AS (CONCAT(v, '中', '%_\\\\_')) STORED, k VARCHAR(30) AS (JSON_UNQUOTE(JSON_EXTRACT(j, '$.\"é😀\"'))) STORED, \
             CHECK (v <> '😀é\\\\''\"' AND v NOT LIKE 'a\\\\_b\\\\%' ESCAPE '|'), CHECK (b <> x'ff005c27'), KEY (k), KEY (c))",
            "INSERT INTO g (id, v, j) VALUES (1, 'a', '{\"é😀\": \"x\"}'), (2, 'é', NULL)",
        ];
        if product == Product::MySql {
            statements.extend([
                "CREATE TABLE introducers (a VARCHAR(20) CHARACTER SET sjis, b VARCHAR(9) CHARACTER SET sjis AS (CONCAT(a, _sjis x'835c27')), \
                 l VARCHAR(9) CHARACTER SET latin1 AS (CONCAT(_latin1 x'e9', 'a')), d VARCHAR(30) CHARACTER SET gbk DEFAULT (_gbk x'815c'), \
                 CHECK (a <> _sjis x'835c'), CHECK (a <> _utf16 x'4e2d'))",
                "INSERT INTO introducers (a) VALUES (_sjis x'835c835c')",
                "CREATE TABLE functional (v VARCHAR(20), KEY ((CONCAT(v, '😀é'))))",
            ]);
        }
        round_trips(product, "tables_expressions", &statements);
        assert_eq!(
            restored(product, "SELECT HEX(c) FROM tables_expressions.g WHERE id = 1"),
            "61F09F9880C3A95C27220A09"
        );
    }
}

#[test]
fn comments_names_and_attributes() {
    for product in Product::ALL {
        round_trips(
            product,
            "tables_comments",
            &[
                "CREATE TABLE t (`select` INT COMMENT 'it''s \\\\ \\n;\\n -- \"é中\" \\0\\t', `é``中` INT, `a b` INT, `KEY` INT, \
                 `%s\\\\` INT, PRIMARY KEY (`select`), UNIQUE KEY `é k;` (`é``中`) COMMENT 'é\\'', KEY `PRIMARY KEY` (`KEY`)) \
                 COMMENT 'VIEW é中''\\\\\\n;\\n*/ /*!99999 x'",
                "INSERT INTO t VALUES (1, 2, 3, 4, 5)",
                "CREATE TABLE parts (v VARCHAR(20) COLLATE utf8mb4_bin, id INT) PARTITION BY LIST COLUMNS (v) \
                 (PARTITION p1 VALUES IN ('a😀', 'é\\\\''') COMMENT 'é;', PARTITION `p 2` VALUES IN ('z', NULL))",
                "INSERT INTO parts VALUES ('a😀', 1), ('é\\\\''', 2), ('z', 3), (NULL, 4)",
                "CREATE TABLE ranges (v VARBINARY(20)) PARTITION BY RANGE COLUMNS (v) (PARTITION a VALUES LESS THAN (x'00ff'), \
                 PARTITION b VALUES LESS THAN (x'ff5c27'), PARTITION c VALUES LESS THAN (MAXVALUE))",
                "INSERT INTO ranges VALUES (x'00'), (x'01'), (x'ffff')",
            ],
        );
    }
}
