//! What is left out of tables' definitions, and views as tables.

use common::server::connection::Row;
use common::sql::cursor::ParseError;
use common::sql::quote_identifier;
use common::sql::table::split::{SplitOptions, split};
use common::sql::token::SqlDialect;

use crate::catalog::{Table, TableKind};

/// The engine of the tables that stand in for views, unless the options name one.
const STAND_INS: &str = "MEMORY";

/// The options that change definitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// `--skip-indexes`.
    pub skip_indexes: bool,
    /// `--skip-constraints`.
    pub skip_constraints: bool,
    /// `--table-engine-for-view-dependency`.
    pub view_engine: Option<String>,
}

impl Shape {
    /// The table that stands in for a view.
    pub fn stand_in(&self, view: &Table) -> String {
        let mut columns: Vec<String> =
            view.columns.iter().map(|column| format!("{} int", quote_identifier(&column.name))).collect();
        if columns.is_empty() {
            // The server lists no columns of an invalid view, for example after its definer was dropped.
            columns.push("`unknown` int".to_owned());
        }
        format!(
            "CREATE TABLE IF NOT EXISTS {}(\n{}\n) ENGINE={}",
            quote_identifier(&view.name.name),
            columns.join(",\n"),
            self.view_engine.as_deref().unwrap_or(STAND_INS)
        )
    }

    /// A table's definition without what is left out. Keys stay that the table cannot be made without, or a foreign key that
    /// stays.
    ///
    /// # Errors
    /// When it cannot be understood.
    pub fn of_table(&self, table: &Table, sql: Vec<u8>) -> Result<Vec<u8>, ParseError> {
        let TableKind::Base { engine } = &table.kind else { return Ok(sql) };
        if !self.skip_indexes && !self.skip_constraints {
            return Ok(sql);
        }
        let options = SplitOptions {
            drop_keys: self.skip_indexes,
            engines: vec![engine.clone()],
            drop_constraints: self.skip_constraints,
            drop_checks: self.skip_constraints,
            referenced: table.referenced.iter().map(|column| column.clone().into_bytes()).collect(),
            dialect: SqlDialect::default(),
            ..SplitOptions::default()
        };
        Ok(split(&sql, &options)?.create)
    }
}

/// What [`table_of_view`] needs of a view's columns.
pub const VIEW_COLUMNS: &str = "COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, CHARACTER_SET_NAME, COLLATION_NAME";

/// CREATE TABLE with the columns of a view.
pub fn table_of_view(name: &str, engine: &str, columns: &[Row]) -> String {
    let column = |row: &Row| {
        let mut text = format!("  {} {}", quote_identifier(&row.text(0)), row.text(1));
        if row.bytes(3).is_some() {
            text.push_str(&format!(" CHARACTER SET {} COLLATE {}", row.text(3), row.text(4)));
        }
        text.push_str(if row.text(2) == "NO" { " NOT NULL" } else { " NULL" });
        text
    };
    let columns: Vec<String> = columns.iter().map(column).collect();
    format!("CREATE TABLE {} (\n{}\n) ENGINE={engine}", quote_identifier(name), columns.join(",\n"))
}
