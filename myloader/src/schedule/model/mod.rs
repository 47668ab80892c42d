//! The scheduler against all that may happen: it always ends, does each job once, and only in an allowed order.
//!
//! A restore is played with small dumps, without a server: what arrives when, which worker ends first and how is chosen,
//! by chance or each of all choices in turn. After each step it has to be able to go on; each job is compared with rules
//! that know nothing of the scheduler, and so is the end.

mod choice;
mod dump;
mod rules;
mod world;

use std::collections::HashSet;

use choice::Chooser;
use dump::{Case, Size, Way};
use world::{Run, World};

use crate::options::DropTable;

/// Plays all that may happen in a case. Returns the numbers of states and of runs.
fn play_all(case: &Case) -> (usize, usize) {
    let mut chooser = Chooser::each();
    let (mut seen, mut runs) = (HashSet::new(), 0);
    loop {
        let mut world = World::new(case);
        if let Err(error) = world.run(&mut chooser, |state| seen.insert(state)) {
            panic!("{error}\n{case:#?}\n{}", world.log.join("\n"));
        }
        runs += 1;
        if !chooser.next_run() {
            return (seen.len(), runs);
        }
    }
}

#[test]
fn everything_that_may_happen_to_small_dumps() {
    let (mut states, mut runs, mut cases) = (0, 0, 0);
    let sizes: [(&[u64], bool); 6] =
        [(&[], false), (&[0], false), (&[2], false), (&[1, 1], false), (&[], true), (&[1], true)];
    for (chunks, others) in sizes {
        for pairs in [false, true] {
            if pairs && others {
                continue;
            }
            for way in [Way::Directory, Way::Stream, Way::AnyOrder] {
                let case = Case::of(Size { chunks, others, pairs }, way, &mut Chooser::each());
                for (drop_table, keep_going, max_waiting) in
                    [(DropTable::Fail, true, u64::MAX), (DropTable::Drop, false, 0), (DropTable::Truncate, true, 0)]
                {
                    let mut case = Case { drop_table, keep_going, max_waiting, ..case.clone() };
                    case.tables.values_mut().for_each(|table| table.exists = drop_table != DropTable::Fail);
                    let (new_states, new_runs) = play_all(&case);
                    cases += 1;
                    states += new_states;
                    runs += new_runs;
                }
            }
        }
    }
    println!("{cases} cases, {states} states, {runs} runs");
}

#[test]
fn anything_that_may_happen_to_any_dump() {
    let seeds = std::env::var("SCHEDULER_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(20_000);
    let (mut whole, mut skipped, mut failed) = (0, 0, 0);
    for seed in 0..seeds {
        let mut chooser = Chooser::Chance(seed);
        let case = Case::any(&mut chooser);
        let mut world = World::new(&case);
        match world.run(&mut chooser, |_| true) {
            Err(error) => panic!("seed {seed}: {error}\n{case:#?}\n{}", world.log.join("\n")),
            Ok(Run::Ended(Ok(()))) => whole += 1,
            Ok(Run::Ended(Err(super::Error::Skipped(_)))) => skipped += 1,
            Ok(_) => failed += 1,
        }
    }
    println!("{seeds} restores: {whole} whole, {skipped} without some objects, {failed} ended by an error");
}
