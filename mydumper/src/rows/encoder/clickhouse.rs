//! Rows as INSERT statements in a file of their own, and the statement by which ClickHouse reads it, as mydumper writes them.

use std::io::{self, Write};

use common::backup::file_name::RowsFormat;
use common::sql::{quote_identifier, quote_string};

use super::RowEncoder;
use super::insert::InsertEncoder;
use crate::rows::cells::Cells;

/// Collects rows as [`InsertEncoder`] does.
pub struct ClickhouseEncoder {
    inserts: InsertEncoder,
    /// The head of the statement's file, and the statement before the name of the file with rows.
    head: Vec<u8>,
}

impl ClickhouseEncoder {
    /// Files with statements begin with `file_head`.
    pub fn new(file_head: Vec<u8>, table: &str, inserts: InsertEncoder) -> ClickhouseEncoder {
        let statement = format!("INSERT INTO {} FROM INFILE ", quote_identifier(table));
        ClickhouseEncoder { inserts, head: [file_head, statement.into_bytes()].concat() }
    }

    /// The length of the longest statement so far, in bytes.
    pub fn longest_statement(&self) -> usize {
        self.inserts.longest_statement()
    }
}

impl RowEncoder for ClickhouseEncoder {
    const FORMAT: RowsFormat = RowsFormat::Delimited;

    fn head(&self) -> &[u8] {
        &[]
    }

    fn push(&mut self, row: &impl Cells, out: &mut impl Write) -> io::Result<usize> {
        self.inserts.push(row, out)
    }

    fn finish(&mut self, out: &mut impl Write) -> io::Result<usize> {
        self.inserts.finish(out)
    }

    fn loading_statement(&mut self, file: &str) -> Option<Vec<u8>> {
        let end = format!("{} FORMAT MySQLDump;\n", quote_string(file));
        Some([self.head.as_slice(), end.as_bytes()].concat())
    }
}
