//! The cells of a row, as the server sends them and as a file has them.
//!
//! A row is borrowed from the buffer that the connection reads into. The encoder copies each cell once, into its output.

use common::backup::load_data_clause::Assignment;
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

/// How a column's values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Unquoted: integers, decimals, years.
    Number,
    /// Unquoted: the number of an AUTO_INCREMENT column.
    Counter,
    /// Unquoted. A negative zero becomes a number so small that a FLOAT rounds it to one: MariaDB keeps the sign of no
    /// other literal.
    Float,
    /// Unquoted. A negative zero becomes a string, since only that keeps its sign. MariaDB stores none in a DOUBLE.
    Double,
    /// A string literal of bytes.
    Text,
    /// A string literal with a UTF-8 introducer, for types that reject binary strings.
    Utf8,
    /// A hexadecimal literal, `--hex-blob`.
    Hex,
    /// A string literal of bytes that names a member of an ENUM. The server stores index 0 for a value that is no
    /// member, and prints it as the empty string.
    Enum,
    /// The index of an ENUM's member, for columns with an empty member; 0 is no member.
    EnumIndex,
    /// The members of a SET as bits, for columns with an empty member.
    SetBits,
}

impl CellKind {
    /// How LOAD DATA stores what is written.
    pub fn assignment(self) -> Assignment {
        match self {
            CellKind::Number | CellKind::Float | CellKind::Double | CellKind::Text | CellKind::Enum => {
                Assignment::Direct
            }
            CellKind::Counter => Assignment::Counter,
            CellKind::Utf8 => Assignment::Utf8,
            CellKind::Hex => Assignment::Unhex,
            CellKind::EnumIndex | CellKind::SetBits => Assignment::Unsigned,
        }
    }
}
