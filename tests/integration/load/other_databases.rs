//! Objects that name a database which is neither in the dump nor on the server.

use crate::support::dump::{make, without_time};
use crate::support::load::{assert_same, dump_of, journals, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

#[test]
fn a_view_on_a_database_that_is_nowhere_is_found_before_anything_is_changed() {
    for product in Product::ALL {
        let (database, other) = ("elsewhere", "elsewhere_not_there");
        make(source(product), other, &["CREATE TABLE far (id INT PRIMARY KEY)"]);
        make(
            source(product),
            database,
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, far INT, FOREIGN KEY (far) REFERENCES elsewhere_not_there.far (id))",
                "INSERT INTO t (id) VALUES (1)",
                "CREATE VIEW near AS SELECT t.id FROM elsewhere.t",
                "CREATE VIEW v AS SELECT t.id, (SELECT COUNT(*) FROM elsewhere_not_there.far) AS c FROM t",
                "CREATE FUNCTION f() RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM elsewhere_not_there.far)",
                "CREATE TRIGGER tr BEFORE DELETE ON t FOR EACH ROW INSERT INTO elsewhere_not_there.far VALUES (OLD.id)",
            ],
        );
        let dir = dump_of(product, database, &[]);
        let nowhere = format!("database {other}, which is neither in the dump nor on the server");
        let log = myloader(target(product), &dir).fails_with(8);
        let expected = format!(
            "[ERROR] these objects of the dump cannot be restored as they are; nothing was changed:\n  view elsewhere.v: it \
             needs {nowhere}: create it first, or leave this out\nchange the source or the server, or exclude them\n"
        );
        assert!(log.ends_with(&expected), "{product:?}: {log}");
        assert!(journals(&dir).is_empty());
        let mut client = target(product).client();
        let exists = "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'elsewhere'";
        assert_eq!(client.scalar(exists), "0");

        // What is created without it is told.
        let told = |log: &str| {
            let names = log.lines().map(without_time).filter(|line| line.contains(" names database "));
            let mut names: Vec<String> = names.map(str::to_owned).collect();
            names.sort();
            names
        };
        let of =
            |object: &str| format!("[WARNING] {object} names {nowhere}: it does not work until the database is there");
        let expected = ["a foreign key of table elsewhere.t", "function elsewhere.f", "trigger elsewhere.tr"].map(of);
        let log = myloader(target(product), &dir).arg("--keep-going").fails_with(4);
        assert_eq!(told(&log), expected, "{product:?}: {log}");
        assert_eq!(client.scalar("SELECT COUNT(*) FROM elsewhere.near"), "1");
        client.run("DROP DATABASE elsewhere");
        let place = WorkDir::new();
        let dumper = Program::mydumper().server(source(product)).args(["-B", database, "-G", "-R", "-W", "--stream"]);
        let stream = dumper.current_dir(place.path()).ok().stdout;
        let loader = Program::myloader().server(target(product)).arg("--stream").current_dir(place.path());
        let log = loader.stdin(stream).ok().stderr;
        assert_eq!(told(&log), expected, "{product:?}: {log}");
        client.run("DROP DATABASE elsewhere");

        // With the database, all is well, and nothing is told.
        make(target(product), other, &["CREATE TABLE far (id INT PRIMARY KEY)"]);
        let log = myloader(target(product), &dir).ok().stderr;
        assert_eq!(told(&log), [""; 0], "{log}");
        assert_same(product, database);
        for server in [source(product), target(product)] {
            server.client().run("DROP DATABASE elsewhere");
            server.client().run(format!("DROP DATABASE {other}"));
        }
    }
}

#[test]
fn a_foreign_key_to_a_table_that_is_nowhere_is_told() {
    for product in Product::ALL {
        let database = "elsewhere_parent";
        make(
            source(product),
            database,
            &[
                "CREATE TABLE parent (id INT PRIMARY KEY)",
                "CREATE TABLE child (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES parent (id))",
                "INSERT INTO parent VALUES (1)",
                "INSERT INTO child VALUES (1, 1)",
            ],
        );
        let dir = dump_of(product, database, &[]);
        let told = |options: &[&str]| {
            let log = myloader(target(product), &dir).args(options).ok().stderr;
            log.lines().map(without_time).filter(|line| line.contains("foreign key")).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(
            told(&["-T", "elsewhere_parent.child"]),
            "[WARNING] a foreign key of table elsewhere_parent.child refers to elsewhere_parent.parent, which is neither in the \
             dump nor on the server: it is created, and takes no rows until the table is there",
            "{product:?}"
        );
        let insert = "INSERT INTO elsewhere_parent.child VALUES (2, 1)";
        assert!(target(product).client().try_run(insert).is_err());
        // With it in the dump, or on the server.
        assert_eq!(told(&["-o"]), "", "{product:?}");
        assert_eq!(told(&["-o", "-T", "elsewhere_parent.child"]), "", "{product:?}");
        assert_same(product, database);
    }
}
