//! Tables that are on the server: they are compared with the dump before anything is changed.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use common::backup::file_name::{Content, DumpFile, TableFileName};
use common::server::error_codes;
use common::sql::name::QualifiedName;

use super::database_state::{Database, DatabaseState};
use super::stage::Stage;
use super::table_state::TableStage;
use super::{Error, Scheduler};
use crate::jobs::job::Job;
use crate::jobs::outcome::{MissingDatabase, Outcome};
use crate::jobs::target::{ExistingTable, Fate};
use crate::options::DropTable;
use crate::tolerance::{Fault, Rejection};

impl Scheduler {
    /// A job for each table to compare.
    pub(super) fn fit_jobs(&mut self) -> Result<VecDeque<Job>, Error> {
        self.reject_missing_databases()?;
        let replaced = self.replaced()?;
        let files: BTreeSet<TableFileName> = self.tables.keys().chain(self.metadata.tables.keys()).cloned().collect();
        let mut jobs = VecDeque::new();
        for file in files {
            if self.is_missing(&file)? {
                self.reject_missing_table(&file);
            } else {
                jobs.extend(self.fit_job(&file, &replaced)?);
            }
        }
        Ok(jobs)
    }

    /// Databases that are neither there nor created, if something of them is wanted.
    fn reject_missing_databases(&mut self) -> Result<(), Error> {
        let mut missing = Vec::new();
        for (name, database) in &self.databases {
            let DatabaseState::Found(target) = &database.state else { continue };
            let is_made = self.settings.create_databases && database.file.is_some();
            if database.existing.database || is_made || self.settings.verify_only {
                continue;
            }
            let mut tables =
                self.tables.keys().chain(self.metadata.tables.keys()).filter(|file| file.database == *name);
            let has_objects = database.post.is_some() || !database.views.is_empty() || !database.sequences.is_empty();
            if has_objects || tables.try_fold(false, |any, file| Ok::<_, Error>(any || self.passes_source(file)?))? {
                missing.push((name.clone(), Arc::clone(target), database.file.is_some()));
            }
        }
        for (name, target, has_file) in missing {
            let why = if has_file { "options exclude its definition" } else { "the dump does not have its definition" };
            self.reject_all(vec![Rejection {
                object: format!("database {}", target.target.escape_debug()),
                why: format!("it is not on the server and is not created, since {why}: create it first"),
                fault: Fault::Target,
            }]);
            if let Some(database) = self.databases.get_mut(&name) {
                database.state = DatabaseState::Rejected(Some(target));
            }
        }
        Ok(())
    }

    /// Whether rows are to go into a table that is neither there nor created. A definition that should be there and is not is
    /// another error.
    fn is_missing(&self, file: &TableFileName) -> Result<bool, Error> {
        let (state, entry) = (self.tables.get(file), self.metadata.tables.get(file));
        let is_left_out = !self.settings.create_tables || entry.is_some_and(|entry| entry.columns.is_some());
        let is_defined = state.is_some_and(|state| state.schema.is_some());
        let has_rows =
            state.is_some_and(|state| state.row_bytes > 0) || entry.is_some_and(|entry| entry.columns.is_some());
        if !is_left_out || (is_defined && self.settings.create_tables) || !has_rows || !self.settings.data {
            return Ok(false);
        }
        let Some(database) = self.databases.get(&file.database) else { return Ok(false) };
        let DatabaseState::Found(_) = &database.state else { return Ok(false) };
        let Ok(name) = self.real_table_name(file) else { return Ok(false) };
        let is_there = database.existing.names.contains(&*self.settings.server.folded(&name));
        Ok(!is_there && !self.settings.verify_only && !self.is_view_or_sequence(file) && self.passes_source(file)?)
    }

    fn reject_missing_table(&mut self, file: &TableFileName) {
        let target = self.databases.get(&file.database).and_then(Database::target);
        let database = target.map_or_else(|| file.database.clone(), |target| target.target.clone());
        let name = QualifiedName::new(database, self.real_table_name(file).unwrap_or_else(|_| file.table.clone()));
        self.reject_all(vec![Rejection {
            object: format!("table {name}"),
            why: "it is not on the server and is not created: create it first, or leave it out".to_owned(),
            fault: Fault::Target,
        }]);
        self.tables.entry(file.clone()).or_default();
        self.set_stage(file, TableStage::Rejected);
    }

    /// Whether a table that came late is to be compared first, which is then given out.
    pub(super) fn is_to_be_fitted(&mut self, file: &TableFileName) -> Result<bool, Error> {
        if self.tables.get(file).is_none_or(|state| state.is_fitted) {
            return Ok(false);
        }
        let replaced = self.replaced()?;
        let job = self.fit_job(file, &replaced)?;
        let is_one = job.is_some();
        self.ready.extend(job);
        Ok(is_one)
    }

    fn fit_job(&mut self, file: &TableFileName, replaced: &BTreeSet<QualifiedName>) -> Result<Option<Job>, Error> {
        let table = self.existing_table(file, replaced)?;
        if let Some(state) = self.tables.get_mut(file) {
            state.is_fitted = true;
            state.is_referenced = table.as_ref().is_some_and(|table| !table.references.is_empty());
        }
        Ok(table.map(|table| Job::Fit(Arc::new(table))))
    }

    /// What is dropped before tables are made, where foreign keys refer to it.
    fn replaced(&self) -> Result<BTreeSet<QualifiedName>, Error> {
        if self.databases.values().all(|database| database.existing.references.is_empty()) {
            return Ok(BTreeSet::new());
        }
        Ok(self.existing_to_drop()?.into_iter().map(|name| self.folded(&name)).collect())
    }

    fn folded(&self, name: &QualifiedName) -> QualifiedName {
        let server = &self.settings.server;
        QualifiedName::new(server.folded(&name.database), server.folded(&name.name))
    }

    /// What is to be compared of a table; `None` if nothing is.
    fn existing_table(
        &self,
        file: &TableFileName,
        replaced: &BTreeSet<QualifiedName>,
    ) -> Result<Option<ExistingTable>, Error> {
        let Some(database) = self.databases.get(&file.database) else { return Ok(None) };
        let Some(target) = database.target() else { return Ok(None) };
        let stands_for_view = database.views.iter().any(|view| view.content.table() == Some(file));
        if self.settings.verify_only
            || stands_for_view
            || self.is_view_or_sequence(file)
            || !self.passes_source(file)?
        {
            return Ok(None);
        }
        let Ok(real) = self.real_table_name(file) else { return Ok(None) };
        let name = QualifiedName::new(target.target.clone(), real);
        let state = self.tables.get(file);
        let schema = state.and_then(|state| state.schema.clone());
        let entry = self.metadata.tables.get(file);
        let Some(fate) = self.fate(database, &name.name, schema.as_ref()) else { return Ok(None) };
        let references: Vec<_> = match fate {
            Fate::Replaced => {
                let of_table = database.existing.references.iter().filter(|reference| reference.parent == name);
                of_table.filter(|reference| !self.goes(&reference.child, replaced)).cloned().collect()
            }
            Fate::Kept | Fate::Emptied => Vec::new(),
        };
        let row_bytes = state.map_or(0, |state| state.row_bytes);
        let has_no_rows = self.input_ended && row_bytes == 0 && entry.is_some_and(|entry| entry.rows == Some(0));
        let is_needed = match fate {
            Fate::Replaced => !references.is_empty(),
            Fate::Emptied => true,
            Fate::Kept if schema.is_some() => self.has_rows() && !has_no_rows,
            Fate::Kept => row_bytes > 0 || entry.is_some_and(|entry| entry.columns.is_some()),
        };
        Ok(is_needed.then(|| ExistingTable {
            file: file.clone(),
            name,
            schema,
            columns: entry.and_then(|entry| entry.columns.clone()),
            columns_named: self.metadata.config.local_infile == Some(true)
                || entry.is_some_and(|entry| entry.columns_named),
            fate,
            references,
        }))
    }

    /// What becomes of a table that is there; of one that is not, if it could not be made where others are dropped.
    fn fate(&self, database: &Database, name: &str, schema: Option<&DumpFile>) -> Option<Fate> {
        let settings = &self.settings;
        let drops = settings.drop_table == DropTable::Drop || settings.drop_database;
        if settings.create_tables && drops && schema.is_some() {
            return Some(Fate::Replaced);
        }
        let folded = settings.server.folded(name);
        let is_there = database.existing.names.contains(&*folded) && !database.existing.views.contains(&*folded);
        let is_refused = settings.create_tables && settings.drop_table == DropTable::Fail;
        if !is_there || is_refused || !settings.data {
            return None;
        }
        let is_emptied = schema.is_some() && settings.empties_tables() && self.has_rows();
        Some(if is_emptied { Fate::Emptied } else { Fate::Kept })
    }

    /// Whether a table on the server is dropped by this restore.
    fn goes(&self, name: &QualifiedName, replaced: &BTreeSet<QualifiedName>) -> bool {
        let mut targets = self.databases.values().filter_map(Database::target);
        (self.settings.drop_database && targets.any(|target| target.target == name.database))
            || replaced.contains(&self.folded(name))
    }

    /// A table was compared.
    pub(super) fn fitted(&mut self, table: &ExistingTable, outcome: Outcome) -> Result<(), Error> {
        let rejections = match outcome {
            Outcome::Checked(findings) => findings.rejections,
            Outcome::Rejected(rejections) => rejections,
            _ => Vec::new(),
        };
        if !rejections.is_empty() {
            self.reject_all(rejections);
            self.rejected_files.extend(table.schema.clone());
            self.tables.entry(table.file.clone()).or_default();
            self.set_stage(&table.file, TableStage::Rejected);
            return Ok(());
        }
        if self.tables.get(&table.file).is_some_and(|state| state.stage == TableStage::Fitting) {
            self.set_stage(&table.file, TableStage::Waiting);
            return self.start_table(&table.file);
        }
        Ok(())
    }

    /// Of what was found in a definition, what matters: a table that stays is not made, whatever its definition needs.
    pub(super) fn of_what_is_made(&self, file: &DumpFile, found: Vec<Rejection>) -> Result<Vec<Rejection>, Error> {
        const NEEDED: [u16; 5] = [
            error_codes::UNKNOWN_ENGINE,
            error_codes::DISABLED_ENGINE,
            error_codes::NO_SUCH_TABLESPACE,
            error_codes::UNKNOWN_CHARACTER_SET,
            error_codes::UNKNOWN_COLLATION,
        ];
        let Content::Table(table) = &file.content else { return Ok(found) };
        let Some(database) = self.databases.get(&table.database) else { return Ok(found) };
        let Ok(name) = self.real_table_name(table) else { return Ok(found) };
        if !matches!(self.fate(database, &name, Some(file)), Some(Fate::Kept | Fate::Emptied)) {
            return Ok(found);
        }
        let is_needed = |fault| matches!(fault, Fault::Server(Some(code)) if NEEDED.contains(&code));
        Ok(found.into_iter().filter(|rejection| !is_needed(rejection.fault)).collect())
    }

    /// Of databases that definitions name and that are not on the server, those that are not in the dump either: without them
    /// views cannot be created, of which it is known early enough in a directory only; the rest is created and does not work.
    pub(super) fn missing_databases(&mut self, missing: Vec<MissingDatabase>) -> Vec<Rejection> {
        let mut rejections = Vec::new();
        for MissingDatabase { name, object, is_needed } in missing {
            let server = self.settings.server;
            let is_here = |database: &Database| {
                database.target().is_some_and(|target| server.folded(&target.source) == server.folded(&name))
            };
            if self.databases.values().any(is_here) {
                continue;
            }
            let what = format!("database {}, which is neither in the dump nor on the server", name.escape_debug());
            if is_needed && self.stage == Stage::Target {
                let why = format!("it needs {what}: create it first, or leave this out");
                rejections.push(Rejection { object, why, fault: Fault::Target });
            } else if !is_needed {
                self.warnings.push(format!("{object} names {what}: it does not work until the database is there"));
            }
        }
        rejections
    }

    /// Tables that are restored, by their names in the dump.
    pub(super) fn wanted_tables(&self) -> Result<BTreeSet<QualifiedName>, Error> {
        let mut wanted = BTreeSet::new();
        for table in self.tables.keys().chain(self.metadata.tables.keys()) {
            if self.passes_source(table)?
                && let Ok(name) = self.real_table_name(table)
            {
                wanted.insert(self.folded(&QualifiedName::new(self.source_database(table), name)));
            }
        }
        Ok(wanted)
    }

    /// Foreign keys are created though the table that they refer to is not there.
    pub(super) fn warn_of_missing_parents(
        &mut self,
        file: &DumpFile,
        parents: &[(Option<String>, String)],
        wanted: &BTreeSet<QualifiedName>,
    ) -> Result<(), Error> {
        let Content::Table(child) = &file.content else { return Ok(()) };
        let Some(own) = self.databases.get(&child.database).and_then(Database::target).cloned() else { return Ok(()) };
        let server = self.settings.server;
        let is_same = |one: &str, other: &str| server.folded(one) == server.folded(other);
        for (database, parent) in parents {
            let name = database.as_deref().unwrap_or(&own.source);
            // What a database has that is not restored was not looked at.
            let is_of = |database: &&Database| database.target().is_some_and(|target| is_same(&target.source, name));
            let Some(database) = self.databases.values().find(is_of) else { continue };
            let Some(target) = database.target().cloned() else { continue };
            let is_there = database.existing.names.contains(&*server.folded(parent));
            if !is_there && !wanted.contains(&self.folded(&QualifiedName::new(name, parent.clone()))) {
                let child = QualifiedName::new(own.target.clone(), self.real_table_name(child)?);
                let parent = QualifiedName::new(target.target.clone(), parent.clone());
                self.warnings.push(format!(
                    "a foreign key of table {child} refers to {parent}, which is neither in the dump nor on the server: it is \
                     created, and takes no rows until the table is there"
                ));
            }
        }
        Ok(())
    }

    /// Fails, if the dump does not fit what is on the server, or if something would be lost that the server cannot make again.
    pub(super) fn check_target(&mut self) -> Result<(), Error> {
        let is_misfit = self.rejections.iter().any(|rejection| rejection.fault == Fault::Target);
        if self.rejections.is_empty() || !(is_misfit || self.settings.loses_what_exists()) {
            return Ok(());
        }
        let mut rejections = std::mem::take(&mut self.rejections);
        rejections.sort_by(|a, b| a.object.cmp(&b.object));
        Err(Error::Misfits(rejections))
    }
}
