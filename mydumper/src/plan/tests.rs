//! Plans of small catalogs, made without a server.

use std::time::Duration;

use common::backup::file_name::TableFileName;
use common::backup::metadata::DatabaseEntry;
use common::backup::row_hash::RowHash;
use common::sql::name::QualifiedName;

use super::chunk::{Chunk, ChunkSize, ChunkSizing, Key, KeyColumn, KeyKind, KeyRange, Remainder, Value};
use super::remaining_chunks::RemainingChunks;
use super::table::{Division, WhyWhole};
use super::*;
use crate::catalog::selection::Objects;
use crate::catalog::{Column, Database, Routine, TableKind};
use crate::resume::{DoneChunk, Part, Record, SplitChunk, TableId, key_name};

/// An InnoDB table without columns, rows and keys.
pub fn table(name: &str) -> Table {
    Table {
        name: QualifiedName::new("d", name),
        file: TableFileName { database: "d".into(), table: name.into() },
        kind: TableKind::Base { engine: "InnoDB".into() },
        columns: Vec::new(),
        primary_key: Vec::new(),
        chunk_key: None,
        partitions: None,
        referenced: Vec::new(),
        triggers: Vec::new(),
        history: false,
        row_estimate: 0,
        data_length: 0,
        schema_checksum: None,
        indexes_checksum: None,
        computation: None,
    }
}

pub fn key() -> Arc<Key> {
    let columns = vec![KeyColumn { name: "id".into(), kind: KeyKind::Integer }];
    Arc::new(Key { index: "PRIMARY".into(), columns })
}

fn of_engine(name: &str, engine: &str) -> Table {
    Table { kind: TableKind::Base { engine: engine.into() }, ..table(name) }
}

/// So many rows, which chunks can be split off by a key.
fn with_key(name: &str, rows: u64) -> Table {
    Table { chunk_key: Some(key()), row_estimate: rows, data_length: rows << 10, ..table(name) }
}

fn partitioned(name: &str, partitions: &[&str]) -> Table {
    Table { partitions: Some(partitions.iter().map(|name| (*name).to_owned()).collect()), ..table(name) }
}

fn catalog(tables: Vec<Table>) -> Catalog {
    let tables = tables.into_iter().map(Arc::new).collect();
    let routines = vec![Routine { kind: "FUNCTION".into(), name: "f".into() }];
    let checksums = DatabaseEntry::default();
    let database =
        Database { name: "d".into(), file: "d".into(), tables, routines, events: Vec::new(), is_cut: false, checksums };
    Catalog { databases: vec![Arc::new(database)], seen: 1, ..Catalog::default() }
}

const ALL: Objects = Objects {
    schemas: true,
    data: true,
    views: true,
    triggers: true,
    routines: true,
    events: true,
    tablespaces: true,
    accounts: true,
};

/// Chunks of 1000 rows, for two workers.
fn settings() -> Settings {
    Settings {
        objects: ALL,
        chunk_sizing: ChunkSizing::Rows(ChunkSize::steady(1000)),
        threads: 2,
        locks_tables: true,
        counts_rows: false,
        checksums_rows: true,
        chooses_rows: false,
        limits_rows: false,
        chooses_partitions: false,
        sums_generated_columns: false,
    }
}

fn plan(tables: Vec<Table>, settings: &Settings) -> Plan {
    Plan::new(&catalog(tables), settings, &Completed::default())
}

fn tasks(queue: &VecDeque<Task>) -> Vec<String> {
    queue.iter().map(Task::to_string).collect()
}

fn names(phase: &RowsPhase) -> Vec<&str> {
    phase.tables.iter().map(|planned| &*planned.table.name.name).collect()
}

/// Something of each kind, out of order.
fn everything() -> Vec<Table> {
    vec![
        of_engine("archive", "ARCHIVE"),
        of_engine("elsewhere", "BLACKHOLE"),
        of_engine("myisam", "MyISAM"),
        with_key("orders", 5000),
        Table { kind: TableKind::Sequence, ..table("sequence") },
        Table { triggers: vec!["tr".into()], ..table("small") },
        Table { kind: TableKind::View, ..table("view") },
        with_key("wide", 9000),
    ]
}

#[test]
fn definitions_stand_before_the_rows_that_need_them_and_the_largest_tables_come_first() {
    let plan = plan(everything(), &settings());
    assert_eq!(tasks(&plan.tablespaces), ["tablespaces"]);
    assert_eq!(
        tasks(&plan.definitions_before_rows),
        [
            "database d",
            "accounts",
            "sequence d.sequence",
            "table d.archive",
            "table d.elsewhere",
            "table d.myisam",
            "table d.orders",
            "table d.small",
            "table d.wide",
        ]
    );
    assert_eq!(names(&plan.locked_rows), ["archive", "myisam"]);
    assert_eq!(tasks(&plan.locked_rows.checksums), ["checksum of d.archive", "checksum of d.myisam"]);
    assert_eq!(names(&plan.free_rows), ["wide", "orders", "small"]);
    assert_eq!(tasks(&plan.free_rows.checksums), ["checksum of d.wide", "checksum of d.orders", "checksum of d.small"]);
    assert_eq!(tasks(&plan.definitions_after_rows), ["routines and events of d", "view d.view", "triggers of d.small"]);
    for planned in plan.tables_with_rows() {
        assert!(Arc::ptr_eq(&plan.tables[planned.index], &planned.table));
    }
    assert_eq!(plan.to_string(), "dumping the rows of 5 tables, about 14,000 rows, 13.7 MiB on the server");
}

#[test]
fn without_a_lock_all_tables_are_free_and_nothing_is_planned_that_is_not_asked_for() {
    let free = plan(everything(), &Settings { locks_tables: false, ..settings() });
    assert_eq!(names(&free.locked_rows), [""; 0]);
    assert_eq!(names(&free.free_rows), ["wide", "orders", "archive", "myisam", "small"]);

    let without_rows = Objects { data: false, accounts: false, tablespaces: false, ..ALL };
    let definitions = plan(everything(), &Settings { objects: without_rows, ..settings() });
    assert_eq!(definitions.tables_with_rows().count(), 0);
    assert!(definitions.tablespaces.is_empty() && definitions.free_rows.checksums.is_empty());
    assert_eq!(definitions.definitions_before_rows.len(), 8);

    let rows = plan(everything(), &Settings { objects: Objects { schemas: false, ..ALL }, ..settings() });
    assert_eq!(tasks(&rows.definitions_before_rows), ["accounts"]);
    assert_eq!(tasks(&rows.definitions_after_rows), ["routines and events of d", "triggers of d.small"]);
    assert_eq!(rows.tables_with_rows().count(), 5);
}

#[test]
fn a_table_is_read_by_partitions_or_by_key_or_whole_for_a_reason() {
    let tables = vec![
        with_key("by_key", 2001),
        partitioned("by_partition", &["p0", "p1", "p2"]),
        partitioned("no_partition", &[]),
        with_key("one_chunk", 1000),
        Table { row_estimate: 5000, ..table("without_key") },
    ];
    let plan = plan(tables, &settings());
    let planned: Vec<_> = plan
        .tables_with_rows()
        .map(|planned| (planned.division, planned.expected_chunks(), planned.to_string()))
        .collect();
    let text = str::to_owned;
    assert_eq!(
        planned,
        [
            (Division::Key, 3, text("d.by_key: about 2,001 rows, 2.0 MiB, about 3 chunks by key PRIMARY (id)")),
            (
                Division::Whole(WhyWhole::OneChunk),
                1,
                text("d.one_chunk: about 1,000 rows, 1000.0 KiB, whole (its rows fit into one chunk)")
            ),
            (Division::Partitions, 3, text("d.by_partition: about 0 rows, 0 B, 3 chunks, one for each partition")),
            (Division::Partitions, 0, text("d.no_partition: about 0 rows, 0 B, 0 chunks, one for each partition")),
            (
                Division::Whole(WhyWhole::NoKey),
                1,
                text("d.without_key: about 5,000 rows, 0 B, whole (it has no unique key to split it by)")
            ),
        ]
    );
    let adaptive = ChunkSizing::Rows(ChunkSize::adaptive(1, 10, 0, Duration::from_secs(1)));
    let plan = super::tests::plan(vec![with_key("by_key", 101)], &Settings { chunk_sizing: adaptive, ..settings() });
    assert_eq!(plan.free_rows.tables[0].expected_chunks(), 11);
}

#[test]
fn a_table_has_a_checksum_only_if_all_of_it_is_dumped_and_equal_tables_have_equal_ones() {
    let generated = Column {
        name: "g".into(),
        data_type: "int".into(),
        charset: None,
        no_pad: false,
        generated: true,
        invisible: false,
        auto_increment: false,
        has_empty_member: false,
        stored: false,
        period: false,
    };
    let checksums = |settings: Settings| {
        let tables = vec![
            Table { columns: vec![generated.clone()], ..table("generated") },
            partitioned("partitioned", &["p0"]),
            table("plain"),
        ];
        tasks(&plan(tables, &settings).free_rows.checksums)
    };
    assert_eq!(checksums(settings()), ["checksum of d.partitioned", "checksum of d.plain"]);
    assert_eq!(checksums(Settings { sums_generated_columns: true, ..settings() }).len(), 3);
    assert_eq!(checksums(Settings { chooses_partitions: true, ..settings() }), ["checksum of d.plain"]);
    assert_eq!(checksums(Settings { chooses_rows: true, ..settings() }), [""; 0]);
    assert_eq!(checksums(Settings { checksums_rows: false, ..settings() }), [""; 0]);
}

#[test]
fn what_an_interrupted_dump_has_completed_is_not_planned_again() {
    let range = |to: &str| KeyRange::default().until(&Value(to.into()));
    let id = |name: &str| TableId { file: format!("d.{name}"), name: format!("d.{name}") };
    let done = |name: &str, number, part| {
        let (rows, longest_statement, files) = (1, 1, Vec::new());
        let hash = RowHash::default();
        Record::Rows(DoneChunk {
            table: id(name),
            number,
            part,
            rows,
            hash,
            generated: RowHash::default(),
            longest_statement,
            files,
        })
    };
    let split = |name: &str, number: u64, remainder| {
        let (table, key, range) = (id(name), key_name(&key()), range(&number.to_string()));
        Record::Split(SplitChunk { table, key, number, range, remainder })
    };
    let remainder = || Some(Remainder::whole_table());
    let mut completed = Completed::default();
    for record in [
        done("partitioned", 1, Part::Partition("p1".into())),
        done("read_whole", 0, Part::Whole),
        split("split", 0, remainder()),
        split("split", 1, remainder()),
        done("split", 1, Part::Range(range("1"))),
        split("split_to_its_end", 0, remainder()),
        split("split_to_its_end", 1, None),
        done("split_to_its_end", 0, Part::Range(range("0"))),
    ] {
        completed.add(record).unwrap();
    }
    let tables = vec![
        partitioned("partitioned", &["p0", "p1", "p2"]),
        with_key("read_whole", 3000),
        with_key("split", 5000),
        with_key("split_to_its_end", 2000),
        with_key("untouched", 1500),
    ];
    let plan = Plan::new(&catalog(tables), &settings(), &completed);
    let planned: Vec<(&str, Division, u64)> = plan
        .tables_with_rows()
        .map(|planned| (&*planned.table.name.name, planned.division, planned.expected_chunks()))
        .collect();
    assert_eq!(
        planned,
        [
            // Chunk 0, and what is left behind chunk 1.
            ("split", Division::Key, 1 + 3),
            ("read_whole", Division::Whole(WhyWhole::Before), 0),
            ("split_to_its_end", Division::Key, 1),
            ("untouched", Division::Key, 2),
            ("partitioned", Division::Partitions, 2),
        ]
    );
    let RemainingChunks::Split(split) = &plan.free_rows.tables[0].remaining else { panic!("not split") };
    assert_eq!(Vec::from_iter(&split.unfinished), [&(0, range("0"))]);
    assert_eq!((split.next_number, &split.remainder), (2, &remainder()));
    let RemainingChunks::Listed(partitions) = &plan.free_rows.tables[4].remaining else { panic!("not partitions") };
    assert_eq!(Vec::from_iter(partitions), [&(0, Chunk::Partition("p0".into())), &(2, Chunk::Partition("p2".into()))]);
    assert!(plan.free_rows.tables[1].remaining.is_exhausted());
}
