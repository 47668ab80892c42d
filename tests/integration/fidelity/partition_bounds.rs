//! Partitions with text bounds. MySQL parses these in the character set of the session that opens the table.

use crate::support::dump::{make, mydumper, row_files};
use crate::support::load::{forget_checksums, myloader};
use harness::compare::row_differences;
use harness::program::{Program, WorkDir, pipe};
use harness::server::{Product, Server};
use harness::sql::Client;

const DATABASE: &str = "bounds";
const COPY: &str = "bounds_copy";
const LETTERS: &str = "абвгдежзийклмнопрстуфхцчшщъыьэюя";
/// Table, type of its column, how it is divided, and what it is divided by.
const TABLES: [(&str, &str, &str); 7] = [
    (
        "r",
        "CHARACTER SET cp1251",
        "RANGE COLUMNS (a) (PARTITION p0 VALUES LESS THAN ('м'), PARTITION p1 VALUES LESS THAN (MAXVALUE))",
    ),
    (
        "u",
        "CHARACTER SET utf8mb4",
        "RANGE COLUMNS (a) (PARTITION p0 VALUES LESS THAN ('м'), PARTITION p1 VALUES LESS THAN (MAXVALUE))",
    ),
    (
        "g",
        "CHARACTER SET gbk",
        "RANGE COLUMNS (a) (PARTITION p0 VALUES LESS THAN ('м'), PARTITION p1 VALUES LESS THAN (MAXVALUE))",
    ),
    (
        "s",
        "CHARACTER SET sjis",
        "RANGE COLUMNS (a) (PARTITION p0 VALUES LESS THAN ('м'), PARTITION p1 VALUES LESS THAN (MAXVALUE))",
    ),
    (
        "k",
        "CHARACTER SET koi8r COLLATE koi8r_bin",
        "RANGE COLUMNS (a) (PARTITION p0 VALUES LESS THAN ('м'), PARTITION p1 VALUES LESS THAN (MAXVALUE))",
    ),
    (
        "two",
        "CHARACTER SET cp1251",
        "RANGE COLUMNS (id, a) (PARTITION p0 VALUES LESS THAN (40, 'м'), PARTITION p1 VALUES LESS THAN (MAXVALUE, MAXVALUE))",
    ),
    (
        "l",
        "CHARACTER SET cp1251",
        "LIST COLUMNS (a) (PARTITION p0 VALUES IN (FIRST_HALF), PARTITION p1 VALUES IN (SECOND_HALF))",
    ),
];

/// The source's database, on a server on which all sessions share the tables that one has opened.
fn source(product: Product) -> (Server, Client) {
    let server = Server::start(product, &["--table-open-cache-instances=1", "--skip-log-bin"]);
    let half = |skip| {
        let letters = LETTERS.chars().skip(skip).step_by(2).map(|letter| format!("'{letter}'"));
        letters.collect::<Vec<_>>().join(",")
    };
    let mut statements = Vec::new();
    for (table, kind, division) in TABLES {
        let division = division.replace("FIRST_HALF", &half(0)).replace("SECOND_HALF", &half(1));
        statements.push(format!(
            "CREATE TABLE {table} (id INT, a VARCHAR(20) {kind} NOT NULL, b BLOB, j JSON, PRIMARY KEY (a, id)) PARTITION BY {division}"
        ));
    }
    // Its definition is in its own character set in dumps of mydumper 1.0.1, and its rows stay INSERT statements.
    statements.push(
        "CREATE TABLE t (id INT, a VARCHAR(20) NOT NULL DEFAULT 'н', b BLOB, j JSON, PRIMARY KEY (a, id)) DEFAULT CHARSET=cp1251 \
         PARTITION BY RANGE COLUMNS (a) (PARTITION p0 VALUES LESS THAN ('м'), PARTITION p1 VALUES LESS THAN (MAXVALUE))"
            .to_owned(),
    );
    for table in TABLES.iter().map(|(table, ..)| *table).chain(["t"]) {
        let rows = (0..4).flat_map(|round| {
            LETTERS.chars().enumerate().map(move |(index, letter)| {
                format!("({}, '{letter}', 0xFF27{index:02x}5c, '[\"{letter}\"]')", round * 32 + index)
            })
        });
        statements.push(format!("INSERT INTO {table} VALUES {}", rows.collect::<Vec<_>>().join(",")));
    }
    statements.push("ANALYZE TABLE r, u, g, s, k, two, l, t".to_owned());
    statements.push("CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id".to_owned());
    let client = make(&server, DATABASE, &statements.iter().map(String::as_str).collect::<Vec<_>>());
    (server, client)
}

/// The rows in each partition of a table, those that conditions find, and what CHECK TABLE says.
fn answers(client: &mut Client, database: &str) -> Vec<String> {
    let mut answers = Vec::new();
    for table in TABLES.iter().map(|(table, ..)| *table).chain(["t"]) {
        for partition in ["p0", "p1"] {
            let rows = format!(
                "SELECT CONCAT(COUNT(*), ' ', CRC32(GROUP_CONCAT(id, HEX(a), HEX(b), j ORDER BY id, a))) \
                 FROM {database}.{table} PARTITION ({partition})"
            );
            answers.push(format!("{table} {partition}: {}", client.scalar(rows)));
        }
        for letter in ['а', 'м', 'н', 'я'] {
            let found = client.scalar(format!("SELECT COUNT(*) FROM {database}.{table} WHERE a = '{letter}'"));
            answers.push(format!("{table} {letter}: {found}"));
        }
        let check = client.query(format!("CHECK TABLE {database}.{table}"));
        answers.push(check.iter().map(|row| harness::sql::text(&row[3])).collect());
    }
    answers
}

#[test]
fn a_dump_leaves_the_bounds_of_open_tables_alone() {
    for product in Product::ALL {
        let (server, mut client) = source(product);
        client.run("SET group_concat_max_len = 1000000");
        let before = answers(&mut client, DATABASE);
        assert!(before.contains(&"r н: 4".to_owned()) && before.contains(&"l я: 4".to_owned()), "{before:?}");
        for options in [
            &["--rows=10"][..],
            &["--rows=10", "--format=LOAD_DATA"],
            &["--format=CSV"],
            &["--split-partitions"],
            &["-M", "--rows=10", "--order-by-primary"],
            &["--no-schemas"],
        ] {
            // The dump opens the tables.
            client.run("FLUSH TABLES");
            let dir = WorkDir::new();
            mydumper(&server, &dir).args(["-B", DATABASE, "-t", "4"]).args(options).ok();
            assert_eq!(answers(&mut client, DATABASE), before, "{product:?} {options:?}");
            let metadata = dir.read_text("metadata");
            let rows = metadata.lines().filter(|line| *line == "rows = 128").count();
            assert_eq!(rows, 8, "{product:?} {options:?} {metadata}");
        }
        client.run("FLUSH TABLES");
        let dir = WorkDir::new();
        mydumper(&server, &dir).args(["-B", DATABASE, "--where", "a = 'н'", "--rows=10"]).ok();
        let files =
            TABLES.iter().map(|(table, ..)| *table).chain(["t"]).flat_map(|table| row_files(&dir, DATABASE, table));
        let rows: usize = files.map(|file| dir.read(&file).iter().filter(|byte| **byte == b'(').count()).sum();
        assert_eq!(rows, 8 * 4, "{product:?}");
        assert_eq!(answers(&mut client, DATABASE), before, "{product:?}");
    }
}

#[test]
fn a_restore_puts_rows_into_the_partitions_of_the_source() {
    for product in Product::ALL {
        let (server, mut client) = source(product);
        client.run("SET group_concat_max_len = 1000000");
        let before = answers(&mut client, DATABASE);
        let mut compare = |what: &str| {
            assert_eq!(answers(&mut client, COPY), before, "{product:?} {what}");
            // As they are after a restart.
            client.run("FLUSH TABLES");
            assert_eq!(answers(&mut client, COPY), before, "{product:?} {what}, opened again");
            assert_eq!(row_differences(&server, DATABASE, &server, COPY), Vec::<String>::new(), "{product:?} {what}");
            client.run(format!("DROP DATABASE {COPY}"));
            client.run("FLUSH TABLES");
        };
        let renamed = ["-s", DATABASE, "-B", COPY, "--verify"];
        for (format, loads) in [
            (&["--rows=40"][..], &["--load-method=insert", "--load-method=load-data"][..]),
            (&["--format=LOAD_DATA", "--rows=40"], &["--load-method=auto"]),
            (&["--format=CSV"], &["--load-method=auto"]),
        ] {
            let dir = WorkDir::new();
            mydumper(&server, &dir).args(["-B", DATABASE, "-G"]).args(format).ok();
            for load in loads {
                myloader(&server, &dir).args(renamed).arg(load).ok();
                compare(&format!("{format:?} {load}"));
            }
            if format.len() == 1 && loads.len() == 2 {
                as_mydumper_writes(&dir);
                forget_checksums(&dir);
                for load in loads {
                    myloader(&server, &dir).args(renamed).arg(load).ok();
                    compare(&format!("as mydumper 1.0.1 writes, {load}"));
                }
            }
        }
        let dumper = Program::mydumper().server(&server).args(["-B", DATABASE, "-G", "--stream"]);
        let (dumped, loaded) = pipe(dumper, Program::myloader().server(&server).args(renamed).arg("--stream"));
        assert!(dumped.code == Some(0) && loaded.code == Some(0), "{}{}", dumped.stderr, loaded.stderr);
        compare("stream");
    }
}

/// Definitions in the table's character set, in a binary session; strings in double quotes.
fn as_mydumper_writes(dir: &WorkDir) {
    for name in dir.list().iter().filter(|name| name.ends_with("-schema.sql")) {
        let text = dir.read_text(name).replace("SET NAMES utf8mb4", "SET NAMES binary");
        let bytes = match name.as_str() {
            "bounds.t-schema.sql" => text.chars().flat_map(cp1251).collect(),
            _ => text.into_bytes(),
        };
        dir.write(name, bytes);
    }
    for name in dir.list().iter().filter(|name| name.ends_with(".sql") && name.contains(".0")) {
        let bytes = dir.read(name);
        let text = String::from_utf8_lossy(&bytes);
        if text.contains("INSERT") && !text.contains("_utf8mb4") {
            dir.write(name, in_double_quotes(&bytes));
        }
    }
}

fn in_double_quotes(statements: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::new();
    let mut bytes = statements.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => quoted.extend([b'\\', *bytes.next().unwrap()]),
            b'\'' => quoted.push(b'"'),
            b'"' => quoted.extend(b"\\\""),
            other => quoted.push(other),
        }
    }
    quoted
}

fn cp1251(character: char) -> Vec<u8> {
    match character {
        'а'..='я' => vec![0xE0 + u8::try_from(u32::from(character) - u32::from('а')).unwrap()],
        other => other.to_string().into_bytes(),
    }
}
