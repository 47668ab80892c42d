//! Text and bytes come back byte for byte, in every character set.

use crate::support::dump::dump;
use crate::support::fidelity::{Numbers, restored, round_trips};
use crate::support::load::dump_of;
use harness::server::{Product, source};
use harness::sql::text;

/// Columns of character sets in which second bytes are quotes, backslashes or line breaks; every character that the
/// server has in them; and characters cut at no byte.
#[test]
fn every_character_of_every_character_set() {
    for product in Product::ALL {
        let mut client = source(product).client();
        let charsets: Vec<(String, String)> = client
            .query("SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME <> 'binary'")
            .iter()
            .map(|row| (text(&row[0]), text(&row[1])))
            .collect();
        assert!(charsets.len() > 38, "{product:?}: {charsets:?}");
        // All of the Basic Multilingual Plane, and some beyond, in rows of 256 characters: what a character set lacks
        // becomes a question mark.
        let points = (1_u32..0x1_0000).chain(0x1_f600..0x1_f700).chain(0x2_0000..0x2_0100);
        let characters: Vec<char> = points.filter_map(char::from_u32).collect();
        let rows: Vec<String> = characters
            .chunks(256)
            .map(|row| {
                let bytes: String = row.iter().collect::<String>().bytes().map(|byte| format!("{byte:02x}")).collect();
                format!("(x'{bytes}')")
            })
            .collect();
        let mut statements = vec![
            "CREATE TABLE characters (id INT AUTO_INCREMENT PRIMARY KEY, c TEXT CHARACTER SET utf8mb4)".to_owned(),
            format!("INSERT INTO characters (c) VALUES {}", rows.join(",")),
        ];
        for (charset, _) in &charsets {
            statements.push(format!(
                "CREATE TABLE `{charset}` (id INT PRIMARY KEY, c VARCHAR(300) CHARACTER SET {charset}, \
                 t LONGTEXT CHARACTER SET {charset}, f CHAR(20) CHARACTER SET {charset}) CHARACTER SET {charset}"
            ));
            statements.push(format!("INSERT IGNORE INTO `{charset}` SELECT id, c, c, LEFT(c, 9) FROM characters"));
            statements.push(format!(
                "INSERT INTO `{charset}` VALUES (-1, '', '', ''), (-2, NULL, NULL, NULL), (-3, 'NULL ', '\\\\N  ', ' ')"
            ));
        }
        round_trips(product, "values_all_charsets", &statements.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn random_bytes_and_texts_that_look_like_something_else() {
    let mut numbers = Numbers(3);
    let mut random = |length: u64| -> String { (0..length).map(|_| format!("{:02x}", numbers.next() >> 56)).collect() };
    let all: String = (0..=255).map(|byte: u8| format!("{byte:02x}")).collect();
    let mut rows = vec![
        format!("x'{all}', x'{all}', x'00', x'00000000'"),
        "'', '', '', ''".to_owned(),
        "NULL, NULL, NULL, NULL".to_owned(),
        "'NULL', '\\\\N', 'NULL', '\\\\N'".to_owned(),
        "'\\t\\n\\r\\Z\\0', '''\"`\\\\', ';\\n', '0x00'".to_owned(),
        "';\\n', '\\n-- x 5\\n', 'x''41''', '\\n;\\n'".to_owned(),
        "'trailing  ', 'zero\\0\\0', ' ', 'a\\0 '".to_owned(),
    ];
    for _ in 0..200 {
        rows.push(format!("x'{}', x'{}', x'{}', x'{}'", random(40), random(300), random(3), random(16)));
    }
    let insert: Vec<String> = rows.iter().map(|row| format!("({row})")).collect();
    for product in Product::ALL {
        round_trips(
            product,
            "values_any_bytes",
            &[
                "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v VARBINARY(256), b BLOB, f BINARY(5), g BINARY(16))",
                &format!("INSERT INTO t (v, b, f, g) VALUES {}", insert.join(",")),
                "CREATE TABLE kinds (id INT AUTO_INCREMENT PRIMARY KEY, t TINYBLOB, m MEDIUMBLOB, l LONGBLOB, \
                 tt TINYTEXT, mt MEDIUMTEXT, lt LONGTEXT, c CHAR(0), v VARCHAR(0) NOT NULL, b BINARY(0))",
                "INSERT INTO kinds (t, m, l, tt, mt, lt, c, v, b) VALUES ('', '', '', '', '', '', '', '', ''), \
                 (x'00', x'ff', x'5c27', 'é', '\\\\', '''', NULL, '', NULL)",
                "CREATE TABLE latin (id INT PRIMARY KEY, l TEXT CHARACTER SET latin1, s VARCHAR(300) CHARACTER SET swe7)",
                &format!("INSERT INTO latin VALUES (1, _latin1 x'{all}', 'x')"),
            ],
        );
    }
}

#[test]
fn hexadecimal_is_for_every_binary_type_and_no_other() {
    for product in Product::ALL {
        let database = "values_hex";
        let mut client = crate::support::dump::make(
            source(product),
            database,
            &[
                "CREATE TABLE t (a BINARY(2), b VARBINARY(2), c TINYBLOB, d BLOB, e MEDIUMBLOB, f LONGBLOB, g CHAR(2), \
                 h VARCHAR(2), i TINYTEXT, j TEXT, k MEDIUMTEXT, l LONGTEXT, m ENUM('x'), n SET('x'), o JSON, \
                 p TEXT CHARACTER SET ucs2 COLLATE ucs2_bin)",
                "INSERT INTO t VALUES ('A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'x', 'x', '1', 'A')",
                "INSERT INTO t VALUES ('', '', '', '', '', '', '', '', '', '', '', '', 'x', '', '1', '')",
            ],
        );
        client.run("SET autocommit = 1");
        let file = dump_of(product, database, &["--hex-blob"]).read_text("values_hex.t.00000.sql");
        let rows = &file[file.find("INSERT").unwrap()..];
        let json = if product == Product::MySql { "_utf8mb4" } else { "" };
        let expected = format!(
            "INSERT INTO `t` VALUES(0x4100,0x41,0x41,0x41,0x41,0x41,'A','A','A','A','A','A','x','x',{json}'1','\\0A')\n\
             ,(0x0000,'','','','','','','','','','','','x','',{json}'1','')\n;\n"
        );
        assert_eq!(rows, expected, "{product:?}");
    }
}

#[test]
fn enums_and_sets() {
    for product in Product::ALL {
        let members: Vec<String> = (0..1500).map(|n| format!("'{n}?'")).collect();
        let bits: Vec<String> = (0..64).map(|n| format!("'b{n}?'")).collect();
        round_trips(
            product,
            "values_enums",
            &[
                "CREATE TABLE e (id INT PRIMARY KEY, e ENUM('a''b', 'c,d', '', 'é\\\\', '\"', '😀', '?', 'x\\ny', ');') NOT NULL, \
                 s SET('x''y', 'é', 'z;', '😀', '(') DEFAULT '😀', l ENUM('é', 'ü') CHARACTER SET latin1, \
                 u ENUM('é', '中', '😀') CHARACTER SET utf16 DEFAULT '😀', \
                 m SET('é', '中') CHARACTER SET ucs2 COLLATE ucs2_bin DEFAULT 'é,中')",
                "INSERT INTO e (id, e, s) VALUES (1, 'a''b', 'x''y,z;'), (2, 'é\\\\', 'é'), (3, '', ''), (4, 99, NULL), \
                 (5, '😀', 'z;,😀'), (6, '?', '('), (7, 'x\\ny', 31), (8, ');', DEFAULT), (9, 'c,d', DEFAULT)",
                &format!("CREATE TABLE many (id INT AUTO_INCREMENT PRIMARY KEY, e ENUM({}))", members.join(",")),
                "INSERT INTO many (e) VALUES (1), (1500), ('77?')",
                &format!("CREATE TABLE wide (s SET({}))", bits.join(",")),
                "INSERT INTO wide VALUES (0), (18446744073709551615), (9223372036854775808), (1)",
            ],
        );
        assert_eq!(restored(product, "SELECT HEX(e) FROM values_enums.e WHERE id = 5"), "F09F9880", "{product:?}");
        // Index 0, the error value, is not the member that is empty.
        assert_eq!(
            restored(product, "SELECT GROUP_CONCAT(e + 0 ORDER BY id) FROM values_enums.e"),
            "1,4,3,0,6,7,8,9,2"
        );
    }
}

#[test]
fn json() {
    for product in Product::ALL {
        round_trips(
            product,
            "values_json",
            &[
                "CREATE TABLE j (id INT AUTO_INCREMENT PRIMARY KEY, j JSON)",
                r#"INSERT INTO j (j) VALUES ('{"é😀中": "a\\"b\\\\c\\u0000\\n\\t/", "": null}')"#,
                r#"INSERT INTO j (j) VALUES ('[18446744073709551615, -9223372036854775808, 9007199254740993, 0]')"#,
                r#"INSERT INTO j (j) VALUES ('[1.5e300, -0.1, 1e-7, 0.30000000000000004, 2.2250738585072014e-308]')"#,
                r#"INSERT INTO j (j) VALUES ('[]'), ('{}'), ('null'), (NULL), ('""'), ('"\\\\N"'), ('true'), ('" "')"#,
                r#"INSERT INTO j (j) VALUES ('{"a": {"a": [[[{"b": "'';\\n--"}]]]}}')"#,
                "INSERT INTO j (j) VALUES (JSON_QUOTE(REPEAT('😀\\'\\\\', 20000)))",
            ],
        );
    }
}

#[test]
fn shapes_with_their_reference_systems() {
    for product in Product::ALL {
        let columns = match product {
            Product::MariaDb => "g GEOMETRY REF_SYSTEM_ID=4326, p POINT NOT NULL, l LINESTRING, c GEOMETRYCOLLECTION",
            Product::MySql => "g GEOMETRY SRID 4326, p POINT NOT NULL SRID 0, l LINESTRING, c GEOMETRYCOLLECTION",
        };
        round_trips(
            product,
            "values_shapes",
            &[
                &format!("CREATE TABLE g (id INT PRIMARY KEY, {columns}, SPATIAL KEY (p))"),
                "INSERT INTO g VALUES (1, ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))', 4326), POINT(1.5, -2.25), \
                 ST_GeomFromText('LINESTRING(0 0, 1 1)', 3857), \
                 ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 5 5))')), \
                 (2, ST_GeomFromText('POINT(10 20)', 4326), POINT(0, 0), NULL, NULL), (3, NULL, POINT(1e-300, 1e300), NULL, NULL)",
            ],
        );
        assert_eq!(
            restored(product, "SELECT CONCAT(ST_SRID(g), ',', ST_SRID(l)) FROM values_shapes.g WHERE id = 1"),
            "4326,3857"
        );
    }
}

#[test]
fn types_of_one_product_only() {
    round_trips(
        Product::MariaDb,
        "values_of_mariadb",
        &[
            "CREATE TABLE t (id UUID PRIMARY KEY, i6 INET6 DEFAULT '::1', i4 INET4 NOT NULL, k UUID DEFAULT UUID())",
            "INSERT INTO t VALUES ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329', '192.0.2.1', NULL)",
            "INSERT INTO t (id, i4) VALUES ('5c27005c-2700-1000-8000-0a0d1a00275c', '39.92.10.0')",
            "INSERT INTO t VALUES ('00000000-0000-0000-0000-000000000000', '::ffff:192.0.2.1', '0.0.0.0', 'ffffffff-ffff-ffff-ffff-ffffffffffff')",
            "CREATE TABLE c (id INT PRIMARY KEY, t TEXT COMPRESSED, b BLOB COMPRESSED, v VARCHAR(500) COMPRESSED)",
            "INSERT INTO c VALUES (1, REPEAT('é😀', 900), REPEAT(x'005c27', 900), REPEAT('a', 400)), (2, '', '', ''), (3, NULL, NULL, NULL)",
        ],
    );
    let long: Vec<String> = (0..2000).map(|n| format!("{}e{}", n - 1000, n % 30)).collect();
    round_trips(
        Product::MySql,
        "values_of_mysql",
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(3), w VECTOR(16383))",
            &format!(
                "INSERT INTO t VALUES (1, TO_VECTOR('[1.5, -0.25, 3e38]'), TO_VECTOR('[{}]')), (2, NULL, NULL)",
                long.join(",")
            ),
            // Bytes of floats that are quotes, backslashes and line breaks.
            "INSERT INTO t VALUES (3, x'275c0a0d1a0000275c5c2727', NULL)",
            "CREATE TABLE g (id INT PRIMARY KEY, v VARCHAR(9) CHARACTER SET gb18030 DEFAULT '😀', \
             e ENUM('😀', '中') CHARACTER SET gb18030 DEFAULT '😀')",
            "INSERT INTO g VALUES (1, '😀中', '中'), (2, DEFAULT, DEFAULT)",
        ],
    );
}

#[test]
fn rows_are_bytes_and_definitions_utf8() {
    for product in Product::ALL {
        let dir = {
            crate::support::dump::make(
                source(product),
                "values_declared",
                &[
                    "CREATE TABLE t (c VARCHAR(9) CHARACTER SET gbk COMMENT 'é中')",
                    "INSERT INTO t VALUES (_gbk x'815c')",
                ],
            );
            dump(source(product), &["-B", "values_declared"])
        };
        let rows = dir.read("values_declared.t.00000.sql");
        assert!(rows.starts_with(b"/*!40101 SET NAMES binary*/;\n"));
        assert!(rows.ends_with(b"INSERT INTO `t` VALUES('\x81\\\\')\n;\n"), "{product:?}");
        let definition = dir.read_text("values_declared.t-schema.sql");
        assert!(definition.starts_with("/*!40101 SET NAMES utf8mb4*/;\n") && definition.contains("COMMENT 'é中'"));
    }
}
