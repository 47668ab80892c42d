//! Rows whose statement the server would not take: longer than `max_allowed_packet`.
//!
//! A server sends rows of any length, and escaping makes them longer, up to twice. Such a row's long values are put
//! together in user variables, piece by piece, and the INSERT names these.

use std::io::{self, Write};

use super::CellKind;
use super::insert::{STATEMENT_END, append_cell};
use crate::rows::cells::Cells;

/// Writes the statements for one row: `head` is `INSERT INTO t VALUES`, `limit` the length in bytes that no statement
/// may have. Returns the number of bytes and the length of the longest statement.
pub fn write(
    head: &[u8],
    cells: &[CellKind],
    row: &impl Cells,
    limit: usize,
    out: &mut impl Write,
) -> io::Result<(usize, usize)> {
    // What stays in the INSERT is at most doubled, so that it takes half of the limit.
    let inline = limit / 4 / cells.len().max(1);
    let piece = (limit / 4).max(1);
    let mut statements = Statements { out, bytes: 0, longest: 0 };
    let mut insert = [head, b"("].concat();
    let mut variables: Vec<String> = Vec::new();
    for (column, kind) in cells.iter().enumerate() {
        if column > 0 {
            insert.push(b',');
        }
        match row.cell(column) {
            Some(value) if value.len() > inline => {
                let variable = format!("@mydumper_{}", variables.len());
                assemble(&variable, *kind, value, piece, &mut statements)?;
                insert.extend_from_slice(&match kind {
                    CellKind::Utf8 => format!("CONVERT({variable} USING utf8mb4)").into_bytes(),
                    _ => variable.clone().into_bytes(),
                });
                variables.push(variable);
            }
            value => append_cell(&mut insert, *kind, value),
        }
    }
    insert.push(b')');
    statements.write(&insert)?;
    let empty: Vec<String> = variables.iter().map(|variable| format!("{variable}=NULL")).collect();
    if !empty.is_empty() {
        statements.write(format!("SET {}", empty.join(",")).as_bytes())?;
    }
    Ok((statements.bytes, statements.longest))
}

fn assemble(
    variable: &str,
    kind: CellKind,
    value: &[u8],
    piece: usize,
    statements: &mut Statements<'_, impl Write>,
) -> io::Result<()> {
    // A piece of UTF-8 text need not be such text.
    let kind = if kind == CellKind::Hex { CellKind::Hex } else { CellKind::Text };
    for (index, bytes) in value.chunks(piece).enumerate() {
        let mut statement = format!("SET {variable}=").into_bytes();
        if index > 0 {
            statement.extend_from_slice(format!("CONCAT({variable},").as_bytes());
        }
        append_cell(&mut statement, kind, Some(bytes));
        if index > 0 {
            statement.push(b')');
        }
        statements.write(&statement)?;
    }
    // CONCAT gives NULL when the value is longer than this server's max_allowed_packet. Better an error than that.
    statements.write(format!("SET {variable}=IF(LENGTH({variable})={},{variable},~0+1)", value.len()).as_bytes())
}

/// Where statements go, and how long they were.
struct Statements<'a, W> {
    out: &'a mut W,
    bytes: usize,
    longest: usize,
}

impl<W: Write> Statements<'_, W> {
    fn write(&mut self, statement: &[u8]) -> io::Result<()> {
        self.out.write_all(statement)?;
        self.out.write_all(STATEMENT_END)?;
        let length = statement.len() + STATEMENT_END.len();
        self.bytes += length;
        self.longest = self.longest.max(length);
        Ok(())
    }
}
