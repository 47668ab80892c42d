//! Which databases and tables take part.

use crate::support::dump::{dump, make, mydumper, only_line, tables, without_time};
use harness::program::{Program, WorkDir};
use harness::server::{self, Product, Server};

const TWO_TABLES: &[&str] = &["CREATE TABLE test_table (a INT)", "CREATE TABLE test2table (a INT)"];

#[test]
fn databases_by_name() {
    for product in Product::ALL {
        let server = server::source(product);
        // LIKE would take the second name for the first, and a comparison without case the third.
        for database in ["filter_d", "filter2d", "Filter_d"] {
            make(server, database, &["CREATE TABLE t (a INT)"]);
        }
        assert_eq!(tables(&dump(server, &["-B", "filter_d"])), ["filter_d.t"], "{product:?}");
        assert_eq!(tables(&dump(server, &["-B", "filter2d,filter_d"])), ["filter2d.t", "filter_d.t"], "{product:?}");
        let dir = dump(server, &["-B", "Filter_d,filter_d"]);
        assert_eq!(
            dir.list(),
            [
                "Filter_d-schema-create.sql",
                "Filter_d.t-schema.sql",
                "metadata",
                "mydumper_1-schema-create.sql",
                "mydumper_1.t-schema.sql",
            ],
            "{product:?}"
        );
        assert!(dir.read_text("mydumper_1-schema-create.sql").contains("`filter_d`"), "{product:?}");
    }
}

#[test]
fn tables_by_list() {
    for product in Product::ALL {
        let server = server::source(product);
        let objects = ["CREATE VIEW v AS SELECT 1 AS a", "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1"];
        make(server, "listed", &[TWO_TABLES, &objects].concat());
        make(server, "listed2", TWO_TABLES);
        let dir = dump(server, &["-T", "listed.test_table,listed2.test2table", "-R"]);
        assert_eq!(tables(&dir), ["listed.test_table", "listed2.test2table"], "{product:?}");
        assert!(!dir.list().contains(&"listed-schema-post.sql".to_owned()), "{product:?}");
        assert_eq!(tables(&dump(server, &["-T", "listed.v"])), ["listed.v"], "{product:?}");
        // Filters add up.
        let both = ["-B", "listed2", "-T", "listed.test_table,listed2.test_table"];
        assert_eq!(tables(&dump(server, &both)), ["listed2.test_table"], "{product:?}");
    }
}

#[test]
fn tables_by_pattern_with_look_ahead() {
    for product in Product::ALL {
        let server = server::source(product);
        make(server, "pattern", &[TWO_TABLES, &["CREATE TABLE log_1 (a INT)", "CREATE VIEW w AS SELECT 1"]].concat());
        make(server, "pattern_log", TWO_TABLES);
        let dumped = |regex: &str| tables(&dump(server, &["-B", "pattern,pattern_log", "-x", regex]));
        assert_eq!(
            dumped(r"^(?!(pattern\.log_|pattern_log\.test2))"),
            ["pattern.test2table", "pattern.test_table", "pattern.w", "pattern_log.test_table"],
            "{product:?}"
        );
        assert_eq!(dumped(r"^pattern\.TEST(?=_)"), ["pattern.test_table"], "{product:?}");
        let dir = dump(server, &["-B", "pattern,pattern_log", "-x", r"^pattern\."]);
        assert!(!dir.list().iter().any(|name| name.starts_with("pattern_log")), "{:?}", dir.list());
    }
}

#[test]
fn tables_and_engines_left_out() {
    for product in Product::ALL {
        let server = server::source(product);
        let others = ["CREATE TABLE my (a INT) ENGINE=MyISAM", "CREATE TABLE mem (a INT) ENGINE=MEMORY"];
        make(server, "omitting", &[TWO_TABLES, &others].concat());
        let lists = WorkDir::new();
        lists.write("list", "omitting.test_table\n\n  omitting.my  \nother.test2table\n");
        let list = lists.path().join("list");
        let dir = dump(server, &["-B", "omitting", "-O", list.to_str().unwrap()]);
        assert_eq!(tables(&dir), ["omitting.mem", "omitting.test2table"], "{product:?}");
        let dir = dump(server, &["-B", "omitting", "-i", "myisam,MEMORY"]);
        assert_eq!(tables(&dir), ["omitting.test2table", "omitting.test_table"], "{product:?}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    for product in Product::ALL {
        let server = server::source(product);
        make(server, "there", TWO_TABLES);
        for (args, missing) in [
            (["-B", "there,nosuch"], "database nosuch"),
            (["-B", "THERE"], "database THERE"),
            (["-T", "there.test_table,there.test3table"], "table there.test3table"),
            (["-T", "nosuch.t"], "table nosuch.t"),
        ] {
            let work = WorkDir::new();
            let output = work.path().join("dump");
            let stderr = Program::mydumper().server(server).args(args).arg("-o").arg(&output).fails_with(1);
            let expected = format!("[ERROR] the server has no {missing}: check the name and the user's privileges");
            assert_eq!(only_line(&stderr), expected, "{product:?}");
            assert_eq!(work.list(), Vec::<String>::new(), "{product:?}");
        }
    }
}

#[test]
fn directories_that_are_no_databases_are_left_out_and_named() {
    // MariaDB only: MySQL lists none. A whole server is dumped.
    let server = Server::start(Product::MariaDb, &[]);
    make(&server, "shop", &["CREATE TABLE lost (a INT)", "INSERT INTO lost VALUES (1)"]);
    for directory in ["lost+found", ".ssh"] {
        std::fs::create_dir(server.dir().join("data").join(directory)).unwrap();
    }
    let warning = |name: &str| {
        format!("[WARNING] #mysql50#{name} is left out: {name} is a directory among the server's data, and no database")
    };
    let (ssh, lost) = (warning(".ssh"), warning("lost+found"));
    for (args, expected) in [
        (&[][..], vec![&ssh, &lost]),
        (&["-x", "lost"], vec![&lost]),
        (&["-x", r"^(?!#mysql50#)"], vec![]),
        (&["-B", "shop"], vec![]),
    ] {
        let dir = WorkDir::new();
        let stderr = mydumper(&server, &dir).args(args).ok().stderr;
        let warnings: Vec<&str> = stderr.lines().filter(|line| line.contains("WARNING")).map(without_time).collect();
        assert_eq!(warnings, expected, "{args:?}");
        assert_eq!(tables(&dir), ["shop.lost"], "{args:?}");
        Program::myloader().server(&server).args(["-B", "copy", "-o", "-d"]).arg(dir.path()).ok();
        assert_eq!(server.client().scalar("SELECT SUM(a) FROM copy.lost"), "1", "{args:?}");
        server.client().run("DROP DATABASE copy");
    }
    let line = only_line(&mydumper(&server, &WorkDir::new()).args(["-B", "shop,#mysql50#lost+found"]).fails_with(1));
    let expected = "[ERROR] #mysql50#lost+found is a directory among the server's data, and no database: leave it out of --database";
    assert_eq!(line, expected);
}

#[test]
fn filters_that_cannot_be_used_are_refused() {
    let server = server::source(Product::MariaDb);
    let refused = |args: &[&str]| mydumper(server, &WorkDir::new()).args(args).fails_with(2);
    let stderr = refused(&["-x", "a("]);
    assert!(stderr.starts_with("mydumper: --regex \"a(\" is not a valid pattern: "), "{stderr}");
    let stderr = refused(&["-T", "t"]);
    assert!(stderr.ends_with(": 't' has no database: write DATABASE.TABLE\n"), "{stderr}");
    assert_eq!(
        refused(&["-O", "/no/such/list"]),
        "mydumper: cannot read --omit-from-file /no/such/list: No such file or directory (os error 2)\n"
    );
}
