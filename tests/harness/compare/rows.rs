//! Rows, byte for byte and without regard to their order.
//!
//! Each side's rows become a sorted list of hashes, 8 bytes a row, so large tables fit. Only when the lists differ are
//! the rows read again, to show some of those that differ.

use super::session;
use crate::server::Server;
use crate::sql::{Client, Field, text};
use crate::{quote_name, quote_text};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// So many differing rows of a side are shown.
const SHOWN_ROWS: usize = 3;
/// So many bytes of a field are shown.
const SHOWN_BYTES: usize = 100;

/// A table's columns with their expressions, and how to read it.
pub(super) struct Table {
    /// Name, and the SQL expression that gives the exact value.
    pub(super) columns: Vec<(String, String)>,
    versioned: bool,
    /// Its period's columns are among the others.
    names_period: bool,
}

impl Table {
    pub(super) fn column_names(&self) -> Vec<&str> {
        self.columns.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// What comes after FROM. A system-versioned table is read with its history.
    pub(super) fn source(&self, database: &str, name: &str) -> String {
        let history = if self.versioned { " FOR SYSTEM_TIME ALL" } else { "" };
        format!("{}.{}{history}", quote_name(database), quote_name(name))
    }

    fn query(&self, database: &str, name: &str) -> String {
        let expressions: Vec<_> = self.columns.iter().map(|(_, expression)| expression.as_str()).collect();
        format!("SELECT {} FROM {}", expressions.join(", "), self.source(database, name))
    }
}

/// A table on one of the two servers.
pub(super) struct Side<'a> {
    pub(super) server: &'a Server,
    pub(super) database: &'a str,
    pub(super) table: &'a Table,
}

/// The database's tables by name; none if there is no such database.
pub(super) fn tables(client: &mut Client, database: &str) -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    let name = quote_text(database);
    // Not SHOW FULL TABLES, to which system-versioned tables are like others. The name twice: see `is_ours` in
    // objects.rs.
    let found = client.query(format!(
        "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES
         WHERE TABLE_SCHEMA = {name} AND HEX(TABLE_SCHEMA) = HEX({name})"
    ));
    for row in found {
        let kind = text(&row[1]);
        if kind == "BASE TABLE" || kind == "SYSTEM VERSIONED" {
            tables.insert(
                text(&row[0]),
                Table { columns: Vec::new(), names_period: false, versioned: kind == "SYSTEM VERSIONED" },
            );
        }
    }
    // Not `SELECT *`, which leaves out invisible columns.
    let columns = client.query(format!(
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, GENERATION_EXPRESSION FROM information_schema.COLUMNS
         WHERE TABLE_SCHEMA = {name} AND HEX(TABLE_SCHEMA) = HEX({name}) ORDER BY TABLE_NAME, ORDINAL_POSITION"
    ));
    for row in columns {
        if let Some(table) = tables.get_mut(&text(&row[0])) {
            let column = text(&row[1]);
            let expression = exact(&quote_name(&column), &text(&row[2]));
            table.columns.push((column, expression));
            table.names_period |= text(&row[3]) == "ROW START";
        }
    }
    for table in tables.values_mut().filter(|table| table.versioned && !table.names_period) {
        table.columns.extend(["row_start", "row_end"].map(|name| (name.to_owned(), quote_name(name))));
    }
    tables
}

/// A FLOAT prints six digits and a DOUBLE(m,d) prints d; as a plain DOUBLE each prints all that it takes to tell it
/// from its neighbours. MariaDB prints -0.0 as 0, but computes with its sign. Both as numbers: text that is made of one
/// is cut when rows go through a temporary table.
fn exact(column: &str, data_type: &str) -> String {
    match data_type {
        "float" | "double" => {
            format!("ABS(CAST({column} AS DOUBLE)), ATAN2({column}, -1) < 0")
        }
        // The empty string may be a member, or none.
        "enum" | "set" => format!("CONCAT(CAST({column} AS UNSIGNED), ' ', HEX({column}))"),
        _ => column.to_owned(),
    }
}

/// The lines for one table that both servers have with the same columns.
pub(super) fn differences(name: &str, left: &Side, right: &Side) -> Vec<String> {
    let (left_hashes, right_hashes) = std::thread::scope(|scope| {
        let other = scope.spawn(|| sorted_hashes(name, right));
        (sorted_hashes(name, left), other.join().unwrap())
    });
    if left_hashes == right_hashes {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if left_hashes.len() != right_hashes.len() {
        let (left, right) = (left_hashes.len(), right_hashes.len());
        lines.push(format!("rows of `{name}`: left {left}, right {right}"));
    }
    lines.extend(only_here(name, left, "left", &left_hashes, &right_hashes));
    lines.extend(only_here(name, right, "right", &right_hashes, &left_hashes));
    lines
}

fn sorted_hashes(name: &str, side: &Side) -> Vec<u64> {
    let mut hashes = Vec::new();
    each_row(name, side, |row| hashes.push(hash(&row)));
    hashes.sort_unstable();
    hashes
}

fn each_row(name: &str, side: &Side, each: impl FnMut(Vec<Field>)) {
    let query = side.table.query(side.database, name);
    let done = session(side.server).try_each_row(query.as_bytes(), each);
    done.unwrap_or_else(|error| panic!("{error}\nin: {query}"));
}

fn hash(row: &[Field]) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}

/// How many rows are on this side only, and some of them.
fn only_here(name: &str, side: &Side, word: &str, own: &[u64], other: &[u64]) -> Option<String> {
    let mut excess: HashMap<u64, usize> = HashMap::new();
    let mut rest = other.iter().peekable();
    for &hash in own {
        while rest.next_if(|other| **other < hash).is_some() {}
        if rest.next_if(|other| **other == hash).is_none() {
            *excess.entry(hash).or_default() += 1;
        }
    }
    let count: usize = excess.values().sum();
    if count == 0 {
        return None;
    }
    let mut shown = Vec::new();
    each_row(name, side, |row| {
        if shown.len() < SHOWN_ROWS && excess.remove(&hash(&row)).is_some() {
            shown.push(readable(&row));
        }
    });
    Some(format!("rows of `{name}`: {count} only on the {word}: {}", shown.join(", ")))
}

fn readable(row: &[Field]) -> String {
    let fields: Vec<_> = row.iter().map(readable_field).collect();
    format!("({})", fields.join(","))
}

fn readable_field(field: &Field) -> String {
    let Some(bytes) = field else { return "NULL".to_owned() };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().count() <= SHOWN_BYTES => return format!("'{}'", text.escape_debug()),
        Ok(text) => text.chars().take(SHOWN_BYTES).flat_map(char::escape_debug).collect(),
        Err(_) => bytes.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect::<String>(),
    };
    format!("'{text}'({} bytes)", bytes.len())
}
