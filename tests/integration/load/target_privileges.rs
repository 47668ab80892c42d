//! Privileges that a restore needs on the target: all that are missing are named before anything is changed, and users who have
//! them in any way are let through.

use crate::support::dump::make;
use crate::support::load::{assert_same, dump_of, journals, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

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
        let log = loader(product, &dir, "priv_reader").fails_with(4);
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
            let log = loader(product, &dir, "priv_reader").args(["--drop-table", mode]).fails_with(4);
            assert!(log.ends_with(&format!("\n  GRANT {privilege} ON `priv_missing`.*\n")), "{log}");
            assert_eq!(client.scalar("SELECT GROUP_CONCAT(id) FROM t"), "7");
        }
        // What is not restored needs no privilege.
        loader(product, &dir, "priv_reader").args(["--no-data", "--no-schemas"]).ok();
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
