//! Are two databases the same? Read from the servers themselves, without any code of the programs under test.
//!
//! Everything but rows becomes a list of named texts, mostly the answers of SHOW CREATE; the lists of both sides are
//! compared text by text. Rows are compared in `rows.rs`.

mod columns;
mod objects;
mod rows;

use crate::server::{Product, Server};
use crate::sql::{Client, Field, text};
use objects::Objects;
use std::collections::BTreeSet;

/// All differences between two databases, one readable line each; empty when they are equal.
///
/// Compared are the database's own attributes, tables (SHOW CREATE with counters, columns as information_schema has
/// them, members and defaults byte for byte, every row), views, sequences with their positions, triggers and their order, routines, packages, libraries
/// and events with their sql_mode, character sets and time zone.
pub fn differences(a: &Server, a_db: &str, b: &Server, b_db: &str) -> Vec<String> {
    let (left, right) = (objects_of(a, a_db, b_db), objects_of(b, b_db, a_db));
    // Two that do not exist are not equal: most likely a test has their name wrong.
    match (left.is_empty(), right.is_empty()) {
        (false, false) => {}
        (true, true) => return vec![format!("database `{a_db}`: on neither side")],
        (true, false) => return vec![format!("database `{b_db}`: only on the right")],
        (false, true) => return vec![format!("database `{a_db}`: only on the left")],
    }
    let names: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        match (left.get(name), right.get(name)) {
            (Some(left), Some(right)) if left == right => {}
            (Some(left), Some(right)) => found.push(text_difference(name, left, right)),
            (Some(_), None) => found.push(format!("{name}: only on the left")),
            (None, _) => found.push(format!("{name}: only on the right")),
        }
    }
    found.extend(row_differences(a, a_db, b, b_db));
    found
}

/// Like [`differences`], but of the tables' rows only: for copies between different products, whose SHOW CREATE
/// texts never agree. A table or column that only one side has is a difference too.
pub fn row_differences(a: &Server, a_db: &str, b: &Server, b_db: &str) -> Vec<String> {
    let (left, right) = (rows::tables(&mut session(a), a_db), rows::tables(&mut session(b), b_db));
    let names: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        match (left.get(name), right.get(name)) {
            (Some(left), Some(right)) if left.columns == right.columns => {
                let left = rows::Side { server: a, database: a_db, table: left };
                let right = rows::Side { server: b, database: b_db, table: right };
                found.extend(rows::differences(name, &left, &right));
            }
            (Some(left), Some(right)) => found.push(format!(
                "rows of `{name}`: columns differ: left {:?}, right {:?}",
                left.column_names(),
                right.column_names()
            )),
            (Some(_), None) => found.push(format!("rows of `{name}`: table only on the left")),
            (None, _) => found.push(format!("rows of `{name}`: table only on the right")),
        }
    }
    found
}

/// The names of a database's tables (not views or sequences) and how many rows each has.
pub fn row_counts(server: &Server, database: &str) -> Vec<(String, u64)> {
    let mut client = session(server);
    let tables = rows::tables(&mut client, database);
    let count = |(name, table): (String, rows::Table)| {
        let count = client.scalar(format!("SELECT COUNT(*) FROM {}", table.source(database, &name)));
        (name, count.parse().unwrap())
    };
    tables.into_iter().map(count).collect()
}

fn objects_of(server: &Server, database: &str, other: &str) -> Objects {
    let mut objects = objects::read(&mut session(server), server.product(), database);
    if database != other {
        let own = format!("{}.", crate::quote_name(database));
        for text in objects.values_mut() {
            *text = text.replace(&own, "`(the database)`.");
        }
    }
    objects
}

/// A session in which equal things read equal: fixed zone and modes, and results as stored, without conversion. A CSV
/// table with dates that no calendar has can be read in no other mode.
fn session(server: &Server) -> Client {
    let mut client = Client::connect(server);
    client.run("SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES', sql_quote_show_create = 1");
    client.run("SET character_set_results = NULL");
    // Global settings that would hide rows, columns or members.
    client.run("SET sql_select_limit = 18446744073709551615, sql_big_selects = 1");
    match server.product() {
        Product::MariaDb => client.run("SET system_versioning_asof = DEFAULT, max_recursive_iterations = 100000"),
        Product::MySql => {
            client.run("SET show_gipk_in_create_table_and_information_schema = ON, cte_max_recursion_depth = 100000");
        }
    }
    client
}

/// One line with the part of both texts where they begin to differ.
fn text_difference(name: &str, left: &str, right: &str) -> String {
    let (left, right): (Vec<_>, Vec<_>) = (left.chars().collect(), right.chars().collect());
    let same = left.iter().zip(&right).take_while(|(left, right)| left == right).count();
    let part = |text: &[char]| {
        let start = same.saturating_sub(40);
        let end = text.len().min(same + 120);
        let before = if start > 0 { "…" } else { "" };
        let after = if end < text.len() { "…" } else { "" };
        let shown: String = text[start..end].iter().collect();
        format!("{before}{}{after}", shown.escape_debug())
    };
    format!("{name}: left \"{}\", right \"{}\"", part(&left), part(&right))
}

/// A row as one text, a line for each field.
fn joined(row: &[Field]) -> String {
    row.iter().map(text).collect::<Vec<_>>().join("\n")
}
