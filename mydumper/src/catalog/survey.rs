//! What the server lists, before locks are taken: enough to check that all of it can be read.

use common::server::connection::Connection;
use common::sql::name::QualifiedName;
use common::sql::quote_string;

use super::Error;
use super::databases::DatabaseNames;
use super::reader::table_kind;
use super::selection::CatalogSelection;
use super::table::TableKind;

/// A database that is dumped.
pub struct SurveyedDatabase {
    /// Its name.
    pub name: String,
    /// What of it the filters pass.
    pub tables: Vec<Surveyed>,
}

/// A table, view or sequence that is dumped.
pub struct Surveyed {
    /// Its name.
    pub name: QualifiedName,
    /// Its kind.
    pub kind: TableKind,
}

impl SurveyedDatabase {
    /// Lists all that are selected.
    pub fn read_all(
        connection: &mut Connection,
        selection: &CatalogSelection<'_>,
    ) -> Result<Vec<SurveyedDatabase>, Error> {
        let databases = DatabaseNames::read(connection, selection.filter)?;
        databases.warn();
        databases.names.into_iter().map(|name| SurveyedDatabase::read(connection, selection, name)).collect()
    }

    fn read(
        connection: &mut Connection,
        selection: &CatalogSelection<'_>,
        name: String,
    ) -> Result<SurveyedDatabase, Error> {
        let mut tables = Vec::new();
        let statement = format!(
            "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = {}",
            quote_string(&name)
        );
        let mut rows = connection.stream(statement)?;
        while let Some(row) = rows.next_row()? {
            let table = QualifiedName::new(name.clone(), row.text(1));
            // A server that ignores case in names returns rows of other databases too.
            if row.bytes(0) == Some(name.as_bytes())
                && let Some(kind) = table_kind(selection, row)
                && selection.filter.passes_table(&table)?
            {
                tables.push(Surveyed { name: table, kind });
            }
        }
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(SurveyedDatabase { name, tables })
    }
}
