//! The query for the rows of a chunk, and what of it a copy of the table is compared by.

use common::backup::row_hash::Selection;
use common::server::Server;
use common::sql::quote_identifier;

use crate::catalog::Table;
use crate::config::RowOptions;
use crate::plan::chunk::Chunk;
use crate::rows::encoder::select_expression;

/// What is selected of each row: the columns that are dumped, as expressions whose text has the whole value.
pub fn select_list(table: &Table) -> String {
    let columns: Vec<String> = table.stored_columns().map(select_expression).collect();
    if columns.is_empty() { "1".to_owned() } else { columns.join(",") }
}

/// What chooses the chunk's rows in a copy, which has only those that `--where` takes.
pub fn selection(chunk: &Chunk) -> Selection {
    match (chunk.partition_clause(), chunk.predicate()) {
        (Some(partition), _) => Selection::Partition(partition.into()),
        (None, Some(predicate)) => Selection::Range(predicate.into()),
        (None, None) => Selection::All,
    }
}

/// The query for a chunk's rows.
pub fn select(table: &Table, chunk: &Chunk, options: &RowOptions, server: &Server) -> String {
    let conditions: Vec<String> =
        chunk.predicate().into_iter().chain(options.condition.clone()).map(|text| format!("({text})")).collect();
    let mut statement = format!(
        "SELECT {}{}{} FROM {}",
        table.select_priority(server),
        // MariaDB's query cache would be filled with rows that nobody asks for again; MySQL has none.
        if server.is_mariadb() { "SQL_NO_CACHE " } else { "" },
        select_list(table),
        table.name.to_sql()
    );
    if let Some(partition) = chunk.partition_clause() {
        statement.push_str(&format!(" {partition}"));
    }
    if table.history {
        statement.push_str(" FOR SYSTEM_TIME ALL");
    }
    if !conditions.is_empty() {
        statement.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
    }
    if options.order_by_primary && !table.primary_key.is_empty() {
        let key: Vec<String> = table.primary_key.iter().map(|column| quote_identifier(column)).collect();
        statement.push_str(&format!(" ORDER BY {}", key.join(",")));
    }
    statement
}
