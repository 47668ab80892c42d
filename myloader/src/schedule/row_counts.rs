//! The rows that were restored against those that the metadata says the dump holds.

use common::backup::file_name::TableFileName;
use common::backup::metadata::{ConfigSection, Guarantee};
use common::backup::tables_list::{is_like, is_same};
use common::observe::wording::count;
use common::sql::name::QualifiedName;

use super::database_state::{Database, DatabaseState};
use super::table_state::{SkippedRows, TableStage};
use super::{Error, Scheduler};
use crate::config::NothingMatches;
use crate::tolerance::{Fault, Rejection};

impl Scheduler {
    /// A dump whose tables are not all of one point in time says so.
    pub(super) fn warn_of_weak_guarantee(&self) {
        let ConfigSection { guarantee, guarantee_by, .. } = &self.metadata.config;
        let what = match guarantee {
            None | Some(Guarantee::PointInTime) => return,
            Some(Guarantee::TransactionalTables) => "only tables of engines with transactions are of one point in time",
            Some(Guarantee::None) => "its tables may be of different points in time",
        };
        let by = guarantee_by.as_ref().map(|by| format!(" ({by})")).unwrap_or_default();
        tracing::warn!("the dump does not promise one point in time: {what}{by}");
    }

    /// What was restored against what the dump says that it holds. Rows that differ where files are missing are those
    /// files' rows.
    ///
    /// With `--keep-going`, the restore continues without what is missing.
    pub(super) fn check_complete(&mut self) -> Result<(), Error> {
        if self.settings.verify_only {
            return Ok(());
        }
        let (mut differences, mut missing) = self.compare_tables()?;
        missing.extend(self.compare_files());
        if self.settings.tolerance.keep_going {
            self.skipped.extend(differences.into_iter().map(|why| not_complete(why, Fault::Rows)));
            self.incomplete(missing);
            return Ok(());
        }
        if !missing.is_empty() {
            differences.append(&mut missing);
            return Err(Error::Missing(differences));
        }
        if differences.is_empty() { Ok(()) } else { Err(Error::RowCounts(differences)) }
    }

    /// Continues without what is missing in the dump.
    pub fn incomplete(&mut self, missing: Vec<String>) {
        self.skipped.extend(missing.into_iter().map(|why| not_complete(why, Fault::Dump)));
    }

    /// Files against the number that the dump says it has. With a filter, a stream's files are not all looked at.
    fn compare_files(&self) -> Option<String> {
        let expected = self.metadata.config.num_files.filter(|_| self.settings.filter.is_empty())?;
        (expected != self.files).then(|| format!("the dump has {}, {} found", count(expected, "file"), self.files))
    }

    /// Tables whose rows differ, and those whose definition is missing.
    fn compare_tables(&self) -> Result<(Vec<String>, Vec<String>), Error> {
        let (mut differences, mut missing) = (Vec::new(), Vec::new());
        if !self.settings.data {
            return Ok((differences, missing));
        }
        // A dump may have been made without schemas, but not with those of some tables only.
        let has_schemas = self.settings.schemas && self.tables.values().any(|state| state.schema.is_some());
        for (table, entry) in &self.metadata.tables {
            let Some(expected) = entry.rows.filter(|_| !entry.is_view && !entry.is_sequence) else { continue };
            let state = self.tables.get(table);
            let not_restored =
                matches!(state.map(|state| &state.stage), None | Some(TableStage::Waiting | TableStage::Skipped));
            if not_restored && !self.passes_source(table)? {
                continue;
            }
            // Told with the others that the server does not take.
            if state.is_some_and(|state| state.stage == TableStage::Rejected) {
                continue;
            }
            let restored = state.map_or(0, |state| state.restored);
            let told = match state.map(|state| state.skipped) {
                Some(SkippedRows::Rows(rows)) => rows,
                _ => 0,
            };
            if restored.checked_add(told) != Some(expected) {
                differences.push(format!("table {table} has {}, the dump has {expected}", count(restored, "row")));
            } else if has_schemas && state.is_none_or(|state| state.schema.is_none()) {
                missing.push(format!("the file with the definition of table {table} is missing"));
            }
        }
        Ok((differences, missing))
    }

    /// A name that was asked for and is not in the dump is a mistake, not an empty restore.
    pub(super) fn check_filter(&self) -> Result<(), Error> {
        if self.settings.accounts && self.accounts.is_none() {
            return Err(Error::NoAccounts);
        }
        let folds = self.settings.filter.folds_names;
        for name in &self.settings.filter.databases {
            let is_it =
                |database: &Database| database.target().is_some_and(|target| is_same(&target.source, name, folds));
            if !self.databases.values().any(is_it) {
                return Err(Error::NotInDump { kind: "database", name: name.escape_debug().to_string() });
            }
        }
        for name in self.settings.filter.tables.names() {
            let is_it = |table: &TableFileName| {
                is_same(self.source_database(table), &name.database, folds)
                    && self.real_table_name(table).is_ok_and(|real| is_same(&real, &name.name, folds))
            };
            if !self.metadata.tables.keys().chain(self.tables.keys()).any(is_it) {
                return Err(Error::NotInDump { kind: "table", name: name.to_string() });
            }
        }
        for pattern in self.settings.filter.tables.patterns() {
            let is_it = |table: &TableFileName| {
                self.real_table_name(table)
                    .is_ok_and(|real| is_like(pattern, &QualifiedName::new(self.source_database(table), real), folds))
            };
            if !self.metadata.tables.keys().chain(self.tables.keys()).any(is_it) {
                tracing::warn!("no table of the dump is like {pattern} of --tables-list");
            }
        }
        let may_be_nothing = self.settings.allow_empty || self.settings.verify_only || self.settings.accounts;
        if may_be_nothing || self.settings.filter.is_empty() || self.finds_something()? {
            return Ok(());
        }
        Err(NothingMatches { input: "dump" }.into())
    }

    /// Whether the filter lets anything through. A database that was named may be empty.
    fn finds_something(&self) -> Result<bool, Error> {
        let filter = &self.settings.filter;
        if filter.regex.is_none() && filter.tables.is_empty() && filter.omitted.is_empty() {
            return Ok(true);
        }
        let sequences = self.databases.values().flat_map(|database| &database.sequences);
        let sequences = sequences.filter_map(|file| file.content.table());
        for table in self.tables.keys().chain(self.metadata.tables.keys()).chain(sequences) {
            if self.passes_source(table)? {
                return Ok(true);
            }
        }
        for database in self.databases.values().filter(|database| database.post.is_some()) {
            if let Some(target) = database.target()
                && filter.passes_database_objects(&target.source)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The real name of a table's database, as far as it is known.
    pub(super) fn source_database<'a>(&'a self, table: &'a TableFileName) -> &'a str {
        let target = self.databases.get(&table.database).and_then(Database::target);
        target.map_or(&table.database, |target| &target.source)
    }

    /// Whether a table that never started was to be restored at all.
    pub(super) fn passes_source(&self, table: &TableFileName) -> Result<bool, Error> {
        if matches!(self.databases.get(&table.database), Some(Database { state: DatabaseState::Skipped, .. })) {
            return Ok(false);
        }
        let database = self.source_database(table);
        let Ok(name) = self.real_table_name(table) else { return Ok(true) };
        Ok(self.settings.filter.passes_table(&QualifiedName::new(database, name))?)
    }
}

fn not_complete(why: String, fault: Fault) -> Rejection {
    Rejection { object: "not complete".to_owned(), why, fault }
}
