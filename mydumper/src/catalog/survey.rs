//! What the server lists, before locks are taken: enough to check that all of it can be read.

use common::server::Server;
use common::server::connection::{Connection, Row, RowRef};
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
    /// Whether the server may be unable to open it.
    pub is_doubtful: bool,
}

impl SurveyedDatabase {
    /// Lists all that are selected.
    pub fn read_all(
        connection: &mut Connection,
        server: &Server,
        selection: &CatalogSelection<'_>,
    ) -> Result<Vec<SurveyedDatabase>, Error> {
        let databases = DatabaseNames::read(connection, selection.filter)?;
        databases.warn();
        let read = |name| {
            let mut database = SurveyedDatabase::read(connection, selection, name)?;
            if !server.is_mariadb() {
                database.doubt_what_is_warned_of(&connection.query("SHOW WARNINGS")?);
            }
            Ok(database)
        };
        databases.names.into_iter().map(read).collect()
    }

    fn read(
        connection: &mut Connection,
        selection: &CatalogSelection<'_>,
        name: String,
    ) -> Result<SurveyedDatabase, Error> {
        let mut tables = Vec::new();
        let statement = format!(
            "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, DATA_LENGTH, TABLE_COMMENT, DATA_FREE FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = {}",
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
                let is_doubtful = is_doubtful(&kind, row);
                tables.push(Surveyed { name: table, kind, is_doubtful });
            }
        }
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(SurveyedDatabase { name, tables })
    }

    /// Only a warning about `DATA_FREE` says that InnoDB's file of a table is missing, in MySQL.
    fn doubt_what_is_warned_of(&mut self, warnings: &[Row]) {
        for message in warnings.iter().map(|row| row.text(2)) {
            let named = |table: &&mut Surveyed| message.contains(&table.name.to_sql());
            self.tables.iter_mut().filter(named).for_each(|table| table.is_doubtful = true);
        }
    }
}

/// Of what it cannot open, the server gives the error as comment. MariaDB knows no engine then, MySQL no length; and of a
/// tablespace that was discarded, neither knows a length.
fn is_doubtful(kind: &TableKind, row: RowRef<'_>) -> bool {
    let comment = row.text(5);
    match kind {
        TableKind::View | TableKind::ViewAsTable { .. } => !comment.eq_ignore_ascii_case("VIEW"),
        TableKind::Sequence | TableKind::Base { .. } => {
            let has_length = row.number(4).is_some_and(|length| length > 0);
            row.bytes(3).is_none()
                || (!has_length && (row.text(3).eq_ignore_ascii_case("InnoDB") || !comment.is_empty()))
        }
    }
}
