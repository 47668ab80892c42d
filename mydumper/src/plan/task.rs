//! What a worker does at a time.

use std::fmt;
use std::sync::Arc;

use crate::catalog::{Database, Table};
use crate::plan::chunk::{Chunk, Key, Remainder};
use crate::rows::projection::Projection;

/// Something that one worker does at a time.
#[derive(Debug, Clone)]
pub enum Task {
    /// Tablespaces.
    Tablespaces,
    /// Accounts and their privileges.
    Accounts,
    /// CREATE DATABASE.
    Database(Arc<Database>),
    /// CREATE TABLE.
    Table(Arc<Table>),
    /// A sequence.
    Sequence(Arc<Table>),
    /// The stand-in of a view, and the view.
    View(Arc<Table>),
    /// The triggers of a table.
    Triggers(Arc<Table>),
    /// Routines and events.
    Post(Arc<Database>),
    /// SELECT COUNT(*) of a table with this index.
    RowCount(Arc<Table>, usize),
    /// CHECKSUM TABLE of a table with this index.
    DataChecksum(Arc<Table>, usize),
    /// Rows of a table. Boxed, since most tasks in a queue of very many are definitions.
    Rows(Box<RowsTask>),
}

/// The rows of one chunk.
#[derive(Debug, Clone)]
pub struct RowsTask {
    /// Which table.
    pub table: Arc<Table>,
    /// What is selected of them.
    pub projection: Arc<Projection>,
    /// Its place among the tables whose rows are dumped.
    pub table_index: usize,
    /// Which of its rows.
    pub portion: Portion,
    /// The number that the chunk's files carry.
    pub number: u64,
}

/// Which rows of a table.
#[derive(Debug, Clone)]
pub enum Portion {
    /// These.
    Chunk(Chunk),
    /// The next chunk of what is left of the table: whoever dumps it splits it off, and hands back the remainder.
    Next {
        /// The key that the table is split by.
        key: Arc<Key>,
        /// What is left.
        remainder: Remainder,
        /// About how many rows the chunk is to have.
        rows: u64,
    },
}

impl Task {
    /// What is written when it is done, as an object of a sentence.
    pub fn product(&self) -> String {
        match self {
            Task::Tablespaces => "the tablespaces".to_owned(),
            Task::Accounts => "the accounts".to_owned(),
            Task::Database(database) => format!("the definition of database {}", database.name.escape_debug()),
            Task::Table(table) => format!("the definition of {}", table.name),
            Task::Sequence(sequence) => format!("the definition of sequence {}", sequence.name),
            Task::View(view) => format!("the definition of view {}", view.name),
            Task::Triggers(_) | Task::Post(_) | Task::RowCount(..) | Task::DataChecksum(..) | Task::Rows(_) => {
                format!("the {self}")
            }
        }
    }
}

impl fmt::Display for Task {
    /// As messages name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Task::Tablespaces => write!(f, "tablespaces"),
            Task::Accounts => write!(f, "accounts"),
            Task::Database(database) => write!(f, "database {}", database.name.escape_debug()),
            Task::Table(table) => write!(f, "table {}", table.name),
            Task::Sequence(sequence) => write!(f, "sequence {}", sequence.name),
            Task::View(view) => write!(f, "view {}", view.name),
            Task::Triggers(table) => write!(f, "triggers of {}", table.name),
            Task::Post(database) => write!(f, "routines and events of {}", database.name.escape_debug()),
            Task::RowCount(table, _) => write!(f, "row count of {}", table.name),
            Task::DataChecksum(table, _) => write!(f, "checksum of {}", table.name),
            Task::Rows(rows) => rows.fmt(f),
        }
    }
}

impl fmt::Display for RowsTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows of {}, chunk {}", self.table.name, self.number)
    }
}
