//! What jobs come to.

use std::collections::BTreeMap;

use common::backup::metadata::DatabaseEntry;
use common::backup::mydumper_checksum::MydumperChecksum;
use common::backup::row_hash::RowsDigest;

use crate::jobs::target::{DatabaseTarget, Existing, TableTarget};
use crate::tolerance::Rejection;

/// What a job that did not fail has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The database is one to restore.
    DatabaseFound(DatabaseTarget, Existing, Findings),
    /// The filter leaves the database out.
    DatabaseSkipped,
    /// A definition was read.
    Checked(Findings),
    /// What the job was to make cannot be made, or not all of it.
    Rejected(Vec<Rejection>),
    /// The table is there and waits for rows.
    TableReady {
        /// Its names.
        target: TableTarget,
        /// Statements that add its keys, when the rows are in.
        keys: Vec<Vec<u8>>,
        /// The statement that adds its foreign keys.
        constraints: Option<Vec<u8>>,
        /// Whether it was there before.
        kept: bool,
        /// Whether its files of rows have to be loaded one after the other, in their order.
        in_order: bool,
    },
    /// The filter leaves the table out, or it only stands in for a view.
    TableSkipped,
    /// So many rows were loaded.
    RowsLoaded(u64),
    /// What CHECKSUM TABLE says.
    DataChecksum {
        /// Nothing, of engines that have none.
        found: Option<u64>,
        /// Whether it is the same for the same rows.
        is_sure: bool,
    },
    /// What there is in a database.
    Checksums(Box<DatabaseSums>),
    /// So is a part of a table.
    Compared(Compared),
    /// So many rows were loaded, and others of the file cannot be.
    RowsSkipped {
        /// Rows that were loaded.
        loaded: u64,
        /// Rows that were not; `None` if nobody knows how many.
        skipped: Option<u64>,
        /// Which, and why.
        rejection: Rejection,
    },
    /// A view, or a routine that uses a library, needs something that is not there yet.
    Postponed(Vec<Rejection>),
    /// So far are the accounts.
    Accounts {
        /// Privileges on what is not there yet.
        later: Vec<LaterGrant>,
        /// What failed: the restore always goes on without.
        failures: Vec<Rejection>,
    },
    /// Nothing more to say.
    Done,
}

/// What is known of a definition before it is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What the server cannot have.
    pub rejections: Vec<Rejection>,
    /// What the server makes another thing of, as messages.
    pub changes: Vec<String>,
}

/// What a part of a table is on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// It has these rows; the hash is that of no rows where they are only counted.
    Rows(RowsDigest),
    /// The table, or what was dumped of it, is not there: the server's text.
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

/// A privilege on what was not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaterGrant {
    /// Where the statement starts in its file.
    pub line: u64,
    /// The statement.
    pub statement: Vec<u8>,
    /// The account, for messages.
    pub account: String,
}
