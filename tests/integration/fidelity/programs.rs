//! Programs and views with the odd parts that servers print wrongly, or that stock clients have to read.

use crate::support::dump::{dump, make};
use crate::support::load::{
    assert_same, column, dump_of, dumped, dumped_with, load, myloader, refused, round_trip, tables,
};
use harness::compare::differences;
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};

/// An object of each kind; each needs others, and bodies hold what clients and tokenizers stumble over.
fn statements(product: Product) -> Vec<String> {
    let long =
        format!("CREATE PROCEDURE long_one()\nBEGIN\n{}END", "  SELECT 'a;b', ';;', \"//\"; -- $$;\n".repeat(400));
    let mut all: Vec<String> = [
        "CREATE TABLE t (` a` INT PRIMARY KEY, j JSON, g GEOMETRY, `b;``c\"` TEXT)",
        "INSERT INTO t VALUES (1, '{}', POINT(1, 2), 'it''s; \\\\\n'), (2, NULL, NULL, NULL)",
        "CREATE FUNCTION z_f(n INT) RETURNS INT DETERMINISTIC BEGIN DECLARE x INT DEFAULT n; RETURN x + 1; END",
        "CREATE VIEW a_view AS SELECT z_f(1) AS f, j, g, `b;``c\"` FROM t",
        "CREATE VIEW `a a` AS SELECT f, `b;``c\"` FROM a_view",
        "CREATE FUNCTION b_f() RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM `a a`)",
        "CREATE PROCEDURE delimiters()\nBEGIN\n  -- DELIMITER //\n  SELECT 'DELIMITER ;;\n;;\n';\n  /* ;\n */ SELECT 1;\nEND",
        "CREATE TABLE log (c TEXT)",
        "CREATE TRIGGER m AFTER INSERT ON t FOR EACH ROW BEGIN INSERT INTO log VALUES (z_f(NEW.` a`)); END",
        "CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW PRECEDES m INSERT INTO log VALUES (b_f())",
        "CREATE EVENT e ON SCHEDULE EVERY 1 HOUR DISABLE DO BEGIN INSERT INTO log VALUES (';\n'); DELETE FROM log; END",
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'",
        "CREATE PROCEDURE modes() COMMENT 'it''s \\ ;' BEGIN SELECT '\\' AS \"x;\"; END",
    ]
    .map(str::to_owned)
    .into();
    all.push(long);
    if product == Product::MariaDb {
        all.extend(
            [
                "SET sql_mode = 'ORACLE'",
                "CREATE PACKAGE a_pack AS FUNCTION f RETURN INT; END",
                "CREATE PACKAGE BODY a_pack AS FUNCTION f RETURN INT AS BEGIN RETURN 1; END; END",
                "CREATE SEQUENCE numbers START WITH 5",
                "SELECT NEXTVAL(numbers)",
            ]
            .map(str::to_owned),
        );
    }
    all
}

/// The order that docs/dev/formats.md and `myloader` know, for a client that runs one file after the other.
fn rank(file: &str) -> usize {
    let ends = [
        "-schema-create.sql",
        "-schema-sequence.sql",
        "-schema.sql",
        ".00000.sql",
        "-schema-post.sql",
        "-schema-view.sql",
    ];
    ends.iter().position(|end| file.ends_with(end)).unwrap_or(ends.len())
}

#[test]
fn the_stock_client_restores_every_file() {
    for product in Product::ALL {
        let database = "stock_client";
        let all = statements(product);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let dir = dumped_with(product, database, &all, &["--body-format=DELIMITER"]);
        let mut files = dir.list();
        files.retain(|file| file.ends_with(".sql"));
        files.sort_by_key(|file| rank(file));
        for file in files {
            let client = Program::stock_client().server(target(product)).arg("--default-character-set=utf8mb4");
            // Without these, the client changes carriage returns, stops at a NUL, and leaves out comments.
            let client = client.args(["--binary-mode", "--comments"]);
            let client = if rank(&file) == 0 { client } else { client.args(["-D", database]) };
            client.stdin(dir.read(&file)).ok();
        }
        assert_same(product, database);
        load(product, &dir, &["--drop-database"]);
        assert_same(product, database);
    }
}

#[test]
fn comments_under_no_backslash_escapes() {
    for product in Product::ALL {
        round_trip(
            product,
            "program_comments",
            &[
                "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
                "CREATE PROCEDURE p(x ENUM('\\', 'b')) COMMENT 'a\\b''c \\\\ \n;\n é' SELECT '\\\\', 'COMMENT ''a'''",
                "CREATE FUNCTION f() RETURNS INT DETERMINISTIC COMMENT '\\' RETURN 1",
                "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE COMMENT 'a\\b''c\"' DO SELECT '\\'",
                "SET NAMES latin1",
                "CREATE TABLE `t\u{e9}` (a INT)",
                "CREATE TRIGGER `tr\u{e9}` BEFORE INSERT ON `t\u{e9}` FOR EACH ROW SET @a = 'caf\u{e9}'",
                "CREATE EVENT `e\u{e9}` ON SCHEDULE EVERY 1 DAY DISABLE COMMENT 'caf\u{e9}' DO SELECT 'caf\u{e9}'",
                "CREATE FUNCTION `f\u{e9}`(`\u{e8}` INT) RETURNS INT DETERMINISTIC COMMENT 'caf\u{e9} \n' RETURN `\u{e8}`",
                "CREATE PROCEDURE latin() COMMENT 'caf\u{e9} \\' SELECT 'caf\u{e9} \\'",
                "SET sql_mode = ''",
                "CREATE PROCEDURE usual() COMMENT 'a\\\\b''c' SELECT '\\\\'",
            ],
        );
    }
}

#[test]
fn bodies_of_character_sets_with_backslashes_in_their_characters() {
    for product in Product::ALL {
        let database = "program_sjis";
        let mut client = make(source(product), database, &[]);
        client.run("SET NAMES sjis");
        // The second byte of the first character is that of a backslash.
        client.run(b"CREATE DEFINER=root@localhost PROCEDURE p() COMMENT '\x95\x5c' BEGIN SELECT '\x95\x5c', ';'; END");
        client.run("SET NAMES gbk");
        client.run(b"CREATE FUNCTION f() RETURNS TEXT DETERMINISTIC RETURN '\x81\x5c;\n'");
        for options in [&[][..], &["--replace-definer", "root@localhost"]] {
            let dir = dump_of(product, database, options);
            load(product, &dir, &[]);
            assert_same(product, database);
        }
    }
}

#[test]
fn columns_of_views_keep_their_names() {
    for product in Product::ALL {
        let statements = [
            "CREATE TABLE t (` a` INT, `select` INT, `it's \"q\"``` INT, `\u{1f600}` INT, `x;\ny` INT)"
                .replace('\u{1f600}', "é"),
            "CREATE VIEW whole AS SELECT * FROM t".to_owned(),
            "CREATE VIEW on_it (`1`, ` b`, c) AS SELECT `select`, `select`, `it's \"q\"``` FROM whole".to_owned(),
            format!("CREATE VIEW longest AS SELECT `select` AS `{}` FROM t", "é".repeat(64)),
            "SET NAMES latin1".to_owned(),
            "CREATE VIEW latin AS SELECT * FROM t".to_owned(),
        ];
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        let database = "view_columns";
        let dir = dumped(product, database, &statements);
        load(product, &dir, &[]);
        let columns = "SELECT CONCAT(TABLE_NAME, HEX(COLUMN_NAME)) FROM information_schema.COLUMNS \
                       WHERE TABLE_SCHEMA = 'view_columns' ORDER BY 1";
        let (mut left, mut right) = (source(product).client(), target(product).client());
        assert_eq!(column(&mut right, columns), column(&mut left, columns), "{product:?}");
        if product == Product::MariaDb {
            assert_same(product, database);
        } else {
            // A list of columns is shown as one from then on, and comes back as it is.
            let again = dump(target(product), &["-B", database]);
            myloader(source(product), &again).args(["-B", "view_columns_again"]).ok();
            assert_eq!(differences(target(product), database, source(product), "view_columns_again"), [""; 0]);
        }
    }
}

#[test]
fn stand_ins_take_any_column() {
    for product in Product::ALL {
        let database = "stand_ins";
        let statements = [
            "CREATE TABLE t (id INT PRIMARY KEY, j JSON, b LONGBLOB, g GEOMETRY NOT NULL, `a``b;\ny` TEXT, ` x` BIT(64))",
            "CREATE VIEW v AS SELECT id, j, b, g, `a``b;\ny`, ` x` AS `y y` FROM t",
        ];
        let dir = dumped_with(product, database, &statements, &["--body-format=DELIMITER"]);
        let client = Program::stock_client().server(target(product));
        client.args(["-e", "CREATE DATABASE stand_ins"]).ok();
        let client = Program::stock_client().server(target(product)).args(["-D", database]);
        client.stdin(dir.read("stand_ins.v-schema.sql")).ok();
        let columns = column(&mut target(product).client(), "SHOW COLUMNS FROM stand_ins.v");
        assert_eq!(columns, ["id", "j", "b", "g", "a`b;\ny", "y y"], "{product:?}");
        load(product, &dir, &["--drop-table"]);
        assert_same(product, database);
    }
}

#[test]
fn mysql_libraries_and_their_users() {
    let product = Product::MySql;
    let (database, other) = ("libraries", "libraries_other");
    make(source(product), other, &["CREATE LIBRARY far LANGUAGE JAVASCRIPT AS 'export function f(n) { return n; }'"]);
    let statements = [
        "CREATE LIBRARY plain LANGUAGE JAVASCRIPT AS $$ export function f(n) { return n + 1; }\n// ;\n $$",
        "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
        "CREATE LIBRARY \"odd ;\" COMMENT 'it''s \\ a lib' LANGUAGE JAVASCRIPT AS 'export let a = \"$$\\n;\";\n'",
        "CREATE LIBRARY packed LANGUAGE WASM AS 'AGFzbQEAAAA='",
        "CREATE FUNCTION a_user(n INT) RETURNS INT DETERMINISTIC LANGUAGE JAVASCRIPT \
         USING (plain AS m, \"odd ;\" AS k, libraries_other.far AS o) AS $$ return m.f(n); $$",
        "CREATE PROCEDURE b_user() LANGUAGE JAVASCRIPT USING (plain) AS 'let x = \"$$\";'",
    ];
    make(source(product), database, &statements);
    // The database that needs the other comes first.
    let dir = dump(source(product), &["-B", "libraries,libraries_other", "-R"]);
    let line = refused(product, &dir, &["-s", database]);
    assert!(line.starts_with("[ERROR] routines cannot be created: libraries-schema-post.sql: server error 1305 (42000): LIBRARY libraries_other.far does not exist")
        || line.contains("LIBRARY far does not exist"), "{line}");
    for threads in ["1", "4"] {
        load(product, &dir, &["--drop-database", "--threads", threads]);
        assert_same(product, database);
        assert_same(product, other);
    }
    // Under another name, the libraries are those of the copy.
    load(product, &dir, &["-s", database, "-B", "libraries_copy"]);
    assert_eq!(differences(source(product), database, target(product), "libraries_copy"), [""; 0]);
}

#[test]
fn without_tables_views_and_sequences_that_are_there_stay() {
    for product in Product::ALL {
        let database = "kept_views";
        let mut statements = vec![
            "CREATE TABLE t (id INT PRIMARY KEY)",
            "INSERT INTO t VALUES (1)",
            "CREATE VIEW v AS SELECT id FROM t",
        ];
        if product == Product::MariaDb {
            statements.push("CREATE SEQUENCE s START WITH 7");
        }
        let dir = dumped(product, database, &statements);
        load(product, &dir, &[]);
        let mut client = target(product).client();
        client.run("DELETE FROM kept_views.t");
        load(product, &dir, &["--skip-create-table"]);
        assert_same(product, database);
        client.run("DROP VIEW kept_views.v");
        client.run("DELETE FROM kept_views.t");
        load(product, &dir, &["--skip-create-table"]);
        assert_same(product, database);
        client.run("CREATE OR REPLACE VIEW kept_views.v AS SELECT 2 AS id");
        client.run("DELETE FROM kept_views.t");
        load(product, &dir, &["--drop-table=NONE"]);
        assert_eq!(client.scalar("SELECT id FROM kept_views.v"), "2");
    }
}

#[test]
fn without_schemas_programs_are_dumped_when_asked_for() {
    for product in Product::ALL {
        let database = "post_only";
        let statements = [
            "CREATE TABLE t (id INT PRIMARY KEY)",
            "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
            "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
            "CREATE VIEW v AS SELECT id FROM t",
        ];
        let dir = dumped_with(product, database, &statements, &["-m", "-d"]);
        assert_eq!(dir.list(), ["metadata", "post_only-schema-post.sql", "post_only.t-schema-triggers.sql"]);
        let dir = dump(source(product), &["-B", database, "-m", "-d", "-G"]);
        assert_eq!(dir.list(), ["metadata", "post_only.t-schema-triggers.sql"]);
    }
}

#[test]
fn a_view_that_is_named_and_left_out_is_told() {
    for product in Product::ALL {
        let database = "named_view";
        let statements = ["CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MyISAM", "CREATE VIEW v AS SELECT id FROM t"];
        make(source(product), database, &statements);
        let (dir, list) = (WorkDir::new(), "named_view.t,named_view.v");
        let program = Program::mydumper().server(source(product)).args(["-T", list, "--no-views", "-o"]);
        let stderr = program.arg(dir.path()).ok().stderr;
        let warning = "[WARNING] named_view.v is in --tables-list, but --no-views or --ignore-engines excludes it";
        assert!(stderr.contains(warning), "{stderr}");
        load(product, &dir, &[]);
        assert_eq!(tables(product, database), ["t"]);
    }
}

#[test]
fn oracle_mode_in_triggers_and_events() {
    round_trip(
        Product::MariaDb,
        "oracle_programs",
        &[
            "CREATE TABLE t (id INT, c VARCHAR(20))",
            "SET sql_mode = 'ORACLE'",
            "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN :NEW.c := 'a' || 'b'; END",
            "CREATE EVENT \"e v\" ON SCHEDULE EVERY 1 DAY DISABLE DO BEGIN INSERT INTO t VALUES (1, 'x' || 'y'); END",
            "CREATE PROCEDURE p (a IN INT) AS b INT := 1; BEGIN NULL; END",
        ],
    );
}

#[test]
fn wildcards_in_names_are_letters() {
    for product in Product::ALL {
        let database = "wild_cards";
        let neighbour = "wildXcards";
        make(
            source(product),
            neighbour,
            &["CREATE TABLE test_table (other INT)", "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 2"],
        );
        make(
            source(product),
            database,
            &[
                "CREATE TABLE test_table (id INT)",
                "CREATE TABLE test2table (id INT)",
                "CREATE TABLE `test%` (id INT)",
                "INSERT INTO test2table VALUES (2)",
                "CREATE TRIGGER a BEFORE INSERT ON test2table FOR EACH ROW SET @a = 1",
                "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
            ],
        );
        let dir = dump(source(product), &["-T", "wild_cards.test_table,wild_cards.test%", "-G", "-R"]);
        let metadata = dir.read_text("metadata");
        assert!(!metadata.contains("test2table"), "{metadata}");
        let dir = dump_of(product, database, &[]);
        load(product, &dir, &[]);
        assert_same(product, database);
        assert_eq!(column(&mut target(product).client(), "SHOW DATABASES LIKE 'wildXcards'"), [""; 0]);
    }
}
