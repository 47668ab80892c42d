//! Checksums that differ.

use std::fmt::Display;

use super::comparison::Difference;

/// What is different, and whether the options may be the reason, or what was there before.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) difference: Difference,
    pub(super) is_expected: bool,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Checksums(pub(super) Vec<Finding>);

impl Checksums {
    pub(super) fn compare<T: PartialEq + Display>(
        &mut self,
        object: String,
        what: &str,
        (found, dumped): (T, T),
        is_expected: bool,
    ) {
        if found != dumped {
            let lines = vec![format!("{what} {found}, in the dump {dumped}")];
            self.0.push(Finding { difference: Difference { object, lines }, is_expected });
        }
    }
}
