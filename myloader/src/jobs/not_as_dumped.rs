//! Rows that the server took, but did not store as they are in the dump.

use common::observe::wording::count;

use crate::jobs::warnings::Warnings;

/// The server took the rows of a statement with warnings that say that values are stored as others, or rows not at all.
#[derive(Debug, thiserror::Error)]
#[error(
    "{file}, line {line}: the server {} of table {table}: {}{}, first: {}{}{}",
    self.what(), count(self.warnings.all, "warning"), self.expected(), self.warnings.first, self.advice(),
    if *.stays { "; the table's engine cannot roll back, and the rows of this transaction stay" } else { "" }
)]
pub struct NotAsDumped {
    pub file: String,
    pub line: u64,
    pub table: String,
    pub warnings: Warnings,
    /// How many warnings say nothing, since the dump holds such values.
    pub expected: u64,
    /// Rows that were not stored, unless the dump allows it.
    pub left_out: u64,
    /// Rows in the statement, if that is known.
    pub rows: Option<u64>,
    /// Whether the table has kept the rows after the rollback.
    pub stays: bool,
}

impl NotAsDumped {
    fn what(&self) -> String {
        match self.left_out {
            0 => "changed values of rows".to_owned(),
            rows => format!("left out or cut off {}", count(rows, "row")),
        }
    }

    fn expected(&self) -> String {
        if self.expected == 0 { String::new() } else { format!(" where the dump expects {}", self.expected) }
    }

    fn advice(&self) -> &'static str {
        match self.left_out {
            0 => {
                " (the table's columns do not hold the dump's values: change them, or accept changed values with \
                 --allow-truncation)"
            }
            _ => "",
        }
    }
}
