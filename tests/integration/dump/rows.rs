//! Rows as statements: the forms that options choose, columns that are not inserted, order and conditions.

use crate::support::dump::{ROWS_HEAD, dump, make, mydumper, only_line, row_files};
use crate::support::load::load;
use harness::program::WorkDir;
use harness::server::{self, Product, Server};

/// The statements with the rows of the table `t`, without the head of their file.
#[track_caller]
fn rows(server: &Server, database: &str, args: &[&str]) -> String {
    let dir = dump(server, &[&["-B", database], args].concat());
    let file = String::from_utf8_lossy(&dir.read(&format!("{database}.t.00000.sql"))).into_owned();
    file.strip_prefix(ROWS_HEAD).unwrap_or_else(|| panic!("{file}")).to_owned()
}

#[test]
fn statements_in_the_forms_that_options_choose() {
    for product in Product::ALL {
        let server = server::source(product);
        make(
            server,
            "forms",
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, `odd``name` VARBINARY(4), c CHAR(3), b BLOB)",
                "INSERT INTO t VALUES (1, x'00ff', 'x', ''), (2, NULL, NULL, x'0a'), (3, x'27', '''', x'5c')",
            ],
        );
        let plain = "(1,'\\0\u{fffd}','x','')\n,(2,NULL,NULL,'\\n')\n,(3,'\\'','\\'','\\\\')\n;\n";
        let rows = |args: &[&str]| rows(server, "forms", args);
        assert_eq!(rows(&[]), format!("INSERT INTO `t` VALUES{plain}"), "{product:?}");
        assert_eq!(rows(&["--insert-ignore"]), format!("INSERT IGNORE INTO `t` VALUES{plain}"), "{product:?}");
        assert_eq!(rows(&["--replace"]), format!("REPLACE INTO `t` VALUES{plain}"), "{product:?}");
        let columns = "(`id`,`odd``name`,`c`,`b`)";
        assert_eq!(rows(&["--complete-insert"]), format!("INSERT INTO `t` {columns} VALUES{plain}"), "{product:?}");
        let hex = "(1,0x00FF,'x','')\n,(2,NULL,NULL,0x0A)\n,(3,0x27,'\\'',0x5C)\n;\n";
        assert_eq!(rows(&["--hex-blob"]), format!("INSERT INTO `t` VALUES{hex}"), "{product:?}");
        assert_eq!(rows(&["--where", "id > 2 OR b = ''"]), {
            "INSERT INTO `t` VALUES(1,'\\0\u{fffd}','x','')\n,(3,'\\'','\\'','\\\\')\n;\n"
        });
    }
}

#[test]
fn a_condition_holds_in_every_chunk_and_a_wrong_one_is_named() {
    for product in Product::ALL {
        let server = server::source(product);
        let fill = "INSERT INTO t SELECT a.n * 10 + b.n, b.n FROM \
                    (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) a, \
                    (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) b";
        make(server, "conditions", &["CREATE TABLE t (id INT PRIMARY KEY, b INT)", fill, "ANALYZE TABLE t"]);
        // A condition with OR is one condition beside the chunk's own.
        let dir = dump(server, &["-B", "conditions", "--rows", "10", "--where", "b = 1 OR b = 3"]);
        let files: Vec<_> = dir.list().into_iter().filter(|name| name.contains(".t.0")).collect();
        assert!(files.len() > 1, "{product:?}: {files:?}");
        let mut ids: Vec<String> = Vec::new();
        for file in files {
            let text = dir.read_text(&file);
            let rows = text.lines().filter_map(|line| line.split_once('(')?.1.split_once(','));
            ids.extend(rows.map(|(id, _)| id.to_owned()));
        }
        ids.sort();
        assert_eq!(ids, ["1", "11", "13", "21", "23", "3", "31", "33", "41", "43"], "{product:?}");

        let dir = WorkDir::new();
        let stderr = mydumper(server, &dir).args(["-B", "conditions", "--where", "no_such = 1"]).fails_with(4);
        let place = if product == Product::MariaDb { "WHERE" } else { "where clause" };
        let expected = format!(
            "[ERROR] cannot dump rows of conditions.t, chunk 0: server error 1054 (42S22): Unknown column 'no_such' \
             in '{place}'; statement: SELECT "
        );
        assert!(only_line(&stderr).starts_with(&expected), "{product:?}: {stderr}");
        assert!(!dir.list().contains(&"metadata".to_owned()), "{product:?}");
    }
}

/// The first column of all rows of a table in a dump of INSERT statements.
fn ids(dir: &WorkDir, database: &str, table: &str) -> Vec<u32> {
    let files = row_files(dir, database, table).into_iter();
    let text: String = files.map(|file| String::from_utf8_lossy(&dir.read(&file)).into_owned()).collect();
    let rows = text.lines().filter_map(|line| line.split_once('(')?.1.split_once(','));
    let mut ids: Vec<u32> = rows.map(|(id, _)| id.parse().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_condition_finds_what_the_stock_client_finds_in_any_character_set() {
    for product in Product::ALL {
        let server = server::source(product);
        let kinds = [
            "latin1",
            "latin1 COLLATE latin1_bin",
            "cp1251",
            "gbk",
            "sjis",
            "utf16",
            "utf32",
            "ucs2",
            "utf8mb3",
            "utf8mb4",
            "latin2",
            "koi8r",
            "eucjpms",
            "ascii",
            "binary",
        ];
        let texts = ["é", "É", "н", "日", "x", "😀", "e"];
        let mut statements = Vec::new();
        for (number, kind) in kinds.iter().enumerate() {
            statements.push(format!(
                "CREATE TABLE t{number} (id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET {kind}, KEY (a))"
            ));
            for (id, text) in texts.iter().enumerate() {
                statements.push(format!("INSERT IGNORE INTO t{number} VALUES ({id}, '{text}')"));
            }
        }
        let mut client = make(server, "texts", &statements.iter().map(String::as_str).collect::<Vec<_>>());
        client.run("SET NAMES utf8mb4");
        let mut found = 0;
        for text in texts {
            for condition in
                [format!("a = '{text}'"), format!("a LIKE '{text}%' AND id < 100"), format!("a IN ('?', \"{text}\")")]
            {
                let mut expected = Vec::new();
                for number in 0..kinds.len() {
                    // Text that a column's character set cannot have is an error, there as here.
                    let query = format!("SELECT id FROM t{number} WHERE {condition} ORDER BY id");
                    if let Ok(rows) = client.try_query(query) {
                        let rows = rows.iter().map(|row| harness::sql::text(&row[0]).parse().unwrap());
                        expected.push((number, rows.collect::<Vec<u32>>()));
                    }
                }
                let tables: Vec<String> = expected.iter().map(|(number, _)| format!("texts.t{number}")).collect();
                let dir = dump(server, &["-T", &tables.join(","), "--where", &condition]);
                for (number, expected) in expected {
                    let found_here = ids(&dir, "texts", &format!("t{number}"));
                    assert_eq!(found_here, expected, "{product:?} {} {condition}", kinds[number]);
                    found += expected.len();
                }
            }
        }
        assert!(found > 200, "{product:?}: {found}");
        // The case of the report.
        let dir = dump(server, &["-T", "texts.t0", "--where", "a='é'"]);
        let found = ids(&dir, "texts", "t0");
        assert!(found.contains(&0) && found.contains(&1), "{product:?}: {found:?}");
    }
}

#[test]
fn a_limit_behind_the_condition_holds_for_each_table() {
    for product in Product::ALL {
        let server = server::source(product);
        let fill =
            "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 300) SELECT n, 400 - n FROM r";
        let statements = [
            "CREATE TABLE t (id INT PRIMARY KEY, a INT)".to_owned(),
            "CREATE TABLE p (id INT PRIMARY KEY, a INT) PARTITION BY HASH (id) PARTITIONS 3".to_owned(),
            format!("INSERT INTO t {fill}"),
            format!("INSERT INTO p {fill}"),
            "ANALYZE TABLE t, p".to_owned(),
        ];
        make(server, "limited", &statements.iter().map(String::as_str).collect::<Vec<_>>());
        for (condition, options, expected) in [
            ("1=1 limit 2", &["--rows=10"][..], None),
            ("1=1 limit 2", &["--rows=10", "--order-by-primary"], Some(vec![1, 2])),
            ("id > 1 order by id desc limit 1", &["--rows=10", "--order-by-primary"], Some(vec![300])),
            ("id > 1 or id = 1 ORDER BY a LIMIT 3", &["--split-partitions"], Some(vec![298, 299, 300])),
        ] {
            let dir = dump(server, &[&["-B", "limited", "--where", condition], options].concat());
            for table in ["t", "p"] {
                let found = ids(&dir, "limited", table);
                match &expected {
                    Some(expected) => assert_eq!(found, *expected, "{product:?} {condition} {table}"),
                    None => assert_eq!(found.len(), 2, "{product:?} {condition} {table}"),
                }
            }
            load(product, &dir, &["--verify", "--drop-table"]);
        }
    }
}

#[test]
fn the_order_of_the_primary_key() {
    for product in Product::ALL {
        let server = server::source(product);
        make(
            server,
            "ordered",
            &[
                // Read through no index, so in the order of insertion unless asked otherwise.
                "CREATE TABLE t (c INT, b INT, a INT, PRIMARY KEY (a, b)) ENGINE=MyISAM",
                "INSERT INTO t VALUES (0, 2, 2), (0, 1, 2), (0, 3, 1), (0, 9, 0), (0, 1, 1)",
            ],
        );
        assert_eq!(
            rows(server, "ordered", &[]),
            "INSERT INTO `t` VALUES(0,2,2)\n,(0,1,2)\n,(0,3,1)\n,(0,9,0)\n,(0,1,1)\n;\n"
        );
        assert_eq!(
            rows(server, "ordered", &["--order-by-primary"]),
            "INSERT INTO `t` VALUES(0,9,0)\n,(0,1,1)\n,(0,3,1)\n,(0,1,2)\n,(0,2,2)\n;\n",
            "{product:?}"
        );
    }
}

#[test]
fn generated_columns_are_left_out_and_invisible_ones_named() {
    for product in Product::ALL {
        let server = server::source(product);
        make(
            server,
            "column_lists",
            &[
                "CREATE TABLE t (a INT, twice INT AS (a * 2) VIRTUAL, kept INT AS (a + 1) STORED, b INT DEFAULT (1 + 1))",
                "INSERT INTO t (a) VALUES (1)",
                "CREATE TABLE t2 (a INT, hidden INT INVISIBLE DEFAULT 7)",
                "INSERT INTO t2 (a, hidden) VALUES (1, 2)",
                "CREATE TABLE t3 (a INT DEFAULT (1 + 1), at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
                "INSERT INTO t3 VALUES (1, NULL)",
                "CREATE TABLE t4 (hidden INT INVISIBLE DEFAULT 1, a INT AS (hidden * 2))",
                "INSERT INTO t4 (hidden) VALUES (5)",
            ],
        );
        let dir = dump(server, &["-B", "column_lists"]);
        let statements = |table: &str| {
            let text = dir.read_text(&format!("column_lists.{table}.00000.sql"));
            text.strip_prefix(ROWS_HEAD).unwrap_or_else(|| panic!("{text}")).to_owned()
        };
        assert_eq!(statements("t"), "INSERT INTO `t` (`a`,`b`) VALUES(1,2)\n;\n", "{product:?}");
        assert_eq!(statements("t2"), "INSERT INTO `t2` (`a`,`hidden`) VALUES(1,2)\n;\n", "{product:?}");
        // A default that is an expression makes no generated column.
        let plain = statements("t3");
        assert!(plain.starts_with("INSERT INTO `t3` VALUES(1,"), "{product:?}: {plain}");
        assert_eq!(statements("t4"), "INSERT INTO `t4` (`hidden`) VALUES(5)\n;\n", "{product:?}");
    }
}
