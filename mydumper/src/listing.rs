//! The names of the tables to be dumped and what they stand for at a moment: read before the locks, which are taken by
//! these names, and again when all rows are read.

use std::collections::BTreeMap;

use common::connection::Connection;
use common::name::QualifiedName;
use common::sql::quote_string;

use crate::catalog::{self, Error, keeps_rows_elsewhere};
use crate::config::Config;

/// Base tables that pass the filters and have rows of their own.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Listing(BTreeMap<QualifiedName, Listed>);

/// What is remembered of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    engine: String,
    /// `CREATE_TIME`, in seconds. Every ALTER sets it anew on both servers, RENAME keeps it. TRUNCATE keeps it on MySQL,
    /// but a snapshot from before cannot read the table any more then (error 1412).
    created: Option<String>,
}

impl Listing {
    /// Reads it as it is now. On MySQL not in a transaction: there a snapshot holds the catalog, too.
    pub fn read(connection: &mut Connection, config: &Config) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        let databases = connection.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")?;
        for database in databases.iter().map(|row| row.text(0)).filter(|name| config.filter.passes_database(name)) {
            let rows = connection.query(format!(
                "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE, CREATE_TIME FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = {} AND ENGINE IS NOT NULL AND TABLE_TYPE <> 'SEQUENCE'",
                quote_string(&database)
            ))?;
            for row in rows.iter().filter(|row| row.bytes(0) == Some(database.as_bytes())) {
                let (name, engine) = (QualifiedName::new(database.clone(), row.text(1)), row.text(2));
                let ignored = config.ignored_engines.iter().any(|ignored| ignored.eq_ignore_ascii_case(&engine));
                if !ignored && !keeps_rows_elsewhere(&engine) && config.filter.passes_table(&name)? {
                    // ARCHIVE gives the time of its file's last change.
                    let has_time = !engine.eq_ignore_ascii_case("ARCHIVE") && row.bytes(3).is_some();
                    let created = has_time.then(|| row.text(3));
                    listing.0.insert(name, Listed { engine, created });
                }
            }
        }
        Ok(listing)
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

    /// Tables that are not, later, what they were.
    pub fn changed(&self, later: &Listing) -> impl Iterator<Item = &QualifiedName> {
        self.0.iter().filter(|(name, listed)| later.0.get(name) != Some(listed)).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(tables: &[(&str, &str, &str)]) -> Listing {
        let listed = |engine: &str, created: &str| Listed { engine: engine.into(), created: Some(created.into()) };
        let tables =
            tables.iter().map(|(name, engine, created)| (QualifiedName::new("d", *name), listed(engine, created)));
        Listing(tables.collect())
    }

    #[test]
    fn altered_dropped_and_swapped_tables_are_found() {
        let before = listing(&[("a", "InnoDB", "1"), ("b", "InnoDB", "1"), ("c", "MyISAM", "1"), ("d", "InnoDB", "1")]);
        let after =
            listing(&[("a", "InnoDB", "1"), ("b", "InnoDB", "2"), ("c", "InnoDB", "1"), ("new", "InnoDB", "1")]);
        let changed: Vec<&str> = before.changed(&after).map(|name| name.name.as_str()).collect();
        assert_eq!(changed, ["b", "c", "d"]);
        assert_eq!(before.without_snapshots().map(|name| name.name.as_str()).collect::<Vec<_>>(), ["c"]);
    }
}
