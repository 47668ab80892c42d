//! How far one table is.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use common::compression::Compression;
use common::dump_file::{Content, DumpFile, RowsFile, RowsFormat, TableFileName};

use crate::job::{Job, TableTarget};

/// The stages of a table, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stage {
    /// For its database, or for a file.
    #[default]
    Waiting,
    /// A worker creates it.
    Creating,
    /// It is there, and its rows are loaded as they come.
    Loading(Arc<TableTarget>),
    /// All rows are in, a worker adds the keys.
    AddingKeys,
    /// All but the foreign keys.
    Restored,
    /// Left out by a filter, or no table.
    Skipped,
}

/// A file of rows, without the names that all files of its table share: a table may have very many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Chunk {
    number: u64,
    part: u32,
    compression: Compression,
}

/// What is known of a table.
#[derive(Debug, Default)]
pub struct TableState {
    /// How far it is.
    pub stage: Stage,
    /// The file with its CREATE TABLE.
    pub schema: Option<DumpFile>,
    /// Workers that load its rows.
    pub active: usize,
    /// Rows restored.
    pub restored: u64,
    /// Statements that add its keys.
    pub keys: Vec<Vec<u8>>,
    /// The statement that adds its foreign keys.
    pub constraints: Option<Vec<u8>>,
    /// The job that does, once all tables have their keys.
    pub constraints_job: Option<Job>,
    /// Whether the scheduler has it among the tables that have rows to load.
    pub offered: bool,
    waiting: VecDeque<Chunk>,
    /// Statements whose data has not come, by chunk and part, and data whose statement has not.
    unpaired_statements: BTreeSet<Chunk>,
    unpaired_data: BTreeSet<(u64, u32)>,
}

impl TableState {
    /// A file of rows arrived. With `pairs`, a LOAD DATA statement is ready when the file that it reads is there.
    pub fn add_rows(&mut self, rows: &RowsFile, compression: Compression, pairs: bool) {
        let key = (rows.chunk, rows.part);
        let chunk = Chunk { number: rows.chunk, part: rows.part, compression };
        match rows.format {
            RowsFormat::Sql if !pairs || self.unpaired_data.remove(&key) => self.waiting.push_back(chunk),
            RowsFormat::Sql => {
                self.unpaired_statements.insert(chunk);
            }
            RowsFormat::Delimited => {
                let statement =
                    self.unpaired_statements.iter().find(|chunk| (chunk.number, chunk.part) == key).copied();
                match statement {
                    Some(chunk) => {
                        self.unpaired_statements.remove(&chunk);
                        self.waiting.push_back(chunk);
                    }
                    None => {
                        self.unpaired_data.insert(key);
                    }
                }
            }
        }
    }

    /// No more files come: a statement may need none, or finds out that its data is missing.
    pub fn release_unpaired(&mut self) {
        self.waiting.extend(std::mem::take(&mut self.unpaired_statements));
    }

    /// Whether there are files to load.
    pub fn has_rows_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes the next file to load.
    pub fn take_rows(&mut self, table: &TableFileName) -> Option<(RowsFile, DumpFile)> {
        let chunk = self.waiting.pop_front()?;
        self.active += 1;
        let rows = RowsFile { table: table.clone(), chunk: chunk.number, part: chunk.part, format: RowsFormat::Sql };
        let file = DumpFile::new(Content::Rows(rows.clone()), chunk.compression);
        Some((rows, file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(chunk: u64, format: RowsFormat) -> RowsFile {
        RowsFile { table: table(), chunk, part: 0, format }
    }

    fn table() -> TableFileName {
        TableFileName { database: "d".into(), table: "t".into() }
    }

    #[test]
    fn a_load_data_statement_waits_for_its_data_whichever_comes_first() {
        let mut state = TableState::default();
        state.add_rows(&rows(0, RowsFormat::Sql), Compression::None, true);
        assert!(!state.has_rows_waiting());
        state.add_rows(&rows(1, RowsFormat::Delimited), Compression::Zstd, true);
        assert!(!state.has_rows_waiting());
        state.add_rows(&rows(1, RowsFormat::Sql), Compression::Zstd, true);
        assert_eq!(state.take_rows(&table()).unwrap().1.to_string(), "d.t.00001.sql.zst");
        state.add_rows(&rows(0, RowsFormat::Delimited), Compression::None, true);
        assert_eq!(state.take_rows(&table()).unwrap().1.to_string(), "d.t.00000.sql");
        assert_eq!(state.active, 2);
    }
}
