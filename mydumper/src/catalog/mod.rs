//! The objects to dump, read from information_schema once, right after the snapshots are opened.

mod column;
mod computed;
mod databases;
pub mod interner;
mod keys;
mod object_checksums;
mod program;
mod programs;
mod reader;
pub mod selection;
mod survey;
mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::backup::metadata::DatabaseEntry;
use common::backup::selection::{Filter, FilterError};
use common::backup::tables_list::{has_name, is_like};
use common::exit_codes;
use common::server::connection::ServerError;
use common::sql::name::QualifiedName;

pub use self::column::Column;
pub use self::computed::{Computation, OF_ALL_FILES};
pub use self::program::Program;
pub use self::survey::{Surveyed, SurveyedDatabase};
pub use self::table::{HIGH_PRIORITY, Table, TableKind, is_transactional, keeps_rows_elsewhere};

/// The catalog could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A query failed.
    #[error("cannot read the catalog: {0}")]
    Server(#[from] ServerError),
    /// A pattern could not be evaluated.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// `--database` names one that holds nothing of the user's.
    #[error("{0}")]
    NotDumped(String),
    /// `--database` or `--tables-list` names an object that the server does not have.
    #[error("the server has no {kind} {name}: check the name and the user's privileges")]
    Missing {
        /// Database or table.
        kind: &'static str,
        /// Its name.
        name: String,
    },
}

exit_codes! { Error:
    of source: Server, Filter;
    Exit::Failed: NotDumped, Missing;
}

/// All objects of a dump.
#[derive(Debug, Default)]
pub struct Catalog {
    /// In the order of their names.
    pub databases: Vec<Arc<Database>>,
    /// Tables that `--updated-since` leaves out.
    pub not_updated: Vec<QualifiedName>,
    /// How many databases the user sees, but for the server's own.
    pub seen: usize,
}

/// A database and those of its objects that are dumped.
#[derive(Debug)]
pub struct Database {
    /// Its real name.
    pub name: String,
    /// Its name in file names.
    pub file: String,
    /// Tables, views and sequences, in the order of their names.
    pub tables: Vec<Arc<Table>>,
    /// Routines, in an order in which they can be created.
    pub routines: Vec<Routine>,
    /// Names of events.
    pub events: Vec<String>,
    /// Whether the filters leave out tables, views or sequences of it.
    pub is_cut: bool,
    /// Checksums of its character set and of its objects, as far as the options ask for them.
    pub checksums: DatabaseEntry,
}

/// A stored routine or package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routine {
    /// `LIBRARY` (MySQL), `FUNCTION`, `PROCEDURE`, `PACKAGE` or `PACKAGE BODY` (MariaDB).
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl Catalog {
    /// All tables, views and sequences.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.databases.iter().flat_map(|database| &database.tables)
    }

    fn check_tables_found(&self, filter: &Filter, left_out: &BTreeSet<QualifiedName>) -> Result<(), Error> {
        for pattern in filter.tables.patterns() {
            if !self
                .tables()
                .map(|table| &table.name)
                .chain(left_out)
                .any(|name| is_like(pattern, name, filter.folds_names))
            {
                tracing::warn!("no table that is dumped is like {pattern} of --tables-list");
            }
        }
        for name in filter.tables.names() {
            let only = BTreeSet::from([name.clone()]);
            let dumped = self.tables().any(|table| has_name(&only, &table.name, filter.folds_names));
            if left_out.iter().any(|left_out| has_name(&only, left_out, filter.folds_names)) {
                tracing::warn!("{name} is in --tables-list, but --no-views or --ignore-engines excludes it");
            } else if !dumped
                && !has_name(&filter.omitted, name, filter.folds_names)
                && !filter.unreadable.contains(name)
                && filter.regex.is_none()
                && filter.passes_database(&name.database)
            {
                return Err(Error::Missing { kind: "table", name: name.to_string() });
            }
        }
        Ok(())
    }
}

impl Database {
    /// Whether it has routines or events.
    pub fn has_post(&self) -> bool {
        !self.routines.is_empty() || !self.events.is_empty()
    }
}
