//! Everything of a database but its rows, as texts.

use super::{columns, joined};
use crate::server::Product;
use crate::sql::{Client, Field, text};
use crate::{quote_name, quote_text};
use std::collections::BTreeMap;

/// What a text describes ("trigger `name`: order") and the text.
pub(super) type Objects = BTreeMap<String, String>;

/// Reads them all. A database that does not exist has none.
pub(super) fn read(client: &mut Client, product: Product, database: &str) -> Objects {
    let mut reader = Reader { client, product, database, objects: Objects::new() };
    if !reader.read_database() {
        return reader.objects;
    }
    reader.read_tables();
    reader.read_columns();
    reader.read_triggers();
    reader.read_routines();
    reader.read_events();
    if product == Product::MySql {
        reader.read_libraries();
    }
    reader.objects
}

struct Reader<'a> {
    client: &'a mut Client,
    product: Product,
    database: &'a str,
    objects: Objects,
}

impl Reader<'_> {
    /// A condition on an information_schema column with a database's name. MariaDB compares such names without regard
    /// to case, and finds them fast only by `=`: so both ways.
    fn is_ours(&self, column: &str) -> String {
        let name = quote_text(self.database);
        format!("{column} = {name} AND HEX({column}) = HEX({name})")
    }

    fn add(&mut self, name: String, text: String) {
        let previous = self.objects.insert(name.clone(), text);
        assert!(previous.is_none(), "{name} was read twice");
    }

    fn read_database(&mut self) -> bool {
        let condition = self.is_ours("SCHEMA_NAME");
        let rows = self.client.query(format!("SELECT * FROM information_schema.SCHEMATA WHERE {condition}"));
        // The first two columns are the catalog and the name; collations, comment and encryption follow.
        let Some(row) = rows.first() else { return false };
        self.add("database: attributes".to_owned(), joined(&row[2..]));
        true
    }

    /// The whole answer of SHOW CREATE, which has sql_mode, zone and character sets beside the statement; or the
    /// server's error, say for a view of a table that is gone.
    fn show_create(&mut self, kind: &str, name: &str, skip: Option<usize>) {
        let (database, quoted) = (quote_name(self.database), quote_name(name));
        let shown = match self.client.try_query(format!("SHOW CREATE {kind} {database}.{quoted}")) {
            Ok(mut rows) => {
                let mut row = rows.remove(0);
                if let Some(column) = skip {
                    row.remove(column);
                }
                without_implied_charsets(&joined(&row))
            }
            Err(error) => error,
        };
        self.add(format!("{} {quoted}: SHOW CREATE", kind.to_lowercase()), shown);
    }

    fn read_tables(&mut self) {
        let database = quote_name(self.database);
        for row in self.client.query(format!("SHOW FULL TABLES FROM {database}")) {
            let name = text(&row[0]);
            match text(&row[1]).as_str() {
                "VIEW" => self.show_create("VIEW", &name, None),
                "SEQUENCE" => {
                    self.show_create("SEQUENCE", &name, None);
                    let quoted = quote_name(&name);
                    let position = self.client.query(format!("SELECT * FROM {database}.{quoted}"));
                    self.add(format!("sequence {quoted}: position"), joined(&position[0]));
                }
                _ => self.show_create("TABLE", &name, None),
            }
        }
    }

    /// Columns of tables and views. information_schema is exact where SHOW CREATE loses characters.
    fn read_columns(&mut self) {
        let condition = self.is_ours("TABLE_SCHEMA");
        let views: Vec<String> = self
            .client
            .query(format!("SELECT TABLE_NAME FROM information_schema.VIEWS WHERE {condition}"))
            .iter()
            .map(|row| text(&row[0]))
            .collect();
        let rows = self.client.query(format!("SELECT * FROM information_schema.COLUMNS WHERE {condition}"));
        for row in rows {
            let (table, column) = (text(&row[2]), text(&row[3]));
            // MySQL decides by the sql_mode of the session that creates a view whether CONCAT may give NULL, and keeps
            // that in information_schema, but not in the view's definition. So COLUMN_DEFAULT and IS_NULLABLE are left
            // out for views.
            let is_view = views.contains(&table);
            let mut facts = if is_view { [&row[4..5], &row[7..]].concat() } else { row[4..].to_vec() };
            if self.product == Product::MySql {
                // GENERATION_EXPRESSION, kept as the creating session wrote it; SHOW CREATE has what it means.
                facts.remove(facts.len() - 2);
            }
            if !is_view && text(&row[7]) == "timestamp" {
                // MySQL keeps the default's text in the zone of the session that created the table; SHOW CREATE is
                // exact.
                facts.remove(1);
            }
            self.add(format!("column {}.{}", quote_name(&table), quote_name(&column)), joined(&facts));
            if !is_view {
                self.read_exact_column(&table, &column, &row);
            }
        }
    }

    /// `row` is the column's row of information_schema.COLUMNS.
    fn read_exact_column(&mut self, table: &str, column: &str, row: &[Field]) {
        let (default, column_type, extra) = (row[5].as_ref().map(|_| text(&row[5])), text(&row[15]), text(&row[17]));
        // MariaDB quotes literals here, MySQL marks expressions.
        let is_literal = match self.product {
            Product::MariaDb => default.as_ref().is_some_and(|text| {
                text.starts_with(['\'', '-', '.']) || text.starts_with(|c: char| c.is_ascii_digit())
            }),
            Product::MySql => !extra.contains("DEFAULT_GENERATED"),
        };
        let source = format!("{}.{}", quote_name(self.database), quote_name(table));
        let exact =
            columns::exact(self.client, &source, column, &column_type, default.as_deref().filter(|_| is_literal));
        if !exact.is_empty() {
            self.add(format!("column {}.{}: as bytes", quote_name(table), quote_name(column)), exact);
        }
    }

    fn read_triggers(&mut self) {
        let condition = self.is_ours("TRIGGER_SCHEMA");
        let rows = self.client.query(format!(
            "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER
             FROM information_schema.TRIGGERS WHERE {condition}"
        ));
        for row in rows {
            let name = text(&row[0]);
            self.add(format!("trigger {}: table, event, order", quote_name(&name)), joined(&row[1..]));
            // The seventh column is the time of creation.
            self.show_create("TRIGGER", &name, Some(6));
        }
    }

    fn read_routines(&mut self) {
        let condition = self.is_ours("ROUTINE_SCHEMA");
        let rows = self
            .client
            .query(format!("SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE {condition}"));
        for row in rows {
            // FUNCTION, PROCEDURE; in MariaDB also PACKAGE and PACKAGE BODY.
            let kind = text(&row[0]);
            if kind != "LIBRARY" {
                self.show_create(&kind, &text(&row[1]), None);
            }
        }
    }

    fn read_events(&mut self) {
        let condition = self.is_ours("EVENT_SCHEMA");
        let rows = self.client.query(format!("SELECT EVENT_NAME FROM information_schema.EVENTS WHERE {condition}"));
        for row in rows {
            self.show_create("EVENT", &text(&row[0]), None);
        }
    }

    /// Libraries came with MySQL 9.2; an older server has no such table.
    fn read_libraries(&mut self) {
        let condition = self.is_ours("LIBRARY_SCHEMA");
        let query = format!("SELECT LIBRARY_NAME FROM information_schema.LIBRARIES WHERE {condition}");
        for row in self.client.try_query(query).unwrap_or_default() {
            self.show_create("LIBRARY", &text(&row[0]), None);
        }
    }
}

/// MySQL writes a column's `COLLATE` without the character set that it implies if the column took both from its table,
/// and with it once that text was executed again: the two mean the same.
fn without_implied_charsets(text: &str) -> String {
    const CHARSET: &str = " CHARACTER SET ";
    let mut parts = text.split(CHARSET);
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(' ') {
            Some((charset, rest)) if rest.starts_with(&format!("COLLATE {charset}_")) => {
                short.push(' ');
                short.push_str(rest);
            }
            _ => {
                short.push_str(CHARSET);
                short.push_str(part);
            }
        }
    }
    short
}
