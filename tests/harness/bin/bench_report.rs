//! The tables of results, in Markdown.

use crate::measure::Measurement;
use std::fmt::Write;

/// How a contestant of a case did.
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Is it what the others are compared with?
    pub is_peer: bool,
    /// Its runs, or why it gave up.
    pub runs: Result<Vec<Measurement>, String>,
}

impl Outcome {
    /// The medians of its runs.
    pub fn median(&self) -> Option<Measurement> {
        let runs = self.runs.as_ref().ok().filter(|runs| !runs.is_empty())?;
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
}

/// The head of a table.
pub fn head() -> String {
    "| case | contestant | wall s | client user + sys s | server CPU s | others' CPU s | peak MiB \
     | wall ratio | client CPU ratio | server CPU ratio |\n\
     | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned()
}

/// The lines of one case: each contestant's medians, and their ratios to the peer's.
pub fn lines(case: &str, outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let reference = outcomes.iter().find(|outcome| outcome.is_peer).and_then(Outcome::median);
    for outcome in outcomes {
        write!(text, "| {case} | {} |", outcome.name).unwrap();
        match (outcome.median(), &outcome.runs) {
            (Some(own), _) => {
                let reference = reference.as_ref().filter(|_| !outcome.is_peer);
                text.push_str(&cells(&own, reference));
            }
            (None, Err(error)) => write!(text, " failed: {} | | | | | | | |", error.replace('|', "/")).unwrap(),
            (None, Ok(_)) => text.push_str(" not run | | | | | | | |"),
        }
        text.push('\n');
    }
    text
}

fn cells(own: &Measurement, reference: Option<&Measurement>) -> String {
    let ratio = |value: &dyn Fn(&Measurement) -> f64| {
        reference.map(|reference| format!("{:.2}", value(own) / value(reference))).unwrap_or_default()
    };
    let peaks: Vec<String> = own.peaks.iter().map(|bytes| format!("{:.1}", *bytes as f64 / 1_048_576.0)).collect();
    format!(
        " {:.2} | {:.2} + {:.2} | {:.2} | {:.2} | {} | {} | {} | {} |",
        own.wall,
        own.user,
        own.system,
        own.server,
        own.others,
        peaks.join(", "),
        ratio(&|run| run.wall),
        ratio(&|run| run.user + run.system),
        ratio(&|run| run.server),
    )
}
