//! Tables, views and programs that the server cannot open, or that could not be restored.
//!
//! The server's lists only raise a doubt, cheaply for very many tables; a statement on the object itself decides.

use std::collections::BTreeSet;

use common::backup::table_names::FileNames;
use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::server::error_codes;
use common::sql::cursor::Cursor;
use common::sql::token::SqlDialect;
use common::sql::{quote_identifier, quote_string};

use super::{Error, Finding, Problem};
use crate::catalog::{Program, Surveyed, SurveyedDatabase, TableKind, keeps_rows_elsewhere};
use crate::config::Config;

/// What an object's definition cannot be read for.
type Reason = Option<ServerError>;

/// Finds broken objects.
pub struct Broken<'a> {
    /// Not in a transaction.
    pub connection: &'a mut Connection,
    /// Which product.
    pub server: &'a Server,
    /// What is asked for.
    pub config: &'a Config,
}

impl Broken<'_> {
    /// Those of a database.
    pub fn of_database(&mut self, database: &SurveyedDatabase) -> Result<Vec<Finding>, Error> {
        let mut found = Vec::new();
        for table in database.tables.iter().filter(|table| table.is_doubtful) {
            let (what, reason) = match &table.kind {
                TableKind::View | TableKind::ViewAsTable { .. } if !self.config.objects.schemas => continue,
                TableKind::View | TableKind::ViewAsTable { .. } => ("view", self.of_view(table)?),
                TableKind::Sequence => ("sequence", self.of_table(table, "")?),
                TableKind::Base { engine } => ("table", self.of_table(table, engine)?),
            };
            found.extend(reason.map(|error| Finding {
                object: format!("{what} {}", table.name),
                why: error.cause().to_string(),
                problem: Problem::Table(table.name.clone(), error.server_code()),
            }));
        }
        self.of_programs(database, &mut found)?;
        Ok(found)
    }

    fn of_table(&mut self, table: &Surveyed, engine: &str) -> Result<Reason, Error> {
        let name = table.name.to_sql();
        let definition = self.config.objects.schemas.then(|| format!("SHOW CREATE TABLE {name}"));
        // One row, since the server opens some tables only to read them.
        let rows = (self.config.objects.data && !keeps_rows_elsewhere(engine))
            .then(|| format!("SELECT 1 FROM {name} LIMIT 1"));
        for statement in definition.into_iter().chain(rows) {
            if let Some(error) = self.failure(&statement)?
                && (error.server_code() != Some(error_codes::NO_SUCH_TABLE) || self.is_listed(table)?)
            {
                return Ok(Some(error));
            }
        }
        Ok(None)
    }

    /// A view whose columns the server cannot tell. What it selects is tried as the dump's user, since the definer's rights are
    /// no matter for a restore.
    fn of_view(&mut self, view: &Surveyed) -> Result<Reason, Error> {
        if let Some(error) = self.failure(&format!("USE {}", quote_identifier(&view.name.database)))? {
            return Ok(Some(error));
        }
        let rows = match self.connection.query_first(format!("SHOW CREATE VIEW {}", view.name.to_sql())) {
            Ok(rows) => rows,
            Err(error) => return only_of_object(error),
        };
        let Some(text) = rows.as_ref().and_then(|row| row.named_text("Create View")) else { return Ok(None) };
        let Some(select) = selection(&text) else { return Ok(None) };
        let reason = self.failure(&format!("PREPARE mydumper_view FROM {}", quote_string(select)))?;
        if reason.is_none() {
            // There is none if the statement failed for want of a privilege.
            self.failure("DEALLOCATE PREPARE mydumper_view")?;
        }
        Ok(reason)
    }

    fn of_programs(&mut self, database: &SurveyedDatabase, found: &mut Vec<Finding>) -> Result<(), Error> {
        let objects = self.config.objects;
        if !objects.triggers && !objects.routines && !objects.events {
            return Ok(());
        }
        let names = FileNames::default();
        let selection = self.config.catalog_selection(&names);
        let programs = Program::read_all(self.connection, self.server, &selection, database)?;
        let unparsed = if objects.triggers { self.unparsed_triggers(&database.name)? } else { BTreeSet::new() };
        for program in programs {
            let mut finding = |why: String, code| {
                found.push(Finding {
                    object: program.to_string(),
                    why,
                    problem: Problem::Program(program.clone(), code),
                });
            };
            if program.kind == "TRIGGER" && unparsed.contains(&program.name.name) {
                finding("the server cannot parse it, as it says when the trigger fires".to_owned(), None);
                continue;
            }
            if let Some(error) = self.failure(&format!("SHOW CREATE {} {}", program.kind, program.name.to_sql()))? {
                finding(error.cause().to_string(), error.server_code());
            }
        }
        Ok(())
    }

    /// MariaDB lists triggers that it cannot parse without their parts.
    fn unparsed_triggers(&mut self, database: &str) -> Result<BTreeSet<String>, Error> {
        if !self.server.is_mariadb() {
            return Ok(BTreeSet::new());
        }
        let rows = self.connection.query(format!(
            "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {} AND DEFINER = '' \
             AND ACTION_STATEMENT LIKE 'CREATE%'",
            quote_string(database)
        ))?;
        Ok(rows.iter().map(|row| row.text(0)).collect())
    }

    /// Whether a table that cannot be opened is there nonetheless, and was not dropped meanwhile.
    fn is_listed(&mut self, table: &Surveyed) -> Result<bool, Error> {
        let statement = format!(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
            quote_string(&table.name.database),
            quote_string(&table.name.name)
        );
        Ok(self.connection.query_first(statement)?.is_some())
    }

    /// Why a statement fails, if that is a matter of the object.
    fn failure(&mut self, statement: &str) -> Result<Reason, Error> {
        match self.connection.query(statement) {
            Ok(_) => Ok(None),
            Err(error) => only_of_object(error),
        }
    }
}

/// An error that says something of the object: not of the connection, of privileges, of locks of others.
fn only_of_object(error: ServerError) -> Result<Reason, Error> {
    match error.server_code() {
        None => Err(error.into()),
        Some(error_codes::LOCK_WAIT_TIMEOUT | error_codes::DEADLOCK | error_codes::ROUTINE_ACCESS_DENIED) => Ok(None),
        // SELECT on columns only.
        Some(error_codes::COLUMN_ACCESS_DENIED) => Ok(None),
        Some(_) if error.is_denied() => Ok(None),
        Some(_) => Ok(Some(error)),
    }
}

/// What a view selects: the rest of CREATE VIEW after `AS`.
fn selection(create: &str) -> Option<&str> {
    let mut cursor = Cursor::new(create.as_bytes(), SqlDialect::default());
    while !cursor.eat("VIEW") {
        cursor.take()?;
    }
    // Its name, and maybe its columns.
    while !cursor.eat("AS") {
        cursor.take()?;
    }
    // WITH CHECK OPTION is no part of a SELECT.
    let select = create.get(cursor.end..)?.trim();
    let without = |end: &str| select.strip_suffix(end);
    without(" WITH CASCADED CHECK OPTION").or_else(|| without(" WITH LOCAL CHECK OPTION")).or(Some(select))
}

#[cfg(test)]
mod tests {
    use super::selection;

    #[test]
    fn what_a_view_selects() {
        for (create, select) in [
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`VIEW`@`h` SQL SECURITY DEFINER VIEW `as` AS select 1 AS `a`",
                "select 1 AS `a`",
            ),
            ("CREATE VIEW `d`.`v` (`x`,`AS`) AS select 1 WITH CASCADED CHECK OPTION", "select 1"),
            ("CREATE VIEW v AS (select 1) union select 2 WITH LOCAL CHECK OPTION", "(select 1) union select 2"),
        ] {
            assert_eq!(selection(create), Some(select), "{create}");
        }
        assert_eq!(selection("CREATE TABLE t (a INT)"), None);
    }
}
