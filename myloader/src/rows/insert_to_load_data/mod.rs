//! INSERT statements of a dump sent as LOAD DATA LOCAL, which takes the server about half the time.
//!
//! Only rows that both statements store alike are sent so. What a column takes is asked of the server ([`table`]); a
//! literal that might be stored otherwise ([`literal`]) leaves its statement an INSERT. The lines of a statement are made
//! before any of them is sent, and one LOAD DATA takes all that begin alike, up to the end of the transaction ([`batch`]).
//!
//! Under LOCAL the server makes warnings of errors. So the rows have to arrive in their number and without a warning, or
//! they are rolled back, and INSERT statements tell what is wrong, or do what they always did.

mod batch;
pub mod convert;
pub mod literal;
pub mod output;
mod table;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::backup::file_name::DumpFile;
use common::layers::compression::Compression;
use common::server::connection::{ServerError, StatementOutcome};
use common::sql::name::QualifiedName;

use crate::jobs::context::Context;
use crate::options::LoadMethod;
use crate::session::{LiteralSettings, Session};
use literal::Literals;
use output::Output;
use table::{LoadDataStatement, LoadDataTable};

pub use batch::{Batch, BatchLimits, BatchStart, EndedBatch, Sent, Statements};
pub use tables::LoadDataTables;

/// Smaller files are as quick as INSERT statements, and their tables need not be asked about.
const SMALLEST_FILE: u64 = 100 * 1024;
/// The same, compressed.
const SMALLEST_COMPRESSED: u64 = 25 * 1024;
/// Where a LOAD DATA keeps all others from the table, others wait as long as so many bytes take.
const SHORT_BATCH: u64 = 8 << 20;
/// And from three workers on, INSERT statements beside each other are faster.
const WORKERS_IN_TURNS: usize = 2;

/// How LOAD DATA fills a table from one file.
pub struct LoadDataFile {
    table: Arc<LoadDataTable>,
    /// What literals are in the session, when it was asked; `None` in it: nothing that is known here.
    literals: Option<Option<Literals>>,
    /// How the last statements began, and what to do with such.
    head: Vec<u8>,
    target: Option<Arc<LoadDataStatement>>,
    lines: Output,
}

impl Drop for LoadDataFile {
    fn drop(&mut self) {
        self.table.workers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether rows of a file may be sent as LOAD DATA. If the server has to be asked, the session is then the one that files start
/// from.
pub fn load_data_file(
    context: &mut Context,
    tables: &LoadDataTables,
    name: &QualifiedName,
    file: &DumpFile,
) -> Result<Option<LoadDataFile>, ServerError> {
    let smallest = match (tables.method, file.layers.compression) {
        (LoadMethod::Insert, _) => return Ok(None),
        (LoadMethod::LoadData, _) => 0,
        (LoadMethod::Auto, Compression::None) => SMALLEST_FILE,
        (LoadMethod::Auto, _) => SMALLEST_COMPRESSED,
    };
    // If the file is missing, its reader reports it.
    let length = context.shared.files.length(file).unwrap_or(0);
    if length < smallest || context.session.logs_statements {
        return Ok(None);
    }
    let table = tables.get(&mut context.session, &context.shared.server, name)?;
    Ok(table.filter(|table| !table.is_disabled()).map(|table| {
        table.workers.fetch_add(1, Ordering::Relaxed);
        LoadDataFile { table, literals: None, head: Vec::new(), target: None, lines: Output::default() }
    }))
}

/// The converted statement that a batch begins with.
pub struct FirstStatement {
    head: Vec<u8>,
    target: Arc<LoadDataStatement>,
    literals: Literals,
    lines: (Output, u64),
    bytes: u64,
}

impl FirstStatement {
    /// The batch that begins with the statement that was read last.
    pub fn batch(self, context: &Context, statements: Statements, most: BatchLimits, counted: u64) -> (String, Batch) {
        let statement = self.target.statement.clone();
        let batch = Batch::new(BatchStart {
            statements,
            head: self.head,
            target: self.target,
            literals: self.literals,
            lines: self.lines,
            limits: BatchLimits { bytes: most.bytes.min(self.bytes), ..most },
            counters: (context.counters.clone(), counted),
        });
        (statement, batch)
    }
}

impl LoadDataFile {
    /// The session's settings may have changed.
    pub fn session_changed(&mut self) {
        self.literals = None;
    }

    /// Converts a statement to lines, if LOAD DATA stores them as INSERT would.
    pub fn begin(&mut self, session: &mut Session, statement: &[u8]) -> Result<Option<FirstStatement>, ServerError> {
        let table = &self.table;
        let crowded = table.one_at_a_time && table.workers.load(Ordering::Relaxed) > WORKERS_IN_TURNS;
        if crowded || table.is_disabled() {
            return Ok(None);
        }
        let literals = match self.literals {
            Some(literals) => literals,
            None => {
                let LiteralSettings { client, connection, sql_mode, .. } = session.literals()?;
                *self.literals.insert(literals(&client, &connection, &sql_mode))
            }
        };
        let Some(literals) = literals else { return Ok(None) };
        if self.head.is_empty() || !statement.starts_with(&self.head) {
            let Ok(head) = convert::head(statement) else { return Ok(None) };
            self.target = self.table.statement(&head, literals).map(Arc::new);
            self.head = statement.get(..head.length).unwrap_or_default().to_vec();
        }
        let Some(target) = self.target.clone() else { return Ok(None) };
        self.lines.clear();
        let rows = statement.get(self.head.len()..).unwrap_or_default();
        let Ok(count) = convert::append(rows, &target.columns, literals, &mut self.lines) else { return Ok(None) };
        Ok(Some(FirstStatement {
            head: self.head.clone(),
            target,
            literals,
            lines: (std::mem::take(&mut self.lines), count),
            bytes: if self.table.one_at_a_time { SHORT_BATCH } else { u64::MAX },
        }))
    }

    /// Takes back the buffer for lines.
    pub fn end(&mut self, lines: Output) {
        self.lines = lines;
    }

    /// The server did not do what INSERT would have done.
    pub fn disable(&self) {
        self.table.disable();
    }
}

/// Whether the server has stored what was sent, all of it and as it is.
pub fn is_exact(outcome: StatementOutcome, sent: Sent) -> bool {
    // REPLACE counts the rows that it has removed, too.
    let all = outcome.records == Some(sent.rows) && outcome.affected_rows >= sent.rows;
    all && outcome.skipped == 0 && outcome.warnings == 0
}

/// What is known of literals in such a session.
fn literals(client: &str, connection: &str, sql_mode: &str) -> Option<Literals> {
    let has = |wanted: &str| sql_mode.split(',').any(|mode| mode.eq_ignore_ascii_case(wanted));
    let known = client == connection && matches!(client, "binary" | "utf8mb4");
    // MariaDB's EMPTY_STRING_IS_NULL is one of the parser's.
    if !known || has("NO_BACKSLASH_ESCAPES") || has("EMPTY_STRING_IS_NULL") {
        return None;
    }
    Some(Literals { binary: client == "binary", ansi_quotes: has("ANSI_QUOTES") })
}
