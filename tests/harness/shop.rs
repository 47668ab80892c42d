//! The sample database: the bookshop of `tests/fixtures/shop.sql`.

use crate::server::Server;
use crate::sql::Client;
use std::path::PathBuf;

const SHOP: &str = include_str!("../fixtures/shop.sql");
const BRANCHES: &str = include_str!("../fixtures/shop-branches.sql");

/// Makes the bookshop under the name `database`, which is a plain word that no other test uses. It has 7,460 rows times
/// `scale`. With scale 1 it is what the dumps in `tests/fixtures/shop-1.0.1` are of.
#[track_caller]
pub fn load(server: &Server, database: &str, scale: u32) {
    connect_and_load(server, database, scale);
}

/// The same with all kinds of objects and columns, those of `tests/fixtures/shop-branches.sql` too.
#[track_caller]
pub fn load_with_branches(server: &Server, database: &str, scale: u32) {
    connect_and_load(server, database, scale).run_script(BRANCHES);
}

#[track_caller]
fn connect_and_load(server: &Server, database: &str, scale: u32) -> Client {
    // The only lines with the database's name.
    let script = SHOP.replacen("\nCREATE DATABASE shop ", &format!("\nCREATE DATABASE {database} "), 1).replacen(
        "\nUSE shop;",
        &format!("\nUSE {database};"),
        1,
    );
    let mut client = Client::connect(server);
    client.run(format!("SET @scale = {scale}"));
    client.run_script(script);
    client
}

/// What mydumper 1.0.1 wrote of the bookshop, a directory or a stream, by its name. A restore keeps a journal in the
/// directory of its dump, so tests restore copies of it ([`WorkDir::copy_of`](crate::program::WorkDir::copy_of)).
pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop-1.0.1").join(name)
}
