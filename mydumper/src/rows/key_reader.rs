//! Asks the server for what the cutting of chunks needs to know of a table's keys, inside the worker's snapshot.

use common::server::Server;
use common::server::connection::{Connection, Error};
use common::sql::quote_identifier;

use crate::catalog::Table;
use crate::plan::chunk::{Key, KeyLookup, KeyRange, Value};

/// The keys of one table.
pub struct KeyReader<'a> {
    connection: &'a mut Connection,
    server: &'a Server,
    table: &'a Table,
    key: &'a Key,
}

impl<'a> KeyReader<'a> {
    /// Over a connection whose character set is binary, so that values come as they are stored.
    pub fn new(connection: &'a mut Connection, server: &'a Server, table: &'a Table, key: &'a Key) -> KeyReader<'a> {
        KeyReader { connection, server, table, key }
    }

    /// A query over the key's index. `hint` is FORCE or USE: forced to an index, MySQL does not estimate.
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

    /// The value in one row, by the order of the range's column.
    fn value(&mut self, range: &KeyRange, order: &str, offset: u64) -> Result<Option<Value>, Error> {
        let Some(column) = range.column(self.key) else { return Ok(None) };
        let select = self.select(&column, "FORCE", range, None);
        let row = self.connection.query_first(format!("{select} ORDER BY {column} {order} LIMIT 1 OFFSET {offset}"))?;
        Ok(row.and_then(|row| row.bytes(0).map(|value| Value(value.to_vec()))))
    }
}

impl KeyLookup for KeyReader<'_> {
    type Error = Error;

    fn estimate(&mut self, range: &KeyRange) -> Result<u64, Error> {
        // MySQL may be set to explain as a tree; MariaDB knows no word for the table that it always gives.
        let explain = if self.server.is_mariadb() { "EXPLAIN" } else { "EXPLAIN FORMAT=TRADITIONAL" };
        let row = self.connection.query_first(format!("{explain} {}", self.select("1", "USE", range, None)))?;
        // NULL where the optimizer has found that there is no row.
        Ok(row.and_then(|row| row.named_text("rows")?.parse().ok()).unwrap_or(0))
    }

    fn first(&mut self, range: &KeyRange) -> Result<Option<Value>, Error> {
        self.value(range, "ASC", 0)
    }

    fn last(&mut self, range: &KeyRange) -> Result<Option<Value>, Error> {
        self.value(range, "DESC", 0)
    }

    fn nth(&mut self, range: &KeyRange, offset: u64) -> Result<Option<Value>, Error> {
        self.value(range, "ASC", offset)
    }

    fn finds(&mut self, range: &KeyRange, value: &Value, low: Option<&Value>) -> Result<bool, Error> {
        let Some(column) = self.key.columns.get(range.prefix.len()) else { return Ok(false) };
        let mut condition = column.compared("=", value);
        if let Some(low) = low {
            condition.push_str(&format!(" AND {}", column.compared(">", low)));
        }
        let statement = self.select("1", "FORCE", range, Some(condition));
        Ok(self.connection.query_first(format!("{statement} LIMIT 1"))?.is_some())
    }
}
