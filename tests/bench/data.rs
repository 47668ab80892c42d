//! The databases that are dumped and loaded: tables, and files for LOAD DATA with their rows.
//!
//! Every file's rows come from a generator of its own, which is seeded with the file's place: the same sizes give the
//! same bytes on every machine, and files can be written in any order.

mod random;
mod small;
mod tpch;
mod wide;

use crate::options::Options;
use random::Random;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts up with every change of what is generated, so that nothing kept is taken for it.
const GENERATION: u32 = 1;

/// A database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Dataset {
    /// lineitem, orders and partsupp, like those of TPC-H.
    Tpch,
    /// Many tables of a few rows.
    Small,
    /// Texts, bytes and many columns.
    Wide,
}

/// A table of it.
pub struct Table {
    pub name: String,
    /// The columns and the primary key, as they stand in CREATE TABLE.
    pub columns: String,
    /// The last column, which is in no key.
    pub last_column: &'static str,
    /// What ALTER TABLE adds when the rows are in.
    pub keys: Option<&'static str>,
    /// How many files its rows are in.
    pub pieces: u64,
    /// Writes the rows of a piece, as LOAD DATA reads them.
    pub write: PieceWriter,
}

type PieceWriter = Box<dyn Fn(u64, &mut Random, &mut dyn Write) -> std::io::Result<()> + Sync>;

impl Dataset {
    /// The database's name.
    pub fn database(self) -> &'static str {
        match self {
            Dataset::Tpch => "bench_tpch",
            Dataset::Small => "bench_small",
            Dataset::Wide => "bench_wide",
        }
    }

    /// Its tables, in the order in which they are filled.
    pub fn tables(self, options: &Options) -> Vec<Table> {
        match self {
            Dataset::Tpch => tpch::tables(options.rows),
            Dataset::Small => small::tables(options.tables),
            Dataset::Wide => wide::tables(options.wide),
        }
    }

    /// Tells this database with these sizes from every other.
    pub fn label(self, options: &Options) -> String {
        let size = match self {
            Dataset::Tpch => options.rows,
            Dataset::Small => options.tables,
            Dataset::Wide => options.wide,
        };
        format!("{}-{size}-v{GENERATION}", self.database())
    }

    /// The ready files below `directory`, written unless they are there. Each table's, in the order of its key.
    pub fn files(self, options: &Options, directory: &Path) -> Vec<(Table, Vec<PathBuf>)> {
        let directory = directory.join(self.label(options));
        let tables = self.tables(options);
        let path = |table: &Table, piece: u64| directory.join(format!("{}.{piece:05}.tsv", table.name));
        if !directory.exists() {
            let partial = directory.with_extension("partial");
            let _ = fs::remove_dir_all(&partial);
            fs::create_dir_all(&partial).unwrap();
            let pieces: Vec<(u64, &Table, u64)> = (0..)
                .zip(&tables)
                .flat_map(|(number, table)| (0..table.pieces).map(move |piece| (number, table, piece)))
                .collect();
            in_parallel(&pieces, |&(number, table, piece)| {
                let file = File::create(partial.join(path(table, piece).file_name().unwrap())).unwrap();
                let mut output = BufWriter::with_capacity(1 << 18, file);
                let mut random = Random::new(self as u64, number, piece);
                (table.write)(piece, &mut random, &mut output).unwrap();
                output.flush().unwrap();
            });
            fs::rename(&partial, &directory).unwrap();
        }
        let with_paths = |table: Table| {
            let paths = (0..table.pieces).map(|piece| path(&table, piece)).collect();
            (table, paths)
        };
        tables.into_iter().map(with_paths).collect()
    }
}

/// Calls `work` for every item, on all cores.
fn in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::collections::BTreeSet;

    fn piece(table: &Table, number: u64, piece: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        (table.write)(piece, &mut Random::new(0, number, piece), &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn tpch_has_as_many_rows_as_asked_and_no_key_twice() {
        let tables = Dataset::Tpch.tables(&Options::parse_from(["bench", "--rows", "210000"]));
        for (number, rows, key) in [(0, 210_000, [0, 3]), (1, 52_500, [0, 0]), (2, 28_000, [0, 1])] {
            let table = &tables[number];
            let text: Vec<u8> = (0..table.pieces).flat_map(|at| piece(table, number as u64, at)).collect();
            let text = String::from_utf8(text).unwrap();
            let keys: BTreeSet<[&str; 2]> = text
                .lines()
                .map(|line| {
                    let fields: Vec<&str> = line.split('\t').collect();
                    assert_eq!(fields.len(), table.columns.matches("NOT NULL").count(), "{line}");
                    key.map(|column| fields[column])
                })
                .collect();
            assert_eq!((text.lines().count(), keys.len()), (rows, rows), "{}", table.name);
        }
    }

    #[test]
    fn a_piece_is_always_the_same_and_no_other_is() {
        for dataset in [Dataset::Tpch, Dataset::Small, Dataset::Wide] {
            let options = Options::parse_from(["bench", "--rows", "210000", "--tables", "2"]);
            let (tables, again) = (dataset.tables(&options), dataset.tables(&options));
            assert_eq!(piece(&tables[0], 0, 0), piece(&again[0], 0, 0));
            assert_ne!(piece(&tables[0], 0, 0), piece(&tables[1], 1, 0));
        }
    }
}
