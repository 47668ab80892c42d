//! Rows as lines of columns, and the LOAD DATA statement that reads them.
//!
//! The bytes are those that the columns hold, whatever their character sets: CHARACTER SET binary makes the server take
//! them as they are. A row's cells are copied once, into the block that goes to the file next; only bytes that the
//! dialect gives another meaning are looked for on the way.

use std::io::{self, Write};
use std::sync::Arc;

use common::backup::file_name::RowsFormat;
use common::backup::load_data_clause::{columns_clause, expected_warnings_comment};
use common::sql::{quote_identifier, quote_string};
use memchr::{memchr2, memchr3};

use super::{CellKind, Dialect, NEGATIVE_ZERO, OnDuplicate, RowEncoder};
use crate::rows::cells::Cells;

/// Rows are collected to about so many bytes before they are written.
const BLOCK: usize = 128 * 1024;

/// Collects rows into blocks; holds one block.
pub struct DelimitedEncoder {
    dialect: Arc<Dialect>,
    cells: Vec<CellKind>,
    /// The line with the names, if it is asked for.
    header: Vec<u8>,
    /// The statement's file head, and what stands before and behind the file's name.
    statement: [Vec<u8>; 3],
    block: Vec<u8>,
    /// Values of ENUMs that are no member, since the last statement.
    empty_enums: u64,
}

impl DelimitedEncoder {
    /// For a table with these columns. Files with statements begin with `file_head`.
    pub fn new(
        dialect: Arc<Dialect>,
        file_head: Vec<u8>,
        on_duplicate: OnDuplicate,
        table: &str,
        column_names: &[String],
        cells: Vec<CellKind>,
    ) -> DelimitedEncoder {
        let mut encoder = DelimitedEncoder {
            dialect,
            cells,
            header: Vec::new(),
            statement: [file_head, b"LOAD DATA LOCAL INFILE ".to_vec(), Vec::new()],
            block: Vec::new(),
            empty_enums: 0,
        };
        if encoder.dialect.header {
            encoder.header = encoder.line_of_names(column_names);
        }
        encoder.statement[2] = encoder.statement_end(on_duplicate, table, column_names).into_bytes();
        encoder
    }

    fn line_of_names(&self, names: &[String]) -> Vec<u8> {
        let mut line = self.dialect.line_start.clone().into_bytes();
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                line.extend_from_slice(self.dialect.field_end.as_bytes());
            }
            append_text(&mut line, &self.dialect, name.as_bytes());
        }
        line.extend_from_slice(self.dialect.line_end.as_bytes());
        line
    }

    fn statement_end(&self, on_duplicate: OnDuplicate, table: &str, names: &[String]) -> String {
        let verb = match on_duplicate {
            OnDuplicate::Fail => "",
            OnDuplicate::Ignore => " IGNORE",
            OnDuplicate::Replace => " REPLACE",
        };
        let mut end =
            format!("{verb} INTO TABLE {} CHARACTER SET binary {}", quote_identifier(table), self.dialect.to_sql());
        if !self.header.is_empty() {
            end.push_str(&format!(" IGNORE {} LINES", self.dialect.lines_of(&self.header)));
        }
        let columns = names.iter().zip(&self.cells).map(|(name, kind)| (name.as_str(), kind.assignment()));
        end.push(' ');
        end.push_str(&columns_clause(columns));
        end
    }
}

impl RowEncoder for DelimitedEncoder {
    const FORMAT: RowsFormat = RowsFormat::Delimited;

    fn head(&self) -> &[u8] {
        &self.header
    }

    fn push(&mut self, row: &impl Cells, out: &mut impl Write) -> io::Result<usize> {
        let DelimitedEncoder { dialect, cells, block, empty_enums, .. } = self;
        block.extend_from_slice(dialect.line_start.as_bytes());
        for (column, kind) in cells.iter().enumerate() {
            if column > 0 {
                block.extend_from_slice(dialect.field_end.as_bytes());
            }
            let Some(bytes) = row.cell(column) else {
                match dialect.escape {
                    Some(escape) => block.extend_from_slice(&[escape, b'N']),
                    None => block.extend_from_slice(b"NULL"),
                }
                continue;
            };
            match kind {
                CellKind::Float if bytes == b"-0" => block.extend_from_slice(NEGATIVE_ZERO),
                CellKind::Number | CellKind::Counter | CellKind::Float | CellKind::Double | CellKind::SetBits => {
                    block.extend_from_slice(bytes)
                }
                CellKind::EnumIndex => {
                    *empty_enums += u64::from(bytes == b"0");
                    block.extend_from_slice(bytes);
                }
                CellKind::Text | CellKind::Utf8 => append_text(block, dialect, bytes),
                CellKind::Enum => {
                    *empty_enums += u64::from(bytes.is_empty());
                    append_text(block, dialect, bytes);
                }
                CellKind::Hex => append_hex(block, dialect, bytes),
            }
        }
        block.extend_from_slice(dialect.line_end.as_bytes());
        if block.len() < BLOCK { Ok(0) } else { self.finish(out) }
    }

    fn finish(&mut self, out: &mut impl Write) -> io::Result<usize> {
        if self.block.is_empty() {
            // A file begins with what is written to it, and there is nothing.
            return Ok(0);
        }
        out.write_all(&self.block)?;
        let length = self.block.len();
        self.block.clear();
        // After a row of many megabytes.
        self.block.shrink_to(2 * BLOCK);
        Ok(length)
    }

    fn loading_statement(&mut self, file: &str) -> Option<Vec<u8>> {
        let [head, start, end] = &self.statement;
        let name = quote_string(file);
        let comment = expected_warnings_comment(std::mem::take(&mut self.empty_enums));
        Some([head, start, name.as_bytes(), end, comment.as_bytes(), b";\n"].concat())
    }
}

/// Enclosed, with what ends or escapes doubled; else with all that has another meaning escaped.
fn append_text(out: &mut Vec<u8>, dialect: &Dialect, bytes: &[u8]) {
    let mut rest = bytes;
    if let Some(enclosure) = dialect.enclosure {
        let escape = dialect.escape.unwrap_or(enclosure);
        out.push(enclosure);
        while let Some(at) = memchr2(enclosure, escape, rest) {
            out.extend_from_slice(&rest[..=at]);
            out.push(rest[at]);
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
        out.push(enclosure);
    } else if let Some(escape) = dialect.escape {
        // Terminators cannot begin in the middle of a value whose bytes that they begin with are escaped.
        let (field_end, line_end) = (dialect.field_end.as_bytes()[0], dialect.line_end.as_bytes()[0]);
        while let Some(at) = memchr3(field_end, line_end, escape, rest) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(&[escape, Dialect::after_escape(rest[at])]);
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
    }
}

fn append_hex(out: &mut Vec<u8>, dialect: &Dialect, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend(dialect.enclosure);
    out.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
    out.extend(dialect.enclosure);
}

#[cfg(test)]
#[path = "delimited_tests.rs"]
mod tests;
