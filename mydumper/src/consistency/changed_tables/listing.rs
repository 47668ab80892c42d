//! The names of the tables to be dumped, and which tables they stand for: read before the locks, which are taken by these
//! names, and again when all rows are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::server::connection::Connection;
use common::sql::name::QualifiedName;
use common::sql::quote_string;

use crate::catalog::interner::Words;
use crate::catalog::{self, Error, keeps_rows_elsewhere};
use crate::config::Config;
use crate::consistency::changed_tables::changed_entries::ChangedEntries;

/// Base tables that pass the filters and have rows of their own.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Listing(BTreeMap<QualifiedName, Listed>);

/// What is remembered of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    engine: Arc<str>,
    /// `CREATE_TIME`, in seconds. Every ALTER changes it on both servers, RENAME keeps it. TRUNCATE keeps it on MySQL,
    /// but a snapshot from before cannot read the table any more then (error 1412).
    ///
    /// None if the server does not say. MariaDB stops saying it, for any time, of a table with an index on a virtual
    /// column that the purge of old rows is the first to open after a FLUSH TABLES; so no time is no other time.
    created: Option<String>,
}

impl Listed {
    fn may_be(&self, later: &Listed) -> bool {
        let times = self.created.as_ref().zip(later.created.as_ref());
        self.engine == later.engine && times.is_none_or(|(created, later)| created == later)
    }
}

impl Listing {
    /// Reads it as it is now. On MySQL not in a transaction: there a snapshot holds the catalog, too.
    pub fn read(connection: &mut Connection, config: &Config) -> Result<Listing, Error> {
        let mut tables = Vec::new();
        each(connection, config, |name, listed| tables.push((name, listed)))?;
        // Made at once, a map has no room to spare.
        Ok(Listing(tables.into_iter().collect()))
    }

    /// Tables that have changed since.
    pub fn changed(&self, connection: &mut Connection, config: &Config) -> Result<Vec<&QualifiedName>, Error> {
        let mut entries = self.changed_entries();
        each(connection, config, |name, later| entries.see(&name, |listed| listed.may_be(&later)))?;
        Ok(entries.changed().collect())
    }

    fn changed_entries(&self) -> ChangedEntries<'_, QualifiedName, Listed> {
        ChangedEntries::with(&self.0)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &QualifiedName> {
        self.0.keys()
    }

    /// Names of tables that no snapshot holds.
    pub fn without_snapshots(&self) -> impl Iterator<Item = &QualifiedName> {
        self.0.iter().filter(|(_, listed)| !catalog::is_transactional(&listed.engine)).map(|(name, _)| name)
    }

    /// Whether it has this table.
    pub fn contains(&self, name: &QualifiedName) -> bool {
        self.0.contains_key(name)
    }
}

/// Base tables that pass the filters and have rows of their own, one by one.
fn each(
    connection: &mut Connection,
    config: &Config,
    mut take: impl FnMut(QualifiedName, Listed),
) -> Result<(), Error> {
    let mut words = Words::default();
    let databases = connection.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")?;
    for database in databases.iter().map(|row| row.text(0)).filter(|name| config.filter.passes_database(name)) {
        let mut rows = connection.stream(format!(
            "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE, CREATE_TIME FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = {} AND ENGINE IS NOT NULL AND TABLE_TYPE <> 'SEQUENCE'",
            quote_string(&database)
        ))?;
        while let Some(row) = rows.next_row()? {
            if row.bytes(0) != Some(database.as_bytes()) {
                continue;
            }
            let (name, engine) = (QualifiedName::new(database.clone(), row.text(1)), row.text(2));
            let ignored = config.ignored_engines.iter().any(|ignored| ignored.eq_ignore_ascii_case(&engine));
            if !ignored && !keeps_rows_elsewhere(&engine) && config.filter.passes_table(&name)? {
                // ARCHIVE gives the time of its file's last change.
                let has_time = !engine.eq_ignore_ascii_case("ARCHIVE") && row.bytes(3).is_some();
                let created = has_time.then(|| row.text(3));
                take(name, Listed { engine: words.share(&engine), created });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(tables: &[(&str, &str, Option<&str>)]) -> Listing {
        let listed = |engine: &str, created: Option<&str>| {
            let created = created.map(str::to_owned);
            Listed { engine: engine.into(), created }
        };
        let tables =
            tables.iter().map(|(name, engine, created)| (QualifiedName::new("d", *name), listed(engine, *created)));
        Listing(tables.collect())
    }

    #[test]
    fn altered_dropped_and_swapped_tables_are_found() {
        let before = listing(&[
            ("altered", "InnoDB", Some("1")),
            ("dropped", "InnoDB", None),
            ("engine", "MyISAM", None),
            ("same", "InnoDB", Some("1")),
            ("time_appeared", "InnoDB", None),
            ("time_vanished", "InnoDB", Some("1")),
        ]);
        let after = listing(&[
            ("altered", "InnoDB", Some("2")),
            ("engine", "InnoDB", None),
            ("new", "InnoDB", Some("1")),
            ("same", "InnoDB", Some("1")),
            ("time_appeared", "InnoDB", Some("1")),
            ("time_vanished", "InnoDB", None),
        ]);
        let mut entries = before.changed_entries();
        after.0.iter().for_each(|(name, later)| entries.see(name, |listed| listed.may_be(later)));
        let changed: Vec<&str> = entries.changed().map(|name| name.name.as_str()).collect();
        assert_eq!(changed, ["altered", "dropped", "engine"]);
        assert_eq!(before.without_snapshots().map(|name| name.name.as_str()).collect::<Vec<_>>(), ["engine"]);
    }
}
