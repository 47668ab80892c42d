//! A dump of nothing is an error, unless it is meant.

use crate::support::dump::{dump, make, mydumper, only_line, tables, without_time};
use harness::program::{Program, WorkDir};
use harness::server::{self, Product, Server};

const HINT: &str = "; check the filters and the user's privileges, or allow it with --allow-empty";

#[test]
fn what_leaves_nothing_to_dump_is_an_error_that_says_why() {
    for product in Product::ALL {
        let server = server::source(product);
        let routine = "CREATE PROCEDURE p() SELECT 1";
        make(server, "nothing", &["CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT 1 AS a", routine]);
        make(server, "nothing_empty", &[]);
        let in_both = "the user sees nothing that the options ask for in nothing, nothing_empty";
        let filtered = "databases, with nothing that passes the filters";
        let unnamed = "databases, with nothing that passes the filters; of the server's own, like mysql, only what --database, \
                       --tables-list or the text of --regex names";
        for (args, why) in [
            (&["-B", "nothing", "-x", r"nothing\.nosuch"][..], filtered),
            (&["-B", "nothing,nothing_empty", "-T", "other.t"], in_both),
            (&["-B", "nothing", "-i", "InnoDB", "-W"], "the user sees nothing that the options ask for in nothing"),
            (&["-B", "nothing", "-m", "-d"], "the user sees nothing that the options ask for in nothing"),
            (&["-B", "nothing", "-m", "-d", "-G", "-E"], "the user sees nothing that the options ask for in nothing"),
            (&["-B", "nothing_empty", "-m"], "the user sees nothing that the options ask for in nothing_empty"),
            (&["-B", "nothing_empty", "-x", r"nothing_empty\.t"], filtered),
            (&["-x", r"^nothing_nosuch\."], unnamed),
        ] {
            // What was dumped before is not lost for it.
            let dir = dump(server, &["-B", "nothing"]);
            let before = dir.list();
            let line = only_line(&mydumper(server, &dir).arg("--clear").args(args).fails_with(1));
            assert!(line.starts_with("[ERROR] nothing to dump: "), "{product:?} {args:?}: {line}");
            assert!(line.ends_with(&format!("{why}{HINT}")), "{product:?} {args:?}: {line}");
            assert_eq!(dir.list(), before, "{product:?} {args:?}");
            mydumper(server, &dir).args(["--clear", "--allow-empty"]).args(args).ok();
            let mut files = dir.list();
            files.retain(|name| !name.ends_with("-schema-create.sql"));
            assert_eq!(files, ["metadata"], "{product:?} {args:?}");
        }
        // An empty database that is named is something, and so is all that becomes a file.
        for (args, file) in [
            (&["-B", "nothing_empty"][..], "nothing_empty-schema-create.sql"),
            (&["-B", "nothing", "-m", "-d", "-R"], "nothing-schema-post.sql"),
            (&["-B", "nothing", "-i", "InnoDB"], "nothing.v-schema-view.sql"),
        ] {
            let dir = dump(server, args);
            assert!(dir.list().contains(&file.to_owned()), "{product:?} {args:?}: {:?}", dir.list());
        }
        server.client().run("DROP DATABASE nothing");
        server.client().run("DROP DATABASE nothing_empty");
    }
}

#[test]
fn a_user_who_sees_nothing_is_told_so() {
    for product in Product::ALL {
        let server = server::source(product);
        let mut client = make(server, "unseen_all", &["CREATE TABLE t (a INT)"]);
        client.run("CREATE USER nothing_seen@localhost");
        let run = |args: &[&str]| {
            let program = Program::mydumper().arg("-S").arg(server.socket()).args(["-u", "nothing_seen"]).args(args);
            let work = WorkDir::new();
            let stderr = program.arg("-o").arg(work.path().join("dump")).fails_with(1);
            assert_eq!(work.list(), Vec::<String>::new(), "{product:?}");
            stderr.lines().map(|line| without_time(line).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            run(&[]),
            [
                "[WARNING] the user sees only databases on which it has privileges: others, if there are any, are not dumped \
                 (SHOW DATABASES shows all)"
                    .to_owned(),
                format!("[ERROR] nothing to dump: the user sees no databases but the server's own{HINT}"),
            ],
            "{product:?}"
        );
        let missing = "[ERROR] the server has no database unseen_all: check the name and the user's privileges";
        assert_eq!(run(&["-B", "unseen_all"]), [missing], "{product:?}");
        client.run("DROP USER nothing_seen@localhost");
        client.run("DROP DATABASE unseen_all");
    }
}

#[test]
fn databases_of_the_server_are_dumped_when_they_are_named() {
    for product in Product::ALL {
        // Other tests make accounts, whose tables would change meanwhile.
        let server = Server::start(product, &[]);
        make(&server, "shop", &["CREATE TABLE func (a INT)"]);
        let (pattern, expected): (_, &[&str]) = match product {
            Product::MariaDb => (r"^mysql\.(proc|event|func)$", &["mysql.event", "mysql.func", "mysql.proc"]),
            Product::MySql => (r"^sys\.sys_config$", &["sys.sys_config"]),
        };
        assert_eq!(tables(&dump(&server, &["-x", pattern])), expected, "{product:?}");
        // A pattern that was not written for them.
        assert_eq!(tables(&dump(&server, &["-x", r"\.func$"])), ["shop.func"], "{product:?}");
        assert_eq!(tables(&dump(&server, &["-x", r"^(?!mysql\.proc$)"])), ["shop.func"], "{product:?}");
        for name in ["information_schema", "performance_schema"] {
            let line = only_line(&mydumper(&server, &WorkDir::new()).args(["-B", name]).fails_with(1));
            let expected = format!(
                "[ERROR] database {name} shows the state of the server and holds no data: it cannot be dumped, so leave it out \
                 of --database, --tables-list and --regex"
            );
            assert_eq!(line, expected, "{product:?}");
        }
    }
}
