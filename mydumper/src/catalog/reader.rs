//! Reads the catalog with a few queries for each database, however many tables it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::backup::file_name::TableFileName;
use common::backup::mydumper_checksum::MydumperChecksum;
use common::backup::table_names::FileNames;
use common::server::connection::{Connection, Row, RowRef};
use common::server::{Server, is_generated, is_stored};
use common::sql::name::QualifiedName;
use common::sql::quote_string;

use super::column::Column;
use super::computed::ComputationFinder;
use super::databases::DatabaseNames;
use super::interner::Words;
use super::keys::UniqueIndexes;
use super::selection::CatalogSelection;
use super::table::{Table, TableKind};
use super::{Catalog, Database, Error};

pub(super) struct CatalogReader<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) server: &'a Server,
    pub(super) selection: &'a CatalogSelection<'a>,
    names: FileNames,
    words: Words,
    computations: ComputationFinder,
    /// Tables and views that the filter passes, and `--no-views` or `--ignore-engines` does not.
    left_out: BTreeSet<QualifiedName>,
    not_updated: Vec<QualifiedName>,
}

impl Catalog {
    /// Reads the selected objects.
    pub fn read(
        connection: &mut Connection,
        server: &Server,
        selection: &CatalogSelection<'_>,
    ) -> Result<Catalog, Error> {
        let filter = selection.filter;
        let DatabaseNames { names, seen, .. } = DatabaseNames::read(connection, filter)?;
        let mut reader = CatalogReader::new(connection, server, selection);
        let mut catalog = Catalog { seen, ..Catalog::default() };
        let mut charsets = reader.charset_checksums()?;
        for name in names {
            let charset = charsets.remove(&name);
            if let Some(database) = reader.database(name, charset)? {
                catalog.databases.push(Arc::new(database));
            }
        }
        catalog.not_updated = reader.not_updated;
        let left_out = reader.left_out;
        catalog.check_tables_found(filter, &left_out)?;
        Ok(catalog)
    }
}

impl<'a> CatalogReader<'a> {
    pub(super) fn new(
        connection: &'a mut Connection,
        server: &'a Server,
        selection: &'a CatalogSelection<'a>,
    ) -> CatalogReader<'a> {
        let (names, words, left_out) = (selection.names.clone(), Words::default(), BTreeSet::new());
        let computations = ComputationFinder::new(selection.utc, selection.objects.data);
        CatalogReader { connection, server, selection, names, words, computations, left_out, not_updated: Vec::new() }
    }

    /// `None` when the pattern matches no object of it. `charset` is the checksum of its character set, if the options ask
    /// for it.
    fn database(&mut self, name: String, charset: Option<MydumperChecksum>) -> Result<Option<Database>, Error> {
        let file = self.names.database(&name);
        let kinds = self.selection.checksums;
        let mut columns = self.columns(&name)?;
        let mut keys = self.keys(&name)?;
        let mut views = self.view_checksums(&name)?;
        let mut partitions = self.partitions(&name)?;
        let mut triggers = if self.selection.objects.triggers { self.triggers(&name)? } else { BTreeMap::new() };
        let computed = self.tables_with_expressions(&name)?;
        let mut referenced = self.referenced(&name)?;
        let (mut tables, mut is_cut) = (Vec::new(), false);
        for listed in self.listed(&name)? {
            let table = QualifiedName::new(name.clone(), listed.name);
            let Some(kind) = listed.kind else {
                self.left_out.insert(table);
                is_cut = true;
                continue;
            };
            if !self.selection.filter.passes_table(&table)? {
                is_cut = true;
                continue;
            }
            if listed.is_old && matches!(kind, TableKind::Base { .. }) {
                self.not_updated.push(table);
                is_cut = true;
                continue;
            }
            let (mut columns, column_checksum) = columns.remove(&table.name).unwrap_or_default();
            let history = listed.versioned && self.add_history(&table, &mut columns);
            let (keys, index_checksum) = keys.remove(&table.name).unwrap_or_default();
            let (schema_checksum, indexes_checksum) = match &kind {
                TableKind::Base { .. } => {
                    (kinds.tables.then_some(column_checksum), kinds.indexes.then_some(index_checksum))
                }
                TableKind::ViewAsTable { .. } => (kinds.tables.then_some(column_checksum), None),
                TableKind::View => (views.remove(&table.name), None),
                TableKind::Sequence => (None, None),
            };
            let chunk_key = keys.chunk_key(&columns, self.selection.utc, self.selection.single_column);
            let computes = computed.contains(&table.name) || columns.iter().any(|column| column.generated);
            let computation = match kind {
                TableKind::Base { .. } if computes => {
                    self.computations.find(self.connection, self.server, &table, &columns)?
                }
                _ => None,
            };
            let table = Table {
                computation,
                file: TableFileName { database: file.clone(), table: self.names.table(&name, &table.name) },
                kind,
                history,
                columns,
                primary_key: keys.primary_key(),
                chunk_key: chunk_key.map(Arc::new),
                partitions: partitions.remove(&table.name),
                referenced: referenced.remove(&table.name).unwrap_or_default(),
                triggers: triggers.remove(&table.name).unwrap_or_default(),
                row_estimate: listed.row_estimate,
                data_length: listed.data_length,
                schema_checksum,
                indexes_checksum,
                name: table,
            };
            tables.push(Arc::new(table));
        }
        let routines = self.routines(&name)?;
        let events = self.events(&name)?;
        let checksums = self.object_checksums(&name, charset)?;
        let empty = tables.is_empty() && routines.is_empty() && events.is_empty();
        if empty && self.selection.filter.regex.is_some() && !self.selection.filter.passes_database_objects(&name)? {
            return Ok(None);
        }
        Ok(Some(Database { name, file, tables, routines, events, is_cut, checksums }))
    }

    /// Tables, views and sequences in the order of their names.
    fn listed(&mut self, database: &str) -> Result<Vec<Listed>, Error> {
        let (mut listed, selection) = (Vec::new(), self.selection);
        // NULL where the server does not know it.
        let old = match selection.updated_since {
            Some(days) => format!("UPDATE_TIME < NOW() - INTERVAL {days} DAY"),
            None => "0".to_owned(),
        };
        self.each(
            database,
            &format!("TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH, {old}"),
            "TABLES",
            "TABLE_SCHEMA",
            "TABLE_NAME",
            |row| {
                listed.push(Listed {
                    name: row.text(1),
                    kind: table_kind(selection, row),
                    versioned: row.text(2) == "SYSTEM VERSIONED",
                    is_old: row.number(6) == Some(1),
                    row_estimate: row.number(4).unwrap_or(0),
                    data_length: row.number(5).unwrap_or(0),
                });
            },
        )?;
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    /// Marks the columns of a system-versioned table's period as dumped, and returns whether its history can be restored.
    /// information_schema lists them only if the table's definition names them.
    fn add_history(&self, table: &QualifiedName, columns: &mut Vec<Column>) -> bool {
        let of_transactions = columns.iter().any(|column| column.period && *column.data_type != *"timestamp");
        if of_transactions || !self.server.is_mariadb_since(10, 11, 0) {
            let reason = if of_transactions { "periods of transactions" } else { "MariaDB before 10.11" };
            tracing::warn!("table {table}: dumping current rows only: history with {reason} cannot be restored");
            return false;
        }
        if !columns.iter().any(|column| column.period) {
            columns.extend(["row_start", "row_end"].map(|name| Column {
                name: name.into(),
                data_type: "timestamp".into(),
                charset: None,
                no_pad: false,
                generated: true,
                stored: false,
                invisible: true,
                has_empty_member: false,
                auto_increment: false,
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

    /// The columns of each table, and their checksum.
    fn columns(&mut self, database: &str) -> Result<BTreeMap<String, (Vec<Column>, MydumperChecksum)>, Error> {
        let mut columns: BTreeMap<String, (Vec<Column>, MydumperChecksum)> = BTreeMap::new();
        // Out of the reader while its connection is borrowed.
        let mut words = std::mem::take(&mut self.words);
        // Older servers have neither system versioning nor, some of them, this column.
        let expression = if self.server.is_mariadb_since(10, 3, 4) { "GENERATION_EXPRESSION" } else { "NULL" };
        self.each(
            database,
            &format!(
                "TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, EXTRA, \
                 IF(DATA_TYPE IN ('enum', 'set'), COLUMN_TYPE, ''), CHARACTER_SET_NAME, {expression}, \
                 COLLATION_NAME LIKE '%nopad%', {}",
                MydumperChecksum::COLUMN_WORDS
            ),
            "COLUMNS",
            "TABLE_SCHEMA",
            "TABLE_NAME, ORDINAL_POSITION",
            |row| {
                let extra = row.text(4).to_ascii_uppercase();
                let (columns, checksum) = columns.entry(row.text(1)).or_default();
                checksum.add_words((9..12).map(|word| row.bytes(word)));
                columns.push(Column {
                    name: words.share(&row.text(2)),
                    data_type: words.share(&row.text(3).to_ascii_lowercase()),
                    charset: row.bytes(6).map(|charset| words.share(&String::from_utf8_lossy(charset))),
                    generated: is_generated(&extra),
                    stored: is_stored(&extra),
                    invisible: extra.contains("INVISIBLE"),
                    auto_increment: extra.contains("AUTO_INCREMENT"),
                    has_empty_member: has_empty_member(&row.text(5)),
                    no_pad: row.number(8) == Some(1),
                    period: matches!(row.text(7).as_str(), "ROW START" | "ROW END"),
                });
            },
        )?;
        // They stay in memory until the dump ends.
        columns.values_mut().for_each(|(columns, _)| columns.shrink_to_fit());
        Ok(columns)
    }

    /// The columns of each table that foreign keys refer to, if they have to be known.
    fn referenced(&mut self, database: &str) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let mut referenced: BTreeMap<String, Vec<String>> = BTreeMap::new();
        if self.selection.finds_referenced {
            let columns = "REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME";
            let (owner, order) = ("REFERENCED_TABLE_SCHEMA", "REFERENCED_TABLE_NAME");
            for row in self.select(database, columns, "KEY_COLUMN_USAGE", owner, order)? {
                referenced.entry(row.text(1)).or_default().push(row.text(2));
            }
        }
        Ok(referenced)
    }

    /// Tables with a CHECK or with an index on an expression.
    fn tables_with_expressions(&mut self, database: &str) -> Result<BTreeSet<String>, Error> {
        let mut tables = BTreeSet::new();
        if self.server.is_mysql_since(8, 0, 16) {
            let (columns, owner) = ("DISTINCT TABLE_SCHEMA, TABLE_NAME", "TABLE_SCHEMA");
            for (view, condition) in
                [("TABLE_CONSTRAINTS", "CONSTRAINT_TYPE = 'CHECK'"), ("STATISTICS", "EXPRESSION IS NOT NULL")]
            {
                let rows = self.select(database, columns, view, &format!("{condition} AND {owner}"), "TABLE_NAME")?;
                tables.extend(rows.iter().map(|row| row.text(1)));
            }
        }
        Ok(tables)
    }

    /// The unique indexes of each table, and the checksum of all its indexes.
    fn keys(&mut self, database: &str) -> Result<BTreeMap<String, (UniqueIndexes, MydumperChecksum)>, Error> {
        let mut keys: BTreeMap<String, (UniqueIndexes, MydumperChecksum)> = BTreeMap::new();
        let condition = if self.selection.checksums.indexes { "" } else { "NON_UNIQUE = 0 AND " };
        self.each(
            database,
            &format!(
                "TABLE_SCHEMA, TABLE_NAME, NON_UNIQUE, {}, {}",
                MydumperChecksum::INDEX_WORDS,
                UniqueIndexes::columns(self.server)
            ),
            "STATISTICS",
            &format!("{condition}TABLE_SCHEMA"),
            "TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
            |row| {
                let (unique, checksum) = keys.entry(row.text(1)).or_default();
                checksum.add_words((3..6).map(|word| row.bytes(word)));
                if row.number(2) == Some(0) {
                    unique.add(row, 6);
                }
            },
        )?;
        Ok(keys)
    }

    /// The partitions of each table that match `--partition-regex`, if they are dumped one by one.
    fn partitions(&mut self, database: &str) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let Some(selected) = self.selection.partitions else { return Ok(BTreeMap::new()) };
        let rows = self.select(
            database,
            // A row for each subpartition.
            "DISTINCT TABLE_SCHEMA, TABLE_NAME, PARTITION_NAME, PARTITION_ORDINAL_POSITION, PARTITION_METHOD",
            "PARTITIONS",
            "PARTITION_NAME IS NOT NULL AND TABLE_SCHEMA",
            "TABLE_NAME, PARTITION_ORDINAL_POSITION",
        )?;
        let mut partitions: BTreeMap<String, Vec<String>> = BTreeMap::new();
        // MariaDB does not return the history in a partition for history.
        for row in rows.iter().filter(|row| row.text(4) != "SYSTEM_TIME") {
            let passing = partitions.entry(row.text(1)).or_default();
            if selected.pattern.as_ref().map_or(Ok(true), |pattern| pattern.matches(&row.text(2)))? {
                passing.push(row.text(2));
            }
        }
        Ok(partitions)
    }

    /// Rows of one database from a view of information_schema, whose first column is the database's name. A server that
    /// ignores case in names returns rows of other databases too.
    pub(super) fn select(
        &mut self,
        database: &str,
        columns: &str,
        view: &str,
        condition: &str,
        order: &str,
    ) -> Result<Vec<Row>, Error> {
        let rows = self.connection.query(select(database, columns, view, condition, order))?;
        Ok(rows.into_iter().filter(|row| row.bytes(0) == Some(database.as_bytes())).collect())
    }

    /// Like [`CatalogReader::select`], row by row, for views with very many rows.
    pub(super) fn each(
        &mut self,
        database: &str,
        columns: &str,
        view: &str,
        condition: &str,
        order: &str,
        mut take: impl FnMut(RowRef<'_>),
    ) -> Result<(), Error> {
        let of_database = |row: RowRef<'_>| {
            if row.bytes(0) == Some(database.as_bytes()) {
                take(row);
            }
        };
        Ok(self.connection.each(select(database, columns, view, condition, order), of_database)?)
    }
}

fn select(database: &str, columns: &str, view: &str, condition: &str, order: &str) -> String {
    let database = quote_string(database);
    format!("SELECT {columns} FROM information_schema.{view} WHERE {condition} = {database} ORDER BY {order}")
}

/// A row of information_schema.TABLES.
struct Listed {
    name: String,
    /// `None` if `--no-views` or `--ignore-engines` excludes it.
    kind: Option<TableKind>,
    versioned: bool,
    /// Whether `--updated-since` excludes it, if it is a table.
    is_old: bool,
    row_estimate: u64,
    data_length: u64,
}

pub(super) fn table_kind(selection: &CatalogSelection<'_>, row: RowRef<'_>) -> Option<TableKind> {
    let engine = row.text(3);
    match row.text(2).as_str() {
        "VIEW" | "SYSTEM VIEW" => selection.objects.views.then(|| match selection.views_as_tables {
            Some(engine) => TableKind::ViewAsTable { engine: engine.to_owned() },
            None => TableKind::View,
        }),
        "SEQUENCE" => Some(TableKind::Sequence),
        _ if selection.ignored_engines.iter().any(|ignored| ignored.eq_ignore_ascii_case(&engine)) => None,
        _ => Some(TableKind::Base { engine }),
    }
}

/// Whether one of the members in `enum('a','b')` is empty. Quotes in members are doubled. A member such as `','` may look
/// empty too, which does no harm.
fn has_empty_member(column_type: &str) -> bool {
    ["(''", ",''"].iter().any(|start| {
        column_type.match_indices(start).any(|(at, _)| column_type[at + start.len()..].starts_with([',', ')']))
    })
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
