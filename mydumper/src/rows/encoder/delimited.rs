//! Rows as delimited lines, and the LOAD DATA statement that loads them.
//!
//! The bytes are those of the columns, whatever their character sets: CHARACTER SET binary makes the server store them
//! unchanged. Each cell is copied once, into the block that is written next, and searched only for bytes that the format
//! has to escape.

use std::io::{self, Write};
use std::sync::Arc;

use common::backup::file_name::RowsFormat;
use common::backup::load_data_clause::{columns_clause, expected_warnings_comment};
use common::sql::exact_float::NEGATIVE_ZERO;
use common::sql::{pad, quote_identifier, quote_string};
use memchr::{memchr2, memchr3};

use super::RowEncoder;
use crate::rows::cells::{CellKind, Cells};
use crate::rows::delimited_format::DelimitedFormat;
use crate::rows::options::OnDuplicate;
use crate::rows::projection::{ProjectedColumn, Projection};

/// Rows are written when they have about so many bytes.
const BLOCK: usize = 128 * 1024;

/// Collects rows into blocks; holds one block.
pub struct DelimitedEncoder {
    format: Arc<DelimitedFormat>,
    cells: Vec<CellKind>,
    /// The line with the columns' names; empty without `--include-header`.
    header: Vec<u8>,
    /// The head of the statement's file, and the statement before and after the name of the file with rows.
    statement: [Vec<u8>; 3],
    block: Vec<u8>,
    /// ENUM values that are no member, since the last statement.
    empty_enums: u64,
}

impl DelimitedEncoder {
    /// Files with statements begin with `file_head`.
    pub fn new(
        format: Arc<DelimitedFormat>,
        file_head: Vec<u8>,
        on_duplicate: OnDuplicate,
        table: &str,
        projection: &Projection,
    ) -> DelimitedEncoder {
        let mut encoder = DelimitedEncoder {
            format,
            cells: projection.kinds(),
            header: Vec::new(),
            statement: [file_head, b"LOAD DATA LOCAL INFILE ".to_vec(), Vec::new()],
            block: Vec::new(),
            empty_enums: 0,
        };
        if encoder.format.header {
            encoder.header = encoder.line_of_names(&projection.columns);
        }
        let end = encoder.statement_end(on_duplicate, table, &projection.columns);
        encoder.statement[2] = pad(end.as_bytes()).into_owned();
        encoder
    }

    fn line_of_names(&self, columns: &[ProjectedColumn]) -> Vec<u8> {
        let mut line = self.format.line_start.clone().into_bytes();
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                line.extend_from_slice(self.format.field_end.as_bytes());
            }
            append_text(&mut line, &self.format, column.name.as_bytes());
        }
        line.extend_from_slice(self.format.line_end.as_bytes());
        line
    }

    fn statement_end(&self, on_duplicate: OnDuplicate, table: &str, columns: &[ProjectedColumn]) -> String {
        let verb = match on_duplicate {
            OnDuplicate::Fail => "",
            OnDuplicate::Ignore => " IGNORE",
            OnDuplicate::Replace => " REPLACE",
        };
        let mut end =
            format!("{verb} INTO TABLE {} CHARACTER SET binary {}", quote_identifier(table), self.format.to_sql());
        if !self.header.is_empty() {
            end.push_str(&format!(" IGNORE {} LINES", self.format.lines_of(&self.header)));
        }
        let columns = columns.iter().map(|column| (&*column.name, column.kind.assignment()));
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
        let DelimitedEncoder { format, cells, block, empty_enums, .. } = self;
        block.extend_from_slice(format.line_start.as_bytes());
        for (column, kind) in cells.iter().enumerate() {
            if column > 0 {
                block.extend_from_slice(format.field_end.as_bytes());
            }
            let Some(bytes) = row.cell(column) else {
                match format.escape {
                    Some(escape) => block.extend_from_slice(&[escape, b'N']),
                    None => block.extend_from_slice(b"NULL"),
                }
                continue;
            };
            match kind {
                CellKind::Float if bytes == b"-0" => block.extend_from_slice(NEGATIVE_ZERO.as_bytes()),
                CellKind::Number | CellKind::Counter | CellKind::Float | CellKind::Double | CellKind::SetBits => {
                    block.extend_from_slice(bytes)
                }
                CellKind::EnumIndex => {
                    *empty_enums += u64::from(bytes == b"0");
                    block.extend_from_slice(bytes);
                }
                CellKind::Text | CellKind::Utf8 => append_text(block, format, bytes),
                CellKind::Enum => {
                    *empty_enums += u64::from(bytes.is_empty());
                    append_text(block, format, bytes);
                }
                CellKind::Hex => append_hex(block, format, bytes),
            }
        }
        block.extend_from_slice(format.line_end.as_bytes());
        if block.len() < BLOCK { Ok(0) } else { self.finish(out) }
    }

    fn finish(&mut self, out: &mut impl Write) -> io::Result<usize> {
        if self.block.is_empty() {
            // Writing nothing would create a file.
            return Ok(0);
        }
        out.write_all(&self.block)?;
        let length = self.block.len();
        self.block.clear();
        // A row of many megabytes leaves a large block behind.
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

/// Appends an enclosed text, with the enclosing and the escape character doubled; or one with separators escaped.
fn append_text(out: &mut Vec<u8>, format: &DelimitedFormat, bytes: &[u8]) {
    let mut rest = bytes;
    if let Some(enclosure) = format.enclosure {
        let escape = format.escape.unwrap_or(enclosure);
        out.push(enclosure);
        while let Some(at) = memchr2(enclosure, escape, rest) {
            out.extend_from_slice(&rest[..=at]);
            out.push(rest[at]);
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
        out.push(enclosure);
    } else if let Some(escape) = format.escape {
        // With its first byte escaped, no terminator can begin within a value.
        let (field_end, line_end) = (format.field_end.as_bytes()[0], format.line_end.as_bytes()[0]);
        while let Some(at) = memchr3(field_end, line_end, escape, rest) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(&[escape, DelimitedFormat::after_escape(rest[at])]);
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
    }
}

fn append_hex(out: &mut Vec<u8>, format: &DelimitedFormat, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend(format.enclosure);
    out.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
    out.extend(format.enclosure);
}

#[cfg(test)]
#[path = "delimited_tests.rs"]
mod tests;
