//! Rows whose INSERT would exceed `max_allowed_packet`.
//!
//! A server sends rows of any length, and escaping can double it. The long values of such a row are assembled in user
//! variables, piece by piece, and the INSERT refers to these.

use std::io::{self, Write};

use super::insert::Sizes;
use super::literal::append_cell;
use crate::rows::cells::{CellKind, Cells};

/// Writes the statements for one row. `head` is `INSERT INTO t VALUES`; no statement has as many bytes as a packet. Returns the number of bytes and the length of the longest statement.
pub fn write(
    head: &[u8],
    cells: &[CellKind],
    row: &impl Cells,
    sizes: &Sizes,
    out: &mut impl Write,
) -> io::Result<(usize, usize)> {
    let limit = sizes.packet;
    // Escaping at most doubles the values that stay in the INSERT, so they take half of the limit.
    let inline = limit / 4 / cells.len().max(1);
    let piece = (limit / 4).max(1);
    let mut statements = Statements { out, end: &sizes.end, bytes: 0, longest: 0 };
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
    // A piece may end in the middle of a UTF-8 character.
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
    // CONCAT returns NULL when the value exceeds the max_allowed_packet of the restoring server: raise an error instead.
    statements.write(format!("SET {variable}=IF(LENGTH({variable})={},{variable},~0+1)", value.len()).as_bytes())
}

/// Writes statements and measures them.
struct Statements<'a, W> {
    out: &'a mut W,
    end: &'a [u8],
    bytes: usize,
    longest: usize,
}

impl<W: Write> Statements<'_, W> {
    fn write(&mut self, statement: &[u8]) -> io::Result<()> {
        self.out.write_all(statement)?;
        self.out.write_all(self.end)?;
        let length = statement.len() + self.end.len();
        self.bytes += length;
        self.longest = self.longest.max(length);
        Ok(())
    }
}
