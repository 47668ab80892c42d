//! Options that limit statements, transactions and workers, or leave something out: seen by what the server was sent.

use crate::support::dump::{dump, make, only_line};
use crate::support::load::{column, dumped, dumped_with, forget_checksums, load, myloader, tables};
use harness::compare::differences;
use harness::program::WorkDir;
use harness::server::{Product, Server, source, target};

/// A server that keeps what it is sent.
fn recording(product: Product) -> Server {
    Server::start(product, &["--general-log=1", "--log-output=TABLE"])
}

/// The statements since the last call that are like this.
fn sent(server: &Server, like: &str) -> Vec<String> {
    let mut client = server.client();
    let text = "CONVERT(argument USING utf8mb4) COLLATE utf8mb4_general_ci";
    let of_log = format!("SELECT {text} FROM mysql.general_log WHERE command_type = 'Query'");
    let found = column(&mut client, &format!("{of_log} AND {text} LIKE '{like}' AND {text} NOT LIKE '%general_log%'"));
    client.run("TRUNCATE TABLE mysql.general_log");
    found
}

#[track_caller]
fn assert_copied(product: Product, database: &str, server: &Server) {
    assert_eq!(differences(source(product), database, server, database), [""; 0], "{product:?}");
}

#[test]
fn statements_are_split_into_as_many_rows_as_asked_for() {
    for product in Product::ALL {
        let database = "limit_rows";
        let values: Vec<String> = (1..=7).map(|id| format!("({id}, '),({id}\\'\"')")).collect();
        let insert = format!("INSERT INTO t VALUES {}", values.join(","));
        let dir = dumped(product, database, &["CREATE TABLE t (id INT PRIMARY KEY, c TEXT)", &insert]);
        let server = recording(product);
        let restore = |options: &[&str]| myloader(&server, &dir).arg("--drop-table").args(options);
        for (options, statements) in [
            (&[][..], 1),
            (&["--rows=0"], 1),
            (&["--rows", "3"], 3),
            (&["-r1"], 7),
            (&["-r7"], 1),
            (&["-r3", "--load-method=LOAD_DATA"], 0),
        ] {
            restore(options).ok();
            assert_eq!(sent(&server, "INSERT INTO `t`%").len(), statements, "{product:?} {options:?}");
            assert_copied(product, database, &server);
        }
        // A piece that fails takes the others back.
        let mut client = server.client();
        client.run(format!("DELETE FROM {database}.t WHERE id <> 5"));
        let log = myloader(&server, &dir).args(["--drop-table=NONE", "--rows=2"]).fails_with(4);
        assert!(only_line(&log).contains("server error 1062"), "{product:?}: {log}");
        assert_eq!(client.scalar(format!("SELECT GROUP_CONCAT(id) FROM {database}.t")), "5", "{product:?}");
        // REPLACE, too.
        let file = format!("{database}.t.00000.sql");
        forget_checksums(&dir);
        dir.write(&file, dir.read_text(&file).replace("INSERT INTO", "REPLACE INTO"));
        sent(&server, "");
        restore(&["--rows=3"]).ok();
        assert_eq!(sent(&server, "REPLACE INTO `t`%").len(), 3, "{product:?}");
        assert_copied(product, database, &server);
    }
}

#[test]
fn a_transaction_ends_before_it_is_larger_than_asked_for() {
    for product in Product::ALL {
        let database = "limit_bytes";
        let rows: Vec<String> = (1..=5).map(|id| format!("INSERT INTO t VALUES ({id}, REPEAT('x', 600000))")).collect();
        let mut statements = vec!["CREATE TABLE t (id INT PRIMARY KEY, c LONGTEXT)"];
        statements.extend(rows.iter().map(String::as_str));
        let dir = dumped_with(product, database, &statements, &["--statement-size", "600000"]);
        assert_eq!(dir.read_text(&format!("{database}.t.00000.sql")).matches("INSERT").count(), 5);
        let server = recording(product);
        let commits = |options: &[&str]| {
            sent(&server, "");
            myloader(&server, &dir).arg("--drop-table").args(options).ok();
            assert_copied(product, database, &server);
            sent(&server, "COMMIT").len()
        };
        for method in ["--load-method=INSERT", "--load-method=LOAD_DATA"] {
            for (size, transactions) in [("1000", 1), ("3", 1), ("2", 2), ("1", 5)] {
                let options = [method, "--max-transaction-size", size];
                assert_eq!(commits(&options), transactions, "{product:?} {options:?}");
            }
            assert_eq!(commits(&[method, "--max-transaction-size=2", "-q", "1"]), 5, "{product:?}");
            if product == Product::MySql {
                let mut client = server.client();
                client.run("INSTALL PLUGIN group_replication SONAME 'group_replication.so'");
                client.run("SET GLOBAL group_replication_transaction_size_limit = 1300000");
                assert_eq!(commits(&[method]), 3);
                // No limit.
                client.run("SET GLOBAL group_replication_transaction_size_limit = 0");
                assert_eq!(commits(&[method]), 1);
                client.run("UNINSTALL PLUGIN group_replication");
            }
        }
    }
}

#[test]
fn as_many_keys_as_asked_for_are_added_by_a_statement() {
    for product in Product::ALL {
        let database = "limit_keys";
        let table = "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, c VARCHAR(9), d VARCHAR(9), KEY a (a), UNIQUE KEY u (b, a), \
                     KEY b (b), KEY ab (a, b), KEY c (c), FULLTEXT KEY f (c), FULLTEXT KEY g (d))";
        let dir = dumped(product, database, &[table, "INSERT INTO t VALUES (1, 2, 3, 'x', 'y')"]);
        let server = recording(product);
        for (options, statements) in [
            (&[][..], 2),
            (&["--optimize-keys-batchsize=0"], 2),
            (&["--optimize-keys-batchsize=1"], 7),
            (&["--optimize-keys-batchsize", "4"], 3),
        ] {
            myloader(&server, &dir).arg("--drop-table").args(options).ok();
            assert_eq!(sent(&server, "ALTER TABLE `t` ADD%").len(), statements, "{product:?} {options:?}");
            assert_copied(product, database, &server);
        }
    }
}

#[test]
fn variables_that_are_ignored_are_set_neither_by_files_nor_at_the_start() {
    for product in Product::ALL {
        let database = "limit_sets";
        let dir = dumped(product, database, &["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"]);
        let schema = format!("{database}.t-schema.sql");
        forget_checksums(&dir);
        dir.write(&schema, format!("SET @@SESSION.SQL_LOG_BIN= 0;\n{}", dir.read_text(&schema)));
        let server = recording(product);
        let mut root = server.client();
        root.run("CREATE USER ignorer@localhost IDENTIFIED BY 'Pw-1-word'");
        root.run(format!("GRANT ALL ON {database}.* TO ignorer@localhost"));
        let restore = |options: &[&str]| {
            myloader(&server, &dir).args(["--user", "ignorer", "--password", "Pw-1-word"]).args(options)
        };
        let log = restore(&[]).fails_with(4);
        assert!(log.contains("limit_sets.t-schema.sql, line 1: server error 1227 (42000)"), "{product:?}: {log}");
        assert!(sent(&server, "%SET%TIME_ZONE%").len() > 1, "{product:?}");
        root.run(format!("DROP DATABASE {database}"));
        let output = restore(&["--ignore-set=Sql_Log_Bin"]).ok();
        assert!(!output.stderr.contains("binary log"), "{product:?}: {}", output.stderr);
        assert_eq!(sent(&server, "%SET%SQL_LOG_BIN%"), [""; 0], "{product:?}");
        let output = restore(&["--drop-table", "--ignore-set=SQL_LOG_BIN,time_zone"]).ok();
        let warning = "[WARNING] --ignore-set=time_zone: TIMESTAMP values may be stored otherwise than in the dump";
        assert_eq!(output.stderr.matches(warning).count(), 1, "{product:?}: {}", output.stderr);
        assert_eq!(sent(&server, "%SET%TIME_ZONE%"), [""; 0], "{product:?}");
        assert_copied(product, database, &server);
    }
}

/// What the scheduler says of itself, when nothing can be created.
fn status(server: &Server, dir: &WorkDir, database: &str, options: &[&str]) -> String {
    server.client().run(format!("DROP DATABASE IF EXISTS {database}"));
    let mut holder = make(server, database, &["CREATE TABLE t (id INT)"]);
    holder.run("FLUSH TABLES WITH READ LOCK");
    let program = myloader(server, dir).args(["--skip-create-database", "--no-data", "-t", "3", "--stall-report=1"]);
    let mut running = program.args(options).spawn();
    running.wait_for_stderr("  scheduler, for ");
    let stderr = running.stderr_so_far();
    let line = stderr.lines().find(|line| line.starts_with("  scheduler, for ")).unwrap();
    let status = line.split_once(": ").unwrap().1.to_owned();
    holder.run("UNLOCK TABLES");
    let output = running.wait();
    assert_eq!(output.code, Some(0), "{options:?}: {}", output.stderr);
    status
}

#[test]
fn no_more_workers_than_asked_for_create_tables_or_what_comes_after_the_rows() {
    for product in Product::ALL {
        let database = "limit_workers";
        let names = ["a", "b", "c", "d"];
        let mut statements: Vec<String> = names.iter().map(|name| format!("CREATE TABLE t{name} (id INT)")).collect();
        statements.extend(names.iter().map(|name| format!("CREATE VIEW v{name} AS SELECT id FROM t")));
        statements.insert(0, "CREATE TABLE t (id INT)".to_owned());
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        make(source(product), database, &statements);
        let without_views = dump(
            source(product),
            &[
                "-B",
                database,
                "--no-views",
                "-T",
                "limit_workers.ta,limit_workers.tb,limit_workers.tc,limit_workers.td",
            ],
        );
        let views = dump(source(product), &["-B", database, "--regex", "^limit_workers\\.v"]);
        let server = Server::start(product, &[]);
        for (dir, option, stage) in [
            (&without_views, "--max-threads-for-schema-creation", "Tables"),
            (&views, "--max-threads-for-post-actions", "Views"),
        ] {
            for (options, told) in [
                (&[][..], format!("{stage}: 3 jobs running, 1 waiting for a worker")),
                (&[option, "1"], format!("{stage}: 1 job running, 3 waiting for a worker")),
                (&[option, "2"], format!("{stage}: 2 jobs running, 2 waiting for a worker")),
            ] {
                assert_eq!(status(&server, dir, database, options), told, "{product:?} {option} {options:?}");
            }
        }
    }
}

#[test]
fn tables_that_exist_get_rows_or_are_replaced_by_the_other_names_of_drop_table() {
    for product in Product::ALL {
        let database = "limit_modes";
        let statements = [
            "CREATE TABLE old (id INT PRIMARY KEY)",
            "CREATE TABLE new (id INT PRIMARY KEY)",
            "INSERT INTO old VALUES (1)",
            "INSERT INTO new VALUES (1)",
        ];
        let dir = dumped(product, database, &statements);
        let mut client = target(product).client();
        for (options, ids) in [
            (&["--append-if-not-exist"][..], "1,7"),
            (&["--append-if-not-exist", "--drop-table=NONE"], "1,7"),
            (&["--overwrite-unsafe"], "1"),
            (&["-o", "--overwrite-unsafe"], "1"),
        ] {
            client.run(format!("DROP DATABASE IF EXISTS {database}"));
            client.run(format!("CREATE DATABASE {database}"));
            client.run(format!("CREATE TABLE {database}.old (id INT PRIMARY KEY)"));
            client.run(format!("INSERT INTO {database}.old VALUES (7)"));
            load(product, &dir, options);
            let found = client.scalar(format!("SELECT GROUP_CONCAT(id ORDER BY id) FROM {database}.old"));
            assert_eq!(found, ids, "{product:?} {options:?}");
            assert_eq!(tables(product, database), ["new", "old"], "{product:?} {options:?}");
        }
        for (options, message) in [
            (
                &["--append-if-not-exist", "--overwrite-unsafe"][..],
                "--overwrite-unsafe drops what --append-if-not-exist keeps: leave one out",
            ),
            (
                &["--append-if-not-exist", "-o"],
                "--append-if-not-exist means --drop-table=NONE, and another mode is given: leave one out",
            ),
            (&["--verify-only", "--overwrite-unsafe"], "--verify-only changes nothing: leave --overwrite-unsafe out"),
        ] {
            let log = myloader(target(product), &dir).args(options).fails_with(2);
            assert!(log.contains(message), "{product:?} {options:?}: {log}");
        }
        load(product, &dir, &["--drop-table", "--set-names=utf8mb4,binary"]);
    }
}
