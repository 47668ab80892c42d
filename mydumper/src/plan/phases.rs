//! The tasks of a phase: a list of definitions, or rows, of which more comes as chunks are cut.

use std::collections::VecDeque;

use crate::catalog::{Catalog, TableKind};
use crate::config::Config;
use crate::plan::chunk::Rest;
use crate::plan::row_queue::RowsFeed;
use crate::plan::task::Task;
use crate::work::worker::RowsReport;

/// Where the coordinator's next task comes from.
pub trait Feed {
    /// The next task; `None` if there is none now.
    fn next_task(&mut self) -> Option<Task>;
    /// Nobody has taken this task.
    fn put_back(&mut self, task: Task);
    /// This is left of the table with this index.
    fn cut(&mut self, index: usize, rest: Option<Rest>);
    /// A chunk is done; says whether it was its table's last.
    fn finished(&mut self, report: &RowsReport) -> bool;
}

impl Feed for VecDeque<Task> {
    fn next_task(&mut self) -> Option<Task> {
        self.pop_front()
    }

    fn put_back(&mut self, task: Task) {
        self.push_front(task);
    }

    fn cut(&mut self, _: usize, _: Option<Rest>) {}

    fn finished(&mut self, _: &RowsReport) -> bool {
        false
    }
}

impl Feed for RowsFeed {
    fn next_task(&mut self) -> Option<Task> {
        RowsFeed::next_task(self)
    }

    fn put_back(&mut self, task: Task) {
        if let Task::Rows(rows) = task {
            RowsFeed::put_back(self, *rows);
        }
    }

    fn cut(&mut self, index: usize, rest: Option<Rest>) {
        RowsFeed::cut(self, index, rest);
    }

    fn finished(&mut self, report: &RowsReport) -> bool {
        RowsFeed::finished(self, report.table_index, report.rows.count, report.took)
    }
}

/// Databases, sequences (a column's default may take its values from one) and tables.
pub fn definitions_before_rows(catalog: &Catalog, config: &Config) -> VecDeque<Task> {
    // Early, though they are restored late: a restore is to know before it loads rows whether it can take them.
    let accounts = config.objects.accounts.then_some(Task::Accounts);
    if !config.objects.schemas {
        return accounts.into_iter().collect();
    }
    let of_kind = |wanted: fn(&TableKind) -> bool| catalog.tables().filter(move |table| wanted(&table.kind)).cloned();
    let databases = catalog.databases.iter().cloned().map(Task::Database);
    let sequences = of_kind(|kind| *kind == TableKind::Sequence).map(Task::Sequence);
    let tables = of_kind(|kind| matches!(kind, TableKind::Base { .. })).map(Task::Table);
    databases.chain(accounts).chain(sequences).chain(tables).collect()
}

/// Routines and events, views, triggers.
pub fn definitions_after_rows(catalog: &Catalog, config: &Config) -> VecDeque<Task> {
    let post = catalog.databases.iter().filter(|database| database.has_post()).cloned().map(Task::Post);
    if !config.objects.schemas {
        return post.collect();
    }
    let views = catalog.tables().filter(|table| table.kind == TableKind::View).cloned().map(Task::View);
    let triggers = catalog.tables().filter(|table| !table.triggers.is_empty()).cloned().map(Task::Triggers);
    post.chain(views).chain(triggers).collect()
}
