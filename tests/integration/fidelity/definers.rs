//! DEFINER of views, triggers, routines and events: kept, left out or replaced, when dumped and when restored.

use crate::support::dump::make;
use crate::support::load::{column, dump_of, forget_checksums, load, myloader};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};
use harness::shop::fixture;
use std::fs;

/// One of each kind, by an account that is not there, with texts that only look like the clause.
fn statements(product: Product) -> Vec<&'static str> {
    let mut all = vec![
        "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(60))",
        "INSERT INTO t VALUES (1, 'DEFINER=`ghost`@`no.where`')",
        "CREATE DEFINER=ghost@`no.where` SQL SECURITY INVOKER VIEW v AS SELECT id, 'DEFINER=`ghost`@`no.where`' AS c FROM t",
        "CREATE DEFINER=ghost@`no.where` TRIGGER `DEFINER=x` BEFORE INSERT ON t FOR EACH ROW SET @a = 'DEFINER=`ghost`@`no.where`'",
        "CREATE DEFINER=ghost@`no.where` PROCEDURE p() COMMENT 'DEFINER=`ghost`@`no.where`' SQL SECURITY INVOKER\n\
         BEGIN /* CREATE DEFINER=`ghost`@`no.where` */ SELECT 1; END",
        "SET sql_mode = 'ANSI_QUOTES'",
        "CREATE DEFINER=\"ghost\"@\"no.where\" FUNCTION \"DEFINER=\"() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE DEFINER=\"ghost\"@\"no.where\" EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 'DEFINER=`ghost`@`no.where`'",
    ];
    if product == Product::MariaDb {
        all.extend([
            "SET sql_mode = 'ORACLE'",
            "CREATE DEFINER=ghost@\"no.where\" PACKAGE a_pack AS PROCEDURE p; END",
            "CREATE DEFINER=ghost@\"no.where\" PACKAGE BODY a_pack AS PROCEDURE p AS BEGIN NULL; END; END",
        ]);
    }
    all
}

/// All definers of a database on the target server, and all else that the definitions say.
fn definers(product: Product, database: &str) -> Vec<String> {
    let sql = format!(
        "SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = '{database}' UNION \
         SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{database}' UNION \
         SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{database}' UNION \
         SELECT DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{database}'"
    );
    column(&mut target(product).client(), &sql)
}

/// The texts of the programs, in which nothing may change.
fn bodies(server: &harness::server::Server, database: &str) -> Vec<String> {
    let sql = format!(
        "SELECT CONCAT(VIEW_DEFINITION, SECURITY_TYPE) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = '{database}' UNION \
         SELECT CONCAT(TRIGGER_NAME, ACTION_STATEMENT) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{database}' UNION \
         SELECT CONCAT(ROUTINE_NAME, ROUTINE_DEFINITION, ROUTINE_COMMENT, SECURITY_TYPE, SQL_MODE) \
         FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{database}' UNION \
         SELECT CONCAT(EVENT_DEFINITION, SQL_MODE) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{database}'"
    );
    let mut bodies = column(&mut server.client(), &sql);
    bodies.sort();
    bodies
}

#[test]
fn both_programs_leave_out_or_replace_them() {
    for product in Product::ALL {
        let database = "definers";
        make(source(product), database, &statements(product));
        let (skip, replace) = (&["--skip-definer"][..], &["--replace-definer", "'an o''wner'@10.0.0.%"][..]);
        for (dump_options, load_options, expected) in [
            (&[][..], &[][..], "ghost@no.where"),
            (skip, &[], "root@localhost"),
            (replace, &[], "an o'wner@10.0.0.%"),
            (&[], skip, "root@localhost"),
            (&[], replace, "an o'wner@10.0.0.%"),
            (skip, replace, "root@localhost"),
            (replace, skip, "root@localhost"),
        ] {
            let dir = dump_of(product, database, dump_options);
            load(product, &dir, &[&["--drop-table"], load_options].concat());
            let what = format!("{product:?}: {dump_options:?} {load_options:?}");
            assert_eq!(definers(product, database), [expected], "{what}");
            assert_eq!(bodies(target(product), database), bodies(source(product), database), "{what}");
        }
    }
}

#[test]
fn forms_of_other_dumps_are_understood() {
    for product in Product::ALL {
        let database = "definers_forms";
        make(source(product), database, &statements(product)[..5]);
        let dir = dump_of(product, database, &[]);
        forget_checksums(&dir);
        // As mysqldump writes it, and as users do.
        for (file, form) in [
            ("definers_forms.t-schema-triggers.sql", "/*!50017 DEFINER=`ghost`@`no.where`*/ TRIGGER"),
            ("definers_forms.v-schema-view.sql", "/*!50013 DEFINER='ghost'@'no.where' SQL SECURITY INVOKER */ VIEW"),
            ("definers_forms-schema-post.sql", "/* DEFINER=`a`@`b` */ DEFINER = ghost@no.where PROCEDURE"),
        ] {
            let path = dir.path().join(file);
            let text = fs::read_to_string(&path).unwrap();
            let kind = form.rsplit(' ').next().unwrap();
            let security = if kind == "VIEW" { "SQL SECURITY INVOKER " } else { "" };
            let usual = format!("DEFINER=`ghost`@`no.where` {security}{kind}");
            assert!(text.contains(&usual), "{text}");
            fs::write(path, text.replacen(&usual, form, 1)).unwrap();
        }
        for (options, expected) in
            [(&[][..], "ghost@no.where"), (&["--skip-definer"], "root@localhost"), (&["--replace-definer=x@y"], "x@y")]
        {
            load(product, &dir, &[&["--drop-table"], options].concat());
            assert_eq!(definers(product, database), [expected], "{product:?} {options:?}");
            assert_eq!(bodies(target(product), database), bodies(source(product), database));
        }
    }
}

#[test]
fn dumps_and_streams_of_mydumper_1_0_1() {
    for product in Product::ALL {
        // One of the views calls a function, which servers look up as the definer.
        target(product).client().run("CREATE USER shop_owner@'%'");
        target(product).client().run("GRANT ALL ON *.* TO shop_owner@'%'");
        for (number, stream) in [false, true].into_iter().enumerate() {
            let database = format!("definers_1_0_1_{number}");
            let mut program = Program::myloader().server(target(product)).args(["-B", &database]);
            let dir = if stream { WorkDir::new() } else { WorkDir::copy_of(&fixture("shop-plain")) };
            program = if stream {
                let bytes = fs::read(fixture("shop-traditional.stream")).unwrap();
                program.arg("--stream").stdin(bytes).current_dir(dir.path())
            } else {
                program.arg("-d").arg(dir.path())
            };
            program.args(["--no-data", "--replace-definer", "shop_owner@%"]).ok();
            assert_eq!(definers(product, &database), ["shop_owner@%"], "{product:?}");
            target(product).client().run(format!("DROP DATABASE {database}"));
        }
    }
}

#[test]
fn an_account_that_is_none_is_a_usage_error() {
    let dir = WorkDir::new();
    for (option, message) in [
        (
            &["--replace-definer", "app"][..],
            "myloader: invalid value 'app' for --replace-definer: use USER@HOST in ASCII, such as app@localhost or \
             'app'@'%'",
        ),
        (
            &["--skip-definer", "--replace-definer=a@b"],
            "myloader: --skip-definer and --replace-definer exclude each other: give one of them",
        ),
    ] {
        let stderr = myloader(target(Product::MariaDb), &dir).args(option).fails_with(2);
        assert_eq!(stderr.lines().next(), Some(message));
    }
}
