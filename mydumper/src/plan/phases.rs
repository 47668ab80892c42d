//! The tasks of the phases that have no chunks.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::catalog::selection::Objects;
use crate::catalog::{Catalog, Table, TableKind};
use crate::plan::settings::Settings;
use crate::plan::task::Task;

/// Databases, sequences (a column's default may take its values from one) and tables.
pub fn definitions_before_rows(catalog: &Catalog, objects: Objects) -> VecDeque<Task> {
    // Early, though they are restored late: a restore is to know before it loads rows whether it can take them.
    let accounts = objects.accounts.then_some(Task::Accounts);
    if !objects.schemas {
        return accounts.into_iter().collect();
    }
    let of_kind = |wanted: fn(&TableKind) -> bool| catalog.tables().filter(move |table| wanted(&table.kind)).cloned();
    let databases = catalog.databases.iter().cloned().map(Task::Database);
    let sequences = of_kind(|kind| *kind == TableKind::Sequence).map(Task::Sequence);
    let tables =
        of_kind(|kind| matches!(kind, TableKind::Base { .. } | TableKind::ViewAsTable { .. })).map(Task::Table);
    databases.chain(accounts).chain(sequences).chain(tables).collect()
}

/// Routines and events, views, triggers.
pub fn definitions_after_rows(catalog: &Catalog, objects: Objects) -> VecDeque<Task> {
    let post = catalog.databases.iter().filter(|database| database.has_post()).cloned().map(Task::Post);
    let is_view = |table: &&Arc<Table>| objects.schemas && table.kind == TableKind::View;
    let views = catalog.tables().filter(is_view).cloned().map(Task::View);
    let triggers = catalog.tables().filter(|table| !table.triggers.is_empty()).cloned().map(Task::Triggers);
    post.chain(views).chain(triggers).collect()
}

/// SELECT COUNT(*) of these tables, if it is asked for and says the number of rows that the dump has to have.
pub fn row_counts(tables: &[(usize, &Arc<Table>)], settings: &Settings) -> VecDeque<Task> {
    let counted = settings.counts_rows && !settings.limits_rows;
    tables.iter().filter(|_| counted).map(|(index, table)| Task::RowCount(Arc::clone(table), *index)).collect()
}

/// CHECKSUM TABLE of those of these tables whose rows are all dumped, and of which it says something reliable.
pub fn checksums(tables: &[(usize, &Arc<Table>)], settings: &Settings) -> VecDeque<Task> {
    if !settings.checksums_rows || settings.chooses_rows {
        return VecDeque::new();
    }
    let is_whole = |table: &Table| table.partitions.is_none() || !settings.chooses_partitions;
    let is_reliable =
        |table: &Table| settings.sums_generated_columns || table.columns.iter().all(|column| !column.generated);
    let tables = tables.iter().filter(|(_, table)| table.is_base() && is_whole(table) && is_reliable(table));
    tables.map(|(index, table)| Task::DataChecksum(Arc::clone(table), *index)).collect()
}
