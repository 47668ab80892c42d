//! Dumps of a few objects, and the ways in which they arrive.

use std::collections::BTreeMap;

use common::backup::file_name::{Content, DumpFile, TableFileName};
use common::backup::metadata::{Metadata, TableEntry};
use common::backup::mydumper_checksum::Kinds;
use common::backup::selection::Filter;
use common::server::{Flavour, Product, Server};

use super::choice::Chooser;
use crate::options::Checksum;
use crate::options::{DropTable, OptimizeKeys, Verify};
use crate::schedule::SchedulerSettings;
use crate::tolerance::Tolerance;

/// Rows of each file.
pub const ROWS: u64 = 10;
/// Bytes of each file.
pub const BYTES: u64 = 100;

/// What a table turns out to be when it is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Table {
    pub chunks: u64,
    pub keys: bool,
    pub constraints: bool,
    pub in_order: bool,
    /// Whether it is on the server already.
    pub exists: bool,
}

/// What comes from the input.
#[derive(Debug, Clone)]
pub enum Input {
    Metadata(Metadata),
    Definitions(Metadata),
    File(DumpFile),
    End(Metadata),
}

/// How a dump arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// All at once.
    Directory,
    /// As our mydumper sends it.
    Stream,
    /// In any order, and nobody says which tables are whole.
    AnyOrder,
}

/// A dump, the options, and how it arrives.
#[derive(Debug, Clone)]
pub struct Case {
    pub tables: BTreeMap<TableFileName, Table>,
    pub way: Way,
    pub input: Vec<Input>,
    /// Whether a file of the dump does not arrive.
    pub is_cut: bool,
    pub drop_table: DropTable,
    pub drop_database: bool,
    pub keep_going: bool,
    pub optimize_keys: OptimizeKeys,
    pub accounts: bool,
    pub verify: bool,
    pub workers: usize,
    pub max_threads_per_table: usize,
    pub max_threads_for_keys: usize,
    pub max_threads_for_tables: usize,
    pub max_threads_for_post: usize,
    /// Bytes that may wait.
    pub max_waiting: u64,
    /// How many jobs may fail.
    pub faults: usize,
}

/// How large a dump is.
#[derive(Debug, Clone, Copy)]
pub struct Size<'a> {
    /// The numbers of files with rows of each table.
    pub chunks: &'a [u64],
    /// Whether there are objects of all other kinds.
    pub others: bool,
    /// Whether rows come as LOAD DATA: each file with another beside it.
    pub pairs: bool,
}

impl Case {
    pub fn settings(&self) -> SchedulerSettings {
        SchedulerSettings {
            filter: Filter::default(),
            target_database: None,
            max_threads_per_table: self.max_threads_per_table,
            max_threads_for_keys: self.max_threads_for_keys,
            max_threads_for_tables: self.max_threads_for_tables,
            max_threads_for_post: self.max_threads_for_post,
            optimize_keys: self.optimize_keys,
            drop_table: self.drop_table,
            drop_database: self.drop_database,
            create_databases: true,
            create_tables: true,
            fire_triggers: true,
            schemas: true,
            data: true,
            accounts: self.accounts,
            triggers: true,
            post: true,
            verify: self.verify.then_some(Verify::Rows),
            verify_only: false,
            allow_empty: false,
            // The dumps have none.
            checksum: Checksum::Skip,
            checksums: Kinds::default(),
            local_infile_off: false,
            counts_kept_rows: true,
            user: std::sync::Arc::new(crate::jobs::target_user::TargetUser::unknown()),
            server: Server { product: Product::MySql, version: (9, 7, 0), flavour: Flavour::Plain, folds_names: false },
            tolerance: Tolerance { keep_going: self.keep_going, codes: [1062].into() },
        }
    }

    /// Tables that are there stay, and are emptied.
    pub fn empties(&self) -> bool {
        matches!(self.drop_table, DropTable::Truncate | DropTable::Delete)
    }

    /// A dump of this size with objects in which chance has a say.
    pub fn of(size: Size<'_>, way: Way, chooser: &mut Chooser) -> Case {
        let mut case = Case {
            tables: BTreeMap::new(),
            way,
            input: Vec::new(),
            is_cut: false,
            drop_table: DropTable::Fail,
            drop_database: false,
            keep_going: true,
            optimize_keys: OptimizeKeys::AfterImportPerTable,
            accounts: false,
            verify: false,
            workers: 2,
            max_threads_per_table: 2,
            max_threads_for_keys: 1,
            max_threads_for_tables: 1,
            max_threads_for_post: 1,
            max_waiting: u64::MAX,
            faults: 1,
        };
        for (number, chunks) in size.chunks.iter().enumerate() {
            let constraints = number == 0;
            case.tables.insert(table(number), Table { chunks: *chunks, keys: true, constraints, ..Table::default() });
        }
        case.arrive(size, &[], chooser);
        case
    }

    /// Any dump, with any options.
    pub fn any(chooser: &mut Chooser) -> Case {
        let chunks: Vec<u64> = (0..chooser.choose(4)).map(|_| chooser.choose(4) as u64).collect();
        let size = Size { chunks: &chunks, others: chooser.happens(60), pairs: chooser.happens(25) };
        let way = [Way::Directory, Way::Stream, Way::AnyOrder][chooser.choose(3)];
        let mut case = Case::of(Size { chunks: &[], ..size }, way, chooser);
        case.drop_table = [DropTable::Fail, DropTable::None, DropTable::Drop, DropTable::Truncate, DropTable::Delete]
            [chooser.choose(5)];
        case.drop_database = chooser.happens(10);
        case.keep_going = chooser.happens(60);
        case.optimize_keys = [
            OptimizeKeys::AfterImportPerTable,
            OptimizeKeys::AfterImportAllTables,
            OptimizeKeys::Skip,
            OptimizeKeys::Auto,
        ][chooser.choose(4)];
        case.accounts = size.others && chooser.happens(50);
        case.verify = chooser.happens(50);
        case.workers = 1 + chooser.choose(4);
        case.max_threads_per_table = 1 + chooser.choose(3);
        case.max_threads_for_keys = 1 + chooser.choose(2);
        case.max_threads_for_tables = 1 + chooser.choose(3);
        case.max_threads_for_post = 1 + chooser.choose(3);
        case.max_waiting = [0, BYTES, 3 * BYTES, u64::MAX][chooser.choose(4)];
        case.faults = [0, 0, 1, 3, 100][chooser.choose(5)];
        for (number, chunks) in chunks.iter().enumerate() {
            let table_state = Table {
                chunks: *chunks,
                keys: chooser.happens(70),
                constraints: chooser.happens(40),
                in_order: chooser.happens(15),
                exists: case.drop_table != DropTable::Fail && chooser.happens(40),
            };
            case.tables.insert(table(number), table_state);
        }
        let all = case.files(size);
        let missing: Vec<DumpFile> =
            if chooser.happens(20) { vec![all[chooser.choose(all.len())].clone()] } else { Vec::new() };
        case.arrive(size, &missing, chooser);
        case
    }

    fn files(&self, size: Size<'_>) -> Vec<DumpFile> {
        let mut names = vec!["d-schema-create.sql".to_owned()];
        for (table, state) in &self.tables {
            names.push(format!("{table}-schema.sql"));
            for chunk in 0..state.chunks {
                names.push(format!("{table}.{chunk:05}.sql"));
                names.extend(size.pairs.then(|| format!("{table}.{chunk:05}.dat")));
            }
        }
        if size.others {
            let others = ["d.s-schema-sequence.sql", "d.v-schema-view.sql", "d.w-schema-view.sql", "d-schema-post.sql"];
            names.extend(others.map(str::to_owned));
            names.extend(self.tables.keys().take(2).map(|table| format!("{table}-schema-triggers.sql")));
            names.push("all-schema-create-tablespace.sql".to_owned());
            names.extend(self.accounts.then(|| "all-schema-create-users.sql".to_owned()));
            // A database whose file the dump does not have.
            names.extend(["e.v-schema-view.sql".to_owned(), "e-schema-post.sql".to_owned()]);
        }
        names.iter().filter_map(|name| DumpFile::from_name(name)).collect()
    }

    fn metadata(&self, size: Size<'_>) -> Metadata {
        let mut metadata = Metadata::default();
        metadata.config.num_files = Some(self.files(size).len() as u64);
        metadata.config.local_infile = size.pairs.then_some(true);
        for (table, state) in &self.tables {
            metadata.tables.insert(table.clone(), entry(state));
        }
        metadata
    }

    fn arrive(&mut self, size: Size<'_>, missing: &[DumpFile], chooser: &mut Chooser) {
        let whole = self.metadata(size);
        let mut files = self.files(size);
        files.retain(|file| !missing.contains(file));
        self.is_cut = !missing.is_empty();
        if matches!(chooser, Chooser::Chance(_)) {
            chooser.shuffle(&mut files);
        }
        let head = Metadata { tables: BTreeMap::new(), ..whole.clone() };
        self.input = vec![Input::Metadata(head)];
        let is_early = |file: &DumpFile| {
            matches!(
                file.content,
                Content::Tablespaces
                    | Content::Accounts
                    | Content::Database(_)
                    | Content::Sequence(_)
                    | Content::Table(_)
            )
        };
        let (early, late): (Vec<_>, Vec<_>) = match self.way {
            Way::AnyOrder => (Vec::new(), files),
            Way::Directory | Way::Stream => files.into_iter().partition(is_early),
        };
        let (rows, late): (Vec<_>, Vec<_>) = match self.way {
            Way::Stream => late.into_iter().partition(|file| matches!(file.content, Content::Rows(_))),
            Way::AnyOrder | Way::Directory => (Vec::new(), late),
        };
        self.input.extend(early.into_iter().map(Input::File));
        if self.way == Way::Stream {
            let known = Metadata {
                tables: whole.tables.keys().map(|table| (table.clone(), told())).collect(),
                ..Metadata::default()
            };
            self.input.push(Input::Definitions(known));
            let mut rows: Vec<Input> = rows.into_iter().map(Input::File).collect();
            self.report_complete_tables(&mut rows, chooser);
            self.input.extend(rows);
        }
        self.input.extend(late.into_iter().map(Input::File));
        self.input.push(Input::End(whole));
    }

    /// The dumper says of each table, some time after its rows, that they are sent.
    fn report_complete_tables(&self, rows: &mut Vec<Input>, chooser: &mut Chooser) {
        for (table, state) in &self.tables {
            let of_table = |input: &Input| matches!(input, Input::File(file) if file.content.table() == Some(table));
            let after = rows.iter().rposition(of_table).map_or(0, |last| last + 1);
            let at = after + if chooser.happens(50) { 0 } else { chooser.choose(rows.len() - after + 1) };
            let entry = TableEntry { rows_sent: true, ..entry(state) };
            let told = Metadata { tables: [(table.clone(), entry)].into(), ..Metadata::default() };
            rows.insert(at, Input::Metadata(told));
        }
    }
}

fn table(number: usize) -> TableFileName {
    TableFileName { database: "d".into(), table: format!("t{number}") }
}

/// What metadata says of a table before its rows: that the dump has rows, and too many for its keys to be made with it.
fn told() -> TableEntry {
    TableEntry { estimated_bytes: Some(1 << 40), ..TableEntry::default() }
}

fn entry(table: &Table) -> TableEntry {
    TableEntry { rows: Some(table.chunks * ROWS), ..told() }
}
