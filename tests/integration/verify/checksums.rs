//! The checksums of metadata that mydumper 1.0.1 writes, and `--checksum`.

use crate::support::dump::{dump, make, without_time};
use crate::support::load::{dumped_with, forget_checksums, load, myloader};
use harness::detour::{Detour, Fate, contains};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};
use harness::shop::{self, fixture};
use std::collections::BTreeSet;
use std::sync::Mutex;

const DIFFERENT: i32 = 6;

/// Lines with checksums, each behind its section: `` [`shop`.`authors`] data_checksum = 1599525005 ``.
fn checksums(metadata: &str) -> BTreeSet<String> {
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in metadata.lines() {
        if line.starts_with('[') {
            section = line;
        } else if line.contains("_checksum = ") {
            found.insert(format!("{section} {line}"));
        }
    }
    found
}

#[test]
fn checksums_are_those_of_mydumper() {
    let server = source(Product::MariaDb);
    // Under its own name, which is in the metadata.
    shop::load(server, "shop", 1);
    let metadata = fixture("shop-checksums").join("metadata");
    let mut expected = checksums(&std::fs::read_to_string(metadata).unwrap());
    // Of tables their rows, columns and indexes, of views their definitions, and four of the database.
    assert_eq!(expected.len(), 6 * 3 + 3 + 4);
    // A generated column: equal tables have different checksums.
    assert!(expected.remove("[`shop`.`books`] data_checksum = 2011315775"));
    for options in [&["-M"][..], &["--data-checksums", "--routine-checksums", "--format=CSV"]] {
        let dir = dump(server, &[&["-B", "shop", "-G", "-E", "-R"], options].concat());
        let found = checksums(&dir.read_text("metadata"));
        assert_eq!(found.symmetric_difference(&expected).collect::<Vec<_>>(), [""; 0]);
    }
    // What is dumped decides, and what is asked for.
    let of = |options: &[&str]| checksums(&dump(server, &[&["-B", "shop"], options].concat()).read_text("metadata"));
    let without = |keys: &[&str]| -> BTreeSet<String> {
        expected.iter().filter(|line| !keys.iter().any(|key| line.contains(key))).cloned().collect()
    };
    let routines = ["post_checksum", "events_checksum", "triggers_checksum"];
    let (data, database) = ("data_checksum", "[`shop`] schema_checksum");
    assert_eq!(of(&[]), without(&[&routines[..], &[data]].concat()));
    assert_eq!(of(&["-M", "-R"]), without(&["events_checksum", "triggers_checksum"]));
    assert_eq!(of(&["-M", "-GER", "--skip-index-checksums", "--skip-data-checksums"]), without(&["indexes_", data]));
    assert_eq!(
        of(&["-M", "-GER", "--skip-database-checksums", "--skip-event-checksums"]),
        without(&[database, "events_"])
    );
    assert_eq!(of(&["--no-schema-checksums"]), BTreeSet::new());
    assert_eq!(of(&["-M", "--where", "1"]), without(&[&routines[..], &[data]].concat()));
}

/// Odd names, an index on an expression, more than one routine, and a view.
const OBJECTS: &[&str] = &[
    "CREATE TABLE `a b` (`ïd` INT PRIMARY KEY, `v``` TEXT, n DECIMAL(5,2), KEY by_v (`v```(7)), KEY `by n` (n, `ïd`))",
    "INSERT INTO `a b` VALUES (1, 'one', 1.5), (2, NULL, NULL)",
    "CREATE TABLE keyless (a INT, b TIMESTAMP NULL)",
    "CREATE VIEW v AS SELECT n, 'é\n' AS e FROM `a b`",
    "CREATE PROCEDURE p() SELECT 1",
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 2",
    "CREATE TRIGGER tr BEFORE INSERT ON `a b` FOR EACH ROW SET NEW.n =\t1",
    "CREATE EVENT e ON SCHEDULE AT '2031-01-01 00:00:00' DO SELECT\n 1",
];

#[test]
fn checksums_are_those_that_the_server_computes() {
    for product in Product::ALL {
        let name = "checksums_formulas";
        let mut objects = OBJECTS.to_vec();
        if product == Product::MySql {
            objects.push("CREATE INDEX expression ON keyless ((a + 1))");
        }
        let dir = dumped_with(product, name, &objects, &["-M"]);
        let mut client = source(product).client();
        let mut sum = |words: &str, view: &str, condition: &str| {
            let sql = format!(
                "SELECT COALESCE(LOWER(CONV(BIT_XOR(CRC32({words})), 10, 16)), 0) FROM information_schema.{view} WHERE {condition}"
            );
            client.scalar(sql)
        };
        let columns = "CONCAT_WS(' ', column_name, ordinal_position, data_type)";
        let indexes = "CONCAT_WS(' ', index_name, seq_in_index, column_name)";
        let stripped =
            |text: &str| format!(r"REPLACE(REPLACE(REPLACE(REPLACE({text}, ' ', ''), '\r', ''), '\n', ''), '\t', '')");
        let of = |table: &str| format!("table_schema = '{name}' AND table_name = '{table}'");
        let mut expected = BTreeSet::new();
        let mut add = |section: &str, key: &str, value: String| {
            expected.insert(format!("[`{name}`{section}] {key}_checksum = {value}"));
        };
        for (file, table) in [("mydumper_1", "a b"), ("keyless", "keyless")] {
            add(&format!(".`{file}`"), "schema", sum(columns, "columns", &of(table)));
            add(&format!(".`{file}`"), "indexes", sum(indexes, "statistics", &of(table)));
        }
        let view = sum("REPLACE(view_definition, table_schema, '')", "views", &of("v"));
        add(".`v`", "schema", view.to_uppercase());
        let charset = "CONCAT(default_character_set_name, default_collation_name)";
        add("", "schema", sum(charset, "schemata", &format!("schema_name = '{name}'")).to_uppercase());
        let routine = "REPLACE(routine_definition, ' ', '')";
        add("", "post", sum(routine, "routines", &format!("routine_schema = '{name}'")).to_uppercase());
        let event = stripped("event_definition");
        add("", "events", sum(&event, "events", &format!("event_schema = '{name}'")).to_uppercase());
        let trigger = stripped("action_statement");
        add("", "triggers", sum(&trigger, "triggers", &format!("trigger_schema = '{name}'")).to_uppercase());
        for (file, table) in [("mydumper_1", "a b"), ("keyless", "keyless")] {
            let checksum = harness::sql::text(&client.query(format!("CHECKSUM TABLE {name}.`{table}`"))[0][1]);
            expected.insert(format!("[`{name}`.`{file}`] data_checksum = {checksum}"));
        }
        assert_eq!(checksums(&dir.read_text("metadata")), expected, "{product:?}");
    }
}

/// The dump of [`OBJECTS`] whose metadata has another checksum, and what is said of it.
fn changed(dir: &WorkDir, key: &str, section: &str) -> WorkDir {
    let copy = WorkDir::copy_of(dir.path());
    let metadata = dir.read_text("metadata");
    let (before, rest) = metadata.split_once(&format!("{section}\n")).unwrap();
    let at = rest.find(&format!("{key}_checksum = ")).unwrap() + key.len() + "_checksum = ".len();
    let end = at + rest[at..].find('\n').unwrap();
    copy.write("metadata", format!("{before}{section}\n{}7{}", &rest[..at], &rest[end..]));
    forget_checksums(&copy);
    copy
}

#[test]
fn every_checksum_that_differs_is_found() {
    for product in Product::ALL {
        let name = "checksums_changed";
        let dir = dumped_with(product, name, OBJECTS, &["-M"]);
        let drop = || target(product).client().run(format!("DROP DATABASE IF EXISTS {name}"));
        let (table, view, database) =
            (format!("[`{name}`.`mydumper_1`]"), format!("[`{name}`.`v`]"), format!("[`{name}`]"));
        for (key, section, skip, says) in [
            ("data", &table, "--skip-data-checksums", format!("table {name}.a b: CHECKSUM TABLE ")),
            ("schema", &table, "--skip-table-checksums", format!("table {name}.a b: columns ")),
            ("indexes", &table, "--skip-index-checksums", format!("table {name}.a b: indexes ")),
            ("schema", &view, "--skip-view-checksums", format!("view {name}.v: definition ")),
            (
                "schema",
                &database,
                "--skip-database-checksums",
                format!("database {name}: character set and collation "),
            ),
            ("post", &database, "--skip-routine-checksums", format!("database {name}: routines ")),
            ("events", &database, "--skip-event-checksums", format!("database {name}: events ")),
            ("triggers", &database, "--skip-trigger-checksums", format!("database {name}: triggers ")),
        ] {
            let other = changed(&dir, key, section);
            drop();
            // The server rewrites a view's text when it creates it.
            let strict = (section == &view).then_some("--checksum=fail");
            if strict.is_some() {
                let told = load(product, &other, &[]).stderr;
                assert!(told.contains(&format!("[WARNING] checksums differ from the dump: {says}")), "{told}");
                drop();
            }
            let printed = myloader(target(product), &other).args(strict).fails_with(DIFFERENT);
            let lines: Vec<&str> = printed.trim_end().lines().map(without_time).collect();
            assert_eq!(
                lines[0], "[ERROR] these differ from the dump; everything else is done:",
                "{product:?}: \
             {printed}"
            );
            let differs = |line: &str| {
                let rest = line.split_once(says.as_str()).map(|(_, rest)| rest);
                rest.is_some_and(|rest| rest.ends_with(", in the dump 7") && !rest.starts_with("7,"))
            };
            // The text of a message begins behind the time, of which the second line has none.
            let second = printed.lines().nth(1).unwrap();
            assert!(lines.len() == 2 && differs(second), "{product:?}: {printed}");
            // All else is there.
            let program = myloader(target(product), &other).args(["--verify-only", "--checksum=warn"]).ok().stderr;
            let warnings: Vec<&str> = program.lines().filter(|line| line.contains("[WARNING]")).collect();
            assert!(warnings.len() == 1 && differs(warnings[0]), "{product:?}: {program}");
            for option in ["--checksum=skip", skip] {
                let quiet = myloader(target(product), &other).args(["--verify-only", option]).ok().stderr;
                assert!(!quiet.contains("checksum"), "{product:?} {option}: {quiet}");
            }
        }
        drop();
        load(product, &dir, &["--checksum=fail"]);
    }
}

#[test]
fn what_options_change_or_was_there_is_no_error() {
    for product in Product::ALL {
        let name = "checksums_options";
        let dir = dumped_with(product, name, OBJECTS, &["-M"]);
        let mut client = target(product).client();
        // A database made by hand, with another character set and a routine of its own.
        client.run(format!("CREATE DATABASE {name} CHARACTER SET latin1"));
        client.run(format!("CREATE PROCEDURE {name}.mine() SELECT 1"));
        let done = load(product, &dir, &["--skip-indexes", "--skip-triggers"]).stderr;
        let found: Vec<_> = warnings(&done).into_iter().map(without_hashes).collect();
        let database = format!("checksums differ from the dump: database {name}");
        assert_eq!(
            found,
            [format!("[WARNING] {database}: character set and collation"), format!("[WARNING] {database}: routines")],
            "{product:?}"
        );
        // Rows into tables that are there, of which one has a column more.
        client.run(format!("ALTER TABLE {name}.keyless ADD c INT"));
        client.run(format!("DELETE FROM {name}.`a b`"));
        let done = load(
            product,
            &dir,
            &["--skip-create-table", "--skip-post", "--skip-triggers", "--skip-create-database", "-x", "keyless"],
        )
        .stderr;
        let found: Vec<_> = warnings(&done).into_iter().map(without_hashes).collect();
        let table = format!("checksums differ from the dump: table {name}.keyless");
        assert_eq!(found, [format!("[WARNING] {table}: columns")], "{product:?}");
        // A part of the tables: nothing is said of what was left out.
        client.run(format!("DROP DATABASE {name}"));
        load(product, &dir, &["-T", &format!("{name}.keyless"), "--checksum=fail"]);
        client.run(format!("DROP DATABASE {name}"));
        load(product, &dir, &["--no-data", "--skip-post", "--skip-triggers", "--checksum=fail"]);
        // Under another name.
        load(product, &dir, &["-B", "checksums_renamed", "--checksum=fail"]);
    }
}

/// The warnings of a log, without their times.
fn warnings(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| line.contains("[WARNING]")).map(without_time).collect()
}

/// A warning up to the checksums.
fn without_hashes(line: &str) -> &str {
    let text = line.split_once(", in the dump ").map_or(line, |(text, _)| text);
    text.rsplit_once(' ').map_or(text, |(text, _)| text)
}

#[test]
fn mydumper_s_checksums_are_those_of_what_is_restored() {
    let dump = WorkDir::copy_of(&fixture("shop-checksums"));
    let program = Program::myloader().server(target(Product::MariaDb)).arg("-d").arg(dump.path());
    let done = program.args(["--database", "checksums_restored"]).ok().stderr;
    // mydumper 1.0.1 writes a FLOAT with six digits. That is no error, since the table has a generated column.
    let found: Vec<_> = warnings(&done).into_iter().map(without_hashes).collect();
    assert_eq!(found, ["[WARNING] checksums differ from the dump: table checksums_restored.books: CHECKSUM TABLE"]);
}

#[test]
fn another_product_s_checksums_are_told_of_in_one_line() {
    // As mydumper 1.0.1 writes it of a server that has GTIDs, which tell MariaDB from MySQL.
    let gtid = "[source]\n# executed_gtid_set = \"0-33061-65\"\n";
    let dump = WorkDir::copy_of(&fixture("shop-checksums"));
    dump.write("metadata", dump.read_text("metadata").replace("[source]\n", gtid));
    let server = target(Product::MySql);
    let program =
        |database: &str| Program::myloader().server(server).arg("-d").arg(dump.path()).args(["--database", database]);
    let done = program("checksums_across").ok().stderr;
    assert_eq!(
        warnings(&done),
        [
            "[WARNING] 6 checksums differ from the dump, which is from another product or version, where definitions may \
             read differently (--checksum=warn names them)"
        ]
    );
    let printed = program("checksums_across_fail").arg("--checksum=fail").fails_with(DIFFERENT);
    assert_eq!(printed.lines().count(), 7, "{printed}");
    // Without GTIDs nothing says that the dump is of another product, where definitions read otherwise.
    let dump = WorkDir::copy_of(&fixture("shop-checksums"));
    let program = Program::myloader().server(server).arg("-d").arg(dump.path());
    let printed = program.args(["--database", "checksums_unknown"]).fails_with(DIFFERENT);
    assert!(printed.contains("[ERROR] these differ from the dump; everything else is done:\n"), "{printed}");
}

#[test]
fn data_checksums_are_of_the_snapshot() {
    for product in Product::ALL {
        let name = "checksums_snapshot";
        let mut client = make(
            source(product),
            name,
            &["CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, NULL)"],
        );
        let checksum = |client: &mut harness::sql::Client| {
            harness::sql::text(&client.query(format!("CHECKSUM TABLE {name}.t"))[0][1])
        };
        let before = checksum(&mut client);
        // A row comes just before the checksum is asked for.
        let writer = Mutex::new(source(product).client());
        let detour = Detour::with_fates(source(product), move |request| {
            if contains(request, "CHECKSUM TABLE") {
                writer.lock().unwrap().run(format!("INSERT INTO {name}.t VALUES (4, 4)"));
            }
            Fate::Passes
        });
        let dir = WorkDir::new();
        let program =
            Program::mydumper().arg("--socket").arg(detour.socket()).args(["--user", "root", "-B", name, "-M"]);
        program.arg("-o").arg(dir.path()).ok();
        assert_ne!(checksum(&mut client), before);
        let expected = format!("data_checksum = {before}\n");
        assert!(dir.read_text("metadata").contains(&expected), "{product:?}");
    }
}
