//! What the `metadata` file says, section by section.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::backup::file_name::TableFileName;
use crate::backup::mydumper_checksum::MydumperChecksum;
use crate::backup::row_hash::{ChunkRows, RowHash};
use crate::backup::stored_files::StoredFiles;
use crate::server::{Product, Server};
use crate::sql::name::QualifiedName;

/// The content of one or more metadata files of a dump.
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
    /// `file…` of tables and `[mydumper-rs-files]`, not in mydumper: what is stored as each file.
    pub files: StoredFiles,
    /// `executed_gtid_set` of `[source]`, where it is a comment.
    pub gtid_set: Option<String>,
    /// `extension` of `[mydumper-rs]`: what the other files' names end with, beyond the names by which metadata lists them. A
    /// command has written them.
    pub extension: Option<String>,
    /// Whether it has the line `# Finished dump at`.
    pub finished: bool,
}

/// The section of the keys that mydumper lacks. Earlier dumps of ours have them in `[config]`.
pub(super) const OWN_SECTION: &str = "mydumper-rs";

/// What holds for the dump as a whole: `[config]`, and `[mydumper-rs]`, not in mydumper.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ConfigSection {
    /// The longest statement in bytes.
    pub max_statement_size: Option<u64>,
    /// How many sequences the dump has.
    pub num_sequences: Option<u64>,
    /// Whether rows come as LOAD DATA.
    pub local_infile: Option<bool>,
    /// `num-files`, not in mydumper: the number of files without metadata, so that a missing file is noticed, also one with
    /// triggers or routines.
    pub num_files: Option<u64>,
    /// `guarantee`, not in mydumper: which tables are consistent.
    pub guarantee: Option<Guarantee>,
    /// `guarantee-by`, not in mydumper: the evidence for the guarantee, and what was missing for a stronger one. Free text.
    pub guarantee_by: Option<String>,
    /// `server`, not in mydumper: the product and version of the server that was dumped.
    pub server: Option<Server>,
    /// `row-hash`, not in mydumper: the algorithm of the hashes of rows, if there are any.
    pub row_hash: Option<String>,
    /// `row-hash-time-zone`, not in mydumper: the session time zone in which hashed rows were read, if it was set.
    pub row_hash_time_zone: Option<String>,
    /// `format` of `[mydumper-rs]`: that of the rows, if the loader does not read it.
    pub format: Option<String>,
}

/// Which tables of a dump show the same point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarantee {
    /// All tables.
    PointInTime,
    /// Those of transactional engines. Each other table shows a point in time of its own.
    TransactionalTables,
    /// None for certain.
    None,
}

impl Guarantee {
    const NAMES: [(Guarantee, &str); 3] = [
        (Guarantee::PointInTime, "point-in-time"),
        (Guarantee::TransactionalTables, "transactional-tables"),
        (Guarantee::None, "none"),
    ];

    /// `None` for a word of a later version.
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

/// The section of a table, view or sequence.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct TableEntry {
    /// `real_table_name`.
    pub real_name: Option<String>,
    /// `real_database_name`, not in mydumper: of a database whose file name is another.
    pub real_database: Option<String>,
    /// `rows`: the number of rows in the dump.
    pub rows: Option<u64>,
    /// `is_view`.
    pub is_view: bool,
    /// `is_sequence`.
    pub is_sequence: bool,
    /// `estimated_bytes`, not in mydumper: the server's estimate of the size of the rows. In a stream it precedes the rows,
    /// so that it is known when the table is created.
    pub estimated_bytes: Option<u64>,
    /// `rows_sent`, not in mydumper: all files with rows of this table precede this in the stream, so that its keys can be
    /// added. The `rows` of mydumper's partial metadata may be too low.
    pub rows_sent: bool,
    /// `columns`, not in mydumper: what [`table_columns`](crate::backup::table_columns) writes of a table whose definition
    /// is not in the dump.
    pub columns: Option<Box<str>>,
    /// `columns_named`, not in mydumper: the statements with rows name their columns.
    pub columns_named: bool,
    /// `data_checksum`: the result of CHECKSUM TABLE.
    pub data_checksum: Option<u64>,
    /// `schema_checksum`: of a table's columns, or of a view's definition.
    pub schema_checksum: Option<MydumperChecksum>,
    /// `indexes_checksum`.
    pub indexes_checksum: Option<MydumperChecksum>,
    /// `hashed_columns`, not in mydumper: the SELECT list of the hashed rows.
    pub hashed_columns: Option<Box<str>>,
    /// `hashed_history`, not in mydumper: the hashes include the history of a system-versioned table.
    pub hashed_history: bool,
    /// `chunk_NNNNN`, not in mydumper: all chunks of the table.
    pub chunks: Vec<ChunkRows>,
    /// `generated_columns` and `generated_hash`, not in mydumper: the stored generated columns, and the hash of all rows
    /// with them behind the others.
    pub generated: Option<GeneratedColumns>,
}

/// Stored generated columns, whose values are not in the dump.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GeneratedColumns {
    /// The SELECT list of them.
    pub columns: Box<str>,
    /// The sum of the hashes of all rows with these columns behind the hashed ones.
    pub hash: RowHash,
}

/// The section of a database.
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
    /// The product of the server that was dumped, if the metadata shows it: mydumper's does by the form of its GTIDs, since
    /// MySQL's have a colon.
    pub fn product(&self) -> Option<Product> {
        if let Some(server) = &self.config.server {
            return Some(server.product);
        }
        let gtid = self.gtid_set.as_ref()?.split(',').next().filter(|gtid| !gtid.is_empty())?;
        Some(if gtid.contains(':') { Product::MySql } else { Product::MariaDb })
    }

    /// The real names of all tables, views and sequences, as far as it has them.
    pub fn real_names(&self) -> BTreeSet<QualifiedName> {
        let name = |(file, entry): (&TableFileName, &TableEntry)| {
            let database = entry.real_database.as_ref().unwrap_or(&file.database);
            QualifiedName::new(database.clone(), entry.real_name.as_ref().unwrap_or(&file.table).clone())
        };
        self.tables.iter().map(name).collect()
    }

    /// Merges the content of a further metadata file of the same dump.
    pub fn absorb(&mut self, other: Metadata) {
        let Metadata { config, session_variables, tables, databases, files, gtid_set, extension, finished } = other;
        self.config.max_statement_size = config.max_statement_size.or(self.config.max_statement_size);
        self.config.num_sequences = config.num_sequences.or(self.config.num_sequences);
        self.config.local_infile = config.local_infile.or(self.config.local_infile);
        self.config.num_files = config.num_files.or(self.config.num_files);
        self.config.guarantee = config.guarantee.or(self.config.guarantee);
        self.config.guarantee_by = config.guarantee_by.or(self.config.guarantee_by.take());
        self.config.server = config.server.or(self.config.server);
        self.config.row_hash = config.row_hash.or(self.config.row_hash.take());
        self.config.row_hash_time_zone = config.row_hash_time_zone.or(self.config.row_hash_time_zone.take());
        self.config.format = config.format.or(self.config.format.take());
        self.session_variables.extend(session_variables);
        for (table, mut entry) in tables {
            let told = self.tables.entry(table).or_default();
            // Said once in a stream, before the rows.
            entry.columns = entry.columns.or(told.columns.take());
            entry.columns_named |= told.columns_named;
            *told = entry;
        }
        self.databases.extend(databases);
        self.files.extend(files);
        self.gtid_set = gtid_set.or(self.gtid_set.take());
        self.extension = extension.or(self.extension.take());
        self.finished |= finished;
    }
}
