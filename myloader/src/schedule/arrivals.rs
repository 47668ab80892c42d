//! Files and metadata as they come.

use common::backup::file_name::{Content, DumpFile, TableFileName};
use common::backup::metadata::Metadata;

use super::stage::Stage;
use super::table_state::TableStage;
use super::{Error, Scheduler};
use crate::jobs::job::Job;

impl Scheduler {
    /// Metadata was read: a part of it, or all.
    ///
    /// # Errors
    /// If its rows cannot be loaded, and it is too late for the list of what the user has to do first.
    pub fn metadata(&mut self, metadata: Metadata) -> Result<(), Error> {
        let is_late = self.stage > Stage::Definitions && self.settings.local_infile_off;
        if is_late && metadata.config.local_infile == Some(true) {
            return Err(Error::LocalInfileOff);
        }
        let whole: Vec<TableFileName> =
            metadata.tables.iter().filter(|(_, entry)| entry.rows_sent).map(|(table, _)| table.clone()).collect();
        self.metadata.absorb(metadata);
        for table in whole {
            if let Some(state) = self.tables.get_mut(&table) {
                state.rows_complete = true;
            }
            self.table_went_on(&table);
        }
        Ok(())
    }

    /// To be called before jobs are taken, with the number of bytes that may wait. When more do and no job is ready, what
    /// the restore waits for is still in the input; unless only the end of the input would say that all definitions
    /// before the rows have arrived: then they are taken to be complete.
    ///
    /// # Errors
    /// As [`Scheduler::definitions_arrived`].
    pub fn make_room(&mut self, max_waiting: u64) -> Result<(), Error> {
        let is_full = self.waiting_bytes > max_waiting;
        if is_full && !self.is_busy() && self.next_place().is_none() { self.definitions_arrived() } else { Ok(()) }
    }

    /// Whether more is to be taken from the input once all idle workers have jobs. With no worker busy it always is:
    /// nothing else could make progress.
    pub fn wants_input(&self, max_waiting: u64) -> bool {
        self.waiting_bytes <= max_waiting || !self.is_busy()
    }

    /// A complete file arrived.
    pub fn arrived(&mut self, file: DumpFile, bytes: u64) -> Result<(), Error> {
        self.files += 1;
        let Some(name) = file.content.database().map(str::to_owned) else {
            self.server_wide(file);
            return Ok(());
        };
        if self.settings.verify.is_some()
            && let Content::Rows(rows) = &file.content
        {
            self.verification.has_file(&rows.table);
        }
        if self.settings.verify_only && !matches!(file.content, Content::Database(_)) {
            return Ok(());
        }
        let is_definition = !matches!(file.content, Content::Rows(_));
        if is_definition && !self.settings.schemas && !matches!(file.content, Content::Database(_) | Content::Table(_))
        {
            return Ok(());
        }
        // A table that arrives late is created at once, and its file may be gone before a check comes to it.
        let is_late = matches!(file.content, Content::Table(_)) && self.stage > Stage::Definitions;
        if self.settings.is_checked(&file.content) && !is_late {
            self.ready.push_back(Job::Check(file.clone()));
        }
        let database = self.databases.entry(name.clone()).or_default();
        match &file.content {
            Content::Database(_) if database.file.is_none() => {
                self.ready.push_back(Job::FindDatabase(file.clone()));
                database.file = Some(file);
            }
            Content::Post(_) => database.post = Some(file),
            Content::DatabaseTriggers(_) | Content::Triggers(_) => database.triggers.push(file),
            Content::View(_) => database.views.push(file),
            Content::Sequence(_) => {
                database.sequences.push(file);
                self.start_sequences(&name)?;
            }
            Content::Table(table) => {
                let table = table.clone();
                self.tables.entry(table.clone()).or_default().schema = Some(file);
                self.start_table(&table)?;
            }
            Content::Rows(rows) if self.settings.data => {
                let table = rows.table.clone();
                let state = self.tables.entry(table.clone()).or_default();
                if !matches!(state.stage, TableStage::Skipped | TableStage::Rejected) {
                    let pairs = self.metadata.config.local_infile == Some(true);
                    self.waiting_bytes += state.add_rows(rows, file.layers.compression, bytes, pairs);
                }
                self.start_table(&table)?;
                self.offer_rows(&table);
            }
            _ => {}
        }
        Ok(())
    }

    /// A file that belongs to no database.
    fn server_wide(&mut self, file: DumpFile) {
        match file.content {
            Content::Tablespaces if self.settings.schemas && self.settings.create_tables => match self.stage {
                Stage::Definitions | Stage::Target => self.tablespaces = Some(file),
                _ => self.ready.push_back(Job::Tablespaces(file)),
            },
            Content::Accounts if self.settings.accounts => {
                self.accounts = Some(file.clone());
                self.ready.push_back(Job::CheckAccounts(file));
            }
            _ => {}
        }
    }

    /// The dumper says that no further definition comes before the rows: tables whose rows arrived and that have
    /// none exist already.
    pub fn definitions_announced(&mut self) -> Result<(), Error> {
        self.definitions_announced = true;
        self.use_announced_databases()?;
        self.definitions_arrived()?;
        let tables: Vec<TableFileName> = self.tables.keys().cloned().collect();
        tables.iter().try_for_each(|table| self.start_table(table))
    }

    /// No further definition comes before the rows, as far as is known. Later ones are handled as they arrive.
    fn definitions_arrived(&mut self) -> Result<(), Error> {
        if self.definitions_arrived {
            return Ok(());
        }
        self.definitions_arrived = true;
        self.advance()
    }

    /// No more files come. `metadata` is that of the whole dump.
    pub fn input_ended(&mut self, metadata: Metadata) -> Result<(), Error> {
        self.metadata = metadata;
        self.input_ended = true;
        self.definitions_arrived = true;
        self.definitions_announced = true;
        if self.settings.verify_only {
            // Files of tables may not be there any more, nor are they needed.
            self.use_announced_databases()?;
        }
        self.use_unknown_databases()?;
        self.warn_of_weak_guarantee();
        let tables: Vec<TableFileName> = self.tables.keys().cloned().collect();
        for table in &tables {
            if let Some(state) = self.tables.get_mut(table) {
                state.release_unpaired();
            }
            self.start_table(table)?;
            self.offer_rows(table);
            self.table_went_on(table);
        }
        self.advance()
    }
}
