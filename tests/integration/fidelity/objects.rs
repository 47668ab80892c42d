//! Views, triggers, routines, events and sequences come back as they were.

use crate::support::dump::make;
use crate::support::load::{assert_same, column, dump_of, dumped, load, myloader, round_trip};
use harness::server::{Product, source, target};

#[test]
fn views_on_views_in_any_order_of_names() {
    for product in Product::ALL {
        let database = "views_on_views";
        // Each but the first needs one that comes later by name: v_1 on v_2 on … v_9, and odd ones on even ones.
        let mut statements = vec!["CREATE TABLE t (id INT PRIMARY KEY, `a b` INT)".to_owned()];
        statements.push("CREATE VIEW v_9 AS SELECT id, `a b` FROM t".to_owned());
        statements.extend((1..9).rev().map(|n| format!("CREATE VIEW v_{n} AS SELECT id FROM v_{}", n + 1)));
        statements
            .push("CREATE VIEW a_join AS SELECT v_9.`a b`, v_1.id AS `x y` FROM v_1 JOIN v_9 USING (id)".to_owned());
        round_trip(product, database, &statements.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn views_need_functions_and_functions_need_views() {
    for product in Product::ALL {
        let statements = [
            "CREATE TABLE t (id INT PRIMARY KEY)",
            "INSERT INTO t VALUES (1), (2)",
            "CREATE VIEW z_first AS SELECT id FROM t",
            "CREATE FUNCTION f() RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM z_first)",
            "CREATE FUNCTION a() RETURNS INT READS SQL DATA RETURN f() + 1",
            "CREATE VIEW a_last AS SELECT a() AS counted, id FROM z_first",
        ];
        round_trip(product, "views_functions", &statements);
        assert_eq!(column(&mut target(product).client(), "SELECT counted FROM views_functions.a_last"), ["3", "3"]);
    }
}

#[test]
fn views_keep_their_definer_algorithm_and_check() {
    for product in Product::ALL {
        let statements = [
            "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(9) CHARACTER SET latin1)",
            "CREATE ALGORITHM=MERGE DEFINER=`nobody`@`no.where` SQL SECURITY INVOKER VIEW v AS \
             SELECT id, c FROM t WHERE id > 1 WITH LOCAL CHECK OPTION",
            "CREATE ALGORITHM=TEMPTABLE VIEW w AS SELECT c, COUNT(*) AS `a``b\"c%d` FROM t GROUP BY c",
            "SET NAMES latin1",
            "CREATE VIEW latin AS SELECT id FROM t WHERE c <> 'caf\u{e9}'",
        ];
        round_trip(product, "views_attributes", &statements);
    }
}

#[test]
fn a_view_of_a_table_that_is_gone_is_named_and_all_else_is_restored() {
    for product in Product::ALL {
        let dir = dumped(
            product,
            "views_broken",
            &[
                "CREATE TABLE t (id INT)",
                "INSERT INTO t VALUES (1)",
                "CREATE TABLE gone (id INT)",
                "CREATE VIEW a_broken AS SELECT id FROM gone",
                "CREATE VIEW b_broken AS SELECT id FROM a_broken",
                "CREATE VIEW v AS SELECT id FROM t",
                "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id",
                "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
            ],
        );
        let stderr = myloader(target(product), &dir).args(["-x", r"^views_broken\.(?!gone$)"]).fails_with(4);
        let (_, told) =
            stderr.split_once("[ERROR] 2 objects of the dump could not be restored, everything else is:\n").unwrap();
        for (view, table) in [("a_broken", "gone"), ("b_broken", "a_broken")] {
            let expected = format!(
                "  views_broken.{view}-schema-view.sql: server error 1146 (42S02): Table 'views_broken.{table}' doesn't exist"
            );
            assert!(told.contains(&expected), "{product:?}: {stderr}");
        }
        let mut client = target(product).client();
        client.run("USE views_broken");
        assert_eq!(column(&mut client, "SELECT id FROM v"), ["1"], "{product:?}");
        assert_eq!(column(&mut client, "SHOW TABLES"), ["t", "v"], "{product:?}");
        assert_eq!(column(&mut client, "SHOW TRIGGERS"), ["tr"], "{product:?}");
        assert_eq!(
            column(&mut client, "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'views_broken'"),
            ["e"]
        );
    }
}

#[test]
fn triggers_of_one_event_keep_their_order() {
    for product in Product::ALL {
        round_trip(
            product,
            "triggers_order",
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(20))",
                "INSERT INTO t VALUES (1, 'as it is')",
                "CREATE TRIGGER m BEFORE INSERT ON t FOR EACH ROW SET NEW.c = CONCAT(NEW.c, 'm')",
                "CREATE TRIGGER z BEFORE INSERT ON t FOR EACH ROW PRECEDES m SET NEW.c = CONCAT(NEW.c, 'z')",
                "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW FOLLOWS m SET NEW.c = CONCAT(NEW.c, 'a')",
                "CREATE TRIGGER b AFTER INSERT ON t FOR EACH ROW BEGIN SET @a = ';'; SET @b = 1; END",
                "CREATE DEFINER=`nobody`@`%` TRIGGER `c d` BEFORE DELETE ON t FOR EACH ROW SET @c = OLD.id",
            ],
        );
        let mut client = target(product).client();
        client.run("INSERT INTO triggers_order.t VALUES (2, '')");
        assert_eq!(column(&mut client, "SELECT c FROM triggers_order.t ORDER BY id"), ["as it is", "zma"]);
    }
}

#[test]
fn bodies_are_kept_to_the_byte() {
    for product in Product::ALL {
        let long =
            format!("CREATE PROCEDURE long_one()\nBEGIN\n{}END", "  SELECT 'a;b', ';;', \"//\"; -- $$;\n".repeat(400));
        round_trip(
            product,
            "routine_bodies",
            &[
                &long,
                "CREATE PROCEDURE comments(IN `in put` INT) COMMENT 'it''s; \"one\"'\n/* a; */ BEGIN # b;\n\n\
                 \tSELECT 1;\r\n  -- c;\nEND",
                "CREATE PROCEDURE ends() BEGIN END -- the end;",
                "CREATE DEFINER=`nobody`@`no.where` FUNCTION `é\n``;`(c CHAR(9) CHARSET latin1) RETURNS TEXT CHARSET \
                 utf8mb4 NO SQL DETERMINISTIC SQL SECURITY INVOKER RETURN CONCAT(c, '😀;\n')",
                "CREATE PROCEDURE delimiters()\nBEGIN\n  SELECT 'DELIMITER ;;\n;;\n';\n  SELECT 1;\nEND",
            ],
        );
    }
}

#[test]
fn programs_keep_their_sql_mode_and_character_sets() {
    for product in Product::ALL {
        round_trip(
            product,
            "program_modes",
            &[
                "CREATE TABLE t (id INT)",
                "SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'",
                "CREATE PROCEDURE \"ansi \"\" quotes\"() BEGIN SELECT 'a\"' || \"x\" \
                 FROM (SELECT 1 AS \"x\") \"t;\"; END",
                "CREATE TRIGGER \"ansi\" BEFORE INSERT ON \"t\" FOR EACH ROW BEGIN SET NEW.\"id\" = 1; END",
                "CREATE EVENT \"ansi\" ON SCHEDULE EVERY 1 HOUR DO BEGIN DELETE FROM \"t\"; END",
                "SET sql_mode = 'NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'",
                "CREATE FUNCTION backslash() RETURNS TEXT DETERMINISTIC BEGIN RETURN '\\'; END",
                "CREATE EVENT backslash ON SCHEDULE EVERY 1 HOUR DO BEGIN SELECT '\\'; END",
                "SET NAMES latin1 COLLATE latin1_german1_ci, sql_mode = ''",
                "CREATE PROCEDURE latin() SELECT 'caf\u{e9}'",
            ],
        );
    }
}

#[test]
fn events_keep_their_schedule_and_zone() {
    for product in Product::ALL {
        round_trip(
            product,
            "event_schedules",
            &[
                "CREATE EVENT plain ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2037-01-02 03:04:05' DO SELECT 1",
                "SET time_zone = '+05:30'",
                "CREATE EVENT at_time ON SCHEDULE AT '2037-06-07 08:09:10' ON COMPLETION PRESERVE DISABLE \
                 COMMENT 'one''s' DO BEGIN SELECT ';'; END",
                "SET time_zone = 'SYSTEM'",
                "CREATE DEFINER=`nobody`@`no.where` EVENT ends ON SCHEDULE EVERY 2 DAY STARTS '2036-01-01 00:00:00' \
                 ENDS '2037-01-01 00:00:00' DO SELECT 1",
            ],
        );
    }
}

#[test]
fn mariadb_packages_and_oracle_mode() {
    let product = Product::MariaDb;
    round_trip(
        product,
        "packages",
        &[
            "SET sql_mode = ORACLE",
            "CREATE PACKAGE a_pack AS\n  FUNCTION f RETURN INT;\n  PROCEDURE p;\nEND",
            "CREATE PACKAGE BODY a_pack AS\n  x INT := 1; -- one;\n  FUNCTION f RETURN INT AS BEGIN RETURN x; END;\n\
             \n  PROCEDURE p AS BEGIN SELECT f(); END;\nEND",
            "CREATE FUNCTION \"uses\" RETURN INT AS BEGIN RETURN a_pack.f(); END",
        ],
    );
    assert_eq!(column(&mut target(product).client(), "SELECT packages.`uses`()"), ["1"]);
}

#[test]
fn mariadb_sequences_keep_their_position() {
    let product = Product::MariaDb;
    let database = "sequences";
    make(
        source(product),
        database,
        &[
            "CREATE SEQUENCE z_plain",
            "CREATE SEQUENCE untouched START WITH 5 MINVALUE -7 MAXVALUE 5 INCREMENT BY -3 NOCACHE",
            "CREATE SEQUENCE cycling MAXVALUE 3 CYCLE NOCACHE",
            "SELECT NEXTVAL(cycling), NEXTVAL(cycling), NEXTVAL(cycling)",
            "SELECT NEXTVAL(cycling), NEXTVAL(z_plain)",
            "CREATE SEQUENCE `se quence.;` CACHE 10",
            "CREATE TABLE a_user (id BIGINT DEFAULT NEXTVAL(z_plain) PRIMARY KEY, c INT)",
            "INSERT INTO a_user (c) VALUES (1), (2)",
        ],
    );
    let dir = dump_of(product, database, &[]);
    for options in [&[][..], &["--drop-table", "--threads=8"]] {
        load(product, &dir, options);
        assert_same(product, database);
    }
}

#[test]
fn mariadb_sequences_of_a_database_with_another_name() {
    let (product, database) = (Product::MariaDb, "sequences_old");
    make(
        source(product),
        database,
        &[
            "CREATE SEQUENCE s START WITH 5",
            "CREATE TABLE t (id BIGINT DEFAULT NEXTVAL(s) PRIMARY KEY, c INT)",
            "CREATE VIEW v AS SELECT LASTVAL(s) AS l, 'nextval(`sequences_old`.`s`)' AS t",
        ],
    );
    let dir = dump_of(product, database, &[]);
    load(product, &dir, &["-B", "sequences_new"]);
    let mut client = target(product).client();
    client.run("INSERT INTO sequences_new.t (c) VALUES (1)");
    let row = client.query("SELECT (SELECT id FROM sequences_new.t), l, t FROM sequences_new.v").remove(0);
    assert_eq!([0, 1, 2].map(|column| harness::sql::text(&row[column])), ["5", "5", "nextval(`sequences_old`.`s`)"]);
    client.run("DROP DATABASE sequences_new");
}
