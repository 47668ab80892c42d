//! General and undo tablespaces, which MySQL alone has: `--all-tablespaces`.

use crate::support::dump::{DEFINITIONS_HEAD, dump, make};
use crate::support::load::{assert_same, column, load, myloader};
use harness::program::{Program, WorkDir, pipe};
use harness::server::{Product, source, target};

const STATEMENTS: [&str; 9] = [
    "CREATE TABLESPACE `ts one;` ADD DATAFILE 'ts_one.ibd' AUTOEXTEND_SIZE = 4M",
    "CREATE TABLESPACE ts_packed ADD DATAFILE 'ts_packed.ibd' FILE_BLOCK_SIZE = 8192",
    "CREATE UNDO TABLESPACE ts_undo ADD DATAFILE 'ts_undo.ibu'",
    "CREATE TABLE a (id INT PRIMARY KEY) TABLESPACE `ts one;`",
    "CREATE TABLE b (id INT PRIMARY KEY) TABLESPACE ts_packed ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8",
    "CREATE TABLE c (id INT PRIMARY KEY) TABLESPACE innodb_system",
    "CREATE TABLE d (id INT PRIMARY KEY) TABLESPACE innodb_file_per_table",
    "INSERT INTO a VALUES (1)",
    "INSERT INTO b VALUES (2)",
];

const FILE: &str = "all-schema-create-tablespace.sql";

/// What the server says of its general and undo tablespaces, but for those that it made itself.
fn tablespaces(server: &harness::server::Server) -> Vec<String> {
    let sql = "SELECT CONCAT_WS(' ', t.NAME, t.SPACE_TYPE, t.ROW_FORMAT, t.ZIP_PAGE_SIZE, t.AUTOEXTEND_SIZE, \
               t.ENCRYPTION, f.FILE_NAME) FROM information_schema.INNODB_TABLESPACES t JOIN information_schema.FILES f \
               ON f.FILE_ID = t.SPACE WHERE t.NAME LIKE 'ts%' AND t.NAME NOT LIKE '%/%' ORDER BY 1";
    column(&mut server.client(), sql)
}

/// One test, since tablespaces are the server's and not a database's.
#[test]
fn tablespaces_come_back_before_their_tables() {
    let product = Product::MySql;
    let (from, to, database) = (source(product), target(product), "tablespaces");
    make(from, database, &STATEMENTS);
    let dir = dump(from, &["-B", database, "-Y"]);
    assert_eq!(
        dir.read_text(FILE),
        format!(
            "{DEFINITIONS_HEAD}\
             CREATE TABLESPACE `ts one;` ADD DATAFILE 'ts_one.ibd' AUTOEXTEND_SIZE = 4194304 ENGINE = InnoDB;\n\
             CREATE TABLESPACE `ts_packed` ADD DATAFILE 'ts_packed.ibd' FILE_BLOCK_SIZE = 8192 ENGINE = InnoDB;\n\
             CREATE UNDO TABLESPACE `ts_undo` ADD DATAFILE 'ts_undo.ibu' ENGINE = InnoDB;\n"
        )
    );

    // Without them, the table is named, and what to do.
    let without = dump(from, &["-B", database]);
    assert!(!without.list().contains(&FILE.to_owned()));
    let stderr = myloader(to, &without).args(["--threads=1"]).fails_with(4);
    for (table, name) in [("a", "ts one;"), ("b", "ts_packed")] {
        let refusal = format!(
            "table tablespaces.{table}: tablespaces.{table}-schema.sql, line 5: this server has no tablespace {name} (dump \
             with --all-tablespaces, or create the tablespace)"
        );
        assert!(stderr.contains(&refusal), "{stderr}");
    }

    let (dumper, loader) = (WorkDir::new(), WorkDir::new());
    let (dumped, loaded) = pipe(
        Program::mydumper().server(from).args(["-B", database, "-Y", "--stream"]).current_dir(dumper.path()),
        Program::myloader().server(to).args(["--stream", "--drop-database"]).current_dir(loader.path()),
    );
    assert_eq!((dumped.code, loaded.code), (Some(0), Some(0)), "{}{}", dumped.stderr, loaded.stderr);
    assert_same(product, database);
    assert_eq!(tablespaces(to), tablespaces(from));
    assert_eq!(tablespaces(to).len(), 3);

    // Those that are there stay.
    let stderr = load(product, &dir, &["--drop-table"]).stderr;
    for name in ["ts one;", "ts_packed", "ts_undo"] {
        let warning = format!(
            "{FILE}: a tablespace already exists and stays unchanged: server error 1813 (HY000): Tablespace '{name}' \
             exists"
        );
        assert!(stderr.contains(&warning), "{stderr}");
    }
    assert_same(product, database);

    // MariaDB has none, and creates the tables without.
    let maria = target(Product::MariaDb);
    let stderr = myloader(maria, &dir).args(["-T", "tablespaces.a"]).ok().stderr;
    let warning =
        format!("[WARNING] skipping {FILE}: MariaDB has no general tablespaces, and tables are created without");
    assert!(stderr.contains(&warning), "{stderr}");
    maria.client().run(format!("DROP DATABASE {database}"));

    for server in [from, to] {
        let mut client = server.client();
        client.run(format!("DROP DATABASE {database}"));
        client.run("DROP TABLESPACE `ts one;`");
        client.run("DROP TABLESPACE ts_packed");
        client.run("ALTER UNDO TABLESPACE ts_undo SET INACTIVE");
    }
}

#[test]
fn mariadb_has_none() {
    let from = source(Product::MariaDb);
    make(from, "no_tablespaces", &["CREATE TABLE t (id INT)"]);
    let dir = WorkDir::new();
    let program = Program::mydumper().server(from).args(["-B", "no_tablespaces", "-Y", "-o"]).arg(dir.path());
    let stderr = program.ok().stderr;
    let warning = "[WARNING] --all-tablespaces: MariaDB 10.";
    assert!(stderr.contains(warning) && stderr.contains("has no general tablespaces to dump"), "{stderr}");
    assert!(!dir.list().contains(&FILE.to_owned()));
}

#[test]
fn a_user_who_may_not_see_them_is_told() {
    let from = source(Product::MySql);
    make(
        from,
        "unseen_tablespaces",
        &[
            "CREATE TABLE t (id INT)",
            "CREATE USER unseen_tablespaces@localhost IDENTIFIED BY 'p'",
            "GRANT SELECT, LOCK TABLES ON unseen_tablespaces.* TO unseen_tablespaces@localhost",
        ],
    );
    let dir = WorkDir::new();
    let program =
        Program::mydumper().arg("--socket").arg(from.socket()).args(["-u", "unseen_tablespaces", "-pp", "-v", "1"]);
    let stderr = program.args(["-B", "unseen_tablespaces", "-Y", "-o"]).arg(dir.path()).fails_with(8);
    let finding =
        "  --all-tablespaces: tablespaces are hidden: GRANT PROCESS ON *.* TO `unseen_tablespaces`@`localhost`\n";
    assert!(stderr.contains(finding), "{stderr}");
    assert_eq!(dir.list(), [""; 0]);
    from.client().run("DROP USER unseen_tablespaces@localhost");
}
