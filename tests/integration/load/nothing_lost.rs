//! Nothing is dropped or emptied that the dump cannot bring back or fill, from a directory or a stream; and what was asked
//! for and is not in the dump is found before anything is changed.

use crate::support::dump::{make, without_time};
use crate::support::load::{column, journals, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

/// A table with rows, one without, and a view.
const TABLES: [&str; 4] = [
    "CREATE TABLE t (id INT PRIMARY KEY)",
    "INSERT INTO t VALUES (1), (2)",
    "CREATE TABLE unfilled (id INT PRIMARY KEY)",
    "CREATE VIEW v AS SELECT id FROM t",
];

/// The dump of a database, as a directory and as a stream.
enum Dump {
    Directory(WorkDir),
    Stream(Vec<u8>, WorkDir),
}

impl Dump {
    fn both(product: Product, database: &str, options: &[&str]) -> [Dump; 2] {
        let dumper = || Program::mydumper().server(source(product)).args(["-B", database]).args(options);
        let (dir, place) = (WorkDir::new(), WorkDir::new());
        dumper().arg("-o").arg(dir.path()).ok();
        let stream = dumper().arg("--stream").current_dir(place.path()).ok().stdout;
        [Dump::Directory(dir), Dump::Stream(stream, place)]
    }

    fn loader(&self, product: Product, options: &[&str]) -> Program {
        match self {
            Dump::Directory(dir) => myloader(target(product), dir).args(options),
            Dump::Stream(stream, place) => {
                let program = Program::myloader().server(target(product)).arg("--stream").args(options);
                program.current_dir(place.path()).stdin(stream.clone())
            }
        }
    }
}

/// The target's own rows.
fn rows(product: Product, database: &str) -> Vec<String> {
    let sql = format!("SELECT id FROM {database}.t UNION ALL SELECT id FROM {database}.unfilled ORDER BY id");
    column(&mut target(product).client(), &sql)
}

fn target_tables(product: Product, database: &str, more: &[&str]) {
    target(product).client().run(format!("DROP DATABASE IF EXISTS {database}"));
    let own = [TABLES[0], "INSERT INTO t VALUES (7)", TABLES[2], "INSERT INTO unfilled VALUES (8)"];
    make(target(product), database, &[&own, more].concat());
}

#[test]
fn a_dump_without_rows_empties_no_table() {
    for product in Product::ALL {
        let database = "lost_no_data";
        make(source(product), database, &TABLES);
        for dump in Dump::both(product, database, &["--no-data"]) {
            for mode in ["TRUNCATE", "DELETE"] {
                target_tables(product, database, &[]);
                let log = dump.loader(product, &["--drop-table", mode]).ok().stderr;
                assert_eq!(rows(product, database), ["7", "8"], "{product:?} {mode}");
                let told: Vec<&str> =
                    log.lines().map(without_time).filter(|line| line.contains("not emptied")).collect();
                let expected = format!(
                    "[WARNING] not emptied, since the dump has no rows (mydumper --no-data), and kept as they are: \
                     {database}.t, {database}.unfilled"
                );
                assert_eq!(told, [expected]);
            }
        }
        // A table without rows in a dump of rows is emptied.
        for dump in Dump::both(product, database, &[]) {
            target_tables(product, database, &[]);
            dump.loader(product, &["--drop-table=TRUNCATE"]).ok();
            assert_eq!(rows(product, database), ["1", "2"], "{product:?}");
        }
    }
}

#[test]
fn rows_alone_are_checked_before_anything_is_changed() {
    for product in Product::ALL {
        let database = "lost_rows_alone";
        make(source(product), database, &TABLES[..3]);
        for dump in Dump::both(product, database, &["--no-schemas"]) {
            let trigger = "CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW SET @x = 1";
            target_tables(product, database, &[trigger]);
            let log = dump.loader(product, &["--drop-table=DROP"]).fails_with(None);
            assert!(
                log.contains(&format!("have triggers, which would fire for the dump's rows: {database}.t;")),
                "{log}"
            );
            assert_eq!(rows(product, database), ["7", "8"]);

            let view = ["CREATE TABLE base (id INT)", "DROP TABLE t", "CREATE VIEW t AS SELECT id FROM base"];
            target_tables(product, database, &view);
            let log = dump.loader(product, &["--drop-table=DROP"]).fails_with(None);
            assert!(log.contains(&format!("are views on the server, and are not created: {database}.t;")), "{log}");
            assert_eq!(rows(product, database), ["8"]);

            target_tables(product, database, &[]);
            let log = dump.loader(product, &["--drop-database"]).fails_with(1);
            assert!(log.contains(&format!("--drop-database would drop database {database}, but")), "{log}");
            assert_eq!(rows(product, database), ["7", "8"]);
        }
    }
}

#[test]
fn a_name_that_the_dump_does_not_have_leaves_nothing_behind() {
    for product in Product::ALL {
        let database = "lost_no_such";
        make(source(product), database, &TABLES);
        for dump in Dump::both(product, database, &[]) {
            let nothing = "nothing in the dump matches: check --database, --source-db, --tables-list, --omit-from-file and \
                           --regex (with --allow-empty, nothing has to match)";
            for (filter, says) in [
                (["-T", "lost_no_such.nosuch"], "the dump has no table lost_no_such.nosuch: check the name"),
                (["-s", "nosuch"], "the dump has no database nosuch: check the name"),
                (["-x", "^zzz"], nothing),
            ] {
                let log = dump.loader(product, &[&filter[..], &["-B", "lost_new"]].concat()).fails_with(1);
                assert!(log.contains(says), "{log}");
                let databases = "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'lost_new'";
                assert_eq!(target(product).client().scalar(databases), "0", "{product:?} {filter:?}");
                match &dump {
                    Dump::Directory(dir) => assert!(journals(dir).is_empty()),
                    Dump::Stream(_, place) => assert_eq!(place.list(), [""; 0]),
                }
            }
        }
        // Unpacked, too.
        let [_, Dump::Stream(stream, _)] = Dump::both(product, database, &[]) else { panic!("no stream") };
        for filter in [["-T", "lost_no_such.nosuch"], ["-s", "nosuch"]] {
            let place = WorkDir::new();
            let new = place.path().join("new");
            let program = Program::myloader().args(["--stream=UNPACK", "-d"]).arg(&new).args(filter);
            let log = program.stdin(stream.clone()).fails_with(1);
            let kind = if filter[0] == "-T" { "table lost_no_such.nosuch" } else { "database nosuch" };
            assert!(
                log.contains(&format!(
                    "the stream has no {kind}: check the name (with --allow-empty, nothing has to match)"
                )),
                "{log}"
            );
            assert!(!new.exists(), "{filter:?}: {:?}", std::fs::read_dir(&new).map(Iterator::count));
        }
    }
}
