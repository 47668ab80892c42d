//! The journal's records.
//!
//! A record says what is done, or what is about to be. It must be right to go on from any of them, whatever was lost
//! behind it: so what cannot be found out later is written, and waited for, before it is done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::schedule::tolerance::Fault;

/// The version of the records. It grows when one changes its meaning; others are refused.
pub const VERSION: u32 = 1;

/// Database and name.
pub type TableName = (String, String);

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Record {
    /// The first: what is restored, and how.
    Begin {
        /// [`VERSION`].
        version: u32,
        /// Which server.
        server: String,
        /// Options that what is restored depends on, as texts.
        options: BTreeMap<String, String>,
    },
    /// A run of the program begins.
    Run {
        /// What the names of its user locks begin with.
        locks: String,
        /// How many it has; 0 if the server takes none.
        workers: usize,
        /// When the server was started, in seconds since 1970 by its own clock.
        server_started: u64,
        /// The highest of the numbers that the server gave its sessions.
        connection: u32,
    },
    /// Which dump it is: of its metadata.
    Dump {
        /// CRC-32C.
        crc32c: u32,
        /// Bytes.
        length: u64,
    },
    /// A global variable of the server is about to be changed for the time of the restore.
    GlobalVariable {
        /// Its name.
        name: String,
        /// What it is to be again.
        old: String,
    },
    /// So is the redo log, which is turned off.
    RedoLogOff,
    /// What a database had before.
    Database {
        /// Its name on the server.
        name: String,
        /// Whether it was there.
        exists: bool,
        /// Tables, views and sequences.
        names: Vec<String>,
        /// Those with triggers.
        with_triggers: Vec<String>,
    },
    /// A job is done that leaves nothing to be known but that.
    Done {
        /// The job.
        job: String,
    },
    /// A table is there.
    Table {
        /// Which.
        table: TableName,
        /// Whether it was there before.
        kept: bool,
        /// Whether keys are added later.
        keys_later: bool,
    },
    /// A table that was there is empty now, and has none of the dump's triggers.
    Emptied {
        /// Which.
        table: TableName,
    },
    /// Rows that a table had before the first was loaded.
    Counted {
        /// Which.
        table: TableName,
        /// How many.
        rows: u64,
    },
    /// A COMMIT is about to be sent.
    Commit(Commit),
    /// It was answered; of a table's first one, there may have been no word before.
    Committed(Commit),
    /// A statement of a file of rows is left out.
    Gap {
        /// Which file.
        file: String,
        /// Of which table.
        table: TableName,
        /// Which statement, and why.
        gap: Gap,
    },
    /// All rows of a file are committed, or left out.
    File {
        /// Which.
        file: String,
    },
    /// All rows of a table are.
    Whole {
        /// Which.
        table: TableName,
    },
    /// Statements that add keys are done.
    Keys {
        /// Which table's.
        table: TableName,
        /// How many more.
        done: usize,
    },
    /// Foreign keys are added.
    ForeignKeys {
        /// Which table's.
        table: TableName,
    },
    /// Triggers of a table are about to be dropped, since rows are to be loaded.
    Untriggered {
        /// Which table.
        table: TableName,
    },
    /// A file turned out to be damaged, of whose rows some may be in the table.
    Damaged {
        /// Which table.
        table: TableName,
    },
    /// A table is about to be dropped, and loaded from the beginning: nothing that was said of it holds any more but that
    /// it is ours. Its triggers go with it.
    Anew {
        /// Which.
        table: TableName,
    },
    /// A statement of the accounts' file is done.
    Account {
        /// Its line.
        line: u64,
        /// What has come of it.
        outcome: AccountOutcome,
    },
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The file that its rows are in.
    pub file: String,
    /// The table.
    pub table: TableName,
    /// Statements of the file that are committed with it and before.
    pub statements: u64,
    /// Rows of the dump in these.
    pub rows: u64,
    /// By how many the table grows with this transaction.
    pub net: i64,
}

/// A statement that the restore goes on without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The last of the statements of the file that it stands for, counted from 1.
    pub statement: u64,
    /// Why, with file and line.
    pub why: String,
    /// Whose fault it is.
    pub fault: Fault,
    /// How many rows it has, if that is known.
    pub rows: Option<u64>,
    /// Whether some of them may be in the table.
    pub is_torn: bool,
}

/// What has come of a statement on an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountOutcome {
    /// None yet: it is about to be run.
    Begun,
    /// It is done.
    Done,
    /// The account was there, and stays as it is.
    LeftAlone,
    /// The privilege is on what is not there yet.
    Later,
    /// It failed.
    Failed {
        /// Why.
        why: String,
        /// The server's code.
        code: Option<u16>,
    },
}
