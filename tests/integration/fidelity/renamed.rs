//! A copy under another name uses its own tables and functions, not those of the database that it is a copy of.

use crate::support::dump::{dump, make};
use crate::support::load::myloader;
use harness::server::{Product, Server};

#[test]
fn views_and_programs_of_a_renamed_database_use_the_copy() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        server.client().run("CREATE DATABASE o");
        server.client().run("CREATE TABLE o.far (id INT PRIMARY KEY)");
        make(
            &server,
            "a",
            &[
                "CREATE TABLE t (id INT PRIMARY KEY)",
                "INSERT INTO t VALUES (1)",
                "CREATE VIEW both_ AS SELECT t.id, (SELECT COUNT(*) FROM o.far) c FROM t",
                "CREATE VIEW alias_ AS SELECT a.id FROM o.far a JOIN a.t ON a.id = t.id",
                "CREATE FUNCTION f(x INT) RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM a.t)",
                "CREATE VIEW call_ AS SELECT a.f(2) AS y",
                "CREATE PROCEDURE add_row(x INT) INSERT INTO `a`.t VALUES (x)",
                "CREATE PROCEDURE unclear() SELECT a.id FROM t a",
                "CREATE PROCEDURE built() BEGIN SET @s = 'DELETE FROM a.t'; PREPARE s FROM @s; EXECUTE s; END",
                "CREATE TRIGGER a.tr AFTER DELETE ON a.t FOR EACH ROW INSERT INTO a.t2 VALUES (OLD.id)",
                "CREATE TABLE t2 (id INT)",
                "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM a.t",
            ],
        );
        let dir = dump(&server, &["-B", "a", "-G", "-R", "-E", "--checksum-all"]);
        let loaded = myloader(&server, &dir).args(["-s", "a", "-B", "c"]).ok();
        // Views are compared as they were, and of programs it is known that their texts differ.
        let differs = loaded.stderr.lines().filter(|line| line.contains("checksums differ"));
        let differs: Vec<&str> = differs.map(|line| line.split("database c: ").nth(1).unwrap_or(line)).collect();
        let expected =
            ["routines", "events", "triggers"].map(|what| format!("{what} (the database has another name here) "));
        assert_eq!(differs.len(), 3, "{product:?}: {differs:?}");
        assert!(differs.iter().zip(&expected).all(|(line, start)| line.starts_with(start)), "{differs:?}");
        let mut client = server.client();
        client.run("DELETE FROM a.t");
        client.run("DELETE FROM a.t2");
        assert_eq!(
            client.scalar("SELECT CONCAT_WS(' ', (SELECT COUNT(*) FROM c.both_), (SELECT y FROM c.call_))"),
            "1 1"
        );
        client.run("CALL c.add_row(5)");
        client.run("DELETE FROM c.t WHERE id = 5");
        let counts = "SELECT CONCAT_WS(' ', (SELECT COUNT(*) FROM a.t), (SELECT COUNT(*) FROM a.t2), \
                      (SELECT COUNT(*) FROM c.t), (SELECT GROUP_CONCAT(id) FROM c.t2))";
        assert_eq!(client.scalar(counts), "0 0 1 5", "{product:?}");
        let event = "SELECT EVENT_DEFINITION FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'c'";
        assert_eq!(client.scalar(event), "DELETE FROM `c`.t");
        for message in [
            "procedure a.unclear: 1 place may name the database a or an alias, and stays: check that it does not use a where \
             it should use c",
            "procedure a.built: it runs statements of strings that name the database a, and strings stay: check that it does \
             not use a where it should use c",
        ] {
            assert!(loaded.stderr.contains(message), "{message}: {}", loaded.stderr);
        }
        // On a server without the original.
        for database in ["a", "c"] {
            client.run(format!("DROP DATABASE {database}"));
        }
        myloader(&server, &dir).args(["-B", "c"]).ok();
        assert_eq!(client.scalar("SELECT COUNT(*) FROM c.both_"), "1");
    }
}
