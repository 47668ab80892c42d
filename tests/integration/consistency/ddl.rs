//! DDL that hits a table between the snapshot and its reading is held off, or an error that names the table.

use crate::support::dump::{Held, make, mydumper, row_files, wait_until, without_time};
use harness::program::{Running, WorkDir};
use harness::server::{self, Product, Server};
use harness::sql::Client;

/// The larger table is dumped first, and held there by [`Held`].
const FIRST: &str = "INSERT INTO a WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 199) \
                     SELECT a.n * 100 + b.n, REPEAT('x', 200) FROM r a JOIN r b WHERE b.n < 100";

/// A dump that has opened its snapshots and read all definitions, but no row of any table but `a`.
fn start(server: &Server, held: &Held, dir: &WorkDir, database: &str, args: &[&str]) -> Running {
    let tables = ["a", "z", "café"].map(|table| format!("{database}.{table}")).join(",");
    let dump = mydumper(server, dir).args(["-t", "1", "-T", &tables, "--where", &held.condition()]).args(args);
    let mut running = dump.spawn();
    let mut other = server.client();
    let count = format!(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User lock' AND INFO LIKE '%{database}%'"
    );
    running.wait_until("no rows of the first table", |_| other.scalar(&count) != "0");
    running
}

/// Runs on a connection of its own, and so may wait.
fn in_thread(mut client: Client, sql: String) -> std::thread::JoinHandle<Result<(), String>> {
    std::thread::spawn(move || client.try_run(sql))
}

/// A clock of whole seconds, by which tables are told apart where there is nothing better, moves on.
fn next_second(client: &mut Client) {
    let now = client.scalar("SELECT NOW()");
    wait_until("the clock stands", || client.scalar("SELECT NOW()") != now);
}

#[test]
fn ddl_on_a_table_that_is_not_read_yet_ends_the_dump_with_its_name() {
    // The statements, the table that the error must name, and whether the server itself refuses to read it.
    let cases: [(&[&str], &str, &str); 7] = [
        (&["INSERT INTO z_new SELECT * FROM z", "RENAME TABLE z TO z_old, z_new TO z"], "z", ""),
        (&["RENAME TABLE `café` TO old, `日本` TO `café`"], "café", ""),
        (&["ALTER TABLE z ADD COLUMN c INT DEFAULT 7"], "z", ""),
        (&["ALTER TABLE z ADD COLUMN c INT FIRST, ALGORITHM=COPY"], "z", "1412"),
        (&["TRUNCATE TABLE z"], "z", "1412"),
        (&["DROP TABLE z"], "z", "1146"),
        (&["DROP TABLE z", "CREATE TABLE z (id INT PRIMARY KEY, b VARCHAR(200))"], "z", "1412"),
    ];
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let mut root = server.client();
        // With the numbers of InnoDB, and by the listing alone.
        root.run("CREATE USER unprivileged@localhost");
        root.run("GRANT SELECT, LOCK TABLES, SHOW VIEW ON *.* TO unprivileged@localhost");
        for (number, (statements, table, code)) in cases.iter().enumerate() {
            let code = if number == 2 && product == Product::MySql { "1412" } else { *code };
            let database = format!("ddl_{number}");
            let mut client = make(
                &server,
                &database,
                &[
                    "CREATE TABLE a (id INT PRIMARY KEY, b VARCHAR(200))",
                    FIRST,
                    "CREATE TABLE z (id INT PRIMARY KEY, b VARCHAR(200))",
                    "INSERT INTO z VALUES (1, 'x'), (2, 'x')",
                    "CREATE TABLE `café` LIKE z",
                    "INSERT INTO `café` SELECT * FROM z",
                ],
            );
            let user = if number % 2 == 0 { "root" } else { "unprivileged" };
            // Only a user with PROCESS has more than the second of a table's creation, and on MySQL not for all names.
            next_second(&mut client);
            client.run("CREATE TABLE z_new LIKE z");
            client.run("CREATE TABLE `日本` LIKE z");
            client.run("ANALYZE TABLE a, z, z_new, `café`, `日本`");
            next_second(&mut client);

            let dir = WorkDir::new();
            let held = Held::new(&server, &database);
            let running = start(&server, &held, &dir, &database, &["--skip-ddl-locks", "-u", user]);
            statements.iter().for_each(|statement| client.run(statement));
            drop(held);
            let output = running.wait();
            let what = format!("{product:?} {statements:?}: {}", output.stderr);
            assert_eq!(output.code, Some(4), "{what}");
            let line = output.stderr.lines().map(without_time).next_back().unwrap();
            if code.is_empty() {
                let before = format!("[ERROR] {database}.{table}");
                let after = "changed while the dump ran (created, renamed, dropped, truncated or altered): the dump is not \
                             complete; run again when no DDL is running";
                assert!(line.starts_with(&before) && line.ends_with(after), "{what}");
            } else {
                let before = format!("[ERROR] cannot dump rows of {database}.{table}, chunk 0: server error {code} ");
                assert!(line.starts_with(&before), "{what}");
                let advice = "(the table was changed or dropped meanwhile: run again when no DDL is running)";
                assert!(line.contains(advice), "{what}");
            }
            assert!(!dir.list().contains(&"metadata".to_owned()), "{what}");
            client.run(format!("DROP DATABASE {database}"));
        }
    }
}

#[test]
fn mysql_holds_ddl_off_until_the_dump_ends_and_nobody_else_waits() {
    // MariaDB has no lock that could be held for as long.
    let server = &*server::held(Product::MySql);
    let statements =
        ["RENAME TABLE z TO z_old, z_new TO z", "TRUNCATE TABLE z", "ALTER TABLE z ADD COLUMN c INT", "DROP TABLE z"];
    for (number, statement) in statements.into_iter().enumerate() {
        let database = format!("ddl_waits_{number}");
        let mut client = make(
            server,
            &database,
            &[
                "CREATE TABLE a (id INT PRIMARY KEY, b VARCHAR(200))",
                FIRST,
                "CREATE TABLE z (id INT PRIMARY KEY, b VARCHAR(200))",
                "INSERT INTO z VALUES (1, 'x'), (2, 'x')",
                "CREATE TABLE z_new LIKE z",
                "CREATE TABLE `café` LIKE z",
                "ANALYZE TABLE a, z, z_new",
            ],
        );
        let dir = WorkDir::new();
        let held = Held::new(server, &database);
        let running = start(server, &held, &dir, &database, &[]);
        let mut ddl = server.client();
        ddl.run(format!("USE {database}"));
        let ddl = in_thread(ddl, statement.to_owned());
        let waits = format!(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'Waiting for backup lock' AND INFO = '{statement}'"
        );
        wait_until("DDL does not wait", || client.scalar(&waits) == "1");
        // Behind a table's own lock, these would wait for the DDL.
        client.run("SET SESSION lock_wait_timeout = 1");
        client.run("INSERT INTO z VALUES (3, 'x')");
        assert_eq!(client.scalar("SELECT COUNT(*) FROM z"), "3");
        drop(held);
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{statement}: {}", output.stderr);
        ddl.join().unwrap().unwrap();
        let rows = dir.read_text(&row_files(&dir, &database, "z")[0]);
        assert!(rows.ends_with("VALUES(1,'x')\n,(2,'x')\n;\n"), "{statement}: {rows}");
        client.run(format!("DROP DATABASE {database}"));
    }
}

#[test]
fn a_table_that_is_being_read_cannot_be_changed() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let database = "ddl_reading";
        let mut client = make(
            server,
            database,
            &[
                "CREATE TABLE a (id INT PRIMARY KEY, b VARCHAR(200))",
                FIRST,
                "CREATE TABLE z LIKE a",
                "CREATE TABLE `café` LIKE a",
            ],
        );
        let dir = WorkDir::new();
        let held = Held::new(server, database);
        let running = start(server, &held, &dir, database, &["--skip-ddl-locks"]);
        client.run("SET SESSION lock_wait_timeout = 1");
        for statement in ["DROP TABLE a", "TRUNCATE TABLE a", "ALTER TABLE a ADD COLUMN c INT", "RENAME TABLE a TO b"] {
            let error = client.try_run(statement).unwrap_err();
            assert!(error.contains("1205"), "{product:?} {statement}: {error}");
        }
        drop(held);
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{product:?}: {}", output.stderr);
        client.run(format!("DROP DATABASE {database}"));
    }
}

#[test]
fn running_ddl_does_not_stop_a_dump_on_mysql_but_is_told() {
    let server = Server::start(Product::MySql, &[]);
    let mut client = make(&server, "altering", &["CREATE TABLE u (a INT)"]);
    assert_eq!(client.scalar("SELECT GET_LOCK('altering', 0)"), "1");
    let mut ddl = server.client();
    ddl.run("USE altering");
    let holder = ddl.scalar("SELECT CONNECTION_ID()");
    let ddl = in_thread(ddl, "CREATE TABLE t AS SELECT GET_LOCK('altering', 60)".to_owned());
    let mut other = server.client();
    let waits = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User lock'";
    wait_until("DDL does not run", || other.scalar(waits) == "1");
    let dir = WorkDir::new();
    let program = mydumper(&server, &dir).args(["-T", "altering.u", "--ftwrl-max-wait-time", "1"]);
    let output = program.args(["--sync-thread-lock-mode", "LOCK_ALL"]).ok();
    // Without the summary.
    let lines = output.stderr.lines().map(without_time).filter(|line| !line.starts_with("[INFO]"));
    // How long the holder's statement has run depends on the machine.
    let lines: Vec<String> = lines
        .map(|line| (0..20).fold(line.to_owned(), |line, n| line.replace(&format!("Query, {n} s"), "Query")))
        .collect();
    let waited = "server error 1205 (HY000): Lock wait timeout exceeded; try restarting transaction (other sessions hold \
                  locks: run again when they are done); statement:";
    assert_eq!(
        lines,
        [
            format!(
                "[WARNING] LOCK INSTANCE FOR BACKUP failed, since session {holder} (root@localhost, Query) holds the backup \
                 lock: {waited} LOCK INSTANCE FOR BACKUP; continuing without it, while DDL is running"
            ),
            format!(
                "[WARNING] {waited} SELECT NAME, TABLE_ID FROM information_schema.INNODB_TABLES; a table counts as \
                 changed only if its time of creation, in seconds, differs"
            ),
        ]
    );
    drop(client);
    ddl.join().unwrap().unwrap();
}

#[test]
fn an_archive_table_whose_file_is_written_meanwhile_is_not_changed() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let database = "ddl_archive";
        let mut client = make(server, database, &["CREATE TABLE a (id INT PRIMARY KEY, b VARCHAR(200))", FIRST]);
        if product == Product::MariaDb {
            client.run("INSTALL PLUGIN IF NOT EXISTS ARCHIVE SONAME 'ha_archive'");
        }
        client.run("CREATE TABLE z (id INT, b VARCHAR(200)) ENGINE=ARCHIVE");
        client.run("CREATE TABLE `café` LIKE z");
        client.run("INSERT INTO z VALUES (1, 'x')");
        let dir = WorkDir::new();
        let held = Held::new(server, database);
        let running = start(server, &held, &dir, database, &["--sync-thread-lock-mode=NO_LOCK"]);
        next_second(&mut client);
        client.run("INSERT INTO z VALUES (2, 'x')");
        client.run("FLUSH TABLES z");
        drop(held);
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{product:?}: {}", output.stderr);
        client.run(format!("DROP DATABASE {database}"));
    }
}

#[test]
fn a_table_that_was_read_can_be_changed_and_locked() {
    for product in Product::ALL {
        let server = &*server::held(product);
        let database = "ddl_done";
        let mut client = make(server, database, &["CREATE TABLE a (id INT PRIMARY KEY, b VARCHAR(200))", FIRST]);
        for table in ["z", "`café`"] {
            client.run(format!("CREATE TABLE {table} (id INT PRIMARY KEY, b VARCHAR(200))"));
            client.run(format!("INSERT INTO {table} VALUES (1, 'x')"));
        }
        client.run("ANALYZE TABLE a, z, `café`");
        let (dir, log) = (WorkDir::new(), WorkDir::new());
        let log = log.path().join("log");
        let held = Held::new(server, database);
        let args = ["--skip-ddl-locks", "-t", "2", "-v", "3", "-L", log.to_str().unwrap()];
        let mut running = start(server, &held, &dir, database, &args);
        let done = "no DDL has changed the 2 finished tables";
        running.wait_until("tables are not checked", |_| std::fs::read_to_string(&log).unwrap().contains(done));
        client.run("SET SESSION lock_wait_timeout = 1");
        client.run("LOCK TABLES z WRITE");
        client.run("UNLOCK TABLES");
        client.run("ALTER TABLE z ADD COLUMN c INT FIRST, ALGORITHM=COPY");
        client.run("DROP TABLE `café`");
        drop(held);
        let output = running.wait();
        assert_eq!(output.code, Some(0), "{product:?}: {}", std::fs::read_to_string(&log).unwrap());
        client.run(format!("DROP DATABASE {database}"));
    }
}
