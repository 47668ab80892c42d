//! How far an interrupted dump got: pure, from the records of its journal.

use std::collections::{BTreeMap, HashMap};

use super::record::{DoneChunk, Part, Record, SplitChunk, TableId, key_name};
use crate::catalog::{Catalog, Table};
use crate::plan::chunk::{KeyRange, Remainder};

/// The journal's records are in an order in which no dump writes them, or a table has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The catalog has no such table now, or a different one.
    #[error("table {0} has changed: it was dropped, renamed or altered, or this user sees other tables")]
    Table(String),
    /// Its records contradict each other.
    #[error("the journal contradicts itself about table {0}")]
    Journal(String),
}

/// What was done of each table, by the name that its files carry.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Completed(HashMap<String, TableProgress>);

/// What was done of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct TableProgress {
    name: String,
    /// The key that it is split by, if it is.
    key: Option<String>,
    /// What is left of it then.
    remainder: Option<Remainder>,
    chunks: BTreeMap<u64, ChunkProgress>,
}

#[derive(Debug, PartialEq, Eq)]
enum ChunkProgress {
    /// Split off, but not dumped.
    Split(KeyRange),
    Done(DoneChunk),
}

impl Completed {
    /// Takes in the next record.
    pub fn add(&mut self, record: Record) -> Result<(), Mismatch> {
        match record {
            Record::Begun(_) => Ok(()),
            Record::Split(split) => self.table(&split.table)?.split_off(split),
            Record::Rows(done) => self.table(&done.table)?.done(done),
            Record::Lost { table, number } => self.table(&table)?.lost(number),
        }
    }

    fn table(&mut self, id: &TableId) -> Result<&mut TableProgress, Mismatch> {
        let table = self.0.entry(id.file.clone()).or_insert_with(|| TableProgress {
            name: id.name.clone(),
            key: None,
            remainder: None,
            chunks: BTreeMap::new(),
        });
        if table.name == id.name { Ok(table) } else { Err(table.contradiction()) }
    }

    /// Chunks that are done.
    pub fn done(&self) -> impl Iterator<Item = &DoneChunk> {
        self.0.values().flat_map(TableProgress::done_chunks)
    }

    /// What is known of a table; nothing, when nothing was dumped of it.
    pub fn of(&self, table: &Table) -> Option<&TableProgress> {
        // Most dumps resume no other, and some have very many tables.
        if self.0.is_empty() { None } else { self.named(&table.file.to_string()) }
    }

    /// The same, by the name that files carry.
    pub fn named(&self, file: &str) -> Option<&TableProgress> {
        self.0.get(file)
    }

    /// All tables of which something is done must be in the catalog, and be split as they were.
    pub fn check(&self, catalog: &Catalog) -> Result<(), Mismatch> {
        let there: HashMap<String, &Table> =
            catalog.tables().map(|table| (table.file.to_string(), table.as_ref())).collect();
        let is_same = |(file, progress): &(&String, &TableProgress)| {
            there.get(file.as_str()).is_some_and(|table| progress.is_of(table))
        };
        match self.0.iter().find(|table| !is_same(table)) {
            Some((_, progress)) => Err(Mismatch::Table(progress.name.clone())),
            None => Ok(()),
        }
    }
}

impl TableProgress {
    fn contradiction(&self) -> Mismatch {
        Mismatch::Journal(self.name.clone())
    }

    fn split_off(&mut self, split: SplitChunk) -> Result<(), Mismatch> {
        let is_next = match &self.key {
            None => split.number == 0 && self.chunks.is_empty(),
            Some(key) => split.number == self.next_number() && *key == split.key && self.remainder.is_some(),
        };
        if !is_next {
            return Err(self.contradiction());
        }
        self.chunks.insert(split.number, ChunkProgress::Split(split.range));
        (self.key, self.remainder) = (Some(split.key), split.remainder);
        Ok(())
    }

    fn done(&mut self, done: DoneChunk) -> Result<(), Mismatch> {
        let is_expected = match (self.chunks.get(&done.number), &done.part) {
            (Some(ChunkProgress::Split(range)), Part::Range(done)) => range == done,
            (None, Part::Whole) => done.number == 0 && self.chunks.is_empty(),
            (None, Part::Partition(_)) => self.key.is_none(),
            _ => false,
        };
        if !is_expected {
            return Err(self.contradiction());
        }
        self.chunks.insert(done.number, ChunkProgress::Done(done));
        Ok(())
    }

    fn lost(&mut self, number: u64) -> Result<(), Mismatch> {
        match self.chunks.remove(&number) {
            Some(ChunkProgress::Done(DoneChunk { part: Part::Range(range), .. })) => {
                self.chunks.insert(number, ChunkProgress::Split(range));
                Ok(())
            }
            Some(ChunkProgress::Done(_)) => Ok(()),
            _ => Err(self.contradiction()),
        }
    }

    fn is_of(&self, table: &Table) -> bool {
        let key = table.chunk_key.as_deref().map(key_name);
        let partitions = table.partitions.as_deref();
        let is_there = |done: &DoneChunk| match &done.part {
            Part::Whole => partitions.is_none(),
            Part::Range(_) => true,
            Part::Partition(name) => {
                let number = usize::try_from(done.number).unwrap_or(usize::MAX);
                partitions.and_then(|partitions| partitions.get(number)) == Some(name)
            }
        };
        let is_split_as_before = self.key.is_none() || (self.key == key && partitions.is_none());
        self.name == table.name.to_string()
            && table.has_rows()
            && is_split_as_before
            && self.done_chunks().all(is_there)
    }

    /// Chunks of it that are done.
    pub fn done_chunks(&self) -> impl Iterator<Item = &DoneChunk> {
        self.chunks.values().filter_map(|chunk| match chunk {
            ChunkProgress::Done(done) => Some(done),
            ChunkProgress::Split(_) => None,
        })
    }

    /// Whether chunk `number` is done.
    pub fn has(&self, number: u64) -> bool {
        matches!(self.chunks.get(&number), Some(ChunkProgress::Done(_)))
    }

    /// Whether ranges of a key were split off it.
    pub fn is_split(&self) -> bool {
        self.key.is_some()
    }

    /// Chunks that were split off and are not done, with their numbers.
    pub fn unfinished(&self) -> impl Iterator<Item = (u64, KeyRange)> {
        self.chunks.iter().filter_map(|(number, chunk)| match chunk {
            ChunkProgress::Split(range) => Some((*number, range.clone())),
            ChunkProgress::Done(_) => None,
        })
    }

    /// What no chunk was split off, of a table that is split.
    pub fn remainder(&self) -> Option<&Remainder> {
        self.remainder.as_ref()
    }

    /// The number of the next chunk that is split off.
    pub fn next_number(&self) -> u64 {
        self.chunks.last_key_value().map_or(0, |(number, _)| number + 1)
    }
}
