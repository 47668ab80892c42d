//! What a dump does, in which order and in which chunks: decided from the catalog before the first row is read.
//!
//! Making a plan takes no connection and no I/O, so that it can be tested and shown without a dump. The coordinator
//! runs it.

pub mod chunk;
pub mod nothing;
mod phases;
pub mod remaining_chunks;
pub mod report;
pub mod row_queue;
pub mod settings;
pub mod table;
pub mod task;
pub mod task_queue;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use common::observe::wording::{bytes, count};

use crate::catalog::{Catalog, Database, Table};
use crate::resume::Completed;

use self::settings::Settings;
use self::table::TablePlan;
use self::task::Task;

/// What is dumped, and the phases in the order of these fields. Each ends before the next begins, so that a stream brings
/// definitions before the rows that need them.
#[derive(Debug)]
pub struct Plan {
    /// All databases.
    pub databases: Vec<Arc<Database>>,
    /// All tables, views and sequences. Tasks and reports name a table by its index here.
    pub tables: Arc<[Arc<Table>]>,
    /// Alone, so that a stream brings them before any table.
    pub tablespaces: VecDeque<Task>,
    /// Databases, accounts, sequences and tables.
    pub definitions_before_rows: VecDeque<Task>,
    /// Tables that only a lock keeps at the consistency point: first, so that it is held no longer than they need.
    pub locked_rows: RowsPhase,
    /// All other tables.
    pub free_rows: RowsPhase,
    /// Routines, events, views and triggers.
    pub definitions_after_rows: VecDeque<Task>,
}

/// Tables whose rows are dumped, and then their checksums.
#[derive(Debug, Default)]
pub struct RowsPhase {
    /// The largest first, so that what remains for the end is small.
    pub tables: Vec<TablePlan>,
    /// SELECT COUNT(*), if asked for, and CHECKSUM TABLE, where all rows of a table are dumped.
    pub checksums: VecDeque<Task>,
}

impl Plan {
    /// Plans the dump of a catalog, or what an interrupted dump of it has left to do.
    pub fn new(catalog: &Catalog, settings: &Settings, completed: &Completed) -> Plan {
        let tables: Arc<[Arc<Table>]> = catalog.tables().cloned().collect();
        let mut with_rows: Vec<(usize, &Arc<Table>)> =
            tables.iter().enumerate().filter(|(_, table)| settings.objects.data && table.has_dumped_rows()).collect();
        with_rows.sort_by_key(|(_, table)| Reverse(table.data_length));
        let (locked, free): (Vec<_>, Vec<_>) =
            with_rows.into_iter().partition(|(_, table)| settings.locks_tables && !table.is_transactional());
        let rows_phase = |tables: Vec<(usize, &Arc<Table>)>| RowsPhase {
            checksums: phases::row_counts(&tables, settings)
                .into_iter()
                .chain(phases::checksums(&tables, settings))
                .collect(),
            tables: tables
                .into_iter()
                .map(|(index, table)| TablePlan::new(index, table, settings, completed.of(table)))
                .collect(),
        };
        Plan {
            databases: catalog.databases.clone(),
            tablespaces: settings.objects.tablespaces.then_some(Task::Tablespaces).into_iter().collect(),
            definitions_before_rows: phases::definitions_before_rows(catalog, settings.objects),
            locked_rows: rows_phase(locked),
            free_rows: rows_phase(free),
            definitions_after_rows: phases::definitions_after_rows(catalog, settings.objects),
            tables,
        }
    }

    /// Tables whose rows are dumped, in the order in which their first chunks are given out.
    pub fn tables_with_rows(&self) -> impl Iterator<Item = &TablePlan> {
        self.locked_rows.tables.iter().chain(&self.free_rows.tables)
    }

    /// How many rows are dumped, by the server's estimates.
    pub fn estimated_rows(&self) -> u64 {
        // Each may be as large as a server likes to say.
        self.tables_with_rows().fold(0, |all, planned| all.saturating_add(planned.table.row_estimate))
    }

    /// How many bytes they have on the server, by its estimates.
    pub fn estimated_bytes(&self) -> u64 {
        self.tables_with_rows().fold(0, |all, planned| all.saturating_add(planned.table.data_length))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = count(self.tables_with_rows().count() as u64, "table");
        let rows = count(self.estimated_rows(), "row");
        write!(f, "dumping the rows of {tables}, about {rows}, {} on the server", bytes(self.estimated_bytes()))
    }
}
