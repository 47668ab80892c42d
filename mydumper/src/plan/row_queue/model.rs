//! The queue in all that may happen: the coordinator's loop with workers that take, split and report in any order. It
//! always ends, each chunk is given out once, and no table has more workers than it may have.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::{queue_of, table};
use super::*;
use crate::plan::chunk::{Chunk, ChunkSize, KeyRange};
use crate::plan::remaining_chunks::SplitTable;
use crate::plan::task::Portion;
use crate::plan::tests::key;

/// How a table is given out.
#[derive(Debug, Clone)]
enum Kind {
    Whole,
    Partitions(u64),
    /// Split into so many chunks, after so many that an interrupted dump has left.
    Split {
        unfinished: u64,
        chunks: u64,
    },
}

#[derive(Debug)]
struct Work {
    table: usize,
    number: u64,
    /// Whether it still has to tell what is left of the table.
    splits: bool,
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let kind = prop_oneof![
        Just(Kind::Whole),
        (0..4_u64).prop_map(Kind::Partitions),
        (0..3_u64, 0..4_u64).prop_map(|(unfinished, chunks)| Kind::Split { unfinished, chunks }),
    ];
    prop::collection::vec(kind, 0..5)
}

impl Kind {
    fn chunks(&self) -> u64 {
        match self {
            Kind::Whole => 1,
            Kind::Partitions(chunks) => *chunks,
            Kind::Split { unfinished, chunks } => unfinished + chunks,
        }
    }

    fn remaining(&self) -> RemainingChunks {
        match self {
            Kind::Whole => RemainingChunks::whole(),
            Kind::Partitions(chunks) => RemainingChunks::Listed(
                (0..*chunks).map(|number| (number, Chunk::Partition(number.to_string()))).collect(),
            ),
            Kind::Split { unfinished, chunks } => RemainingChunks::Split(Box::new(SplitTable {
                key: key(),
                unfinished: (0..*unfinished).map(|number| (number, KeyRange::default())).collect(),
                remainder: (*chunks > 0).then(Remainder::whole_table),
                next_number: *unfinished,
                chunk_size: ChunkSize::steady(10),
                is_being_split: false,
            })),
        }
    }
}

/// A worker takes what is offered.
fn take(task: Task) -> Work {
    let Task::Rows(rows) = task else { panic!("{task}") };
    Work { table: rows.table_index, number: rows.number, splits: matches!(rows.portion, Portion::Next { .. }) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn whatever_comes_first_all_is_dumped_once(
        kinds in kinds(), limit in 1..4_usize, workers in 1..5_usize, choices in prop::collection::vec(any::<usize>(), 200)
    ) {
        let tables = kinds.iter().enumerate().map(|(index, kind)| (index, table(&index.to_string()), kind.remaining()));
        let mut queue = queue_of(tables, limit);
        let mut running: Vec<Work> = Vec::new();
        let mut dumped: BTreeSet<(usize, u64)> = BTreeSet::new();
        let mut finished: BTreeMap<usize, usize> = BTreeMap::new();
        let mut next = queue.next_task();
        let mut choices = choices.into_iter().cycle();
        let mut steps = 0;
        // As in `Coordinator::drive`.
        loop {
            steps += 1;
            prop_assert!(steps < 1000, "it does not end");
            if next.is_none() {
                next = queue.next_task();
            }
            if next.is_none() && running.is_empty() {
                break;
            }
            let can_give = next.is_some() && running.len() < workers;
            let among = running.len() + usize::from(can_give);
            prop_assert!(among > 0, "it stalls: {:?}", queue.tables);
            let chosen = choices.next().unwrap_or(0) % among;
            if chosen == running.len() {
                let Some(task) = next.take() else { continue };
                let work = take(task);
                let of_table = running.iter().filter(|other| other.table == work.table);
                prop_assert!(of_table.clone().count() < limit, "{work:?}: the table has enough workers");
                prop_assert!(!(work.splits && of_table.clone().any(|other| other.splits)), "{work:?}: it is being split");
                prop_assert!(!finished.contains_key(&work.table), "{work:?}: the table is finished");
                running.push(work);
                continue;
            }
            if running[chosen].splits {
                let work = &mut running[chosen];
                work.splits = false;
                let is_last = work.number + 1 == kinds[work.table].chunks();
                queue.split_off(work.table, (!is_last).then(Remainder::whole_table));
            } else {
                let Work { table, number, .. } = running.swap_remove(chosen);
                prop_assert!(dumped.insert((table, number)), "chunk {number} of {table} was dumped twice");
                if queue.finished(table, 1, Duration::ZERO) {
                    *finished.entry(table).or_default() += 1;
                }
            }
            if let Some(Task::Rows(task)) = next.take() {
                queue.put_back(*task);
            }
        }
        let all = kinds.iter().enumerate().flat_map(|(table, kind)| (0..kind.chunks()).map(move |number| (table, number)));
        prop_assert_eq!(dumped, all.collect::<BTreeSet<_>>());
        let with_chunks = kinds.iter().enumerate().filter(|(_, kind)| kind.chunks() > 0);
        prop_assert_eq!(finished, with_chunks.map(|(table, _)| (table, 1)).collect::<BTreeMap<_, _>>());
    }
}
