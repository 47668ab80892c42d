//! What is dropped can be made again: what the server lacks, or has in the way, is known before anything is dropped.

use crate::support::dump::{dump, make};
use crate::support::load::{assert_same, column, dump_of, myloader, streamed, tables};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

const PARENTS: [&str; 6] = [
    "CREATE TABLE wider (id BIGINT PRIMARY KEY)",
    "CREATE TABLE keyless (id INT, u INT, PRIMARY KEY (u))",
    "CREATE TABLE collated (id VARCHAR(9) PRIMARY KEY) COLLATE utf8mb4_bin",
    "CREATE TABLE fine (id INT PRIMARY KEY, u INT, x INT, UNIQUE KEY by_u (u), KEY by_x (x))",
    "INSERT INTO wider VALUES (1)",
    "INSERT INTO fine VALUES (1, 1, 1)",
];

/// MySQL refuses a table that a foreign key of another does not fit, MariaDB does not.
#[test]
fn a_foreign_key_of_a_table_outside_of_the_dump_that_would_not_fit_is_found_before_anything_is_dropped() {
    let (product, database) = (Product::MySql, "fit_references");
    make(source(product), database, &PARENTS);
    let dir = dump_of(product, database, &[]);
    let old = [
        "CREATE TABLE wider (id INT PRIMARY KEY)",
        "CREATE TABLE keyless (id INT PRIMARY KEY)",
        "CREATE TABLE collated (id VARCHAR(9) PRIMARY KEY) COLLATE utf8mb4_general_ci",
        "CREATE TABLE fine (id INT PRIMARY KEY, u INT UNIQUE)",
        "INSERT INTO fine VALUES (7, 7)",
    ];
    let expected = format!(
        "nothing was changed:\n  \
         table {database}.collated: foreign key c of fit_references_outside.child, which stays, refers to it: column id is \
         varchar utf8mb4 utf8mb4_bin in the dump, and the foreign key's is varchar utf8mb4 utf8mb4_general_ci; drop the \
         foreign key, or change it to fit\n  \
         table {database}.keyless: foreign key b of fit_references_outside.child, which stays, refers to it: the dump's table \
         has no key on id; drop the foreign key, or change it to fit\n  \
         table {database}.wider: foreign key a of fit_references_outside.child, which stays, refers to it: column id is bigint \
         in the dump, and the foreign key's is int; drop the foreign key, or change it to fit\n\
         change the source or the server, or exclude them\n"
    );
    let mut client = make(target(product), database, &old);
    let child = "CREATE TABLE child (a INT, b INT, c VARCHAR(9) COLLATE utf8mb4_general_ci, u INT, \
                 CONSTRAINT a FOREIGN KEY (a) REFERENCES fit_references.wider (id), \
                 CONSTRAINT b FOREIGN KEY (b) REFERENCES fit_references.keyless (id), \
                 CONSTRAINT c FOREIGN KEY (c) REFERENCES fit_references.collated (id), \
                 CONSTRAINT u FOREIGN KEY (u) REFERENCES fit_references.fine (u))";
    make(target(product), "fit_references_outside", &[child]);
    let place = WorkDir::new();
    let stream = streamed(product, database);
    for option in ["--drop-table=DROP", "--drop-database"] {
        let from_stream = Program::myloader().server(target(product)).args(["--stream", option]);
        let from_stream = from_stream.current_dir(place.path()).stdin(stream.clone());
        for loader in [myloader(target(product), &dir).arg(option), from_stream] {
            let log = loader.fails_with(8);
            assert!(log.ends_with(&expected), "{option}: {log}");
            assert_eq!(client.scalar("SELECT GROUP_CONCAT(id) FROM fine"), "7", "{option}");
        }
    }
    // What fits is replaced, with the keys that foreign keys need from the start.
    client.run("ALTER TABLE fit_references_outside.child DROP FOREIGN KEY a, DROP FOREIGN KEY b, DROP FOREIGN KEY c");
    myloader(target(product), &dir).arg("-o").ok();
    assert_same(product, database);
    assert_eq!(
        column(
            &mut client,
            "SELECT UNIQUE_CONSTRAINT_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS \
                             WHERE CONSTRAINT_SCHEMA = 'fit_references_outside'"
        ),
        ["by_u"]
    );
    client.run("DROP DATABASE fit_references_outside");
}

/// MariaDB creates it, and the foreign key stays as it is.
#[test]
fn mariadb_takes_a_table_that_a_foreign_key_does_not_fit() {
    let (product, database) = (Product::MariaDb, "fit_references_taken");
    make(source(product), database, &PARENTS);
    let dir = dump_of(product, database, &[]);
    let old = [
        "CREATE TABLE wider (id INT PRIMARY KEY)",
        "CREATE TABLE outside (a INT, CONSTRAINT a FOREIGN KEY (a) REFERENCES wider (id))",
    ];
    let mut client = make(target(product), database, &old);
    myloader(target(product), &dir).arg("-o").ok();
    client.run("DROP TABLE outside");
    assert_same(product, database);
}

#[test]
fn an_engine_that_the_server_lacks_is_found_before_anything_is_dropped() {
    for (from, to, engine) in
        [(Product::MariaDb, Product::MySql, "Aria"), (Product::MySql, Product::MariaDb, "ARCHIVE")]
    {
        let database = "fit_engine";
        let statement = format!("CREATE TABLE b (id INT) ENGINE={engine}");
        make(
            source(from),
            database,
            &["CREATE TABLE a (id INT) COLLATE utf8mb4_bin", "INSERT INTO a VALUES (1)", &statement],
        );
        let dir = dump(source(from), &["-B", database]);
        let mut client = make(target(to), database, &["CREATE TABLE a (id INT)", "INSERT INTO a VALUES (7)"]);
        let why = format!(
            "  table {database}.b: {database}.b-schema.sql, line 5: this server does not have the storage engine {} (install it \
             there, or convert the table before the dump)\n",
            engine.to_uppercase()
        );
        for option in ["--drop-table=DROP", "--drop-database", "--drop-table=TRUNCATE"] {
            let log = myloader(target(to), &dir).arg(option).fails_with(8);
            assert!(log.contains(&format!("nothing was changed:\n{why}")), "{to:?} {option}: {log}");
            assert_eq!(client.scalar("SELECT id FROM a"), "7", "{to:?} {option}");
            assert_eq!(tables(to, database), ["a"]);
        }
        // A table that stays needs no engine of the dump.
        client.run("CREATE TABLE b (id INT)");
        myloader(target(to), &dir).arg("--drop-table=TRUNCATE").ok();
        assert_eq!(client.scalar("SELECT id FROM a"), "1", "{to:?}");
        client.run(format!("DROP DATABASE {database}"));
    }
}

#[test]
fn a_tablespace_that_the_server_lacks_is_found_before_anything_is_dropped() {
    let (product, database) = (Product::MySql, "fit_tablespace");
    let mut at_source = make(
        source(product),
        database,
        &[
            "CREATE TABLESPACE ts_fit ADD DATAFILE 'ts_fit.ibd'",
            "CREATE TABLE t (id INT PRIMARY KEY) TABLESPACE ts_fit",
            "INSERT INTO t VALUES (1)",
        ],
    );
    let dir = dump(source(product), &["-B", database]);
    let with_spaces = dump(source(product), &["-B", database, "-Y", "-c"]);
    let mut client = make(target(product), database, &["CREATE TABLE t (id INT)", "INSERT INTO t VALUES (7)"]);
    let log = myloader(target(product), &dir).arg("-o").fails_with(8);
    let why = "nothing was changed:\n  table fit_tablespace.t: fit_tablespace.t-schema.sql, line 5: this server has no \
               tablespace ts_fit (dump with --all-tablespaces, or create the tablespace)\n";
    assert!(log.contains(why), "{log}");
    assert_eq!(client.scalar("SELECT id FROM t"), "7");
    // Those that the dump brings are there in time.
    myloader(target(product), &with_spaces).arg("-o").ok();
    assert_eq!(client.scalar("SELECT id FROM t"), "1");
    for client in [&mut at_source, &mut client] {
        client.run(format!("DROP DATABASE {database}"));
        client.run("DROP TABLESPACE ts_fit");
    }
}
