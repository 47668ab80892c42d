//! Rows as LOAD DATA and CSV: every value comes back, and other programs read them.

use crate::support::dump::{ROWS_HEAD, dump, make, metadata_value};
use crate::support::load::{assert_same, forget_checksums, load, myloader, refused};
use harness::program::{Program, WorkDir, pipe};
use harness::server::{Product, Server, source, target};

/// Tables of all types, with values that some format could take for something else.
pub fn hostile_tables(product: Product) -> Vec<String> {
    let bytes: String = (0..=255).map(|byte: u8| format!("{byte:02x}")).collect();
    let mut sql: Vec<String> = [
        "SET sql_mode = 'ALLOW_INVALID_DATES'",
        "CREATE TABLE n (id INT AUTO_INCREMENT PRIMARY KEY, f FLOAT, d DOUBLE, n DECIMAL(65,30), u BIGINT UNSIGNED, \
         b1 BIT, b8 BIT(8), b64 BIT(64), y YEAR)",
        "INSERT INTO n VALUES (1, 1e-30, 2.2250738585072014e-308, 99999999999999999999999999999999999.5, \
         18446744073709551615, b'1', x'5c', x'0a5c0d0900270022', 1901), (2, 3.40282e38, -1e300, -1e-30, 0, 0, 0, 0, 0), \
         (3, 16777217, 0.1, 0, 1, NULL, x'31', x'2c', NULL), \
         (4, -0e0, -0e0, NULL, NULL, NULL, NULL, NULL, NULL)",
        "UPDATE n SET id = 0 WHERE id = 3",
        "CREATE TABLE times (id INT PRIMARY KEY, d DATE, dt DATETIME(6), t TIME(6), ts TIMESTAMP(6) NULL)",
        "INSERT INTO times VALUES (1, '0000-00-00', '0000-00-00 00:00:00', '-838:59:59', '0000-00-00 00:00:00'), \
         (2, '2023-02-31', '2024-02-00 01:02:03.000004', '-00:00:00.5', '2038-01-19 04:14:07.999999'), \
         (3, NULL, NULL, NULL, NULL)",
        "CREATE TABLE b (id INT PRIMARY KEY, b VARBINARY(300), bb BLOB, l TEXT CHARACTER SET latin1, f BINARY(4), \
         u VARCHAR(300))",
        "INSERT INTO b VALUES (2, '', '', '', '', ''), (3, NULL, NULL, NULL, NULL, NULL), \
         (4, 'NULL', '\\\\N', 'NULL', 'NULL', '\\\\N'), (5, 'N', '\"', '\"\"', ',', ',\"\\n'), \
         (6, '\\t', '\\\\', '\\r\\n', '\\\\t', '\\\\\\n'), (7, '||', '|', '>>', '|\\n', '^N')",
        "CREATE TABLE one (c VARCHAR(20))",
        "INSERT INTO one VALUES (''), (NULL), ('NULL'), ('x')",
        "CREATE TABLE e (id INT PRIMARY KEY, e ENUM('a''b', 'c,d', 'é\\\\', '\"', '0'), s SET('x''y', 'é', 'z;'))",
        "INSERT IGNORE INTO e VALUES (1, 'a''b', 'x''y,z;'), (2, 'é\\\\', 'é'), (3, '0', ''), (4, 99, NULL), \
         (5, NULL, ''), (6, '\"', ''), (7, '', '')",
        "CREATE TABLE ei (id INT PRIMARY KEY, e ENUM('', 'a', '0', '1'), s SET('', 'a', '1'))",
        "INSERT IGNORE INTO ei VALUES (1, 0, 0), (2, 1, 1), (3, 3, 2), (4, 4, 7), (5, NULL, NULL), (6, 2, 5)",
        "CREATE TABLE j (id INT PRIMARY KEY, j JSON)",
        r#"INSERT INTO j VALUES (1, '{"é😀": "a\\"b\\\\c\\u0000\\n", "n": 18446744073709551615}')"#,
        "INSERT INTO j VALUES (2, '[]'), (3, 'null'), (4, NULL), (5, '\"\"')",
        "CREATE TABLE `té, \"x\"` (`k\n1` INT PRIMARY KEY, g INT AS (`k\n1` + 1) STORED, `c``\"\\\\é` TEXT)",
        "INSERT INTO `té, \"x\"` (`k\n1`, `c``\"\\\\é`) VALUES (1, 'é'), (2, NULL)",
        "CREATE TABLE i (id INT PRIMARY KEY, h INT INVISIBLE)",
        "INSERT INTO i (id, h) VALUES (1, 7), (2, NULL)",
        "CREATE TABLE no_rows (id INT PRIMARY KEY)",
    ]
    .map(str::to_owned)
    .into();
    sql.push(format!("INSERT INTO b VALUES (1, x'{bytes}', x'{bytes}', _latin1 x'{bytes}', x'00', NULL)"));
    let mut charsets = vec![
        ("latin1", "e9275c0a80ff00"),
        ("gbk", "b0a1815c27d55c09"),
        ("sjis", "835c955c8ebf27"),
        ("big5", "a45ca55cb35c"),
        ("utf16", "00e90027d83dde00005c000a0022"),
        ("utf32", "0001f6000000002700000a5c0000005c"),
        ("ucs2", "4e2d275c5c27000a"),
        ("utf8mb3", "c3a9e282ac27"),
        ("utf8mb4", "f09f9880275c0ac3a9"),
    ];
    match product {
        Product::MariaDb => sql.extend([
            "CREATE TABLE own (id UUID PRIMARY KEY, i6 INET6, i4 INET4)".to_owned(),
            "INSERT INTO own VALUES ('5c27005c-2700-1000-8000-0a0d1a00275c', '::5c0a', NULL)".to_owned(),
            "INSERT INTO own VALUES ('123e4567-e89b-12d3-a456-426655440000', NULL, '192.0.2.1')".to_owned(),
        ]),
        Product::MySql => {
            charsets.push(("gb18030", "90308130275cb0a1"));
            sql.extend([
                "CREATE TABLE own (id INT PRIMARY KEY, v VECTOR(3))".to_owned(),
                "INSERT INTO own VALUES (1, TO_VECTOR('[1.5, -0.25, 3e38]')), (2, NULL)".to_owned(),
            ]);
        }
    }
    for (charset, bytes) in charsets {
        let text = format!("_{charset} x'{bytes}'");
        sql.push(format!(
            "CREATE TABLE {charset} (id INT PRIMARY KEY, c VARCHAR(50) CHARACTER SET {charset}, \
             t TEXT CHARACTER SET {charset}, e ENUM('a', 'é') CHARACTER SET utf8mb4)"
        ));
        sql.push(format!("INSERT INTO {charset} VALUES (1, {text}, {text}, 'é'), (2, '', NULL, 'a')"));
    }
    let geometry = match product {
        Product::MariaDb => "g GEOMETRY REF_SYSTEM_ID=4326, p POINT",
        Product::MySql => "g GEOMETRY SRID 4326, p POINT",
    };
    sql.push(format!("CREATE TABLE shapes (id INT PRIMARY KEY, {geometry})"));
    sql.push("INSERT INTO shapes VALUES (1, ST_GeomFromText('POINT(10 20)', 4326), POINT(1.5, -2.25))".to_owned());
    sql
}

/// Ways to write rows, of which each is exact.
const WAYS: [&[&str]; 5] = [
    &["--format=LOAD_DATA"],
    &["--format=LOAD_DATA", "--hex-blob", "--include-header", "--compress=gzip"],
    &["--format=CSV"],
    // As RFC 4180 has it.
    &["--format=CSV", "--include-header", "--fields-escaped-by=", "--lines-terminated-by=\\r\\n", "--compress"],
    &[
        "--format=LOAD_DATA",
        "--fields-terminated-by=||",
        "--lines-terminated-by=|\\n",
        "--lines-starting-by=>>",
        "--fields-escaped-by=^",
        "--include-header",
    ],
];

#[test]
fn every_value_from_a_directory_and_a_stream() {
    for product in Product::ALL {
        let database = "formats_values";
        let sql = hostile_tables(product);
        make(source(product), database, &sql.iter().map(String::as_str).collect::<Vec<_>>());
        for way in WAYS {
            let options = [&["-B", database], way].concat();
            load(product, &dump(source(product), &options), &["--drop-table"]);
            assert_same(product, database);
            let (from, to) = (WorkDir::new(), WorkDir::new());
            let dumper = Program::mydumper().server(source(product)).args(&options).arg("--stream");
            let loader = Program::myloader().server(target(product)).args(["--stream", "--drop-table"]);
            let (dumped, loaded) = pipe(dumper.current_dir(from.path()), loader.current_dir(to.path()));
            assert_eq!((dumped.code, loaded.code), (Some(0), Some(0)), "{}{}", dumped.stderr, loaded.stderr);
            assert_same(product, database);
        }
    }
}

#[test]
fn files_of_both_formats() {
    for product in Product::ALL {
        let database = "formats_files";
        make(
            source(product),
            database,
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(20), d DATE, b BLOB, j JSON, e ENUM('a'))",
                "INSERT IGNORE INTO t VALUES (1, 'a\tb\\n\\\\\"c', '2020-01-02', x'00ff5c', '[\"x\"]', '')",
                "INSERT INTO t VALUES (2, NULL, NULL, '', NULL, 'a')",
            ],
        );
        let json = match product {
            Product::MariaDb => ("`j`", ""),
            Product::MySql => ("@c5", ",`j`=CONVERT(@c5 USING utf8mb4)"),
        };
        let dir = dump(source(product), &["-B", database, "--format=load_data", "-m"]);
        assert_eq!(dir.list(), ["formats_files.t.00000.dat", "formats_files.t.00000.sql", "metadata"]);
        let expected = b"1\ta\\tb\\n\\\\\"c\t2020-01-02\t\0\xff\\\\\t[\"x\"]\t\n2\t\\N\t\\N\t\t\\N\ta\n";
        assert_eq!(dir.read("formats_files.t.00000.dat"), expected);
        let set = json.1.replacen(',', " SET ", 1);
        let statement = format!(
            "{ROWS_HEAD}LOAD DATA LOCAL INFILE 'formats_files.t.00000.dat' INTO TABLE `t` CHARACTER SET binary FIELDS \
             TERMINATED BY '\\t' ENCLOSED BY '' ESCAPED BY '\\\\' LINES STARTING BY '' TERMINATED BY '\\n' \
             (`id`,`c`,`d`,`b`,{},`e`){set} /* expect warnings: 1 */;\n",
            json.0
        );
        assert_eq!(dir.read_text("formats_files.t.00000.sql"), statement);
        assert_eq!(metadata_value(&dir.read_text("metadata"), "local-infile").as_deref(), Some("1"));
        assert_eq!(metadata_value(&dir.read_text("metadata"), "num-files").as_deref(), Some("2"));

        let options = ["--format=CSV", "--hex-blob", "--include-header", "--replace", "-c", "-m"];
        let dir = dump(source(product), &[&["-B", database], &options[..]].concat());
        let [data, statement] = ["dat", "sql"].map(|kind| {
            let file = dir.path().join(format!("formats_files.t.00000.{kind}.zst"));
            crate::support::dump::tool("zstd", &["-dcq"], &file)
        });
        let expected = b"\"id\",\"c\",\"d\",\"b\",\"j\",\"e\"\n1,\"a\tb\n\\\\\"\"c\",\"2020-01-02\",\"00FF5C\",\
                         \"[\"\"x\"\"]\",\"\"\n2,\\N,\\N,\"\",\\N,\"a\"\n";
        assert_eq!(data, expected);
        let expected = format!(
            "{ROWS_HEAD}LOAD DATA LOCAL INFILE 'formats_files.t.00000.dat.zst' REPLACE INTO TABLE `t` CHARACTER SET \
             binary FIELDS TERMINATED BY ',' ENCLOSED BY '\"' ESCAPED BY '\\\\' LINES STARTING BY '' TERMINATED BY \
             '\\n' IGNORE 1 LINES (`id`,`c`,`d`,@c4,{},`e`) SET `b`=UNHEX(@c4){} /* expect warnings: 1 */;\n",
            json.0, json.1
        );
        assert_eq!(String::from_utf8(statement).unwrap(), expected);
    }
}

#[test]
fn csv_is_read_by_other_programs() {
    let rows = [["1", "a,\"b\"\r\nc\\"], ["2", ""], ["3", "é😀\t'"], ["4", "\\N"], ["5", "NULL"]];
    for product in Product::ALL {
        let database = "formats_csv";
        let mut client = make(source(product), database, &["CREATE TABLE t (`id` INT PRIMARY KEY, `a \"c\"` TEXT)"]);
        for [id, text] in rows {
            client.run(format!("INSERT INTO t VALUES ({id}, {})", harness::quote_text(text)));
        }
        let options = ["-B", database, "--format=CSV", "--include-header"];
        let rfc4180 = ["--fields-escaped-by=\"", "--lines-terminated-by=\\r\\n"];
        for (more, escape) in [(&rfc4180[..], None), (&[][..], Some(b'\\'))] {
            let dir = dump(source(product), &[&options[..], more].concat());
            let data = dir.read("formats_csv.t.00000.dat");
            let mut reader = csv::ReaderBuilder::new().escape(escape).from_reader(data.as_slice());
            assert_eq!(reader.headers().unwrap(), vec!["id", "a \"c\""]);
            let read: Vec<Vec<String>> =
                reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
            assert_eq!(read, rows, "{product:?}");
        }
    }
}

#[test]
fn the_stock_client_reads_both_formats() {
    for product in Product::ALL {
        let database = "formats_stock";
        let sql = hostile_tables(product);
        make(source(product), database, &sql.iter().map(String::as_str).collect::<Vec<_>>());
        for way in [&WAYS[0], &WAYS[2]] {
            let dir = dump(source(product), &[&["-B", database], *way].concat());
            let mut client = target(product).client();
            client.run(format!("DROP DATABASE IF EXISTS {database}"));
            client.run(format!("CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"));
            let files = dir.list();
            let schemas = files.iter().filter(|name| name.ends_with("-schema.sql"));
            let rows = files.iter().filter(|name| name.ends_with(".sql") && !name.contains("-schema"));
            for file in schemas.chain(rows) {
                Program::stock_client()
                    .server(target(product))
                    .args(["--local-infile=1", database])
                    .stdin(dir.read(file))
                    .current_dir(dir.path())
                    .ok();
            }
            assert_same(product, database);
        }
    }
}

#[test]
fn chunks_pieces_and_tables_without_rows() {
    for product in Product::ALL {
        let database = "formats_pieces";
        let rows = "INSERT INTO t WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 900) \
                    SELECT id, REPEAT('x', 1000) FROM n";
        let tables =
            ["CREATE TABLE t (id INT PRIMARY KEY, c TEXT)", rows, "CREATE TABLE no_rows (id INT)", "ANALYZE TABLE t"];
        make(source(product), database, &tables);
        let options = ["-B", database, "--format=CSV", "--include-header", "-r", "450", "-F", "200k", "-e"];
        let dir = dump(source(product), &options);
        let names: Vec<String> = dir.list().into_iter().filter(|name| name.ends_with(".dat")).collect();
        let statements = names.iter().map(|name| name.replace(".dat", ".sql"));
        assert!(statements.into_iter().all(|name| dir.list().contains(&name)));
        assert_eq!(names[0], "formats_pieces.no_rows.00000.dat");
        assert_eq!(dir.read(&names[0]), b"\"id\"\n");
        // Blocks of 128 KiB: two of them reach the size.
        let second = "formats_pieces.t.00000.00001.dat";
        assert!(names.iter().any(|name| name == second), "{names:?}");
        assert!(dir.read(second).starts_with(b"\"id\",\"c\"\n"));
        load(product, &dir, &[]);
        assert_same(product, database);
    }
}

#[test]
fn rows_that_are_there_already() {
    for product in Product::ALL {
        let database = "formats_twice";
        let table = "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(10))";
        make(source(product), database, &[table, "INSERT INTO t VALUES (1, 'dump'), (2, 'dump')"]);
        for (options, expected) in [("--insert-ignore", "there,dump"), ("--replace", "dump,dump")] {
            let dir = dump(source(product), &["-B", database, "--format=CSV", options]);
            let mut client = target(product).client();
            client.run(format!("DROP DATABASE IF EXISTS {database}"));
            client.run(format!("CREATE DATABASE {database}"));
            client.run(format!("USE {database}"));
            client.run(table);
            client.run("INSERT INTO t VALUES (1, 'there')");
            load(product, &dir, &["--drop-table=NONE"]);
            assert_eq!(client.scalar("SELECT GROUP_CONCAT(c ORDER BY id) FROM t"), expected);
        }
        let dir = dump(source(product), &["-B", database, "--format=CSV"]);
        let line = refused(product, &dir, &["--drop-table=NONE"]);
        assert!(
            line.starts_with(
                "[ERROR] formats_twice.t.00000.sql, line 5: the server left out or cut off 2 rows of table \
                 formats_twice.t: 2 warnings, first: 1062 Duplicate entry (value not shown) for key"
            ),
            "{line}"
        );
        assert!(line.contains("; 1062 Duplicate entry (value not shown) for key"), "{line}");
    }
}

#[test]
fn warnings_are_those_that_the_dump_expects() {
    for product in Product::ALL {
        let database = "formats_warnings";
        let tables =
            ["CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a'))", "INSERT IGNORE INTO t VALUES (1, ''), (2, 'a')"];
        make(source(product), database, &tables);
        let dir = dump(source(product), &["-B", database, "--format=LOAD_DATA"]);
        forget_checksums(&dir);
        let statement = dir.read_text("formats_warnings.t.00000.sql");
        for (expected, text) in [("2", " where the dump expects 2"), ("0", "")] {
            dir.write(
                "formats_warnings.t.00000.sql",
                statement.replace("warnings: 1", &format!("warnings: {expected}")),
            );
            let start = "[ERROR] formats_warnings.t.00000.sql, line 5: the server changed values of rows of table \
                         formats_warnings.t: 1";
            let end = "first: 1265 Data truncated for column 'e' at row 1 (the table's columns do not hold the dump's \
                       values: change them, or accept changed values with --allow-truncation)";
            assert_eq!(refused(product, &dir, &["--drop-table"]), format!("{start} warning{text}, {end}"));
            assert_eq!(target(product).client().scalar("SELECT COUNT(*) FROM formats_warnings.t"), "0");
        }
        dir.write("formats_warnings.t.00000.sql", statement);
        load(product, &dir, &["--drop-table"]);
        assert_same(product, database);
    }
}

#[test]
fn a_server_without_local_infile_gets_no_table() {
    for product in Product::ALL {
        let database = "formats_refused";
        make(source(product), database, &["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"]);
        let dir = dump(source(product), &["-B", database, "--format=CSV"]);
        let strict = Server::start(product, &["--local-infile=0"]);
        let log = myloader(&strict, &dir).fails_with(8);
        let list = "[ERROR] nothing was changed: the restore would not be complete here, 1 finding:\n  the dump's rows: they are \
                    loaded by LOAD DATA LOCAL INFILE, which is off on the server: SET GLOBAL local_infile=1 there during the \
                    restore, or dump with --format=INSERT\n";
        assert!(log.ends_with(list), "{product:?}: {log}");
        assert_eq!(
            strict.client().scalar("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'f%'"),
            "0"
        );
        myloader(&strict, &dir).arg("--no-data").ok();
        strict.client().run("SET GLOBAL local_infile = 1");
        myloader(&strict, &dir).arg("--drop-table").ok();
        assert_eq!(strict.client().scalar("SELECT COUNT(*) FROM formats_refused.t"), "1");
    }
}
