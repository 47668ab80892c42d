//! What mydumper writes by default is restored by mydumper's own myloader 1.0.1, as far as the harness has its rules
//! ([`harness::peer`]), and comes back to the byte by ours.

use crate::support::dump::{dump, make};
use crate::support::load::{assert_same, dump_of, forget_checksums, load};
use harness::compare::{differences, row_differences};
use harness::peer;
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};
use harness::shop;
use harness::sql::{Client, text};
use std::fs;

/// Bodies of programs in which a `;` ends lines, with blanks, carriage returns, comments and strings.
const BODIES: [&str; 5] = [
    "BEGIN\n  SELECT 1;\n  SELECT 2; \n  SELECT 3;   \n/*;\n*/\nEND",
    "BEGIN\r\n  SELECT 1;\r\n  SELECT 2; \r\nEND",
    "BEGIN -- a comment;\n  /* another;\n  ; \n */ SELECT 'a string;\n;  \n;;';# the last;\nEND",
    "BEGIN\n\n\n SELECT 'DELIMITER ;;\n;\nDELIMITER ;\n';\t\nEND -- ;",
    "BEGIN SELECT ';'; END",
];

/// Kinds of objects whose texts can have a `;` at a line's end.
fn make_hostile(product: Product, database: &str) {
    let mut client = make(
        source(product),
        database,
        &[
            "CREATE TABLE t (id INT PRIMARY KEY COMMENT 'c;\nd', v VARCHAR(30) DEFAULT 'x;\n y', b BLOB, \
             e ENUM('a;\nb','c'), CHECK (v <> 'r;\ns'), KEY k (v) COMMENT 'k;\nk') COMMENT='t; \nt;\n' \
             PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10) COMMENT = 'p;\n\np', \
             PARTITION p1 VALUES LESS THAN MAXVALUE)",
            "INSERT INTO t VALUES (1, 'one;\ntwo', ';\n;\n', 'a;\nb'), (2, ';\r\n', x'00270a3b0a5c', NULL)",
            "CREATE VIEW v AS SELECT id, ';\n' AS s, 'a;b' AS semi FROM t",
            "CREATE VIEW a_view AS SELECT * FROM v",
        ],
    );
    for (number, body) in BODIES.iter().enumerate() {
        client.run(format!("CREATE PROCEDURE p{number}() COMMENT 'c;\nd' {body}"));
        let trigger = body.replace("SELECT", "SET @a =");
        client.run(format!("CREATE TRIGGER tr{number} AFTER INSERT ON t FOR EACH ROW {trigger}"));
        client.run(format!("CREATE EVENT e{number} ON SCHEDULE AT '2037-01-01 00:00:00' COMMENT ';\n' DO {body}"));
    }
}

/// The texts of all programs of a database, without blanks.
fn programs(client: &mut Client, database: &str) -> Vec<String> {
    let rows = client.query(format!(
        "SELECT CONCAT(ROUTINE_NAME, ' ', ROUTINE_DEFINITION, ROUTINE_COMMENT) FROM information_schema.ROUTINES \
         WHERE ROUTINE_SCHEMA = '{database}' UNION ALL SELECT CONCAT(TRIGGER_NAME, ' ', ACTION_STATEMENT) FROM \
         information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{database}' UNION ALL SELECT CONCAT(EVENT_NAME, ' ', \
         EVENT_DEFINITION, EVENT_COMMENT) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{database}' ORDER BY 1"
    ));
    rows.iter().map(|row| text(&row[0]).replace(' ', "")).collect()
}

#[track_caller]
fn assert_restored_by_the_peer(product: Product, database: &str, what: &str) {
    let (mut before, mut after) = (source(product).client(), target(product).client());
    let made = programs(&mut before, database);
    assert_eq!(made.len(), 3 * BODIES.len());
    assert_eq!(programs(&mut after, database), made, "{product:?} {what}");
    // But for the blanks in them, all is the same.
    let found = differences(source(product), database, target(product), database);
    let others: Vec<&String> = found
        .iter()
        .filter(|line| !["procedure", "trigger", "event"].iter().any(|kind| line.starts_with(kind)))
        .collect();
    assert_eq!(others, [""; 0], "{product:?} {what}");
    after.run(format!("DROP DATABASE {database}"));
}

#[test]
fn every_directory_and_stream_is_restored_by_the_peer() {
    for product in Product::ALL {
        let database = "peer_reads";
        make_hostile(product, database);
        for options in [
            &[][..],
            &["--format=LOAD_DATA"],
            &["--format=CSV", "--compress=gzip"],
            &["--compress"],
            &["--format=LOAD_DATA", "--compress", "--skip-tz-utc"],
            &["--complete-insert", "--rows=1", "--checksum-all"],
        ] {
            let dir = dump_of(product, database, options);
            peer::restore(target(product), &dir).unwrap_or_else(|error| panic!("{product:?} {options:?}: {error}"));
            assert_restored_by_the_peer(product, database, &format!("{options:?}"));

            let place = WorkDir::new();
            let stream = Program::mydumper()
                .server(source(product))
                .args(["-B", database, "-G", "-R", "-E", "--stream"])
                .args(options)
                .current_dir(place.path());
            let restored = peer::restore_stream(target(product), &stream.ok().stdout);
            restored.unwrap_or_else(|error| panic!("stream, {product:?} {options:?}: {error}"));
            assert_restored_by_the_peer(product, database, &format!("stream, {options:?}"));

            load(product, &dir, &[]);
            assert_same(product, database);
            target(product).client().run(format!("DROP DATABASE {database}"));
        }
    }
}

#[test]
fn all_objects_of_the_bookshop_are_restored_by_the_peer() {
    for product in Product::ALL {
        let database = "peer_reads_shop";
        shop::load_with_branches(source(product), database, 1);
        let dir = dump_of(product, database, &[]);
        peer::restore(target(product), &dir).unwrap_or_else(|error| panic!("{product:?}: {error}"));
        assert_eq!(row_differences(source(product), database, target(product), database), [""; 0]);
        let (mut before, mut after) = (source(product).client(), target(product).client());
        assert_eq!(programs(&mut after, database), programs(&mut before, database));
    }
}

#[test]
fn what_ends_the_peer_is_seen() {
    let server = source(Product::MariaDb);
    make(server, "peer_stops", &["CREATE PROCEDURE p() BEGIN SELECT 1;\nSELECT 2; END"]);
    let delimiter = dump(server, &["-B", "peer_stops", "-R", "--body-format=delimiter"]);
    let error = peer::restore(target(Product::MariaDb), &delimiter).unwrap_err();
    assert!(error.contains("1064") && error.ends_with("in: DELIMITER ;"), "{error}");
    let padded = dump(server, &["-B", "peer_stops", "-R"]);
    padded.write("metadata", padded.read_text("metadata").replace("\n[mydumper-rs]\n", "\n[config]\n"));
    let error = peer::restore(target(Product::MariaDb), &padded).unwrap_err();
    assert_eq!(error, "option parsing failed: Unknown option --num-files");
}

#[test]
fn padded_and_delimited_bodies_come_back_to_the_byte() {
    for product in Product::ALL {
        for (database, option) in
            [("bodies_padded", "--body-format=PADDED"), ("bodies_delimited", "--body-format=delimiter")]
        {
            make_hostile(product, database);
            // Names cannot escape line ends.
            let mut client = source(product).client();
            client.run(format!("USE {database}"));
            client.run("CREATE TABLE `a;\nb` (id INT PRIMARY KEY, `c; \nd` INT)");
            client.run("INSERT INTO `a;\nb` VALUES (1, 2), (3, 4)");
            client.run("CREATE VIEW `w;\nx` AS SELECT `c; \nd` AS `x;\ny` FROM `a;\nb`");
            for format in [&[][..], &["--format=LOAD_DATA", "--complete-insert"], &["--complete-insert"]] {
                let dir = dump_of(product, database, &[&[option], format].concat());
                load(product, &dir, &[]);
                assert_same(product, database);
                target(product).client().run(format!("DROP DATABASE {database}"));
            }
        }
    }
}

/// As it was written at first: our own keys in `[config]`, bodies between DELIMITER lines, also those of views.
#[test]
fn a_dump_with_our_keys_among_the_peer_s_is_restored_and_verified() {
    for product in Product::ALL {
        let database = "bodies_of_before";
        make_hostile(product, database);
        let dir = dump_of(product, database, &["--body-format=DELIMITER"]);
        let metadata = dir.read_text("metadata");
        assert_eq!(metadata.matches("\n\n[mydumper-rs]\nnum-files = ").count(), 1);
        dir.write("metadata", metadata.replace("\n\n[mydumper-rs]\n", "\n"));
        let view = format!("{database}.v-schema-view.sql");
        let (start, end) = ("\nCREATE ", "\n;\n");
        let file = dir.read_text(&view);
        let (before, rest) = file.split_once(start).unwrap();
        let (create, after) = rest.split_once(end).unwrap();
        dir.write(&view, format!("{before}\nDELIMITER ;;{start}{create}\n;;\nDELIMITER ;\n{after}"));
        forget_checksums(&dir);
        load(product, &dir, &["--verify"]);
        assert_same(product, database);
        fs::remove_file(dir.path().join(format!("{database}-schema-post.sql"))).unwrap();
        let output = Program::myloader().server(target(product)).arg("-d").arg(dir.path()).arg("-o").fails_with(5);
        assert!(output.contains("files"), "{output}");
    }
}
