//! Files of a dump are restored as they were dumped, or the restore fails and says which file is another.

use crate::support::dump::{dump, make, without_time};
use crate::support::load::{assert_same, dumped_with, failing, load, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};
use std::fs;

const OBJECTS: [&str; 8] = [
    "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(99))",
    "INSERT INTO t VALUES (1,'one'), (2,'two'), (3,'three'), (4,'four')",
    "CREATE TABLE u (id INT PRIMARY KEY, c VARCHAR(99))",
    "INSERT INTO u VALUES (1,'one')",
    "CREATE VIEW v AS SELECT c FROM t",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.c = CONCAT(NEW.c, '')",
    "CREATE PROCEDURE p() SELECT 1",
    "ANALYZE TABLE t, u",
];

/// Changes a byte of text that the server takes as well.
fn change(dir: &WorkDir, name: &str) {
    let mut bytes = dir.read(name);
    let place = match bytes.iter().rposition(u8::is_ascii_lowercase) {
        Some(place) if name.ends_with(".sql") || name.ends_with(".dat") || name == "metadata" => place,
        _ => bytes.len() / 2,
    };
    bytes[place] ^= 0x02;
    dir.write(name, bytes);
}

fn error_of(product: Product, database: &str, dir: &WorkDir, options: &[&str]) -> String {
    target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    let line = failing(5, product, dir, options);
    line.replace(dir.path().to_str().unwrap(), "DIR").replace(database, "DB")
}

const ADVICE: &str = "get an undamaged copy of it, or restore it as it is with --ignore-file-checksums";

#[test]
fn a_changed_byte_in_any_file_is_an_error() {
    for product in Product::ALL {
        for (number, options) in
            [&[][..], &["--format=LOAD_DATA"], &["--format=CSV", "--compress=ZSTD"], &["--compress=GZIP"]]
                .into_iter()
                .enumerate()
        {
            let database = format!("changed_byte_{number}");
            let dir = dumped_with(product, &database, &OBJECTS, options);
            let files: Vec<String> = dir.list().into_iter().filter(|name| name != "metadata").collect();
            assert!(files.len() >= 9, "{files:?}");
            for file in &files {
                let copy = WorkDir::copy_of(dir.path());
                change(&copy, file);
                let expected = format!(
                    "[ERROR] cannot restore DIR/{}: its bytes have changed since it was dumped; {ADVICE}",
                    file.replace(&database, "DB")
                );
                assert_eq!(error_of(product, &database, &copy, &[]), expected, "{product:?} {options:?}");
                // Nothing of the file is there.
                let of_table = file.starts_with(&format!("{database}.t.0"));
                if of_table {
                    let count = format!("SELECT COUNT(*) FROM {database}.t");
                    assert_eq!(target(product).client().scalar(count), "0", "{file}");
                }
            }
            load(product, &dir, &["--drop-database"]);
            assert_same(product, &database);
        }
    }
}

#[test]
fn files_that_are_cut_swapped_older_missing_or_added_are_named_before_anything_is_changed() {
    for product in Product::ALL {
        let database = "other_files";
        let dir = dumped_with(product, database, &OBJECTS, &["--rows=2"]);
        let name = |rest: &str| format!("{database}{rest}");
        let (first, second) = (name(".t.00000.sql"), name(".t.00001.sql"));
        let lengths = [dir.read(&first).len(), dir.read(&second).len()];
        assert_ne!(lengths[0], lengths[1]);
        let copy = WorkDir::copy_of(dir.path());
        copy.write(&second, &dir.read(&second)[..lengths[1] - 2]);
        let expected = format!(
            "[ERROR] cannot restore DIR/DB.t.00001.sql: it has {} bytes, but {} were dumped; {ADVICE}",
            lengths[1] - 2,
            lengths[1]
        );
        assert_eq!(error_of(product, database, &copy, &[]), expected);

        let swapped = WorkDir::copy_of(dir.path());
        swapped.write(&first, dir.read(&second));
        swapped.write(&second, dir.read(&first));
        let error = error_of(product, database, &swapped, &["-t1"]);
        let either = [(1, 0), (0, 1)]
            .map(|(has, dumped)| format!("it has {} bytes, but {} were dumped", lengths[has], lengths[dumped]));
        assert!(either.iter().any(|expected| error.contains(expected)), "{error}");

        let lost = WorkDir::copy_of(dir.path());
        fs::remove_file(lost.path().join(&second)).unwrap();
        fs::remove_file(lost.path().join(name("-schema-post.sql"))).unwrap();
        lost.write(&name(".t.00007.sql"), dir.read(&second));
        let expected = "[ERROR] the files in DIR are not those that were dumped: 2 files are missing: DB-schema-post.sql, \
                        DB.t.00001.sql; 1 file is not of this dump: DB.t.00007.sql; copy what is missing there, and remove \
                        what is not of this dump";
        assert_eq!(error_of(product, database, &lost, &[]), expected);
        let there = format!("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{database}'");
        assert_eq!(target(product).client().scalar(&there), "0");
        // What is not asked for need not be there.
        load(product, &lost, &["-T", &name(".u")]);
        let error = error_of(product, database, &lost, &["-T", &name(".t")]);
        assert!(error.contains("1 file is missing: DB.t.00001.sql; 1 file is not of this dump: "), "{error}");

        // A file that a client has compressed is still that file; nothing can be said of its bytes.
        let zipped = WorkDir::copy_of(dir.path());
        Program::new("gzip").arg(zipped.path().join(&second)).ok();
        target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
        let log = load(product, &zipped, &[]).stderr;
        let told =
            "[WARNING] 1 file was compressed or decompressed since the dump was made: nothing shows whether their";
        assert!(log.lines().any(|line| without_time(line).starts_with(told)), "{log}");
        assert_same(product, database);

        // Of another dump of the same tables.
        source(product).client().run(format!("UPDATE {database}.t SET c = 'ONE' WHERE id = 1"));
        let newer = dump(source(product), &["-B", database, "-G", "-R", "-E", "--rows=2"]);
        newer.write(&first, dir.read(&first));
        let error = error_of(product, database, &newer, &[]);
        assert!(error.contains("DIR/DB.t.00000.sql: its bytes have changed since it was dumped"), "{error}");
    }
}

#[test]
fn metadata_that_somebody_has_changed_is_an_error() {
    for product in Product::ALL {
        let database = "changed_metadata";
        let dir = dumped_with(product, database, &OBJECTS, &[]);
        let metadata = dir.read_text("metadata");
        let error = "[ERROR] DIR/metadata: it has changed since it was dumped; get it from another copy of the dump, or \
                     restore it as it is with --ignore-file-checksums";
        for (from, to) in [("real_table_name=t", "real_table_name=s"), ("\n[`changed_metadata`.`u`]", "")] {
            assert!(metadata.contains(from));
            dir.write("metadata", metadata.replace(from, to));
            assert_eq!(error_of(product, database, &dir, &[]), error);
        }
        dir.write("metadata", metadata);
        load(product, &dir, &[]);
        assert_same(product, database);
    }
}

#[test]
fn a_file_that_is_changed_on_purpose_is_restored_with_a_warning() {
    for product in Product::ALL {
        let database = "changed_on_purpose";
        let dir = dumped_with(product, database, &OBJECTS, &[]);
        let schema = format!("{database}.t-schema.sql");
        dir.write(&schema, dir.read_text(&schema).replace("varchar(99)", "varchar(1000)"));
        let metadata = dir.read_text("metadata");
        dir.write("metadata", metadata.replace("# Started", "# mine\n# Started"));
        let error = error_of(product, database, &dir, &[]);
        assert!(error.starts_with("[ERROR] DIR/metadata: it has changed"), "{error}");
        let log = load(product, &dir, &["--ignore-file-checksums"]).stderr;
        let warnings: Vec<_> = log.lines().map(without_time).filter(|line| line.starts_with("[WARNING]")).collect();
        let lengths = [dir.read(&schema).len(), dir.read(&schema).len() - 2];
        assert_eq!(
            warnings,
            [
                format!(
                    "[WARNING] {}: it has changed since it was dumped, and is taken as it is (--ignore-file-checksums)",
                    dir.path().join("metadata").display()
                ),
                format!(
                    "[WARNING] {schema}: it has {} bytes, but {} were dumped; it is restored as it is \
                     (--ignore-file-checksums)",
                    lengths[0], lengths[1]
                ),
            ]
        );
        let length = "SELECT CHARACTER_MAXIMUM_LENGTH FROM information_schema.COLUMNS WHERE TABLE_NAME = 't' AND \
                      COLUMN_NAME = 'c' AND TABLE_SCHEMA = 'changed_on_purpose'";
        assert_eq!(target(product).client().scalar(length), "1000");
    }
}

#[test]
fn rows_that_the_server_rejects_in_a_damaged_file_are_put_down_to_the_damage() {
    for product in Product::ALL {
        let database = "rejected_damage";
        // More than is read at once, so that the server is sent the damage before the end of the file shows it.
        let rows = "INSERT INTO t WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 40) \
                    SELECT id, REPEAT('x', 30000) FROM n";
        let tables = ["CREATE TABLE t (id INT PRIMARY KEY, c LONGTEXT)", rows, "ANALYZE TABLE t"];
        for format in ["INSERT", "LOAD_DATA"] {
            let database = format!("{database}_{}", format.to_lowercase());
            let options = [&format!("--format={format}"), "--statement-size=1000"];
            let dir = dumped_with(product, &database, &tables, &options);
            let (file, from, to) = match format {
                "INSERT" => (format!("{database}.t.00000.sql"), "VALUES(2,", "VALUES(1,"),
                _ => (format!("{database}.t.00000.dat"), "\n2\t", "\n1\t"),
            };
            dir.write(&file, dir.read_text(&file).replacen(from, to, 1));
            let error = error_of(product, &database, &dir, &["--load-method=INSERT"]);
            let file = file.replace(&database, "DB");
            assert_eq!(
                error,
                format!("[ERROR] cannot restore DIR/{file}: its bytes have changed since it was dumped; {ADVICE}")
            );
            assert_eq!(target(product).client().scalar(format!("SELECT COUNT(*) FROM {database}.t")), "0");
        }
    }
}

#[test]
fn what_came_through_a_stream_or_two_runs_is_checked_too() {
    let product = Product::MariaDb;
    let database = "checked_ways";
    make(source(product), database, &OBJECTS);
    let place = WorkDir::new();
    let stream = Program::mydumper().server(source(product)).args(["-B", database, "-G", "-R", "--stream"]);
    let stream = stream.current_dir(place.path()).ok().stdout;
    let rows = format!("{database}.t.00000.sql");
    let unpack = |options: &[&str]| {
        let dir = WorkDir::new();
        let unpacked = dir.path().join("unpacked");
        let program = Program::myloader().args(["--stream=UNPACK", "-d"]).arg(&unpacked).args(options);
        program.stdin(stream.clone()).ok();
        WorkDir::copy_of(&unpacked)
    };
    for options in [&[][..], &["-T", "checked_ways.t"]] {
        let dir = unpack(options);
        target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
        load(product, &dir, &[]);
        change(&dir, &rows);
        let error = error_of(product, database, &dir, &[]);
        assert!(error.contains("DB.t.00000.sql: its bytes have changed since it was dumped"), "{error}");
    }
    // `--resume` looks at the files that an interrupted restore has not loaded.
    let dir = unpack(&[]);
    let whole = dir.read(&rows);
    change(&dir, &rows);
    target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    myloader(target(product), &dir).fails_with(5);
    let resumed = myloader(target(product), &dir).arg("--resume").fails_with(5);
    assert!(resumed.contains("its bytes have changed since it was dumped"), "{resumed}");
    dir.write(&rows, whole);
    myloader(target(product), &dir).arg("--resume").ok();
    assert_same(product, database);
}
