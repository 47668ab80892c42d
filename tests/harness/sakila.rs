//! The sakila sample database, of the project's shared folder.

use crate::server::Server;
use crate::sql::Client;
use std::fs;

/// Loads sakila under the name `database`, which is a plain word that no other test uses.
#[track_caller]
pub fn load(server: &Server, database: &str) {
    let read = |name: &str| {
        let path = crate::shared_dir().join("data/sakila").join(name);
        let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        String::from_utf8_lossy(&text).into_owned()
    };
    let mut client = Client::connect(server);
    client.run_script(renamed(&read("schema.sql"), database));
    client.run_script(renamed(&read("data.sql"), database));
    client.run("COMMIT");
}

/// The script with the database's name replaced where it names the database: in USE and SCHEMA statements, and before
/// a table's name in one view.
fn renamed(script: &str, database: &str) -> String {
    let mut text = String::with_capacity(script.len());
    for line in script.split_inclusive('\n') {
        let names_it = ["USE ", "CREATE SCHEMA ", "DROP SCHEMA "].iter().any(|start| line.starts_with(start));
        if names_it {
            text.push_str(&line.replace("sakila", database));
        } else {
            text.push_str(&line.replace(" sakila.", &format!(" {database}.")));
        }
    }
    text
}
