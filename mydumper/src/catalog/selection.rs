//! What the options select of a server's objects.

use std::collections::BTreeSet;

use common::backup::mydumper_checksum::Kinds;
use common::backup::selection::{Filter, Pattern};
use common::backup::table_names::FileNames;
use common::backup::tables_list::has_name;
use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::sql::name::QualifiedName;
use common::sql::quote_string;

use super::program::Program;

/// What is read into a catalog.
#[derive(Debug, Clone, Copy)]
pub struct CatalogSelection<'a> {
    /// Which databases and tables.
    pub filter: &'a Filter,
    /// Which programs are not.
    pub left_out: &'a BTreeSet<Program>,
    /// `--ignore-engines`.
    pub ignored_engines: &'a [String],
    /// Names that files of an earlier dump carry.
    pub names: &'a FileNames,
    /// Which kinds of objects.
    pub objects: Objects,
    /// `--views-as-tables`: their engine.
    pub views_as_tables: Option<&'a str>,
    /// Whether keys are left out, but for those that foreign keys need.
    pub finds_referenced: bool,
    /// `--updated-since`, in days.
    pub updated_since: Option<u64>,
    /// Which checksums are computed.
    pub checksums: Kinds,
    /// `--split-partitions` and `--partition-regex`.
    pub partitions: Option<&'a Partitions>,
    /// `--use-single-column`: chunk keys have one column.
    pub single_column: bool,
    /// Whether TIMESTAMP values are dumped in UTC. Without, no TIMESTAMP column is in a chunk key.
    pub utc: bool,
}

impl CatalogSelection<'_> {
    /// Whether a program of this kind is left out.
    pub fn leaves_out(&self, kind: &str, database: &str, name: &str) -> bool {
        // Hardly ever is there any.
        !self.left_out.is_empty()
            && self.left_out.contains(&Program { kind: kind.to_owned(), name: QualifiedName::new(database, name) })
    }
}

/// What is dumped of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Objects {
    /// Definitions of databases, tables, views and sequences.
    pub schemas: bool,
    /// Rows.
    pub data: bool,
    /// Views.
    pub views: bool,
    /// Triggers.
    pub triggers: bool,
    /// Routines.
    pub routines: bool,
    /// Events.
    pub events: bool,
    /// Tablespaces of the server, whichever databases are dumped.
    pub tablespaces: bool,
    /// Accounts of the server and their privileges, whichever databases are dumped.
    pub accounts: bool,
}

/// Which partitions are dumped, each by itself.
#[derive(Debug, Clone)]
pub struct Partitions {
    /// `--partition-regex`, on their names.
    pub pattern: Option<Pattern>,
}

/// The filter as this server knows names: in any case, and of `--tables-list` those that are there.
pub fn settled(filter: &Filter, connection: &mut Connection, server: &Server) -> Result<Filter, ServerError> {
    let mut filter = Filter { folds_names: server.folds_names, ..filter.clone() };
    filter.tables.settle(|name| {
        let (database, table) = (quote_string(&name.database), quote_string(&name.name));
        let rows = connection.query(format!(
            "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {database} AND TABLE_NAME = {table}"
        ))?;
        // The server compares without regard to case, and to blanks at the end.
        let found = rows.iter().map(|row| QualifiedName::new(row.text(0), row.text(1))).collect();
        Ok::<_, ServerError>(has_name(&found, name, server.folds_names))
    })?;
    Ok(filter)
}
