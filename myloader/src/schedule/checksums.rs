//! The checksums of metadata against those of what the server has now.

use std::sync::Arc;

use common::backup::metadata::{DatabaseEntry, TableEntry};
use common::backup::mydumper_checksum::MydumperChecksum;
use common::observe::wording::count;
use common::sql::name::QualifiedName;

use super::checksum_findings::{Checksums, Finding};
use super::comparison::Difference;
use super::database_state::{Database, DatabaseState};
use super::{Error, Scheduler};
use crate::jobs::job::Job;
use crate::jobs::outcome::DatabaseSums;
use crate::jobs::target::DatabaseTarget;
use crate::options::Checksum;

/// As messages have it.
fn hex(sum: MydumperChecksum) -> String {
    format!("{sum:x}")
}

impl Scheduler {
    /// CHECKSUM TABLE of those tables of which metadata has it.
    pub(super) fn data_checksum_jobs(&self) -> Result<Vec<Job>, Error> {
        let mut jobs = Vec::new();
        if !self.compares_data_checksums() {
            return Ok(jobs);
        }
        for (table, entry) in &self.metadata.tables {
            let Some(checksum) = entry.data_checksum else { continue };
            if let Some(name) = self.restored_name(table)? {
                jobs.push(Job::DataChecksum(Arc::new(name), checksum));
            }
        }
        Ok(jobs)
    }

    /// A job for each database of which metadata has checksums.
    pub(super) fn checksum_jobs(&self) -> Vec<Job> {
        let has_checksums = |name: &String, target: &DatabaseTarget| {
            let mut tables = self.metadata.tables.iter().filter(|(table, _)| table.database == *name);
            let of_tables =
                tables.any(|(_, entry)| entry.schema_checksum.is_some() || entry.indexes_checksum.is_some());
            of_tables || self.metadata.databases.contains_key(&target.source)
        };
        let databases = self.databases.iter().filter_map(|(name, database)| match &database.state {
            DatabaseState::Ready(target) if has_checksums(name, target) => Some(Arc::clone(target)),
            _ => None,
        });
        if self.compares_checksums() { databases.map(Job::Checksums).collect() } else { Vec::new() }
    }

    /// Whether CHECKSUM TABLE is run of those tables of which metadata has it.
    pub(super) fn compares_data_checksums(&self) -> bool {
        self.settings.checksums.data && self.compares_checksums() && self.compares_rows()
    }

    fn compares_checksums(&self) -> bool {
        self.settings.checksum != Checksum::Skip
    }

    /// Whether something could not be restored, which is reported already.
    fn has_skipped(&self) -> bool {
        !self.skipped.is_empty()
    }

    fn compares_rows(&self) -> bool {
        self.settings.data || self.settings.verify_only
    }

    /// `is_sure` says that equal rows have equal checksums.
    pub(super) fn data_checksum_found(
        &mut self,
        table: &QualifiedName,
        dumped: u64,
        found: Option<u64>,
        is_sure: bool,
    ) {
        // Rows may have been there before.
        let settings = &self.settings;
        let keeps_rows = !self.makes_all_tables && !settings.empties_tables() && !settings.verify_only;
        let sums = (found.unwrap_or_default(), dumped);
        // On MySQL, the hidden columns of functional indexes count.
        let is_expected = keeps_rows || !is_sure || !settings.checksums.indexes || self.has_skipped();
        self.checksums.compare(format!("table {table}"), "CHECKSUM TABLE", sums, is_expected);
    }

    pub(super) fn checksums_found(&mut self, target: &DatabaseTarget, sums: &DatabaseSums) -> Result<(), Error> {
        let mut checksums = std::mem::take(&mut self.checksums);
        for (table, entry) in &self.metadata.tables {
            let database = self.databases.get(&table.database).and_then(Database::target);
            if !database.is_some_and(|database| **database == *target) {
                continue;
            }
            if let Some(name) = self.restored_name(table)? {
                self.compare_table(&mut checksums, &name, entry, sums);
            }
        }
        if let Some(entry) = self.metadata.databases.get(&target.source) {
            self.compare_database(&mut checksums, target, entry, &sums.database)?;
        }
        self.checksums = checksums;
        Ok(())
    }

    fn compare_table(&self, checksums: &mut Checksums, name: &QualifiedName, entry: &TableEntry, sums: &DatabaseSums) {
        let settings = &self.settings;
        let of = |dumped: Option<MydumperChecksum>, found: Option<&MydumperChecksum>| {
            Some((hex(found.copied().unwrap_or_default()), hex(dumped?)))
        };
        let folded = settings.server.folded(&name.name);
        if entry.is_view {
            let compared = settings.checksums.views && (settings.schemas || settings.verify_only);
            if let Some(sums) = of(entry.schema_checksum, sums.views.get(&*folded)).filter(|_| compared) {
                // The server rewords the text when a view is created, by the character set of the session for instance, and
                // a view that was there stays. Another name may be in the text for another reason.
                let (found, _) = &sums;
                let is_worded_anew = !settings.verify_only && *found != hex(MydumperChecksum::default());
                let is_expected = is_worded_anew || settings.target_database.is_some() || self.has_skipped();
                checksums.compare(format!("view {name}"), "definition", sums, is_expected);
            }
            return;
        }
        let is_expected = !self.makes_all_tables && !settings.verify_only || self.has_skipped();
        let columns = of(entry.schema_checksum, sums.columns.get(&*folded)).filter(|_| settings.checksums.tables);
        if let Some(sums) = columns {
            checksums.compare(format!("table {name}"), "columns", sums, is_expected);
        }
        let indexes = of(entry.indexes_checksum, sums.indexes.get(&*folded)).filter(|_| settings.checksums.indexes);
        if let Some(sums) = indexes {
            let keys = format!("keys of {name}");
            let is_expected = is_expected || self.skipped.iter().any(|rejection| rejection.object == keys);
            checksums.compare(format!("table {name}"), "indexes", sums, is_expected);
        }
    }

    fn compare_database(
        &self,
        checksums: &mut Checksums,
        target: &DatabaseTarget,
        dumped: &DatabaseEntry,
        found: &DatabaseEntry,
    ) -> Result<(), Error> {
        const CHARSET: &str = "character set and collation";
        let settings = &self.settings;
        let (kinds, only) = (settings.checksums, settings.verify_only);
        let existed = self
            .databases
            .values()
            .any(|database| database.existing.database && database.target().is_some_and(|found| **found == *target));
        let objects = settings.filter.passes_database_objects(&target.source)?;
        let all_tables =
            settings.filter.tables.is_empty() && settings.filter.omitted.is_empty() && settings.filter.regex.is_none();
        for (compared, what, dumped, found) in [
            (
                kinds.databases && (settings.create_databases || only),
                CHARSET,
                dumped.schema_checksum,
                found.schema_checksum,
            ),
            (
                kinds.routines && objects && (settings.post || only),
                "routines",
                dumped.post_checksum,
                found.post_checksum,
            ),
            (
                kinds.events && objects && (settings.post || only),
                "events",
                dumped.events_checksum,
                found.events_checksum,
            ),
            (
                kinds.triggers && all_tables && (settings.triggers || only),
                "triggers",
                dumped.triggers_checksum,
                found.triggers_checksum,
            ),
        ] {
            if let (true, Some(dumped), Some(found)) = (compared, dumped, found) {
                let object = format!("database {}", target.target.escape_debug());
                // Where their texts name the database, they name it as it is called here.
                let is_renamed = target.source != target.target && what != CHARSET;
                let is_expected = existed || is_renamed || self.has_skipped();
                let what = if is_renamed { &*format!("{what} (the database has another name here)") } else { what };
                checksums.compare(object, what, (hex(found), hex(dumped)), is_expected);
            }
        }
        Ok(())
    }

    /// Whether the dump's server has the same checksums for the same objects, as far as is known: texts of definitions,
    /// names of types and the way rows are summed up are others in the other product, and in other versions.
    fn has_checksums_of_this_server(&self) -> bool {
        let here = &self.settings.server;
        match &self.metadata.config.server {
            Some(dumped) => {
                let series = |(major, minor, _): (u16, u16, u16)| (major, minor);
                dumped.product == here.product && series(dumped.version) == series(here.version)
            }
            None => self.metadata.product().is_none_or(|product| product == here.product),
        }
    }

    /// What `--checksum` makes of the differences: those that are returned are errors.
    pub(super) fn judge_checksums(&mut self) -> Vec<Difference> {
        let Checksums(findings) = std::mem::take(&mut self.checksums);
        let of_this_server = self.has_checksums_of_this_server();
        let (mut errors, mut elsewhere) = (Vec::new(), 0_u64);
        for Finding { difference, is_expected } in findings {
            match self.settings.checksum {
                Checksum::Fail => errors.push(difference),
                Checksum::Auto if of_this_server && !is_expected => errors.push(difference),
                Checksum::Auto if !of_this_server => {
                    tracing::info!("checksums differ from the dump: {difference}");
                    elsewhere += 1;
                }
                Checksum::Auto | Checksum::Warn | Checksum::Skip => {
                    self.warnings.push(format!("checksums differ from the dump: {difference}"));
                }
            }
        }
        if elsewhere > 0 {
            let differ = if elsewhere == 1 { "differs" } else { "differ" };
            self.warnings.push(format!(
                "{} {differ} from the dump, which is from another product or version, where definitions may read \
                 differently (--checksum=warn names them)",
                count(elsewhere, "checksum")
            ));
        }
        errors
    }
}
