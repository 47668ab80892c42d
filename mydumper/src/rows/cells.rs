//! What an encoder knows of a row.
//!
//! A row is lent, as slices of the buffer that the connection reads into, and the encoder copies its cells once, into
//! the output.

use common::server::connection::RowRef;

/// A row of the server's text protocol.
pub trait Cells {
    /// The bytes of a column; `None` is NULL.
    fn cell(&self, column: usize) -> Option<&[u8]>;
}

impl Cells for RowRef<'_> {
    #[inline]
    fn cell(&self, column: usize) -> Option<&[u8]> {
        self.bytes(column)
    }
}
