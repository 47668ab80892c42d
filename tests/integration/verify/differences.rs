//! `--verify` and `--verify-only`: what is not as in the dump is found, and named with its range.

use crate::support::dump::{dump, make, only_line, without_time};
use crate::support::load::{dumped_with, forget_checksums, load, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

/// Exit code of a comparison that found differences.
const DIFFERENT: i32 = 6;

const HEADLINE: &str = "[ERROR] these differ from the dump; everything else is done:";

/// A table of a thousand rows, one of which has a NULL, and one without a key.
const TABLES: &[&str] = &[
    "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))",
    "INSERT INTO t WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 1000) \
     SELECT n, IF(n = 500, NULL, CONCAT('v', n)) FROM r",
    "ANALYZE TABLE t",
    "CREATE TABLE d (a INT, b TEXT)",
    "INSERT INTO d VALUES (1, 'one'), (1, 'one'), (2, NULL)",
];

/// A chunk as metadata has it.
#[derive(Debug)]
struct Chunk {
    rows: u64,
    hash: String,
    selection: String,
}

/// The chunks of a table of a dump of one database.
fn chunks(dir: &WorkDir, database: &str, table: &str) -> Vec<Chunk> {
    let metadata = dir.read_text("metadata");
    let (_, section) = metadata.split_once(&format!("[`{database}`.`{table}`]\n")).unwrap();
    let section = section.split("\n\n").next().unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("chunk_")?.split_once(" = "));
    let chunks = lines.map(|(_, value)| {
        let mut parts = value.splitn(3, ' ');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        Chunk { rows: next().parse().unwrap(), hash: next(), selection: next() }
    });
    chunks.collect()
}

/// The chunk that `id` is in, of ranges of `id`.
fn chunk_of(chunks: &[Chunk], id: i64) -> &Chunk {
    let is_in = |chunk: &&Chunk| {
        let bound = |before: &str| {
            let (_, rest) = chunk.selection.split_once(before)?;
            rest.split(' ').next()?.parse::<i64>().ok()
        };
        bound(">= ").is_none_or(|low| low <= id) && bound("< ").is_none_or(|high| id < high)
    };
    chunks.iter().find(is_in).unwrap()
}

/// A change of the copy, and what is said of it.
struct Damage {
    what: &'static str,
    sql: &'static str,
    undone_by: &'static str,
    by_hash: String,
    /// Nothing, where numbers of rows do not tell.
    by_number: Option<String>,
}

/// What `--verify-only` prints of a comparison that found differences, with `OTHER` for hashes that the dump does not have.
fn different(product: Product, dir: &WorkDir, options: &[&str]) -> String {
    let loader = myloader(target(product), dir).args(["--verify-only", "--checksum=skip"]).args(options);
    let printed = loader.fails_with(DIFFERENT);
    let metadata = dir.read_text("metadata");
    let words = without_time(&printed).trim_end().split_inclusive([' ', '\n']).map(|word| {
        let hash = word.trim_end_matches([' ', '\n', ',']);
        let is_hash = hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash && !metadata.contains(hash) { word.replace(hash, "OTHER") } else { word.to_owned() }
    });
    words.collect()
}

#[test]
fn every_kind_of_damage_is_found_in_its_range() {
    for product in Product::ALL {
        let database = "verify_damage";
        let dir = dumped_with(product, database, TABLES, &["-r", "100"]);
        let done = load(product, &dir, &["--verify"]).stderr;
        assert!(done.trim_end().ends_with("; verified: 2 tables with 1,003 rows match the dump"), "{done}");
        let chunks = chunks(&dir, database, "t");
        assert!(chunks.len() >= 4, "{chunks:?}");
        let (low, high) = (chunk_of(&chunks, 250), chunk_of(&chunks, 750));
        let last = chunks.last().unwrap();
        let middle = chunk_of(&chunks, 500);
        let others = |Chunk { rows, hash, selection }: &Chunk| {
            format!(
                "\n    {selection}: {rows} rows as in the dump, but with different content: hash OTHER, in the \
             dump {hash}"
            )
        };
        let number = |Chunk { rows, selection, .. }: &Chunk, now: u64| {
            format!("\n    {selection}: {now} rows, in the dump {rows}")
        };
        // The sum of all hashes, which the metadata does not have.
        let same = "1000 rows as in the dump, but with different content: hash OTHER, in the dump OTHER";
        let whole = &self::chunks(&dir, database, "d")[0];
        let cases = [
            Damage {
                what: "a changed value",
                sql: "UPDATE t SET v = 'w250' WHERE id = 250",
                undone_by: "UPDATE t SET v = 'v250' WHERE id = 250",
                by_hash: format!("t: {same}{}", others(low)),
                by_number: None,
            },
            Damage {
                what: "a missing row",
                sql: "DELETE FROM t WHERE id = 250",
                undone_by: "INSERT INTO t VALUES (250, 'v250')",
                by_hash: format!("t: 999 rows, in the dump 1000{}", number(low, low.rows - 1)),
                by_number: Some(format!("t: 999 rows, in the dump 1000{}", number(low, low.rows - 1))),
            },
            Damage {
                what: "a row too many",
                sql: "INSERT INTO t VALUES (5000, 'v')",
                undone_by: "DELETE FROM t WHERE id = 5000",
                by_hash: format!("t: 1001 rows, in the dump 1000{}", number(last, last.rows + 1)),
                by_number: Some(format!("t: 1001 rows, in the dump 1000{}", number(last, last.rows + 1))),
            },
            Damage {
                what: "a doubled row",
                sql: "INSERT INTO d VALUES (1, 'one')",
                undone_by: "DELETE FROM d WHERE a = 1 LIMIT 1",
                by_hash: "d: 4 rows, in the dump 3".to_owned(),
                by_number: Some("d: 4 rows, in the dump 3".to_owned()),
            },
            Damage {
                what: "a row doubled in place of another",
                sql: "UPDATE d SET a = 2, b = NULL WHERE a = 1 LIMIT 1",
                undone_by: "UPDATE d SET a = 1, b = 'one' WHERE a = 2 LIMIT 1",
                by_hash: format!(
                    "d: 3 rows as in the dump, but with different content: hash OTHER, in the dump {}",
                    whole.hash
                ),
                by_number: None,
            },
            Damage {
                what: "values swapped between two rows",
                sql: "UPDATE t SET v = IF(id = 250, 'v750', 'v250') WHERE id IN (250, 750)",
                undone_by: "UPDATE t SET v = CONCAT('v', id) WHERE id IN (250, 750)",
                by_hash: format!("t: {same}{}{}", others(low), others(high)),
                by_number: None,
            },
            Damage {
                what: "an empty string for NULL",
                sql: "UPDATE t SET v = '' WHERE id = 500",
                undone_by: "UPDATE t SET v = NULL WHERE id = 500",
                by_hash: format!("t: {same}{}", others(middle)),
                by_number: None,
            },
            Damage {
                what: "a row that moved to another range",
                sql: "UPDATE t SET id = 5000 WHERE id = 250",
                undone_by: "UPDATE t SET id = 250 WHERE id = 5000",
                by_hash: format!("t: {same}{}{}", number(low, low.rows - 1), number(last, last.rows + 1)),
                by_number: None,
            },
        ];
        let mut client = target(product).client();
        client.run(format!("USE {database}"));
        for Damage { what, sql, undone_by, by_hash, by_number } in cases {
            client.run(sql);
            let message = |text: &str| format!("{HEADLINE}\n  table {database}.{text}");
            assert_eq!(different(product, &dir, &[]), message(&by_hash), "{product:?}: {what}");
            match by_number {
                Some(text) => {
                    assert_eq!(different(product, &dir, &["--verify=rows"]), message(&text), "{product:?}: {what}");
                }
                None => drop(load(product, &dir, &["--verify-only", "--verify=rows"])),
            }
            client.run(undone_by);
        }
        load(product, &dir, &["--verify-only"]);
    }
}

#[test]
fn a_restore_of_other_rows_fails_when_all_else_is_done() {
    for product in Product::ALL {
        let database = "verify_restore";
        let statements = [TABLES, &["CREATE VIEW v AS SELECT COUNT(*) AS n FROM t"]].concat();
        let dir = dumped_with(product, database, &statements, &[]);
        let file = format!("{database}.t.00000.sql");
        dir.write(&file, dir.read_text(&file).replace("'v250'", "'w250'"));
        forget_checksums(&dir);
        let printed = myloader(target(product), &dir).arg("--verify").fails_with(DIFFERENT);
        assert!(
            without_time(&printed).starts_with(&format!("{HEADLINE}\n  table {database}.t: 1000 rows as in the dump")),
            "{printed}"
        );
        assert_eq!(target(product).client().scalar(format!("SELECT n FROM {database}.v")), "1000");
        // The number of rows is as it was.
        load(product, &dir, &["--drop-table", "--verify=rows"]);
    }
}

#[test]
fn what_is_not_there_is_different() {
    for product in Product::ALL {
        let database = "verify_missing";
        let dir = dumped_with(product, database, TABLES, &[]);
        let message = different(product, &dir, &["-B", "verify_nowhere"]);
        let missing = |table: &str, why: &str| format!("\n  table verify_nowhere.{table}: cannot be compared: {why}");
        let why = match product {
            Product::MariaDb => ["server error 1146 (42S02): Table 'verify_nowhere.d' doesn't exist"; 2],
            Product::MySql => ["server error 1049 (42000): Unknown database 'verify_nowhere'"; 2],
        };
        let advice = if product == Product::MySql { " (check the name of the database)" } else { "" };
        let expected = format!(
            "{HEADLINE}{}{}",
            missing("d", &format!("{}{advice}", why[0])),
            missing("t", &format!("{}{advice}", why[1].replace("nowhere.d'", "nowhere.t'")))
        );
        assert_eq!(message, expected, "{product:?}");

        load(product, &dir, &[]);
        let mut client = target(product).client();
        client.run(format!("ALTER TABLE {database}.d CHANGE b c TEXT"));
        client.run(format!("DROP TABLE {database}.t"));
        let no_column = match product {
            Product::MariaDb => "server error 1054 (42S22): Unknown column 'b' in 'SELECT'",
            Product::MySql => "server error 1054 (42S22): Unknown column 'b' in 'field list'",
        };
        let message = different(product, &dir, &[]);
        let no_table = format!("server error 1146 (42S02): Table '{database}.t' doesn't exist");
        let expected = format!(
            "{HEADLINE}\n  table {database}.d: cannot be compared: {no_column}\n  \
             table {database}.t: cannot be compared: {no_table}"
        );
        assert_eq!(message, expected, "{product:?}");
        // A filter leaves out what is not to be compared.
        client.run(format!("ALTER TABLE {database}.d CHANGE c b TEXT"));
        load(product, &dir, &["--verify-only", "-T", &format!("{database}.d")]);
    }
}

#[test]
fn comparing_alone_needs_no_more_than_select() {
    for product in Product::ALL {
        let database = "verify_select";
        let dir = dumped_with(product, database, TABLES, &["-r", "100"]);
        load(product, &dir, &[]);
        let mut client = target(product).client();
        client.run("CREATE USER verify_select@localhost IDENTIFIED BY 'a'");
        client.run(format!("GRANT SELECT ON {database}.* TO verify_select@localhost"));
        // The files of tables are not needed.
        for file in dir.list().into_iter().filter(|file| file != "metadata") {
            std::fs::remove_file(dir.path().join(file)).unwrap();
        }
        let program = Program::myloader().server(target(product)).args(["-u", "verify_select", "--verify-only", "-d"]);
        let done = program.arg(dir.path()).env("MYSQL_PWD", "a").ok().stderr;
        let line = only_line(&done);
        let (start, end) = line.split_once(" s: ").unwrap();
        assert!(start.starts_with("[INFO] verified in "), "{line}");
        assert_eq!(end, "2 tables with 1,003 rows match the dump");
        client.run("DROP USER verify_select@localhost");
    }
}

#[test]
fn dumps_without_hashes_are_counted_and_say_so() {
    for product in Product::ALL {
        let database = "verify_older";
        let dir = dumped_with(product, database, TABLES, &[]);
        forget_checksums(&dir);
        let metadata = dir.read_text("metadata");
        let without = |text: &str, starts: &[&str]| -> String {
            let kept = text.lines().filter(|line| !starts.iter().any(|start| line.starts_with(start)));
            kept.map(|line| format!("{line}\n")).collect()
        };
        let older = without(&metadata, &["hashed_columns", "chunk_", "row-hash"]);
        dir.write("metadata", &older);
        let done = load(product, &dir, &["--verify"]).stderr;
        let lines: Vec<&str> = done.lines().map(without_time).collect();
        assert_eq!(lines[0], "[WARNING] --verify: the dump has no row hashes, so rows are only counted", "{done}");
        assert!(lines[1].ends_with("2 tables with 1,003 rows match the dump (2 of them by row count only)"), "{done}");
        target(product).client().run(format!("DELETE FROM {database}.t WHERE id = 250"));
        let counted = myloader(target(product), &dir).args(["--verify-only", "--verify=rows"]).fails_with(DIFFERENT);
        assert_eq!(
            without_time(counted.trim_end()),
            format!("{HEADLINE}\n  table {database}.t: 999 rows, in the dump 1000")
        );
        dir.write("metadata", without(&older, &["rows = "]));
        let nothing = myloader(target(product), &dir).arg("--verify-only").fails_with(1);
        assert_eq!(
            without_time(nothing.lines().last().unwrap()),
            format!(
                "[ERROR] --verify: the dump's metadata lacks hashes or row counts to compare these tables by: \
                 {database}.d, {database}.t; it is from an older version, or damaged"
            )
        );
        // What is missing is not passed over.
        for start in ["chunk_00000", "hashed_columns"] {
            dir.write("metadata", without(&metadata, &[start]));
            let damaged = myloader(target(product), &dir).arg("--verify-only").fails_with(1);
            assert!(
                damaged.contains(&format!("to compare these tables by: {database}.d, {database}.t; ")),
                "{start}: {damaged}"
            );
        }
        let section = format!("[`{database}`.`t`]");
        dir.write("metadata", metadata.replace(&section, "[unknown]"));
        let lost = myloader(target(product), &dir).arg("--verify-only").fails_with(1);
        assert!(lost.contains(&format!("to compare these tables by: {database}.t; ")), "{lost}");
        dir.write("metadata", &metadata);
        let none = myloader(target(product), &dir).args(["--verify-only", "-x", "no such table"]).fails_with(1);
        assert_eq!(
            without_time(none.trim_end()),
            "[ERROR] --verify-only: no table of the dump is selected, so nothing was compared: check the names and \
             patterns"
        );
        dir.write("metadata", metadata.replace("xxh3-128-sum-1", "xxh4-2"));
        let done = load(product, &dir, &["--drop-table", "--verify"]).stderr;
        let line =
            "the dump's row hashes are of a kind that this version does not know (xxh4-2), so rows are only counted";
        assert!(done.contains(line), "{done}");
    }
}

#[test]
fn metadata_cannot_make_a_comparison_write() {
    let product = Product::MariaDb;
    let database = "verify_into";
    let dir = dumped_with(product, database, &["CREATE TABLE t (id INT PRIMARY KEY)"], &[]);
    load(product, &dir, &[]);
    forget_checksums(&dir);
    let file = dir.path().join("written");
    let metadata = dir.read_text("metadata");
    let into = format!("hashed_columns = `id` INTO OUTFILE '{}'", file.display());
    dir.write("metadata", metadata.replace("hashed_columns = `id`", &into));
    let message = only_line(&myloader(target(product), &dir).arg("--verify-only").fails_with(5));
    assert_eq!(
        message,
        "[ERROR] metadata, table verify_into.t: `hashed_columns` or a chunk holds more than columns or a range; the \
         file is damaged"
    );
    assert!(!file.exists());
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let product = Product::MariaDb;
    let server = target(product);
    let dir = WorkDir::new();
    for (options, message) in [
        (&["--verify", "--no-data"][..], "--verify compares rows: leave --no-data out"),
        (&["--verify-only", "--no-data"], "--verify compares rows: leave --no-data out"),
        (&["--verify-only", "-o"], "--verify-only changes nothing: leave --drop-table out"),
        (&["--verify-only", "--drop-database"], "--verify-only changes nothing: leave --drop-database out"),
        (&["--verify-only", "--disable-redo-log"], "--verify-only changes nothing: leave --disable-redo-log out"),
        (&["--verify-only", "--users"], "--verify-only changes nothing: leave --users out"),
        (&["--verify-only", "--resume"], "--verify-only changes nothing: leave --resume out"),
        (
            &["--verify-only", "--stream"],
            "--verify-only reads the metadata of a complete dump: give its --directory; with --stream, use --verify",
        ),
    ] {
        let printed = myloader(server, &dir).args(options).fails_with(2);
        assert!(printed.starts_with(&format!("myloader: {message}\n")), "{printed}");
    }
    // A value is checked, too.
    let printed = myloader(server, &dir).arg("--verify=all").fails_with(2);
    assert_eq!(printed, "myloader: invalid value 'all' for --verify: use ROWS or HASH\n");
}

#[test]
fn a_stream_is_verified_when_it_has_ended() {
    for product in Product::ALL {
        let database = "verify_stream";
        make(source(product), database, TABLES);
        let (at_dumper, at_loader) = (WorkDir::new(), WorkDir::new());
        let dumper = Program::mydumper().server(source(product)).args(["-B", database, "-r", "100", "--stream"]);
        let loader = Program::myloader().server(target(product)).args(["--stream", "--verify"]);
        let (_, loaded) =
            harness::program::pipe(dumper.current_dir(at_dumper.path()), loader.current_dir(at_loader.path()));
        let end = "; verified: 2 tables with 1,003 rows match the dump";
        assert!(loaded.stderr.trim_end().ends_with(end), "{}", loaded.stderr);
    }
}

/// The two products hash the same rows alike, as `xxhash` does (Python, 4.1.0).
#[test]
fn hashes_are_those_of_rows_and_not_of_servers() {
    let rows =
        ["CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))", "INSERT INTO t VALUES (1,'abc'), (2,NULL), (3,'')"];
    for product in Product::ALL {
        make(source(product), "verify_hash", &rows);
        let protocols: &[&[&str]] = &[&[], &["--compress-protocol"]];
        for options in protocols {
            let dir = dump(source(product), &[&["-B", "verify_hash", "--no-schema-checksums"], *options].concat());
            let section = "[`verify_hash`.`t`]\nreal_table_name=t\nrows = 3\nhashed_columns = `id`,`v`\n\
                 chunk_00000 = 3 780c7c047b2bb2a772fbb2c60ca249b6\n";
            let metadata = dir.read_text("metadata");
            assert!(metadata.contains(section), "{product:?}: {metadata}");
        }
    }
}
