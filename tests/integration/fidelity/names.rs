//! Names that SQL can quote come back, whatever they would mean to a file system or a pattern.

use crate::support::dump::make;
use crate::support::load::{assert_same, dump_of, dumped, load, myloader, round_trip};
use harness::quote_name;
use harness::server::{Product, Server, source, target};

/// 64 characters that are not ASCII.
const LONGEST: &str = "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé";

const NAMES: [&str; 20] = [
    "new\nline",
    " leading",
    "dot.dot",
    "in between",
    "slash/slash",
    "..\\back\\n",
    "back`tick``",
    "percent%s_",
    "quotes'\"'",
    "héé",
    LONGEST,
    "1",
    "1e5",
    "Case",
    "case",
    "-- comment",
    "semi;",
    "mydumper_1",
    "a-schema",
    "table",
];

#[test]
fn names_of_tables_columns_keys_and_programs() {
    for product in Product::ALL {
        let mut statements = Vec::new();
        for (number, name) in NAMES.iter().enumerate() {
            let quoted = quote_name(name);
            statements.push(format!(
                "CREATE TABLE {quoted} (id INT PRIMARY KEY, {quoted} INT, KEY {quoted} ({quoted}), \
                 CONSTRAINT `fk{number}` FOREIGN KEY ({quoted}) REFERENCES {quoted} (id))"
            ));
            statements.push(format!("INSERT INTO {quoted} VALUES ({number}, NULL)"));
            statements.push(format!(
                "CREATE TRIGGER `trigger {number}` AFTER INSERT ON {quoted} FOR EACH ROW SET @a = NEW.{quoted}"
            ));
            let view = quote_name(&format!("v{}", name.chars().take(62).collect::<String>()));
            statements.push(format!("CREATE VIEW {view} AS SELECT {quoted} AS c FROM {quoted}"));
        }
        let procedures = NAMES.iter().filter(|name| **name != "case");
        statements
            .extend(procedures.map(|name| format!("CREATE PROCEDURE {}() BEGIN SELECT 1; END", quote_name(name))));
        round_trip(product, "names", &statements.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn names_of_databases() {
    for product in Product::ALL {
        let names = NAMES.map(|name| format!("N{}", name.chars().take(63).collect::<String>()));
        for name in names.iter().map(String::as_str).chain([" names of"]) {
            make(
                source(product),
                name,
                &["CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)", "CREATE VIEW v AS SELECT id FROM t"],
            );
            let dir = dump_of(product, name, &[]);
            load(product, &dir, &[]);
            assert_same(product, name);
            load(product, &dir, &["-B", &format!("{}+", name.chars().take(62).collect::<String>())]);
            let mut client = target(product).client();
            client.run(format!("DROP DATABASE {}", quote_name(name)));
            source(product).client().run(format!("DROP DATABASE {}", quote_name(name)));
        }
    }
}

#[test]
fn servers_that_do_not_tell_upper_from_lower_case() {
    // MySQL takes this setting only when its data directory is made.
    let (product, database) = (Product::MariaDb, "names_Case");
    let statements = [
        "CREATE TABLE T (id INT PRIMARY KEY, c INT, KEY (c))",
        "INSERT INTO T VALUES (1, 2), (3, 4)",
        "CREATE TABLE log (id INT)",
        "CREATE VIEW V AS SELECT id FROM T",
    ];
    let dir = dumped(product, database, &statements);
    let server = Server::start(product, &["--lower-case-table-names=1"]);
    myloader(&server, &dir).arg("--verify").ok();
    // What is there is seen, whatever its case.
    let mut client = server.client();
    client.run(format!(
        "CREATE TRIGGER {database}.tr AFTER INSERT ON {database}.T FOR EACH ROW INSERT INTO log VALUES (1)"
    ));
    let log = myloader(&server, &dir).arg("--drop-table=TRUNCATE").fails_with(4);
    assert!(log.contains("these tables already exist and have triggers") && log.contains(": names_Case.T;"), "{log}");
    let log = myloader(&server, &dir).fails_with(4);
    assert!(log.contains("already on the server: names_Case.T, names_Case.V, names_Case.log"), "{log}");
    // Two tables would be one.
    make(source(product), "names_Two", &["CREATE TABLE A (id INT)", "CREATE TABLE a (id INT)"]);
    for options in [&[][..], &["--drop-table=NONE"], &["-o"]] {
        let log = myloader(&server, &dump_of(product, "names_Two", &[])).args(options).fails_with(4);
        assert!(log.contains("names_Two.A and names_Two.a would be one table on this server"), "{log}");
    }
    assert_eq!(client.scalar("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'names_Two'"), "0");
}
