//! The units of work, and what they come to.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use common::dump_file::{DumpFile, RowsFile, TableFileName};
use common::name::QualifiedName;

/// A database that is being restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseTarget {
    /// Its name in the dump.
    pub source: String,
    /// Its name on the server.
    pub target: String,
}

/// A table that is being restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTarget {
    /// The names that its files carry.
    pub file: TableFileName,
    /// Its name on the server.
    pub name: QualifiedName,
}

/// Something that one worker does at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Create a database, from its file.
    CreateDatabase(DumpFile),
    /// Look whether a database is there whose file the dump does not have.
    UseDatabase(String),
    /// Create a sequence.
    Sequence(Arc<DatabaseTarget>, DumpFile),
    /// Create a table without the keys that are added later.
    CreateTable(Arc<DatabaseTarget>, DumpFile),
    /// Load a file of rows.
    Rows(Arc<TableTarget>, RowsFile, DumpFile),
    /// Add keys: statements to be run in order.
    AddKeys(Arc<TableTarget>, Vec<Vec<u8>>),
    /// Add foreign keys.
    AddConstraints(Arc<TableTarget>, Vec<u8>),
    /// Create routines.
    Routines(Arc<DatabaseTarget>, DumpFile),
    /// Create a view.
    View(Arc<DatabaseTarget>, DumpFile),
    /// Create triggers.
    Triggers(Arc<DatabaseTarget>, DumpFile),
    /// Create events.
    Events(Arc<DatabaseTarget>, DumpFile),
}

/// What a job that did not fail has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The database is there. `tables` are those that it had before, where it matters.
    DatabaseReady(DatabaseTarget, BTreeSet<String>),
    /// The filter leaves the database out.
    DatabaseSkipped,
    /// The table is there and waits for rows.
    TableReady {
        /// Its names.
        target: TableTarget,
        /// Statements that add its keys, when the rows are in.
        keys: Vec<Vec<u8>>,
        /// The statement that adds its foreign keys.
        constraints: Option<Vec<u8>>,
    },
    /// The filter leaves the table out, or it only stands in for a view.
    TableSkipped,
    /// So many rows were loaded.
    RowsLoaded(u64),
    /// A view needs something that is not there yet.
    ViewPostponed(String),
    /// Nothing more to say.
    Done,
}

impl fmt::Display for Job {
    /// As messages name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Job::CreateDatabase(file)
            | Job::Sequence(_, file)
            | Job::CreateTable(_, file)
            | Job::Rows(_, _, file)
            | Job::Routines(_, file)
            | Job::View(_, file)
            | Job::Triggers(_, file)
            | Job::Events(_, file) => write!(f, "{file}"),
            Job::UseDatabase(name) => write!(f, "database {}", name.escape_debug()),
            Job::AddKeys(table, _) => write!(f, "keys of {}", table.name),
            Job::AddConstraints(table, _) => write!(f, "foreign keys of {}", table.name),
        }
    }
}
