//! What a worker reports of a task.

use std::time::Duration;

use common::backup::row_hash::RowsDigest;

use crate::output::file_writer::WrittenFile;
use crate::plan::chunk::{Chunk, KeyRange, Remainder};

/// How far a task is.
#[derive(Debug)]
pub enum Report {
    /// The worker has split a chunk off the table with this index, and is going to dump it.
    Split {
        /// Which table.
        table_index: usize,
        /// The chunk's number.
        number: u64,
        /// The chunk.
        range: KeyRange,
        /// What is left of the table.
        remainder: Option<Remainder>,
    },
    /// The rows of a chunk are dumped.
    Rows(RowsReport),
    /// How many rows a table has in the snapshot.
    RowCount {
        /// Which table.
        table_index: usize,
        /// That meet the conditions of the dump.
        rows: u64,
    },
    /// What CHECKSUM TABLE says of a table; `None` if its engine says nothing.
    DataChecksum {
        /// Which table.
        table_index: usize,
        /// Of its rows in the snapshot.
        checksum: Option<u64>,
    },
    /// A definition is dumped.
    Done,
}

/// A chunk that is dumped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsReport {
    /// Which table, by its index.
    pub table_index: usize,
    /// The chunk's number.
    pub number: u64,
    /// Which rows.
    pub chunk: Chunk,
    /// Their number and hash.
    pub rows: RowsDigest,
    /// The longest statement written, in bytes.
    pub longest_statement: usize,
    /// How long it took to read the rows.
    pub took: Duration,
    /// The files that hold them.
    pub files: Vec<WrittenFile>,
}
