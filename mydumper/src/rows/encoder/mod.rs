//! Rows as the bytes of a file. Encoders do no I/O of their own: they append to what they are given.

mod delimited;
mod dialect;
mod insert;
mod oversized;

use std::io::{self, Write};

pub use delimited::DelimitedEncoder;
pub use dialect::{Dialect, Separators};
pub use insert::{InsertEncoder, Sizes};

use common::backup::file_name::RowsFormat;
use common::backup::load_data_clause::Assignment;
use common::server::Server;
use common::sql::quote_identifier;

use crate::catalog::Column;
use crate::rows::cells::Cells;

/// What makes the bytes of files of rows. One encoder serves a chunk, whose rows may go into several files.
pub trait RowEncoder {
    /// What its files are.
    const FORMAT: RowsFormat;

    /// What stands at the beginning of each of its files, before the rows.
    fn head(&self) -> &[u8];

    /// Adds a row. When something is complete with or before it, and a file may end there, its length in bytes is
    /// returned, else 0.
    fn push(&mut self, row: &impl Cells, out: &mut impl Write) -> io::Result<usize>;

    /// Writes what is left, and returns its length in bytes.
    fn finish(&mut self, out: &mut impl Write) -> io::Result<usize>;

    /// For rows that are no statements themselves: the statement that reads those written since the last call from the
    /// file of this name.
    fn loading_statement(&mut self, file: &str) -> Option<Vec<u8>>;
}

/// What a statement does with a row whose key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDuplicate {
    /// It fails.
    #[default]
    Fail,
    /// The row that is there stays, `--insert-ignore`.
    Ignore,
    /// It is replaced, `--replace`.
    Replace,
}

/// How a column's values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// As it is: integers, decimals, years.
    Number,
    /// As it is: the number of an AUTO_INCREMENT column.
    Counter,
    /// As it is, but for a negative zero: a number so small that a FLOAT rounds it to one. MariaDB keeps the sign of no
    /// other literal.
    Float,
    /// As it is, but for a negative zero, whose sign only a string keeps. MariaDB stores none in a DOUBLE.
    Double,
    /// A string literal of bytes.
    Text,
    /// A string literal that says it is UTF-8, for types that do not take a binary string.
    Utf8,
    /// A hexadecimal literal, `--hex-blob`.
    Hex,
    /// A string literal of bytes that names a member of an ENUM. The value of index 0, which a server gives to what is
    /// no member, is the empty string.
    Enum,
    /// The number of an ENUM's member, where [`Column::has_empty_member`]; 0 is no member.
    EnumIndex,
    /// The numbers of a SET's members as bits, where [`Column::has_empty_member`].
    SetBits,
}

impl CellKind {
    /// For what [`select_expression`] gives of a column.
    pub fn of_column(column: &Column, server: &Server, hex_blob: bool) -> CellKind {
        match &*column.data_type {
            _ if column.counts => CellKind::Counter,
            "enum" if column.has_empty_member => CellKind::EnumIndex,
            "set" if column.has_empty_member => CellKind::SetBits,
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "year" => CellKind::Number,
            "float" => CellKind::Float,
            "double" => CellKind::Double,
            "enum" => CellKind::Enum,
            data_type if server.takes_only_text(data_type) => CellKind::Utf8,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" if hex_blob => CellKind::Hex,
            _ => CellKind::Text,
        }
    }

    /// How LOAD DATA stores what is written.
    fn assignment(self) -> Assignment {
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

/// A number that a FLOAT rounds to a negative zero.
const NEGATIVE_ZERO: &[u8] = b"-1e-60";

/// What to select for a column so that the server's text has the whole value.
///
/// A FLOAT is printed with six digits, and a DOUBLE(M,D) with D of them behind the point; multiplied, as a DOUBLE, each
/// is printed with as many as it needs. MariaDB prints a negative zero, which only a FLOAT can hold there, as `0`; both
/// products are asked alike, so that a copy on the other can be compared.
pub fn select_expression(column: &Column) -> String {
    let name = quote_identifier(&column.name);
    match &*column.data_type {
        "float" => float_expression(&name),
        "double" => format!("{name}*1e0"),
        "enum" | "set" if column.has_empty_member => format!("CAST({name} AS UNSIGNED)"),
        _ => name,
    }
}

/// A FLOAT with all its digits; in place of a negative zero, which ATAN2 tells from the other, what rounds to it. No text:
/// MariaDB cuts one that is made of a number after 23 characters when it sorts rows.
pub fn float_expression(operand: &str) -> String {
    format!("IF({operand}=0 AND ATAN2({operand},-1)<0,-1e-60,{operand}*1e0)")
}
