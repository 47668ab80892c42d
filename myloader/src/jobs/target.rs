//! What jobs are about: databases, tables, and what is compared of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use common::backup::file_name::{DumpFile, TableFileName};
use common::backup::metadata::GeneratedColumns;
use common::backup::row_hash::ChunkRows;
use common::sql::name::QualifiedName;

use crate::jobs::committed_rows::CommittedRows;

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
    /// What is known of its rows.
    pub committed_rows: CommittedRows,
    /// The statements that set a session as its rows want it, where its definition says so.
    pub session: Arc<[Vec<u8>]>,
}

/// What a database has on the server before the restore: tables, views and sequences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Existing {
    pub database: bool,
    /// Its collation.
    pub collation: Option<String>,
    /// The collation that the dump declares.
    pub declared_collation: Option<String>,
    /// All of them, [folded](common::server::Server::folded).
    pub names: BTreeSet<String>,
    /// The views among them. Empty when an interrupted run is continued: it has checked them.
    pub views: BTreeSet<String>,
    /// Those with triggers.
    pub with_triggers: BTreeSet<String>,
    /// Whether the user may have privileges on it that nobody can see, so that none is certain to be missing.
    pub hides_privileges: bool,
    /// Foreign keys to its tables, where tables may be replaced.
    pub references: Vec<Reference>,
}

/// What becomes of a table that is on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It stays, and gets the dump's rows.
    Kept,
    /// It stays, and gets the dump's rows in place of its own.
    Emptied,
    /// The dump's table comes in its place.
    Replaced,
}

/// A table on the server that is compared with the dump's before anything is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingTable {
    /// The names that its files carry.
    pub file: TableFileName,
    /// Its name on the server.
    pub name: QualifiedName,
    /// The file with the dump's definition, if there is one.
    pub schema: Option<DumpFile>,
    /// What the metadata says of the dump's columns, if there is no definition.
    pub columns: Option<Box<str>>,
    /// Whether the statements with rows are known to name their columns.
    pub columns_named: bool,
    pub fate: Fate,
    /// Foreign keys of tables that stay as they are.
    pub references: Vec<Reference>,
}

/// A foreign key that refers to a table of a database that is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The table that has it.
    pub child: QualifiedName,
    pub constraint: String,
    /// The table that it refers to.
    pub parent: QualifiedName,
    pub columns: Vec<ReferenceColumn>,
}

/// A column of a foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceColumn {
    pub parent: String,
    /// `DATA_TYPE`, in lower case, of the column that refers to it.
    pub data_type: String,
    pub unsigned: bool,
    pub charset: Option<String>,
    pub collation: Option<String>,
}

/// A table that is compared with the dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The names that its files carry.
    pub table: TableFileName,
    /// Its name on the server.
    pub name: QualifiedName,
    /// What is selected of each row to be hashed, as SQL; `None` if rows are only counted.
    pub columns: Option<Box<str>>,
    /// The stored generated columns, and the hash of all rows with them; only with `columns`.
    pub generated: Option<GeneratedColumns>,
    /// Whether rows are only counted because the dump has no hashes of them.
    pub only_counted: bool,
    /// Whether rows of the past are among those of a system-versioned table.
    pub history: bool,
    /// Its chunks, which together are all that was dumped of it.
    pub chunks: Vec<ChunkRows>,
    /// The time zone of the session that reads the rows, unless it is the restore's own.
    pub time_zone: Option<String>,
}

/// A part of a table that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The rows of the chunk with this index, hashed or counted as the comparison says.
    Chunk(usize),
    /// All of its rows, in the same way.
    Whole,
    /// The number of all its rows.
    Count,
}
