//! Which files are written for the options that choose kinds of objects.

use crate::support::dump::{make, mydumper};
use harness::program::{Program, WorkDir};
use harness::server::{self, Product, Server};

const OBJECTS: &[&str] = &[
    "CREATE TABLE t (a INT)",
    "INSERT INTO t VALUES (1)",
    "CREATE VIEW v AS SELECT a FROM t",
    "CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = NEW.a",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
    "CREATE PROCEDURE p() SELECT 1",
];

/// The files of a dump with these letters, as docs/dev/formats.md has them.
fn expected(product: Product, letters: &str) -> Vec<&'static str> {
    let has = |letter: char| letters.contains(letter);
    let mut files = vec![
        (has('Y') && product == Product::MySql, "all-schema-create-tablespace.sql"),
        (!has('m'), "kinds-schema-create.sql"),
        (has('R') || has('E'), "kinds-schema-post.sql"),
        (has('G'), "kinds.t-schema-triggers.sql"),
        (!has('m'), "kinds.t-schema.sql"),
        (!has('d'), "kinds.t.00000.sql"),
        (!has('m') && !has('W'), "kinds.v-schema-view.sql"),
        (!has('m') && !has('W'), "kinds.v-schema.sql"),
    ];
    if files.iter().any(|(written, _)| *written) {
        files.push((true, "metadata"));
    }
    files.into_iter().filter(|(written, _)| *written).map(|(_, file)| file).collect()
}

fn check(server: &Server, letters: &str) {
    let dir = WorkDir::new();
    let product = server.product();
    let options: Vec<String> = letters.chars().map(|letter| format!("-{letter}")).collect();
    let output = mydumper(server, &dir).args(["-B", "kinds", "-t", "1"]).args(&options).run();
    let files = expected(product, letters);
    assert_eq!(output.code, Some(i32::from(files.is_empty())), "{product:?} {letters}: {}", output.stderr);
    let mut written = dir.list();
    // Of nothing, the directory is not even made.
    written.retain(|name| !name.is_empty());
    assert_eq!(written, files, "{product:?} {letters}");
    if files.contains(&"kinds-schema-post.sql") {
        let post = dir.read_text("kinds-schema-post.sql");
        let parts = (post.contains("PROCEDURE `p`"), post.contains("EVENT `e`"));
        assert_eq!(parts, (letters.contains('R'), letters.contains('E')), "{product:?} {letters}");
    }
}

#[test]
fn each_combination_of_kinds_writes_its_files() {
    std::thread::scope(|scope| {
        for product in Product::ALL {
            // Tablespaces belong to the whole server.
            let server = Server::start(product, &[]);
            let mut client = make(&server, "kinds", OBJECTS);
            if product == Product::MySql {
                client.run("CREATE TABLESPACE ts ADD DATAFILE 'ts.ibd'");
            }
            let server = std::sync::Arc::new(server);
            for half in 0..2 {
                let server = std::sync::Arc::clone(&server);
                scope.spawn(move || {
                    for bits in (0..128_usize).filter(|bits| bits % 2 == half) {
                        let chosen = "mdWGERY".chars().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
                        check(&server, &chosen.map(|(_, letter)| letter).collect::<String>());
                    }
                });
            }
        }
    });
}

#[test]
fn triggers_of_a_dump_without_definitions_are_restored() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(server, "kinds_triggers", OBJECTS);
        for data in [&["-d"][..], &[]] {
            let dir = WorkDir::new();
            client.run("DELETE FROM t");
            client.run("INSERT INTO t VALUES (1)");
            mydumper(server, &dir).args(["-B", "kinds_triggers", "-m", "-G"]).args(data).ok();
            client.run("DROP TRIGGER tr");
            client.run("DELETE FROM t");
            Program::myloader().server(server).args(["--skip-create-table", "-d"]).arg(dir.path()).ok();
            assert_eq!(client.scalar("SELECT COUNT(*) FROM t"), if data.is_empty() { "1" } else { "0" }, "{product:?}");
            let trigger = client.query("SHOW CREATE TRIGGER tr");
            assert!(harness::sql::text(&trigger[0][2]).contains("SET NEW.a = NEW.a"), "{product:?}");
        }
        client.run("DROP DATABASE kinds_triggers");
    }
}
