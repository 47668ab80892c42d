//! Restores that cannot begin, and restores that end before they are done.

use crate::support::dump::{make, only_line};
use crate::support::load::{dumped, failing, myloader};
use harness::program::{Program, Running, WorkDir};
use harness::server::{Product, Server, target};
use harness::sql::Client;
use std::time::Duration;

const TABLE: [&str; 2] = ["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)"];

/// A restore whose worker waits for a table that the returned client has locked.
fn waiting(server: &Server, dir: &WorkDir, database: &str) -> (Running, Client) {
    let mut client = make(server, database, &TABLE[..1]);
    client.run("LOCK TABLES t WRITE");
    let program = myloader(server, dir).args(["--no-schemas", "--retry-count=2"]);
    let mut running = program.time_limit(Duration::from_secs(20)).spawn();
    let mut observer = server.client();
    let waits = format!(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '{database}' AND STATE LIKE 'Waiting for%'"
    );
    running.wait_until("it does not wait for the table", |_| observer.scalar(&waits) != "0");
    (running, client)
}

#[test]
fn signals_end_a_restore_within_seconds() {
    for product in Product::ALL {
        for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
            let database = format!("stopped_by_{signal}");
            let dir = dumped(product, &database, &TABLE);
            let (running, mut client) = waiting(target(product), &dir, &database);
            running.signal(signal);
            let output = running.wait();
            assert_eq!(output.code, Some(code), "{}", output.stderr);
            assert!(
                output.stderr.contains("[ERROR] stopped before the restore was done: it is not complete"),
                "{}",
                output.stderr
            );
            client.run("UNLOCK TABLES");
            assert_eq!(client.scalar("SELECT COUNT(*) FROM t"), "0");
        }
    }
}

#[test]
fn a_server_that_dies_is_a_failure() {
    for product in Product::ALL {
        let server = Server::start(product, &[]);
        let dir = dumped(product, "server_died", &TABLE);
        let (running, _client) = waiting(&server, &dir, "server_died");
        let killed = std::process::Command::new("kill").arg("-KILL").arg(server.pid().to_string()).status();
        assert!(killed.unwrap().success());
        let output = running.wait();
        assert_eq!(output.code, Some(3), "{}", output.stderr);
        let lost = "the connection was lost, reconnecting: server_died.t.00000.sql, line 5: ";
        assert!(output.stderr.contains(lost), "{}", output.stderr);
        let error = output.stderr.lines().last().unwrap();
        assert!(error.contains("[ERROR] server_died.t.00000.sql, line 5: "), "{error}");
        assert!(error.contains("check the server's error log: it may have crashed"), "{error}");
        assert!(error.contains("; reconnecting failed: cannot connect to socket "), "{error}");
    }
}

#[test]
fn a_wrong_password() {
    for product in Product::ALL {
        let dir = dumped(product, "wrong_password", &TABLE);
        target(product).client().run("CREATE USER has_password@localhost IDENTIFIED BY 'right'");
        let program = myloader(target(product), &dir).args(["--user", "has_password", "--password", "wrong"]);
        let line = only_line(&program.fails_with(3));
        assert!(line.contains("as user 'has_password': server error 1045 (28000): "), "{line}");
        assert!(line.ends_with("(check --user and --password)"), "{line}");
    }
}

#[test]
fn a_directory_that_is_none_or_has_no_dump() {
    let product = Product::MariaDb;
    let dir = WorkDir::new();
    let line = failing(5, product, &dir, &[]).replace(dir.path().to_str().unwrap(), "DIR");
    assert_eq!(line, "[ERROR] DIR is not a finished dump: it has no file `metadata`; dump again");
    dir.write("file", "");
    for (name, why, code) in
        [("file", "Not a directory (os error 20)", 7), ("gone", "No such file or directory (os error 2)", 5)]
    {
        let program = Program::myloader().server(target(product)).arg("-d").arg(dir.path().join(name));
        let line = only_line(&program.fails_with(code)).replace(dir.path().to_str().unwrap(), "DIR");
        assert_eq!(
            line,
            format!("[ERROR] cannot read DIR/{name}: {why}; give the directory of a dump with --directory")
        );
    }
}
