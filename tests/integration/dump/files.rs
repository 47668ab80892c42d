//! A small dump, file by file: names, whole contents, and what options leave out.

use crate::support::dump::{DEFINITIONS_HEAD, ROWS_HEAD, binary_log_position, dump, make};
use crate::support::load::forget_checksums;
use harness::program::{Program, WorkDir};
use harness::server::{self, Product, Server};
use harness::sql::{Client, text};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const SMALL: &[&str] = &[
    "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, name VARCHAR(20), data VARBINARY(4), at TIMESTAMP NULL)",
    "INSERT INTO t VALUES (1, 'it''s', x'00ff0a5c', '2020-01-01 02:00:00'), (2, NULL, '', NULL)",
    "CREATE TABLE nothing (a INT)",
    "CREATE VIEW v AS SELECT id, name AS `odd``name` FROM t",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.name = ';\n'",
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
    "CREATE EVENT e ON SCHEDULE AT '2031-01-01 00:00:00' DO SELECT 1",
];

/// What the rows of `t` are in a file.
const ROWS: &[u8] =
    b"INSERT INTO `t` VALUES(1,'it\\'s','\\0\xff\\n\\\\','2020-01-01 00:00:00')\n,(2,NULL,'',NULL)\n;\n";

/// The field of SHOW CREATE with the definition.
fn shown(client: &mut Client, what: &str, column: usize) -> String {
    text(&client.query(format!("SHOW CREATE {what}"))[0][column])
}

/// A definition in the session that made it, between the statements that set the session up and back. The object that
/// it replaces is dropped under the definition's sql_mode.
fn in_its_session(drop: &str, variables: &[(&str, &str)], definition: &str) -> String {
    let name = |variable: &str| variable.to_uppercase();
    let save = variables.iter().map(|(v, _)| format!("SET @PREV_{0}=@@{0};\n", name(v)));
    let set = |mode: bool| {
        let wanted = variables.iter().filter(move |(v, _)| (*v == "sql_mode") == mode);
        wanted.map(|(v, value)| format!("SET {v} = {value};\n"))
    };
    let back = variables.iter().rev().map(|(v, _)| format!("SET {v} = @PREV_{};\n", name(v)));
    save.chain(set(true))
        .chain([drop.to_owned()])
        .chain(set(false))
        .chain([definition.to_owned()])
        .chain(back)
        .collect()
}

const CHARSET: [(&str, &str); 3] = [
    ("character_set_client", "utf8mb4"),
    ("character_set_results", "utf8mb4"),
    ("collation_connection", "utf8mb4_general_ci"),
];

#[test]
fn every_file_of_a_small_dump() {
    for product in Product::ALL {
        // A server of its own: nobody else moves the binary log's position.
        let server = Server::start(product, &["--default-time-zone=+05:00"]);
        let mut client = make(&server, "files", SMALL);
        let mariadb = product == Product::MariaDb;
        if mariadb {
            client.run("CREATE SEQUENCE s");
            client.run("SELECT NEXTVAL(s)");
        }
        let dir = dump(&server, &["-G", "-E", "-R"]);

        let mut expected: Vec<(&str, String)> = Vec::new();
        let database = shown(&mut client, "DATABASE IF NOT EXISTS files", 1);
        expected.push(("files-schema-create.sql", format!("{DEFINITIONS_HEAD}{database};\n")));
        for (file, table) in [("files.nothing-schema.sql", "nothing"), ("files.t-schema.sql", "t")] {
            expected.push((file, format!("{DEFINITIONS_HEAD}{};\n", shown(&mut client, &format!("TABLE {table}"), 1))));
        }
        // TIMESTAMP in UTC, whatever the zones of the server and of the session that wrote it.
        let rows = String::from_utf8_lossy(ROWS);
        expected.push(("files.t.00000.sql", format!("{ROWS_HEAD}{rows}")));
        let stand_in = "CREATE TABLE IF NOT EXISTS `v`(\n`id` int,\n`odd``name` int\n) ENGINE=MEMORY;\n";
        expected.push(("files.v-schema.sql", format!("{DEFINITIONS_HEAD}{stand_in}")));
        let view = format!("{}\n;\n", shown(&mut client, "VIEW v", 1));
        let view = in_its_session("", &CHARSET, &view);
        let drop = "DROP TABLE IF EXISTS `v`;\nDROP VIEW IF EXISTS `v`;\n";
        expected.push(("files.v-schema-view.sql", format!("{DEFINITIONS_HEAD}{drop}{view}")));

        let mode = [("sql_mode", "''")];
        let zone = [("time_zone", "'+02:00'")];
        let trigger = format!("{}\n;\n", shown(&mut client, "TRIGGER tr", 2).replace(";\n", "; \n"));
        let padded = "SET @mydumper_bodies = 'padded';\n";
        let trigger = in_its_session("DROP TRIGGER IF EXISTS `tr`;\n", &[&mode[..], &CHARSET].concat(), &trigger);
        expected.push(("files.t-schema-triggers.sql", format!("{DEFINITIONS_HEAD}{padded}{trigger}")));
        let function = format!("{}\n;\n", shown(&mut client, "FUNCTION f", 2));
        let function = in_its_session("DROP FUNCTION IF EXISTS `f`;\n", &[&mode[..], &CHARSET].concat(), &function);
        let event = format!("{}\n;\n", shown(&mut client, "EVENT e", 3));
        let event = in_its_session("DROP EVENT IF EXISTS `e`;\n", &[&mode[..], &zone, &CHARSET].concat(), &event);
        expected.push(("files-schema-post.sql", format!("{DEFINITIONS_HEAD}{function}{event}")));
        if mariadb {
            let sequence = shown(&mut client, "SEQUENCE s", 1);
            let position = "SELECT SETVAL(`s`, 1001, 0, 0);\n";
            expected.push(("files.s-schema-sequence.sql", format!("{DEFINITIONS_HEAD}{sequence};\n{position}")));
        }
        // Of the files as they are here, `faults::file_checksums` has them.
        forget_checksums(&dir);
        expected.push(("metadata", metadata(&server, &dir)));

        expected.sort();
        assert_eq!(dir.list(), expected.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{product:?}");
        for (name, content) in expected {
            assert_eq!(String::from_utf8_lossy(&dir.read(name)), content, "{product:?} {name}");
        }
    }
}

/// The whole metadata that a dump of `files` made now has, but for the times, which are taken from it.
fn metadata(server: &Server, dir: &WorkDir) -> String {
    let golden = match server.product() {
        Product::MariaDb => include_str!("../../golden/metadata-small-dump-mariadb.txt"),
        Product::MySql => include_str!("../../golden/metadata-small-dump-mysql.txt"),
    };
    let (file, position, gtid) = binary_log_position(server);
    let written = dir.read_text("metadata");
    let time = |line: &str| {
        let time = written.lines().find_map(|found| found.strip_prefix(line)).unwrap().trim().to_owned();
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        assert_eq!(shape, "9999-99-99 99:99:99");
        time
    };
    let checksum = |words: &str, of: &str| {
        server.client().scalar(format!("SELECT CONV(CRC32({words}), 10, 16) FROM information_schema.{of}"))
    };
    let view = checksum("REPLACE(view_definition, table_schema, '')", "views WHERE table_name = 'v'");
    let of_schema = "CONCAT(default_character_set_name, default_collation_name)";
    let database = checksum(of_schema, "schemata WHERE schema_name = 'files'");
    let version = server.client().scalar("SELECT SUBSTRING_INDEX(VERSION(), '-', 1)");
    [
        ("<started>", time("# Started dump at:")),
        ("<finished>", time("# Finished dump at:")),
        ("<gtid>", gtid.replace('\n', "")),
        ("<file>", file),
        ("<position>", position.to_string()),
        ("<view>", view),
        ("<database>", database),
        ("<statement>", ROWS.len().to_string()),
        ("<version>", version),
    ]
    .into_iter()
    .fold(golden.to_owned(), |text, (name, value)| {
        assert!(text.contains(name), "{name}");
        text.replace(name, &value)
    })
}

#[test]
fn the_server_s_zone_and_its_own_databases_only_when_asked_for() {
    for product in Product::ALL {
        let server = Server::start(product, &["--default-time-zone=+05:00"]);
        make(&server, "zones", SMALL);
        let dir = dump(&server, &["--skip-tz-utc"]);
        let head = ROWS_HEAD.replace("/*!40103 SET TIME_ZONE='+00:00' */;\n", "");
        let rows = String::from_utf8_lossy(&dir.read("zones.t.00000.sql")).into_owned();
        assert!(rows.starts_with(&head) && rows.contains("'2020-01-01 05:00:00'"), "{product:?}: {rows}");
        assert!(!dir.read_text("zones.t-schema.sql").contains("TIME_ZONE"), "{product:?}");
        let other: Vec<_> = dir.list().into_iter().filter(|name| !name.starts_with("zones")).collect();
        assert_eq!(other, ["metadata"], "{product:?}");

        let dir = dump(&server, &["-B", "mysql,zones"]);
        assert!(dir.list().contains(&"zones.t.00000.sql".to_owned()), "{:?}", dir.list());
        assert!(dir.list().contains(&"mysql.db-schema.sql".to_owned()), "{:?}", dir.list());
    }
}

#[test]
fn what_options_leave_out_and_add() {
    for product in Product::ALL {
        let server = server::source(product);
        make(server, "parts", SMALL);
        let files = |args: &[&str]| {
            let dir = dump(server, &[&["-B", "parts"], args].concat());
            let names = dir.list().into_iter().map(|name| name.trim_start_matches("parts").to_owned());
            names.collect::<Vec<_>>().join(" ")
        };
        let schemas = "metadata -schema-create.sql .nothing-schema.sql .t-schema.sql";
        let rows = ".t.00000.sql";
        let views = ".v-schema-view.sql .v-schema.sql";
        let all = format!("{schemas} {rows} {views}");
        assert_eq!(files(&[]), all, "{product:?}");
        assert_eq!(files(&["--no-data"]), format!("{schemas} {views}"), "{product:?}");
        assert_eq!(files(&["--no-schemas"]), format!("metadata {rows}"), "{product:?}");
        let triggers = format!("metadata .t-schema-triggers.sql {rows}");
        assert_eq!(files(&["--no-schemas", "--triggers"]), triggers, "{product:?}");
        assert_eq!(files(&["--no-views"]), format!("{schemas} {rows}"), "{product:?}");
        let triggers = all.replace(".t-schema.sql", ".t-schema-triggers.sql .t-schema.sql");
        assert_eq!(files(&["--triggers"]), triggers, "{product:?}");
        let post = all.replace("-schema-create.sql", "-schema-create.sql -schema-post.sql");
        for (option, present, absent) in [("--routines", "FUNCTION", "EVENT"), ("--events", "EVENT", "FUNCTION")] {
            assert_eq!(files(&[option]), post, "{product:?}");
            let dir = dump(server, &["-B", "parts", option]);
            let text = dir.read_text("parts-schema-post.sql");
            assert!(text.contains(present) && !text.contains(absent), "{product:?}: {text}");
        }
        let empty = all.replace(".nothing-schema.sql", ".nothing-schema.sql .nothing.00000.sql");
        assert_eq!(files(&["--build-empty-files"]), empty, "{product:?}");
        let dir = dump(server, &["-B", "parts", "-e"]);
        assert_eq!(dir.read_text("parts.nothing.00000.sql"), ROWS_HEAD, "{product:?}");
    }
}

#[test]
fn names_that_no_file_can_carry() {
    let names = ["T", "a b", "a.b", "a`b", "a\nb", "mydumper_1", "plain-1_x", "t", "é"];
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(server, "odd.names", &[]);
        for name in names {
            client.run(format!("CREATE TABLE {} (a INT)", harness::quote_name(name)));
        }
        let dir = dump(server, &["-B", "odd.names"]);
        let metadata = dir.read_text("metadata");
        let mut found: Vec<(String, String)> = Vec::new();
        for (section, real) in metadata.lines().zip(metadata.lines().skip(1)) {
            if let (Some(file), Some(real)) =
                (section.strip_prefix("[`mydumper_1`.`"), real.strip_prefix("real_table_name="))
            {
                found.push((real.to_owned(), file.trim_end_matches("`]").to_owned()));
            }
        }
        // One counter for databases and tables; of two names that differ in case only, the second is numbered.
        let expected = [
            ("T", "T"),
            ("a\\nb", "mydumper_2"),
            ("a b", "mydumper_3"),
            ("a.b", "mydumper_4"),
            ("a`b", "mydumper_5"),
            ("mydumper_1", "mydumper_6"),
            ("plain-1_x", "plain-1_x"),
            ("t", "mydumper_7"),
            ("é", "mydumper_8"),
        ];
        let numbers: Vec<_> = found.iter().map(|(real, file)| (real.as_str(), file.as_str())).collect();
        assert_eq!(numbers, expected, "{product:?}");
        let mut by_file = Vec::new();
        for (real, file) in &found {
            by_file.push(format!("mydumper_1.{file}-schema.sql"));
            let definition = dir.read_text(&format!("mydumper_1.{file}-schema.sql"));
            let name = harness::quote_name(&real.replace("\\n", "\n"));
            assert!(definition.contains(&format!("CREATE TABLE {name} (")), "{product:?} {file}: {definition}");
        }
        by_file.extend(["metadata".to_owned(), "mydumper_1-schema-create.sql".to_owned()]);
        by_file.sort();
        assert_eq!(dir.list(), by_file, "{product:?}");
        assert!(dir.read_text("mydumper_1-schema-create.sql").contains(" `odd.names` "), "{product:?}");
    }
}

#[test]
fn files_and_the_directory_are_their_owner_s_alone() {
    let server = server::source(Product::MariaDb);
    make(server, "modes", SMALL);
    let work = WorkDir::new();
    let (output, log) = (work.path().join("a/b"), work.path().join("log"));
    let run = Program::mydumper().server(server).args(["-B", "modes", "-o"]).arg(&output).arg("-L").arg(&log);
    run.under(&["sh", "-c", "umask 0; exec \"$@\"", "sh"]).ok();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&output), mode(&log)), (0o700, 0o600));
    let files: Vec<_> = std::fs::read_dir(&output).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 7);
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    // Without a name it is one of the date and time, in the folder where the program runs.
    Program::mydumper().server(server).args(["-B", "modes"]).current_dir(work.path()).ok();
    let fresh: Vec<_> = work.list().into_iter().filter(|name| name.starts_with("export-20")).collect();
    assert_eq!(fresh.len(), 1);
    assert_eq!(mode(&work.path().join(&fresh[0])), 0o700);
}
