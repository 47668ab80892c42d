//! Outcomes of jobs.

use std::collections::BTreeMap;

use common::backup::metadata::DatabaseEntry;
use common::backup::mydumper_checksum::MydumperChecksum;
use common::backup::row_hash::RowsDigest;

use crate::jobs::target::{DatabaseTarget, Existing, TableTarget};
use crate::tolerance::Rejection;

/// The outcome of a job that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The database is to be restored.
    DatabaseFound(DatabaseTarget, Existing, Findings),
    /// The filter leaves the database out.
    DatabaseSkipped,
    /// A definition was read.
    Checked(Findings),
    /// The server or the dump does not allow what the job was to create, or not all of it.
    Rejected(Vec<Rejection>),
    /// The table exists and waits for rows.
    TableReady {
        target: TableTarget,
        /// Statements that add its keys, when the rows are in.
        keys: Vec<Vec<u8>>,
        /// The statement that adds its foreign keys.
        constraints: Option<Vec<u8>>,
        /// Whether it was there before.
        kept: bool,
        /// Whether its files of rows must be loaded one after the other, in order.
        in_order: bool,
    },
    /// The filter leaves the table out, or it only stands in for a view.
    TableSkipped,
    /// So many rows were loaded.
    RowsLoaded(u64),
    /// What CHECKSUM TABLE says.
    DataChecksum {
        /// `None` for engines without checksums.
        found: Option<u64>,
        /// Whether equal rows always have equal checksums.
        is_sure: bool,
    },
    /// The checksums of a database.
    Checksums(Box<DatabaseSums>),
    /// A part of a table was compared.
    Compared(Compared),
    /// Some rows of the file were loaded, others cannot be.
    RowsSkipped {
        loaded: u64,
        /// Rows that were not; `None` if unknown.
        skipped: Option<u64>,
        rejection: Rejection,
    },
    /// A view, or a routine that uses a library, needs something that does not exist yet.
    Postponed(Vec<Rejection>),
    Accounts {
        /// Privileges on what does not exist yet.
        later: Vec<LaterGrant>,
        /// What failed: the restore always continues without.
        failures: Vec<Rejection>,
    },
    Done,
}

/// What is known of a definition before it is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What the server does not support.
    pub rejections: Vec<Rejection>,
    /// What the server will do differently, as messages.
    pub changes: Vec<String>,
    /// What the user needs for it.
    pub needs: Vec<Need>,
    /// Databases that are named and are not on the server.
    pub missing_databases: Vec<MissingDatabase>,
    /// The tables that foreign keys refer to: the database, where it is named, and the table.
    pub parents: Vec<(Option<String>, String)>,
}

/// What the user has to be allowed to for a definition. Names are of the file's database, unless another is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Adding keys to the table, if they come after its rows.
    LaterKeys,
    /// Adding foreign keys to the table.
    ForeignKeys,
    /// Referring to a table by a foreign key.
    Parent(Option<String>, String),
    View(String),
    DropView(String),
    /// A trigger of this table.
    Trigger(String),
    Routine,
    DropRoutine(String),
    Event,
    /// Making a program under this collation of its database.
    Collation(String),
    /// Taking defaults from a sequence.
    Sequence(Option<String>, String),
}

/// A database that a definition names and that is not on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingDatabase {
    /// Its name, as the dump has it.
    pub name: String,
    /// What names it.
    pub object: String,
    /// Whether the object cannot be created without it.
    pub is_needed: bool,
}

/// What a part of a table is on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// It has these rows; the hash is that of no rows where they are only counted.
    Rows(RowsDigest),
    /// The table, or what was dumped of it, does not exist: the server's text.
    Impossible(String),
}

/// Checksums of a database and of what it has, as far as they are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseSums {
    /// Of the database, its routines, events and triggers.
    pub database: DatabaseEntry,
    /// Of the columns of each table and view.
    pub columns: BTreeMap<String, MydumperChecksum>,
    /// Of the indexes of each table that has any.
    pub indexes: BTreeMap<String, MydumperChecksum>,
    /// Of each view.
    pub views: BTreeMap<String, MydumperChecksum>,
}

/// A privilege on what did not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaterGrant {
    /// Where the statement starts in its file.
    pub line: u64,
    pub statement: Vec<u8>,
    pub account: String,
}
