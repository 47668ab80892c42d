//! Names that SQL can quote come back, whatever they would mean to a file system or a pattern.

use crate::dump_support::make;
use crate::load_support::{assert_same, dump_of, load, round_trip};
use harness::quote_name;
use harness::server::{Product, source, target};

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
