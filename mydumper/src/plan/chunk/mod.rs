//! Splitting a table into chunks.
//!
//! A table is split while it is dumped: whoever dumps the next chunk splits it off what is left of the table, at a value
//! that a row's key really has, and hands back the remainder. So nobody waits until all boundaries are known, the number
//! of chunks follows the rows and not the range of the key, and the size of the next chunk can follow the time that the
//! last one took.
//!
//! What is left is always a set of half-open ranges that tile the key's whole domain with the chunks split off so far:
//! every row is in exactly one of them, even one that the server did not show when the boundary was chosen. All here is
//! pure: what the server knows of its keys comes through [`KeyLookup`].

mod division;
mod integer;
mod key;
pub mod range;
mod size;
mod splitter;
#[cfg(test)]
mod tests;

pub use division::KeyLookup;
pub use key::{Key, KeyColumn, KeyKind, Value};
pub use range::KeyRange;
pub use size::{ChunkSize, ChunkSizing, LARGEST_CHUNK};
pub use splitter::Remainder;

use std::sync::Arc;

use common::sql::quote_identifier;

/// The rows that one task dumps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// The whole table.
    Whole,
    /// One of its partitions.
    Partition(String),
    /// A range of a key.
    Range {
        /// The key.
        key: Arc<Key>,
        /// The range of its values.
        range: KeyRange,
    },
}

impl Chunk {
    /// What follows the table's name in a FROM clause.
    pub fn partition_clause(&self) -> Option<String> {
        match self {
            Chunk::Partition(name) => Some(format!("PARTITION ({})", quote_identifier(name))),
            Chunk::Whole | Chunk::Range { .. } => None,
        }
    }

    /// What is said of it after the task's name in the log.
    pub fn description(&self) -> String {
        match (self, self.predicate()) {
            (Chunk::Partition(name), _) => format!(", partition {}", name.escape_debug()),
            (_, Some(predicate)) => format!(", where {predicate}"),
            (_, None) => String::new(),
        }
    }

    /// The condition that its rows meet, as SQL; `None` for all rows.
    pub fn predicate(&self) -> Option<String> {
        match self {
            Chunk::Whole | Chunk::Partition(_) => None,
            Chunk::Range { key, range } => range.predicate(key),
        }
    }
}
