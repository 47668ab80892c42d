//! Dumps of one product restored into the other.

use crate::support::dump::{make, without_time};
use crate::support::load::{column, dump_of, dumped, load, myloader, streamed};
use harness::compare::{row_counts, row_differences};
use harness::program::{Program, WorkDir};
use harness::server::{Product, source, target};
use harness::sql::{Client, text};

const WAYS: [(Product, Product); 2] = [(Product::MariaDb, Product::MySql), (Product::MySql, Product::MariaDb)];

#[test]
fn types_and_objects_that_both_have() {
    for (from, to) in WAYS {
        let database = "across_products";
        let dir = dumped(
            from,
            database,
            &[
                "SET sql_mode = 'ALLOW_INVALID_DATES'",
                "CREATE TABLE numbers (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, f FLOAT, d DOUBLE, \
                 n DECIMAL(65,30), b BIT(64), y YEAR)",
                "INSERT INTO numbers VALUES (1, 1e-30, 0.1, -1e-30, x'8000000000000001', 1999), \
                 (18446744073709551614, 3.4e38, 1.7976931348623157e308, 1.5, 0, NULL)",
                "CREATE TABLE times (id INT PRIMARY KEY, d DATE, dt DATETIME(6), t TIME(3), ts TIMESTAMP(6) NULL)",
                "INSERT INTO times VALUES (1, '0000-00-00', '2024-02-31 01:02:03.000004', '-838:59:59', \
                 '2020-01-01 00:00:00.5')",
                "CREATE TABLE texts (id INT PRIMARY KEY, l VARCHAR(20) CHARACTER SET latin1, g TEXT CHARACTER SET gbk, \
                 u TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, b LONGBLOB, e ENUM('a''b', 'é'), \
                 s SET('x', 'y'), KEY by_l (l), FULLTEXT KEY (u))",
                "INSERT INTO texts VALUES (1, _latin1 x'e927', _gbk x'815c27', '😀\\n;', x'005c27ff', 'é', 'x,y')",
                "CREATE TABLE partitioned (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3",
                "INSERT INTO partitioned VALUES (1), (2), (3)",
                "CREATE TABLE child (id INT PRIMARY KEY, doubled INT AS (id * 2) STORED, parent INT, \
                 FOREIGN KEY (parent) REFERENCES times (id) ON DELETE CASCADE)",
                "INSERT INTO child (id, parent) VALUES (4, 1)",
                "CREATE VIEW v AS SELECT id, doubled FROM child",
                "CREATE TRIGGER tr BEFORE INSERT ON child FOR EACH ROW BEGIN SET NEW.id = NEW.id; END",
                "CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC BEGIN RETURN a + 1; END",
                "CREATE EVENT e ON SCHEDULE AT '2037-01-01 00:00:00' DO SELECT 1",
            ],
        );
        load(to, &dir, &[]);
        assert_eq!(row_differences(source(from), database, target(to), database), [""; 0]);
        let mut client = target(to).client();
        assert_eq!(client.scalar("SELECT across_products.f(doubled) FROM across_products.v"), "9");
    }
}

/// How a restore from a directory into the other product is refused, without the time.
#[track_caller]
fn refused_from_directory(to: Product, dir: &WorkDir, options: &[&str]) -> String {
    without_time(&myloader(target(to), dir).args(options).fails_with(4)).to_owned()
}

/// The same from a stream of the database.
#[track_caller]
fn refused_from_stream(from: Product, to: Product, database: &str) -> String {
    let place = WorkDir::new();
    let loader = Program::myloader().server(target(to)).args(["--stream", "--drop-table=NONE"]);
    without_time(&loader.stdin(streamed(from, database)).current_dir(place.path()).fails_with(4)).to_owned()
}

const UNKNOWN: &str = "(this server does not have the character set or collation that the other server used)";
const END: &str = "change them at the source and dump again, or exclude them\n";

#[test]
fn what_mysql_cannot_have_is_named_before_rows_are_loaded() {
    let (from, to, database) = (Product::MariaDb, Product::MySql, "across_to_mysql");
    let dir = dumped(
        from,
        database,
        &[
            "CREATE TABLE fine (id INT PRIMARY KEY)",
            "INSERT INTO fine VALUES (1)",
            "CREATE TABLE a_uuid (id UUID)",
            "CREATE TABLE b_collation (a VARCHAR(9) COLLATE utf8mb4_uca1400_ai_ci)",
            "CREATE TABLE c_engine (id INT) ENGINE=Aria ROW_FORMAT=PAGE",
            "CREATE SEQUENCE e_numbers",
        ],
    );
    let expected = include_str!("../../golden/mysql-refuses-objects-of-mariadb.txt");
    assert_eq!(refused_from_directory(to, &dir, &[]), expected);
    assert_eq!(row_counts(target(to), database), [("fine".to_owned(), 0)]);
    assert_eq!(refused_from_stream(from, to, database), expected);
    assert_eq!(row_counts(target(to), database), [("fine".to_owned(), 0)]);
}

#[test]
fn what_mariadb_cannot_have_is_named_before_rows_are_loaded() {
    let (from, to, database) = (Product::MySql, Product::MariaDb, "across_to_mariadb");
    let dir = dumped(
        from,
        database,
        &[
            "CREATE TABLE fine (id INT PRIMARY KEY)",
            "INSERT INTO fine VALUES (1)",
            "CREATE TABLE a_vector (a VECTOR(3))",
            "CREATE TABLE b_collation (a VARCHAR(9)) COLLATE utf8mb4_0900_ai_ci",
            "CREATE TABLE c_engine (id INT) ENGINE=ARCHIVE",
            "CREATE TABLE d_key (id INT, KEY k ((id + 1)))",
            "CREATE TABLE e_charset (a VARCHAR(9)) CHARSET gb18030",
        ],
    );
    let expected = include_str!("../../golden/mariadb-refuses-objects-of-mysql.txt");
    assert_eq!(refused_from_directory(to, &dir, &["--optimize-keys=SKIP"]), expected);
    assert_eq!(row_counts(target(to), database), [("fine".to_owned(), 0)]);
}

#[test]
fn a_database_whose_collation_is_unknown_and_tables_in_it_are_named() {
    let (from, to, database) = (Product::MySql, Product::MariaDb, "across_database");
    let mut client = source(from).client();
    client.run(format!("CREATE DATABASE {database} COLLATE utf8mb4_0900_ai_ci"));
    client.run(format!("CREATE TABLE {database}.inherits (a VARCHAR(9))"));
    client.run(format!("CREATE TABLE {database}.fine (a INT) COLLATE utf8mb4_bin"));
    client.run(format!("INSERT INTO {database}.fine VALUES (1)"));
    let dir = dump_of(from, database, &[]);
    let unknown = format!("line 5: server error 1273 (HY000): Unknown collation: 'utf8mb4_0900_ai_ci' {UNKNOWN}");
    let named = format!(
        "  database {database}: {database}-schema-create.sql, {unknown}\n  \
         table {database}.inherits: {database}.inherits-schema.sql, {unknown}\n{END}"
    );
    let expected = format!("[ERROR] the server rejects these objects of the dump, no rows were loaded:\n{named}");
    assert_eq!(refused_from_directory(to, &dir, &[]), expected);
    assert_eq!(refused_from_stream(from, to, database), expected);
    // What is there is not dropped for it.
    make(target(to), database, &["CREATE TABLE fine (a INT)", "INSERT INTO fine VALUES (2)"]);
    let named = named.strip_suffix(END).unwrap();
    let expected = format!(
        "[ERROR] these objects of the dump cannot be restored as they are; nothing was changed:\n{named}change the source or \
         the server, or exclude them\n"
    );
    for option in ["--drop-table=DROP", "--drop-table=TRUNCATE", "--drop-database"] {
        let log = myloader(target(to), &dir).arg(option).fails_with(8);
        assert_eq!(without_time(&log), expected);
    }
    assert_eq!(column(&mut target(to).client(), "SELECT a FROM across_database.fine"), ["2"]);
    // With a database made by hand, only the table is left.
    let table = format!("{database}.fine");
    myloader(target(to), &dir).args(["--skip-create-database", "-o", "-T", &table]).ok();
    assert_eq!(column(&mut target(to).client(), "SELECT a FROM across_database.fine"), ["1"]);
}

#[test]
fn views_triggers_and_programs_that_the_other_cannot_have_are_named_before_rows_are_loaded() {
    let database = "across_programs";
    for (from, to, unknown) in [
        (Product::MariaDb, Product::MySql, "utf8mb4_nopad_bin"),
        (Product::MySql, Product::MariaDb, "utf8mb4_0900_bin"),
    ] {
        let mut statements = vec![
            "CREATE TABLE fine (id INT PRIMARY KEY)".to_owned(),
            "INSERT INTO fine VALUES (1)".to_owned(),
            "CREATE FUNCTION fine() RETURNS INT DETERMINISTIC RETURN 1".to_owned(),
            format!("CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 'a' = 'A' COLLATE {unknown}"),
            format!("CREATE VIEW v AS SELECT id FROM fine ORDER BY CONVERT(id USING utf8mb4) COLLATE {unknown}"),
            format!("CREATE TRIGGER t BEFORE INSERT ON fine FOR EACH ROW SET @a = 'a' COLLATE {unknown}"),
            format!("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 'a' COLLATE {unknown}"),
        ];
        let mut packages = "";
        if from == Product::MariaDb {
            statements.push("SET sql_mode = 'ORACLE', collation_connection = utf8mb4_general_ci".to_owned());
            statements.push("CREATE PACKAGE p AS PROCEDURE x(); END".to_owned());
            packages = " has no packages (exclude it, or rewrite it for this server)\n";
        }
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        let dir = dumped(from, database, &statements);
        let why = format!("server error 1273 (HY000): Unknown collation: '{unknown}' {UNKNOWN}");
        let refusal = refused_from_directory(to, &dir, &[]);
        let lines: Vec<&str> = refusal.lines().collect();
        let places = ["event", "function", "trigger", "view"];
        let named = [
            format!("  event {database}.e: {database}-schema-post.sql, line "),
            format!("  function {database}.f: {database}-schema-post.sql, line "),
            format!("  trigger {database}.t: {database}.fine-schema-triggers.sql, line "),
            format!("  view {database}.v: {database}.v-schema-view.sql, line "),
        ];
        assert_eq!(lines.len(), 6 + usize::from(!packages.is_empty()), "{refusal}");
        for (place, start) in places.iter().zip(&named) {
            let line = lines.iter().find(|line| line.trim_start().starts_with(place)).unwrap();
            assert!(line.starts_with(start) && line.ends_with(&why), "{line}");
        }
        assert!(packages.is_empty() || refusal.contains("  package across_programs.p: "), "{refusal}");
        assert!(refusal.contains(packages), "{refusal}");
        assert_eq!(row_counts(target(to), database), [("fine".to_owned(), 0)]);
    }
}

#[test]
fn what_both_have_under_other_words_is_carried() {
    let database = "across_words";
    let to_mariadb = [
        "SET sql_generate_invisible_primary_key = 1",
        "CREATE TABLE gipk (a INT)",
        "INSERT INTO gipk VALUES (5), (6)",
        "SET sql_generate_invisible_primary_key = 0",
        "CREATE TABLE hidden (id INT PRIMARY KEY, b INT INVISIBLE DEFAULT 3, KEY k (b) INVISIBLE)",
        "INSERT INTO hidden (id, b) VALUES (1, 9)",
        "CREATE TABLE shapes (id INT PRIMARY KEY, g GEOMETRYCOLLECTION)",
        "INSERT INTO shapes VALUES (1, ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))'))",
    ];
    let to_mysql = [
        "CREATE TABLE defaults (id INT PRIMARY KEY, a VARCHAR(9) DEFAULT CONCAT('a', 'b'), t TEXT DEFAULT 'x', \
         j JSON DEFAULT '{}', b BLOB DEFAULT 'y', c VARCHAR(36) DEFAULT UUID())",
        "INSERT INTO defaults VALUES (1, 'a', 'b', '[1]', 'c', 'd')",
        "CREATE TABLE hidden (id INT PRIMARY KEY, b INT INVISIBLE DEFAULT 3, KEY k (b) IGNORED)",
        "INSERT INTO hidden (id, b) VALUES (1, 9)",
    ];
    for ((from, to), statements) in WAYS.into_iter().zip([&to_mysql[..], &to_mariadb]) {
        let dir = dumped(from, database, statements);
        load(to, &dir, &[]);
        assert_eq!(row_differences(source(from), database, target(to), database), [""; 0]);
        let mut client = target(to).client();
        client.run(format!("USE {database}"));
        assert_eq!(column(&mut client, "SELECT COUNT(*) FROM (SELECT * FROM hidden) t WHERE t.id = 1"), ["1"]);
        let created =
            |client: &mut Client, table: &str| text(&client.query(format!("SHOW CREATE TABLE {table}"))[0][1]);
        let hidden = created(&mut client, "hidden");
        match to {
            Product::MariaDb => {
                assert!(hidden.contains("`b` int(11) INVISIBLE DEFAULT 3,"), "{hidden}");
                assert!(hidden.contains("KEY `k` (`b`) IGNORED"), "{hidden}");
                assert_eq!(column(&mut client, "SELECT my_row_id FROM gipk"), ["1", "2"]);
                assert_eq!(column(&mut client, "SELECT * FROM gipk"), ["5", "6"]);
            }
            Product::MySql => {
                assert!(hidden.contains("`b` int DEFAULT '3' /*!80023 INVISIBLE */,"), "{hidden}");
                assert!(hidden.contains("KEY `k` (`b`) /*!80000 INVISIBLE */"), "{hidden}");
                client.run("INSERT INTO defaults (id) VALUES (2)");
                let row = "SELECT CONCAT_WS(' ', a, t, j, b, LENGTH(c)) FROM defaults WHERE id = 2";
                assert_eq!(column(&mut client, row), ["ab x {} y 36"]);
            }
        }
    }
}

#[test]
fn what_changes_without_an_error_is_told() {
    let database = "across_changes";
    let from_mysql = [
        "SET collation_connection = utf8mb4_0900_ai_ci",
        "CREATE TABLE checked (id INT PRIMARY KEY, CONSTRAINT c CHECK (id > 0) NOT ENFORCED)",
        "INSERT INTO checked VALUES (-1)",
        "CREATE TRIGGER checked_id BEFORE INSERT ON checked FOR EACH ROW SET @a = 1",
        "CREATE VIEW v AS SELECT id FROM checked",
        "CREATE TABLE json (id INT PRIMARY KEY, j JSON, `json` INT)",
        "CREATE TABLE place (id INT PRIMARY KEY, p POINT NOT NULL SRID 4326)",
        "INSERT INTO place VALUES (1, ST_GeomFromText('POINT(10 20)', 4326))",
    ];
    let from_mariadb = [
        "SET collation_connection = utf8mb4_uca1400_as_cs",
        "CREATE TABLE packed (id INT PRIMARY KEY, c TEXT COMPRESSED)",
        "INSERT INTO packed VALUES (1, REPEAT('x', 1000))",
        "CREATE TABLE hashed (id INT PRIMARY KEY, c INT, UNIQUE KEY k (c) USING HASH)",
        "SET sql_mode = 'EMPTY_STRING_IS_NULL'",
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN '' IS NULL",
    ];
    let session = |object: &str, file: &str, line: u32, collation: &str| {
        format!(
            "[WARNING] {object} ({file}, line {line}): was made in a session with the collation {collation}, which this \
             server does not have; here it compares literals by the server's default"
        )
    };
    let function = session("function across_changes.f", "across_changes-schema-post.sql", 14, "utf8mb4_uca1400_as_cs");
    let trigger = session(
        "trigger across_changes.checked_id",
        "across_changes.checked-schema-triggers.sql",
        14,
        "utf8mb4_0900_ai_ci",
    );
    let view = session("view across_changes.v", "across_changes.v-schema-view.sql", 13, "utf8mb4_0900_ai_ci");
    let told_by_mysql = [
        function.as_str(),
        "[WARNING] function across_changes.f: this server has no sql_mode EMPTY_STRING_IS_NULL, which changes what it does",
        "[WARNING] table across_changes.packed (across_changes.packed-schema.sql, line 5): this server ignores \
         /*M!100301 COMPRESSED*/",
        "[WARNING] table hashed: server warning 3502: This storage engine does not support the HASH index algorithm, \
         storage engine default was used instead.",
    ];
    let told_by_mariadb = [
        "[WARNING] 1 checksum differs from the dump, which is from another product or version, where definitions may \
         read differently (--checksum=warn names them)",
        "[WARNING] table across_changes.checked (across_changes.checked-schema.sql, line 5): a CHECK that the dump does \
         not enforce is enforced here",
        "[WARNING] table across_changes.json (across_changes.json-schema.sql, line 5): the JSON column j is LONGTEXT with \
         a CHECK here",
        "[WARNING] table across_changes.place (across_changes.place-schema.sql, line 5): this server ignores /*!80003 \
         SRID 4326 */",
        &trigger,
        &view,
    ];
    for ((from, to), (statements, told)) in
        WAYS.into_iter().zip([(&from_mariadb[..], &told_by_mysql[..]), (&from_mysql, &told_by_mariadb)])
    {
        let dir = dumped(from, database, statements);
        let log = load(to, &dir, &[]).stderr;
        let mut warnings: Vec<&str> = log.lines().map(without_time).filter(|line| line.contains("WARN")).collect();
        warnings.sort_unstable();
        assert_eq!(warnings, told);
        assert_eq!(row_differences(source(from), database, target(to), database), [""; 0]);
    }
}
