//! Rows and projections for the encoders' tests.

use crate::rows::cells::{CellKind, Cells};
use crate::rows::projection::{ProjectedColumn, Projection};

pub struct FakeRow(pub Vec<Option<Vec<u8>>>);

impl Cells for FakeRow {
    fn cell(&self, column: usize) -> Option<&[u8]> {
        self.0[column].as_deref()
    }
}

/// Columns `n0`, `n1` and so on, that an INSERT does not list.
pub fn unnamed(kinds: &[CellKind]) -> Projection {
    let names: Vec<String> = (0..kinds.len()).map(|index| format!("n{index}")).collect();
    let columns = names.iter().zip(kinds).map(|(name, kind)| (name.as_str(), *kind));
    Projection { lists_columns: false, ..named(&columns.collect::<Vec<_>>()) }
}

/// Columns that an INSERT lists.
pub fn named(columns: &[(&str, CellKind)]) -> Projection {
    let columns =
        columns.iter().map(|(name, kind)| ProjectedColumn { name: (*name).into(), expression: None, kind: *kind });
    Projection { columns: columns.collect(), lists_columns: true, generated: None }
}
