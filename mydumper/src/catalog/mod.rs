//! What there is to dump: read from information_schema once, inside the snapshot's time.

pub mod interner;
mod keys;
pub mod privileges;
mod reader;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::backup::file_name::TableFileName;
use common::backup::metadata::DatabaseEntry;
use common::backup::mydumper_checksum::MydumperChecksum;
use common::backup::selection::{Filter, FilterError};
use common::backup::table_names::FileNames;
use common::process::exit::{Exit, Failure};
use common::server::Server;
use common::server::connection::{Connection, Error as ServerError};
use common::sql::name::QualifiedName;

use self::reader::Reader;
use crate::config::Config;
use crate::plan::chunk::Key;

/// The catalog could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A query failed.
    #[error("cannot read the catalog: {0}")]
    Server(#[from] ServerError),
    /// A filter could not be decided.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// `--database` or `--tables-list` names what the server does not have.
    #[error("the server has no {kind} {name}: check the name and the user's privileges")]
    Missing {
        /// Database or table.
        kind: &'static str,
        /// Its name.
        name: String,
    },
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Server(error) => error.exit(),
            Error::Filter(error) => error.exit(),
            Error::Missing { .. } => Exit::Failed,
        }
    }
}

/// All that is to be dumped.
#[derive(Debug, Default)]
pub struct Catalog {
    /// In the order of their names.
    pub databases: Vec<Arc<Database>>,
}

/// A database and what of it is to be dumped.
#[derive(Debug)]
pub struct Database {
    /// Real name.
    pub name: String,
    /// The name that its files carry.
    pub file: String,
    /// Tables, views and sequences that pass the filter.
    pub tables: Vec<Arc<Table>>,
    /// Routines.
    pub routines: Vec<Routine>,
    /// Names of events.
    pub events: Vec<String>,
    /// Checksums of it and of what is dumped of it, as far as they are asked for.
    pub checksums: DatabaseEntry,
}

/// A table, view or sequence.
#[derive(Debug)]
pub struct Table {
    /// Real name.
    pub name: QualifiedName,
    /// The name that its files carry.
    pub file: TableFileName,
    /// What it is.
    pub kind: TableKind,
    /// Columns in their order.
    pub columns: Vec<Column>,
    /// The primary key's columns in their order; none without such a key.
    pub primary_key: Vec<String>,
    /// The key that chunks are cut by, if one can be.
    pub chunk_key: Option<Arc<Key>>,
    /// Its partitions, where each is dumped by itself.
    pub partitions: Option<Vec<String>>,
    /// Triggers in the order that they have to be created in.
    pub triggers: Vec<String>,
    /// Whether its rows are dumped with those that a system-versioned table keeps of the past, and their periods.
    pub history: bool,
    /// The server's estimate of its rows.
    pub row_estimate: u64,
    /// The server's estimate of its length in bytes.
    pub data_length: u64,
    /// The checksum of its columns or of the view, if it is asked for.
    pub schema_checksum: Option<MydumperChecksum>,
    /// That of its indexes.
    pub indexes_checksum: Option<MydumperChecksum>,
}

/// What a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableKind {
    /// With rows of its own, in a storage engine.
    Base {
        /// `InnoDB`, say.
        engine: String,
    },
    /// A view.
    View,
    /// A MariaDB sequence.
    Sequence,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `DATA_TYPE`, in lower case.
    pub data_type: Arc<str>,
    /// The character set of text.
    pub charset: Option<Arc<str>>,
    /// MariaDB's collations with `nopad` in their names, to which trailing blanks matter.
    pub no_pad: bool,
    /// Computed by the server, so never inserted.
    pub generated: bool,
    /// Left out of `SELECT *`, and of an INSERT without a column list.
    pub invisible: bool,
    /// AUTO_INCREMENT.
    pub counts: bool,
    /// An ENUM or SET that has the empty string among its members. No member at all prints as the same.
    pub has_empty_member: bool,
    /// Start or end of the period in which a row of a system-versioned table was there.
    pub period: bool,
}

/// A stored routine or package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routine {
    /// `LIBRARY` (MySQL), `FUNCTION`, `PROCEDURE`, `PACKAGE` or `PACKAGE BODY` (MariaDB).
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl Table {
    /// A word for SELECT, with a blank behind it. Without, MariaDB lets nobody read a table without row locks while a
    /// writer waits for it, and for the dump's lock the writers do wait.
    pub fn select_priority(&self, server: &Server) -> &'static str {
        if server.is_mariadb() && !self.is_transactional() { HIGH_PRIORITY } else { "" }
    }

    /// Whether a snapshot holds its rows; other engines need a lock for as long as they are copied.
    pub fn is_transactional(&self) -> bool {
        match &self.kind {
            TableKind::Base { engine } => is_transactional(engine),
            TableKind::View | TableKind::Sequence => true,
        }
    }

    /// Whether it has rows to dump.
    pub fn has_rows(&self) -> bool {
        matches!(self.kind, TableKind::Base { .. })
    }

    /// The columns that are dumped.
    pub fn stored_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.generated)
    }

    /// Whether its engine has no rows of its own: none at all, or those of other tables or servers.
    pub fn keeps_rows_elsewhere(&self) -> bool {
        match &self.kind {
            TableKind::Base { engine } => keeps_rows_elsewhere(engine),
            TableKind::View | TableKind::Sequence => true,
        }
    }

    /// Whether an INSERT has to name its columns.
    pub fn needs_column_list(&self) -> bool {
        self.columns.iter().any(|column| column.generated || column.invisible)
    }
}

/// See [`Table::select_priority`].
pub const HIGH_PRIORITY: &str = "HIGH_PRIORITY ";

/// Whether START TRANSACTION WITH CONSISTENT SNAPSHOT covers a storage engine.
pub fn is_transactional(engine: &str) -> bool {
    ["InnoDB", "ROCKSDB", "TokuDB", "ndbcluster"].iter().any(|name| name.eq_ignore_ascii_case(engine))
}

/// Whether tables of a storage engine have no rows of their own.
pub fn keeps_rows_elsewhere(engine: &str) -> bool {
    const ENGINES: [&str; 5] = ["BLACKHOLE", "FEDERATED", "CONNECT", "MRG_MYISAM", "SPIDER"];
    ENGINES.iter().any(|name| name.eq_ignore_ascii_case(engine))
}

impl Catalog {
    /// Reads the catalog.
    pub fn read(connection: &mut Connection, server: &Server, config: &Config) -> Result<Catalog, Error> {
        let filter = &config.filter;
        let (names, left_out) = (FileNames::default(), BTreeSet::new());
        let mut reader = Reader { connection, server, config, filter, names, left_out };
        let mut catalog = Catalog::default();
        let names = reader.database_names()?;
        if let Some(name) = filter.databases.iter().find(|name| !names.contains(name)) {
            return Err(Error::Missing { kind: "database", name: name.escape_debug().to_string() });
        }
        let mut charsets = reader.charset_checksums()?;
        for name in names {
            let charset = charsets.remove(&name);
            if let Some(database) = reader.database(name, charset)? {
                catalog.databases.push(Arc::new(database));
            }
        }
        let left_out = reader.left_out;
        catalog.check_tables_found(filter, &left_out)?;
        Ok(catalog)
    }

    /// All tables, views and sequences.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.databases.iter().flat_map(|database| &database.tables)
    }

    fn check_tables_found(&self, filter: &Filter, left_out: &BTreeSet<QualifiedName>) -> Result<(), Error> {
        for name in &filter.tables {
            let dumped = self.tables().any(|table| table.name == *name);
            if left_out.contains(name) {
                tracing::warn!("{name} is in --tables-list, but --no-views or --ignore-engines leaves it out");
            } else if !dumped
                && !filter.omitted.contains(name)
                && filter.regex.is_none()
                && filter.passes_database(&name.database)
            {
                return Err(Error::Missing { kind: "table", name: name.to_string() });
            }
        }
        Ok(())
    }
}

impl Database {
    /// Whether it has routines or events.
    pub fn has_post(&self) -> bool {
        !self.routines.is_empty() || !self.events.is_empty()
    }
}
