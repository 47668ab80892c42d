//! Which chunk is next: pure, driven by the coordinator.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use crate::catalog::Table;
use crate::chunk::{Chunk, IntegerRanges};
use crate::task::{RowsTask, Task};

/// The chunks of one table, made one at a time.
#[derive(Debug)]
pub enum Chunks {
    /// The whole table at once.
    Whole(iter::Once<Chunk>),
    /// Ranges of an integer key.
    Integer {
        /// The key's column.
        column: String,
        /// Its ranges.
        ranges: IntegerRanges,
    },
}

impl Chunks {
    /// The whole table as one chunk.
    pub fn whole() -> Chunks {
        Chunks::Whole(iter::once(Chunk::Whole))
    }
}

impl Iterator for Chunks {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        match self {
            Chunks::Whole(once) => once.next(),
            Chunks::Integer { column, ranges } => {
                ranges.next().map(|range| Chunk::Integer { column: column.clone(), range })
            }
        }
    }
}

/// Gives out chunks, of few tables at a time, and of each to no more workers than allowed.
#[derive(Debug)]
pub struct RowsFeed {
    tables: Vec<TableRows>,
    /// Where the table with an index is in `tables`.
    places: HashMap<usize, usize>,
    max_threads_per_table: usize,
    /// Tables before this one have given out their last chunk.
    first_open: usize,
}

#[derive(Debug)]
struct TableRows {
    table: Arc<Table>,
    index: usize,
    chunks: iter::Peekable<Chunks>,
    next_number: u64,
    active: usize,
}

impl RowsFeed {
    /// For tables with the index that reports carry, in the order in which they are dumped.
    pub fn new(
        tables: impl IntoIterator<Item = (usize, Arc<Table>, Chunks)>,
        max_threads_per_table: usize,
    ) -> RowsFeed {
        let tables: Vec<TableRows> = tables
            .into_iter()
            .map(|(index, table, chunks)| TableRows {
                table,
                index,
                chunks: chunks.peekable(),
                next_number: 0,
                active: 0,
            })
            .collect();
        let places = tables.iter().enumerate().map(|(place, rows)| (rows.index, place)).collect();
        RowsFeed { tables, places, max_threads_per_table, first_open: 0 }
    }

    /// The next chunk that a worker may take now. `None` when all are given out, or when the tables that have some
    /// left have enough workers.
    pub fn next_task(&mut self) -> Option<Task> {
        while self.tables.get_mut(self.first_open).is_some_and(|rows| rows.chunks.peek().is_none()) {
            self.first_open += 1;
        }
        let limit = self.max_threads_per_table;
        let rows = self.tables[self.first_open..]
            .iter_mut()
            .find_map(|rows| (rows.active < limit && rows.chunks.peek().is_some()).then_some(rows))?;
        let chunk = rows.chunks.next()?;
        let number = rows.next_number;
        rows.next_number += 1;
        rows.active += 1;
        Some(Task::Rows(RowsTask { table: Arc::clone(&rows.table), table_index: rows.index, chunk, number }))
    }

    /// A chunk of the table with this index was dumped. Says whether it was the table's last.
    pub fn finished(&mut self, index: usize) -> bool {
        let place = self.places.get(&index).copied();
        let Some(rows) = place.and_then(|place| self.tables.get_mut(place)) else { return false };
        rows.active -= 1;
        rows.active == 0 && rows.chunks.peek().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::TableKind;
    use common::dump_file::TableFileName;
    use common::name::QualifiedName;

    fn table(name: &str) -> Arc<Table> {
        Arc::new(Table {
            name: QualifiedName::new("d", name),
            file: TableFileName { database: "d".into(), table: name.into() },
            kind: TableKind::Base { engine: "InnoDB".into() },
            columns: Vec::new(),
            key: vec!["id".into()],
            triggers: Vec::new(),
            row_estimate: 0,
            data_length: 0,
        })
    }

    fn ranges(count: u64) -> Chunks {
        Chunks::Integer { column: "id".into(), ranges: IntegerRanges::new(1, 1000, count) }
    }

    fn next(feed: &mut RowsFeed) -> Option<(String, u64)> {
        match feed.next_task()? {
            Task::Rows(rows) => Some((rows.table.name.name.clone(), rows.number)),
            _ => None,
        }
    }

    #[test]
    fn a_table_gets_no_more_workers_than_allowed() {
        let mut feed = RowsFeed::new([(1, table("big"), ranges(4)), (0, table("small"), Chunks::whole())], 2);
        assert_eq!(next(&mut feed), Some(("big".into(), 0)));
        assert_eq!(next(&mut feed), Some(("big".into(), 1)));
        assert_eq!(next(&mut feed), Some(("small".into(), 0)));
        assert_eq!(next(&mut feed), None);
        assert!(!feed.finished(1));
        assert_eq!(next(&mut feed), Some(("big".into(), 2)));
        assert!(feed.finished(0));
        assert!(!feed.finished(1));
        assert_eq!(next(&mut feed), Some(("big".into(), 3)));
        assert!(!feed.finished(1));
        assert!(feed.finished(1));
        assert_eq!(next(&mut feed), None);
    }
}
