//! The tables of results, in Markdown.

use crate::measure::Measurement;
use crate::options::Who;
use std::fmt::Write;

/// How a contestant of a case did.
pub struct Outcome {
    pub who: Who,
    pub name: String,
    /// Its runs, or why it gave up.
    pub runs: Result<Vec<Measurement>, String>,
}

impl Outcome {
    /// The medians of its runs.
    pub fn median(&self) -> Option<Measurement> {
        let runs = self.finished()?;
        let of = |value: &dyn Fn(&Measurement) -> f64| {
            let mut values: Vec<f64> = runs.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            let middle = values.len() / 2;
            if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
        };
        let highest = |program: usize| runs.iter().map(|run| run.peaks[program]).max().unwrap_or(0);
        Some(Measurement {
            wall: of(&|run| run.wall),
            user: of(&|run| run.user),
            system: of(&|run| run.system),
            server: of(&|run| run.server),
            others: of(&|run| run.others),
            // Of memory the highest: a peak is a promise.
            peaks: (0..runs[0].peaks.len()).map(highest).collect(),
        })
    }

    fn finished(&self) -> Option<&Vec<Measurement>> {
        self.runs.as_ref().ok().filter(|runs| !runs.is_empty())
    }

    /// The shortest and the longest run, in seconds.
    fn wall_range(&self) -> (f64, f64) {
        let walls = self.finished().into_iter().flatten().map(|run| run.wall);
        walls.fold((f64::INFINITY, 0.0), |(low, high), wall| (low.min(wall), high.max(wall)))
    }
}

/// The head of a table.
pub fn head() -> String {
    "| case | who | runs | wall s (range) | client user + sys s | server CPU s | others' CPU s | peak MiB \
     | wall / peer | client CPU / peer | server CPU / peer | both CPU / peer | peak / peer | wall / floor |\n\
     | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned()
}

/// The lines of one case: each contestant's medians, and their ratios to the peer's and the floor's.
pub fn lines(case: &str, outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let median_of = |who| outcomes.iter().find(|outcome| outcome.who == who).and_then(Outcome::median);
    let (peer, floor) = (median_of(Who::Peer), median_of(Who::Floor));
    for outcome in outcomes {
        write!(text, "| {case} | {} |", outcome.name).unwrap();
        match (outcome.median(), &outcome.runs) {
            (Some(own), Ok(runs)) => {
                let (low, high) = outcome.wall_range();
                write!(text, " {} | {:.2} ({low:.2}–{high:.2})", runs.len(), own.wall).unwrap();
                let peer = peer.as_ref().filter(|_| outcome.who != Who::Peer);
                let floor = floor.as_ref().filter(|_| outcome.who != Who::Floor);
                text.push_str(&cells(&own, peer, floor));
            }
            (_, Err(error)) => write!(text, " 0 | failed: {} {}", error.replace('|', "/"), "| ".repeat(11)).unwrap(),
            (None, Ok(_)) => write!(text, " 0 | not run {}", "| ".repeat(11)).unwrap(),
        }
        text.push_str("|\n");
    }
    text
}

fn cells(own: &Measurement, peer: Option<&Measurement>, floor: Option<&Measurement>) -> String {
    let ratio = |reference: Option<&Measurement>, value: &dyn Fn(&Measurement) -> f64| {
        // CPU time is counted in steps: it can be nothing.
        let reference = reference.map(value).filter(|reference| *reference > 0.0);
        reference.map(|reference| format!("{:.2}", value(own) / reference)).unwrap_or_default()
    };
    format!(
        " | {:.2} + {:.2} | {:.2} | {:.2} | {} | {} | {} | {} | {} | {} | {} ",
        own.user,
        own.system,
        own.server,
        own.others,
        own.peaks.iter().map(|bytes| format!("{:.1}", mebibytes(*bytes))).collect::<Vec<_>>().join(", "),
        ratio(peer, &|run| run.wall),
        ratio(peer, &Measurement::client),
        ratio(peer, &|run| run.server),
        ratio(peer, &Measurement::both),
        ratio(peer, &|run| run.peaks.iter().sum::<u64>() as f64),
        ratio(floor, &|run| run.wall),
    )
}

/// Bytes as MiB.
pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
