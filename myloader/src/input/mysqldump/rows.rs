//! Rows, table by table, in files of some size.

use common::backup::file_name::{Content, RowsFile, RowsFormat, TableFileName};
use common::container::MemberNumber;
use common::sql::token::SqlDialect;

use super::error::Problem;
use super::output::{Output, append};
use super::tables::{Kind, Tables};

/// Rows that go into one file: enough for a transaction, few enough for several workers.
const PIECE: u64 = 8 << 20;
/// Rows that are passed on at once.
const BLOCK: usize = 256 << 10;
/// Metadata of complete tables comes after so many bytes, or tables.
const SENT_BYTES: u64 = 4 << 20;
const SENT_TABLES: usize = 100;

/// Files of rows.
#[derive(Debug)]
pub struct RowFiles {
    /// Whether they are written: in a reading for the definitions, rows are only counted.
    pub written: bool,
    table: Option<Table>,
    sent: Vec<(String, String)>,
    sent_bytes: u64,
    partials: u32,
}

/// The table whose rows come.
#[derive(Debug)]
struct Table {
    name: (String, String),
    file: TableFileName,
    open: Option<Piece>,
}

/// The file that they go into.
#[derive(Debug)]
struct Piece {
    member: MemberNumber,
    head: Vec<u8>,
    bytes: u64,
    waiting: Vec<u8>,
}

/// An INSERT statement, in backticks.
pub struct Insert<'a> {
    pub sql: &'a [u8],
    pub rows: u64,
    pub dialect: SqlDialect,
    /// Whether values of generated columns are stored.
    pub history: bool,
}

impl RowFiles {
    pub fn new(written: bool) -> RowFiles {
        RowFiles { written, table: None, sent: Vec::new(), sent_bytes: 0, partials: 0 }
    }

    /// Rows of this table follow.
    pub fn begin(
        &mut self,
        tables: &mut Tables,
        output: &mut Output,
        database: String,
        name: String,
    ) -> Result<(), Problem> {
        if self.table.as_ref().is_some_and(|table| table.name.0 == database && table.name.1 == name) {
            return Ok(());
        }
        self.end(tables, output);
        let table = tables.table(&database, &name);
        if table.ended || table.kind != Kind::Table {
            return Err(Problem::Again(format!("rows of table {database}.{name}").escape_debug().to_string()));
        }
        self.table = Some(Table { file: table.file.clone(), name: (database, name), open: None });
        Ok(())
    }

    /// Adds rows of that table, which come in a session with these first lines.
    pub fn add(&mut self, tables: &mut Tables, output: &mut Output, insert: &Insert<'_>, head: &[u8]) {
        let Some(current) = &mut self.table else { return };
        let table = tables.table(&current.name.0, &current.name.1);
        table.rows += insert.rows;
        table.bytes += insert.sql.len() as u64;
        if !self.written {
            return;
        }
        if current.open.as_ref().is_some_and(|piece| piece.bytes >= PIECE || piece.head != head) {
            current.end_piece(output);
        }
        let piece = current.open.get_or_insert_with(|| {
            let chunk = Some(table.chunks);
            table.chunks += 1;
            let file = RowsFile { table: current.file.clone(), chunk, part: 0, format: RowsFormat::Sql };
            Piece { member: output.begin(Content::Rows(file)), head: head.to_vec(), bytes: 0, waiting: head.to_vec() }
        });
        piece.bytes += insert.sql.len() as u64;
        let columns = table.generated.as_ref().filter(|_| !insert.history);
        match columns.and_then(|columns| columns.leave_out(insert.sql, insert.dialect)) {
            Some(text) => append(&mut piece.waiting, &text),
            None => append(&mut piece.waiting, insert.sql),
        }
        if piece.waiting.len() >= BLOCK {
            output.content(piece.member, std::mem::take(&mut piece.waiting));
        }
    }

    /// No more rows of the table come.
    pub fn end(&mut self, tables: &mut Tables, output: &mut Output) {
        let Some(mut current) = self.table.take() else { return };
        current.end_piece(output);
        let table = tables.table(&current.name.0, &current.name.1);
        table.ended = true;
        self.sent_bytes += table.bytes;
        self.sent.push(current.name);
        if self.sent_bytes >= SENT_BYTES || self.sent.len() >= SENT_TABLES {
            self.announce_sent(tables, output);
        }
    }

    /// Tells of which tables all rows have come.
    pub fn announce_sent(&mut self, tables: &Tables, output: &mut Output) {
        self.sent_bytes = 0;
        let sent = std::mem::take(&mut self.sent);
        if self.written && !sent.is_empty() {
            self.partials += 1;
            output.whole(Content::MetadataPartial(self.partials), tables.sent(&sent).into_bytes());
        }
    }
}

impl Table {
    fn end_piece(&mut self, output: &mut Output) {
        if let Some(piece) = self.open.take() {
            if !piece.waiting.is_empty() {
                output.content(piece.member, piece.waiting);
            }
            output.end(piece.member);
        }
    }
}
