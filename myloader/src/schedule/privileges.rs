//! What the user needs on the server, before anything is changed. What the server does not show is left to it.
//!
//! Which statement needs what was tried on MariaDB 10.11 and MySQL 9.7: keys that ALTER TABLE adds need ALTER, not INDEX;
//! DROP … IF EXISTS needs the privilege also where there is nothing to drop; a foreign key needs REFERENCES on the parent,
//! where MariaDB is content with any privilege on its rows.

use std::collections::BTreeSet;

use common::backup::file_name::DumpFile;
use common::server::Server;
use common::server::error_codes;
use common::server::grants::Grants;
use common::sql::name::QualifiedName;

use super::database_state::Database;
use super::error::LOCAL_INFILE_OFF;
use super::{Error, Scheduler};
use crate::jobs::job::KeyTiming;
use crate::jobs::outcome::Need;
use crate::jobs::target::DatabaseTarget;
use crate::options::DropTable;
use crate::tolerance::{Fault, Rejection};

/// Of what is refused for want of a privilege.
pub(super) const DENIED: Fault = Fault::Server(Some(error_codes::PRIVILEGE_NEEDED));

impl Scheduler {
    /// All that is needed and lacking, of all databases, joins what the definitions have shown.
    pub(super) fn check_privileges(&mut self) -> Result<(), Error> {
        let needs = std::mem::take(&mut self.needs);
        if self.settings.local_infile_off && self.metadata.config.local_infile == Some(true) {
            let why = format!("they are loaded by LOAD DATA LOCAL INFILE, {LOCAL_INFILE_OFF}");
            self.rejections.push(Rejection { object: "the dump's rows".to_owned(), why, fault: DENIED });
        }
        // Then the rest is restored.
        if self.settings.tolerance.allows(DENIED) {
            return Ok(());
        }
        // Then all ends with one list, of what is rejected for another reason too.
        let is_denied = self.rejections.iter().any(|rejection| rejection.fault == DENIED);
        let mut lacks = Lacks::new(&self.settings.user.grants, self.settings.server);
        for database in self.databases.values().filter(|database| database.existing.hides_privileges) {
            lacks.uncertain.extend(database.target().map(|target| target.target.clone()));
        }
        if self.tablespaces.is_some() && !self.settings.server.is_mariadb() {
            lacks.on_server("CREATE TABLESPACE", "tablespaces cannot be created");
        }
        for (name, database) in &self.databases {
            if let Some(target) = database.target() {
                self.needed_by_database(&mut lacks, database, target);
                self.needed_by_tables(&mut lacks, (name, database), target)?;
                self.needed_by_sequences(&mut lacks, database, target)?;
            }
        }
        for name in self.existing_to_drop()? {
            lacks.on_table(&name, &["DROP"], "what exists cannot be dropped");
        }
        for (file, needs) in &needs {
            let database = file.content.database().and_then(|name| self.databases.get(name));
            if let Some(target) = database.and_then(Database::target)
                && (is_denied || !self.rejected_files.contains(file))
            {
                self.needed_by_definition(&mut lacks, file, needs, target)?;
            }
        }
        let found = lacks.rejections();
        self.rejections.extend(found);
        Ok(())
    }

    fn needed_by_database(&self, lacks: &mut Lacks<'_>, database: &Database, target: &DatabaseTarget) {
        if self.settings.create_databases && database.file.is_some() {
            // Also if it is there.
            lacks.on_database(
                &target.target,
                "CREATE",
                "the database cannot be created (or use --skip-create-database)",
            );
        }
        if self.settings.drop_database {
            lacks.on_database(&target.target, "DROP", "it cannot be dropped");
        }
    }

    fn needed_by_tables(
        &self,
        lacks: &mut Lacks<'_>,
        (name, database): (&String, &Database),
        target: &DatabaseTarget,
    ) -> Result<(), Error> {
        let settings = &self.settings;
        let empties = settings.empties_tables() && self.has_rows();
        for (file, state) in self.tables.iter().filter(|(file, _)| file.database == *name) {
            // Tables that stand in for views are not created.
            let stands_in = database.views.iter().any(|view| view.content.table() == Some(file));
            if stands_in || self.is_view_or_sequence(file) || !self.passes_source(file)? {
                continue;
            }
            let Ok(real) = self.real_table_name(file) else { continue };
            let has_definition = state.schema.as_ref().is_some_and(|schema| !self.rejected_files.contains(schema));
            let table = QualifiedName::new(target.target.clone(), real);
            if settings.create_tables && has_definition && self.is_made(&table, database) {
                lacks.on_table(&table, &["CREATE"], "tables cannot be created");
            } else if empties && has_definition && settings.drop_table == DropTable::Truncate {
                lacks.on_table(&table, &["DROP"], "tables cannot be emptied by TRUNCATE");
            } else if empties && has_definition {
                lacks.on_table(&table, &["DELETE"], "tables cannot be emptied by DELETE");
            }
            let is_kept = !settings.create_tables || !has_definition || !self.is_made(&table, database);
            if settings.data && state.row_bytes > 0 {
                lacks.on_table(&table, &["INSERT"], "rows cannot be loaded");
                if is_kept && !empties && settings.counts_kept_rows {
                    lacks.on_table(&table, &["SELECT"], "rows that are there cannot be counted");
                }
            }
            if settings.verify.is_some() {
                lacks.on_table(&table, &["SELECT"], "rows cannot be compared (--verify)");
            }
            let has_checksum = self.metadata.tables.get(file).is_some_and(|entry| entry.data_checksum.is_some());
            if has_checksum && self.compares_data_checksums() {
                lacks.on_table(
                    &table,
                    &["SELECT"],
                    "checksums of rows cannot be compared (or use --skip-data-checksums)",
                );
            }
        }
        Ok(())
    }

    /// Whether a table of the dump is created: with a mode that keeps tables, only if there is none.
    fn is_made(&self, table: &QualifiedName, database: &Database) -> bool {
        self.settings.drop_table == DropTable::Drop
            || !database.existing.names.contains(&*self.settings.server.folded(&table.name))
    }

    fn needed_by_sequences(
        &self,
        lacks: &mut Lacks<'_>,
        database: &Database,
        target: &DatabaseTarget,
    ) -> Result<(), Error> {
        for file in database.sequences.iter().filter_map(|file| file.content.table()) {
            let Ok(real) = self.real_table_name(file) else { continue };
            if !self.passes_source(file)? {
                continue;
            }
            let sequence = QualifiedName::new(target.target.clone(), real);
            let replaces = match self.settings.drop_table {
                DropTable::Drop => true,
                DropTable::Truncate | DropTable::Delete => !self.is_made(&sequence, database),
                DropTable::Fail | DropTable::None => false,
            };
            lacks.on_table(&sequence, &["CREATE"], "sequences cannot be created");
            lacks.on_table(&sequence, &["INSERT"], "sequences cannot be set");
            if replaces {
                lacks.on_table(&sequence, &["DROP"], "sequences cannot be replaced");
            }
        }
        Ok(())
    }

    fn needed_by_definition(
        &self,
        lacks: &mut Lacks<'_>,
        file: &DumpFile,
        needs: &[Need],
        target: &DatabaseTarget,
    ) -> Result<(), Error> {
        let in_target = |name: &str| QualifiedName::new(target.target.clone(), name);
        let table = match file.content.table() {
            Some(table) => match self.real_table_name(table) {
                Ok(real) => in_target(&real),
                Err(_) => return Ok(()),
            },
            None => in_target(""),
        };
        let database = file.content.database().and_then(|name| self.databases.get(name));
        let is_made = database.is_some_and(|database| self.is_made(&table, database));
        let collation_before = database.and_then(|database| self.collation_at_first(database));
        let is_program = |need: &Need| matches!(need, Need::Routine | Need::Trigger(_) | Need::Event);
        let declared = database.and_then(|database| database.existing.declared_collation.as_ref());
        if let (Some(first), Some(declared)) = (collation_before, declared)
            && first != declared
            && needs.iter().any(is_program)
        {
            lacks.on_database(&target.target, "ALTER", COLLATION);
        }
        for need in needs {
            match need {
                // An existing table has its keys.
                Need::LaterKeys | Need::ForeignKeys | Need::Parent(..) if !is_made => {}
                Need::Collation(name) => {
                    if collation_before.is_some_and(|first| first != name) {
                        lacks.on_database(&target.target, "ALTER", COLLATION);
                    }
                }
                Need::Sequence(database, name) if is_made => {
                    let database = database.as_ref().filter(|database| **database != target.source);
                    let name = QualifiedName::new(database.unwrap_or(&target.target).clone(), name.clone());
                    lacks.on_table(&name, &["SELECT"], "defaults cannot be taken from sequences");
                    lacks.on_table(&name, &["INSERT"], "defaults cannot be taken from sequences");
                }
                Need::Sequence(..) => {}
                Need::LaterKeys => {
                    if file.content.table().is_some_and(|table| self.when_keys(table) == KeyTiming::Later) {
                        lacks.on_table(
                            &table,
                            &["ALTER"],
                            "keys cannot be added after the rows (or use --optimize-keys=SKIP)",
                        );
                    }
                }
                Need::ForeignKeys => {
                    lacks.on_table(&table, &["ALTER"], "foreign keys cannot be added (or use --skip-constraints)");
                }
                Need::Parent(database, name) => {
                    let database = database.as_ref().unwrap_or(&target.target);
                    lacks.parent(&QualifiedName::new(database.clone(), name.clone()));
                }
                Need::View(name) => lacks.on_table(&in_target(name), &["CREATE VIEW"], "views cannot be created"),
                Need::DropView(name) => lacks.on_table(&in_target(name), &["DROP"], "views cannot be replaced"),
                Need::Trigger(name) => {
                    let source = QualifiedName::new(target.source.clone(), name.clone());
                    if self.settings.filter.passes_table(&source)? {
                        lacks.on_table(
                            &in_target(name),
                            &["TRIGGER"],
                            "triggers cannot be created (or use --skip-triggers)",
                        );
                    }
                }
                Need::Routine => {
                    lacks.on_database(
                        &target.target,
                        "CREATE ROUTINE",
                        "routines cannot be created (or use --skip-post)",
                    );
                }
                Need::DropRoutine(name) => lacks.drop_routine(&in_target(name)),
                Need::Event => {
                    lacks.on_database(&target.target, "EVENT", "events cannot be created (or use --skip-post)")
                }
            }
        }
        Ok(())
    }
}

impl Scheduler {
    /// The collation that a database has when the first program is made in it, if it is known.
    fn collation_at_first<'a>(&self, database: &'a Database) -> Option<&'a String> {
        let existing = &database.existing;
        if existing.database { existing.collation.as_ref() } else { existing.declared_collation.as_ref() }
    }
}

/// Why a database is altered.
const COLLATION: &str =
    "the collation under which programs were made cannot be set (or use --skip-post, --skip-triggers)";

/// What the user lacks.
struct Lacks<'a> {
    grants: &'a Grants,
    server: Server,
    /// Databases whose privileges the server does not show.
    uncertain: BTreeSet<String>,
    /// All that is needed on databases and what they have.
    needed: BTreeSet<(String, &'static str)>,
    found: Vec<Lack>,
}

struct Lack {
    /// `None`: the whole server.
    database: Option<String>,
    privileges: Vec<&'static str>,
    /// What fails for want of them.
    reasons: Vec<&'static str>,
}

impl Lacks<'_> {
    fn new(grants: &Grants, server: Server) -> Lacks<'_> {
        Lacks { grants, server, uncertain: BTreeSet::new(), needed: BTreeSet::new(), found: Vec::new() }
    }

    fn on_server(&mut self, privilege: &'static str, why: &'static str) {
        if !self.grants.globally(&[privilege]) {
            self.add(None, privilege, why);
        }
    }

    fn on_database(&mut self, database: &str, privilege: &'static str, why: &'static str) {
        self.needed.insert((database.to_owned(), privilege));
        if !self.grants.on_database(database, &[privilege]) {
            self.add(Some(database), privilege, why);
        }
    }

    /// The first of `any` is the one to grant.
    fn on_table(&mut self, table: &QualifiedName, any: &[&'static str], why: &'static str) {
        let on_columns = any.iter().any(|privilege| !self.grants.columns(table, privilege).is_empty());
        if let Some(first) = any.first() {
            self.needed.insert((table.database.clone(), first));
        }
        if let Some(first) = any.first()
            && !on_columns
            && !self.grants.on_table(table, any)
        {
            self.add(Some(&table.database), first, why);
        }
    }

    /// A table that foreign keys refer to.
    fn parent(&mut self, table: &QualifiedName) {
        let any: &[&str] = match self.server.is_mysql_since(8, 0, 0) {
            true => &["REFERENCES"],
            false => &["REFERENCES", "SELECT", "INSERT", "UPDATE", "DELETE"],
        };
        self.on_table(table, any, "foreign keys may not refer to its tables (or use --skip-constraints)");
    }

    fn drop_routine(&mut self, routine: &QualifiedName) {
        const ALTER_ROUTINE: &str = "ALTER ROUTINE";
        self.needed.insert((routine.database.clone(), ALTER_ROUTINE));
        if !self.grants.on_routine(routine, &[ALTER_ROUTINE]) {
            let why = "routines cannot be replaced (or use --skip-post)";
            self.add(Some(&routine.database), ALTER_ROUTINE, why);
        }
    }

    fn add(&mut self, database: Option<&str>, privilege: &'static str, why: &'static str) {
        if database.is_some_and(|database| self.uncertain.contains(database)) {
            return;
        }
        let at = self.found.iter().position(|lack| lack.database.as_deref() == database);
        let at = at.unwrap_or_else(|| {
            let lack = Lack { database: database.map(str::to_owned), privileges: Vec::new(), reasons: Vec::new() };
            self.found.push(lack);
            self.found.len() - 1
        });
        if let Some(lack) = self.found.get_mut(at) {
            for (list, text) in [(&mut lack.privileges, privilege), (&mut lack.reasons, why)] {
                if !list.contains(&text) {
                    list.push(text);
                }
            }
        }
    }

    fn rejections(self) -> Vec<Rejection> {
        let account = self.grants.account();
        let rejection = |lack: &Lack| {
            let (object, on) = match &lack.database {
                Some(database) => (format!("database {}", database.escape_debug()), self.grants.all_of(database)),
                None => ("the server".to_owned(), "*.*".to_owned()),
            };
            // What the user has by a wider pattern would not be in effect any more.
            let mut privileges = lack.privileges.clone();
            if let Some(database) = &lack.database
                && self.grants.has_by_pattern(database)
            {
                let needed = self.needed.iter().filter(|(of, _)| of == database).map(|(_, privilege)| *privilege);
                privileges.extend(needed.filter(|privilege| !lack.privileges.contains(privilege)));
            }
            let (reasons, privileges) = (lack.reasons.join(", "), privileges.join(", "));
            let why = format!("{reasons}: GRANT {privileges} ON {on} TO {account}");
            Rejection { object, why, fault: DENIED }
        };
        self.found.iter().map(rejection).collect()
    }
}
