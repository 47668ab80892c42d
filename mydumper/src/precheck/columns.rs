//! Columns that the user may not read. The server does not list them, or lists them without saying so to a SELECT of the
//! others: the dump would lack them.

use common::server::connection::{Connection, ServerError};
use common::server::error_codes;
use common::sql::name::QualifiedName;
use common::sql::quote_identifier;

/// A table with columns that the user may not read.
pub struct UnreadableColumns {
    pub table: QualifiedName,
    /// Which, or that nobody can tell.
    pub why: String,
}

impl UnreadableColumns {
    /// Those of a table of which the user may read these columns only.
    ///
    /// With another privilege on the table, SHOW CREATE TABLE shows all of them; without any, it is denied, and nothing tells
    /// whether there are other columns. (Tried on MySQL 9.7 and MariaDB 10.11.)
    pub fn find(
        connection: &mut Connection,
        table: &QualifiedName,
        granted: &[&str],
    ) -> Result<Option<UnreadableColumns>, ServerError> {
        let shown = connection.query_first(format!("SHOW CREATE TABLE {}", table.to_sql()));
        let definition = match shown {
            Ok(row) => row.map(|row| row.text(1)).unwrap_or_default(),
            Err(error) if is_denied(&error) => {
                let why = "columns that the user may not read, if it has any, are hidden".to_owned();
                return Ok(Some(UnreadableColumns { table: table.clone(), why }));
            }
            // What else is wrong with it is found when it is opened.
            Err(error) if error.server_code().is_some() => return Ok(None),
            Err(error) => return Err(error),
        };
        // Names of columns are the same in any case.
        let is_granted = |name: &str| granted.iter().any(|granted| granted.to_lowercase() == name.to_lowercase());
        let others: Vec<String> = defined_columns(&definition).filter(|name| !is_granted(name)).collect();
        if others.is_empty() || !may_not_read(connection, table, &others)? {
            return Ok(None);
        }
        let names: Vec<String> = others.iter().map(|column| column.escape_debug().to_string()).collect();
        let why = match names.as_slice() {
            [one] => format!("column {one} cannot be read"),
            _ => format!("columns {} cannot be read", names.join(", ")),
        };
        Ok(Some(UnreadableColumns { table: table.clone(), why }))
    }
}

/// The names of the columns in SHOW CREATE TABLE, where each has a line of its own.
fn defined_columns(definition: &str) -> impl Iterator<Item = String> {
    definition.lines().filter_map(|line| {
        let line = line.strip_prefix("  `")?;
        let mut name = String::new();
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match character {
                '`' if characters.as_str().starts_with('`') => name.extend(characters.next()),
                '`' => return Some(name),
                other => name.push(other),
            }
        }
        None
    })
}

/// Grants that the server does not show may count, too.
fn may_not_read(connection: &mut Connection, table: &QualifiedName, columns: &[String]) -> Result<bool, ServerError> {
    let quoted: Vec<String> = columns.iter().map(|column| quote_identifier(column)).collect();
    match connection.query(format!("SELECT {} FROM {} LIMIT 0", quoted.join(","), table.to_sql())) {
        Err(error) if is_denied(&error) => Ok(true),
        Err(error) if error.server_code().is_none() => Err(error),
        _ => Ok(false),
    }
}

fn is_denied(error: &ServerError) -> bool {
    const DENIED: [u16; 2] = [error_codes::TABLE_ACCESS_DENIED, error_codes::COLUMN_ACCESS_DENIED];
    error.server_code().is_some_and(|code| DENIED.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_columns_in_a_definition() {
        let definition = "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a``b` int,\n  KEY `k` (`id`)\n) ENGINE=InnoDB";
        assert_eq!(defined_columns(definition).collect::<Vec<_>>(), ["id", "a`b"]);
    }
}
