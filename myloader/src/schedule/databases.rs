//! Databases: which they are, what they have already, and making them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::backup::file_name::{DumpFile, TableFileName};
use common::backup::metadata::TableEntry;
use common::sql::name::QualifiedName;

use super::database_state::{Database, DatabaseState};
use super::stage::Stage;
use super::{Error, Scheduler};
use crate::jobs::job::Job;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::Existing;
use crate::options::DropTable;

impl Scheduler {
    /// The metadata tells of tables whose files may come later, or not at all: what there is in their databases has to be
    /// known before anything is changed.
    pub(super) fn use_announced_databases(&mut self) -> Result<(), Error> {
        for table in self.metadata.tables.keys() {
            self.databases.entry(table.database.clone()).or_default();
        }
        self.use_unknown_databases()
    }

    /// Databases without a file of their own have to be there.
    pub(super) fn use_unknown_databases(&mut self) -> Result<(), Error> {
        let names: Vec<String> = self.databases.keys().cloned().collect();
        names.iter().try_for_each(|name| self.use_database(name))
    }

    pub(super) fn use_database(&mut self, name: &str) -> Result<(), Error> {
        let Some(database) = self.databases.get_mut(name) else { return Ok(()) };
        if database.file.is_none() && matches!(database.state, DatabaseState::Unknown) && self.definitions_announced {
            if name.starts_with("mydumper_") {
                return Err(Error::NoName(name.to_owned()));
            }
            database.state = DatabaseState::Looking;
            self.ready.push_back(Job::UseDatabase(name.to_owned()));
        }
        Ok(())
    }

    /// A worker has looked for the database.
    pub(super) fn database_found(
        &mut self,
        name: &str,
        file: Option<&DumpFile>,
        outcome: Outcome,
    ) -> Result<(), Error> {
        let Some(database) = self.databases.get_mut(name) else { return Ok(()) };
        let (target, existing, findings) = match outcome {
            Outcome::DatabaseFound(target, existing, findings) => (target, existing, findings),
            Outcome::Rejected(rejections) => {
                database.state = DatabaseState::Rejected(None);
                self.reject_all(rejections);
                return self.start_tables(name);
            }
            _ => {
                database.state = DatabaseState::Skipped;
                return self.start_tables(name);
            }
        };
        database.state = DatabaseState::Found(Arc::new(target));
        database.existing = existing;
        if let Some(file) = file {
            self.findings.insert(file.clone(), findings);
        }
        self.check_one_database()?;
        if self.stage > Stage::Target { self.begin_database(name) } else { Ok(()) }
    }

    fn check_one_database(&self) -> Result<(), Error> {
        let Some(target) = &self.settings.target_database else { return Ok(()) };
        let mut sources = self.databases.values().filter_map(|database| Some(&database.target()?.source));
        match (sources.next(), sources.next()) {
            (Some(first), Some(second)) => {
                Err(Error::SeveralDatabases { target: target.clone(), first: first.clone(), second: second.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Makes a database that was found.
    pub(super) fn begin_database(&mut self, name: &str) -> Result<(), Error> {
        let Some(database) = self.databases.get_mut(name) else { return Ok(()) };
        let DatabaseState::Found(target) = &database.state else { return Ok(()) };
        let target = Arc::clone(target);
        match database.file.clone() {
            Some(file) if self.rejected_files.contains(&file) => {
                database.state = DatabaseState::Rejected(Some(target));
                self.start_tables(name)
            }
            Some(file) if self.settings.create_databases => {
                database.state = DatabaseState::Creating(Arc::clone(&target));
                self.ready.push_back(Job::CreateDatabase(target, file));
                Ok(())
            }
            _ => {
                database.state = DatabaseState::Ready(target);
                self.start_waiting(name)
            }
        }
    }

    pub(super) fn database_created(&mut self, name: &str, outcome: Outcome) -> Result<(), Error> {
        let Some(database) = self.databases.get_mut(name) else { return Ok(()) };
        let DatabaseState::Creating(target) = &database.state else { return Ok(()) };
        let target = Arc::clone(target);
        if let Outcome::Rejected(rejections) = outcome {
            database.state = DatabaseState::Rejected(Some(target));
            self.reject_all(rejections);
            return self.start_tables(name);
        }
        database.state = DatabaseState::Ready(target);
        self.start_waiting(name)
    }

    /// Begins what waited for the database.
    fn start_waiting(&mut self, name: &str) -> Result<(), Error> {
        self.start_sequences(name)?;
        self.start_tables(name)
    }

    /// Begins the tables that waited for the database, or skips them.
    fn start_tables(&mut self, name: &str) -> Result<(), Error> {
        let Some(database) = self.databases.get_mut(name) else { return Ok(()) };
        let tables = std::mem::take(&mut database.waiting);
        tables.iter().try_for_each(|table| self.start_table(table))
    }

    /// Begins the sequences of a database, when it is their turn.
    pub(super) fn start_sequences(&mut self, name: &str) -> Result<(), Error> {
        if self.stage < Stage::Sequences {
            return Ok(());
        }
        let Some(database) = self.databases.get_mut(name) else { return Ok(()) };
        let DatabaseState::Ready(target) = &database.state else { return Ok(()) };
        let target = Arc::clone(target);
        for file in std::mem::take(&mut database.sequences) {
            if file.content.table().map(|sequence| self.passes_source(sequence)).transpose()? == Some(true) {
                self.ready.push_back(Job::Sequence(Arc::clone(&target), file));
                if let Some(database) = self.databases.get_mut(name) {
                    database.sequences_under_way += 1;
                }
            }
        }
        Ok(())
    }

    /// A sequence was created, or not.
    pub(super) fn sequence_done(&mut self, name: &str, outcome: Outcome) -> Result<(), Error> {
        self.reject_what(outcome);
        let Some(database) = self.databases.get_mut(name) else { return Ok(()) };
        database.sequences_under_way -= 1;
        if database.sequences_under_way == 0 { self.start_tables(name) } else { Ok(()) }
    }

    /// Compares the dump with what exists, before anything is changed.
    pub(super) fn check_existing(&self) -> Result<(), Error> {
        if self.settings.server.folds_names {
            self.check_case()?;
        }
        self.check_drop_database()?;
        if self.settings.create_tables && self.settings.drop_table == DropTable::Fail {
            let tables = self.objects_in(|existing| &existing.names, |_| true)?;
            return if tables.is_empty() { Ok(()) } else { Err(Error::TablesExist(tables)) };
        }
        if !self.settings.data {
            return Ok(());
        }
        let goes_into_view = |file: &TableFileName| match self.settings.create_tables {
            true => self.lacks_definition(file),
            false => !self.is_view_or_sequence(file) && self.tables.get(file).is_some_and(|state| state.row_bytes > 0),
        };
        let views = self.objects_in(|existing| &existing.views, goes_into_view)?;
        if !views.is_empty() {
            return Err(Error::ViewsForTables(views));
        }
        if !self.settings.fire_triggers {
            let keeps_all = !self.settings.create_tables || self.settings.drop_table != DropTable::Drop;
            let kept = |file: &TableFileName| keeps_all || self.lacks_definition(file);
            let tables = self.objects_in(|existing| &existing.with_triggers, kept)?;
            return if tables.is_empty() { Ok(()) } else { Err(Error::Triggers(tables)) };
        }
        Ok(())
    }

    /// A database is not dropped if tables of the dump could not be created in it again.
    fn check_drop_database(&self) -> Result<(), Error> {
        if !self.settings.drop_database || !self.definitions_announced {
            return Ok(());
        }
        let mut lost: BTreeMap<&str, Vec<QualifiedName>> = BTreeMap::new();
        for file in self.tables.keys().chain(self.metadata.tables.keys()).collect::<BTreeSet<_>>() {
            let is_created = self.settings.create_tables && !self.lacks_definition(file);
            if is_created || self.is_view_or_sequence(file) || !self.passes_source(file)? {
                continue;
            }
            let Some(target) = self.databases.get(&file.database).and_then(Database::target) else { continue };
            let name = self.real_table_name(file).unwrap_or_else(|_| file.table.clone());
            lost.entry(&target.target).or_default().push(QualifiedName::new(target.target.clone(), name));
        }
        match lost.into_iter().next() {
            Some((database, tables)) => Err(Error::DropsForGood { database: database.to_owned(), tables }),
            None => Ok(()),
        }
    }

    /// Whether the dump has rows, as far as is known: one of `mydumper --no-data` has none to fill emptied tables with.
    pub(super) fn has_rows(&self) -> bool {
        let is_told = |entry: &TableEntry| entry.estimated_bytes.is_some() || entry.rows.is_some_and(|rows| rows > 0);
        self.metadata.config.row_hash.is_some()
            || self.metadata.tables.values().any(is_told)
            || self.tables.values().any(|state| state.row_bytes > 0)
    }

    /// Whether the dump has rows of a table and, as far as can be known, no definition of it.
    fn lacks_definition(&self, table: &TableFileName) -> bool {
        self.definitions_announced && !self.is_view_or_sequence(table) && !self.has_definition(table)
    }

    pub(super) fn is_view_or_sequence(&self, table: &TableFileName) -> bool {
        self.metadata.tables.get(table).is_some_and(|entry| entry.is_view || entry.is_sequence)
    }

    /// Whether the definition of a table, view or sequence has arrived. A stream sends views after the rows, but before
    /// them the tables that stand in for views.
    fn has_definition(&self, table: &TableFileName) -> bool {
        let Some(database) = self.databases.get(&table.database) else { return false };
        let has_schema = self.tables.get(table).is_some_and(|state| state.schema.is_some());
        let is_view = self.metadata.tables.get(table).is_some_and(|entry| entry.is_view);
        (has_schema && !(is_view && self.input_ended))
            || database.sequences.iter().chain(&database.views).any(|file| file.content.table() == Some(table))
    }

    /// Names that differ only in case would be those of one table.
    fn check_case(&self) -> Result<(), Error> {
        let mut seen: BTreeMap<(String, String), QualifiedName> = BTreeMap::new();
        for file in self.tables.keys().chain(self.metadata.tables.keys()).collect::<BTreeSet<_>>() {
            let Some(target) = self.databases.get(&file.database).and_then(Database::target) else { continue };
            let Ok(name) = self.real_table_name(file) else { continue };
            if !self.settings.filter.passes_table(&QualifiedName::new(target.source.clone(), name.clone()))? {
                continue;
            }
            let server = &self.settings.server;
            let folded = (server.folded(&target.target).into_owned(), server.folded(&name).into_owned());
            let name = QualifiedName::new(target.source.clone(), name);
            if let Some(other) = seen.insert(folded, name.clone()) {
                return Err(Error::SameButForCase(other, name));
            }
        }
        Ok(())
    }

    /// The tables, views and sequences to drop before anything is created: only those that the dump can create again.
    pub(super) fn existing_to_drop(&self) -> Result<Vec<QualifiedName>, Error> {
        if !self.settings.create_tables || self.settings.drop_table != DropTable::Drop {
            return Ok(Vec::new());
        }
        self.objects_in(|existing| &existing.names, |file| self.has_definition(file))
    }

    /// The tables, views and sequences of the dump that are wanted and among these, by their names on the server.
    fn objects_in(
        &self,
        among: impl Fn(&Existing) -> &BTreeSet<String>,
        is_wanted: impl Fn(&TableFileName) -> bool,
    ) -> Result<Vec<QualifiedName>, Error> {
        let sequences = self.databases.values().flat_map(|database| &database.sequences);
        let sequences = sequences.filter_map(|file| file.content.table());
        let files: BTreeSet<&TableFileName> =
            self.tables.keys().chain(self.metadata.tables.keys()).chain(sequences).collect();
        let mut found = Vec::new();
        for file in files {
            // What cannot be created again stays as it is.
            let schema = self.tables.get(file).and_then(|state| state.schema.as_ref());
            if schema.is_some_and(|schema| self.rejected_files.contains(schema)) {
                continue;
            }
            let Some(database) = self.databases.get(&file.database) else { continue };
            let Some(target) = database.target() else { continue };
            let Ok(name) = self.real_table_name(file) else { continue };
            if among(&database.existing).contains(&*self.settings.server.folded(&name))
                && is_wanted(file)
                && self.settings.filter.passes_table(&QualifiedName::new(target.source.clone(), name.clone()))?
            {
                found.push(QualifiedName::new(target.target.clone(), name));
            }
        }
        Ok(found)
    }
}
