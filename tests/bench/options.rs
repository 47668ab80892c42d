//! The benchmark's own options.

use clap::{Parser, ValueEnum};
use harness::server::Product;
use std::path::PathBuf;

/// Measures mydumper-rs against Debian's mydumper 0.10.1, mariadb-dump, mariadb, and the servers alone, on private
/// servers, and prints tables in Markdown.
#[derive(Parser, Clone, Debug)]
#[command(name = "tests/bench.sh")]
pub struct Options {
    /// Rows of lineitem; orders has a quarter of them, partsupp two fifteenths
    #[arg(long, value_name = "ROWS", default_value_t = 3_000_000, value_parser = clap::value_parser!(u64).range(10_000..))]
    pub rows: u64,
    /// Tables of the database of small tables
    #[arg(long, value_name = "TABLES", default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub tables: u64,
    /// About so many megabytes of texts and bytes in the wide database
    #[arg(long, value_name = "MEGABYTES", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    pub wide: u64,
    /// How often each contestant runs
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,
    /// How often mariadb-dump and mariadb run, which take long; not more often than the others, and 0 is never
    #[arg(long, value_name = "RUNS", default_value_t = 1)]
    pub stock_runs: u64,
    /// Threads of each program, and connections of the floors
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    pub threads: u64,
    /// The server; both unless given
    #[arg(long, value_enum)]
    pub product: Vec<ProductName>,
    /// The case, more than one with commas or again; all unless given
    #[arg(long = "case", value_enum, value_delimiter = ',')]
    pub cases: Vec<CaseName>,
    /// Who runs, more than one with commas or again; all unless given
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Who>,
    /// Keeps filled data directories and ready files in this directory, and takes those that are there
    #[arg(long, value_name = "DIRECTORY")]
    pub keep: Option<PathBuf>,
    /// Waits up to so many seconds before each run for a machine on which nothing else works
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub patience: u64,
    /// Where dumps are written (a directory in a tmpfs takes the disk out of the comparison) [default: in $TMPDIR]
    #[arg(long, value_name = "DIRECTORY")]
    pub dumps: Option<PathBuf>,
}

impl Options {
    /// The chosen products.
    pub fn products(&self) -> Vec<Product> {
        let chosen = |product: &Product| {
            let name = match product {
                Product::MariaDb => ProductName::Mariadb,
                Product::MySql => ProductName::Mysql,
            };
            self.product.is_empty() || self.product.contains(&name)
        };
        Product::ALL.into_iter().filter(chosen).collect()
    }

    /// The chosen cases, in their order.
    pub fn cases(&self) -> Vec<CaseName> {
        let chosen = |case: &&CaseName| self.cases.is_empty() || self.cases.contains(case);
        CaseName::value_variants().iter().filter(chosen).copied().collect()
    }

    /// Does this contestant run?
    pub fn runs_for(&self, who: Who) -> u64 {
        let chosen = self.only.is_empty() || self.only.contains(&who);
        match who {
            _ if !chosen => 0,
            Who::Stock => self.stock_runs.min(self.runs),
            _ => self.runs,
        }
    }
}

/// A product as it is typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ProductName {
    /// MariaDB
    Mariadb,
    /// MySQL
    Mysql,
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub enum CaseName {
    /// A plain dump of the TPC-H tables
    Dump,
    /// A compressed dump of them
    Zstd,
    /// The load of each one's own dump
    Load,
    /// Dump and load at once, with a pipe between them
    Pipe,
    /// The dump of many small tables
    SmallDump,
    /// Their load
    SmallLoad,
    /// The dump of texts and bytes
    WideDump,
    /// Their load
    WideLoad,
}

impl CaseName {
    /// As it is typed and printed.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Whose program runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Who {
    /// mydumper-rs
    Ours,
    /// mydumper and myloader 0.10.1
    Peer,
    /// mariadb-dump and mariadb
    Stock,
    /// What the server itself takes
    Floor,
}
