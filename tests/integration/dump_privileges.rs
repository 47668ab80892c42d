//! What a server hides from a user without a privilege is warned of.

use crate::dump_support::make;
use harness::program::{Program, WorkDir};
use harness::server::{self, Product};

#[test]
fn objects_that_the_user_may_not_see_are_warned_of() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(
            server,
            "unseen",
            &[
                "CREATE TABLE t (id INT PRIMARY KEY)",
                "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id",
                "CREATE PROCEDURE p() SELECT 1",
                "CREATE USER unseen_reader@localhost IDENTIFIED BY 'reader'",
                "GRANT SELECT, LOCK TABLES, SHOW VIEW ON unseen.* TO unseen_reader@localhost",
                "GRANT RELOAD, PROCESS ON *.* TO unseen_reader@localhost",
            ],
        );
        let dump = || {
            let dir = WorkDir::new();
            let program = Program::mydumper().arg("--socket").arg(server.socket()).args(["-u", "unseen_reader"]);
            let program = program.args(["-preader", "-B", "unseen", "-G", "-E", "-R", "-o"]).arg(dir.path());
            program.ok().stderr
        };
        let stderr = dump();
        for (option, privilege, what) in [
            ("--triggers", "TRIGGER", "triggers"),
            ("--events", "EVENT", "events"),
            ("--routines", "EXECUTE", "routines"),
        ] {
            let expected = format!(
                "[WARNING] {option}: the user was not granted {privilege} on any database (unless by a role), and the \
                 server shows no {what} without: they are missing from the dump"
            );
            assert!(stderr.contains(&expected), "{product:?}: {stderr}");
        }
        client.run("GRANT TRIGGER, EVENT, EXECUTE, ALTER ROUTINE ON unseen.* TO unseen_reader@localhost");
        if product == Product::MySql {
            client.run("GRANT SHOW_ROUTINE ON *.* TO unseen_reader@localhost");
        } else {
            client.run("GRANT SELECT ON mysql.proc TO unseen_reader@localhost");
        }
        let stderr = dump();
        assert!(!stderr.contains("the user was not granted"), "{product:?}: {stderr}");
        client.run("DROP USER unseen_reader@localhost");
        client.run("DROP DATABASE unseen");
    }
}
