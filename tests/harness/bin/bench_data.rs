//! What is dumped: two large tables and many small ones, made by the server itself.

use harness::server::Server;
use harness::sql::Client;

/// The database that is dumped and restored.
pub const DATABASE: &str = "bench";

/// Rows that one run of `bench_rows.sql` makes.
const ROWS_PER_BLOCK: u64 = 100_000;
/// Rows of lineitem in a megabyte of dump, beside the other tables' share.
const ROWS_PER_MEGABYTE: u64 = 5_800;
/// Documents for 100 rows of lineitem: about a tenth of the dump.
const DOCUMENTS: u32 = 2;
const SMALL_TABLES: u32 = 300;
const SMALL_TABLE_ROWS: u32 = 50;

/// Fills a server so that its dump has about so many megabytes (of 10^6 bytes) of INSERT statements.
pub fn fill(server: &Server, megabytes: u64) {
    let mut client = server.client();
    client.run_script(include_str!("bench_schema.sql"));
    let rows = megabytes * ROWS_PER_MEGABYTE;
    client.run(format!("SET @documents = {DOCUMENTS}"));
    for first in (0..rows).step_by(ROWS_PER_BLOCK as usize) {
        let end = rows.min(first + ROWS_PER_BLOCK);
        client.run(format!("SET @first = {first}, @end = {end}"));
        client.run_script(include_str!("bench_rows.sql"));
    }
    for number in 0..SMALL_TABLES {
        fill_small(&mut client, number);
    }
    client.run("ANALYZE TABLE lineitem, document");
}

fn fill_small(client: &mut Client, number: u32) {
    client.run(format!(
        "CREATE TABLE small_{number:03} (id INT PRIMARY KEY, name VARCHAR(60) NOT NULL, price DECIMAL(10,2), \
         KEY by_name (name)) ENGINE=InnoDB"
    ));
    client.run(format!(
        "INSERT INTO small_{number:03} SELECT n, CONCAT('name ', CRC32(n)), CRC32(n) / 1000 \
         FROM bench_source.number WHERE n < {SMALL_TABLE_ROWS} ORDER BY n"
    ));
}

/// Takes a restored database away, so that the next load finds none.
pub fn drop_database(server: &Server) {
    let mut client = server.client();
    client.run("SET sql_log_bin = 0");
    client.run(format!("DROP DATABASE IF EXISTS {DATABASE}"));
}
