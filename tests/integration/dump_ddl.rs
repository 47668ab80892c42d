//! DDL that hits a table between the snapshot and its reading is an error that names the table.

use crate::dump_support::{Held, make, mydumper, only_line};
use harness::program::WorkDir;
use harness::server::{self, Product};

#[test]
fn a_table_that_takes_another_s_name_is_not_dumped_in_its_place() {
    for product in Product::ALL {
        let server = server::source(product);
        let database = "swapped";
        // The larger table is dumped first, and held there.
        let fill = "INSERT INTO a WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 199) \
                    SELECT a.n * 100 + b.n, REPEAT('x', 200) FROM r a JOIN r b WHERE b.n < 100";
        let mut client = make(
            server,
            database,
            &[
                "CREATE TABLE a (id INT PRIMARY KEY, b VARCHAR(200))",
                fill,
                "CREATE TABLE z (id INT PRIMARY KEY, b VARCHAR(200))",
                "CREATE TABLE z_new LIKE z",
                "INSERT INTO z VALUES (1, 'x'), (2, 'x')",
                "ANALYZE TABLE a, z, z_new",
            ],
        );
        let dir = WorkDir::new();
        let held = Held::new(server, database);
        let dump = mydumper(server, &dir).args(["-t", "1", "-T", "swapped.a,swapped.z", "--where", &held.condition()]);
        let mut running = dump.spawn();
        running.wait_until("no rows of the first table", |_| {
            let count = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User lock' AND INFO LIKE '%swapped%'";
            server.client().scalar(count) != "0"
        });
        client.run("INSERT INTO z_new SELECT * FROM z");
        client.run("RENAME TABLE z TO z_old, z_new TO z");
        drop(held);
        let output = running.wait();
        assert_eq!(output.code, Some(1), "{product:?}: {}", output.stderr);
        assert_eq!(
            only_line(&output.stderr),
            "[ERROR] swapped.z changed while the dump ran (it was renamed, dropped, truncated or altered): the dump is \
             not complete; run again when no DDL is running"
        );
        assert!(!dir.list().contains(&"metadata".to_owned()));
        client.run(format!("DROP DATABASE {database}"));
    }
}
