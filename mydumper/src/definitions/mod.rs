//! The SQL that creates each object, as the text of its file.

pub mod accounts;
mod comment;
mod libraries;
pub mod literals;
mod mixed_charsets;
mod preamble;
pub mod shape;
pub mod tablespaces;
mod view_columns;

use common::backup::user_variables::DATABASE_COLLATION;
use common::exit_codes;
use common::server::Server;
use common::server::connection::{Connection, Row, ServerError};
use common::sql::cursor::ParseError;
use common::sql::definer::DefinerRule;
use common::sql::{StatementWriter, quote_identifier, quote_string};

use crate::catalog::{Database, Table, TableKind};
pub use preamble::Preamble;
use preamble::{set_sql_mode, set_time_zone};
use shape::{Shape, VIEW_COLUMNS, table_of_view};
use view_columns::{needs_column_list, with_column_list};

/// A definition could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A query failed.
    #[error("cannot read the definition of {object}: {source}")]
    Server {
        /// Kind and name.
        object: String,
        /// The server's error.
        source: ServerError,
    },
    /// The server shows NULL for the definition: the user can use the object, but not read it.
    #[error(
        "the server does not show the definition of {0}: the user needs SHOW_ROUTINE (MySQL), SELECT on mysql.proc \
         (MariaDB), TRIGGER or SHOW VIEW"
    )]
    Hidden(String),
    /// Indexes or constraints cannot be left out of a definition.
    #[error("cannot leave indexes or constraints out of the definition of {object}: {source}")]
    Shape {
        /// Kind and name.
        object: String,
        /// What is not understood.
        source: ParseError,
    },
}

exit_codes! { Error:
    of source: Server.source;
    Exit::Server: Hidden, Shape;
}

/// A definition from SHOW CREATE, with the session settings under which it was created.
struct Definition {
    text: Vec<u8>,
    character_set_client: Option<String>,
    collation_connection: Option<String>,
    sql_mode: Option<String>,
    time_zone: Option<String>,
    /// That of its database when it was created, if the database has another one now.
    database_collation: Option<String>,
}

/// Reads definitions over one connection.
pub struct SchemaReader<'a> {
    connection: &'a mut Connection,
    server: &'a Server,
    preamble: Preamble,
    definer: &'a DefinerRule,
    shape: &'a Shape,
}

impl<'a> SchemaReader<'a> {
    /// The character set of the session has to be utf8mb4.
    pub fn new(
        connection: &'a mut Connection,
        server: &'a Server,
        preamble: Preamble,
        definer: &'a DefinerRule,
        shape: &'a Shape,
    ) -> Self {
        SchemaReader { connection, server, preamble, definer, shape }
    }

    /// CREATE DATABASE.
    pub fn database(&mut self, database: &Database) -> Result<Vec<u8>, Error> {
        let name = quote_identifier(&database.name);
        let definition = self.show(
            &format!("database {}", database.name.escape_debug()),
            &format!("SHOW CREATE DATABASE IF NOT EXISTS {name}"),
            "Create Database",
        )?;
        let mut out = self.preamble.for_definitions();
        out.add(&definition.text);
        Ok(out.finish())
    }

    /// CREATE TABLE. The session's `character_set_results` has to be NULL. MySQL declares the whole text as utf8mb3, but
    /// literals in expressions have any character set, and a conversion would destroy them. Unconverted, their bytes match
    /// their introducers.
    pub fn table(&mut self, table: &Table) -> Result<Vec<u8>, Error> {
        if let TableKind::ViewAsTable { engine } = &table.kind {
            return self.table_of_view(table, engine);
        }
        let object = format!("table {}", table.name);
        let statement = format!("SHOW CREATE TABLE {}", table.name.to_sql());
        let mut text = self.show_in(&object, None, &statement, "Create Table")?.text;
        let inexact = literals::inexact(&text);
        if !inexact.is_empty() {
            self.run(&object, "SET SESSION character_set_results = utf8mb4")?;
            text = literals::with_exact(self.connection, self.server, table, &text, inexact)
                .map_err(|source| Error::Server { object: object.clone(), source })?;
            self.run(&object, "SET SESSION character_set_results = NULL")?;
        }
        text = self.shape.of_table(table, text).map_err(|source| Error::Shape { object, source })?;
        let mut out = self.preamble.for_table(table);
        out.add(&literals::without_line_ends(text, table.computation.as_deref()));
        if let Some(computation) = &table.computation {
            // For indexes that are added later.
            out.add(set_sql_mode(computation.sql_mode.as_deref()).as_bytes());
            if let Some(zone) = computation.time_zone.as_deref().filter(|_| self.preamble.utc) {
                out.add(set_time_zone(zone).as_bytes());
            }
        }
        Ok(out.finish())
    }

    /// CREATE TABLE in place of a view.
    fn table_of_view(&mut self, view: &Table, engine: &str) -> Result<Vec<u8>, Error> {
        let object = format!("view {}", view.name);
        let condition = is_named(&[("TABLE_SCHEMA", &view.name.database), ("TABLE_NAME", &view.name.name)]);
        let query = format!(
            "SELECT {VIEW_COLUMNS} FROM information_schema.COLUMNS WHERE {condition} ORDER BY ORDINAL_POSITION"
        );
        let columns = self.query_in(&object, None, &query)?;
        if columns.is_empty() {
            return Err(Error::Hidden(object));
        }
        let mut out = self.preamble.for_definitions();
        out.add(table_of_view(&view.name.name, engine, &columns).as_bytes());
        Ok(out.finish())
    }

    /// A table that stands in for a view until all views can be created. It only needs the names of the view's columns, so
    /// engine and type are ones that every server accepts.
    pub fn stand_in(&self, view: &Table) -> Vec<u8> {
        let mut out = self.preamble.for_definitions();
        out.add(self.shape.stand_in(view).as_bytes());
        out.finish()
    }

    /// CREATE VIEW, in place of the stand-in.
    pub fn view(&mut self, view: &Table) -> Result<Vec<u8>, Error> {
        // Within its own database a view is shown without that database's name, so that it can be restored under
        // another one.
        let object = format!("view {}", view.name);
        self.run(&object, &format!("USE {}", quote_identifier(&view.name.database)))?;
        let name = quote_identifier(&view.name.name);
        let mut definition = self.show(&object, &format!("SHOW CREATE VIEW {}", view.name.to_sql()), "Create View")?;
        if needs_column_list(&view.columns) {
            let condition = is_named(&[("TABLE_SCHEMA", &view.name.database), ("TABLE_NAME", &view.name.name)]);
            let columns = format!(
                "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE {condition} ORDER BY ORDINAL_POSITION"
            );
            let rows = self.query_in(&object, definition.character_set_client.as_deref(), &columns)?;
            let names: Vec<&[u8]> = rows.iter().filter_map(|row| row.bytes(0)).collect();
            definition.text = with_column_list(&definition.text, &names);
        }
        definition.text = self.definer.apply(&definition.text).into_owned();
        let mut out = self.preamble.for_definitions();
        out.add(format!("DROP TABLE IF EXISTS {name}").as_bytes());
        out.add(format!("DROP VIEW IF EXISTS {name}").as_bytes());
        definition.write(&mut out, None, StatementWriter::add_body);
        Ok(out.finish())
    }

    /// CREATE SEQUENCE, and its next value.
    pub fn sequence(&mut self, sequence: &Table) -> Result<Vec<u8>, Error> {
        let object = format!("sequence {}", sequence.name);
        let definition =
            self.show(&object, &format!("SHOW CREATE SEQUENCE {}", sequence.name.to_sql()), "Create Table")?;
        let statement = format!("SELECT next_not_cached_value, cycle_count FROM {}", sequence.name.to_sql());
        let position = self
            .connection
            .query_first(statement)
            .map_err(|source| Error::Server { object: object.clone(), source })?
            .ok_or(Error::Hidden(object))?;
        let mut out = self.preamble.for_definitions();
        out.add(&definition.text);
        let name = quote_identifier(&sequence.name.name);
        // The fourth argument is the cycle count: without it, a sequence that has cycled would not be set back.
        let setval = format!("SELECT SETVAL({name}, {}, 0, {})", position.text(0), position.text(1));
        out.add(setval.as_bytes());
        Ok(out.finish())
    }

    /// The triggers of a table, in their order.
    pub fn triggers(&mut self, table: &Table) -> Result<Vec<u8>, Error> {
        let mut out = self.preamble.for_definitions();
        let database = &table.name.database;
        for name in &table.triggers {
            self.stored_program(&mut out, database, "TRIGGER", name, "SQL Original Statement")?;
        }
        Ok(out.finish())
    }

    /// Routines and events of a database.
    pub fn post(&mut self, database: &Database) -> Result<Vec<u8>, Error> {
        let mut out = self.preamble.for_definitions();
        for routine in &database.routines {
            // "PACKAGE BODY" is shown in a column "Create Package Body": names are compared without case.
            let column = format!("Create {}", routine.kind);
            self.stored_program(&mut out, &database.name, &routine.kind, &routine.name, &column)?;
        }
        for event in &database.events {
            self.stored_program(&mut out, &database.name, "EVENT", event, "Create Event")?;
        }
        Ok(out.finish())
    }

    fn stored_program(
        &mut self,
        out: &mut StatementWriter,
        database: &str,
        kind: &str,
        name: &str,
        column: &str,
    ) -> Result<(), Error> {
        let object = format!("{} {}.{}", kind.to_ascii_lowercase(), database.escape_debug(), name.escape_debug());
        let quoted = quote_identifier(name);
        let statement = format!("SHOW CREATE {kind} {}.{quoted}", quote_identifier(database));
        let mut definition = self.show(&object, &statement, column)?;
        let now = self.database_collation(&object, database)?;
        definition.database_collation = definition.database_collation.filter(|collation| *collation != now);
        let sql_mode = definition.sql_mode.clone().unwrap_or_default();
        definition.text = mixed_charsets::parsable(definition.text, kind, &sql_mode);
        self.put_in_one_charset(&object, &mut definition, kind, &sql_mode)?;
        if sql_mode.contains("NO_BACKSLASH_ESCAPES")
            && let Some(query) = comment::query(kind, database, name)
            && let Some(row) = self.query_in(&object, definition.character_set_client.as_deref(), &query)?.first()
            && let (Some(shown), Some(needed)) = (row.bytes(0), row.bytes(1))
        {
            definition.text = comment::replace(&definition.text, shown, needed).into_owned();
        }
        definition.text = libraries::unqualified(&definition.text, database).into_owned();
        definition.text = self.definer.apply(&definition.text).into_owned();
        definition.write(out, Some(&format!("DROP {kind} IF EXISTS {quoted}")), StatementWriter::add_program);
        Ok(())
    }

    fn database_collation(&mut self, object: &str, database: &str) -> Result<String, Error> {
        let condition = is_named(&[("SCHEMA_NAME", database)]);
        let query = format!("SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE {condition}");
        let rows = self.query_in(object, None, &query)?;
        Ok(rows.first().map(|row| row.text(0)).unwrap_or_default())
    }

    /// Converts the utf8 parts of a definition to the character set of the rest.
    fn put_in_one_charset(
        &mut self,
        object: &str,
        definition: &mut Definition,
        kind: &str,
        sql_mode: &str,
    ) -> Result<(), Error> {
        let Some(charset) = definition.character_set_client.as_deref().filter(|charset| !is_utf8(charset)) else {
            return Ok(());
        };
        // From the last to the first, so that earlier positions stay valid.
        for part in
            mixed_charsets::utf8_parts(&definition.text, kind, sql_mode, self.server.is_mariadb()).into_iter().rev()
        {
            let text = definition.text.get(part.clone()).unwrap_or_default();
            if text.is_ascii() {
                continue;
            }
            let literal: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
            let converted = format!("CONVERT(_utf8mb4 x'{literal}' USING {charset})");
            let statement = format!("SELECT CAST({converted} AS BINARY), CONVERT({converted} USING utf8mb4)");
            let row = self
                .connection
                .query_first(statement)
                .map_err(|source| Error::Server { object: object.to_owned(), source })?
                .ok_or_else(|| Error::Hidden(object.to_owned()))?;
            if row.bytes(1) != Some(text) {
                tracing::warn!("{object} was created in {charset}, which lacks some characters of its header");
            }
            let converted = row.bytes(0).unwrap_or_default().to_vec();
            definition.text.splice(part, converted);
        }
        Ok(())
    }

    fn show(&mut self, object: &str, statement: &str, column: &str) -> Result<Definition, Error> {
        let definition = self.show_in(object, None, statement, column)?;
        // The body is stored in the character set of the client that created it, and its file needs the same bytes.
        match definition.character_set_client.clone() {
            None => Ok(definition),
            Some(charset) if is_utf8(&charset) => Ok(definition),
            charset => self.show_in(object, charset.as_deref(), statement, column),
        }
    }

    fn show_in(
        &mut self,
        object: &str,
        charset: Option<&str>,
        statement: &str,
        column: &str,
    ) -> Result<Definition, Error> {
        let rows = self.query_in(object, charset, statement)?;
        let row = rows.first().ok_or_else(|| Error::Hidden(object.to_owned()))?;
        Ok(Definition {
            text: row.named(column).ok_or_else(|| Error::Hidden(object.to_owned()))?.to_vec(),
            character_set_client: row.named_text("character_set_client"),
            collation_connection: row.named_text("collation_connection"),
            sql_mode: row.named_text("sql_mode"),
            time_zone: row.named_text("time_zone"),
            database_collation: row.named_text("Database Collation"),
        })
    }

    /// The rows of a statement, in a character set.
    fn query_in(&mut self, object: &str, charset: Option<&str>, statement: &str) -> Result<Vec<Row>, Error> {
        let charset = charset.filter(|charset| !is_utf8(charset));
        if let Some(charset) = charset {
            self.run(object, &format!("SET SESSION character_set_results = {charset}"))?;
        }
        let rows = self.connection.query(statement);
        if charset.is_some() {
            self.run(object, "SET SESSION character_set_results = utf8mb4")?;
        }
        rows.map_err(|source| Error::Server { object: object.to_owned(), source })
    }

    fn run(&mut self, object: &str, statement: &str) -> Result<(), Error> {
        let result = self.connection.execute(statement);
        result.map(drop).map_err(|source| Error::Server { object: object.to_owned(), source })
    }
}

/// A condition on columns of information_schema with names, which servers compare without regard to case.
fn is_named(columns: &[(&str, &str)]) -> String {
    let conditions: Vec<String> = columns
        .iter()
        .map(|(column, name)| format!("{column} = {0} AND HEX({column}) = HEX({0})", quote_string(name)))
        .collect();
    conditions.join(" AND ")
}

fn is_utf8(charset: &str) -> bool {
    matches!(charset, "utf8mb4" | "utf8mb3" | "utf8")
}

impl Definition {
    /// Writes the definition, and the session settings under which it was created.
    fn write(&self, out: &mut StatementWriter, drop: Option<&str>, create: fn(&mut StatementWriter, &[u8])) {
        if let Some(collation) = &self.database_collation {
            out.add(format!("SET @{DATABASE_COLLATION} = {}", quote_string(collation)).as_bytes());
        }
        let mut saved: Vec<(&str, String)> = Vec::new();
        if let Some(sql_mode) = &self.sql_mode {
            saved.push(("sql_mode", quote_string(sql_mode)));
        }
        if let Some(time_zone) = &self.time_zone {
            saved.push(("time_zone", quote_string(time_zone)));
        }
        if let (Some(charset), Some(collation)) = (&self.character_set_client, &self.collation_connection) {
            saved.push(("character_set_client", charset.clone()));
            saved.push(("character_set_results", charset.clone()));
            saved.push(("collation_connection", collation.clone()));
        }
        for (variable, _) in &saved {
            out.add(format!("SET @PREV_{0}=@@{0}", variable.to_ascii_uppercase()).as_bytes());
        }
        let set = |out: &mut StatementWriter, saved: &[(&str, String)]| {
            saved.iter().for_each(|(variable, value)| out.add(format!("SET {variable} = {value}").as_bytes()));
        };
        let (mode, others) = saved.split_at(usize::from(self.sql_mode.is_some()));
        // MariaDB drops packages only in the mode ORACLE. The name is still in the character set of the file.
        set(out, mode);
        if let Some(drop) = drop {
            out.add(drop.as_bytes());
        }
        set(out, others);
        create(out, &self.text);
        for (variable, _) in saved.iter().rev() {
            out.add(format!("SET {variable} = @PREV_{}", variable.to_ascii_uppercase()).as_bytes());
        }
        if self.database_collation.is_some() {
            out.add(format!("SET @{DATABASE_COLLATION} = NULL").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::sql::BodyFormat;

    #[test]
    fn a_definition_runs_under_the_settings_that_it_was_created_under() {
        let definition = Definition {
            text: b"CREATE EVENT e DO BEGIN SELECT 1; END".to_vec(),
            character_set_client: Some("latin1".into()),
            collation_connection: Some("latin1_swedish_ci".into()),
            sql_mode: Some("ANSI_QUOTES".into()),
            time_zone: Some("SYSTEM".into()),
            database_collation: Some("utf8mb4_bin".into()),
        };
        let mut out = StatementWriter::new(BodyFormat::Delimiter, Vec::new());
        definition.write(&mut out, Some("DROP EVENT IF EXISTS `e`"), StatementWriter::add_program);
        assert_eq!(
            String::from_utf8(out.finish()).unwrap(),
            "SET @mydumper_database_collation = 'utf8mb4_bin';\n\
             SET @PREV_SQL_MODE=@@SQL_MODE;\n\
             SET @PREV_TIME_ZONE=@@TIME_ZONE;\n\
             SET @PREV_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT;\n\
             SET @PREV_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS;\n\
             SET @PREV_COLLATION_CONNECTION=@@COLLATION_CONNECTION;\n\
             SET sql_mode = 'ANSI_QUOTES';\n\
             DROP EVENT IF EXISTS `e`;\n\
             SET time_zone = 'SYSTEM';\n\
             SET character_set_client = latin1;\n\
             SET character_set_results = latin1;\n\
             SET collation_connection = latin1_swedish_ci;\n\
             DELIMITER ;;\n\
             CREATE EVENT e DO BEGIN SELECT 1; END\n\
             ;;\n\
             DELIMITER ;\n\
             SET collation_connection = @PREV_COLLATION_CONNECTION;\n\
             SET character_set_results = @PREV_CHARACTER_SET_RESULTS;\n\
             SET character_set_client = @PREV_CHARACTER_SET_CLIENT;\n\
             SET time_zone = @PREV_TIME_ZONE;\n\
             SET sql_mode = @PREV_SQL_MODE;\n\
             SET @mydumper_database_collation = NULL;\n"
        );
    }
}
