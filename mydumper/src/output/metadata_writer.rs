//! The metadata of a dump: gathered while it runs, and written in pieces to a stream, or whole at the end.

use std::collections::HashMap;
use std::sync::Arc;

use common::backup::file_name::{Content, DumpFile};
use common::backup::file_session::{FILE_SQL_MODE, UTC};
use common::backup::metadata::{self, ConfigSection, Coordinates, GeneratedColumns, RowsOf, TableEntry};
use common::backup::row_hash::{self, ChunkRows, RowHash};
use common::backup::stored_files::StoredFiles;
use common::backup::table_columns::{self, TableColumn};
use common::layers::compression::Compression;
use common::server::Server;

use crate::catalog::{Database, Table, TableKind};
use crate::output::earlier_phases::{EarlierPhases, replaces_rows};
use crate::output::file_writer::{FileWriter, Files, FinishedFile, WriteError};
use crate::rows::options::{RowFormat, RowOptions};
use crate::rows::projection::Projection;

/// What the metadata says of the dump as a whole.
pub struct DumpFacts {
    /// When the dump was begun, as [`timestamp`] has it.
    pub started: String,
    /// Whether it goes to a stream, which brings metadata in pieces.
    pub streamed: bool,
    /// The server.
    pub server: Server,
    /// How rows are read and written.
    pub rows: RowOptions,
    /// Whether definitions are dumped.
    pub schemas: bool,
    /// Whether rows are dumped, and so hashed.
    pub data: bool,
    /// Whether TIMESTAMP values are dumped in UTC.
    pub utc: bool,
    /// What `--updated-since` leaves out, as `DATABASE.TABLE`.
    pub not_updated: Arc<[String]>,
}

/// What a section says of a table's rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RowsKnown {
    /// Nothing yet.
    No,
    /// Their number, and that the stream has brought all of them.
    Sent,
    /// Their number.
    All,
}

/// Gathers what was dumped, and writes the metadata files.
pub struct MetadataWriter {
    files: Files,
    facts: DumpFacts,
    /// All tables, views and sequences; the others name one by its index.
    tables: Arc<[Arc<Table>]>,
    /// Rows dumped, of the tables by their index.
    rows: Vec<u64>,
    /// Chunks dumped, each with its table's index.
    chunks: Vec<(usize, ChunkRows)>,
    /// What CHECKSUM TABLE says, by the tables' index.
    data_checksums: HashMap<usize, u64>,
    longest_statement: usize,
    /// The number of the next piece.
    next_partial: u32,
}

impl MetadataWriter {
    /// Of these tables nothing is dumped yet.
    pub fn new(files: &Files, facts: DumpFacts, tables: Arc<[Arc<Table>]>) -> MetadataWriter {
        MetadataWriter {
            // `metadata.partial` is written twice: as a sign that a dump is under way, and whole.
            files: Files { overwrite: true, ..files.clone() },
            facts,
            rows: vec![0; tables.len()],
            tables,
            chunks: Vec::new(),
            data_checksums: HashMap::new(),
            longest_statement: 0,
            next_partial: 0,
        }
    }

    /// A chunk of the table with this index is dumped.
    pub fn add_chunk(&mut self, index: usize, chunk: ChunkRows, longest_statement: usize) {
        self.rows[index] += chunk.rows.count;
        self.chunks.push((index, chunk));
        self.longest_statement = self.longest_statement.max(longest_statement);
    }

    /// How many rows of the table with this index are dumped.
    pub fn rows(&self, index: usize) -> u64 {
        self.rows[index]
    }

    /// What CHECKSUM TABLE says of the table with this index.
    pub fn add_data_checksum(&mut self, index: usize, checksum: u64) {
        self.data_checksums.insert(index, checksum);
    }

    /// The first file of the dump: a stream's header, or the sign that a directory's dump is not finished.
    pub fn begin(&self) -> Result<FinishedFile, WriteError> {
        let first = if self.facts.streamed { Content::MetadataHeader } else { Content::MetadataUnfinished };
        self.write(first, &self.head())
    }

    /// Tells a stream's reader which tables there are.
    pub fn announce_tables(&mut self) -> Result<Option<FinishedFile>, WriteError> {
        self.partial((0..self.tables.len()).collect(), RowsKnown::No)
    }

    /// Tells a stream's reader which tables it has all rows of, so that it can add their keys.
    pub fn sent(&mut self, indexes: Vec<usize>) -> Result<Option<FinishedFile>, WriteError> {
        if indexes.is_empty() { Ok(None) } else { self.partial(indexes, RowsKnown::Sent) }
    }

    fn partial(&mut self, indexes: Vec<usize>, known: RowsKnown) -> Result<Option<FinishedFile>, WriteError> {
        if !self.facts.streamed {
            return Ok(None);
        }
        // Whoever reads a stream has the files' checksums from it.
        let files = StoredFiles::default();
        let section = |index| self.entry(index, known).to_text(&self.tables[index].file, &files);
        let text: String = indexes.into_iter().map(section).collect();
        let file = self.write(Content::MetadataPartial(self.next_partial), &text)?;
        self.next_partial += 1;
        Ok(Some(file))
    }

    /// The text of the whole metadata. Of `config`, what is known here is filled in; `earlier` dumps into the same directory
    /// have said the rest.
    pub fn whole(
        &mut self,
        databases: &[Arc<Database>],
        coordinates: Option<&Coordinates>,
        config: ConfigSection,
        files: &StoredFiles,
        mut earlier: Option<EarlierPhases>,
    ) -> String {
        // As they came: of several tables at a time.
        self.chunks.sort_unstable_by_key(|(table, chunk)| (*table, chunk.number));
        let mut config = ConfigSection {
            max_statement_size: Some(self.longest_statement as u64),
            row_hash: self.facts.data.then(|| row_hash::ALGORITHM.to_owned()),
            row_hash_time_zone: (self.facts.data && self.facts.utc).then(|| UTC.to_owned()),
            ..config
        };
        let other_hashes = earlier.as_ref().is_some_and(|earlier| !config.hashes_as(&earlier.metadata.config));
        let mut sequences = self.tables.iter().filter(|table| table.kind == TableKind::Sequence).count() as u64;
        let mut rows = RowsOf { earlier: false, last: self.facts.data };
        let mut sections = String::new();
        for index in 0..self.tables.len() {
            let table = &self.tables[index];
            let mut entry = self.entry(index, RowsKnown::All);
            if let Some(before) = earlier.as_mut().and_then(|earlier| earlier.take_table(&table.file)) {
                let has_rows = replaces_rows(table, self.facts.data);
                rows.earlier |= !has_rows && before.has_rows();
                entry = entry.after(before, has_rows);
            }
            sections.push_str(&entry.to_text(&table.file, files));
        }
        for (file, entry) in earlier.iter_mut().flat_map(|earlier| &mut earlier.metadata.tables) {
            rows.earlier |= entry.has_rows();
            sequences += u64::from(entry.is_sequence);
            if other_hashes && rows.last {
                entry.forget_hashes();
            }
            sections.push_str(&entry.to_text(file, files));
        }
        if self.facts.schemas {
            for database in databases {
                let before = earlier.as_mut().map(|earlier| earlier.take_database(&database.name)).unwrap_or_default();
                sections.push_str(&database.checksums.clone().after(&before).to_text(&database.name));
            }
        }
        for (name, entry) in earlier.iter().flat_map(|earlier| &earlier.metadata.databases) {
            sections.push_str(&entry.to_text(name));
        }
        config.num_sequences = Some(sequences);
        let mut source = coordinates.map(Coordinates::to_text).unwrap_or_default();
        let mut local_infile = self.local_infile();
        if let Some(earlier) = earlier {
            config = config.after(&earlier.metadata.config, rows);
            local_infile |= earlier.metadata.config.local_infile == Some(true);
            // No position is that of all rows.
            source = match rows {
                RowsOf { earlier: false, .. } => source,
                RowsOf { last: false, .. } => earlier.source,
                RowsOf { .. } => String::new(),
            };
        }
        let mut text = self.head_with(local_infile);
        text.extend(self.facts.not_updated.iter().map(|name| metadata::not_updated(name)));
        text.push_str(&source);
        text.push_str(&sections);
        text.push_str(&config.tail());
        text.push_str(&metadata::files_of_no_table(files));
        metadata::end(text, &timestamp())
    }

    fn local_infile(&self) -> bool {
        matches!(self.facts.rows.format, RowFormat::Delimited(_))
    }

    fn head(&self) -> String {
        self.head_with(self.local_infile())
    }

    fn head_with(&self, local_infile: bool) -> String {
        let extension = self.files.store.extension();
        let format = if matches!(self.facts.rows.format, RowFormat::Clickhouse) { "CLICKHOUSE" } else { "" };
        let own = [("extension", extension), ("format", format)];
        let own: Vec<(&str, &str)> = own.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        metadata::head(&self.facts.started, FILE_SQL_MODE, local_infile, &own)
    }

    fn write(&self, content: Content, text: &str) -> Result<FinishedFile, WriteError> {
        FileWriter::write_whole(&self.files, DumpFile::new(content, Compression::None), text.as_bytes())
    }

    fn entry(&self, index: usize, known: RowsKnown) -> TableEntry {
        let table = &self.tables[index];
        let chunks = if known == RowsKnown::All { self.chunks_of(index) } else { &[] };
        let tells_columns = self.facts.data && known != RowsKnown::Sent && table.has_dumped_rows();
        TableEntry {
            columns: (tells_columns && !self.facts.schemas).then(|| columns(table)),
            columns_named: tells_columns && self.names_columns(table),
            real_name: Some(table.name.name.clone()),
            real_database: (table.file.database != table.name.database).then(|| table.name.database.clone()),
            rows: (known != RowsKnown::No).then_some(self.rows[index]),
            is_view: table.kind == TableKind::View,
            is_sequence: table.kind == TableKind::Sequence,
            estimated_bytes: (known == RowsKnown::No && self.facts.data && table.has_rows())
                .then_some(table.data_length),
            rows_sent: known == RowsKnown::Sent,
            data_checksum: self.data_checksums.get(&index).copied(),
            schema_checksum: table.schema_checksum.filter(|_| known == RowsKnown::All),
            indexes_checksum: table.indexes_checksum.filter(|_| known == RowsKnown::All),
            hashed_columns: (!chunks.is_empty()).then(|| self.select_list(table)),
            generated: self.generated(table, chunks),
            hashed_history: !chunks.is_empty() && table.history,
            chunks: chunks.iter().map(|(_, chunk)| chunk.clone()).collect(),
        }
    }

    /// Whether the statements with the table's rows name its columns.
    fn names_columns(&self, table: &Table) -> bool {
        self.local_infile() || Projection::new(table, &self.facts.server, &self.facts.rows).lists_columns
    }

    /// What was selected of the table's rows: its projection is gone by now, but the same is made of the same.
    fn select_list(&self, table: &Table) -> Box<str> {
        Projection::new(table, &self.facts.server, &self.facts.rows).select_list().into()
    }

    /// The stored generated columns of a table whose rows were dumped.
    fn generated(&self, table: &Table, chunks: &[(usize, ChunkRows)]) -> Option<GeneratedColumns> {
        if chunks.is_empty() {
            return None;
        }
        let columns = Projection::new(table, &self.facts.server, &self.facts.rows).generated?;
        let mut hash = RowHash::default();
        chunks.iter().for_each(|(_, chunk)| hash.add(chunk.rows.generated));
        Some(GeneratedColumns { columns, hash })
    }

    /// The chunks of the table with this index, once they are sorted.
    fn chunks_of(&self, index: usize) -> &[(usize, ChunkRows)] {
        let start = self.chunks.partition_point(|(table, _)| *table < index);
        let length = self.chunks[start..].partition_point(|(table, _)| *table == index);
        &self.chunks[start..start + length]
    }
}

/// The columns of a table, but for those of its period, which servers may not list.
fn columns(table: &Table) -> Box<str> {
    let columns: Vec<TableColumn> = table
        .columns
        .iter()
        .filter(|column| !column.period)
        .map(|column| TableColumn {
            name: column.name.to_string(),
            data_type: column.data_type.to_string(),
            charset: column.charset.as_ref().map(ToString::to_string),
            generated: column.generated,
            numbers_of: column.has_empty_member.then(String::new),
        })
        .collect();
    table_columns::to_text(&columns).into()
}

/// The time as metadata has it.
pub fn timestamp() -> String {
    chrono::Local::now().format("%Y-%m-%d %H:%M:%S").to_string()
}
