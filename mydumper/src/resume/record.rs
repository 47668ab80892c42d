//! What the journal of a dump says, record by record.

use std::sync::Arc;

use common::backup::row_hash::RowHash;
use serde::{Deserialize, Serialize};

use super::same_data::Source;
use crate::catalog::Table;
use crate::output::file_writer::WrittenFile;
use crate::plan::chunk::{Chunk, Key, KeyRange, Remainder};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The first: what is dumped, and how.
    Begun(Box<Begun>),
    /// A chunk was split off a table, and is going to be dumped.
    #[serde(rename = "Cut")]
    Split(SplitChunk),
    /// The rows of a chunk are in their files.
    Rows(DoneChunk),
    /// A chunk that was dumped has lost its files, and is dumped again.
    Lost {
        /// The table.
        table: TableId,
        /// The chunk.
        number: u64,
    },
}

/// What has to be the same when the dump is resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// mydumper's version.
    pub version: String,
    /// When, as metadata has it.
    pub started: String,
    /// Options that shape the files, by their names.
    pub options: Vec<(String, String)>,
    /// The server, and its data.
    pub source: Source,
}

/// A table, by the name that its files carry and its real one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableId {
    /// `DB.TABLE`, as file names have it.
    pub file: String,
    /// As messages have it.
    pub name: String,
}

impl TableId {
    /// Of a table of the catalog.
    pub fn of(table: &Table) -> TableId {
        TableId { file: table.file.to_string(), name: table.name.to_string() }
    }
}

/// A chunk that was split off, and what was left of its table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitChunk {
    /// The table.
    pub table: TableId,
    /// The key that it is split by.
    pub key: String,
    /// The chunk.
    pub number: u64,
    /// Its rows.
    pub range: KeyRange,
    /// What is left.
    #[serde(rename = "rest")]
    pub remainder: Option<Remainder>,
}

/// A chunk whose rows are dumped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneChunk {
    /// The table.
    pub table: TableId,
    /// The chunk.
    pub number: u64,
    /// Its rows.
    pub part: Part,
    /// Their number.
    pub rows: u64,
    /// The sum of their hashes.
    pub hash: RowHash,
    /// The sum of their hashes with stored generated columns.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub generated: RowHash,
    /// The longest statement in the files, in bytes.
    pub longest_statement: usize,
    /// The files; none where there are no rows.
    pub files: Vec<WrittenFile>,
}

fn is_nothing(hash: &RowHash) -> bool {
    *hash == RowHash::default()
}

/// Which rows of its table a chunk has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// All.
    Whole,
    /// Those of a partition.
    Partition(String),
    /// Those in a range of the table's key.
    Range(KeyRange),
}

impl Part {
    /// Of a chunk.
    pub fn of(chunk: &Chunk) -> Part {
        match chunk {
            Chunk::Whole => Part::Whole,
            Chunk::Partition(name) => Part::Partition(name.clone()),
            Chunk::Range { range, .. } => Part::Range(range.clone()),
        }
    }

    /// The chunk; `None` if it is a range of a key and there is none.
    pub fn to_chunk(&self, key: Option<&Arc<Key>>) -> Option<Chunk> {
        Some(match self {
            Part::Whole => Chunk::Whole,
            Part::Partition(name) => Chunk::Partition(name.clone()),
            Part::Range(range) => Chunk::Range { key: Arc::clone(key?), range: range.clone() },
        })
    }
}

/// A key, so that another can be told from it.
pub fn key_name(key: &Key) -> String {
    format!("{key:?}")
}
