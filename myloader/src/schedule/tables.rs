//! Tables: from their definition to their keys.

use std::sync::Arc;

use common::backup::file_name::TableFileName;
use common::sql::name::QualifiedName;

use super::database_state::DatabaseState;
use super::stage::Stage;
use super::table_state::TableStage;
use super::{Error, Scheduler};
use crate::jobs::committed_rows::CommittedRows;
use crate::jobs::job::{Job, KeyTiming};
use crate::jobs::outcome::Outcome;
use crate::jobs::target::TableTarget;
use crate::options::OptimizeKeys;

impl Scheduler {
    /// Begins a table, when it is its turn and its files are there.
    pub(super) fn start_table(&mut self, table: &TableFileName) -> Result<(), Error> {
        let Some(state) = self.tables.get(table) else { return Ok(()) };
        if self.stage < Stage::Tables || !matches!(state.stage, TableStage::Waiting) {
            return Ok(());
        }
        let (schema, has_rows) = (state.schema.clone(), state.has_rows_waiting());
        if schema.is_none() && !(has_rows && self.definitions_announced) {
            return Ok(());
        }
        let Some(database) = self.databases.get_mut(&table.database) else { return Ok(()) };
        match &database.state {
            DatabaseState::Ready(_) if database.sequences_under_way > 0 => {
                database.waiting.insert(table.clone());
                return Ok(());
            }
            DatabaseState::Ready(_) => {}
            DatabaseState::Skipped => {
                self.set_stage(table, TableStage::Skipped);
                return Ok(());
            }
            DatabaseState::Rejected(_) => {
                self.set_stage(table, TableStage::Rejected);
                return Ok(());
            }
            DatabaseState::Unknown | DatabaseState::Looking | DatabaseState::Found(_) | DatabaseState::Creating(_) => {
                database.waiting.insert(table.clone());
                return if has_rows { self.use_database(&table.database) } else { Ok(()) };
            }
        }
        if self.is_to_be_fitted(table)? {
            self.set_stage(table, TableStage::Fitting);
            return Ok(());
        }
        let Some(database) = self.databases.get(&table.database) else { return Ok(()) };
        let DatabaseState::Ready(target) = &database.state else { return Ok(()) };
        let target = Arc::clone(target);
        match schema {
            // Its findings are reported when all tables were tried.
            Some(file) if self.rejected_files.contains(&file) && self.passes_source(table)? => {
                self.set_stage(table, TableStage::Rejected);
            }
            Some(file) => {
                self.set_stage(table, TableStage::Creating);
                self.ready.push_back(Job::CreateTable(target, file, self.when_keys(table)));
            }
            None => {
                let name = self.real_table_name(table)?;
                let source = QualifiedName::new(target.source.clone(), name.clone());
                if self.settings.filter.passes_table(&source)? {
                    let name = QualifiedName::new(target.target.clone(), name);
                    let target = TableTarget {
                        file: table.clone(),
                        name,
                        committed_rows: CommittedRows::default(),
                        session: Arc::default(),
                    };
                    self.table_done(
                        table,
                        Outcome::TableReady {
                            target,
                            keys: Vec::new(),
                            constraints: None,
                            kept: false,
                            in_order: false,
                        },
                    );
                } else {
                    self.set_stage(table, TableStage::Skipped);
                }
            }
        }
        Ok(())
    }

    /// An index of few rows costs less while they come than as a change of the table's definition afterwards. How many
    /// come is known from their files, and of a stream from what the dump's server had estimated.
    pub(super) fn when_keys(&self, table: &TableFileName) -> KeyTiming {
        /// Length of the rows as text or in the server's pages. The costs are equal at about twice as many.
        const FEW: u64 = 64 << 10;
        let state = self.tables.get(table);
        if state.is_some_and(|state| state.is_referenced) {
            return KeyTiming::WithTable;
        }
        match self.settings.optimize_keys {
            OptimizeKeys::Skip => return KeyTiming::WithTable,
            OptimizeKeys::AfterImportPerTable | OptimizeKeys::AfterImportAllTables => return KeyTiming::Later,
            OptimizeKeys::Auto => {}
        }
        let bytes = match state.filter(|state| state.has_all_rows(self.input_ended)) {
            Some(state) => Some(state.row_bytes),
            None => self.metadata.tables.get(table).and_then(|entry| entry.estimated_bytes),
        };
        if bytes.is_some_and(|bytes| bytes <= FEW) { KeyTiming::WithTable } else { KeyTiming::Later }
    }

    /// A table's name on the source.
    pub(super) fn real_table_name(&self, table: &TableFileName) -> Result<String, Error> {
        match self.metadata.tables.get(table).and_then(|entry| entry.real_name.clone()) {
            Some(name) => Ok(name),
            None if !table.table.starts_with("mydumper_") => Ok(table.table.clone()),
            None => Err(Error::NoName(table.to_string())),
        }
    }

    /// A worker has created the table, or not.
    pub(super) fn table_done(&mut self, table: &TableFileName, outcome: Outcome) {
        let Some(state) = self.tables.get_mut(table) else { return };
        match outcome {
            Outcome::TableReady { target, keys, constraints, kept, in_order } => {
                state.in_order = in_order;
                state.keys = keys;
                state.constraints = constraints;
                let target = Arc::new(target);
                if kept && self.settings.empties_tables() {
                    state.stage = TableStage::Emptying;
                    let when = if self.stage < Stage::Emptying { &mut self.to_empty } else { &mut self.ready };
                    when.push_back(Job::Empty(target));
                } else {
                    self.load(table, &target);
                }
            }
            Outcome::Rejected(rejections) => {
                self.reject_all(rejections);
                self.set_stage(table, TableStage::Rejected);
            }
            _ => self.set_stage(table, TableStage::Skipped),
        }
    }

    /// The table waits for rows.
    pub(super) fn load(&mut self, table: &TableFileName, target: &Arc<TableTarget>) {
        self.set_stage(table, TableStage::Loading(Arc::clone(target)));
        self.offer_rows(table);
        self.table_went_on(table);
    }

    /// Puts the table among those that have files to load.
    pub(super) fn offer_rows(&mut self, table: &TableFileName) {
        let Some(state) = self.tables.get_mut(table) else { return };
        if matches!(state.stage, TableStage::Loading(_)) && state.has_rows_waiting() && !state.offered {
            state.offered = true;
            self.loading.push_back(table.clone());
        }
    }

    /// A file of rows was loaded, or not.
    pub(super) fn rows_done(&mut self, table: &TableFileName, outcome: Outcome) {
        let Some(state) = self.tables.get_mut(table) else { return };
        state.active -= 1;
        match outcome {
            Outcome::RowsLoaded(rows) => state.restored += rows,
            Outcome::RowsSkipped { loaded, skipped, rejection } => {
                state.restored += loaded;
                state.skip(skipped);
                self.reject_all(vec![rejection]);
            }
            Outcome::Rejected(rejections) => {
                state.skip(None);
                self.reject_all(rejections);
            }
            _ => {}
        }
        self.table_went_on(table);
    }

    /// When the last rows are loaded, the keys are next.
    pub(super) fn table_went_on(&mut self, table: &TableFileName) {
        let input_ended = self.input_ended;
        let Some(state) = self.tables.get_mut(table) else { return };
        let TableStage::Loading(target) = &state.stage else { return };
        if !state.has_all_rows(input_ended) || state.active > 0 || state.has_rows_waiting() {
            return;
        }
        let target = Arc::clone(target);
        self.whole.push(Arc::clone(&target));
        let keys = std::mem::take(&mut state.keys);
        if keys.is_empty() {
            state.stage = TableStage::Restored;
        } else {
            state.stage = TableStage::AddingKeys;
            let when = if self.settings.optimize_keys == OptimizeKeys::AfterImportAllTables {
                &mut self.late_keys
            } else {
                &mut self.keys
            };
            when.push_back(Job::AddKeys(Arc::clone(&target), keys));
        }
        if let Some(constraints) = state.constraints.take() {
            state.constraints_job = Some(Box::new(Job::AddConstraints(target, constraints)));
        }
    }

    /// Forgets the files of a table that is skipped or rejected.
    pub(super) fn set_stage(&mut self, table: &TableFileName, stage: TableStage) {
        let Some(state) = self.tables.get_mut(table) else { return };
        if matches!(stage, TableStage::Skipped | TableStage::Rejected) {
            self.waiting_bytes -= state.forget_rows();
        }
        state.stage = stage;
    }
}
