//! The session's side of what literals mean: asking the server, replacing `binary`, and sending rows.

use std::borrow::Cow;

use common::server::connection::{ServerError, StatementOutcome};
use common::sql::name::QualifiedName;
use common::sql::quote_string;

use super::Session;
use super::literals::{INSTEAD_OF_BINARY, LiteralSettings};

impl Session {
    /// What literals are in the session. On MySQL, the connection character set is not `binary` afterwards, so that no table
    /// is opened with it.
    pub fn literals(&mut self) -> Result<LiteralSettings, ServerError> {
        if let Some(known) = &self.literals {
            return Ok(known.clone());
        }
        let mut found = self.ask_literals()?;
        if !self.server.is_mariadb() && found.is_replaceable() {
            self.replace(true)?;
            found.replaced = true;
        }
        Ok(self.literals.insert(found).clone())
    }

    /// Keeps tables from being opened with `binary`, after statements that may have set it.
    pub fn keep_bounds(&mut self) -> Result<(), ServerError> {
        if self.server.is_mariadb() { Ok(()) } else { self.literals().map(drop) }
    }

    /// For a CREATE TABLE, on both servers: its bounds and defaults are text in UTF-8, if they can be. Others are in the
    /// table's character set, as mydumper 1.0.1 writes them: the server takes their bytes for that in a binary session.
    pub fn enter_definition(&mut self, create: &[u8]) -> Result<(), ServerError> {
        if create.is_ascii() {
            return Ok(());
        }
        let is_text = std::str::from_utf8(create).is_ok();
        let found = self.literals()?;
        if found.is_replaceable() && found.replaced != is_text {
            self.state = None;
            self.literals = None;
            self.replace(is_text)?;
        }
        Ok(())
    }

    fn ask_literals(&mut self) -> Result<LiteralSettings, ServerError> {
        let settings = "SELECT @@character_set_client, @@character_set_connection, @@collation_connection, \
                        @@SESSION.sql_mode, @@max_allowed_packet";
        let row = self.connection.query_first(settings)?;
        let text = |column| row.as_ref().map(|row| row.text(column)).unwrap_or_default();
        self.replaced &= text(0) == "binary" && text(2) == INSTEAD_OF_BINARY;
        Ok(LiteralSettings {
            client: text(0),
            connection: if self.replaced { "binary".to_owned() } else { text(1) },
            sql_mode: text(3),
            replaced: self.replaced,
            max_packet: text(4).parse().unwrap_or(u64::MAX),
        })
    }

    fn replace(&mut self, replaced: bool) -> Result<(), ServerError> {
        let collation = if replaced { INSTEAD_OF_BINARY } else { "binary" };
        self.connection.execute(format!("SET SESSION collation_connection = {collation}"))?;
        self.replaced = replaced;
        Ok(())
    }

    /// Runs a statement that writes rows into a table.
    pub fn insert(&mut self, table: &QualifiedName, statement: &[u8]) -> Result<StatementOutcome, ServerError> {
        let literals = self.literals()?;
        let explicit = literals.explicit(statement);
        let fits = |statement: &[u8]| (statement.len() as u64) < literals.max_packet;
        if fits(&explicit) || !fits(statement) || self.has_bounds(table)? {
            return self.connection.execute(explicit);
        }
        self.replace(false)?;
        let outcome = self.connection.execute(statement);
        self.replace(true)?;
        outcome
    }

    /// A statement of a file of rows that is no INSERT, as this server understands it. User variables hold pieces of long
    /// values.
    pub fn explicit<'a>(&mut self, statement: &'a [u8]) -> Result<Cow<'a, [u8]>, ServerError> {
        if !statement.starts_with(b"SET @") || statement.starts_with(b"SET @@") {
            return Ok(self.adapt_set(statement));
        }
        let literals = self.literals()?;
        Ok(match self.adapt_set(statement) {
            Cow::Borrowed(statement) => literals.explicit(statement),
            Cow::Owned(adapted) => Cow::Owned(literals.explicit(&adapted).into_owned()),
        })
    }

    /// Whether a table's partitions have bounds that are parsed in the session's character set.
    fn has_bounds(&mut self, table: &QualifiedName) -> Result<bool, ServerError> {
        let row = self.connection.query_first(format!(
            "SELECT COUNT(*) FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} \
             AND PARTITION_METHOD LIKE '% COLUMNS'",
            quote_string(&table.database),
            quote_string(&table.name)
        ))?;
        Ok(row.and_then(|row| row.number(0)) != Some(0))
    }
}
