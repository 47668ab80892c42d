//! Accounts, roles and privileges, with `--users`. They are the server's, so these tests have servers of their own.

use crate::support::dump::{make, mydumper, only_line, without_time};
use crate::support::load::{column, forget_checksums, myloader};
use harness::program::{Program, WorkDir, pipe};
use harness::server::{Product, Server};
use harness::sql::{Client, text};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// A server to dump from and one to restore into, for one test at a time.
struct Pair {
    source: Server,
    target: Server,
}

fn pair(product: Product) -> MutexGuard<'static, Pair> {
    static PAIRS: [OnceLock<Mutex<Pair>>; 2] = [OnceLock::new(), OnceLock::new()];
    let start = || Server::start(product, &["--innodb-buffer-pool-size=32M"]);
    let pair = PAIRS[product as usize].get_or_init(|| Mutex::new(Pair { source: start(), target: start() }));
    let pair = pair.lock().unwrap_or_else(PoisonError::into_inner);
    for server in [&pair.source, &pair.target] {
        clean(server);
    }
    pair
}

/// No accounts but those of the beginning, and no databases.
fn clean(server: &Server) {
    let mut client = server.client();
    for database in
        column(&mut client, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'acc%'")
    {
        client.run(format!("DROP DATABASE {database}"));
    }
    for account in accounts(&mut client, server.product()) {
        let kind = if account.contains('@') { "USER" } else { "ROLE" };
        client.run(format!("DROP {kind} {account}"));
    }
    if server.product() == Product::MySql {
        client.run("SET GLOBAL partial_revokes = OFF");
    }
}

/// All accounts but `root` and the server's own, as SQL; MariaDB's roles without a host.
fn accounts(client: &mut Client, product: Product) -> Vec<String> {
    let own = "User NOT IN ('root', 'PUBLIC') AND User NOT LIKE 'mysql.%' AND User <> 'mariadb.sys'";
    let name = "CONCAT('`', REPLACE(User, '`', '``'), '`@`', Host, '`')";
    match product {
        Product::MySql => column(client, &format!("SELECT {name} FROM mysql.user WHERE {own} ORDER BY 1")),
        Product::MariaDb => {
            let sql = format!(
                "SELECT IF(is_role = 'Y', CONCAT('`', REPLACE(User, '`', '``'), '`'), {name}) FROM mysql.user \
                 WHERE {own} ORDER BY 1"
            );
            column(client, &sql)
        }
    }
}

/// What the server says of each account.
fn inventory(server: &Server) -> BTreeMap<String, Vec<String>> {
    let mut client = server.client();
    let product = server.product();
    if product == Product::MySql {
        client.run("SET print_identified_with_as_hex = ON");
    }
    let mut found = BTreeMap::new();
    let mut named = accounts(&mut client, product);
    if product == Product::MariaDb {
        named.push("PUBLIC".to_owned());
    }
    for account in named {
        let mut lines = client.try_query(format!("SHOW GRANTS FOR {account}")).unwrap_or_default();
        if account.contains('@') {
            lines.extend(client.query(format!("SHOW CREATE USER {account}")));
        }
        let mut lines: Vec<String> = lines.iter().map(|row| text(&row[0])).collect();
        lines.sort();
        found.insert(account, lines);
    }
    let (what, order) = match product {
        Product::MySql => ("default_roles", "1, 2, 3, 4"),
        Product::MariaDb => ("roles_mapping", "1, 2, 3, 4"),
    };
    let condition = if product == Product::MariaDb { "WHERE User <> 'root'" } else { "" };
    let roles = client.query(format!("SELECT * FROM mysql.{what} {condition} ORDER BY {order}"));
    found.insert(what.to_owned(), roles.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ")).collect());
    found
}

const OBJECTS: [&str; 6] = [
    "CREATE TABLE t (a INT, b INT)",
    "CREATE TABLE `t;x` (a INT)",
    "CREATE VIEW a_view AS SELECT a FROM t",
    "CREATE PROCEDURE p() SELECT 1",
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
    "INSERT INTO t VALUES (1, 2)",
];

/// Accounts of every kind, with privileges of every level on the database `acc`.
fn statements(product: Product) -> Vec<&'static str> {
    let mut all = vec![
        "CREATE ROLE reader, `wri``ter`",
        "CREATE USER app@'%' IDENTIFIED BY 'the app''s \\\\ password'",
        "CREATE USER `u one`@`10.0.0.%` IDENTIFIED BY 'x' REQUIRE SUBJECT 'it''s; \\\\' AND ISSUER 'i' \
         WITH MAX_QUERIES_PER_HOUR 5 MAX_USER_CONNECTIONS 7",
        "CREATE USER ''@localhost IDENTIFIED BY 'nobody'",
        "CREATE USER locked@'%' IDENTIFIED BY 'l' ACCOUNT LOCK",
        "CREATE USER old@'%' IDENTIFIED BY 'o' PASSWORD EXPIRE INTERVAL 30 DAY",
        "CREATE USER `h\u{e9}llo wo;\nrld`@'192.168.0.1'",
        "GRANT SELECT, RELOAD ON *.* TO `u one`@`10.0.0.%` WITH GRANT OPTION",
        "GRANT SELECT ON acc.* TO reader",
        "GRANT INSERT, UPDATE ON acc.* TO `wri``ter`",
        "GRANT SELECT ON `acc\\_%`.* TO app@'%'",
        "GRANT SELECT (a), INSERT (a, b) ON acc.t TO app@'%'",
        "GRANT ALL PRIVILEGES ON acc.`t;x` TO app@'%' WITH GRANT OPTION",
        "GRANT SELECT ON acc.a_view TO app@'%'",
        "GRANT EXECUTE ON PROCEDURE acc.p TO app@'%'",
        "GRANT EXECUTE ON FUNCTION acc.f TO app@'%' WITH GRANT OPTION",
        "GRANT PROXY ON app@'%' TO `u one`@`10.0.0.%` WITH GRANT OPTION",
        "GRANT reader TO `wri``ter`",
        "GRANT `wri``ter` TO app@'%' WITH ADMIN OPTION",
        "GRANT reader TO app@'%'",
        "GRANT USAGE ON acc.* TO locked@'%' WITH GRANT OPTION",
    ];
    all.extend(match product {
        Product::MariaDb => [
            "CREATE USER multi@localhost IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('m')",
            "CREATE USER never@'%' IDENTIFIED VIA mysql_native_password USING 'invalid'",
            "SET DEFAULT ROLE reader FOR app@'%'",
            "GRANT reader TO PUBLIC",
            "GRANT SELECT ON acc.t TO PUBLIC",
            "GRANT REPLICA MONITOR, BINLOG ADMIN ON *.* TO app@'%'",
            "ALTER USER old@'%' PASSWORD EXPIRE",
        ]
        .as_slice(),
        Product::MySql => &[
            "SET GLOBAL partial_revokes = ON",
            "CREATE USER partial_one@'%'",
            "GRANT SELECT, INSERT ON *.* TO partial_one@'%'",
            "REVOKE INSERT ON acc.* FROM partial_one@'%'",
            "GRANT BACKUP_ADMIN ON *.* TO app@'%' WITH GRANT OPTION",
            "GRANT ROLE_ADMIN, SET_ANY_DEFINER ON *.* TO app@'%'",
            "SET DEFAULT ROLE reader, `wri``ter` TO app@'%'",
            "ALTER USER old@'%' PASSWORD HISTORY 5 PASSWORD REUSE INTERVAL 3 DAY PASSWORD REQUIRE CURRENT \
             FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 2 ATTRIBUTE '{\"a\": \"it''s \\\\\\\\ \\\\\"quoted\\\\\"\"}'",
            "ALTER USER locked@'%' IDENTIFIED BY 'l2' RETAIN CURRENT PASSWORD",
        ],
    });
    all
}

#[track_caller]
fn prepare(pair: &Pair) {
    let mut client = make(&pair.source, "acc", &OBJECTS);
    statements(pair.source.product()).iter().for_each(|sql| client.run(sql));
    if pair.target.product() == Product::MySql {
        pair.target.client().run("SET GLOBAL partial_revokes = ON");
    }
}

fn dumped(pair: &Pair, options: &[&str]) -> WorkDir {
    let dir = WorkDir::new();
    mydumper(&pair.source, &dir).args(["-B", "acc", "-R"]).args(options).ok();
    dir
}

#[test]
fn accounts_come_back_with_their_privileges() {
    for product in Product::ALL {
        let pair = pair(product);
        prepare(&pair);
        let dir = WorkDir::new();
        let stderr = mydumper(&pair.source, &dir).args(["-B", "acc", "-R", "--users"]).ok().stderr;
        let lines: Vec<&str> = stderr.lines().map(without_time).collect();
        let second = "[WARNING] --users: account 'locked'@'%' has a second password (RETAIN CURRENT PASSWORD), which no \
                      statement can restore: the dump has the first one only";
        // MariaDB makes an account for the machine's name, which the harness's --skip-name-resolve disables.
        let ignored = "[WARNING] --users: 'root'@";
        let expected = if product == Product::MySql { second } else { ignored };
        let warnings: Vec<&&str> = lines.iter().filter(|line| line.contains("[WARNING]")).collect();
        assert!(warnings.len() == 1 && warnings[0].starts_with(expected), "{stderr}");
        let file = dir.path().join("all-schema-create-users.sql");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);

        let stderr = myloader(&pair.target, &dir).args(["--users", "-v", "3"]).ok().stderr;
        assert_eq!(inventory(&pair.target), inventory(&pair.source), "{product:?}");
        assert!(!stderr.contains("IDENTIFIED") && !stderr.contains("0x24"), "{stderr}");
        Client::connect_tcp(&pair.target, "app", "the app's \\ password").map(drop).unwrap();
    }
}

#[test]
fn a_stream_brings_them_too() {
    for product in Product::ALL {
        let pair = pair(product);
        prepare(&pair);
        let (dumper, loader) = (WorkDir::new(), WorkDir::new());
        let (dump, load) = pipe(
            Program::mydumper()
                .server(&pair.source)
                .args(["-B", "acc", "-R", "--users", "-c", "--stream"])
                .current_dir(dumper.path()),
            Program::myloader().server(&pair.target).args(["--stream", "--users"]).current_dir(loader.path()),
        );
        assert_eq!((dump.code, load.code), (Some(0), Some(0)), "{}{}", dump.stderr, load.stderr);
        assert_eq!(inventory(&pair.target), inventory(&pair.source), "{product:?}");
        assert_eq!(loader.list(), [""; 0]);
    }
}

#[test]
fn the_stock_client_takes_the_file() {
    for product in Product::ALL {
        let pair = pair(product);
        prepare(&pair);
        let dir = dumped(&pair, &["--users", "--body-format=DELIMITER"]);
        myloader(&pair.target, &dir).ok();
        let file = dir.read("all-schema-create-users.sql");
        Program::stock_client().server(&pair.target).arg("--default-character-set=utf8mb4").stdin(file).ok();
        assert_eq!(inventory(&pair.target), inventory(&pair.source), "{product:?}");
    }
}

#[test]
fn without_the_option_none_is_written_or_restored() {
    for product in Product::ALL {
        let pair = pair(product);
        prepare(&pair);
        let none = dumped(&pair, &[]);
        assert!(!none.list().contains(&"all-schema-create-users.sql".to_owned()));
        let line = only_line(&myloader(&pair.target, &none).arg("--users").fails_with(1));
        assert_eq!(line, "[ERROR] --users: the dump has no accounts: dump with mydumper --users, or restore without");
        let dir = dumped(&pair, &["--users"]);
        let stderr = myloader(&pair.target, &dir).arg("--drop-table").ok().stderr;
        let warning = "all-schema-create-users.sql: skipping the accounts of the dump (--users restores them)";
        assert!(stderr.contains(warning), "{stderr}");
        assert_eq!(accounts(&mut pair.target.client(), product), [""; 0]);
    }
}

#[test]
fn an_account_that_is_there_stays_as_it_is() {
    for product in Product::ALL {
        let pair = pair(product);
        prepare(&pair);
        let mut client = pair.target.client();
        client.run("CREATE USER app@'%' IDENTIFIED BY 'another'");
        client.run("CREATE ROLE reader");
        let dir = dumped(&pair, &["--users"]);
        let root = client.query("SHOW GRANTS FOR root@localhost");
        let stderr = myloader(&pair.target, &dir).arg("--users").ok().stderr;
        let role = if product == Product::MySql { "'reader'@'%'" } else { "role 'reader'" };
        for account in ["'app'@'%'", "'root'@'localhost'", role] {
            let warning = format!(
                "[WARNING] --users: {account} already exists and stays unchanged, without the password and privileges \
                 of the dump"
            );
            assert!(stderr.contains(&warning), "{account}: {stderr}");
        }
        let grants = column(&mut client, "SHOW GRANTS FOR app@'%'");
        assert_eq!(grants.len(), 1, "{grants:?}");
        Client::connect_tcp(&pair.target, "app", "another").map(drop).unwrap();
        if product == Product::MySql {
            // MariaDB makes whoever creates a role its administrator.
            assert_eq!(client.query("SHOW GRANTS FOR root@localhost"), root);
        }
        assert_eq!(accounts(&mut client, product), accounts(&mut pair.source.client(), product));
    }
}

#[test]
fn what_fails_is_named_and_the_rest_restored() {
    for product in Product::ALL {
        let pair = pair(product);
        make(&pair.source, "acc", &OBJECTS);
        let mut client = pair.source.client();
        client.run("CREATE USER one@'%'");
        client.run("CREATE USER two@'%'");
        client.run("GRANT SELECT ON acc.t TO one@'%'");
        client.run("GRANT SELECT ON acc.`t;x` TO one@'%'");
        client.run("GRANT EXECUTE ON PROCEDURE acc.p TO two@'%'");
        let dir = dumped(&pair, &["--users"]);
        // A table is left out of the restore.
        let stderr = myloader(&pair.target, &dir).args(["--users", "-T", "acc.t"]).fails_with(4);
        let (_, list) =
            stderr.split_once("[ERROR] 2 objects of the dump could not be restored, everything else is:").unwrap();
        let lines: Vec<&str> = list.lines().collect();
        assert!(lines[1].starts_with("  'one'@'%': all-schema-create-users.sql, line "), "{list}");
        assert!(lines[1].contains("server error 1146 (42S02): Table 'acc.t;x' doesn't exist"), "{list}");
        assert!(lines[2].starts_with("  'two'@'%': all-schema-create-users.sql, line "), "{list}");
        assert!(lines[2].contains("server error 1305 (42000): "), "{list}");
        let mut client = pair.target.client();
        assert_eq!(
            column(&mut client, "SHOW GRANTS FOR one@'%'")[1..],
            ["GRANT SELECT ON `acc`.`t` TO `one`@`%`".to_owned()]
        );
    }
}

#[test]
fn a_password_that_is_refused_leaves_no_account_without_one() {
    let product = Product::MariaDb;
    let pair = pair(product);
    make(&pair.source, "acc", &OBJECTS);
    let mut client = pair.source.client();
    client.run("CREATE USER one@'%' IDENTIFIED BY 'p'");
    client.run("GRANT SELECT ON acc.* TO one@'%'");
    let dir = dumped(&pair, &["--users"]);
    forget_checksums(&dir);
    let file = dir.path().join("all-schema-create-users.sql");
    let text = std::fs::read_to_string(&file).unwrap().replace("BY PASSWORD '*", "VIA no_such_plugin USING '*");
    std::fs::write(&file, text).unwrap();
    let line = myloader(&pair.target, &dir).arg("--users").fails_with(4);
    assert!(line.contains("'one'@'%': all-schema-create-users.sql, line "), "{line}");
    assert!(line.contains("server error 1524 (HY000): Plugin 'no_such_plugin' is not loaded"), "{line}");
    assert!(line.contains("statement: (not shown: it may hold a password)"), "{line}");
    assert_eq!(accounts(&mut pair.target.client(), product), [""; 0]);
}

#[test]
fn partial_revokes_need_the_server_s_consent() {
    let product = Product::MySql;
    let pair = pair(product);
    prepare(&pair);
    pair.target.client().run("SET GLOBAL partial_revokes = OFF");
    let dir = dumped(&pair, &["--users"]);
    let stderr = myloader(&pair.target, &dir).arg("--users").fails_with(4);
    let expected = "it has partial revokes, without which this server would grant it more than it had: the account \
                    was not created (SET GLOBAL partial_revokes=ON)";
    assert!(stderr.contains("skipped: 'partial_one'@'%': all-schema-create-users.sql, line "), "{stderr}");
    assert!(stderr.contains(expected), "{stderr}");
    let restored = accounts(&mut pair.target.client(), product);
    assert!(!restored.contains(&"`partial_one`@`%`".to_owned()) && restored.contains(&"`app`@`%`".to_owned()));
}

#[test]
fn definers_come_before_what_they_define() {
    for product in Product::ALL {
        let pair = pair(product);
        make(
            &pair.source,
            "acc",
            &[
                "CREATE TABLE t (a INT)",
                "CREATE USER owner@'%'",
                "GRANT ALL PRIVILEGES ON acc.* TO owner@'%'",
                "CREATE DEFINER=owner@'%' FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
                "CREATE DEFINER=owner@'%' VIEW v AS SELECT a, f() AS b FROM t",
                "CREATE DEFINER=owner@'%' VIEW a_view AS SELECT a, b FROM v",
            ],
        );
        let dir = dumped(&pair, &["--users"]);
        let line = only_line(&myloader(&pair.target, &dir).args(["-v", "1"]).fails_with(4));
        assert!(
            line.contains("server error 1449 (HY000): The user specified as a definer ('owner'@'%') does not exist"),
            "{line}"
        );
        assert!(line.contains("(the account of the DEFINER does not exist: dump and restore with --users"), "{line}");
        myloader(&pair.target, &dir).args(["--users", "--drop-table"]).ok();
        assert_eq!(harness::compare::differences(&pair.source, "acc", &pair.target, "acc"), [""; 0], "{product:?}");
    }
}

#[test]
fn accounts_of_the_other_product_are_refused_before_rows() {
    for (from, to) in [(Product::MariaDb, Product::MySql), (Product::MySql, Product::MariaDb)] {
        let dir = {
            let pair = pair(from);
            prepare(&pair);
            dumped(&pair, &["--users"])
        };
        let pair = pair(to);
        let line = only_line(&myloader(&pair.target, &dir).args(["--users", "--threads=1", "-v", "1"]).fails_with(4));
        let (dump, server) = if from == Product::MySql { ("MySQL", "MariaDB 10.") } else { ("MariaDB", "MySQL 9.") };
        let expected =
            format!("[ERROR] --users: all-schema-create-users.sql has accounts of {dump}, but this server is {server}");
        assert!(line.starts_with(&expected), "{line}");
        assert!(line.ends_with("restore without --users and create the accounts by hand"), "{line}");
        assert_eq!(column(&mut pair.target.client(), "SHOW DATABASES LIKE 'acc'"), [""; 0]);
    }
}

#[test]
fn a_user_who_may_not_read_accounts_is_told() {
    for product in Product::ALL {
        let pair = pair(product);
        make(&pair.source, "acc", &OBJECTS);
        let mut client = pair.source.client();
        client.run("CREATE USER plain@localhost IDENTIFIED BY 'plain'");
        client.run("GRANT SELECT, LOCK TABLES, SHOW VIEW ON acc.* TO plain@localhost");
        client.run("GRANT RELOAD, PROCESS ON *.* TO plain@localhost");
        let dir = WorkDir::new();
        let program = Program::mydumper().arg("--socket").arg(pair.source.socket()).args(["-u", "plain", "-pplain"]);
        let program = program.args(["-B", "acc", "--users", "-v", "1", "-o"]).arg(dir.path());
        let stderr = program.fails_with(8);
        let finding =
            "  --users: accounts and their privileges are hidden: GRANT SELECT ON `mysql`.* TO `plain`@`localhost`\n";
        assert!(stderr.contains(finding), "{stderr}");
        assert_eq!(dir.list(), [""; 0]);
    }
}
