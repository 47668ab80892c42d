//! Options that change the form of a dump: its names, statements, chunks and what is in it.

use crate::support::dump::{Held, dump, make, mydumper, only_line, row_files};
use crate::support::load::{assert_same, dump_of, dumped_with, failing, forget_checksums, load};
use harness::program::{Program, WorkDir, pipe};
use harness::server::{Product, source, target};

const OBJECTS: [&str; 8] = [
    "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'",
    "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, d DATE, c VARCHAR(99) DEFAULT 'it\\'s')",
    "INSERT INTO t VALUES (0, '2026-02-31', 'zero;\\n'), (1, '0000-00-00', 'a\\\\b'), (2, NULL, NULL)",
    "CREATE TABLE u (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id))",
    "INSERT INTO u VALUES (1, 0)",
    "CREATE VIEW v AS SELECT c FROM t",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.c = CONCAT(NEW.c, '')",
    "CREATE PROCEDURE p() SELECT 1",
];

#[test]
fn compact_files_of_rows_and_tables_set_no_sql_mode_and_are_restored_the_same() {
    for product in Product::ALL {
        for (number, format) in ["INSERT", "LOAD_DATA"].into_iter().enumerate() {
            let database = format!("compact_{number}");
            let format = format!("--format={format}");
            let dir = dumped_with(product, &database, &OBJECTS, &["--compact", &format]);
            for file in [".t.00000.sql", ".t-schema.sql", ".u.00000.sql", "-schema-create.sql"] {
                let text = dir.read_text(&format!("{database}{file}"));
                assert!(text.starts_with("/*!40101 SET NAMES ") && text.contains("SET TIME_ZONE="), "{file}: {text}");
                assert!(!text.contains("SQL_MODE"), "{file}: {text}");
            }
            load(product, &dir, &["--verify"]);
            assert_same(product, &database);
        }
    }
}

#[test]
fn statements_end_as_asked_where_they_can_be_read_back() {
    for product in Product::ALL {
        let database = "statement_ends";
        let dir = dumped_with(product, database, &OBJECTS, &["--statement-terminated-by=;\\n"]);
        let text = dir.read_text(&format!("{database}.t.00000.sql"));
        assert!(text.ends_with("NULL,NULL);\n") && !text.contains("\n;\n"), "{text}");
        load(product, &dir, &[]);
        assert_same(product, database);
        let refused = |options: &[&str]| mydumper(source(product), &WorkDir::new()).args(options).fails_with(2);
        assert_eq!(
            refused(&["--statement-terminated-by=;\\n", "--format=CSV"]),
            "mydumper: --statement-terminated-by would put a text among the rows of LOAD_DATA and CSV files: leave it out\n"
        );
        assert!(refused(&["--statement-terminated-by=;"]).starts_with("mydumper: invalid value ';' for --statement-"));
    }
}

#[test]
fn masqueraded_files_have_numbers_for_all_names() {
    for product in Product::ALL {
        let database = "masqueraded";
        make(source(product), database, &OBJECTS);
        let dir = dump_of(product, database, &["--masquerade-filename"]);
        let files: Vec<String> = dir.list().into_iter().filter(|name| name != "metadata").collect();
        assert!(files.len() > 7 && files.iter().all(|name| name.starts_with("mydumper_")), "{files:?}");
        assert!(files.contains(&"mydumper_1-schema-create.sql".to_owned()), "{files:?}");
        assert!(files.contains(&"mydumper_1.mydumper_2.00000.sql".to_owned()), "{files:?}");
        let metadata = dir.read_text("metadata");
        assert!(metadata.contains("[`mydumper_1`.`mydumper_2`]\nreal_table_name=t\nreal_database_name=masqueraded\n"));
        load(product, &dir, &["--verify"]);
        assert_same(product, database);
        let work = WorkDir::new();
        let options = ["-B", database, "-G", "-R", "-E", "--stream", "--masquerade-filename"];
        let dumper = Program::mydumper().server(source(product)).args(options).current_dir(work.path());
        let loader = Program::myloader().server(target(product)).args(["--stream", "-o"]).current_dir(work.path());
        let (dumped, loaded) = pipe(dumper, loader);
        assert_eq!((dumped.code, loaded.code), (Some(0), Some(0)), "{}{}", dumped.stderr, loaded.stderr);
        assert_same(product, database);
    }
}

#[test]
fn chunks_stay_within_hard_bounds() {
    for product in Product::ALL {
        let database = "hard_bounds";
        let rows = "INSERT INTO t WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 899) SELECT n FROM r";
        make(source(product), database, &["CREATE TABLE t (id INT PRIMARY KEY)", rows, "ANALYZE TABLE t"]);
        for (options, least, most) in [
            (&["--rows-hard=0:100"][..], 9, 10),
            (&["--rows-hard=300"], 3, 4),
            (&["--rows=10", "--rows-hard=200:0"], 4, 6),
            (&["--rows=0:0:0"], 1, 1),
        ] {
            let dir = dump(source(product), &[&["-B", database], options].concat());
            let files = row_files(&dir, database, "t").len();
            assert!((least..=most).contains(&files), "{product:?} {options:?}: {files}");
            load(product, &dir, &["--drop-database", "--verify"]);
        }
    }
}

#[test]
fn row_counts_are_checked_with_the_same_conditions() {
    for product in Product::ALL {
        let database = "counted_rows";
        make(
            source(product),
            database,
            &[
                "CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (10), \
                 PARTITION high VALUES LESS THAN MAXVALUE)",
                "INSERT INTO t VALUES (1), (2), (11), (12)",
                "CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM",
                "INSERT INTO m VALUES (1), (20)",
                "CREATE VIEW v AS SELECT id FROM t",
            ],
        );
        for options in [
            &[][..],
            &["--rows=1"],
            &["--where=id > 1"],
            &["--where=id > 1 OR id = 1"],
            &["--where=1=1 LIMIT 1"],
            &["--partition-regex=^high$"],
            &["--partition-regex=^none$"],
            &["--views-as-tables"],
        ] {
            let log = mydumper(source(product), &WorkDir::new()).args(["-B", database, "--check-row-count", "-v3"]);
            let log = log.args(options).ok().stderr;
            let counts = log.matches("reading rows").count() + log.matches("row count of").count();
            assert!(counts > 0 || options.contains(&"--where=1=1 LIMIT 1"), "{options:?} {log}");
        }
    }
}

#[test]
fn rows_that_came_or_went_in_a_table_without_snapshots_are_seen_by_the_count() {
    for product in Product::ALL {
        let database = "count_differs";
        let rows = "INSERT INTO t WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 199) \
                    SELECT a.n * 100 + b.n, REPEAT('x', 200) FROM r a JOIN r b WHERE b.n < 100";
        make(source(product), database, &["CREATE TABLE t (id INT, b VARCHAR(200)) ENGINE=MyISAM", rows]);
        let held = Held::new(source(product), database);
        let dir = WorkDir::new();
        let running = held.spawn(source(product), &dir, &["-t1", "--trx-tables", "--check-row-count", "-v1"]);
        source(product).client().run(format!("INSERT INTO {database}.t VALUES (1, 'late')"));
        drop(held);
        let ended = running.wait();
        assert_eq!(ended.code, Some(6), "{}", ended.stderr);
        let line = only_line(&ended.stderr);
        let told = format!(
            "[ERROR] --check-row-count: table {database}.t has 20001 rows in the snapshot, but 20000 were written: the dump is \
             not right; "
        );
        assert!(line.starts_with(&told), "{line}");
        assert!(!dir.list().contains(&"metadata".to_owned()));
    }
}

#[test]
fn tables_that_were_not_updated_are_left_out_and_listed() {
    for product in Product::ALL {
        let database = "not_updated";
        let tables = [
            "CREATE TABLE old (id INT PRIMARY KEY) ENGINE=MyISAM",
            "INSERT INTO old VALUES (1)",
            "CREATE TABLE new (id INT PRIMARY KEY) ENGINE=MyISAM",
            "INSERT INTO new VALUES (1)",
            "CREATE TABLE never (id INT PRIMARY KEY)",
            "CREATE VIEW v AS SELECT id FROM new",
            "FLUSH TABLES old, new",
        ];
        let mut client = make(source(product), database, &tables);
        let file = format!("{}/{database}/old.MYD", client.scalar("SELECT @@datadir"));
        Program::new("touch").args(["-d", "10 days ago", &file]).ok();
        client.run("FLUSH TABLES old");
        let dir = dump(source(product), &["-B", database, "-U", "5"]);
        assert_eq!(dir.read_text("not_updated_tables"), format!("{database}.old\n"));
        let metadata = dir.read_text("metadata");
        assert!(metadata.contains(&format!("\n# not updated: {database}.old\n")), "{metadata}");
        assert!(!metadata.contains("`old`") && !dir.list().iter().any(|name| name.contains(".old")));
        load(product, &dir, &["--drop-database"]);
        let there = format!(
            "SELECT GROUP_CONCAT(TABLE_NAME ORDER BY TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{database}'"
        );
        assert_eq!(target(product).client().scalar(&there), "never,new,v");
        let of_dump = mydumper(source(product), &dir).args(["-B", database, "--updated-since=20", "--clear"]);
        of_dump.ok();
        assert_eq!(dir.read_text("not_updated_tables"), "");
        assert!(dir.list().contains(&format!("{database}.old.00000.sql")));
        let named = dump(source(product), &["-T", &format!("{database}.old"), "-U", "5"]);
        assert_eq!(row_files(&named, database, "old").len(), 1);
    }
}

#[test]
fn files_for_clickhouse_come_in_pairs_and_the_loader_says_that_it_does_not_read_them() {
    for product in Product::ALL {
        let database = "for_clickhouse";
        let dir = dumped_with(product, database, &OBJECTS, &["--format=CLICKHOUSE"]);
        let rows = dir.read_text(&format!("{database}.u.00000.dat")).replace("_binary", "");
        assert_eq!(rows, "INSERT INTO `u` VALUES(1,0)\n;\n");
        let statement = dir.read_text(&format!("{database}.u.00000.sql"));
        let end = format!("INSERT INTO `u` FROM INFILE '{database}.u.00000.dat' FORMAT MySQLDump;\n");
        assert!(statement.starts_with("/*!40101 SET NAMES binary*/;\n") && statement.ends_with(&end), "{statement}");
        let told = "[ERROR] the dump has its rows in the format CLICKHOUSE, which is not read here: dump with another --format, or \
                    restore the definitions with --no-data";
        assert_eq!(failing(5, product, &dir, &[]), told);
        let there = format!("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{database}'");
        assert_eq!(target(product).client().scalar(&there), "0");
        load(product, &dir, &["--no-data"]);
        // As mydumper writes it.
        forget_checksums(&dir);
        dir.write("metadata", dir.read_text("metadata").replace("\n[mydumper-rs]\nformat = CLICKHOUSE\n", ""));
        let line = failing(5, product, &dir, &["-o", "-t1"]);
        assert!(
            line.contains(", line 5: the rows are for ClickHouse (--format=CLICKHOUSE), which is not read here: "),
            "{line}"
        );
    }
}

#[test]
fn merge_adds_to_a_finished_dump_only() {
    for product in Product::ALL {
        let database = "merged";
        make(source(product), database, &OBJECTS);
        let dir = dump(source(product), &["-T", &format!("{database}.t"), "-G"]);
        let merge = |dir: &WorkDir| mydumper(source(product), dir).args(["-B", database, "-G", "-R", "--merge"]);
        let log = merge(&dir).ok().stderr;
        assert!(log.contains("[WARNING] --merge: the directory will have tables of two points in time"), "{log}");
        assert_eq!(dir.read_text("metadata").matches("[source]").count(), 1);
        load(product, &dir, &["--drop-database"]);
        assert_same(product, database);

        let nothing = WorkDir::new();
        let line = only_line(&merge(&nothing).arg("-v1").fails_with(7));
        let told = format!(
            "[ERROR] --merge: {} has no finished dump to add to: leave --merge out, or give the directory of one",
            nothing.path().display()
        );
        assert_eq!(line, told);
        assert_eq!(nothing.list(), [""; 0]);
        let refused = Program::mydumper().server(source(product)).arg("--merge").fails_with(2);
        assert_eq!(refused, "mydumper: --merge adds to a finished dump: give its directory with --outputdir\n");
    }
}

#[test]
fn a_snapshot_of_tidb_is_refused_by_other_servers() {
    for product in Product::ALL {
        let dir = WorkDir::new();
        let error = mydumper(source(product), &dir).args(["-z", "443852055297916932"]).fails_with(2);
        let version = source(product).client().scalar("SELECT VERSION()");
        assert_eq!(
            error,
            format!("mydumper: --tidb-snapshot is for TiDB, and this server is {version}: leave it out\n")
        );
        assert_eq!(dir.list(), [""; 0]);
    }
}
