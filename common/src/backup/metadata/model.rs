//! What the `metadata` file says, section by section.

use std::collections::BTreeMap;
use std::fmt;

use crate::backup::file_name::TableFileName;
use crate::backup::mydumper_checksum::MydumperChecksum;
use crate::backup::row_hash::ChunkRows;
use crate::server::{Product, Server};

/// What is known of a dump, read from one or more metadata files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// `[config]`.
    pub config: ConfigSection,
    /// `[myloader_session_variables]`, in order.
    pub session_variables: Vec<(String, String)>,
    /// ``[`DB`.`TABLE`]``.
    pub tables: BTreeMap<TableFileName, TableEntry>,
    /// ``[`DB`]``, by real names.
    pub databases: BTreeMap<String, DatabaseEntry>,
    /// `executed_gtid_set` of `[source]`, which is a comment there.
    pub gtid_set: Option<String>,
    /// Whether the line `# Finished dump at` is there.
    pub finished: bool,
}

/// `[config]`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ConfigSection {
    /// The longest statement in bytes.
    pub max_statement_size: Option<u64>,
    /// How many sequences the dump has.
    pub num_sequences: Option<u64>,
    /// Whether rows come as LOAD DATA.
    pub local_infile: Option<bool>,
    /// `num-files`, ours: how many files the dump has but for metadata. So a file that is missing is missed, also one
    /// with triggers or routines.
    pub num_files: Option<u64>,
    /// `guarantee`, ours: how far the tables are of one moment.
    pub guarantee: Option<Guarantee>,
    /// `guarantee-by`, ours: by what, and what was missing for more. For people to read.
    pub guarantee_by: Option<String>,
    /// `server`, ours: the product and version that the dump is of.
    pub server: Option<Server>,
    /// `row-hash`, ours: how rows were hashed. Without it no rows were.
    pub row_hash: Option<String>,
    /// `row-hash-time-zone`, ours: the session's, in which rows were read that were hashed, where it was set for them.
    pub row_hash_time_zone: Option<String>,
}

/// How far the tables of a dump are of one point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarantee {
    /// All are.
    PointInTime,
    /// Those of engines with transactions are; each other is of its own moment.
    TransactionalTables,
    /// Nothing is known.
    None,
}

impl Guarantee {
    const NAMES: [(Guarantee, &str); 3] = [
        (Guarantee::PointInTime, "point-in-time"),
        (Guarantee::TransactionalTables, "transactional-tables"),
        (Guarantee::None, "none"),
    ];

    /// A word that a later version may write is no error.
    pub(super) fn parse(text: &str) -> Option<Guarantee> {
        Self::NAMES.iter().find(|(_, name)| *name == text).map(|(guarantee, _)| *guarantee)
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(guarantee, _)| guarantee == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

/// What the metadata says of a table, view or sequence.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct TableEntry {
    /// `real_table_name`.
    pub real_name: Option<String>,
    /// `rows`: how many rows the dump holds.
    pub rows: Option<u64>,
    /// `is_view`.
    pub is_view: bool,
    /// `is_sequence`.
    pub is_sequence: bool,
    /// `estimated_bytes`, ours: how long the rows are by the server's estimate. It stands in a stream before the rows, so
    /// that it is known before a table is made whether many come.
    pub estimated_bytes: Option<u64>,
    /// `rows_sent`, ours: every file with rows of this table stands before this in the stream, so that its keys can be
    /// added. mydumper's partial metadata cannot tell, its `rows` may be too low then.
    pub rows_sent: bool,
    /// `data_checksum`: what CHECKSUM TABLE says of the rows.
    pub data_checksum: Option<u64>,
    /// `schema_checksum`: of the columns, or the view.
    pub schema_checksum: Option<MydumperChecksum>,
    /// `indexes_checksum`.
    pub indexes_checksum: Option<MydumperChecksum>,
    /// `hashed_columns`, ours: what was selected of each row that was hashed, as SQL.
    pub hashed_columns: Option<Box<str>>,
    /// `hashed_history`, ours: rows of the past are among those of a system-versioned table.
    pub hashed_history: bool,
    /// `chunk_NNNNN`, ours: the chunks of the table, which together are all that was dumped of it.
    pub chunks: Vec<ChunkRows>,
}

/// What the metadata says of a database: its checksums.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct DatabaseEntry {
    /// `schema_checksum`: of its character set and collation.
    pub schema_checksum: Option<MydumperChecksum>,
    /// `post_checksum`: of its routines.
    pub post_checksum: Option<MydumperChecksum>,
    /// `events_checksum`.
    pub events_checksum: Option<MydumperChecksum>,
    /// `triggers_checksum`.
    pub triggers_checksum: Option<MydumperChecksum>,
}

impl Metadata {
    /// The product that the dump is of, as far as it says: mydumper's by the form of its GTIDs, those of MariaDB being
    /// three numbers.
    pub fn product(&self) -> Option<Product> {
        if let Some(server) = &self.config.server {
            return Some(server.product);
        }
        let gtid = self.gtid_set.as_ref()?.split(',').next().filter(|gtid| !gtid.is_empty())?;
        Some(if gtid.contains(':') { Product::MySql } else { Product::MariaDb })
    }

    /// Takes in what a further metadata file of the same dump says.
    pub fn absorb(&mut self, other: Metadata) {
        let Metadata { config, session_variables, tables, databases, gtid_set, finished } = other;
        self.config.max_statement_size = config.max_statement_size.or(self.config.max_statement_size);
        self.config.num_sequences = config.num_sequences.or(self.config.num_sequences);
        self.config.local_infile = config.local_infile.or(self.config.local_infile);
        self.config.num_files = config.num_files.or(self.config.num_files);
        self.config.guarantee = config.guarantee.or(self.config.guarantee);
        self.config.guarantee_by = config.guarantee_by.or(self.config.guarantee_by.take());
        self.config.server = config.server.or(self.config.server);
        self.config.row_hash = config.row_hash.or(self.config.row_hash.take());
        self.config.row_hash_time_zone = config.row_hash_time_zone.or(self.config.row_hash_time_zone.take());
        self.session_variables.extend(session_variables);
        self.tables.extend(tables);
        self.databases.extend(databases);
        self.gtid_set = gtid_set.or(self.gtid_set.take());
        self.finished |= finished;
    }
}
