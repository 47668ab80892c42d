//! The query for the rows of a chunk, and the part of its condition by which a copy of the table is verified.

use common::backup::row_hash::Selection;
use common::server::Server;
use common::sql::quote_identifier;

use crate::catalog::Table;
use crate::plan::chunk::Chunk;
use crate::rows::options::{RowCondition, RowOptions};
use crate::rows::projection::Projection;

/// Selects the chunk's rows in a copy of the table, which only has rows that `--where` selected.
pub fn selection(chunk: &Chunk) -> Selection {
    match (chunk.partition_clause(), chunk.predicate()) {
        (Some(partition), _) => Selection::Partition(partition.into()),
        (None, Some(predicate)) => Selection::Range(predicate.into()),
        (None, None) => Selection::All,
    }
}

/// The query for the number of all rows that are dumped of a table.
pub fn count(table: &Table, options: &RowOptions) -> String {
    let mut statement = format!("SELECT COUNT(*) FROM {}", table.name.to_sql());
    if let Some(partitions) = &table.partitions {
        let names: Vec<String> = partitions.iter().map(|name| quote_identifier(name)).collect();
        statement.push_str(&format!(" PARTITION ({})", names.join(",")));
    }
    if table.history {
        statement.push_str(" FOR SYSTEM_TIME ALL");
    }
    if let Some(own) = &options.condition {
        statement.push_str(&format!(" WHERE ({})", own.condition));
    }
    statement
}

/// The query for a chunk's rows.
pub fn select(table: &Table, projection: &Projection, chunk: &Chunk, options: &RowOptions, server: &Server) -> String {
    let own = options.condition.as_ref();
    let conditions = chunk.predicate().into_iter().chain(own.map(|own| own.condition.clone()));
    let conditions: Vec<String> = conditions.map(|text| format!("({text})")).collect();
    let mut statement = format!(
        "SELECT {}{}{} FROM {}",
        table.select_priority(server),
        // The dump's rows would fill MariaDB's query cache for nothing; MySQL has none.
        if server.is_mariadb() { "SQL_NO_CACHE " } else { "" },
        projection.full_select_list(),
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
    let ordered = own.is_some_and(RowCondition::is_ordered);
    if options.order_by_primary && !ordered && !table.primary_key.is_empty() {
        let key: Vec<String> = table.primary_key.iter().map(|column| quote_identifier(column)).collect();
        statement.push_str(&format!(" ORDER BY {}", key.join(",")));
    }
    if let Some(limit) = own.and_then(|own| own.limit.as_ref()) {
        statement.push_str(&format!(" {limit}"));
    }
    statement
}
