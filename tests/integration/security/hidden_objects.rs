//! What the server hides from a user without certain privileges is not left out in silence.

use crate::support::dump::make;
use harness::program::{Output, Program, WorkDir};
use harness::server::{self, Product, Server};
use harness::sql::Client;

const OBJECTS: &[&str] = &[
    "CREATE TABLE t (id INT PRIMARY KEY)",
    "CREATE TABLE u (id INT PRIMARY KEY)",
    "INSERT INTO t VALUES (1)",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id",
    "CREATE PROCEDURE p() SELECT 1",
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
    "CREATE VIEW v AS SELECT id FROM t",
];

fn dump_as(server: &Server, user: &str, args: &[&str]) -> (WorkDir, Output) {
    let dir = WorkDir::new();
    let program = Program::mydumper().arg("-S").arg(server.socket()).args(["-u", user]).args(args);
    let output = program.arg("-o").arg(dir.path()).run();
    (dir, output)
}

/// The list of an error, whose lines are indented.
fn findings(output: &Output) -> Vec<String> {
    let lines = output.stderr.lines().filter_map(|line| line.strip_prefix("  "));
    lines.filter(|line| !line.starts_with('(')).map(str::to_owned).collect()
}

fn user(client: &mut Client, name: &str, grants: &[&str]) {
    client.run(format!("CREATE USER {name}@localhost"));
    for grant in grants {
        client.run(format!("GRANT {grant} TO {name}@localhost"));
    }
}

#[test]
fn a_dump_of_objects_that_are_hidden_fails_with_all_that_is_to_be_granted() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(server, "hidden", OBJECTS);
        let others = "TRIGGER, EVENT, EXECUTE ON `hidden\\_not`.*";
        user(&mut client, "hidden_reader", &["SELECT, LOCK TABLES, SHOW VIEW ON hidden.*", others]);
        let to = "TO `hidden_reader`@`localhost`";
        let routines = match product {
            Product::MariaDb => format!("GRANT SELECT ON `mysql`.`proc` {to}"),
            Product::MySql => format!("GRANT SHOW_ROUTINE ON *.* {to}"),
        };
        let of = [
            (
                "-G",
                format!("hidden.t, hidden.u: their triggers are hidden (--triggers): GRANT TRIGGER ON `hidden`.* {to}"),
            ),
            ("-E", format!("database hidden: its events are hidden (--events): GRANT EVENT ON `hidden`.* {to}")),
            ("-R", format!("database hidden: routines of others are hidden (--routines): {routines}")),
        ];
        for (option, expected) in &of {
            let (dir, output) = dump_as(server, "hidden_reader", &["-B", "hidden", option]);
            assert_eq!(output.code, Some(8), "{product:?} {option}: {}", output.stderr);
            assert_eq!(findings(&output), std::slice::from_ref(expected), "{product:?}");
            assert_eq!(dir.list(), Vec::<String>::new(), "{product:?}");
        }
        let all = ["-B", "hidden", "-G", "-E", "-R"];
        let (_, output) = dump_as(server, "hidden_reader", &all);
        assert_eq!(output.code, Some(8), "{product:?}: {}", output.stderr);
        assert_eq!(findings(&output), of.map(|(_, expected)| expected), "{product:?}");

        // Those who know it go on, and are told.
        let (dir, ignoring) = dump_as(server, "hidden_reader", &[&all[..], &["--ignore-missing-privileges"]].concat());
        assert_eq!(ignoring.code, Some(0), "{product:?}: {}", ignoring.stderr);
        for finding in findings(&output) {
            assert!(ignoring.stderr.contains(&format!("[WARNING] {finding}\n")), "{product:?}: {}", ignoring.stderr);
        }
        assert!(!dir.list().iter().any(|name| name.contains("triggers") || name.contains("post")), "{:?}", dir.list());

        // What the list says suffices.
        for finding in findings(&output) {
            client.run(&finding[finding.find("GRANT ").unwrap()..]);
        }
        let (dir, output) = dump_as(server, "hidden_reader", &all);
        assert_eq!(
            (output.code, output.stderr.contains("WARNING")),
            (Some(0), false),
            "{product:?}: {}",
            output.stderr
        );
        let whole = WorkDir::new();
        Program::mydumper().server(server).args(all).arg("-o").arg(whole.path()).ok();
        assert_eq!(dir.list(), whole.list(), "{product:?}");
        for file in ["hidden-schema-post.sql", "hidden.t-schema-triggers.sql", "hidden.v-schema-view.sql"] {
            assert_eq!(dir.read_text(file), whole.read_text(file), "{product:?}");
        }
        client.run("DROP USER hidden_reader@localhost");
        client.run("DROP DATABASE hidden");
    }
}

#[test]
fn tables_views_and_bodies_that_cannot_be_read_are_found_before_the_start() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(server, "hidden_parts", OBJECTS);
        let grants = [
            "SELECT ON hidden_parts.t",
            "INSERT ON hidden_parts.u",
            "SELECT ON hidden_parts.v",
            "EXECUTE ON hidden_parts.*",
        ];
        user(&mut client, "hidden_part", &grants);
        let to = "TO `hidden_part`@`localhost`";
        let routines = match product {
            Product::MariaDb => format!("GRANT SELECT ON `mysql`.`proc` {to}"),
            Product::MySql => format!("GRANT SHOW_ROUTINE ON *.* {to}"),
        };
        let (_, output) = dump_as(server, "hidden_part", &["-B", "hidden_parts", "-R"]);
        assert_eq!(output.code, Some(8), "{product:?}: {}", output.stderr);
        assert_eq!(
            findings(&output),
            [
                format!("hidden_parts.u: it cannot be read: GRANT SELECT ON `hidden_parts`.`u` {to}"),
                format!(
                    "hidden_parts.v: the view's definition is hidden: GRANT SELECT, SHOW VIEW ON `hidden_parts`.`v` {to}"
                ),
                format!(
                    "function hidden_parts.f, procedure hidden_parts.p: the body is hidden (--routines): {routines}"
                ),
            ],
            "{product:?}"
        );
        let warning = "[WARNING] of database hidden_parts, the user sees only tables on which it has privileges: others, if there \
             are any, are not dumped\n";
        assert!(output.stderr.contains(warning), "{product:?}: {}", output.stderr);
        // What is not asked for need not be readable.
        for args in [&["-T", "hidden_parts.t"][..], &["-B", "hidden_parts", "-d", "-W"]] {
            let (_, output) = dump_as(server, "hidden_part", args);
            assert_eq!(output.code, Some(0), "{product:?} {args:?}: {}", output.stderr);
        }
        client.run("DROP USER hidden_part@localhost");
        client.run("DROP DATABASE hidden_parts");
    }
}

#[test]
fn users_who_see_everything_are_not_alarmed_whatever_grants_show_it() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(server, "seen_all", OBJECTS);
        client.run("CREATE DATABASE seen_own");
        let role = "seen_role";
        client.run(format!("CREATE ROLE {role}"));
        client.run(format!("GRANT ALL ON `seen\\_own`.* TO {role}"));
        // What RDS gives an administrator.
        let managed = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, \
             CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, \
             CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER ON *.*";
        user(&mut client, "seen_managed", &[managed]);
        user(&mut client, "seen_global", &["ALL ON *.*"]);
        user(&mut client, "seen_wildcard", &["ALL ON `seen\\_%`.*"]);
        user(&mut client, "seen_owner", &["ALL ON `seen\\_own`.*"]);
        user(&mut client, "seen_by_role", &[role]);
        client.run(match product {
            Product::MariaDb => format!("SET DEFAULT ROLE {role} FOR seen_by_role@localhost"),
            Product::MySql => format!("SET DEFAULT ROLE {role} TO seen_by_role@localhost"),
        });
        // Owners see the bodies of their own routines only.
        for owner in ["seen_owner", "seen_by_role", "seen_wildcard"] {
            let mut own = Client::connect_as(server, owner, "").unwrap();
            own.run("DROP DATABASE seen_own");
            own.run("CREATE DATABASE seen_own");
            own.run("USE seen_own");
            OBJECTS.iter().for_each(|sql| own.run(sql));
            let (dir, output) = dump_as(server, owner, &["-B", "seen_own", "-G", "-E", "-R"]);
            assert_eq!(output.code, Some(0), "{product:?} {owner}: {}", output.stderr);
            assert!(!output.stderr.contains("hidden"), "{product:?} {owner}: {}", output.stderr);
            assert!(!output.stderr.contains("privileges: others"), "{product:?} {owner}: {}", output.stderr);
            for file in ["seen_own-schema-post.sql", "seen_own.t-schema-triggers.sql"] {
                assert!(dir.list().contains(&file.to_owned()), "{product:?} {owner}: {:?}", dir.list());
            }
        }
        for user in ["seen_managed", "seen_global"] {
            let (_, output) = dump_as(server, user, &["-B", "seen_all,seen_own", "-G", "-E", "-R"]);
            assert_eq!(output.code, Some(0), "{product:?} {user}: {}", output.stderr);
            assert!(!output.stderr.contains("hidden"), "{product:?} {user}: {}", output.stderr);
        }
        for user in ["seen_managed", "seen_global", "seen_wildcard", "seen_owner", "seen_by_role"] {
            client.run(format!("DROP USER {user}@localhost"));
        }
        client.run(format!("DROP ROLE {role}"));
        client.run("DROP DATABASE seen_all");
        client.run("DROP DATABASE seen_own");
    }
}

#[test]
fn what_is_revoked_in_part_is_missing() {
    // MySQL only.
    let server = Server::start(Product::MySql, &["--partial-revokes=ON"]);
    let mut client = make(&server, "revoked", OBJECTS);
    make(&server, "kept", OBJECTS);
    user(&mut client, "in_part", &["ALL ON *.*"]);
    client.run("REVOKE TRIGGER ON revoked.* FROM in_part@localhost");
    let (_, output) = dump_as(&server, "in_part", &["-G", "-E", "-R"]);
    assert_eq!(output.code, Some(8), "{}", output.stderr);
    assert_eq!(
        findings(&output),
        [
            "revoked.t, revoked.u: their triggers are hidden (--triggers): GRANT TRIGGER ON `revoked`.* TO `in_part`@`localhost`"
        ]
    );
    let (_, output) = dump_as(&server, "in_part", &["-B", "kept", "-G", "-E", "-R"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}
