//! Which databases are dumped.

use common::backup::selection::{Filter, is_system};
use common::backup::tables_list::is_same;
use common::server::connection::Connection;
use common::sql::quote_string;

use super::Error;

/// Databases in which the server shows itself. They hold nothing that could be restored.
const VIEWS_OF_THE_SERVER: [&str; 2] = ["information_schema", "performance_schema"];

/// How MariaDB lists a directory whose name is none that it gives to a database: `lost+found`, `.ssh`.
const NO_FILE_NAME: &str = "#mysql50#";

/// The databases of a server.
pub struct DatabaseNames {
    /// Those that the filter passes, sorted.
    pub names: Vec<String>,
    /// How many the user sees, but for the server's own.
    pub seen: usize,
    /// Directories among the server's data that no filter leaves out, and that are no databases.
    pub directories: Vec<String>,
}

impl DatabaseNames {
    /// Lists them.
    pub fn read(connection: &mut Connection, filter: &Filter) -> Result<DatabaseNames, Error> {
        let rows = connection.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")?;
        let mut all: Vec<String> = rows.iter().map(|row| row.text(0)).collect();
        let mut directories = Vec::new();
        for name in all.iter().filter(|name| name.starts_with(NO_FILE_NAME)) {
            if !has_tables(connection, name)? {
                directories.push(name.clone());
            }
        }
        if let Some(name) = directories.iter().find(|name| filter.has_database(name)) {
            return Err(Error::NotDumped(format!(
                "{} is a directory among the server's data, and no database: leave it out of --database",
                name.escape_debug()
            )));
        }
        all.retain(|name| !directories.contains(name));
        let mut passing = Vec::new();
        for name in directories {
            if filter.passes_database_objects(&name)? {
                passing.push(name);
            }
        }
        let seen = all.iter().filter(|name| !is_system(name)).count();
        let mut names: Vec<String> = all.into_iter().filter(|name| filter.passes_database(name)).collect();
        // Sorted here, since names that differ only in case may be equal to the server: which of them gets a number in
        // its file names must not change from run to run.
        names.sort();
        if let Some(name) =
            filter.databases.iter().find(|name| !names.iter().any(|there| is_same(there, name, filter.folds_names)))
        {
            return Err(Error::Missing { kind: "database", name: name.escape_debug().to_string() });
        }
        let is_view = |name: &&String| VIEWS_OF_THE_SERVER.iter().any(|view| view.eq_ignore_ascii_case(name));
        if let Some(name) = names.iter().find(is_view) {
            return Err(Error::NotDumped(format!(
                "database {name} shows the state of the server and holds no data: it cannot be dumped, so leave it out of \
                 --database, --tables-list and --regex"
            )));
        }
        Ok(DatabaseNames { names, seen, directories: passing })
    }

    /// Warns of what is left out.
    pub fn warn(&self) {
        for name in &self.directories {
            tracing::warn!(
                "{} is left out: {} is a directory among the server's data, and no database",
                name.escape_debug(),
                name.trim_start_matches(NO_FILE_NAME).escape_debug()
            );
        }
    }
}

/// Whether a database has tables: a directory of an old server may be one, though its name says otherwise.
fn has_tables(connection: &mut Connection, name: &str) -> Result<bool, Error> {
    let name = quote_string(name);
    let statement = format!("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = {name} LIMIT 1");
    Ok(connection.query_first(statement)?.is_some())
}
