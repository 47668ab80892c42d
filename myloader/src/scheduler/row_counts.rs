//! The rows that were restored against those that the metadata says the dump holds.

use common::dump_file::TableFileName;
use common::name::QualifiedName;

use super::{DatabaseState, Error, Scheduler};
use crate::table_state::Stage;

impl Scheduler {
    /// What was restored against what the dump says that it holds.
    pub(super) fn check_row_counts(&self) -> Result<(), Error> {
        if !self.settings.data {
            return Ok(());
        }
        let mut differences = Vec::new();
        for (table, entry) in &self.metadata.tables {
            let Some(expected) = entry.rows.filter(|_| !entry.is_view && !entry.is_sequence) else { continue };
            let state = self.tables.get(table);
            let restored = match state.map(|state| &state.stage) {
                Some(Stage::Skipped) => continue,
                // A dump without schemas has no file for an empty table.
                None | Some(Stage::Waiting) if !self.passes_source(table)? => continue,
                _ => state.map_or(0, |state| state.restored),
            };
            if restored != expected {
                differences.push(format!("table {table} has {restored} rows of the dump's {expected}"));
            }
        }
        if differences.is_empty() { Ok(()) } else { Err(Error::RowCounts(differences)) }
    }

    /// Whether a table that never started was to be restored at all.
    pub(super) fn passes_source(&self, table: &TableFileName) -> Result<bool, Error> {
        let database = match self.databases.get(&table.database).map(|database| &database.state) {
            Some(DatabaseState::Skipped) => return Ok(false),
            Some(DatabaseState::Ready(target)) => target.source.clone(),
            _ => table.database.clone(),
        };
        let Ok(name) = self.real_table_name(table) else { return Ok(true) };
        Ok(self.settings.filter.passes_table(&QualifiedName::new(database, name))?)
    }
}
