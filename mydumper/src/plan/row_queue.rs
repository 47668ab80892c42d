//! Which rows are dumped next: pure, driven by the coordinator.

#[cfg(test)]
mod model;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::Table;
use crate::plan::chunk::{Chunk, Key, KeyRange, Pace, Rest};
use crate::plan::task::{Portion, RowsTask, Task};
use crate::rows::projection::Projection;

/// What is left to give out of one table.
#[derive(Debug)]
pub enum Supply {
    /// The whole table as one chunk, as it is of most where there are very many.
    Whole {
        /// Whether a worker has it.
        given: bool,
    },
    /// These chunks, with their numbers.
    Chunks(VecDeque<(u64, Chunk)>),
    /// What each chunk is cut off from by the worker that dumps it.
    Cut(Box<Cutting>),
}

/// A table that is cut.
#[derive(Debug)]
pub struct Cutting {
    /// The key that the table is cut by.
    pub key: Arc<Key>,
    /// Chunks that were cut off before, with their numbers.
    pub unfinished: VecDeque<(u64, KeyRange)>,
    /// What is left; `None` while a worker cuts, and in the end.
    pub rest: Option<Rest>,
    /// The number of the next chunk that is cut off.
    pub next_number: u64,
    /// Its rows.
    pub pace: Pace,
    /// A worker has what is left, and is cutting the next chunk off it.
    pub is_being_cut: bool,
}

impl Supply {
    /// The whole table as one chunk.
    pub fn whole() -> Supply {
        Supply::Whole { given: false }
    }

    /// All of a table, to be cut.
    pub fn cut(key: Arc<Key>, pace: Pace) -> Supply {
        let (unfinished, rest) = (VecDeque::new(), Some(Rest::whole_table()));
        Supply::Cut(Box::new(Cutting { key, unfinished, rest, next_number: 0, pace, is_being_cut: false }))
    }

    /// Nothing.
    pub fn nothing() -> Supply {
        Supply::Chunks(VecDeque::new())
    }

    /// Whether nothing is left to give out, and nothing will be.
    pub fn is_exhausted(&self) -> bool {
        match self {
            Supply::Whole { given } => *given,
            Supply::Chunks(chunks) => chunks.is_empty(),
            Supply::Cut(cutting) => cutting.unfinished.is_empty() && cutting.rest.is_none() && !cutting.is_being_cut,
        }
    }

    /// What a worker may take now, and the number of its chunk.
    fn next(&mut self) -> Option<(u64, Portion)> {
        match self {
            Supply::Whole { given } => (!std::mem::replace(given, true)).then_some((0, Portion::Chunk(Chunk::Whole))),
            Supply::Chunks(chunks) => chunks.pop_front().map(|(number, chunk)| (number, Portion::Chunk(chunk))),
            Supply::Cut(cutting) => cutting.next(),
        }
    }

    fn put_back(&mut self, task: RowsTask) {
        match (self, task.portion) {
            (Supply::Whole { given }, _) => *given = false,
            (Supply::Chunks(chunks), Portion::Chunk(chunk)) => chunks.push_front((task.number, chunk)),
            (Supply::Cut(cutting), Portion::Chunk(Chunk::Range { range, .. })) => {
                cutting.unfinished.push_front((task.number, range));
            }
            (Supply::Cut(cutting), Portion::Next { rest, .. }) => {
                cutting.rest = Some(rest);
                cutting.next_number = task.number;
                cutting.is_being_cut = false;
            }
            // A table gives out the one or the other.
            _ => {}
        }
    }
}

impl Cutting {
    fn next(&mut self) -> Option<(u64, Portion)> {
        let key = Arc::clone(&self.key);
        if let Some((number, range)) = self.unfinished.pop_front() {
            return Some((number, Portion::Chunk(Chunk::Range { key, range })));
        }
        let rest = self.rest.take()?;
        let number = self.next_number;
        self.next_number += 1;
        self.is_being_cut = true;
        Some((number, Portion::Next { key, rest, rows: self.pace.rows() }))
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
    projection: Arc<Projection>,
    index: usize,
    supply: Supply,
    active: usize,
}

impl RowsFeed {
    /// For tables with the index that reports carry, in the order in which they are dumped.
    pub fn new(
        tables: impl IntoIterator<Item = (usize, Arc<Table>, Arc<Projection>, Supply)>,
        max_threads_per_table: usize,
    ) -> RowsFeed {
        let rows = |(index, table, projection, supply)| TableRows { table, projection, index, supply, active: 0 };
        let tables: Vec<TableRows> = tables.into_iter().map(rows).collect();
        let places = tables.iter().enumerate().map(|(place, rows)| (rows.index, place)).collect();
        RowsFeed { tables, places, max_threads_per_table, first_open: 0 }
    }

    /// The next chunk that a worker may take now. `None` when all are given out, when the tables that have some left
    /// have enough workers, or when what is left of them is being cut.
    pub fn next_task(&mut self) -> Option<Task> {
        while self.tables.get(self.first_open).is_some_and(|rows| rows.supply.is_exhausted()) {
            self.first_open += 1;
        }
        let limit = self.max_threads_per_table;
        let open = self.tables[self.first_open..].iter_mut();
        open.filter(|rows| rows.active < limit).find_map(TableRows::next_task)
    }

    /// Takes back a task that no worker has taken, since another may be the next by now.
    pub fn put_back(&mut self, task: RowsTask) {
        let place = self.places.get(&task.table_index).copied().unwrap_or_default();
        let Some(rows) = self.table(task.table_index) else { return };
        rows.active -= 1;
        rows.supply.put_back(task);
        self.first_open = self.first_open.min(place);
    }

    /// A worker has cut its chunk off the table with this index, and this is left.
    pub fn cut(&mut self, index: usize, left: Option<Rest>) {
        if let Some(TableRows { supply: Supply::Cut(cutting), .. }) = self.table(index) {
            cutting.is_being_cut = false;
            cutting.rest = left;
        }
    }

    /// A chunk of the table with this index was dumped: so many rows, in the time that their SELECT took. Says whether
    /// it was the table's last.
    pub fn finished(&mut self, index: usize, dumped: u64, took: Duration) -> bool {
        let Some(rows) = self.table(index) else { return false };
        rows.active -= 1;
        if let Supply::Cut(cutting) = &mut rows.supply {
            cutting.pace.learn(dumped, took);
        }
        rows.active == 0 && rows.supply.is_exhausted()
    }

    fn table(&mut self, index: usize) -> Option<&mut TableRows> {
        let place = self.places.get(&index).copied();
        place.and_then(|place| self.tables.get_mut(place))
    }
}

impl TableRows {
    fn next_task(&mut self) -> Option<Task> {
        let (number, portion) = self.supply.next()?;
        self.active += 1;
        let (table, projection) = (Arc::clone(&self.table), Arc::clone(&self.projection));
        Some(Task::Rows(Box::new(RowsTask { table, projection, table_index: self.index, portion, number })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::TableKind;
    use crate::plan::chunk::{KeyColumn, KeyKind, Value};
    use common::backup::file_name::TableFileName;
    use common::sql::name::QualifiedName;

    pub fn table(name: &str) -> Arc<Table> {
        Arc::new(Table {
            name: QualifiedName::new("d", name),
            file: TableFileName { database: "d".into(), table: name.into() },
            kind: TableKind::Base { engine: "InnoDB".into() },
            columns: Vec::new(),
            primary_key: vec!["id".into()],
            chunk_key: None,
            partitions: None,
            triggers: Vec::new(),
            history: false,
            row_estimate: 0,
            data_length: 0,
            schema_checksum: None,
            indexes_checksum: None,
        })
    }

    pub fn key() -> Arc<Key> {
        let columns = vec![KeyColumn { name: "id".into(), kind: KeyKind::Integer }];
        Arc::new(Key { index: "PRIMARY".into(), columns })
    }

    /// Of tables whose columns do not matter.
    pub fn feed_of(
        tables: impl IntoIterator<Item = (usize, Arc<Table>, Supply)>,
        max_threads_per_table: usize,
    ) -> RowsFeed {
        let projection = Arc::new(Projection { columns: Box::default(), lists_columns: false });
        let tables = tables.into_iter().map(|(index, table, supply)| (index, table, Arc::clone(&projection), supply));
        RowsFeed::new(tables, max_threads_per_table)
    }

    fn by_key() -> Supply {
        Supply::cut(key(), Pace::adaptive(1, 10, 0, Duration::from_secs(2)))
    }

    /// Table, number and rows wanted of the next task.
    fn next(feed: &mut RowsFeed) -> Option<(String, u64, Option<u64>)> {
        match feed.next_task()? {
            Task::Rows(rows) => {
                let wanted = match rows.portion {
                    Portion::Next { rows, .. } => Some(rows),
                    Portion::Chunk(_) => None,
                };
                Some((rows.table.name.name.clone(), rows.number, wanted))
            }
            _ => None,
        }
    }

    #[test]
    fn a_table_is_cut_by_one_worker_at_a_time_and_gets_no_more_workers_than_allowed() {
        let mut feed = feed_of([(1, table("big"), by_key()), (0, table("small"), Supply::whole())], 2);
        let left = || Some(Rest::whole_table());
        let short = Duration::from_millis(1);
        assert_eq!(next(&mut feed), Some(("big".into(), 0, Some(10))));
        // What is left of the big table is with its first worker.
        let Some(Task::Rows(small)) = feed.next_task() else { panic!("no task") };
        assert_eq!(feed.next_task().map(|task| task.to_string()), None);
        feed.cut(1, left());
        // The big one is the first again.
        feed.put_back(*small);
        let Some(Task::Rows(big)) = feed.next_task() else { panic!("no task") };
        feed.put_back(*big);
        assert_eq!(next(&mut feed), Some(("big".into(), 1, Some(10))));
        feed.cut(1, left());
        assert_eq!(next(&mut feed), Some(("small".into(), 0, None)));
        assert_eq!(next(&mut feed), None);
        assert!(!feed.finished(1, 10, short));
        // The next chunk is twice as large, since the first took a short time.
        assert_eq!(next(&mut feed), Some(("big".into(), 2, Some(20))));
        assert!(feed.finished(0, 5, short));
        feed.cut(1, None);
        assert_eq!(next(&mut feed), None);
        assert!(!feed.finished(1, 10, short));
        assert!(feed.finished(1, 20, short));
        assert_eq!(next(&mut feed), None);
    }

    #[test]
    fn partitions_are_given_out_one_by_one() {
        let chunks = [(0, "p0"), (1, "p1")].map(|(number, name)| (number, Chunk::Partition(name.into())));
        let supply = Supply::Chunks(chunks.into());
        let mut feed = feed_of([(0, table("none"), Supply::nothing()), (1, table("parts"), supply)], 4);
        assert_eq!(next(&mut feed), Some(("parts".into(), 0, None)));
        assert!(!feed.finished(1, 1, Duration::ZERO));
        assert_eq!(next(&mut feed), Some(("parts".into(), 1, None)));
        assert_eq!(next(&mut feed), None);
        assert!(feed.finished(1, 1, Duration::ZERO));
    }

    #[test]
    fn chunks_that_were_cut_before_come_first_under_their_own_numbers() {
        let Supply::Cut(cutting) = by_key() else { panic!("not cut") };
        let value = |text: &str| Value(text.into());
        let unfinished = [(3, KeyRange::default().until(&value("7"))), (5, KeyRange::default().group(&value("9")))];
        let before = Cutting { unfinished: unfinished.into(), next_number: 8, ..*cutting };
        let whole = Supply::Cut(Box::new(Cutting { rest: None, ..before }));
        let mut feed = feed_of([(0, table("big"), whole)], 4);
        assert_eq!(next(&mut feed), Some(("big".into(), 3, None)));
        let Some(Task::Rows(second)) = feed.next_task() else { panic!("no task") };
        let Portion::Chunk(chunk) = &second.portion else { panic!("no chunk") };
        assert_eq!(chunk.predicate().as_deref(), Some("`id` = 9"));
        assert!(!feed.finished(0, 1, Duration::ZERO));
        feed.put_back(*second);
        assert_eq!(next(&mut feed), Some(("big".into(), 5, None)));
        assert_eq!(next(&mut feed), None);
        assert!(feed.finished(0, 1, Duration::ZERO));

        let Supply::Cut(cutting) = by_key() else { panic!("not cut") };
        let with_rest = Cutting { unfinished: [(3, KeyRange::default())].into(), next_number: 8, ..*cutting };
        let mut feed = feed_of([(0, table("big"), Supply::Cut(Box::new(with_rest)))], 4);
        assert_eq!(next(&mut feed), Some(("big".into(), 3, None)));
        let Some(Task::Rows(cut)) = feed.next_task() else { panic!("no task") };
        assert_eq!(cut.number, 8);
        feed.put_back(*cut);
        assert_eq!(next(&mut feed), Some(("big".into(), 8, Some(10))));
        assert!(!feed.finished(0, 1, Duration::ZERO));
        feed.cut(0, Some(Rest::whole_table()));
        assert_eq!(next(&mut feed), Some(("big".into(), 9, Some(10))));
        feed.cut(0, None);
        assert!(!feed.finished(0, 1, Duration::ZERO));
        assert!(feed.finished(0, 1, Duration::ZERO));
    }
}
