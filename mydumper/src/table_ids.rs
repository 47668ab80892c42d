//! Which table a name stands for: proof that none was renamed, dropped or rebuilt between the snapshot and its reading.
//!
//! A snapshot holds rows, not names. A table that takes another's name while the dump runs, as online schema changes
//! do it, would be read with the rows that it had at the snapshot, and no error. From its first SELECT on, a table is
//! protected by the reading transaction. So the engine's numbers of tables, read at the snapshot and again when all rows
//! are read, tell.

use std::collections::BTreeMap;

use common::connection::{Connection, Error as ServerError};
use common::filter::{Filter, FilterError};
use common::name::QualifiedName;
use common::server::Server;

/// InnoDB's numbers of tables by its names for them, `database/table`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct TableIds(BTreeMap<String, String>);

impl TableIds {
    /// Reads them as they are now; the user needs the privilege PROCESS.
    pub fn read(connection: &mut Connection, server: &Server) -> Result<TableIds, ServerError> {
        let view = if server.is_mysql_since(8, 0, 0) { "INNODB_TABLES" } else { "INNODB_SYS_TABLES" };
        let rows = connection.query(format!("SELECT NAME, TABLE_ID FROM information_schema.{view}"))?;
        Ok(TableIds(rows.iter().map(|row| (row.text(0), row.text(1))).collect()))
    }

    /// Tables that the filter takes and that are not, later, what they were.
    pub fn changed(&self, later: &TableIds, filter: &Filter) -> Result<Vec<String>, FilterError> {
        let mut changed = Vec::new();
        for (name, id) in &self.0 {
            if later.0.get(name) != Some(id) && is_taken(name, filter)? {
                changed.push(name.replacen('/', ".", 1));
            }
        }
        Ok(changed)
    }
}

fn is_taken(name: &str, filter: &Filter) -> Result<bool, FilterError> {
    let Some((database, table)) = name.split_once('/') else { return Ok(false) };
    // Parts of a table, tables that ALTER is at work on, and those of fulltext indexes.
    let table = table.split_once('#').map_or(table, |(table, _)| table);
    if table.is_empty() || table.starts_with("FTS_") {
        return Ok(false);
    }
    match (decoded(database), decoded(table)) {
        (Some(database), Some(table)) => filter.passes_table(&QualifiedName::new(database, table)),
        _ => Ok(false),
    }
}

/// A name as InnoDB writes it, where characters other than letters, digits and underscores are `@` and four hexadecimal
/// digits. Letters of some scripts have a shorter form by a table of the server's own: such names are not looked at.
fn decoded(name: &str) -> Option<String> {
    let mut parts = name.split('@');
    let mut decoded = parts.next()?.to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(4)?;
        decoded.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
        decoded.push_str(rest);
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(entries: &[(&str, &str)]) -> TableIds {
        TableIds(entries.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect())
    }

    #[test]
    fn renamed_dropped_and_rebuilt_tables_are_named() {
        let before = ids(&[
            ("d/dropped", "1"),
            ("d/same", "2"),
            ("d/swapped", "3"),
            ("d/p#P#p0", "4"),
            ("d/#sql-1", "5"),
            ("d/FTS_01", "6"),
            ("other/t", "7"),
            ("d/a@0020b@65e5", "8"),
            ("@0020d/t", "9"),
            ("d/caf@1h", "11"),
        ]);
        let after = ids(&[("d/same", "2"), ("d/swapped", "9"), ("d/new", "10")]);
        let filter = Filter { databases: vec!["d".into()], ..Filter::default() };
        assert_eq!(before.changed(&after, &filter).unwrap(), ["d.a@0020b@65e5", "d.dropped", "d.p#P#p0", "d.swapped"]);
        let one = Filter { tables: Filter::names(["d.same"]).unwrap(), ..Filter::default() };
        assert_eq!(before.changed(&after, &one).unwrap(), [""; 0]);
    }
}
