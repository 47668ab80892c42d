//! Values of every type come back as they were, byte for byte.

use crate::support::dump::{dump, make};
use crate::support::load::{dump_of, load, myloader, round_trip};
use harness::compare::row_differences;
use harness::server::{Product, Server, source, target};

#[test]
fn numbers() {
    for product in Product::ALL {
        round_trip(
            product,
            "values_numbers",
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, d DOUBLE, n DECIMAL(65,30), u BIGINT UNSIGNED, s BIGINT, \
                 b1 BIT, b64 BIT(64), z INT(5) ZEROFILL, y YEAR)",
                "INSERT INTO t VALUES (1, 1e-30, 2.2250738585072014e-308, \
                 99999999999999999999999999999999999.999999999999999999999999999999, 18446744073709551615, \
                 -9223372036854775808, b'1', x'8000000000000001', 42, 1901)",
                "INSERT INTO t VALUES (2, 3.40282e38, 1.7976931348623157e308, -1e-30, 0, 9223372036854775807, b'0', 0, \
                 0, 2155)",
                "INSERT INTO t VALUES (3, 0.1, 0.1 + 0.2, 0.1, 1, -1, NULL, NULL, NULL, 0)",
                "INSERT INTO t (id, f, d) VALUES (4, 16777217, 1e15 / 3), (5, 1.17549e-38, 5e-324), \
                 (6, 1/3, 123456789.123456789)",
            ],
        );
    }
}

#[test]
fn dates_and_times() {
    for product in Product::ALL {
        round_trip(
            product,
            "values_times",
            &[
                "SET sql_mode = 'ALLOW_INVALID_DATES'",
                "CREATE TABLE t (id INT PRIMARY KEY, d DATE, dt DATETIME(6), t TIME(6), ts TIMESTAMP(6) NULL)",
                "INSERT INTO t VALUES (1, '0000-00-00', '0000-00-00 00:00:00', '-838:59:59', '0000-00-00 00:00:00')",
                "INSERT INTO t VALUES (2, '2024-00-00', '2024-02-00 01:02:03.000004', '00:00:00.000001', NULL)",
                "INSERT INTO t VALUES (3, '2023-02-31', '9999-12-31 23:59:59.999999', '-00:00:00.5', \
                 '2038-01-19 04:14:07.999999')",
                "INSERT INTO t VALUES (4, '1000-01-01', NULL, '838:59:59', '1970-01-01 02:00:01')",
            ],
        );
    }
}

#[test]
fn timestamps_between_servers_of_other_zones() {
    for product in Product::ALL {
        let database = "values_zones";
        let servers =
            ["-05:00", "+09:30"].map(|zone| Server::start(product, &[&format!("--default-time-zone={zone}")]));
        let [from, to] = &servers;
        let mut client = make(from, database, &["CREATE TABLE t (id INT PRIMARY KEY, ts TIMESTAMP NOT NULL)"]);
        client.run("SET time_zone = DEFAULT");
        client.run("INSERT INTO t VALUES (1, '2020-06-01 12:00:00')");
        let dir = dump(from, &["-B", database]);
        myloader(to, &dir).ok();
        assert_eq!(row_differences(from, database, to, database), [""; 0]);
        assert_eq!(to.client().scalar("SELECT ts FROM values_zones.t"), "2020-06-02 02:30:00");
    }
}

#[test]
fn texts_in_many_character_sets() {
    for product in Product::ALL {
        let mut statements = Vec::new();
        for (charset, bytes) in [
            ("latin1", "e9275c0a80ff00"),
            ("gbk", "b0a1815c27d55c"),
            ("sjis", "835c955c8ebf27"),
            ("big5", "a45ca55cb35c"),
            ("utf16", "00e90027d83dde00005c"),
            ("utf32", "0001f6000000002700000a5c"),
            ("ucs2", "4e2d275c5c27000a"),
            ("utf8mb3", "c3a9e282ac27"),
            ("utf8mb4", "f09f9880275c0ac3a9"),
            ("cp1251", "cff0e827ff"),
        ] {
            statements.push(format!(
                "CREATE TABLE {charset} (id INT PRIMARY KEY, c VARCHAR(50) CHARACTER SET {charset} COMMENT 'é😀', \
                 t TEXT CHARACTER SET {charset})"
            ));
            let text = format!("_{charset} x'{bytes}'");
            statements
                .push(format!("INSERT INTO {charset} VALUES (1, {text}, {text}), (2, '', NULL), (3, NULL, 'NULL')"));
        }
        round_trip(product, "values_charsets", &statements.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn all_bytes_and_texts_that_look_like_something_else() {
    let bytes: String = (0..=255).map(|byte: u8| format!("{byte:02x}")).collect();
    for product in Product::ALL {
        round_trip(
            product,
            "values_bytes",
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, b VARBINARY(300), bb BLOB, l TEXT CHARACTER SET latin1, \
                 f BINARY(4), u VARCHAR(300))",
                &format!("INSERT INTO t VALUES (1, x'{bytes}', x'{bytes}', _latin1 x'{bytes}', x'00', NULL)"),
                "INSERT INTO t VALUES (2, '', '', '', '', ''), (3, NULL, NULL, NULL, NULL, NULL)",
                "INSERT INTO t VALUES (4, 'NULL', '\\\\N', 'NULL', 'NULL', '\\\\N')",
                "INSERT INTO t VALUES (5, ';\\n', '-- a 1\\n', '\\nINSERT INTO t VALUES (9);\\n', '\\0\\Z', \
                 '\\n-- metadata 0\\n');",
            ],
        );
    }
}

#[test]
fn enums_sets_json_and_shapes() {
    for product in Product::ALL {
        let geometry = match product {
            Product::MariaDb => "g GEOMETRY REF_SYSTEM_ID=4326, p POINT",
            Product::MySql => "g GEOMETRY SRID 4326, p POINT",
        };
        round_trip(
            product,
            "values_others",
            &[
                "SET sql_mode = ''",
                "CREATE TABLE e (id INT PRIMARY KEY, e ENUM('a''b', 'c,d', '', 'é\\\\', '\"'), \
                 s SET('x''y', 'é', 'z;'))",
                "INSERT INTO e VALUES (1, 'a''b', 'x''y,z;'), (2, 'é\\\\', 'é'), (3, '', ''), \
                 (4, 99, NULL), (5, NULL, '')",
                "CREATE TABLE es (id INT PRIMARY KEY, s SET('', 'a'), e ENUM('a') NOT NULL)",
                "INSERT INTO es VALUES (1, 0, 'a'), (2, 1, 0), (3, 3, 'a'), (4, NULL, 0)",
                "CREATE TABLE j (id INT PRIMARY KEY, j JSON)",
                r#"INSERT INTO j VALUES (1, '{"é😀": "a\\"b\\\\c\\u0000", "n": 18446744073709551615, "f": 1.5e300}')"#,
                "INSERT INTO j VALUES (2, '[]'), (3, 'null'), (4, NULL), (5, '\"\"')",
                &format!("CREATE TABLE g (id INT PRIMARY KEY, {geometry})"),
                "INSERT INTO g VALUES (1, ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))', 4326), POINT(1.5, -2.25))",
                "INSERT INTO g VALUES (2, ST_GeomFromText('POINT(10 20)', 4326), ST_GeomFromText('POINT(1 2)', 3857))",
            ],
        );
    }
}

#[test]
fn types_of_one_product() {
    round_trip(
        Product::MariaDb,
        "values_own",
        &[
            "CREATE TABLE t (id UUID PRIMARY KEY, i6 INET6, i4 INET4)",
            "INSERT INTO t VALUES ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329', '192.0.2.1')",
            "INSERT INTO t VALUES ('5c27005c-2700-1000-8000-0a0d1a00275c', '::', NULL)",
        ],
    );
    round_trip(
        Product::MySql,
        "values_own",
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(3))",
            "INSERT INTO t VALUES (1, TO_VECTOR('[1.5, -0.25, 3e38]')), (2, NULL)",
        ],
    );
}

#[test]
fn rows_of_twenty_megabytes() {
    for product in Product::ALL {
        let database = "values_large";
        make(
            source(product),
            database,
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB, c LONGTEXT)",
                "INSERT INTO t VALUES (1, REPEAT(x'00', 20000000), 'small'), (2, 'small', REPEAT('é', 5000000))",
            ],
        );
        load(product, &dump_of(product, database, &["--compress"]), &[]);
        assert_eq!(row_differences(source(product), database, target(product), database), [""; 0]);
    }
}
