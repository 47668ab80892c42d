//! How far one table is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use common::backup::file_name::{Content, DumpFile, RowsFile, RowsFormat, TableFileName};
use common::layers::compression::Compression;

use crate::jobs::job::Job;
use crate::jobs::target::TableTarget;

/// The stages of a table, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TableStage {
    /// For its database, or for a file.
    #[default]
    Waiting,
    /// It came late, and a worker compares it with what is on the server.
    Fitting,
    /// A worker creates it.
    Creating,
    /// It was there, and has to be emptied.
    Emptying,
    /// It is there, and its rows are loaded as they come.
    Loading(Arc<TableTarget>),
    /// All rows are in, a worker adds the keys.
    AddingKeys,
    /// Complete but for the foreign keys.
    Restored,
    /// Excluded by the filter, or not a table.
    Skipped,
    /// The server rejects its definition.
    Rejected,
}

/// A file of rows, without the names that all files of its table share: a table may have very many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Chunk {
    number: Option<u64>,
    part: u32,
    compression: Compression,
    bytes: u64,
}

/// How many rows of a table are skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SkippedRows {
    #[default]
    None,
    Rows(u64),
    Unknown,
}

/// What is known of a table.
#[derive(Debug, Default)]
pub struct TableState {
    pub stage: TableStage,
    /// The file with its CREATE TABLE.
    pub schema: Option<DumpFile>,
    /// Workers that load its rows.
    pub active: usize,
    /// Whether files of rows are loaded one after the other, in their order.
    pub in_order: bool,
    /// About how many bytes its rows have as text, as far as their files have come.
    pub row_bytes: u64,
    pub restored: u64,
    /// Rows that were skipped and reported; [`SkippedRows::Unknown`] once their number is unknown.
    pub skipped: SkippedRows,
    /// Statements that add its keys.
    pub keys: Vec<Vec<u8>>,
    /// The statement that adds its foreign keys.
    pub constraints: Option<Vec<u8>>,
    /// The job that does, once all tables have their keys.
    pub constraints_job: Option<Box<Job>>,
    /// Whether the stream has said that it has brought all rows.
    pub rows_complete: bool,
    /// Whether it was compared with what is on the server, or need not be.
    pub is_fitted: bool,
    /// Whether foreign keys of tables that stay refer to it: its keys have to be there from the start.
    pub is_referenced: bool,
    /// Whether the scheduler has it among the tables that have rows to load.
    pub offered: bool,
    waiting: VecDeque<Chunk>,
    /// Statements whose data has not come, by chunk and part, and data whose statement has not.
    unpaired_statements: BTreeMap<(Option<u64>, u32), Chunk>,
    unpaired_data: BTreeMap<(Option<u64>, u32), u64>,
}

impl TableState {
    /// A file of rows arrived. With `pairs`, a LOAD DATA statement is ready when the file that it reads is there.
    /// Returns how many bytes more wait to be loaded.
    pub fn add_rows(&mut self, rows: &RowsFile, compression: Compression, bytes: u64, pairs: bool) -> u64 {
        /// About how much shorter compressed rows are.
        const COMPRESSED: u64 = 4;
        self.row_bytes += if compression == Compression::None { bytes } else { bytes * COMPRESSED };
        let key = (rows.chunk, rows.part);
        let chunk = Chunk { number: rows.chunk, part: rows.part, compression, bytes };
        match rows.format {
            RowsFormat::Sql if !pairs => self.waiting.push_back(chunk),
            RowsFormat::Sql => match self.unpaired_data.remove(&key) {
                Some(data) => self.waiting.push_back(Chunk { bytes: bytes + data, ..chunk }),
                None => drop(self.unpaired_statements.insert(key, chunk)),
            },
            // Its statement is loaded without waiting for it.
            RowsFormat::Delimited if !pairs => return 0,
            RowsFormat::Delimited => match self.unpaired_statements.remove(&key) {
                Some(statement) => self.waiting.push_back(Chunk { bytes: statement.bytes + bytes, ..statement }),
                None => drop(self.unpaired_data.insert(key, bytes)),
            },
        }
        bytes
    }

    /// Adds skipped rows; `None`: an unknown number.
    pub fn skip(&mut self, rows: Option<u64>) {
        self.skipped = match (self.skipped, rows) {
            (SkippedRows::Unknown, _) | (_, None) => SkippedRows::Unknown,
            (SkippedRows::None, Some(rows)) => SkippedRows::Rows(rows),
            (SkippedRows::Rows(before), Some(rows)) => SkippedRows::Rows(before + rows),
        };
    }

    /// No more files come: a statement may need none, or finds out that its data is missing.
    pub fn release_unpaired(&mut self) {
        self.waiting.extend(std::mem::take(&mut self.unpaired_statements).into_values());
    }

    /// Whether a LOAD DATA statement or its data has not come yet.
    pub fn has_unpaired(&self) -> bool {
        !self.unpaired_statements.is_empty() || !self.unpaired_data.is_empty()
    }

    /// Drops the files that wait. Returns how many bytes they have.
    pub fn forget_rows(&mut self) -> u64 {
        let unpaired = std::mem::take(&mut self.unpaired_statements).into_values();
        let data: u64 = std::mem::take(&mut self.unpaired_data).into_values().sum();
        data + self.waiting.drain(..).chain(unpaired).map(|chunk| chunk.bytes).sum::<u64>()
    }

    /// Bytes of the files that wait.
    #[cfg(test)]
    pub fn waiting_bytes(&self) -> u64 {
        let chunks = self.waiting.iter().chain(self.unpaired_statements.values()).map(|chunk| chunk.bytes);
        chunks.chain(self.unpaired_data.values().copied()).sum()
    }

    /// Whether there are files to load.
    pub fn has_rows_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether all files of rows have come.
    pub fn has_all_rows(&self, input_ended: bool) -> bool {
        input_ended || (self.rows_complete && !self.has_unpaired())
    }

    /// Whether a file may be loaded now, by one more of at most `limit` workers.
    pub fn may_load(&self, limit: usize, input_ended: bool) -> bool {
        if self.in_order { self.active == 0 && self.has_all_rows(input_ended) } else { self.active < limit }
    }

    /// Takes the next file to load, and its length in bytes.
    pub fn take_rows(&mut self, table: &TableFileName) -> Option<(RowsFile, DumpFile, u64)> {
        if self.in_order {
            self.waiting.make_contiguous().sort();
        }
        let chunk = self.waiting.pop_front()?;
        self.active += 1;
        let rows = RowsFile { table: table.clone(), chunk: chunk.number, part: chunk.part, format: RowsFormat::Sql };
        let file = DumpFile::new(Content::Rows(rows.clone()), chunk.compression);
        Some((rows, file, chunk.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(chunk: u64, format: RowsFormat) -> RowsFile {
        RowsFile { table: table(), chunk: Some(chunk), part: 0, format }
    }

    fn table() -> TableFileName {
        TableFileName { database: "d".into(), table: "t".into() }
    }

    #[test]
    fn files_in_order_are_loaded_one_by_one_when_all_are_there() {
        let mut state = TableState { in_order: true, ..TableState::default() };
        for chunk in [2, 0, 1] {
            state.add_rows(&rows(chunk, RowsFormat::Sql), Compression::None, 10, false);
        }
        assert!(!state.may_load(4, false) && state.may_load(4, true));
        state.rows_complete = true;
        for expected in 0..3 {
            assert!(state.may_load(4, false));
            assert_eq!(state.take_rows(&table()).unwrap().0.chunk, Some(expected));
            assert!(!state.may_load(4, false));
            state.active -= 1;
        }
    }

    #[test]
    fn a_load_data_statement_waits_for_its_data_whichever_comes_first() {
        let mut state = TableState::default();
        state.add_rows(&rows(0, RowsFormat::Sql), Compression::None, 10, true);
        assert!(!state.has_rows_waiting());
        state.add_rows(&rows(1, RowsFormat::Delimited), Compression::Zstd, 20, true);
        assert!(!state.has_rows_waiting());
        state.add_rows(&rows(1, RowsFormat::Sql), Compression::Zstd, 20, true);
        let (_, file, bytes) = state.take_rows(&table()).unwrap();
        assert_eq!((file.to_string().as_str(), bytes), ("d.t.00001.sql.zst", 40));
        state.add_rows(&rows(0, RowsFormat::Delimited), Compression::None, 10, true);
        assert_eq!(state.take_rows(&table()).unwrap().1.to_string(), "d.t.00000.sql");
        assert_eq!(state.active, 2);
    }
}
