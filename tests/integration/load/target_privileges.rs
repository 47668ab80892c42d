//! Privileges that a restore needs on the target: all that are missing are named before anything is changed, and users who have
//! them in any way are let through.

use crate::support::dump::make;
use crate::support::load::{assert_same, dump_of, journals, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, Server, source, target};

const TABLES: [&str; 4] = [
    "CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY (v))",
    "INSERT INTO t VALUES (1, 1)",
    "CREATE VIEW w AS SELECT id FROM t",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = NEW.v",
];

fn loader(product: Product, dir: &WorkDir, user: &str) -> Program {
    myloader(target(product), dir).args(["--user", user, "--password", "Pw-1-word", "--skip-definer"])
}

/// A new user with these privileges.
fn user(product: Product, name: &str, grants: &[&str]) {
    let mut client = target(product).client();
    client.run(format!("CREATE USER {name}@localhost IDENTIFIED BY 'Pw-1-word'"));
    grants.iter().for_each(|grant| client.run(format!("GRANT {grant} TO {name}@localhost")));
}

#[test]
fn what_is_missing_is_named_before_anything_is_changed() {
    for product in Product::ALL {
        let database = "priv_missing";
        make(source(product), database, &TABLES);
        let dir = dump_of(product, database, &[]);
        make(target(product), database, &["CREATE TABLE other (id INT)"]);
        user(product, "priv_reader", &["SELECT ON priv_missing.*", "CREATE, DROP, INSERT, DELETE ON priv_else.*"]);
        let log = loader(product, &dir, "priv_reader").fails_with(8);
        let expected = "[ERROR] the user lacks privileges on the server; nothing was changed: grant these, or use another \
                        user:\n  GRANT CREATE, INSERT, CREATE VIEW, TRIGGER ON `priv_missing`.*\n";
        assert!(log.ends_with(expected), "{product:?}: {log}");
        assert!(journals(&dir).is_empty());
        // A table that is there is emptied, or dropped.
        let mut client = target(product).client();
        client.run(format!("USE {database}"));
        client.run(TABLES[0]);
        client.run("INSERT INTO t VALUES (7, 7)");
        client.run("GRANT CREATE, INSERT, CREATE VIEW, TRIGGER ON priv_missing.* TO priv_reader@localhost");
        for (mode, privilege) in [("TRUNCATE", "DROP"), ("DROP", "DROP"), ("DELETE", "DELETE")] {
            let log = loader(product, &dir, "priv_reader").args(["--drop-table", mode]).fails_with(8);
            assert!(log.ends_with(&format!("\n  GRANT {privilege} ON `priv_missing`.*\n")), "{log}");
            assert_eq!(client.scalar("SELECT GROUP_CONCAT(id) FROM t"), "7");
        }
        // What is not restored needs no privilege.
        loader(product, &dir, "priv_reader").args(["--no-data", "--no-schemas"]).ok();
    }
}

/// What would fail only when the rows are there: definers that the user may not set, and programs that a server with a
/// binary log takes from SUPER only.
#[test]
fn programs_that_the_user_may_not_create_are_named_before_anything_is_changed() {
    for product in Product::ALL {
        let database = "priv_programs";
        let statements = [
            "CREATE TABLE t (id INT PRIMARY KEY)",
            "INSERT INTO t VALUES (1)",
            "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
            "CREATE PROCEDURE p() SELECT 1",
            "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
            "CREATE VIEW v AS SELECT id FROM t",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
        ];
        make(source(product), database, &statements);
        let dir = dump_of(product, database, &[]);
        let server = Server::start(product, &["--log-bin-trust-function-creators=0"]);
        let mut client = server.client();
        for user in ["programmer", "definer"] {
            client.run(format!("CREATE USER {user}@localhost IDENTIFIED BY 'Pw-1-word'"));
            client.run(format!("GRANT ALL ON {database}.* TO {user}@localhost"));
        }
        let (may_log, may_define) = match product {
            Product::MariaDb => ("BINLOG ADMIN", "SET USER"),
            Product::MySql => ("SESSION_VARIABLES_ADMIN", "SET_ANY_DEFINER"),
        };
        let system_user = if product == Product::MySql { ", SYSTEM_USER" } else { "" };
        client.run(format!("GRANT {may_log} ON *.* TO programmer@localhost"));
        client.run(format!("GRANT {may_define}{system_user} ON *.* TO definer@localhost"));
        let load = |user: &str, options: &[&str]| {
            myloader(&server, &dir).args(["--user", user, "--password", "Pw-1-word"]).args(options)
        };
        let distrusted = "the server writes a binary log, so the user may not create triggers and functions: GRANT SUPER ON \
                          *.*, or SET GLOBAL log_bin_trust_function_creators = 1";
        let definer = format!(
            "the user may not make `root`@`localhost` its definer: GRANT {may_define} ON *.*, or use --skip-definer or \
             --replace-definer"
        );
        let listed = |log: &str, why: &str| {
            let of_why = log.lines().filter(|line| line.ends_with(why));
            let mut objects: Vec<String> =
                of_why.map(|line| line.trim_start().split(':').next().unwrap().to_owned()).collect();
            objects.sort();
            objects
        };
        let log = load("programmer", &[]).fails_with(8);
        let all = ["event", "function", "procedure", "trigger", "view"].map(|kind| {
            let name = if kind == "trigger" { "tr" } else { &kind[..1] };
            format!("{kind} {database}.{name}")
        });
        assert_eq!(listed(&log, &definer), all, "{product:?}: {log}");
        for (user, option) in [("programmer", &["--skip-definer"][..]), ("definer", &[])] {
            let log = load(user, option).fails_with(8);
            assert_eq!(listed(&log, distrusted), [all[1].clone(), all[3].clone()], "{product:?}: {log}");
        }
        let count = format!("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{database}'");
        assert_eq!(client.scalar(&count), "0", "{product:?}");
        assert!(journals(&dir).is_empty());
        client.run("SET GLOBAL log_bin_trust_function_creators = 1");
        load("programmer", &["--skip-definer"]).ok();
        client.run(format!("DROP DATABASE {database}"));
        load("definer", &[]).ok();
    }
}

#[test]
fn users_who_have_the_privileges_in_any_way_are_let_through() {
    for product in Product::ALL {
        let database = "priv_any_way";
        make(source(product), database, &TABLES);
        let dir = dump_of(product, database, &[]);
        let mut root = target(product).client();
        let all = "SELECT, INSERT, CREATE, DROP, ALTER, INDEX, CREATE VIEW, SHOW VIEW, TRIGGER, REFERENCES";
        user(product, "priv_pattern", &[&format!("{all} ON `priv\\_any%`.*")]);
        user(product, "priv_global", &[&format!("{all} ON *.*")]);
        root.run("CREATE ROLE priv_role");
        root.run(format!("GRANT {all} ON {database}.* TO priv_role"));
        user(product, "priv_by_role", &["priv_role"]);
        root.run(match product {
            Product::MariaDb => "SET DEFAULT ROLE priv_role FOR priv_by_role@localhost",
            Product::MySql => "SET DEFAULT ROLE priv_role TO priv_by_role@localhost",
        });
        for name in ["priv_pattern", "priv_global", "priv_by_role"] {
            root.run(format!("DROP DATABASE IF EXISTS {database}"));
            root.run(format!("CREATE DATABASE {database}"));
            loader(product, &dir, name).arg("--skip-create-database").ok();
            let rows = root.scalar(format!("SELECT COUNT(*) FROM {database}.t"));
            assert_eq!(rows, "1", "{product:?} {name}");
        }
        // Privileges on the tables only.
        user(product, "priv_tables", &["INSERT, SELECT ON priv_any_way.t"]);
        root.run(format!("DROP TRIGGER {database}.tr"));
        root.run(format!("DELETE FROM {database}.t"));
        loader(product, &dir, "priv_tables").arg("--no-schemas").ok();
        assert_eq!(root.scalar(format!("SELECT COUNT(*) FROM {database}.t")), "1");
    }
}

#[test]
fn sequences_are_as_in_the_source_after_tables_were_emptied() {
    let (product, database) = (Product::MariaDb, "priv_sequences");
    let tables = [
        "CREATE SEQUENCE s START WITH 5 INCREMENT BY 2",
        "CREATE TABLE t (a INT DEFAULT NEXTVAL(s), b INT)",
        "INSERT INTO t (b) VALUES (1), (2)",
    ];
    make(source(product), database, &tables);
    let dir = dump_of(product, database, &[]);
    myloader(target(product), &dir).ok();
    let mut client = target(product).client();
    client.run(format!("USE {database}"));
    for mode in ["TRUNCATE", "DELETE"] {
        client.run("INSERT INTO t (b) VALUES (8)");
        client.run("SELECT SETVAL(s, 999)");
        myloader(target(product), &dir).args(["--drop-table", mode]).ok();
        assert_same(product, database);
    }
    // A table that has the sequence's name is not replaced.
    client.run("DROP TABLE t");
    client.run("DROP SEQUENCE s");
    client.run("CREATE TABLE s (id INT)");
    client.run("INSERT INTO s VALUES (7)");
    myloader(target(product), &dir).args(["--drop-table=TRUNCATE"]).fails_with(4);
    assert_eq!(client.scalar("SELECT id FROM s"), "7");
}
