//! Reads the keys of a table for the splitter, within the worker's snapshot.

use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::sql::quote_identifier;

use crate::catalog::Table;
use crate::plan::chunk::{Key, KeyLookup, KeyRange, Value};

/// Reads the key that splits a table.
pub struct KeyReader<'a> {
    connection: &'a mut Connection,
    server: &'a Server,
    table: &'a Table,
    key: &'a Key,
}

impl<'a> KeyReader<'a> {
    /// The session's `character_set_results` has to be NULL, so that values arrive as they are stored.
    pub fn new(connection: &'a mut Connection, server: &'a Server, table: &'a Table, key: &'a Key) -> KeyReader<'a> {
        KeyReader { connection, server, table, key }
    }

    /// A query over the key's index. `hint` is FORCE or USE: with FORCE, MySQL does not estimate.
    fn select(&self, what: &str, hint: &str, range: &KeyRange, further: Option<String>) -> String {
        let conditions: Vec<String> = range.predicate(self.key).into_iter().chain(further).collect();
        let mut statement = format!(
            "SELECT {}{what} FROM {} {hint} INDEX ({})",
            self.table.select_priority(self.server),
            self.table.name.to_sql(),
            quote_identifier(&self.key.index)
        );
        if !conditions.is_empty() {
            statement.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
        }
        statement
    }

    /// The value of the range's column in the row at `offset` in this order.
    fn value(&mut self, range: &KeyRange, order: &str, offset: u64) -> Result<Option<Value>, ServerError> {
        let Some(column) = range.column(self.key) else { return Ok(None) };
        let select = self.select(&column, "FORCE", range, None);
        let row = self.connection.query_first(format!("{select} ORDER BY {column} {order} LIMIT 1 OFFSET {offset}"))?;
        Ok(row.and_then(|row| row.bytes(0).map(|value| Value(value.to_vec()))))
    }
}

impl KeyLookup for KeyReader<'_> {
    type Error = ServerError;

    fn estimate(&mut self, range: &KeyRange) -> Result<u64, ServerError> {
        // MySQL may default to a tree; MariaDB always prints a table and rejects the keyword.
        let explain = if self.server.is_mariadb() { "EXPLAIN" } else { "EXPLAIN FORMAT=TRADITIONAL" };
        let row = self.connection.query_first(format!("{explain} {}", self.select("1", "USE", range, None)))?;
        // NULL if the optimizer finds that no row matches.
        Ok(row.and_then(|row| row.named_text("rows")?.parse().ok()).unwrap_or(0))
    }

    fn first(&mut self, range: &KeyRange) -> Result<Option<Value>, ServerError> {
        self.value(range, "ASC", 0)
    }

    fn last(&mut self, range: &KeyRange) -> Result<Option<Value>, ServerError> {
        self.value(range, "DESC", 0)
    }

    fn nth(&mut self, range: &KeyRange, offset: u64) -> Result<Option<Value>, ServerError> {
        self.value(range, "ASC", offset)
    }

    fn finds(&mut self, range: &KeyRange, value: &Value, low: Option<&Value>) -> Result<bool, ServerError> {
        let Some(column) = self.key.columns.get(range.prefix.len()) else { return Ok(false) };
        let mut condition = column.compared("=", value);
        if let Some(low) = low {
            condition.push_str(&format!(" AND {}", column.compared(">", low)));
        }
        let statement = self.select("1", "FORCE", range, Some(condition));
        Ok(self.connection.query_first(format!("{statement} LIMIT 1"))?.is_some())
    }
}
