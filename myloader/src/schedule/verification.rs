//! The tables on the server against what the dump says of their rows: which are compared, part by part, and what came of
//! it.

use common::backup::file_name::TableFileName;
use common::backup::row_hash::{self, ChunkRows, RowsDigest, Selection};
use common::observe::wording::count;
use common::sql::name::QualifiedName;

use super::comparison::{Difference, Verified};
use super::database_state::Database;
use super::table_state::{SkippedRows, TableStage, TableState};
use super::{Error, Scheduler};
use crate::jobs::target::Comparison;
use crate::options::Verify;

impl Scheduler {
    /// What was verified.
    pub fn verified(&self) -> Verified {
        self.verification.verified
    }

    /// The name on the server of a table or view that is restored. What could not be restored is reported elsewhere.
    pub(super) fn restored_name(&self, table: &TableFileName) -> Result<Option<QualifiedName>, Error> {
        let is_reported =
            |state: &TableState| state.stage == TableStage::Rejected || state.skipped != SkippedRows::None;
        if self.tables.get(table).is_some_and(is_reported) || !self.passes_source(table)? {
            return Ok(None);
        }
        let target = self.databases.get(&table.database).and_then(Database::target);
        let Some(target) = target else { return Ok(None) };
        Ok(Some(QualifiedName::new(target.target.clone(), self.real_table_name(table)?)))
    }

    /// Lists what is to be compared.
    pub(super) fn begin_verification(&mut self) -> Result<(), Error> {
        let Some(how) = self.settings.verify else { return Ok(()) };
        let hashes = how == Verify::Hash && self.has_hashes();
        let mut names = Vec::new();
        for (table, entry) in &self.metadata.tables {
            if entry.is_view || entry.is_sequence {
                continue;
            }
            names.extend(self.restored_name(table)?.map(|name| (table.clone(), name)));
        }
        if names.is_empty() && self.settings.verify_only {
            return Err(Error::NothingToVerify);
        }
        let mut unknown = Vec::new();
        for table in std::mem::take(&mut self.verification.with_files) {
            if !self.metadata.tables.contains_key(&table) && self.passes_source(&table)? {
                unknown.push(QualifiedName::new(table.database, table.table));
            }
        }
        // Tables that the restore made have the keys that the dump was cut by.
        self.verification.ranges_may_miss_rows = !self.makes_all_tables;
        for (table, name) in names {
            match self.comparison(table, name, how, hashes) {
                Ok(Some(comparison)) => self.verification.add(comparison),
                Ok(None) => {}
                Err(name) => unknown.push(name),
            }
        }
        if !unknown.is_empty() {
            return Err(Error::NothingToVerifyBy(unknown));
        }
        Ok(())
    }

    /// What a table is compared by: nothing, if its rows are not its own and were not dumped. The name is given back if
    /// the dump says nothing of the rows.
    fn comparison(
        &mut self,
        table: TableFileName,
        name: QualifiedName,
        how: Verify,
        hashes: bool,
    ) -> Result<Option<Comparison>, QualifiedName> {
        let Some(entry) = self.metadata.tables.get_mut(&table) else { return Ok(None) };
        let (history, generated) = (entry.hashed_history, entry.generated.take());
        // Taken out: there may be very many chunks.
        let (columns, chunks) = match entry.hashed_columns.take() {
            Some(columns) if !entry.chunks.is_empty() => {
                let chunks = std::mem::take(&mut entry.chunks);
                let in_chunks: u64 = chunks.iter().fold(0, |sum, chunk| chunk.rows.count.wrapping_add(sum));
                if entry.rows.is_some_and(|rows| rows != in_chunks) {
                    return Err(name);
                }
                (hashes.then_some(columns), chunks)
            }
            // Dumps with hashes have chunks of all tables that have rows of their own, also without rows.
            columns if self.metadata.config.row_hash.is_some() => {
                // A MERGE table, say.
                let has_none = entry.rows == Some(0) && entry.chunks.is_empty() && columns.is_none();
                return if has_none { Ok(None) } else { Err(name) };
            }
            _ => {
                let Some(count) = entry.rows else { return Err(name) };
                let rows = RowsDigest { count, ..RowsDigest::default() };
                (None, vec![ChunkRows { number: 0, rows, selection: Selection::All }])
            }
        };
        // Another product prints some values otherwise, and a table that was there may lack such columns.
        let is_computed = self.settings.verify_only || self.settings.makes_tables();
        let is_same_product =
            self.metadata.config.server.is_some_and(|source| source.product == self.settings.server.product);
        let generated = generated.filter(|_| columns.is_some() && is_computed && is_same_product);
        Ok(Some(Comparison {
            generated,
            table,
            name,
            only_counted: how == Verify::Hash && columns.is_none(),
            columns,
            history,
            chunks,
            time_zone: self.metadata.config.row_hash_time_zone.clone(),
        }))
    }

    fn has_hashes(&mut self) -> bool {
        let warning = match self.metadata.config.row_hash.as_deref() {
            Some(row_hash::ALGORITHM) => return true,
            Some(other) => format!("the dump's row hashes are of a kind that this version does not know ({other})"),
            None => "the dump has no row hashes".to_owned(),
        };
        self.warnings.push(format!("--verify: {warning}, so rows are only counted"));
        false
    }

    /// Ends the comparison. Differences are reported when everything else is restored.
    pub(super) fn end_verification(&mut self) {
        let verification = &mut self.verification;
        verification.differences.sort_by(|a, b| a.object.cmp(&b.object));
        let Verified { tables, rows, .. } = verification.verified;
        if self.settings.verify.is_some() {
            let different = verification.differences.len();
            let different = count(different, "table");
            tracing::info!(
                "verified: {} with {} as in the dump, {different} not",
                count(tables, "table"),
                count(rows, "row")
            );
        }
    }

    /// What is not as in the dump.
    pub(super) fn take_differences(&mut self) -> Vec<Difference> {
        let mut differences = std::mem::take(&mut self.verification.differences);
        differences.extend(self.judge_checksums());
        differences
    }
}
