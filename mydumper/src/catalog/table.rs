//! Tables, views and sequences, and their columns.

use std::sync::Arc;

use common::backup::file_name::TableFileName;
use common::backup::mydumper_checksum::MydumperChecksum;
use common::server::Server;
use common::sql::name::QualifiedName;

use super::column::Column;
use super::computed::Computation;
use crate::plan::chunk::Key;

/// A table, view or sequence.
#[derive(Debug)]
pub struct Table {
    /// Its real name.
    pub name: QualifiedName,
    /// Its name in file names.
    pub file: TableFileName,
    /// Table, view or sequence.
    pub kind: TableKind,
    /// In their order.
    pub columns: Vec<Column>,
    /// The primary key's columns in their order; none without such a key.
    pub primary_key: Vec<String>,
    /// The key that splits it into chunks, if there is one.
    pub chunk_key: Option<Arc<Key>>,
    /// The selected partitions, when each is dumped by itself.
    pub partitions: Option<Vec<String>>,
    /// Columns that foreign keys refer to, where keys are left out.
    pub referenced: Vec<String>,
    /// Names of triggers, in the order in which they must be created.
    pub triggers: Vec<String>,
    /// Whether the past rows of a system-versioned table are dumped too, each with its period.
    pub history: bool,
    /// The settings under which a restore computes the same values, where they are not those of all tables.
    pub computation: Option<Box<Computation>>,
    /// The server's estimate of its rows.
    pub row_estimate: u64,
    /// The server's estimate of its length in bytes.
    pub data_length: u64,
    /// The checksum of the table's columns or of the view, if the options ask for it.
    pub schema_checksum: Option<MydumperChecksum>,
    /// The checksum of its indexes, if the options ask for it.
    pub indexes_checksum: Option<MydumperChecksum>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableKind {
    /// A table of a storage engine.
    Base {
        /// For example `InnoDB`.
        engine: String,
    },
    /// A view.
    View,
    /// A view that is dumped as a table.
    ViewAsTable {
        /// Of the table.
        engine: String,
    },
    /// A MariaDB sequence.
    Sequence,
}

impl Table {
    /// A keyword for SELECT with a blank after it, or nothing. MariaDB lets a SELECT on a table without row locks wait
    /// behind waiting writers, and these wait for the dump's lock: the keyword lets it pass them.
    pub fn select_priority(&self, server: &Server) -> &'static str {
        if server.is_mariadb() && self.is_base() && !self.is_transactional() { HIGH_PRIORITY } else { "" }
    }

    /// Whether a snapshot covers its rows. Other engines need a lock while their rows are read.
    pub fn is_transactional(&self) -> bool {
        match &self.kind {
            TableKind::Base { engine } => is_transactional(engine),
            // It may show tables of other engines.
            TableKind::ViewAsTable { .. } => false,
            TableKind::View | TableKind::Sequence => true,
        }
    }

    /// Whether it is a table of the server, and neither view nor sequence.
    pub fn is_base(&self) -> bool {
        matches!(self.kind, TableKind::Base { .. })
    }

    /// Whether it has rows to dump.
    pub fn has_rows(&self) -> bool {
        matches!(self.kind, TableKind::Base { .. } | TableKind::ViewAsTable { .. })
    }

    /// Whether rows are dumped of it.
    pub fn has_dumped_rows(&self) -> bool {
        self.has_rows() && !self.keeps_rows_elsewhere()
    }

    /// Whether its engine stores no rows: it has none, or shows those of other tables or servers.
    pub fn keeps_rows_elsewhere(&self) -> bool {
        match &self.kind {
            TableKind::Base { engine } => keeps_rows_elsewhere(engine),
            TableKind::ViewAsTable { .. } => false,
            TableKind::View | TableKind::Sequence => true,
        }
    }
}

/// See [`Table::select_priority`].
pub const HIGH_PRIORITY: &str = "HIGH_PRIORITY ";

/// Whether START TRANSACTION WITH CONSISTENT SNAPSHOT covers a storage engine.
pub fn is_transactional(engine: &str) -> bool {
    ["InnoDB", "ROCKSDB", "TokuDB", "ndbcluster"].iter().any(|name| name.eq_ignore_ascii_case(engine))
}

/// Whether a storage engine stores no rows.
pub fn keeps_rows_elsewhere(engine: &str) -> bool {
    const ENGINES: [&str; 5] = ["BLACKHOLE", "FEDERATED", "CONNECT", "MRG_MYISAM", "SPIDER"];
    ENGINES.iter().any(|name| name.eq_ignore_ascii_case(engine))
}
