//! Which databases are dumped.

use common::backup::selection::{Filter, is_system};
use common::server::connection::Connection;

use super::Error;

/// Databases in which the server shows itself. They hold nothing that could be restored.
const VIEWS_OF_THE_SERVER: [&str; 2] = ["information_schema", "performance_schema"];

/// The databases of a server.
pub struct DatabaseNames {
    /// Those that the filter passes, sorted.
    pub names: Vec<String>,
    /// How many the user sees, but for the server's own.
    pub seen: usize,
}

impl DatabaseNames {
    /// Lists them.
    pub fn read(connection: &mut Connection, filter: &Filter) -> Result<DatabaseNames, Error> {
        let rows = connection.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")?;
        let all: Vec<String> = rows.iter().map(|row| row.text(0)).collect();
        let seen = all.iter().filter(|name| !is_system(name)).count();
        let mut names: Vec<String> = all.into_iter().filter(|name| filter.passes_database(name)).collect();
        // Sorted here, since names that differ only in case may be equal to the server: which of them gets a number in
        // its file names must not change from run to run.
        names.sort();
        if let Some(name) = filter.databases.iter().find(|name| !names.contains(name)) {
            return Err(Error::Missing { kind: "database", name: name.escape_debug().to_string() });
        }
        let is_view = |name: &&String| VIEWS_OF_THE_SERVER.iter().any(|view| view.eq_ignore_ascii_case(name));
        if let Some(name) = names.iter().find(is_view) {
            return Err(Error::NotDumped(format!(
                "database {name} shows the state of the server and holds no data: it cannot be dumped, so leave it out of \
                 --database, --tables-list and --regex"
            )));
        }
        Ok(DatabaseNames { names, seen })
    }
}
