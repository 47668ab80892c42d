//! The figures to reach, and those that were.

use crate::measure::Measurement;
use crate::options::{CaseName, Who};
use crate::report::{Outcome, mebibytes};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Memory of a program with 4 threads, in MiB.
const MEMORY: f64 = 64.0;

/// All that was measured on one server.
pub type Results = BTreeMap<CaseName, Vec<Outcome>>;

/// What is measured, against what, the highest ratio, and the ratio if it was measured.
type Line = (&'static str, &'static str, f64, Option<f64>);

/// The table of the figures.
pub fn table(results: &Results) -> String {
    let mut text = "| what | against | to reach | measured | |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for (what, against, highest, measured) in lines(results) {
        let (measured, verdict) = match measured {
            Some(measured) if measured <= highest => (format!("{measured:.2}"), "reached"),
            Some(measured) => (format!("{measured:.2}"), "not reached"),
            None => ("-".to_owned(), "not measured"),
        };
        writeln!(text, "| {what} | {against} | ≤ {highest:.2} | {measured} | {verdict} |").unwrap();
    }
    let peak = results.values().flatten().filter(|outcome| outcome.who == Who::Ours).filter_map(highest_peak).max();
    let (measured, verdict) = match peak.map(mebibytes) {
        Some(peak) if peak <= MEMORY => (format!("{peak:.1} MiB"), "reached"),
        Some(peak) => (format!("{peak:.1} MiB"), "not reached"),
        None => ("-".to_owned(), "not measured"),
    };
    writeln!(text, "| peak memory, the highest of ours | | ≤ {MEMORY:.0} MiB | {measured} | {verdict} |").unwrap();
    text
}

fn lines(results: &Results) -> Vec<Line> {
    use CaseName::{Dump, Load, Pipe, SmallDump, SmallLoad, Zstd};
    let median = |case: CaseName, name: &str| {
        results.get(&case)?.iter().find(|outcome| outcome.name == name).and_then(Outcome::median)
    };
    let ratio = |own: Option<Measurement>, other: Option<Measurement>, value: fn(&Measurement) -> f64| {
        Some(value(&own?) / value(&other?))
    };
    let wall = |run: &Measurement| run.wall;
    let against_peer = |case, value| ratio(median(case, "ours"), median(case, "peer"), value);
    let longer = [median(Pipe, "ours"), median(Pipe, "ours load")].into_iter().flatten();
    let longer = longer.max_by(|one, other| one.wall.total_cmp(&other.wall));
    vec![
        ("dump, plain, client CPU", "mydumper 0.10.1 -r 500000", 0.60, against_peer(Dump, Measurement::client)),
        ("dump, plain, wall", "mydumper 0.10.1 -r 500000", 0.75, against_peer(Dump, wall)),
        (
            "dump, zstd level 1, wall",
            "our plain dump",
            1.40,
            ratio(median(Zstd, "ours zstd 1"), median(Zstd, "ours"), wall),
        ),
        ("load of our INSERT dump, wall", "myloader 0.10.1 on its own dump", 0.38, against_peer(Load, wall)),
        ("load, wall", "the floor of load", 1.25, ratio(median(Load, "ours"), median(Load, "floor of load"), wall)),
        ("pipe, wall", "the longer of our dump and load", 1.10, ratio(median(Pipe, "ours pipe"), longer, wall)),
        ("dump of small tables, wall", "mydumper 0.10.1", 1.00, against_peer(SmallDump, wall)),
        ("load of small tables, wall", "myloader 0.10.1", 0.80, against_peer(SmallLoad, wall)),
    ]
}

fn highest_peak(outcome: &Outcome) -> Option<u64> {
    outcome.median()?.peaks.into_iter().max()
}
