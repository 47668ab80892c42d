//! What a table costs that has hardly any rows: the statements that each program sends for it.

use crate::support::dump::mydumper;
use harness::compare::differences;
use harness::program::{Program, WorkDir, pipe};
use harness::server::{self, Product, Server};
use harness::sql::Client;
use std::collections::BTreeMap;

/// Statements by their kinds, as the server has counted them.
fn counted(client: &mut Client) -> BTreeMap<String, u64> {
    let rows = client.query("SHOW GLOBAL STATUS LIKE 'Com\\_%'");
    rows.iter().map(|row| (harness::sql::text(&row[0]), harness::sql::text(&row[1]).parse().unwrap())).collect()
}

/// Statements of each kind that `work` sends.
fn sent(server: &Server, work: impl FnOnce()) -> BTreeMap<String, u64> {
    let mut client = server.client();
    let before = counted(&mut client);
    work();
    counted(&mut client).into_iter().map(|(kind, count)| (kind.clone(), count - before[&kind])).collect()
}

fn make(server: &Server, database: &str, number: usize) {
    let mut client = server.client();
    client.run(format!("DROP DATABASE IF EXISTS {database}"));
    client.run(format!("CREATE DATABASE {database}"));
    client.run(format!("USE {database}"));
    for table in 0..number {
        client.run(format!("CREATE TABLE t{table} (id INT PRIMARY KEY, x INT, t TEXT, KEY by_x (x), UNIQUE (t(9)))"));
        client.run(format!("INSERT INTO t{table} VALUES (1, {table}, 'a'), (2, 0, 'b')"));
    }
}

const FEW: usize = 3;
const MANY: usize = 23;

/// Statements that are sent for each further table. Those of the sessions and of the catalog are not among them.
fn for_each_table(mut work: impl FnMut(usize) -> BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let few = work(FEW);
    let of_many = work(MANY).into_iter();
    let further = of_many.map(|(kind, count)| (kind.clone(), count.saturating_sub(few[&kind]) / (MANY - FEW) as u64));
    further.filter(|(_, count)| *count > 0).collect()
}

fn expected(kinds: &[(&str, u64)]) -> BTreeMap<String, u64> {
    kinds.iter().map(|(kind, count)| (format!("Com_{kind}"), *count)).collect()
}

#[test]
fn a_small_table_takes_few_statements_and_no_change_of_its_definition() {
    const DATABASE: &str = "small_tables";
    for product in Product::ALL {
        let server = &*server::held(product);
        let mut dir = WorkDir::new();
        let dumped = for_each_table(|number| {
            make(server, DATABASE, number);
            dir = WorkDir::new();
            let program = mydumper(server, &dir).args(["-B", DATABASE, "-t", "1"]);
            sent(server, || drop(program.ok()))
        });
        // Its metadata locks are given up after the definition and after the rows.
        let each = [("show_create_table", 1), ("select", 1), ("rollback_to_savepoint", 2)];
        assert_eq!(dumped, expected(&each), "{product:?}");

        let loaded = for_each_table(|number| {
            make(server, DATABASE, number);
            let dir = WorkDir::new();
            mydumper(server, &dir).args(["-B", DATABASE]).ok();
            let renamed = format!("{DATABASE}_{number}");
            let program = Program::myloader().server(server).args(["-t", "1", "-B", &renamed, "-d"]).arg(dir.path());
            let sent = sent(server, || drop(program.ok()));
            assert_eq!(differences(server, DATABASE, server, &renamed), [""; 0], "{product:?}");
            server.client().run(format!("DROP DATABASE {renamed}"));
            sent
        });
        let each = [("create_table", 1), ("begin", 1), ("insert", 1), ("commit", 1)];
        assert_eq!(loaded, expected(&each), "{product:?}");
    }
}

#[test]
fn a_stream_tells_beforehand_which_tables_are_small() {
    const DATABASE: &str = "small_tables_stream";
    for product in Product::ALL {
        let server = &*server::held(product);
        make(server, DATABASE, 3);
        let mut client = server.client();
        let rows = "WITH RECURSIVE r AS (SELECT 10 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 900)";
        client.run(format!("INSERT INTO {DATABASE}.t1 {rows} SELECT n, n, CONCAT(n, REPEAT('text ', 60)) FROM r"));
        client.run(format!("ANALYZE TABLE {DATABASE}.t0, {DATABASE}.t1, {DATABASE}.t2"));
        let (at_dumper, at_loader) = (WorkDir::new(), WorkDir::new());
        let dumper =
            Program::mydumper().server(server).args(["-B", DATABASE, "--stream"]).current_dir(at_dumper.path());
        let loader = Program::myloader().server(server).args(["--stream", "-v", "3", "-B", "small_tables_restored"]);
        let (_, loaded) = pipe(dumper, loader.current_dir(at_loader.path()));
        let keys: Vec<&str> =
            loaded.stderr.lines().filter_map(|line| line.split_once(": added ")).map(|(_, keys)| keys).collect();
        let [keys] = keys[..] else { panic!("{product:?}: {keys:?}") };
        assert!(keys.starts_with("2 indexes to small_tables_restored.t1 in "), "{product:?}: {keys}");
        assert_eq!(differences(server, DATABASE, server, "small_tables_restored"), [""; 0], "{product:?}");
        client.run("DROP DATABASE small_tables_restored");
    }
}
