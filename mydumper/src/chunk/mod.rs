//! Splitting a table into chunks, one pure splitter per kind of key.
//!
//! A splitter gives half-open ranges that tile the key's whole domain: the first has no lower bound and the last no
//! upper one, so that every row is in exactly one chunk, also those beyond the bounds that were read.

mod integer;

pub use integer::{IntegerRange, IntegerRanges};

/// The rows that one task dumps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// The whole table.
    Whole,
    /// A range of an integer key.
    Integer {
        /// The key's column.
        column: String,
        /// The range of its values.
        range: IntegerRange,
    },
}

impl Chunk {
    /// The condition that its rows meet, as SQL; `None` for all rows.
    pub fn predicate(&self) -> Option<String> {
        match self {
            Chunk::Whole => None,
            Chunk::Integer { column, range } => range.predicate(column),
        }
    }
}
