//! What there is to dump: read from information_schema once, inside the snapshot's time.

mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::connection::{Connection, Error as ServerError, Row};
use common::dump_file::TableFileName;
use common::filter::{Filter, FilterError};
use common::name::{FileNames, QualifiedName};
use common::server::Server;
use common::sql::quote_string;

use self::keys::UniqueIndexes;
use crate::chunk::Key;
use crate::config::Config;

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
    pub data_type: String,
    /// The character set of text.
    pub charset: Option<String>,
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
        for name in names {
            if let Some(database) = reader.database(name)? {
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

struct Reader<'a> {
    connection: &'a mut Connection,
    server: &'a Server,
    config: &'a Config,
    filter: &'a Filter,
    names: FileNames,
    /// Tables and views that other options than filters leave out.
    left_out: BTreeSet<QualifiedName>,
}

impl Reader<'_> {
    fn database_names(&mut self) -> Result<Vec<String>, Error> {
        let rows = self.connection.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")?;
        let names = rows.iter().map(|row| row.text(0)).filter(|name| self.filter.passes_database(name));
        let mut names: Vec<String> = names.collect();
        // Here and not by the server, to which names that differ in case may be equal: which of them gets a number
        // for its files must not change from run to run.
        names.sort();
        Ok(names)
    }

    /// `None` when the pattern takes nothing of it.
    fn database(&mut self, name: String) -> Result<Option<Database>, Error> {
        let file = self.names.database(&name);
        let mut columns = self.columns(&name)?;
        let mut keys = self.keys(&name)?;
        let mut partitions = self.partitions(&name)?;
        let mut triggers = if self.config.objects.triggers { self.triggers(&name)? } else { BTreeMap::new() };
        let mut tables = Vec::new();
        let mut rows = self.select(
            &name,
            "TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH",
            "TABLES",
            "TABLE_SCHEMA",
            "TABLE_NAME",
        )?;
        rows.sort_by_key(|row| row.text(1));
        for row in rows {
            let table = QualifiedName::new(name.clone(), row.text(1));
            let Some(kind) = self.table_kind(&row) else {
                self.left_out.insert(table);
                continue;
            };
            if !self.filter.passes_table(&table)? {
                continue;
            }
            let versioned = row.text(2) == "SYSTEM VERSIONED";
            let mut columns = columns.remove(&table.name).unwrap_or_default();
            let history = versioned && self.add_history(&table, &mut columns);
            let keys = keys.remove(&table.name).unwrap_or_default();
            let chunk_key = keys.chunk_key(&columns, self.config.utc, self.config.chunks.single_column);
            tables.push(Arc::new(Table {
                file: TableFileName { database: file.clone(), table: self.names.table(&name, &table.name) },
                kind,
                history,
                columns,
                primary_key: keys.primary_key(),
                chunk_key: chunk_key.map(Arc::new),
                partitions: partitions.remove(&table.name),
                triggers: triggers.remove(&table.name).unwrap_or_default(),
                row_estimate: row.number(4).unwrap_or(0),
                data_length: row.number(5).unwrap_or(0),
                name: table,
            }));
        }
        let routines = self.routines(&name)?;
        let events = self.events(&name)?;
        let empty = tables.is_empty() && routines.is_empty() && events.is_empty();
        if empty && self.filter.regex.is_some() && !self.filter.passes_database_objects(&name)? {
            return Ok(None);
        }
        Ok(Some(Database { name, file, tables, routines, events }))
    }

    /// Makes the columns of the period of a system-versioned table ones that are dumped, and returns whether that is
    /// possible. They are not in the list of columns unless the table's definition names them.
    fn add_history(&self, table: &QualifiedName, columns: &mut Vec<Column>) -> bool {
        let of_transactions = columns.iter().any(|column| column.period && column.data_type != "timestamp");
        if of_transactions || !self.server.is_mariadb_since(10, 11, 0) {
            let reason = if of_transactions { "periods of transactions" } else { "MariaDB before 10.11" };
            tracing::warn!(
                "table {table}: only the rows of now are dumped, as history with {reason} cannot be restored"
            );
            return false;
        }
        if !columns.iter().any(|column| column.period) {
            columns.extend(["row_start", "row_end"].map(|name| Column {
                name: name.to_owned(),
                data_type: "timestamp".to_owned(),
                charset: None,
                generated: true,
                invisible: true,
                has_empty_member: false,
                counts: false,
                period: true,
            }));
        }
        columns.iter_mut().filter(|column| column.period).for_each(|column| {
            column.generated = false;
            // An INSERT has to name them.
            column.invisible = true;
        });
        true
    }

    fn table_kind(&self, row: &Row) -> Option<TableKind> {
        let engine = row.text(3);
        match row.text(2).as_str() {
            "VIEW" | "SYSTEM VIEW" => self.config.objects.views.then_some(TableKind::View),
            "SEQUENCE" => Some(TableKind::Sequence),
            _ if self.config.ignored_engines.iter().any(|ignored| ignored.eq_ignore_ascii_case(&engine)) => None,
            _ => Some(TableKind::Base { engine }),
        }
    }

    fn columns(&mut self, database: &str) -> Result<BTreeMap<String, Vec<Column>>, Error> {
        let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
        // Older servers have neither system versioning nor, some of them, this column.
        let expression = if self.server.is_mariadb_since(10, 3, 4) { "GENERATION_EXPRESSION" } else { "NULL" };
        let rows = self.select(
            database,
            &format!(
                "TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, EXTRA, \
                 IF(DATA_TYPE IN ('enum', 'set'), COLUMN_TYPE, ''), CHARACTER_SET_NAME, {expression}"
            ),
            "COLUMNS",
            "TABLE_SCHEMA",
            "TABLE_NAME, ORDINAL_POSITION",
        )?;
        for row in rows {
            let extra = row.text(4).to_ascii_uppercase();
            columns.entry(row.text(1)).or_default().push(Column {
                name: row.text(2),
                data_type: row.text(3).to_ascii_lowercase(),
                charset: row.bytes(6).map(|charset| String::from_utf8_lossy(charset).into_owned()),
                // DEFAULT_GENERATED, one word, is a default that is an expression.
                generated: extra.contains(" GENERATED") || extra == "VIRTUAL" || extra == "PERSISTENT",
                invisible: extra.contains("INVISIBLE"),
                counts: extra.contains("AUTO_INCREMENT"),
                has_empty_member: has_empty_member(&row.text(5)),
                period: matches!(row.text(7).as_str(), "ROW START" | "ROW END"),
            });
        }
        Ok(columns)
    }

    /// The unique indexes of each table.
    fn keys(&mut self, database: &str) -> Result<BTreeMap<String, UniqueIndexes>, Error> {
        let rows = self.select(
            database,
            &format!("TABLE_SCHEMA, TABLE_NAME, {}", UniqueIndexes::columns(self.server)),
            "STATISTICS",
            "NON_UNIQUE = 0 AND TABLE_SCHEMA",
            "TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
        )?;
        let mut keys: BTreeMap<String, UniqueIndexes> = BTreeMap::new();
        for row in rows {
            keys.entry(row.text(1)).or_default().add(&row, 2);
        }
        Ok(keys)
    }

    /// The partitions of each table that pass `--partition-regex`, where they are dumped one by one.
    fn partitions(&mut self, database: &str) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let Some(split) = &self.config.chunks.partitions else { return Ok(BTreeMap::new()) };
        let rows = self.select(
            database,
            // A row for each subpartition.
            "DISTINCT TABLE_SCHEMA, TABLE_NAME, PARTITION_NAME, PARTITION_ORDINAL_POSITION, PARTITION_METHOD",
            "PARTITIONS",
            "PARTITION_NAME IS NOT NULL AND TABLE_SCHEMA",
            "TABLE_NAME, PARTITION_ORDINAL_POSITION",
        )?;
        let mut partitions: BTreeMap<String, Vec<String>> = BTreeMap::new();
        // MariaDB does not give the history of a part of those that are made for it.
        for row in rows.iter().filter(|row| row.text(4) != "SYSTEM_TIME") {
            let passing = partitions.entry(row.text(1)).or_default();
            if split.pattern.as_ref().map_or(Ok(true), |pattern| pattern.matches(&row.text(2)))? {
                passing.push(row.text(2));
            }
        }
        Ok(partitions)
    }

    fn triggers(&mut self, database: &str) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let mut triggers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let rows = self.select(
            database,
            "TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, TRIGGER_NAME",
            "TRIGGERS",
            "TRIGGER_SCHEMA",
            "EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER",
        )?;
        for row in rows {
            triggers.entry(row.text(1)).or_default().push(row.text(2));
        }
        Ok(triggers)
    }

    fn routines(&mut self, database: &str) -> Result<Vec<Routine>, Error> {
        if !self.config.objects.routines {
            return Ok(Vec::new());
        }
        // Functions first: procedures and views may need them. A package body comes after its package.
        let order = "FIELD(ROUTINE_TYPE, 'FUNCTION', 'PROCEDURE', 'PACKAGE', 'PACKAGE BODY'), ROUTINE_NAME";
        let what = "ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_TYPE";
        let rows = self.select(database, what, "ROUTINES", "ROUTINE_SCHEMA", order)?;
        let mut routines = Vec::new();
        // Before the routines that use them, which cannot be created without.
        for row in self.libraries(database)? {
            if self.passes_object(database, &row.text(1))? {
                routines.push(Routine { kind: "LIBRARY".to_owned(), name: row.text(1) });
            }
        }
        for row in rows.iter().filter(|row| row.text(2) != "LIBRARY") {
            if self.passes_object(database, &row.text(1))? {
                routines.push(Routine { kind: row.text(2), name: row.text(1) });
            }
        }
        Ok(routines)
    }

    fn libraries(&mut self, database: &str) -> Result<Vec<Row>, Error> {
        if !self.server.is_mysql_since(9, 2, 0) {
            return Ok(Vec::new());
        }
        self.select(database, "LIBRARY_SCHEMA, LIBRARY_NAME", "LIBRARIES", "LIBRARY_SCHEMA", "LIBRARY_NAME")
    }

    fn events(&mut self, database: &str) -> Result<Vec<String>, Error> {
        if !self.config.objects.events {
            return Ok(Vec::new());
        }
        let rows = self.select(database, "EVENT_SCHEMA, EVENT_NAME", "EVENTS", "EVENT_SCHEMA", "EVENT_NAME")?;
        let mut events = Vec::new();
        for row in rows {
            if self.passes_object(database, &row.text(1))? {
                events.push(row.text(1));
            }
        }
        Ok(events)
    }

    /// Routines and events are not tables: a list of tables takes none of them.
    fn passes_object(&self, database: &str, name: &str) -> Result<bool, Error> {
        Ok(self.filter.tables.is_empty() && self.filter.passes_table(&QualifiedName::new(database, name))?)
    }

    /// Rows of one database from a view of information_schema, whose first column is the database's name. Where
    /// names are compared without regard to case, the server gives more than was asked for.
    fn select(
        &mut self,
        database: &str,
        columns: &str,
        view: &str,
        condition: &str,
        order: &str,
    ) -> Result<Vec<Row>, Error> {
        let statement = format!(
            "SELECT {columns} FROM information_schema.{view} WHERE {condition} = {} ORDER BY {order}",
            quote_string(database)
        );
        let rows = self.connection.query(statement)?;
        Ok(rows.into_iter().filter(|row| row.bytes(0) == Some(database.as_bytes())).collect())
    }
}

/// Whether the members in `enum('a','b')` have the empty string among them. Quotes in members are doubled; one like
/// `','` may look so too, which does no harm.
fn has_empty_member(column_type: &str) -> bool {
    ["(''", ",''"].iter().any(|start| {
        column_type.match_indices(start).any(|(at, _)| column_type[at + start.len()..].starts_with([',', ')']))
    })
}

impl Database {
    /// Whether it has routines or events.
    pub fn has_post(&self) -> bool {
        !self.routines.is_empty() || !self.events.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_members_are_found() {
        for yes in ["enum('')", "enum('a','')", "enum('','a')", "set('a','','b')"] {
            assert!(has_empty_member(yes), "{yes}");
        }
        for no in ["", "enum('a','b')", "enum('''','a')", "enum('a''','''b')", "enum(' ',',')", "enum('a'''',b')"] {
            assert!(!has_empty_member(no), "{no}");
        }
    }
}
