//! Options that change what definitions are dumped.

use crate::support::dump::{dump, make, metadata_value, mydumper, row_files};
use crate::support::load::{assert_same, load};
use harness::program::WorkDir;
use harness::server::{Product, Server, source, target};
use harness::sql::text;

const KEYS: [&str; 8] = [
    "CREATE TABLE p (id INT PRIMARY KEY, u INT, x INT, c TEXT, UNIQUE KEY u (u), KEY x (x), FULLTEXT KEY f (c))",
    "CREATE TABLE c (id INT PRIMARY KEY, p INT, y INT, KEY p (p), KEY y (y), CONSTRAINT positive CHECK (y > 0), \
     CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (u))",
    "CREATE TABLE m (id INT PRIMARY KEY, x INT, KEY x (x)) ENGINE=MyISAM",
    "CREATE TABLE a (k INT PRIMARY KEY, id INT AUTO_INCREMENT, x INT, KEY id (id), KEY x (x, id))",
    "INSERT INTO p VALUES (1, 10, 1, 'one'), (2, 20, 2, 'two')",
    "INSERT INTO c VALUES (1, 10, 1), (2, 20, 1)",
    "INSERT INTO m VALUES (1, 1)",
    "INSERT INTO a VALUES (1, 5, 1), (2, 6, 1)",
];

/// The names of a table's indexes on the server.
fn indexes(server: &Server, database: &str, table: &str) -> Vec<String> {
    let query = format!(
        "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = '{database}' \
         AND TABLE_NAME = '{table}' ORDER BY INDEX_NAME"
    );
    let mut names: Vec<String> = server.client().query(&query).iter().map(|row| text(&row[0])).collect();
    names.sort();
    names
}

fn constraints(server: &Server, database: &str) -> Vec<String> {
    let query = format!(
        "SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = '{database}' \
         AND CONSTRAINT_TYPE IN ('FOREIGN KEY', 'CHECK') ORDER BY CONSTRAINT_NAME"
    );
    server.client().query(&query).iter().map(|row| text(&row[0])).collect()
}

#[test]
fn indexes_and_constraints_are_left_out_but_for_what_a_table_or_a_foreign_key_needs() {
    for product in Product::ALL {
        let database = "keys_left_out";
        make(source(product), database, &KEYS);
        for (options, p, c, m, a, of_database) in [
            (
                &["--skip-indexes"][..],
                &["PRIMARY", "u"][..],
                &["PRIMARY", "p"][..],
                &["PRIMARY"][..],
                &["PRIMARY", "id"][..],
                &["c_p", "positive"][..],
            ),
            (
                &["--skip-constraints"],
                &["PRIMARY", "f", "u", "x"],
                &["PRIMARY", "p", "y"],
                &["PRIMARY", "x"],
                &["PRIMARY", "id", "x"],
                &[],
            ),
            (
                &["--skip-indexes", "--skip-constraints"],
                &["PRIMARY"],
                &["PRIMARY"],
                &["PRIMARY"],
                &["PRIMARY", "id"],
                &[],
            ),
        ] {
            let dir = dump(source(product), &[&["-B", database, "--checksum-all"], options].concat());
            let schemas = ["p", "c", "m", "a"].map(|table| dir.read_text(&format!("{database}.{table}-schema.sql")));
            assert!(schemas.iter().all(|text| text.matches("CREATE TABLE").count() == 1 && !text.contains("ALTER")));
            let has_checksum = dir.read_text("metadata").contains("indexes_checksum");
            assert_eq!(has_checksum, !options.contains(&"--skip-indexes"));
            load(product, &dir, &["--drop-database", "--verify"]);
            let found = |table: &str| indexes(target(product), database, table);
            assert_eq!(found("p"), p, "{product:?} {options:?}");
            assert_eq!(found("c"), c, "{product:?} {options:?}");
            assert_eq!(found("m"), m, "{product:?} {options:?}");
            assert_eq!(found("a"), a, "{product:?} {options:?}");
            assert_eq!(constraints(target(product), database), of_database, "{product:?} {options:?}");
        }
        let log = mydumper(source(product), &WorkDir::new()).args(["-B", database, "--optimize-keys-engines=x"]).ok();
        let told = "--optimize-keys-engines has no effect: which engines have snapshots is known; myloader has its own";
        assert!(log.stderr.contains(told), "{}", log.stderr);
    }
}

const VIEWS: [&str; 4] = [
    "CREATE TABLE t (id INT UNSIGNED NOT NULL, l VARCHAR(20) CHARACTER SET latin1, b BLOB, f FLOAT, d DECIMAL(20,5), \
     e ENUM('a','ö'), s TIMESTAMP NULL)",
    "INSERT INTO t VALUES (1, 'größe', x'00ff27', 0.1, 1.5, 'ö', '2026-01-01 00:00:00'), (2, NULL, NULL, NULL, NULL, NULL, NULL)",
    "CREATE VIEW v AS SELECT *, CONCAT(id, l) AS `both``s`, id + 1 AS next FROM t",
    "CREATE VIEW w AS SELECT COUNT(*) AS n FROM v",
];

#[test]
fn views_are_dumped_as_tables_with_their_rows() {
    for product in Product::ALL {
        let database = "views_as_tables";
        make(source(product), database, &VIEWS);
        for (engine, options) in
            [("InnoDB", &[][..]), ("MyISAM", &["--table-engine-for-view-dependency=MyISAM", "--format=CSV"])]
        {
            let dir = dump(source(product), &[&["-B", database, "--views-as-tables"], options].concat());
            assert!(!dir.list().iter().any(|name| name.ends_with("-schema-view.sql")), "{:?}", dir.list());
            assert!(!row_files(&dir, database, "v").is_empty());
            assert!(!dir.read_text("metadata").contains("is_view"));
            let definition = dir.read_text(&format!("{database}.v-schema.sql"));
            assert!(definition.contains("CREATE TABLE `v` (\n  `id` int"), "{definition}");
            assert!(definition.contains("`l` varchar(20) CHARACTER SET latin1 COLLATE latin1_"), "{definition}");
            load(product, &dir, &["--drop-database", "--verify"]);
            let query = |what: &str| format!("SELECT * FROM {database}.{what}");
            for what in ["v", "w"] {
                let rows = |server: &Server| server.client().query(query(what));
                assert_eq!(rows(source(product)), rows(target(product)), "{product:?} {what}");
                let kind = format!(
                    "SELECT CONCAT(TABLE_TYPE, ' ', ENGINE) FROM information_schema.TABLES \
                     WHERE TABLE_SCHEMA = '{database}' AND TABLE_NAME = '{what}'"
                );
                assert_eq!(target(product).client().scalar(&kind), format!("BASE TABLE {engine}"));
            }
            let nullable = format!(
                "SELECT GROUP_CONCAT(IS_NULLABLE ORDER BY ORDINAL_POSITION) FROM information_schema.COLUMNS \
                 WHERE TABLE_SCHEMA = '{database}' AND TABLE_NAME = 'v'"
            );
            assert_eq!(source(product).client().scalar(&nullable), target(product).client().scalar(&nullable));
        }
        let dir = dump(source(product), &["-B", database, "--table-engine-for-view-dependency=Aria"]);
        let stand_in = dir.read_text(&format!("{database}.v-schema.sql"));
        assert!(stand_in.ends_with(") ENGINE=Aria;\n"), "{stand_in}");
        load(product, &dir, &["--drop-database"]);
        assert_same(product, database);
    }
}

#[test]
fn a_view_on_a_table_without_snapshots_lowers_the_guarantee() {
    for product in Product::ALL {
        let elsewhere = "view_elsewhere";
        make(source(product), elsewhere, &["CREATE TABLE m (a INT) ENGINE=MyISAM", "INSERT INTO m VALUES (1)"]);
        let database = "view_of_elsewhere";
        make(source(product), database, &[&format!("CREATE VIEW v AS SELECT a FROM {elsewhere}.m")]);
        let dir = dump(source(product), &["-B", database, "--views-as-tables"]);
        let metadata = dir.read_text("metadata");
        assert_eq!(metadata_value(&metadata, "guarantee").as_deref(), Some("transactional-tables"));
        let by = metadata_value(&metadata, "guarantee-by").unwrap();
        assert!(by.ends_with("; views that are dumped as tables may show tables without snapshots"), "{by}");
        let metadata = dump(source(product), &["-B", database]).read_text("metadata");
        assert_eq!(metadata_value(&metadata, "guarantee").as_deref(), Some("point-in-time"));
    }
}
