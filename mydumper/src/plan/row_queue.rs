//! Which chunk of which table is dumped next: pure, driven by the coordinator.

#[cfg(test)]
mod model;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::Table;
use crate::plan::chunk::Remainder;
use crate::plan::remaining_chunks::RemainingChunks;
use crate::plan::task::{RowsTask, Task};
use crate::rows::projection::Projection;

/// Gives out chunks, of few tables at a time, and of each to no more workers than allowed.
pub struct RowQueue {
    tables: Vec<TableRows>,
    /// Where the table with an index is in `tables`.
    places: HashMap<usize, usize>,
    max_threads_per_table: usize,
    /// Tables before this one have given out their last chunk.
    first_open: usize,
    project: Box<dyn Fn(&Table) -> Projection>,
}

#[derive(Debug)]
struct TableRows {
    table: Arc<Table>,
    /// As long as the table is under way: a dump may have very many.
    projection: Option<Arc<Projection>>,
    index: usize,
    remaining: RemainingChunks,
    active: usize,
}

impl RowQueue {
    /// For tables with the index that reports carry, in the order in which they are dumped. `project` makes a table's
    /// projection when its first chunk is given out.
    pub fn new(
        tables: impl IntoIterator<Item = (usize, Arc<Table>, RemainingChunks)>,
        max_threads_per_table: usize,
        project: impl Fn(&Table) -> Projection + 'static,
    ) -> RowQueue {
        let tables: Vec<TableRows> = tables
            .into_iter()
            .map(|(index, table, remaining)| TableRows { table, projection: None, index, remaining, active: 0 })
            .collect();
        let places = tables.iter().enumerate().map(|(place, rows)| (rows.index, place)).collect();
        RowQueue { tables, places, max_threads_per_table, first_open: 0, project: Box::new(project) }
    }

    /// The next chunk that a worker may take now. `None` when all are given out, when the tables that have some left
    /// have enough workers, or when a worker is splitting what is left of them.
    pub fn next_task(&mut self) -> Option<Task> {
        while self.tables.get(self.first_open).is_some_and(|rows| rows.remaining.is_exhausted()) {
            self.first_open += 1;
        }
        let limit = self.max_threads_per_table;
        let open = self.tables[self.first_open..].iter_mut();
        open.filter(|rows| rows.active < limit).find_map(|rows| rows.next_task(&self.project))
    }

    /// Takes back a task that no worker has taken, since another may be the next by now.
    pub fn put_back(&mut self, task: RowsTask) {
        let place = self.places.get(&task.table_index).copied().unwrap_or_default();
        let Some(rows) = self.table(task.table_index) else { return };
        rows.active -= 1;
        rows.remaining.put_back(task);
        self.first_open = self.first_open.min(place);
    }

    /// A worker has split its chunk off the table with this index, and this is left.
    pub fn split_off(&mut self, index: usize, remainder: Option<Remainder>) {
        if let Some(TableRows { remaining: RemainingChunks::Split(split), .. }) = self.table(index) {
            split.is_being_split = false;
            split.remainder = remainder;
        }
    }

    /// A chunk of the table with this index was dumped: so many rows, in the time that their SELECT took. Says whether
    /// it was the table's last.
    pub fn finished(&mut self, index: usize, dumped: u64, took: Duration) -> bool {
        let Some(rows) = self.table(index) else { return false };
        rows.active -= 1;
        if let RemainingChunks::Split(split) = &mut rows.remaining {
            split.chunk_size.learn(dumped, took);
        }
        let is_last = rows.active == 0 && rows.remaining.is_exhausted();
        if is_last {
            rows.projection = None;
        }
        is_last
    }

    fn table(&mut self, index: usize) -> Option<&mut TableRows> {
        let place = self.places.get(&index).copied();
        place.and_then(|place| self.tables.get_mut(place))
    }
}

impl TableRows {
    fn next_task(&mut self, project: &dyn Fn(&Table) -> Projection) -> Option<Task> {
        let (number, portion) = self.remaining.next()?;
        self.active += 1;
        let table = Arc::clone(&self.table);
        let projection = Arc::clone(self.projection.get_or_insert_with(|| Arc::new(project(&table))));
        Some(Task::Rows(Box::new(RowsTask { table, projection, table_index: self.index, portion, number })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::chunk::{Chunk, ChunkSize, KeyRange, Value};
    use crate::plan::remaining_chunks::SplitTable;
    use crate::plan::task::Portion;
    use crate::plan::tests::{self, key};

    pub fn table(name: &str) -> Arc<Table> {
        Arc::new(tests::table(name))
    }

    /// Of tables whose columns do not matter.
    pub fn queue_of(
        tables: impl IntoIterator<Item = (usize, Arc<Table>, RemainingChunks)>,
        max_threads_per_table: usize,
    ) -> RowQueue {
        let project = |_: &Table| Projection { columns: Box::default(), lists_columns: false, generated: None };
        RowQueue::new(tables, max_threads_per_table, project)
    }

    fn by_key() -> RemainingChunks {
        RemainingChunks::Split(Box::new(SplitTable::new(key(), ChunkSize::adaptive(1, 10, 0, Duration::from_secs(2)))))
    }

    /// Table, number and rows wanted of the next task.
    fn next(queue: &mut RowQueue) -> Option<(String, u64, Option<u64>)> {
        match queue.next_task()? {
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
    fn a_table_is_split_by_one_worker_at_a_time_and_gets_no_more_workers_than_allowed() {
        let mut queue = queue_of([(1, table("big"), by_key()), (0, table("small"), RemainingChunks::whole())], 2);
        let left = || Some(Remainder::whole_table());
        let short = Duration::from_millis(1);
        assert_eq!(next(&mut queue), Some(("big".into(), 0, Some(10))));
        // What is left of the big table is with its first worker.
        let Some(Task::Rows(small)) = queue.next_task() else { panic!("no task") };
        assert_eq!(queue.next_task().map(|task| task.to_string()), None);
        queue.split_off(1, left());
        // The big one is the first again.
        queue.put_back(*small);
        let Some(Task::Rows(big)) = queue.next_task() else { panic!("no task") };
        queue.put_back(*big);
        assert_eq!(next(&mut queue), Some(("big".into(), 1, Some(10))));
        queue.split_off(1, left());
        assert_eq!(next(&mut queue), Some(("small".into(), 0, None)));
        assert_eq!(next(&mut queue), None);
        assert!(!queue.finished(1, 10, short));
        // The next chunk is twice as large, since the first took a short time.
        assert_eq!(next(&mut queue), Some(("big".into(), 2, Some(20))));
        assert!(queue.finished(0, 5, short));
        queue.split_off(1, None);
        assert_eq!(next(&mut queue), None);
        assert!(!queue.finished(1, 10, short));
        assert!(queue.finished(1, 20, short));
        assert_eq!(next(&mut queue), None);
    }

    #[test]
    fn partitions_are_given_out_one_by_one() {
        let chunks = [(0, "p0"), (1, "p1")].map(|(number, name)| (number, Chunk::Partition(name.into())));
        let remaining = RemainingChunks::Listed(chunks.into());
        let mut queue = queue_of([(0, table("none"), RemainingChunks::nothing()), (1, table("parts"), remaining)], 4);
        assert_eq!(next(&mut queue), Some(("parts".into(), 0, None)));
        assert!(!queue.finished(1, 1, Duration::ZERO));
        assert_eq!(next(&mut queue), Some(("parts".into(), 1, None)));
        assert_eq!(next(&mut queue), None);
        assert!(queue.finished(1, 1, Duration::ZERO));
    }

    #[test]
    fn chunks_that_were_split_off_before_come_first_under_their_own_numbers() {
        let RemainingChunks::Split(split) = by_key() else { panic!("not split") };
        let value = |text: &str| Value(text.into());
        let unfinished = [(3, KeyRange::default().until(&value("7"))), (5, KeyRange::default().group(&value("9")))];
        let before = SplitTable { unfinished: unfinished.into(), next_number: 8, ..*split };
        let whole = RemainingChunks::Split(Box::new(SplitTable { remainder: None, ..before }));
        let mut queue = queue_of([(0, table("big"), whole)], 4);
        assert_eq!(next(&mut queue), Some(("big".into(), 3, None)));
        let Some(Task::Rows(second)) = queue.next_task() else { panic!("no task") };
        let Portion::Chunk(chunk) = &second.portion else { panic!("no chunk") };
        assert_eq!(chunk.predicate().as_deref(), Some("`id` = 9"));
        assert!(!queue.finished(0, 1, Duration::ZERO));
        queue.put_back(*second);
        assert_eq!(next(&mut queue), Some(("big".into(), 5, None)));
        assert_eq!(next(&mut queue), None);
        assert!(queue.finished(0, 1, Duration::ZERO));

        let RemainingChunks::Split(split) = by_key() else { panic!("not split") };
        let with_rest = SplitTable { unfinished: [(3, KeyRange::default())].into(), next_number: 8, ..*split };
        let mut queue = queue_of([(0, table("big"), RemainingChunks::Split(Box::new(with_rest)))], 4);
        assert_eq!(next(&mut queue), Some(("big".into(), 3, None)));
        let Some(Task::Rows(split_off)) = queue.next_task() else { panic!("no task") };
        assert_eq!(split_off.number, 8);
        queue.put_back(*split_off);
        assert_eq!(next(&mut queue), Some(("big".into(), 8, Some(10))));
        assert!(!queue.finished(0, 1, Duration::ZERO));
        queue.split_off(0, Some(Remainder::whole_table()));
        assert_eq!(next(&mut queue), Some(("big".into(), 9, Some(10))));
        queue.split_off(0, None);
        assert!(!queue.finished(0, 1, Duration::ZERO));
        assert!(queue.finished(0, 1, Duration::ZERO));
    }
}
