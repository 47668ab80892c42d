//! How the rows of one table are read: in which chunks, and how many are expected.

use std::fmt;
use std::sync::Arc;

use common::observe::wording::{bytes, count};

use crate::catalog::Table;
use crate::plan::chunk::Chunk;
use crate::plan::remaining_chunks::{RemainingChunks, SplitTable};
use crate::plan::settings::Settings;
use crate::resume::TableProgress;

/// How a table's rows are read.
#[derive(Debug)]
pub struct TablePlan {
    /// Its index in [`Plan::tables`](crate::plan::Plan::tables).
    pub index: usize,
    /// The table, with the server's estimates of its rows and bytes, and the key that it is split by.
    pub table: Arc<Table>,
    /// How it is divided.
    pub division: Division,
    /// The chunks that are to be dumped.
    pub remaining: RemainingChunks,
}

/// How a table is divided into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Division {
    /// Each partition is a chunk.
    Partitions,
    /// Ranges of [`Table::chunk_key`], which are split off while the table is dumped.
    Key,
    /// The table is one chunk.
    Whole(WhyWhole),
}

/// Why a table is read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyWhole {
    /// It has no key that chunks can be split by.
    NoKey,
    /// It has no more rows than a chunk.
    OneChunk,
    /// `--where` limits its rows.
    Limited,
    /// The interrupted dump has read it so.
    Before,
}

impl TablePlan {
    /// Plans a table of which this much is completed.
    pub fn new(index: usize, table: &Arc<Table>, settings: &Settings, completed: Option<&TableProgress>) -> TablePlan {
        let (division, remaining) = divide(table, settings, completed);
        TablePlan { index, table: Arc::clone(table), division, remaining }
    }

    /// How many chunks are to be dumped. Exact where no key is split.
    pub fn expected_chunks(&self) -> u64 {
        match &self.remaining {
            RemainingChunks::Whole { given } => u64::from(!given),
            RemainingChunks::Listed(chunks) => chunks.len() as u64,
            RemainingChunks::Split(split) => {
                let all = self.table.row_estimate.div_ceil(split.chunk_size.rows());
                let further = match split.remainder {
                    Some(_) => all.saturating_sub(split.next_number).max(1),
                    None => 0,
                };
                split.unfinished.len() as u64 + further
            }
        }
    }
}

fn divide(table: &Table, settings: &Settings, completed: Option<&TableProgress>) -> (Division, RemainingChunks) {
    // Each partition would have so many rows.
    if let Some(partitions) = table.partitions.as_ref().filter(|_| !settings.limits_rows || settings.chooses_partitions)
    {
        let chunks = (0_u64..).zip(partitions.iter().cloned().map(Chunk::Partition));
        let is_left = |number: u64| !completed.is_some_and(|completed| completed.has(number));
        let remaining = chunks.filter(|(number, _)| is_left(*number)).collect();
        return (Division::Partitions, RemainingChunks::Listed(remaining));
    }
    let size = settings.chunk_sizing.of_table(table.row_estimate, table.data_length, settings.threads);
    match (&table.chunk_key, completed) {
        (Some(key), Some(completed)) if completed.is_split() => {
            let split = SplitTable {
                unfinished: completed.unfinished().collect(),
                remainder: completed.remainder().cloned(),
                next_number: completed.next_number(),
                ..SplitTable::new(Arc::clone(key), size)
            };
            (Division::Key, RemainingChunks::Split(Box::new(split)))
        }
        (_, Some(completed)) if completed.has(0) => (Division::Whole(WhyWhole::Before), RemainingChunks::nothing()),
        _ if settings.limits_rows => (Division::Whole(WhyWhole::Limited), RemainingChunks::whole()),
        (Some(key), _) if table.row_estimate > size.rows() => {
            (Division::Key, RemainingChunks::Split(Box::new(SplitTable::new(Arc::clone(key), size))))
        }
        (Some(_), _) => (Division::Whole(WhyWhole::OneChunk), RemainingChunks::whole()),
        (None, _) => (Division::Whole(WhyWhole::NoKey), RemainingChunks::whole()),
    }
}

impl fmt::Display for TablePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Table { name, row_estimate, data_length, chunk_key, .. } = &*self.table;
        write!(f, "{name}: about {}, {}, ", count(*row_estimate, "row"), bytes(*data_length))?;
        let chunks = count(self.expected_chunks(), "chunk");
        match (self.division, chunk_key) {
            (Division::Partitions, _) => write!(f, "{chunks}, one for each partition"),
            (Division::Key, Some(key)) => write!(f, "about {chunks} by key {key}"),
            (Division::Key, None) => write!(f, "about {chunks}"),
            (Division::Whole(why), _) => write!(f, "whole ({why})"),
        }
    }
}

impl fmt::Display for WhyWhole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WhyWhole::NoKey => "it has no unique key to split it by",
            WhyWhole::OneChunk => "its rows fit into one chunk",
            WhyWhole::Limited => "--where limits its rows",
            WhyWhole::Before => "the interrupted dump has read it",
        })
    }
}
