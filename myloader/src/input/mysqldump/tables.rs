//! The databases, tables, views and sequences of a dump: their file names, and what metadata says of them.

use std::collections::{BTreeMap, BTreeSet};

use common::backup::file_name::TableFileName;
use common::backup::file_session::FILE_SQL_MODE;
use common::backup::metadata::{ConfigSection, TableEntry, end, files_of_no_table, head};
use common::backup::stored_files::StoredFiles;
use common::backup::table_names::FileNames;
use common::server::Server;

use super::generated::GeneratedColumns;

/// What has rows, or looks like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    #[default]
    Table,
    View,
    Sequence,
}

/// What is known of a table, view or sequence.
#[derive(Debug)]
pub struct Table {
    pub file: TableFileName,
    pub kind: Kind,
    /// Whether its rows have ended.
    pub ended: bool,
    pub rows: u64,
    pub bytes: u64,
    /// Files of its rows.
    pub chunks: u64,
    pub generated: Option<GeneratedColumns>,
}

/// All of them, by their names.
#[derive(Debug, Default)]
pub struct Tables {
    names: FileNames,
    databases: BTreeMap<String, String>,
    tables: BTreeMap<(String, String), Table>,
    /// What has come once and cannot come again.
    seen: BTreeSet<String>,
}

impl Tables {
    /// The file name of a database; whether it is a new one.
    pub fn database(&mut self, name: &str) -> (String, bool) {
        if let Some(file) = self.databases.get(name) {
            return (file.clone(), false);
        }
        let file = self.names.database(name);
        self.databases.insert(name.to_owned(), file.clone());
        (file, true)
    }

    /// A table of a database.
    pub fn table(&mut self, database: &str, name: &str) -> &mut Table {
        let (database_file, _) = self.database(database);
        let names = &mut self.names;
        self.tables.entry((database.to_owned(), name.to_owned())).or_insert_with(|| Table {
            file: TableFileName { database: database_file, table: names.table(database, name) },
            kind: Kind::Table,
            ended: false,
            rows: 0,
            bytes: 0,
            chunks: 0,
            generated: None,
        })
    }

    /// Whether this has not come before.
    pub fn is_first(&mut self, what: String) -> bool {
        self.seen.insert(what)
    }

    /// Rows of all tables, and their bytes.
    pub fn totals(&self) -> (u64, u64) {
        self.tables.values().fold((0, 0), |(rows, bytes), table| (rows + table.rows, bytes + table.bytes))
    }

    /// The rows come once more.
    pub fn forget_rows(&mut self) {
        for table in self.tables.values_mut() {
            (table.ended, table.rows, table.bytes, table.chunks) = (false, 0, 0, 0);
        }
    }

    /// Metadata of all tables before the rows.
    pub fn announcement(&self) -> String {
        let has_rows = self.totals().0 > 0;
        let entry = |table: &Table, name: &(String, String)| TableEntry {
            estimated_bytes: (has_rows && table.kind == Kind::Table).then_some(table.bytes),
            ..entry(table, name)
        };
        self.tables
            .iter()
            .map(|(name, table)| entry(table, name).to_text(&table.file, &StoredFiles::default()))
            .collect()
    }

    /// Metadata of tables of which all rows have come.
    pub fn sent(&self, names: &[(String, String)]) -> String {
        let sent = names.iter().filter_map(|name| Some((name, self.tables.get(name)?)));
        sent.map(|(name, table)| {
            let entry = TableEntry { rows: Some(table.rows), rows_sent: true, ..entry(table, name) };
            entry.to_text(&table.file, &StoredFiles::default())
        })
        .collect()
    }

    /// The metadata of the whole dump.
    pub fn metadata(&self, files: &StoredFiles, server: Option<Server>, completed: &str) -> String {
        let mut text = head(completed, FILE_SQL_MODE, false, &[]);
        let any_rows = self.totals().0 > 0;
        for (name, table) in &self.tables {
            let rows = (table.kind == Kind::Table && any_rows).then_some(table.rows);
            text.push_str(&TableEntry { rows, ..entry(table, name) }.to_text(&table.file, files));
        }
        // Not the number of files: those of the server's own databases are left out.
        let config = ConfigSection {
            num_sequences: Some(self.tables.values().filter(|table| table.kind == Kind::Sequence).count() as u64),
            server,
            ..ConfigSection::default()
        };
        text.push_str(&config.tail());
        text.push_str(&files_of_no_table(files));
        end(text, completed)
    }
}

fn entry(table: &Table, (database, name): &(String, String)) -> TableEntry {
    TableEntry {
        real_name: Some(name.clone()),
        real_database: (table.file.database != *database).then(|| database.clone()),
        is_view: table.kind == Kind::View,
        is_sequence: table.kind == Kind::Sequence,
        ..TableEntry::default()
    }
}
