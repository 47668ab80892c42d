//! The journal of the dump that runs: what a later run resumes from.

use std::path::Path;

use common::backup::row_hash::RowsDigest;
use common::journal::{DUMP_JOURNAL, Journal, JournalError};

use super::record::{Begun, DoneChunk, Part, Record, SplitChunk, TableId, key_name};
use crate::catalog::Table;
use crate::output::file_writer::WrittenFile;
use crate::plan::chunk::{Chunk, Key, KeyRange, Remainder};

/// The journal in the dump's directory.
pub struct DumpJournal(Journal);

/// What was dumped as a chunk.
pub struct Done {
    /// Its number.
    pub number: u64,
    /// Its rows.
    pub rows: RowsDigest,
    /// In bytes.
    pub longest_statement: usize,
    /// Its files.
    pub files: Vec<WrittenFile>,
}

impl DumpJournal {
    /// A new one.
    pub fn create(directory: &Path, begun: Begun) -> Result<DumpJournal, JournalError> {
        let mut journal = Journal::create(&directory.join(DUMP_JOURNAL))?;
        journal.append(&Record::Begun(Box::new(begun)))?;
        Ok(DumpJournal(journal))
    }

    /// That of an interrupted dump, which is resumed.
    pub fn of_resumed(journal: Journal) -> DumpJournal {
        DumpJournal(journal)
    }

    /// A chunk was split off.
    pub fn split_off(
        &mut self,
        table: &Table,
        key: &Key,
        number: u64,
        range: &KeyRange,
        remainder: Option<&Remainder>,
    ) -> Result<(), JournalError> {
        let (table, key, range, remainder) = (TableId::of(table), key_name(key), range.clone(), remainder.cloned());
        self.0.append(&Record::Split(SplitChunk { table, key, number, range, remainder }))
    }

    /// The rows of a chunk are in their files.
    pub fn rows(&mut self, table: &Table, chunk: &Chunk, done: Done) -> Result<(), JournalError> {
        let Done { number, rows: RowsDigest { count: rows, hash, generated }, longest_statement, files } = done;
        let (table, part) = (TableId::of(table), Part::of(chunk));
        let done = DoneChunk { table, number, part, rows, hash, generated, longest_statement, files };
        self.0.append(&Record::Rows(done))
    }

    /// The dump is whole.
    pub fn remove(self) -> Result<(), JournalError> {
        self.0.remove()
    }
}
