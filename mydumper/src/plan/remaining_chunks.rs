//! What is left to dump of one table.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::plan::chunk::{Chunk, ChunkSize, Key, KeyRange, Remainder};
use crate::plan::task::{Portion, RowsTask};

/// The chunks of a table that no worker has yet.
#[derive(Debug)]
pub enum RemainingChunks {
    /// The whole table as one chunk, the usual case when there are very many tables.
    Whole {
        /// Whether a worker has it.
        given: bool,
    },
    /// These chunks, with their numbers.
    Listed(VecDeque<(u64, Chunk)>),
    /// What each chunk is split off from by the worker that dumps it.
    Split(Box<SplitTable>),
}

/// A table that is split by a key.
#[derive(Debug)]
pub struct SplitTable {
    /// The key.
    pub key: Arc<Key>,
    /// Chunks that an interrupted dump had split off, with their numbers.
    pub unfinished: VecDeque<(u64, KeyRange)>,
    /// What is left; `None` while a worker splits it, and in the end.
    pub remainder: Option<Remainder>,
    /// The number of the next chunk that is split off.
    pub next_number: u64,
    /// Its rows.
    pub chunk_size: ChunkSize,
    /// A worker has what is left, and is splitting the next chunk off it.
    pub is_being_split: bool,
}

impl RemainingChunks {
    /// The whole table as one chunk.
    pub fn whole() -> RemainingChunks {
        RemainingChunks::Whole { given: false }
    }

    /// Nothing.
    pub fn nothing() -> RemainingChunks {
        RemainingChunks::Listed(VecDeque::new())
    }

    /// Whether nothing is left to give out, and nothing will be.
    pub fn is_exhausted(&self) -> bool {
        match self {
            RemainingChunks::Whole { given } => *given,
            RemainingChunks::Listed(chunks) => chunks.is_empty(),
            RemainingChunks::Split(split) => {
                split.unfinished.is_empty() && split.remainder.is_none() && !split.is_being_split
            }
        }
    }

    /// What a worker may take now, and the number of its chunk.
    pub fn next(&mut self) -> Option<(u64, Portion)> {
        match self {
            RemainingChunks::Whole { given } => {
                (!std::mem::replace(given, true)).then_some((0, Portion::Chunk(Chunk::Whole)))
            }
            RemainingChunks::Listed(chunks) => {
                chunks.pop_front().map(|(number, chunk)| (number, Portion::Chunk(chunk)))
            }
            RemainingChunks::Split(split) => split.next(),
        }
    }

    /// No worker has taken this task.
    pub fn put_back(&mut self, task: RowsTask) {
        match (self, task.portion) {
            (RemainingChunks::Whole { given }, _) => *given = false,
            (RemainingChunks::Listed(chunks), Portion::Chunk(chunk)) => chunks.push_front((task.number, chunk)),
            (RemainingChunks::Split(split), Portion::Chunk(Chunk::Range { range, .. })) => {
                split.unfinished.push_front((task.number, range));
            }
            (RemainingChunks::Split(split), Portion::Next { remainder, .. }) => {
                split.remainder = Some(remainder);
                split.next_number = task.number;
                split.is_being_split = false;
            }
            // A table uses only one kind.
            _ => {}
        }
    }
}

impl SplitTable {
    /// All of a table.
    pub fn new(key: Arc<Key>, chunk_size: ChunkSize) -> SplitTable {
        let (unfinished, remainder) = (VecDeque::new(), Some(Remainder::whole_table()));
        SplitTable { key, unfinished, remainder, next_number: 0, chunk_size, is_being_split: false }
    }

    fn next(&mut self) -> Option<(u64, Portion)> {
        let key = Arc::clone(&self.key);
        if let Some((number, range)) = self.unfinished.pop_front() {
            return Some((number, Portion::Chunk(Chunk::Range { key, range })));
        }
        let remainder = self.remainder.take()?;
        let number = self.next_number;
        self.next_number += 1;
        self.is_being_split = true;
        Some((number, Portion::Next { key, remainder, rows: self.chunk_size.rows() }))
    }
}
