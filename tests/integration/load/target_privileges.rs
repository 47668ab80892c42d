//! Privileges that a restore needs on the target: all that are missing are named before anything is changed, and users who have
//! them in any way are let through.

use crate::support::dump::make;
use crate::support::load::{assert_same, dump_of, journals, myloader, streamed};
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
        let expected = "[ERROR] nothing was changed: the restore would not be complete here, 1 finding:\n  database priv_missing: \
                        the database cannot be created (or use --skip-create-database), tables cannot be created, rows \
                        cannot be loaded, keys cannot be added after the rows (or use --optimize-keys=SKIP), views cannot \
                        be created, triggers cannot be created (or use --skip-triggers): GRANT CREATE, INSERT, ALTER, \
                        CREATE VIEW, TRIGGER ON `priv_missing`.* TO `priv_reader`@`localhost`\n";
        assert!(log.ends_with(expected), "{product:?}: {log}");
        assert!(journals(&dir).is_empty());
        // A table that is there is emptied, or dropped.
        let mut client = target(product).client();
        client.run(format!("USE {database}"));
        client.run(TABLES[0]);
        client.run("INSERT INTO t VALUES (7, 7)");
        client.run("GRANT CREATE, INSERT, CREATE VIEW, TRIGGER, ALTER ON priv_missing.* TO priv_reader@localhost");
        // Views are replaced with all of these.
        for (mode, privileges) in [("TRUNCATE", "DROP"), ("DROP", "DROP"), ("DELETE", "DELETE, DROP")] {
            let log = loader(product, &dir, "priv_reader").args(["--drop-table", mode]).fails_with(8);
            let grant = format!(": GRANT {privileges} ON `priv_missing`.* TO `priv_reader`@`localhost`\n");
            assert!(log.ends_with(&grant), "{log}");
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
        let distrusted = "SET GLOBAL log_bin_trust_function_creators = 1";
        let definer = format!(
            "the user may not make `root`@`localhost` its definer: GRANT {may_define} ON *.* TO `programmer`@`localhost`, or use \
             --skip-definer or --replace-definer"
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
            let why = format!(
                ": the server writes a binary log, so the user may not create triggers and functions: GRANT SUPER ON *.* TO \
                 `{user}`@`localhost`, or "
            );
            assert_eq!(log.matches(&why).count(), 2, "{product:?}: {log}");
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

/// Of all kinds of objects that need a privilege.
const OBJECTS: [&str; 8] = [
    "CREATE TABLE p (id INT PRIMARY KEY)",
    "CREATE TABLE c (id INT PRIMARY KEY, p INT, v INT, KEY (v), FOREIGN KEY (p) REFERENCES p (id))",
    "INSERT INTO p VALUES (1)",
    "INSERT INTO c VALUES (1, 1, 1)",
    "CREATE TRIGGER tr BEFORE INSERT ON c FOR EACH ROW SET NEW.v = NEW.v",
    "CREATE VIEW w AS SELECT id FROM c",
    "CREATE PROCEDURE f() SELECT 1",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
];

/// Each privilege is needed, and these are enough: without one of them nothing is changed, with what the list says the
/// restore succeeds.
#[test]
fn each_privilege_that_is_missing_is_named_and_what_is_named_is_enough() {
    for product in Product::ALL {
        let database = "priv_each";
        make(source(product), database, &OBJECTS);
        let dir = dump_of(product, database, &[]);
        let mut root = target(product).client();
        let tables = format!("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{database}'");
        let needed =
            ["CREATE", "INSERT", "ALTER", "CREATE VIEW", "TRIGGER", "CREATE ROUTINE", "ALTER ROUTINE", "EVENT"];
        // MariaDB is content with any privilege on the rows of the parent.
        let references: &[&str] = if product == Product::MySql { &["REFERENCES"] } else { &[] };
        let of_modes = [
            ("FAIL", needed.iter().chain(references).copied().collect::<Vec<&str>>()),
            ("DROP", needed.iter().chain(references).chain(&["DROP"]).copied().collect()),
            ("DELETE", ["INSERT", "DELETE", "DROP", "CREATE", "EVENT"].to_vec()),
            ("TRUNCATE", ["INSERT", "DROP", "CREATE", "TRIGGER"].to_vec()),
            ("NONE", ["INSERT", "SELECT", "CREATE"].to_vec()),
        ];
        for (mode, privileges) in of_modes {
            for missing in privileges {
                // With a binary log, a user without SUPER needs to be trusted, which these servers do.
                let all = needed.iter().chain(&["REFERENCES", "DROP", "DELETE", "SELECT"]);
                let others: Vec<&str> = all.filter(|privilege| **privilege != missing).copied().collect();
                root.run("DROP USER IF EXISTS priv_but_one@localhost");
                user(product, "priv_but_one", &[&format!("{} ON `priv\\_each`.*", others.join(", "))]);
                root.run(format!("DROP DATABASE IF EXISTS {database}"));
                root.run(format!("CREATE DATABASE {database}"));
                if mode != "FAIL" {
                    root.run(format!("CREATE TABLE {database}.c (id INT PRIMARY KEY, p INT, v INT)"));
                    root.run(format!("INSERT INTO {database}.c VALUES (7, 7, 7)"));
                }
                let before = root.scalar(&tables);
                let load = || loader(product, &dir, "priv_but_one").args(["--drop-table", mode]);
                let log = load().fails_with(8);
                let grant = format!("GRANT {missing} ON `priv\\_each`.* TO `priv_but_one`@`localhost`");
                assert!(log.contains("complete here, 1 finding:\n"), "{product:?} {mode} {missing}: {log}");
                assert!(log.ends_with(&format!(": {grant}\n")), "{product:?} {mode} {missing}: {log}");
                assert_eq!(root.scalar(&tables), before, "{product:?} {mode} {missing}");
                assert!(journals(&dir).is_empty(), "{product:?} {mode} {missing}");
                root.run(&grant);
                load().ok();
                let first = format!("SELECT MIN(id) FROM {database}.c");
                assert_eq!(root.scalar(&first), "1", "{product:?} {mode} {missing}");
            }
        }
        // Exactly what is said.
        root.run("DROP USER IF EXISTS priv_but_one@localhost");
        root.run(format!("DROP DATABASE {database}"));
        user(product, "priv_but_one", &[]);
        let log = loader(product, &dir, "priv_but_one").fails_with(8);
        root.run(&log[log.rfind("GRANT ").unwrap()..]);
        loader(product, &dir, "priv_but_one").ok();
        assert_eq!(root.scalar(&tables), "3", "{product:?}");
        root.run(format!("DROP DATABASE {database}"));
        root.run("DROP USER priv_but_one@localhost");
    }
}

#[test]
fn a_stream_is_looked_at_as_far_as_it_comes_before_the_rows() {
    for product in Product::ALL {
        let database = "priv_stream";
        make(source(product), database, &OBJECTS);
        let stream = streamed(product, database);
        user(product, "priv_streamer", &["CREATE ON priv_stream.*"]);
        let place = WorkDir::new();
        let load = || {
            let program = Program::myloader().server(target(product)).args(["--stream", "--skip-definer"]);
            let program =
                program.args(["--optimize-keys=AFTER_IMPORT_PER_TABLE", "--user", "priv_streamer", "--password"]);
            program.arg("Pw-1-word").current_dir(place.path()).stdin(stream.clone())
        };
        let log = load().fails_with(8);
        assert!(log.contains("\n  database priv_stream: "), "{product:?}: {log}");
        assert!(log.contains("keys cannot be added after the rows"), "{product:?}: {log}");
        let mut root = target(product).client();
        let databases = "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'priv_stream'";
        assert_eq!(root.scalar(databases), "0", "{product:?}");
        root.run("GRANT ALL ON priv_stream.* TO priv_streamer@localhost");
        load().ok();
        assert_eq!(root.scalar(format!("SELECT COUNT(*) FROM {database}.c")), "1", "{product:?}");
    }
}

/// Without them, the restore would end when the rows are there.
#[test]
fn what_comparing_collations_and_sequences_need_is_named_too() {
    for product in Product::ALL {
        let database = "priv_others";
        let mut statements = vec![
            "CREATE TABLE t (id INT PRIMARY KEY)",
            "INSERT INTO t VALUES (1)",
            "ALTER DATABASE priv_others COLLATE utf8mb4_bin",
            "CREATE PROCEDURE p() SELECT 1",
            "ALTER DATABASE priv_others COLLATE utf8mb4_general_ci",
        ];
        if product == Product::MariaDb {
            statements.extend(["CREATE SEQUENCE s", "CREATE TABLE d (a INT DEFAULT NEXTVAL(s), b INT)"]);
        }
        make(source(product), database, &statements);
        let dir = dump_of(product, database, &["--data-checksums"]);
        user(product, "priv_other", &["CREATE, INSERT, CREATE ROUTINE, ALTER ROUTINE ON `priv\\_others`.*"]);
        let collation =
            "the collation under which programs were made cannot be set (or use --skip-post, --skip-triggers)";
        let checksums = "checksums of rows cannot be compared (or use --skip-data-checksums)";
        let sequences = "defaults cannot be taken from sequences";
        for (options, reasons, absent, privileges) in [
            (&[][..], &[collation, checksums][..], &["--verify"][..], "SELECT, ALTER"),
            (
                &["--skip-data-checksums", "--verify"],
                &[collation, "rows cannot be compared (--verify)"],
                &[checksums],
                "SELECT, ALTER",
            ),
            (&["--skip-data-checksums", "--skip-post", "--no-data"], &[], &[collation, checksums], "SELECT"),
        ] {
            let program = loader(product, &dir, "priv_other").args(options);
            if product == Product::MySql && reasons.is_empty() {
                // It has no sequences.
                program.ok();
                continue;
            }
            let log = program.fails_with(8);
            let of_product: &[&str] = if product == Product::MariaDb { &[sequences] } else { &[] };
            for reason in reasons.iter().chain(of_product) {
                assert!(log.contains(reason), "{product:?} {options:?}: {log}");
            }
            for reason in absent {
                assert!(!log.contains(reason), "{product:?} {options:?}: {log}");
            }
            let grant = format!(": GRANT {privileges} ON `priv\\_others`.* TO `priv_other`@`localhost`\n");
            assert!(log.ends_with(&grant), "{product:?} {options:?}: {log}");
        }
        let mut root = target(product).client();
        root.run(format!("DROP DATABASE IF EXISTS {database}"));
        root.run("GRANT SELECT, ALTER ON `priv\\_others`.* TO priv_other@localhost");
        loader(product, &dir, "priv_other").arg("--verify").ok();
    }
}

/// A parent may be in a database that is not restored.
#[test]
fn a_foreign_key_needs_a_privilege_on_the_parent_in_another_database() {
    for product in Product::ALL {
        make(source(product), "priv_parent", &["CREATE TABLE p (id INT PRIMARY KEY)"]);
        let child = "CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES priv_parent.p (id))";
        make(source(product), "priv_child", &[child]);
        make(target(product), "priv_parent", &["CREATE TABLE p (id INT PRIMARY KEY)"]);
        let dir = dump_of(product, "priv_child", &[]);
        user(product, "priv_parents", &["CREATE, INSERT, ALTER ON priv_child.*"]);
        let log = loader(product, &dir, "priv_parents").fails_with(8);
        let finding = "\n  database priv_parent: foreign keys may not refer to its tables (or use --skip-constraints): GRANT \
                       REFERENCES ON `priv\\_parent`.* TO `priv_parents`@`localhost`\n";
        assert!(log.ends_with(finding), "{product:?}: {log}");
        loader(product, &dir, "priv_parents").arg("--skip-constraints").ok();
        let mut root = target(product).client();
        root.run("DROP DATABASE priv_child");
        root.run("GRANT REFERENCES ON priv_parent.p TO priv_parents@localhost");
        loader(product, &dir, "priv_parents").ok();
    }
}

#[test]
fn roles_that_are_not_active_give_nothing_and_are_named() {
    for product in Product::ALL {
        let database = "priv_inactive";
        make(source(product), database, &["CREATE TABLE t (id INT PRIMARY KEY)"]);
        let dir = dump_of(product, database, &[]);
        let mut root = target(product).client();
        root.run("CREATE ROLE priv_sleeping");
        root.run(format!("GRANT ALL ON {database}.* TO priv_sleeping"));
        user(product, "priv_sleeper", &["priv_sleeping"]);
        let role = if product == Product::MySql { "`priv_sleeping`@`%`" } else { "`priv_sleeping`" };
        let log = loader(product, &dir, "priv_sleeper").fails_with(8);
        let advice =
            format!("\n  (the user's roles are not active: {role} (SET DEFAULT ROLE makes them active at login))\n");
        assert!(log.ends_with(&advice), "{product:?}: {log}");
        root.run(match product {
            Product::MariaDb => "SET DEFAULT ROLE priv_sleeping FOR priv_sleeper@localhost",
            Product::MySql => "SET DEFAULT ROLE priv_sleeping TO priv_sleeper@localhost",
        });
        loader(product, &dir, "priv_sleeper").ok();
    }
}

/// SHOW GRANTS does not show them.
#[test]
fn what_mariadb_grants_to_everyone_on_a_database_counts() {
    let (product, database) = (Product::MariaDb, "priv_anyone");
    make(source(product), database, &["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"]);
    let dir = dump_of(product, database, &[]);
    let server = Server::start(product, &[]);
    let mut root = server.client();
    root.run("CREATE USER anyone@localhost IDENTIFIED BY 'Pw-1-word'");
    let load = || myloader(&server, &dir).args(["--user", "anyone", "--password", "Pw-1-word"]);
    load().fails_with(8);
    root.run("CREATE USER ''@'%'");
    root.run(format!("GRANT ALL ON {database}.* TO ''@'%'"));
    load().ok();
    assert_eq!(root.scalar(format!("SELECT COUNT(*) FROM {database}.t")), "1");
    // Now it exists.
    load().arg("--drop-table").ok();
}

/// Of several patterns that match a database, servers take the most specific one only.
#[test]
fn what_a_wider_pattern_gives_is_named_too_where_a_grant_would_hide_it() {
    for product in Product::ALL {
        let database = "priv_wider";
        make(source(product), database, &["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"]);
        let dir = dump_of(product, database, &[]);
        user(product, "priv_wide", &["CREATE, SELECT ON `priv\\_wid%`.*"]);
        let log = loader(product, &dir, "priv_wide").fails_with(8);
        let grant = "GRANT INSERT, CREATE ON `priv\\_wider`.* TO `priv_wide`@`localhost`\n";
        assert!(log.ends_with(&format!(": rows cannot be loaded: {grant}")), "{product:?}: {log}");
        let mut root = target(product).client();
        root.run("GRANT INSERT ON `priv\\_wider`.* TO priv_wide@localhost");
        let log = loader(product, &dir, "priv_wide").fails_with(8);
        assert!(log.contains("tables cannot be created: GRANT CREATE ON `priv\\_wider`.*"), "{product:?}: {log}");
        root.run(grant);
        loader(product, &dir, "priv_wide").ok();
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
