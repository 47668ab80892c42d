//! Privileges that the dump needs, and what the server hides without them.
//!
//! Where a statement can show whether something is readable, it is tried: grants to others than the user and its roles
//! may count, too. docs/user/consistency.md lists the privileges.

use common::backup::table_names::FileNames;
use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::server::error_codes;
use common::server::grants::Grants;
use common::sql::name::QualifiedName;
use common::sql::quote_identifier;

use super::columns::UnreadableColumns;
use super::{Error, Finding, Problem};
use crate::catalog::{Program, Surveyed, SurveyedDatabase, TableKind, keeps_rows_elsewhere};
use crate::config::Config;
use crate::options::LockMode;

/// Privileges on tables: who has one of them on a whole database sees all its tables.
const ON_TABLES: [&str; 11] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "CREATE VIEW",
    "SHOW VIEW",
];
/// Errors of routines that the user may not see.
const HIDE_ROUTINES: [u16; 2] = [error_codes::ROUTINE_ACCESS_DENIED, error_codes::NO_SUCH_ROUTINE];
/// How many tables a finding names.
const NAMED: usize = 10;

/// Finds missing privileges.
pub struct Privileges<'a> {
    connection: &'a mut Connection,
    server: &'a Server,
    config: &'a Config,
    grants: Grants,
    /// What was found.
    pub missing: Vec<Finding>,
}

impl<'a> Privileges<'a> {
    /// For the session's user.
    pub fn new(
        connection: &'a mut Connection,
        server: &'a Server,
        config: &'a Config,
        grants: Grants,
    ) -> Privileges<'a> {
        Privileges { connection, server, config, grants, missing: Vec::new() }
    }

    /// What else may give the user privileges.
    pub fn advice(&self) -> Option<String> {
        self.grants.advice()
    }

    /// Those that belong to no database.
    pub fn of_server(&mut self) -> Result<(), Error> {
        let (config, server) = (self.config, self.server);
        if config.lock == LockMode::GlobalReadLock && !self.grants.globally(&["RELOAD", "FLUSH_TABLES"]) {
            let flush = if server.is_mysql_since(8, 0, 23) { "FLUSH_TABLES" } else { "RELOAD" };
            self.lacks("--sync-thread-lock-mode=FTWRL", "FLUSH TABLES WITH READ LOCK is refused", &[(flush, "*.*")]);
        }
        if config.long_queries.kill
            && config.long_queries.seconds > 0
            && !self.grants.globally(&["SUPER", "CONNECTION ADMIN", "CONNECTION_ADMIN"])
        {
            let kill = match (server.is_mariadb_since(10, 5, 2), server.is_mysql_since(8, 0, 0)) {
                (true, _) => "CONNECTION ADMIN",
                (_, true) => "CONNECTION_ADMIN",
                _ => "SUPER",
            };
            self.lacks("--kill-long-queries", "queries of others cannot be killed", &[(kill, "*.*")]);
        }
        if config.objects.accounts && !self.grants.on_database("mysql", &["SELECT"]) {
            self.lacks("--users", "accounts and their privileges are hidden", &[("SELECT", "`mysql`.*")]);
        }
        if config.objects.tablespaces && !server.is_mariadb() && !self.grants.globally(&["PROCESS"]) {
            self.lacks("--all-tablespaces", "tablespaces are hidden", &[("PROCESS", "*.*")]);
        }
        let all_databases = config.filter.databases.is_empty() && config.filter.tables.is_empty();
        if all_databases && !self.grants.globally(&ON_TABLES) && !self.grants.globally(&["SHOW DATABASES"]) {
            tracing::warn!(
                "the user sees only databases on which it has privileges: others, if there are any, are not dumped (SHOW \
                 DATABASES shows all)"
            );
        }
        Ok(())
    }

    /// Those on a database and what it has.
    pub fn of_database(&mut self, database: &SurveyedDatabase) -> Result<(), Error> {
        self.of_tables(database)?;
        self.of_views(database)?;
        let objects = self.config.objects;
        if objects.triggers {
            self.of_triggers(database);
        }
        // --tables-list leaves out all routines and events.
        if self.config.filter.tables.is_empty() {
            if objects.events {
                self.of_events(&database.name)?;
            }
            if objects.routines {
                self.of_routines(database)?;
            }
        }
        Ok(())
    }

    fn of_tables(&mut self, database: &SurveyedDatabase) -> Result<(), Error> {
        let all = self.grants.on_database(&database.name, &ON_TABLES);
        if !all && self.config.filter.tables.is_empty() {
            tracing::warn!(
                "of database {}, the user sees only tables on which it has privileges: others, if there are any, are not \
                 dumped",
                database.name.escape_debug()
            );
        }
        let objects = self.config.objects;
        let is_read = |table: &&Surveyed| match &table.kind {
            TableKind::Base { .. } | TableKind::ViewAsTable { .. } => objects.data,
            // Its position.
            TableKind::Sequence => objects.schemas,
            TableKind::View => false,
        };
        let (mut unreadable, mut in_part) = (Vec::new(), Vec::new());
        for table in database.tables.iter().filter(is_read) {
            if self.grants.on_table(&table.name, &["SELECT"]) {
                continue;
            }
            if self.is_denied(&format!("SELECT 1 FROM {} LIMIT 0", table.name.to_sql()))? {
                unreadable.push(&table.name);
            } else if matches!(&table.kind, TableKind::Base { engine } if !keeps_rows_elsewhere(engine)) {
                let granted = self.grants.columns(&table.name, "SELECT");
                in_part.extend(UnreadableColumns::find(self.connection, &table.name, &granted)?);
            }
        }
        if !unreadable.is_empty() {
            self.lacks_on_tables(&unreadable, "they cannot be read", "it cannot be read", &["SELECT"]);
            self.known(&unreadable, Vec::new());
        }
        for UnreadableColumns { table, why } in &in_part {
            self.lacks(&table.to_string(), why, &[("SELECT", &table.to_sql())]);
            self.known(&[table], Vec::new());
        }
        let has_tables = database.tables.iter().any(|table| matches!(table.kind, TableKind::Base { .. }));
        if has_tables
            && self.config.lock == LockMode::LockAll
            && !self.grants.on_database(&database.name, &["LOCK TABLES"])
        {
            let object = format!("--sync-thread-lock-mode=LOCK_ALL, database {}", database.name.escape_debug());
            let on = self.grants.all_of(&database.name);
            self.lacks(&object, "LOCK TABLES is refused", &[("LOCK TABLES", &on)]);
        }
        Ok(())
    }

    fn of_views(&mut self, database: &SurveyedDatabase) -> Result<(), Error> {
        let mut hidden = Vec::new();
        let is_shown = self.config.objects.schemas;
        for view in database.tables.iter().filter(|table| is_shown && table.kind == TableKind::View) {
            let may = ["SHOW VIEW", "SELECT"].iter().all(|privilege| self.grants.on_table(&view.name, &[privilege]));
            if !may && self.is_denied(&format!("SHOW CREATE VIEW {}", view.name.to_sql()))? {
                hidden.push(&view.name);
            }
        }
        if !hidden.is_empty() {
            self.lacks_on_tables(
                &hidden,
                "the definitions of the views are hidden",
                "the view's definition is hidden",
                &["SELECT", "SHOW VIEW"],
            );
            self.known(&hidden, Vec::new());
        }
        Ok(())
    }

    fn of_triggers(&mut self, database: &SurveyedDatabase) {
        let tables = database.tables.iter().filter(|table| matches!(table.kind, TableKind::Base { .. }));
        let hidden: Vec<&QualifiedName> =
            tables.map(|table| &table.name).filter(|table| !self.grants.on_table(table, &["TRIGGER"])).collect();
        self.lacks_on_tables(
            &hidden,
            "their triggers are hidden (--triggers)",
            "its triggers are hidden (--triggers)",
            &["TRIGGER"],
        );
    }

    fn of_events(&mut self, database: &str) -> Result<(), Error> {
        if !self.grants.on_database(database, &["EVENT"])
            && self.is_denied(&format!("SHOW EVENTS FROM {}", quote_identifier(database)))?
        {
            let object = format!("database {}", database.escape_debug());
            let on = self.grants.all_of(database);
            self.lacks(&object, "its events are hidden (--events)", &[("EVENT", &on)]);
        }
        Ok(())
    }

    fn of_routines(&mut self, database: &SurveyedDatabase) -> Result<(), Error> {
        let (shows_all, remedy) = match self.server.is_mariadb() {
            // Before MariaDB 11.3, there is only the table.
            true => (
                self.grants.on_table(&QualifiedName::new("mysql", "proc"), &["SELECT"])
                    || (self.server.is_mariadb_since(11, 3, 0)
                        && self.grants.on_database(&database.name, &["SHOW CREATE ROUTINE"])),
                ("SELECT", "`mysql`.`proc`"),
            ),
            false if self.server.is_mysql_since(8, 0, 20) => {
                (self.grants.globally(&["SELECT", "SHOW_ROUTINE"]), ("SHOW_ROUTINE", "*.*"))
            }
            false => {
                (self.grants.on_table(&QualifiedName::new("mysql", "proc"), &["SELECT"]), ("SELECT", "`mysql`.`proc`"))
            }
        };
        if shows_all {
            return Ok(());
        }
        let object = format!("database {}", database.name.escape_debug());
        if !self.grants.on_database(&database.name, &["EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE"]) {
            self.lacks(&object, "routines of others are hidden (--routines)", &[remedy]);
            return Ok(());
        }
        // The bodies of others' routines are hidden still.
        let names = FileNames::default();
        let selection = self.config.catalog_selection(&names);
        let programs = Program::read_all(self.connection, self.server, &selection, database)?;
        let mut hidden = Vec::new();
        for routine in programs.iter().filter(|program| !["TRIGGER", "EVENT"].contains(&program.kind.as_str())) {
            let statement = format!("SHOW CREATE {} {}", routine.kind, routine.name.to_sql());
            match self.connection.query_first(&statement) {
                Ok(Some(row)) if row.named(&format!("Create {}", routine.kind)).is_some() => {}
                Err(error) if error.server_code().is_none() => return Err(error.into()),
                // Whatever else is wrong with it is no matter of privileges.
                Err(error) if !error.is_denied() && !HIDE_ROUTINES.contains(&error.server_code().unwrap_or(0)) => {}
                _ => hidden.push(routine.clone()),
            }
        }
        if !hidden.is_empty() {
            let names: Vec<String> = hidden.iter().map(Program::to_string).collect();
            self.lacks(&named(&names), "the body is hidden (--routines)", &[remedy]);
            self.known(&[], hidden);
        }
        Ok(())
    }

    /// Whether a statement is refused for want of a privilege. Other errors are found later.
    fn is_denied(&mut self, statement: &str) -> Result<bool, ServerError> {
        match self.connection.query(statement) {
            Err(error) if error.is_denied() => Ok(true),
            Err(error) if error.server_code().is_none() => Err(error),
            _ => Ok(false),
        }
    }

    fn lacks_on_tables(&mut self, tables: &[&QualifiedName], why: &str, why_one: &str, privileges: &[&str]) {
        let Some(first) = tables.first() else { return };
        let (on, why) = match tables {
            [one] => (one.to_sql(), why_one),
            _ => (self.grants.all_of(&first.database), why),
        };
        let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
        let grants: Vec<(&str, &str)> = privileges.iter().map(|privilege| (*privilege, on.as_str())).collect();
        self.lacks(&named(&names), why, &grants);
    }

    /// What was found last is known by name, and can be left out.
    fn known(&mut self, tables: &[&QualifiedName], programs: Vec<Program>) {
        if let Some(Finding { problem, .. }) = self.missing.last_mut() {
            *problem = Problem::Hidden { tables: tables.iter().map(|table| (*table).clone()).collect(), programs };
        }
    }

    /// `grants` are privileges and what they have to be granted on.
    fn lacks(&mut self, object: &str, why: &str, grants: &[(&str, &str)]) {
        let privileges: Vec<&str> = grants.iter().map(|(privilege, _)| *privilege).collect();
        let on = grants.first().map_or("*.*", |(_, on)| on);
        let why = format!("{why}: GRANT {} ON {on} TO {}", privileges.join(", "), self.grants.account());
        let problem = Problem::Hidden { tables: Vec::new(), programs: Vec::new() };
        self.missing.push(Finding { object: object.to_owned(), why, problem });
    }
}

/// The first of many names.
fn named(names: &[String]) -> String {
    match names.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{} and {more} more", names.get(..NAMED).unwrap_or_default().join(", ")),
        _ => names.join(", "),
    }
}
