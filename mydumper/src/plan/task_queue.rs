//! Where the coordinator's next task comes from: a list of definitions, or the chunks of tables.

use std::collections::VecDeque;

use crate::plan::chunk::Remainder;
use crate::plan::report::RowsReport;
use crate::plan::row_queue::RowQueue;
use crate::plan::task::Task;

/// The tasks of a phase.
pub trait TaskQueue {
    /// The next task; `None` if there is none now.
    fn next_task(&mut self) -> Option<Task>;
    /// Nobody has taken this task.
    fn put_back(&mut self, task: Task);
    /// A chunk was split off the table with this index, and this is left of it.
    fn split_off(&mut self, index: usize, remainder: Option<Remainder>);
    /// A chunk is dumped; says whether it was its table's last.
    fn finished(&mut self, report: &RowsReport) -> bool;
}

impl TaskQueue for VecDeque<Task> {
    fn next_task(&mut self) -> Option<Task> {
        self.pop_front()
    }

    fn put_back(&mut self, task: Task) {
        self.push_front(task);
    }

    fn split_off(&mut self, _: usize, _: Option<Remainder>) {}

    fn finished(&mut self, _: &RowsReport) -> bool {
        false
    }
}

impl TaskQueue for RowQueue {
    fn next_task(&mut self) -> Option<Task> {
        RowQueue::next_task(self)
    }

    fn put_back(&mut self, task: Task) {
        if let Task::Rows(rows) = task {
            RowQueue::put_back(self, *rows);
        }
    }

    fn split_off(&mut self, index: usize, remainder: Option<Remainder>) {
        RowQueue::split_off(self, index, remainder);
    }

    fn finished(&mut self, report: &RowsReport) -> bool {
        RowQueue::finished(self, report.table_index, report.rows.count, report.took)
    }
}
