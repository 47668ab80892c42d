//! Rows as the bytes of a file. Encoders do no I/O of their own: they append to what they are given.

pub mod clickhouse;
pub mod delimited;
pub mod insert;
mod literal;
mod oversized;
#[cfg(test)]
mod test_rows;

pub use literal::STATEMENT_END;

use std::io::{self, Write};

use common::backup::file_name::RowsFormat;

use crate::rows::cells::Cells;

/// Turns rows into the bytes of files. One encoder serves a chunk, whose rows may go into several files.
pub trait RowEncoder {
    /// The kind of its files.
    const FORMAT: RowsFormat;

    /// The beginning of each of its files, before the rows.
    fn head(&self) -> &[u8];

    /// Adds a row. Returns the number of bytes completed with or before it if a file may end there, else 0.
    fn push(&mut self, row: &impl Cells, out: &mut impl Write) -> io::Result<usize>;

    /// Writes the remainder, and returns its length in bytes.
    fn finish(&mut self, out: &mut impl Write) -> io::Result<usize>;

    /// For files without statements: the statement that loads the file of this name, with the rows written since the
    /// last call.
    fn loading_statement(&mut self, file: &str) -> Option<Vec<u8>>;
}
