//! Users with fewer privileges: what they may lock and prove, and what the server hides from them.

use crate::support::dump::{make, metadata_value, mydumper, only_line, tables};
use harness::program::{Program, WorkDir};
use harness::server::{self, Product, Server};

/// What a dump promises of DDL, and the words before what is missing.
const NOT_HELD_OFF: &str = "DDL is not blocked: it ends the dump when it changes a table";
const HELD_OFF: &str = "DDL is held off until the dump ends";
const MISSING: &str = "the user lacks privileges for more:";
const GLOBAL: [&str; 2] = [
    "RELOAD for BACKUP STAGE BLOCK_COMMIT",
    "BACKUP_ADMIN for LOCK INSTANCE FOR BACKUP, and RELOAD or FLUSH_TABLES for FLUSH TABLES WITH READ LOCK",
];

#[test]
fn each_user_gets_the_best_that_the_grants_allow_and_is_told_what_is_missing() {
    let by_name = "LOCK TABLES on all tables of the dump";
    let proved = "equal snapshots, proved by the binary log and without a lock";
    let no_tables = "LOCK TABLES on all databases of the dump for LOCK TABLES";
    for (index, product) in Product::ALL.into_iter().enumerate() {
        // Its own: others' statements would keep it waiting for the global lock.
        let server = &Server::start(product, &[]);
        let statements = ["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)"];
        let mut client = make(server, "granted", &statements);
        make(server, "granted_m", &statements).run("ALTER TABLE t ENGINE=MyISAM");
        let (global, ddl) = match product {
            Product::MariaDb => ("BACKUP STAGE BLOCK_COMMIT", NOT_HELD_OFF),
            Product::MySql => ("FLUSH TABLES WITH READ LOCK", HELD_OFF),
        };
        let missing = GLOBAL[index];
        // What RDS and Aurora give an administrator, where FLUSH TABLES WITH READ LOCK is refused all the same: that
        // is RELOAD, left out here.
        let managed = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, \
             CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, \
             CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER";
        // User, grants, guarantee of InnoDB tables, grounds, the same with MyISAM, whether MySQL shows the position.
        let cases = [
            ("granted_all", "ALL", format!("{global}; {ddl}"), "point-in-time", true),
            ("granted_rds", managed, format!("{by_name}; {NOT_HELD_OFF}; {MISSING} {missing}"), "point-in-time", true),
            (
                "granted_lock",
                "SELECT, LOCK TABLES",
                format!("{by_name}; {NOT_HELD_OFF}; {MISSING} {missing}"),
                "point-in-time",
                false,
            ),
            (
                "granted_select",
                "SELECT",
                format!("{proved}; {NOT_HELD_OFF}; {MISSING} {missing}, and {no_tables}"),
                "transactional-tables",
                false,
            ),
        ];
        for (user, grants, grounds, with_myisam, sees_position) in cases {
            client.run(format!("CREATE USER {user}@localhost"));
            client.run(format!("GRANT {grants} ON *.* TO {user}@localhost"));
            let run = |database: &str, args: &[&str]| {
                let dir = WorkDir::new();
                let program = Program::mydumper().arg("-S").arg(server.socket()).args(["-u", user, "-B", database]);
                let output = program.args(["-v", "3", "-o"]).arg(dir.path()).args(args).run();
                (dir, output)
            };
            for (database, guarantee) in [("granted", "point-in-time"), ("granted_m", with_myisam)] {
                let (dir, output) = run(database, &[]);
                assert_eq!(output.code, Some(0), "{product:?} {user}: {}", output.stderr);
                let metadata = dir.read_text("metadata");
                let value = |key| metadata_value(&metadata, key);
                assert_eq!(value("guarantee").as_deref(), Some(guarantee), "{product:?} {user}");
                assert_eq!(value("guarantee-by"), Some(grounds.clone()), "{product:?} {user}");
                let line = match guarantee {
                    "point-in-time" => "[INFO] all tables of this dump are from one point in time",
                    _ => "[WARNING] only tables of transactional engines are from one point in time in this dump",
                };
                assert!(
                    output.stderr.contains(&format!("{line}: {grounds}\n")),
                    "{product:?} {user}: {}",
                    output.stderr
                );
                let position = value("SOURCE_LOG_POS").is_some();
                assert_eq!(position, sees_position || product == Product::MariaDb, "{product:?} {user}");
                assert!(value("executed_gtid_set").is_some(), "{product:?} {user}");
            }
            // A mode that is asked for by name is not replaced by another.
            if user == "granted_select" {
                let flush = if product == Product::MariaDb { "RELOAD" } else { "FLUSH_TABLES" };
                for (mode, expected) in [
                    (
                        "FTWRL",
                        format!(
                            "\n  --sync-thread-lock-mode=FTWRL: FLUSH TABLES WITH READ LOCK is refused: GRANT {flush} ON *.* TO \
                             `granted_select`@`localhost`\n"
                        ),
                    ),
                    (
                        "LOCK_ALL",
                        "\n  --sync-thread-lock-mode=LOCK_ALL, database granted: LOCK TABLES is refused: GRANT LOCK TABLES ON \
                         `granted`.* TO `granted_select`@`localhost`\n"
                            .to_owned(),
                    ),
                ] {
                    let (dir, output) = run("granted", &["--sync-thread-lock-mode", mode]);
                    assert_eq!(output.code, Some(8), "{product:?} {mode}: {}", output.stderr);
                    assert!(output.stderr.contains(&expected), "{product:?} {mode}: {}", output.stderr);
                    assert_eq!(dir.list(), Vec::<String>::new(), "{product:?} {mode}");
                }
            }
            client.run(format!("DROP USER {user}@localhost"));
        }
        client.run("DROP DATABASE granted");
        client.run("DROP DATABASE granted_m");
    }
}

#[test]
fn where_nothing_can_be_proved_the_dump_says_so_or_fails() {
    for product in Product::ALL {
        // Without a binary log.
        let server = Server::start(product, &["--skip-log-bin"]);
        let mut client = make(&server, "unproved", &["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)"]);
        client.run("CREATE USER reader@localhost");
        client.run("GRANT SELECT ON *.* TO reader@localhost");
        let dir = WorkDir::new();
        let dump = |mode: &str| {
            mydumper(&server, &dir).args(["-u", "reader", "-B", "unproved", "--sync-thread-lock-mode", mode])
        };
        let why = match product {
            Product::MariaDb => "the server writes no binary log",
            Product::MySql => "MySQL shows which transactions a snapshot holds with log_bin and gtid_mode=ON only",
        };
        for mode in ["SAFE_NO_LOCK", "GTID"] {
            assert_eq!(
                only_line(&dump(mode).fails_with(1)),
                format!(
                    "[ERROR] the snapshots are not proved to be from one point in time: {why}; use \
                     --sync-thread-lock-mode=AUTO with a user who has RELOAD or LOCK TABLES, or dump when the server is less busy"
                ),
                "{product:?}"
            );
            assert_eq!(dir.list(), Vec::<String>::new(), "{product:?}");
        }
        let stderr = dump("AUTO").ok().stderr;
        let warning =
            format!("[WARNING] tables of this dump may be from different points in time: nothing is proved ({why})");
        assert!(stderr.contains(&warning), "{product:?}: {stderr}");
        let metadata = dir.read_text("metadata");
        assert_eq!(metadata_value(&metadata, "guarantee").as_deref(), Some("none"), "{product:?}");
        assert!(!metadata.contains("[source]"), "{product:?}");

        // The restore warns of it.
        let stderr = Program::myloader().server(&server).args(["-B", "restored", "-d"]).arg(dir.path()).ok().stderr;
        let warning = "[WARNING] the dump does not promise one point in time: its tables may be of different points in time (nothing";
        assert!(stderr.contains(warning), "{product:?}: {stderr}");
        let dir = WorkDir::new();
        mydumper(&server, &dir).args(["-B", "unproved"]).ok();
        let stderr = Program::myloader().server(&server).args(["-B", "again", "-d"]).arg(dir.path()).ok().stderr;
        assert!(!stderr.contains("point in time"), "{product:?}: {stderr}");

        let stderr =
            mydumper(&server, &WorkDir::new()).args(["-B", "unproved", "--sync-thread-lock-mode=NO_LOCK"]).ok().stderr;
        let warning = "may be from different points in time: nothing is proved (--sync-thread-lock-mode=NO_LOCK)";
        assert!(stderr.contains(warning), "{product:?}: {stderr}");
    }
}

#[test]
fn a_transaction_in_commit_is_no_proof() {
    // MySQL only: a session can own a GTID for as long as it likes, as a commit under way does for a moment.
    let server = Server::start(Product::MySql, &[]);
    let mut client = make(&server, "owned", &["CREATE TABLE t (a INT)"]);
    client.run("SET SESSION gtid_next = '3e11fa47-71ca-11e1-9e33-c80aa9429562:1'");
    client.run("BEGIN");
    let dir = WorkDir::new();
    let dump = || mydumper(&server, &dir).args(["-B", "owned", "--sync-thread-lock-mode=SAFE_NO_LOCK"]);
    let line = only_line(&dump().fails_with(1));
    let expected = "[ERROR] the snapshots are not proved to be from one point in time: transactions were committed during \
                    every attempt to open all snapshots at once, for 5 s; use";
    assert!(line.starts_with(expected), "{line}");
    client.run("COMMIT");
    dump().ok();
}

#[test]
fn columns_that_the_user_may_not_read_are_an_error() {
    for product in Product::ALL {
        let server = server::source(product);
        let invisible = if product == Product::MySql { "INT INVISIBLE" } else { "INT INVISIBLE DEFAULT 1" };
        let mut client = make(
            server,
            "columngrants",
            &[
                "CREATE TABLE gap (id INT PRIMARY KEY, secret VARCHAR(20), v INT)",
                "CREATE TABLE `last` (id INT PRIMARY KEY, v INT, secret VARCHAR(20))",
                &format!("CREATE TABLE unseen (id INT PRIMARY KEY, v INT, `s``e` {invisible})"),
                "CREATE TABLE deletes (id INT PRIMARY KEY, v INT, `s``e` INT)",
                "CREATE TABLE inserts (id INT PRIMARY KEY, v INT)",
                "CREATE TABLE updates (id INT PRIMARY KEY, v INT, w INT)",
                "CREATE TABLE mixed (id INT PRIMARY KEY, v INT, w INT)",
                "CREATE TABLE drops (id INT PRIMARY KEY)",
                "CREATE TABLE whole (id INT PRIMARY KEY, v INT)",
                "INSERT INTO whole VALUES (1, 2)",
                "CREATE USER columns_reader@localhost IDENTIFIED BY 'reader'",
                "GRANT SELECT (id, v) ON columngrants.gap TO columns_reader@localhost",
                "GRANT SELECT (id, v) ON columngrants.`last` TO columns_reader@localhost",
                "GRANT SELECT (id, v) ON columngrants.unseen TO columns_reader@localhost",
                "GRANT SELECT (id, v), DELETE ON columngrants.deletes TO columns_reader@localhost",
                "GRANT INSERT ON columngrants.inserts TO columns_reader@localhost",
                "GRANT SELECT (id), UPDATE ON columngrants.updates TO columns_reader@localhost",
                "GRANT SELECT (id, v), UPDATE (w) ON columngrants.mixed TO columns_reader@localhost",
                "GRANT DROP ON columngrants.drops TO columns_reader@localhost",
                "GRANT SELECT ON columngrants.whole TO columns_reader@localhost",
            ],
        );
        let reader = || {
            let reader = Program::mydumper().arg("--socket").arg(server.socket());
            reader.args(["-u", "columns_reader", "-preader", "--sync-thread-lock-mode=NO_LOCK"])
        };
        let grant = |table: &str| format!("GRANT SELECT ON `columngrants`.`{table}` TO `columns_reader`@`localhost`");
        let hidden = "columns that the user may not read, if it has any, are hidden";
        let finding = |table: &str, why: &str| format!("\n  columngrants.{table}: {why}: {}\n", grant(table));
        let found = [
            ("gap", hidden),
            ("last", hidden),
            ("unseen", hidden),
            ("deletes", "column s`e cannot be read"),
            ("updates", "columns v, w cannot be read"),
            ("mixed", hidden),
        ];
        for (table, why) in found {
            for options in [&["-m"][..], &["-m", "--format=CSV"], &["--format=LOAD_DATA"], &[]] {
                let dir = WorkDir::new();
                let name = format!("columngrants.{table},columngrants.whole");
                let error = reader().args(["-T", &name]).args(options).arg("-o").arg(dir.path()).fails_with(8);
                assert!(error.contains("read, 1 finding:"), "{product:?} {table} {options:?}: {error}");
                assert!(error.contains(&finding(table, why)), "{product:?} {table} {options:?}: {error}");
                assert_eq!(dir.list(), [""; 0], "{product:?} {table}");
            }
        }
        // All in one list, with the tables of which nothing may be read.
        let dir = WorkDir::new();
        let error = reader().args(["-B", "columngrants", "-m", "-o"]).arg(dir.path()).fails_with(8);
        let of_all = "GRANT SELECT ON `columngrants`.* TO `columns_reader`@`localhost`";
        let unreadable = format!("\n  columngrants.drops, columngrants.inserts: they cannot be read: {of_all}\n");
        assert!(error.contains(&unreadable) && error.contains("read, 7 findings:"), "{product:?}: {error}");
        for (table, why) in found {
            assert!(error.contains(&finding(table, why)), "{product:?} {table}: {error}");
        }
        // Those who know it go on without these tables.
        let ignoring = ["-B", "columngrants", "-m", "--ignore-missing-privileges", "-o"];
        let log = reader().args(ignoring).arg(dir.path()).ok().stderr;
        assert!(log.contains("[WARNING] columngrants.deletes: column s`e cannot be read"), "{product:?}: {log}");
        assert_eq!(tables(&dir), ["columngrants.whole"], "{product:?}");
        // What is not dumped need not be readable.
        reader()
            .args(["-B", "columngrants", "-T", "columngrants.deletes", "--no-data", "-o"])
            .arg(WorkDir::new().path())
            .ok();
        let dir = WorkDir::new();
        ["inserts", "drops"].iter().for_each(|table| client.run(grant(table)));
        for table in ["gap", "last", "unseen", "deletes", "updates", "mixed"] {
            client.run(grant(table));
        }
        reader().args(["-B", "columngrants", "-o"]).arg(dir.path()).ok();
        assert!(dir.read_text("columngrants.whole.00000.sql").contains("VALUES(1,2)"));
        client.run("DROP USER columns_reader@localhost");
        client.run("DROP DATABASE columngrants");
    }
}
