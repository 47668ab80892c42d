//! Which databases and tables take part.

use crate::support::dump::{dump, make, mydumper, only_line, tables, without_time};
use crate::support::load;
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
fn entries_of_the_list_are_patterns_where_no_table_has_that_name() {
    for product in Product::ALL {
        let server = server::source(product);
        let names = ["a_b", "axb", "abc", "other"];
        let statements = names.map(|name| format!("CREATE TABLE {name} (a INT)"));
        make(server, "listed_like", &statements.iter().map(String::as_str).collect::<Vec<_>>());
        make(server, "listed_like2", &["CREATE TABLE a_b (a INT)"]);
        let whole = dump(server, &["-B", "listed_like,listed_like2"]);
        let target = server::target(product);
        for (entries, chosen) in [
            ("listed_like.%", &["a_b", "abc", "axb", "other"][..]),
            ("listed_like.a%", &["a_b", "abc", "axb"]),
            ("listed_like.%b", &["a_b", "axb"]),
            ("listed_like.a_b", &["a_b"]),
            ("listed_like.ab_", &["abc"]),
            ("listed_like.a\\_%,listed_like.other", &["a_b", "other"]),
            ("listed_like.z%,listed_like.other", &["other"]),
        ] {
            let dir = WorkDir::new();
            let output = mydumper(server, &dir).args(["-T", entries]).ok();
            let expected: Vec<String> = chosen.iter().map(|name| format!("listed_like.{name}")).collect();
            assert_eq!(tables(&dir), expected, "{product:?} {entries}");
            let warning = "no table that is dumped is like listed_like.z% of --tables-list";
            assert_eq!(output.stderr.contains(warning), entries.contains('z'), "{}", output.stderr);

            let output = load::myloader(target, &whole).args(["-T", entries]).ok();
            assert_eq!(load::tables(product, "listed_like"), chosen, "{product:?} {entries}");
            let warning = "no table of the dump is like listed_like.z% of --tables-list";
            assert_eq!(output.stderr.contains(warning), entries.contains('z'), "{}", output.stderr);
            let mut client = target.client();
            let databases = client.query("SHOW DATABASES LIKE 'listed_like%'").len();
            assert_eq!(databases, 1, "{product:?} {entries}");
            client.run("DROP DATABASE listed_like");
        }
        let stream = Program::mydumper().server(server).args(["-B", "listed_like", "--stream"]);
        let place = WorkDir::new();
        let stream = stream.current_dir(place.path()).ok().stdout;
        let loader = Program::myloader().server(target).args(["--stream", "-T", "listed_like.a%"]);
        loader.stdin(stream).current_dir(place.path()).ok();
        assert_eq!(load::tables(product, "listed_like"), ["a_b", "abc", "axb"], "{product:?}");
        let output = WorkDir::new();
        let stderr = mydumper(server, &output).args(["-T", "listed_like.z%"]).fails_with(1);
        assert!(stderr.contains("nothing to dump"), "{stderr}");
    }
}

#[test]
fn names_are_found_in_any_case_where_the_server_says_so() {
    for product in Product::ALL {
        let server = Server::start_folding(product);
        make(
            &server,
            "Folded",
            &["CREATE TABLE Orders (a INT)", "CREATE TABLE Log_1 (a INT)", "CREATE VIEW W AS SELECT 1"],
        );
        let lists = WorkDir::new();
        lists.write("list", "FOLDED.log_1\n");
        let list = lists.path().join("list");
        let list = list.to_str().unwrap();
        for (args, expected) in [
            (&["-B", "FOLDED"][..], &["log_1", "orders", "w"][..]),
            (&["-T", "Folded.ORDERS"], &["orders"]),
            (&["-T", "Folded.LOG_1,FOLDED.W"], &["log_1", "w"]),
            (&["-T", "Folded.O%"], &["orders"]),
            (&["-B", "Folded", "-O", list], &["orders", "w"]),
        ] {
            let expected: Vec<String> = expected.iter().map(|name| format!("folded.{name}")).collect();
            assert_eq!(tables(&dump(&server, args)), expected, "{product:?} {args:?}");
        }
        let whole = dump(&server, &["-B", "folded"]);
        for args in [["-T", "Folded.ORDERS"], ["-T", "FOLDED.L%"], ["-s", "FOLDED"]] {
            let output = load::myloader(&server, &whole).args(["-o"]).args(args).ok();
            assert!(!output.stderr.contains("WARNING"), "{}", output.stderr);
        }
        load::myloader(&server, &whole).args(["-o", "-T", "Folded.other"]).fails_with(1);
        let dir = WorkDir::new();
        let stderr = mydumper(&server, &dir).args(["-T", "Folded.other"]).fails_with(1);
        assert!(stderr.contains("the server has no table Folded.other"), "{stderr}");
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
