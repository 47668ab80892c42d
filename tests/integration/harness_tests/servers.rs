//! The harness: other tests are worth no more than it is.

use harness::compare::{differences, row_differences};
use harness::program::Program;
use harness::server::{self, Product, Server, is_alive};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const EQUAL: [&str; 0] = [];

#[test]
fn the_bookshop_differs_from_its_copy_only_where_changed() {
    for product in Product::ALL {
        let (source, target) = (server::source(product), server::target(product));
        harness::shop::load_with_branches(source, "harness_shop", 1);
        harness::shop::load_with_branches(target, "harness_copy", 1);
        let compare = || differences(source, "harness_shop", target, "harness_copy");
        let mut client = target.client();
        client.run("USE harness_copy");
        assert_eq!(differences(source, "harness_shop", source, "harness_shop"), EQUAL);
        assert_eq!(compare(), EQUAL, "{product:?}");

        let mut expect = |change: &str, lines: &[&str], undo: &str| {
            client.run(change);
            let found = compare();
            assert_eq!(found.len(), lines.len(), "{change}: {found:#?}");
            for (found, line) in found.iter().zip(lines) {
                assert!(found.starts_with(line), "{change}: {found} does not start with {line}");
            }
            client.run(undo);
            assert_eq!(compare(), EQUAL, "{product:?} after {undo}");
        };
        expect(
            "UPDATE books SET title = 'Čas 9' WHERE book_id = 8",
            &[
                "rows of `books`: 1 only on the left: ('8','50','Čas 8','9780000000008',",
                "rows of `books`: 1 only on the right: ('8','50','Čas 9','9780000000008',",
                "rows of `titles`: 1 only on the left: ('8','Čas 8',NULL)",
                "rows of `titles`: 1 only on the right: ('8','Čas 9',NULL)",
            ],
            "UPDATE books SET title = 'Čas 8' WHERE book_id = 8",
        );
        expect(
            "ALTER TABLE authors DROP INDEX by_name",
            &["column `authors`.`name`: left", "table `authors`: SHOW CREATE: left"],
            "ALTER TABLE authors ADD INDEX by_name (name)",
        );
        expect(
            "UPDATE branches SET location = ST_GeomFromText('POINT(11.5755 48.1375)'), changed = changed WHERE branch_id = 1",
            &["rows of `branches`: 1 only on the left: ", "rows of `branches`: 1 only on the right: "],
            "UPDATE branches SET location = ST_GeomFromText('POINT(11.5755 48.1374)'), changed = changed WHERE branch_id = 1",
        );
        expect(
            "CREATE TRIGGER extra BEFORE DELETE ON authors FOR EACH ROW SET @x = 1",
            &["trigger `extra`: SHOW CREATE: only on the right", "trigger `extra`: table, event, order: only on"],
            "DROP TRIGGER extra",
        );
        expect(
            "ALTER FUNCTION order_total SQL SECURITY INVOKER",
            &["function `order_total`: SHOW CREATE: left"],
            "ALTER FUNCTION order_total SQL SECURITY DEFINER",
        );
        assert_eq!(row_differences(source, "harness_shop", target, "harness_copy"), EQUAL);
    }
}

#[test]
fn one_bit_of_a_float_is_a_difference() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = server.client();
        for database in ["bits_a", "bits_b"] {
            client.run(format!("CREATE DATABASE {database}"));
            client.run(format!("CREATE TABLE {database}.t (f FLOAT, d DOUBLE, m DOUBLE(10,2), b VARBINARY(9))"));
            // Two equal rows: rows are a multiset.
            client.run(format!("INSERT INTO {database}.t VALUES (0.1, 0.1, 0.1, x'00ff'), (0.1, 0.1, 0.1, x'00ff')"));
        }
        let mut compare = |change: &str| {
            client.run(format!("UPDATE bits_b.t SET {change} LIMIT 1"));
            let found = differences(server, "bits_a", server, "bits_b");
            client.run("UPDATE bits_b.t SET f = 0.1, d = 0.1, m = 0.1, b = x'00ff'");
            found.len()
        };
        assert_eq!(compare("f = 0.1"), 0);
        // The neighbour of the FLOAT next to 0.1; both print as 0.1.
        assert_eq!(compare("f = 0.10000000894069672"), 2);
        assert_eq!(compare("d = 0.10000000000000002"), 2);
        assert_eq!(compare("b = x'00fe'"), 2);
        assert_eq!(compare("b = NULL"), 2);
        // Too small for a FLOAT: it becomes -0.0, which MariaDB prints as 0.
        client.run("UPDATE bits_a.t SET f = 0");
        client.run("UPDATE bits_b.t SET f = -1e-60");
        let found = differences(server, "bits_a", server, "bits_b");
        assert_eq!(found.len(), 2, "{product:?}");
        assert!(found[1].contains("('0','1','0.1','0'"), "{found:?}");
    }
}

#[test]
fn missing_databases_and_tables_are_differences() {
    let server = server::source(Product::MariaDb);
    let mut client = server.client();
    client.run("CREATE DATABASE some_left");
    client.run("CREATE DATABASE some_right");
    client.run("CREATE TABLE some_left.t (a INT)");
    let compare = |left, right| differences(server, left, server, right);
    assert_eq!(compare("no_such", "nor_this"), ["database `no_such`: on neither side"]);
    assert_eq!(compare("some_left", "no_such"), ["database `some_left`: only on the left"]);
    assert_eq!(compare("no_such", "some_right"), ["database `some_right`: only on the right"]);
    let table = ["column `t`.`a`: only on the left", "table `t`: SHOW CREATE: only on the left"];
    assert_eq!(compare("some_left", "some_right"), [&table[..], &["rows of `t`: table only on the left"]].concat());
    assert_eq!(row_differences(server, "some_left", server, "some_right"), ["rows of `t`: table only on the left"]);
}

#[test]
fn objects_of_every_kind_are_compared() {
    for product in Product::ALL {
        let (source, target) = (server::source(product), server::target(product));
        let own: &[&str] = match product {
            Product::MariaDb => &[
                "CREATE TABLE history (a INT) WITH SYSTEM VERSIONING",
                "CREATE SEQUENCE numbers",
                "CREATE PACKAGE pack AS FUNCTION f RETURN INT; END",
                "CREATE PACKAGE BODY pack AS FUNCTION f RETURN INT AS BEGIN RETURN 1; END; END",
            ],
            Product::MySql => &["CREATE LIBRARY lib LANGUAGE JAVASCRIPT AS 'export function f(n) { return n }'"],
        };
        let make = |server: &Server| {
            let mut client = server.client();
            client.run("CREATE DATABASE `odd ``name é`");
            client.run("USE `odd ``name é`");
            client.run("CREATE TABLE `t\n 1` (`a ``b` INT, hidden INT INVISIBLE, twice INT AS (hidden * 2) VIRTUAL)");
            client.run("INSERT INTO `t\n 1` (`a ``b`, hidden) VALUES (1, 2), (NULL, NULL)");
            client.run("CREATE VIEW v AS SELECT * FROM `t\n 1`");
            client.run("CREATE VIEW broken AS SELECT * FROM v");
            client.run("DROP VIEW v");
            client.run("CREATE EVENT e ON SCHEDULE AT '2031-01-01 00:00:00' DO SELECT 1");
            client.run("CREATE PROCEDURE p() SELECT 'é'");
            client.run(format!("SET sql_mode = {}", mode(server)));
            own.iter().for_each(|sql| client.run(sql));
            client
        };
        let (_, mut client) = (make(source), make(target));
        let compare = || differences(source, "odd `name é", target, "odd `name é");
        let mut expect = |change: &str, part: &str| {
            client.run(change);
            let found = compare();
            assert!(found.iter().any(|line| line.contains(part)), "{change}: {found:#?}");
        };
        // The history's rows have the time of their change, and there are none yet.
        assert_eq!(compare(), EQUAL, "{product:?}");
        expect("UPDATE `t\n 1` SET hidden = 3 WHERE hidden = 2", "only on the right: ('1','3','6')");
        expect("ALTER EVENT e ON SCHEDULE AT '2032-01-01 00:00:00'", "event `e`: SHOW CREATE: left");
        expect("DROP VIEW broken", "view `broken`: SHOW CREATE: only on the left");
        expect("ALTER DATABASE COLLATE latin1_bin", "database: attributes: left");
        match product {
            Product::MariaDb => {
                expect("SELECT NEXTVAL(numbers)", "sequence `numbers`: position: left");
                expect("DROP PACKAGE BODY pack", "package body `pack`: SHOW CREATE: only on the left");
                expect("DROP PACKAGE pack", "package `pack`: SHOW CREATE: only on the left");
                expect("INSERT INTO history VALUES (1)", "rows of `history`: left 0, right 1");
            }
            Product::MySql => expect("DROP LIBRARY lib", "library `lib`: SHOW CREATE: only on the left"),
        }
    }
}

/// The mode in which a server takes the statements above: MariaDB makes packages in ORACLE mode only.
fn mode(server: &Server) -> &'static str {
    match server.product() {
        Product::MariaDb => "ORACLE",
        Product::MySql => "ANSI_QUOTES",
    }
}

#[test]
fn a_server_ends_with_its_owner() {
    for product in Product::ALL {
        let server = Server::start(product, &["--skip-log-bin"]);
        assert_eq!(server.client().scalar("SELECT @@log_bin"), "0");
        let client = harness::sql::Client::connect_tcp(&server, "root", "");
        assert_eq!(client.unwrap().scalar("SELECT @@port"), server.port().to_string());
        let (pid, dir) = (server.pid(), server.dir().to_owned());
        assert!(is_alive(pid) && dir.is_dir());
        drop(server);
        assert!(!is_alive(pid) && !dir.exists());
    }
}

/// Not a test of its own: the process that the next test kills.
#[test]
#[ignore = "run by a_server_ends_when_its_owner_is_killed"]
fn owner_to_be_killed() {
    let server = Server::start(Product::MariaDb, &[]);
    println!("\nserver {} in {}", server.pid(), server.dir().display());
    // For ever: the parent kills this process.
    loop {
        std::thread::park();
    }
}

#[test]
fn a_server_ends_when_its_owner_is_killed() {
    use std::io::{BufRead, BufReader};
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "harness_tests::servers::owner_to_be_killed"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.into_iter().find(|line| line.starts_with("server ")).unwrap();
    let (pid, dir) = line.trim_start_matches("server ").split_once(" in ").unwrap();
    let pid = pid.parse().unwrap();
    assert!(is_alive(pid));
    owner.kill().unwrap();
    owner.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while is_alive(pid) || std::path::Path::new(dir).exists() {
        assert!(Instant::now() < deadline, "server {pid} outlives its owner in {dir}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn runs_have_codes_outputs_and_limits() {
    let shell = |script: &str| Program::new("sh").args(["-c", script]);
    let output = shell("cat; echo $HOME >&2; exit 3").stdin("in").run();
    assert_eq!((output.code, output.stdout.as_slice()), (Some(3), &b"in"[..]));
    assert!(output.stderr.contains("mydumper-rs-test-"), "{}", output.stderr);
    assert_eq!(shell("echo bad >&2; exit 2").fails_with(None), "bad\n");
    let (dumper, loader) = harness::program::pipe(shell("echo row"), shell("cat; exit 1"));
    assert_eq!((dumper.code, loader.code, loader.stdout.as_slice()), (Some(0), Some(1), &b"row\n"[..]));
    let mut running = shell("echo ready >&2; exec sleep 600").spawn();
    running.wait_for_stderr("ready");
    running.signal("TERM");
    assert_eq!(running.wait().code, None);
    let hang = shell("exec sleep 600").time_limit(Duration::from_millis(50));
    assert!(std::panic::catch_unwind(|| hang.run()).is_err());
}
