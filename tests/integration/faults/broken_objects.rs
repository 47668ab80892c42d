//! Tables, views and programs that the server cannot open are named before the dump starts.

use crate::support::dump::mydumper;
use harness::program::{Output, Program, WorkDir};
use harness::server::{self, Product, Server};
use std::path::Path;

const OBJECTS: &str = "
    CREATE DATABASE broken; USE broken;
    CREATE TABLE ok (a INT PRIMARY KEY); INSERT INTO ok VALUES (1), (2);
    CREATE TABLE ok_empty (a INT PRIMARY KEY) ENGINE=MyISAM COMMENT='empty';
    CREATE TRIGGER tr_ok BEFORE INSERT ON ok FOR EACH ROW SET NEW.a = NEW.a;
    CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;
    CREATE PROCEDURE p_ok() SELECT 1;
    CREATE VIEW v_ok AS SELECT a FROM ok;
    CREATE USER broken_gone@localhost; CREATE USER broken_low@localhost;
    CREATE DEFINER=broken_gone@localhost VIEW v_definer AS SELECT a FROM ok;
    CREATE DEFINER=broken_low@localhost VIEW v_rights AS SELECT a FROM ok WHERE a > 1 WITH CHECK OPTION;
    DROP USER broken_gone@localhost;
    CREATE TABLE gone (a INT); CREATE TABLE cut (a INT, b INT); CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;
    CREATE VIEW v_gone AS SELECT a FROM gone; CREATE VIEW v_nested AS SELECT a FROM v_gone;
    CREATE VIEW v_column AS SELECT a, b FROM cut; CREATE VIEW v_function AS SELECT f() AS a;
    DROP TABLE gone; ALTER TABLE cut DROP b; DROP FUNCTION f;
    CREATE TABLE looped (a INT); CREATE VIEW v_loop AS SELECT a FROM looped; CREATE VIEW v_loop2 AS SELECT a FROM v_loop;
    DROP TABLE looped; RENAME TABLE v_loop2 TO looped;
    CREATE TABLE merged (a INT, KEY (a)) ENGINE=MERGE UNION=(ok_empty);
    CREATE TABLE index_lost (a INT PRIMARY KEY) ENGINE=MyISAM; INSERT INTO index_lost VALUES (1);
    CREATE TABLE discarded (a INT PRIMARY KEY); ALTER TABLE discarded DISCARD TABLESPACE;
    CREATE TABLE file_lost (a INT PRIMARY KEY);
";

/// What is broken, with the server's reason.
fn expected(product: Product) -> Vec<String> {
    let column = match product {
        Product::MariaDb => "Unknown column 'broken.cut.b' in 'SELECT'",
        Product::MySql => "Unknown column 'cut.b' in 'field list'",
    };
    let view_gone = "View 'broken.v_gone' references invalid table(s) or column(s) or function(s) or definer/invoker of view lack \
                     rights to use them";
    let merged = "Unable to open underlying table which is differently defined or of non-MyISAM type or doesn't exist";
    let mut lines = match product {
        Product::MariaDb => vec![
            "table broken.discarded: server error 1814 (HY000): Tablespace has been discarded for table `discarded`".to_owned(),
            "table broken.file_lost: server error 1030 (HY000): Got error 194 \"Tablespace is missing for a table\" from storage \
             engine InnoDB"
                .to_owned(),
        ],
        Product::MySql => vec![
            "table broken.discarded: server error 1814 (HY000): Tablespace is discarded for table, 'discarded'".to_owned(),
            "table broken.file_lost: server error 1812 (HY000): Tablespace is missing for table `broken`.`file_lost`.".to_owned(),
        ],
    };
    lines.extend([
        "table broken.index_lost: server error 130 (HY000): Incorrect file format 'index_lost'".to_owned(),
        "view broken.looped: server error 1462 (HY000): `broken`.`looped` contains view recursion".to_owned(),
        format!("table broken.merged: server error 1168 (HY000): {merged}"),
        format!("view broken.v_column: server error 1054 (42S22): {column}"),
        "view broken.v_function: server error 1305 (42000): FUNCTION broken.f does not exist".to_owned(),
        "view broken.v_gone: server error 1146 (42S02): Table 'broken.gone' doesn't exist".to_owned(),
        "view broken.v_loop: server error 1462 (HY000): `broken`.`v_loop` contains view recursion".to_owned(),
        format!("view broken.v_nested: server error 1356 (HY000): {view_gone}"),
    ]);
    if product == Product::MariaDb {
        lines.extend([
            "table broken.trigger_file: server error 1341 (HY000): Malformed file type header in file \
             './broken/trigger_file.TRG'"
                .to_owned(),
            "trigger broken.tr_bad: the server cannot parse it, as it says when the trigger fires".to_owned(),
            "procedure broken.p_bad: server error 1064 (42000): You have an error in your SQL syntax; check the manual that \
             corresponds to your MariaDB server version for the right syntax to use near '1' at line 2"
                .to_owned(),
        ]);
        // Tables and views by name, then programs.
        lines[..11]
            .sort_by(|a, b| a.split_once(' ').map(|(_, name)| name).cmp(&b.split_once(' ').map(|(_, name)| name)));
    }
    lines
}

fn break_files(product: Product, data: &Path) {
    let database = data.join("broken");
    std::fs::write(database.join("index_lost.MYI"), "").unwrap();
    std::fs::remove_file(database.join("file_lost.ibd")).unwrap();
    if product == Product::MariaDb {
        std::fs::write(database.join("trigger_file.TRG"), "garbage").unwrap();
        let file = database.join("cut.TRG");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("SET NEW.a = 1", "SETT NEW.a = 1")).unwrap();
    }
}

fn list(output: &Output) -> Vec<String> {
    let lines = output.stderr.lines().filter_map(|line| line.strip_prefix("  "));
    lines.filter(|line| !line.starts_with('(')).map(str::to_owned).collect()
}

#[test]
fn what_the_server_cannot_open_is_named_before_the_start_and_can_be_left_out() {
    for product in Product::ALL {
        let kept = WorkDir::new();
        let data = kept.path().join("data");
        let server = Server::start_on(product, &data, &[]);
        let mut client = server.client();
        OBJECTS.split(';').map(str::trim).filter(|sql| !sql.is_empty()).for_each(|sql| client.run(sql));
        if product == Product::MariaDb {
            client.run("CREATE TABLE trigger_file (a INT)");
            client.run("CREATE TRIGGER tr_file BEFORE INSERT ON trigger_file FOR EACH ROW SET NEW.a = 1");
            client.run("CREATE TRIGGER tr_bad BEFORE INSERT ON cut FOR EACH ROW SET NEW.a = 1");
            client.run("CREATE PROCEDURE p_bad() SELECT 2");
            client.run("UPDATE mysql.proc SET body = 'SELLECT 1', body_utf8 = 'SELLECT 1' WHERE name = 'p_bad'");
        }
        drop(client);
        server.shut_down();
        break_files(product, &data);
        let server = Server::start_on(product, &data, &[]);

        let run = |args: &[&str]| {
            let dir = WorkDir::new();
            let output = mydumper(&server, &dir).args(["-B", "broken", "-G", "-E", "-R"]).args(args).run();
            (dir, output)
        };
        let (dir, output) = run(&[]);
        assert_eq!(output.code, Some(8), "{product:?}: {}", output.stderr);
        assert_eq!(list(&output), expected(product), "{product:?}");
        assert_eq!(dir.list(), Vec::<String>::new(), "{product:?}");

        // One by one, or all.
        let (_, output) = run(&["--ignore-errors", "1054,1064,1146,1168,1305,1356,1462,1814"]);
        assert_eq!(output.code, Some(8), "{product:?}: {}", output.stderr);
        let left: Vec<String> = list(&output);
        let not_listed = ["discarded", "merged", "v_", "looped", "p_bad"];
        let rest = |line: &&String| !not_listed.iter().any(|name| line.contains(&format!(" broken.{name}")));
        assert_eq!(left, expected(product).iter().filter(rest).cloned().collect::<Vec<_>>(), "{product:?}");
        let (dir, output) = run(&["--keep-going"]);
        assert_eq!(output.code, Some(4), "{product:?}: {}", output.stderr);
        assert!(output.stderr.contains("[ERROR] the dump is whole but for "), "{product:?}: {}", output.stderr);
        assert_eq!(list(&output), expected(product), "{product:?}");

        // What is dumped is all there after a restore.
        let target = server::target(product);
        target.client().run("DROP DATABASE IF EXISTS broken");
        Program::myloader().server(target).arg("-d").arg(dir.path()).ok();
        let mut restored = target.client();
        restored.run("USE broken");
        let names =
            restored.query("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'broken' ORDER BY 1");
        let names: Vec<String> = names.iter().map(|row| harness::sql::text(&row[0])).collect();
        assert_eq!(names, ["cut", "ok", "ok_empty", "v_definer", "v_ok", "v_rights"], "{product:?}");
        assert_eq!(restored.scalar("SELECT SUM(a) FROM v_ok"), "3", "{product:?}");
        for (view, column, name) in [
            ("TRIGGERS", "TRIGGER_SCHEMA", "TRIGGER_NAME"),
            ("EVENTS", "EVENT_SCHEMA", "EVENT_NAME"),
            ("ROUTINES", "ROUTINE_SCHEMA", "ROUTINE_NAME"),
        ] {
            let found = restored.scalar(format!(
                "SELECT GROUP_CONCAT({name}) FROM information_schema.{view} WHERE {column} = 'broken'"
            ));
            let expected = if view == "TRIGGERS" {
                "tr_ok"
            } else if view == "EVENTS" {
                "e"
            } else {
                "p_ok"
            };
            assert_eq!(found, expected, "{product:?}");
        }
        restored.run("DROP DATABASE broken");

        // What is not asked for may be broken.
        let dir = WorkDir::new();
        mydumper(&server, &dir).args(["-T", "broken.ok,broken.v_ok,broken.cut", "-G"]).arg("--keep-going").run();
        let dir = WorkDir::new();
        mydumper(&server, &dir).args(["-T", "broken.ok,broken.v_ok,broken.v_definer,broken.v_rights", "-G"]).ok();
        server.shut_down();
    }
}
