//! What a plan depends on besides the catalog.

use common::server::Server;

use crate::catalog::selection::Objects;
use crate::config::Config;
use crate::plan::chunk::ChunkSizing;

/// The part of the options, the server and the locks that decides what is done in which order.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What is dumped of a database.
    pub objects: Objects,
    /// How large chunks are.
    pub chunk_sizing: ChunkSizing,
    /// Number of workers.
    pub threads: usize,
    /// Whether tables of engines without snapshots are locked until their rows are dumped.
    pub locks_tables: bool,
    /// `--check-row-count`.
    pub counts_rows: bool,
    /// Whether CHECKSUM TABLE is asked for.
    pub checksums_rows: bool,
    /// Whether `--where` leaves rows out.
    pub chooses_rows: bool,
    /// Whether `--where` limits the rows of a table.
    pub limits_rows: bool,
    /// Whether `--partition-regex` leaves partitions out.
    pub chooses_partitions: bool,
    /// Whether CHECKSUM TABLE says the same of equal tables when they have generated columns. MariaDB sums up what lies in
    /// memory behind a NULL of these: of equal tables, something else each time (10.11).
    pub sums_generated_columns: bool,
}

impl Settings {
    /// From the options. `locks_tables` is what came of them on this server.
    pub fn new(config: &Config, server: &Server, locks_tables: bool) -> Settings {
        Settings {
            objects: config.objects,
            chunk_sizing: config.chunks.size.clone(),
            threads: config.threads,
            locks_tables,
            counts_rows: config.check_row_count,
            checksums_rows: config.checksums.data,
            chooses_rows: config.rows.condition.is_some(),
            limits_rows: config.rows.condition.as_ref().is_some_and(|condition| condition.limit.is_some()),
            chooses_partitions: config.chunks.partitions.as_ref().is_some_and(|chosen| chosen.pattern.is_some()),
            sums_generated_columns: !server.is_mariadb(),
        }
    }
}
