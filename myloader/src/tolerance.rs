//! What of a dump cannot be restored: whether the restore continues without it, and how it is reported.
//!
//! What a job cannot do because of the object itself becomes a [`Rejection`]. The connection, the disk and the
//! stop of the program concern all objects: they end the restore.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use common::observe::wording::count;
use common::process::exit::Exit;
use serde::{Deserialize, Serialize};

/// An object of the dump that cannot be restored, or not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// What it is: `table shop.orders`.
    pub object: String,
    /// The file and line, the server's code and text, and what to do.
    pub why: String,
    /// Whose fault it is.
    pub fault: Fault,
}

/// Why an object cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fault {
    /// The server rejects it; with its code, if it was asked.
    Server(Option<u16>),
    /// It does not fit what is on the server.
    Target,
    /// Its file is damaged, cut short or missing.
    Dump,
    /// It was restored, but its rows differ from the dump.
    Rows,
}

impl fmt::Display for Rejection {
    /// As messages name it: one line, though a server's text may have several.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.why.replace(['\n', '\r'], " "))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Server(Some(code)) => write!(f, "rejected with server error {code}"),
            Fault::Server(None) => write!(f, "not supported by this server"),
            Fault::Target => write!(f, "that do not fit what is on the server"),
            Fault::Dump => write!(f, "in damaged or missing files"),
            Fault::Rows => write!(f, "with other numbers of rows"),
        }
    }
}

/// Which rejections the restore continues after: `--keep-going` and `--ignore-errors`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// All of them.
    pub keep_going: bool,
    /// Statements that the server rejects with one of these codes.
    pub codes: BTreeSet<u16>,
}

impl Tolerance {
    /// Whether the restore continues without an object.
    pub fn allows(&self, fault: Fault) -> bool {
        self.keep_going || matches!(fault, Fault::Server(Some(code)) if self.codes.contains(&code))
    }
}

/// The exit code of a restore that continued without these. A dump that cannot be read is the worst, since nothing that is
/// done on the server helps.
pub fn exit(rejections: &[Rejection]) -> Exit {
    let has = |fault: Fault| rejections.iter().any(|rejection| rejection.fault == fault);
    if has(Fault::Dump) {
        Exit::Dump
    } else if has(Fault::Rows) {
        Exit::Differs
    } else {
        Exit::Server
    }
}

/// Each on a line of its own.
pub fn lines(rejections: &[Rejection]) -> String {
    rejections.iter().map(|rejection| format!("\n  {rejection}")).collect()
}

/// The same, where each was reported when it happened: of very many, some of each kind, the most frequent kind first.
pub fn lines_again(rejections: &[Rejection]) -> String {
    const MOST: usize = 100;
    const OF_EACH_KIND: usize = 10;
    if rejections.len() <= MOST {
        return lines(rejections);
    }
    let mut kinds: BTreeMap<Fault, Vec<&Rejection>> = BTreeMap::new();
    for rejection in rejections {
        kinds.entry(rejection.fault).or_default().push(rejection);
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, rejections)| std::cmp::Reverse(rejections.len()));
    let mut text = String::new();
    for (fault, rejections) in kinds {
        text.push_str(&format!("\n  {} {fault}", count(rejections.len(), "object")));
        text.push_str(if rejections.len() > OF_EACH_KIND { ", among them:" } else { ":" });
        for rejection in rejections.into_iter().take(OF_EACH_KIND) {
            text.push_str(&format!("\n    {rejection}"));
        }
    }
    text.push_str("\n  (each was reported on its own line when it happened)");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(number: usize, fault: Fault) -> Rejection {
        Rejection { object: format!("table d.t{number}"), why: "no\nreally".to_owned(), fault }
    }

    #[test]
    fn codes_are_passed_over_one_by_one() {
        let some = Tolerance { keep_going: false, codes: [1062, 1146].into() };
        let all = Tolerance { keep_going: true, ..Tolerance::default() };
        for (fault, by_some) in [
            (Fault::Server(Some(1062)), true),
            (Fault::Server(Some(1064)), false),
            (Fault::Server(None), false),
            (Fault::Dump, false),
            (Fault::Rows, false),
        ] {
            assert_eq!((some.allows(fault), all.allows(fault)), (by_some, true), "{fault:?}");
            assert!(!Tolerance::default().allows(fault));
        }
    }

    #[test]
    fn three_are_listed_and_of_three_thousand_some_of_each_kind() {
        let three: Vec<Rejection> = (1..=3).map(|number| rejection(number, Fault::Server(Some(1146)))).collect();
        assert_eq!(lines_again(&three), "\n  table d.t1: no really\n  table d.t2: no really\n  table d.t3: no really");
        assert_eq!(exit(&three), Exit::Server);
        let mut many: Vec<Rejection> = (0..3000).map(|number| rejection(number, Fault::Server(Some(1146)))).collect();
        many.push(rejection(9000, Fault::Dump));
        let text = lines_again(&many);
        assert!(
            text.starts_with(
                "\n  3,000 objects rejected with server error 1146, among them:\n    table d.t0: no really\n"
            ),
            "{text}"
        );
        assert!(text.contains("\n  1 object in damaged or missing files:\n    table d.t9000: no really\n"), "{text}");
        assert_eq!(text.lines().count(), 1 + 1 + 10 + 1 + 1 + 1);
        assert_eq!(exit(&many), Exit::Dump);
        assert_eq!(exit(&[rejection(0, Fault::Rows), rejection(1, Fault::Server(None))]), Exit::Differs);
    }
}
