//! Where rows come from.
//!
//! A source lends one row at a time, as slices of its own buffer, and the encoder copies them once, into the output.
//! That is all the encoder knows of it, so that a faster source can take the place of the driver's.

use common::connection::{Error, Row, Rows};

/// A row, lent by its source.
pub trait Cells {
    /// The bytes of a column as the server's text protocol gives them; `None` is NULL.
    fn cell(&self, column: usize) -> Option<&[u8]>;
}

/// A source of rows.
pub trait RowSource {
    /// Its rows.
    type Row: Cells;

    /// The next row, valid until the following call; `None` after the last.
    fn next_row(&mut self) -> Result<Option<&Self::Row>, Error>;
}

impl Cells for Row {
    fn cell(&self, column: usize) -> Option<&[u8]> {
        self.bytes(column)
    }
}

impl RowSource for Rows<'_> {
    type Row = Row;

    fn next_row(&mut self) -> Result<Option<&Row>, Error> {
        Rows::next_row(self)
    }
}
