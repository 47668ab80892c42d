//! Which table a name stands for: proof that none was renamed, dropped or rebuilt between the snapshot and its reading.
//!
//! A snapshot holds rows, not names. A table that takes another's name while the dump runs, as online schema changes
//! do it, would be read with the rows that it had at the snapshot, and no error. From its first SELECT on, a table is
//! protected by the reading transaction. So InnoDB's numbers of tables, read just before the snapshot and again when
//! all rows are read, tell. They are exact where the listing's times of creation tell seconds apart only.

use std::collections::BTreeMap;

use common::server::Server;
use common::server::connection::{Connection, RowRef, ServerError};
use common::sql::name::QualifiedName;

use crate::consistency::changed_tables::changed_entries::ChangedEntries;

/// InnoDB's numbers of tables by their names, and of what part of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct TableIds(BTreeMap<Part, u64>);

/// A table, and what part of it, which may be all.
type Part = (QualifiedName, String);

impl TableIds {
    /// Reads them as they are now, of tables that `wanted` takes; the user needs the privilege PROCESS.
    pub fn read(
        connection: &mut Connection,
        server: &Server,
        wanted: impl Fn(&QualifiedName) -> bool,
    ) -> Result<TableIds, ServerError> {
        let mut ids = Vec::new();
        let take = |part: Part, id| {
            if wanted(&part.0) {
                ids.push((part, id));
            }
        };
        each(connection, server, take)?;
        // Made at once, a map has no room to spare.
        Ok(TableIds(ids.into_iter().collect()))
    }

    /// Tables that have changed since.
    pub fn changed(&self, connection: &mut Connection, server: &Server) -> Result<Vec<&QualifiedName>, ServerError> {
        let mut entries = self.changed_entries();
        each(connection, server, |part, later| entries.see(&part, |id| *id == later))?;
        Ok(entries.changed().map(|(name, _)| name).collect())
    }

    fn changed_entries(&self) -> ChangedEntries<'_, Part, u64> {
        ChangedEntries::with(&self.0)
    }
}

/// The numbers as they are now, one by one.
fn each(connection: &mut Connection, server: &Server, take: impl FnMut(Part, u64)) -> Result<(), ServerError> {
    if server.is_mariadb() {
        // The server itself knows how to read its names for files; what follows `#` is not part of one.
        let decoded = |part: &str| format!("CONVERT(CONVERT({part} USING binary) USING filename)");
        let statement = format!(
            "SELECT {}, {}, NAME, TABLE_ID FROM information_schema.INNODB_SYS_TABLES WHERE NAME LIKE '%/%'",
            decoded("SUBSTRING_INDEX(NAME, '/', 1)"),
            decoded("SUBSTRING_INDEX(SUBSTRING_INDEX(NAME, '/', -1), '#', 1)"),
        );
        let name = |row: RowRef<'_>| Some(QualifiedName::new(row.text(0), row.text(1)));
        return read(connection, &statement, name, 2, take);
    }
    let view = if server.is_mysql_since(8, 0, 0) { "INNODB_TABLES" } else { "INNODB_SYS_TABLES" };
    let statement = format!("SELECT NAME, TABLE_ID FROM information_schema.{view}");
    read(connection, &statement, |row| qualified(&row.text(0)), 0, take)
}

fn read(
    connection: &mut Connection,
    statement: &str,
    name: impl Fn(RowRef<'_>) -> Option<QualifiedName>,
    raw: usize,
    mut take: impl FnMut(Part, u64),
) -> Result<(), ServerError> {
    connection.each(statement, |row| {
        let part = row.text(raw).split_once('#').map(|(_, part)| part.to_owned());
        if let (Some(name), Some(id)) = (name(row), row.number(raw + 1)) {
            take((name, part.unwrap_or_default()), id);
        }
    })
}

/// `database/table`, and perhaps `#` and a part of it, each as InnoDB writes it.
fn qualified(raw: &str) -> Option<QualifiedName> {
    let (database, table) = raw.split_once('/')?;
    let table = table.split_once('#').map_or(table, |(table, _)| table);
    Some(QualifiedName::new(decoded(database)?, decoded(table)?))
}

/// A name as InnoDB writes it, where characters other than letters, digits and underscores are `@` and four hexadecimal
/// digits. Letters of some scripts have a shorter form by a table of the server's own, and MySQL has no function that
/// reads it: such tables are told apart by the listing alone.
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
        let entry = |(name, id): &(&str, &str)| {
            let part = name.split_once('#').map_or("", |(_, part)| part);
            Some(((qualified(name)?, part.to_owned()), id.parse().ok()?))
        };
        TableIds(entries.iter().filter_map(entry).collect())
    }

    #[test]
    fn renamed_dropped_and_rebuilt_tables_are_named() {
        let before = ids(&[
            ("d/dropped", "1"),
            ("d/same", "2"),
            ("d/swapped", "3"),
            ("d/p#P#p0", "4"),
            ("d/p#P#p1", "12"),
            ("d/a@0020b@65e5", "8"),
            ("@0020d/t", "9"),
            ("d/caf@1h", "11"),
        ]);
        let after = ids(&[("d/same", "2"), ("d/swapped", "9"), ("d/new", "10"), ("d/p#P#p1", "12")]);
        let mut entries = before.changed_entries();
        after.0.iter().for_each(|(part, later)| entries.see(part, |id| id == later));
        let changed: Vec<String> = entries.changed().map(|(name, _)| name.to_string()).collect();
        assert_eq!(changed, [" d.t", "d.a b日", "d.dropped", "d.p", "d.swapped"]);
    }
}
