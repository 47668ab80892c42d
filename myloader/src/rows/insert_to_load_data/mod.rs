//! INSERT statements of a dump sent as LOAD DATA LOCAL, which takes the server about half the time.
//!
//! Only rows that both statements store alike are sent so. What a column takes is asked of the server ([`table`]); a
//! literal that might be stored otherwise ([`literal`]) leaves its statement an INSERT. The lines of a statement are made
//! before any of them is sent, and one LOAD DATA takes all that begin alike, up to the end of the transaction ([`batch`]).
//!
//! Under LOCAL the server makes warnings of errors. So the rows have to arrive in their number and without a warning, or
//! they are rolled back, and INSERT statements tell what is wrong, or do what they always did.

mod batch;
mod literal;
mod output;
mod rows;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use common::backup::file_name::DumpFile;
use common::layers::compression::Compression;
use common::server::connection::{Connection, Error as ServerError, Outcome};
use common::sql::name::QualifiedName;

use crate::options::LoadMethod;
use crate::work::worker::Worker;
use literal::Literals;
use output::Output;
use table::{Table, Target};

pub use batch::{Ended, Limits, Piece, Sent, Start, Statements};

/// Smaller files are as quick as INSERT statements, and their tables need not be asked about.
const SMALLEST_FILE: u64 = 100 * 1024;
/// The same, compressed.
const SMALLEST_COMPRESSED: u64 = 25 * 1024;
/// Where a LOAD DATA keeps all others from the table, others wait as long as so many bytes take.
const SHORT_PIECE: u64 = 8 << 20;
/// And from three workers on, INSERT statements beside each other are faster.
const WORKERS_IN_TURNS: usize = 2;

/// What is known of tables; shared by all workers.
pub struct Tables {
    method: LoadMethod,
    known: Mutex<HashMap<QualifiedName, Option<Arc<Table>>>>,
}

impl Tables {
    /// For a method that the server can do.
    pub fn new(method: LoadMethod) -> Tables {
        Tables { method, known: Mutex::default() }
    }
}

/// How LOAD DATA fills a table from one file.
pub struct Filling {
    table: Arc<Table>,
    /// What literals are in the session, when it was asked; `None` in it: nothing that is known here.
    literals: Option<Option<Literals>>,
    /// How the last statements began, and what to do with such.
    head: Vec<u8>,
    target: Option<Arc<Target>>,
    lines: Output,
}

impl Drop for Filling {
    fn drop(&mut self) {
        self.table.workers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Looks whether rows of a file may go by LOAD DATA. If that takes questions, the session is then the one that files start
/// from.
pub fn filling(worker: &mut Worker, name: &QualifiedName, file: &DumpFile) -> Result<Option<Filling>, ServerError> {
    let shared = Arc::clone(&worker.shared);
    let smallest = match (shared.tables.method, file.compression) {
        (LoadMethod::Insert, _) => return Ok(None),
        (LoadMethod::LoadData, _) => 0,
        (LoadMethod::Auto, Compression::None) => SMALLEST_FILE,
        (LoadMethod::Auto, _) => SMALLEST_COMPRESSED,
    };
    // Of a file that is not there, its reader tells.
    let length = fs::metadata(shared.files.path(file)).map(|metadata| metadata.len()).unwrap_or(0);
    if length < smallest || worker.session.logs_statements {
        return Ok(None);
    }
    let lock = || shared.tables.known.lock().unwrap_or_else(PoisonError::into_inner);
    let known = lock().get(name).cloned();
    let table = match known {
        Some(table) => table,
        None => {
            worker.session.reset(Some(&name.database))?;
            let read = Table::read(worker.session.unchanged(), &shared.server, name)?;
            let table = read.map_err(|reason| tracing::info!("rows of {name} stay INSERT statements: {reason}")).ok();
            // Another worker may have asked meanwhile.
            lock().entry(name.clone()).or_insert(table.map(Arc::new)).clone()
        }
    };
    Ok(table.filter(|table| !table.is_refused()).map(|table| {
        table.workers.fetch_add(1, Ordering::Relaxed);
        Filling { table, literals: None, head: Vec::new(), target: None, lines: Output::default() }
    }))
}

/// What a piece begins with.
pub struct Beginning {
    head: Vec<u8>,
    target: Arc<Target>,
    literals: Literals,
    lines: (Output, u64),
    bytes: u64,
}

impl Beginning {
    /// The piece that begins with the statement that was read last.
    pub fn piece(self, worker: &Worker, statements: Statements, most: u64, counted: u64) -> (String, Piece) {
        let statement = self.target.statement.clone();
        let piece = Piece::new(Start {
            statements,
            head: self.head,
            target: self.target,
            literals: self.literals,
            lines: self.lines,
            limits: Limits { statements: most, bytes: self.bytes },
            counters: (Arc::clone(&worker.shared.counters), counted),
        });
        (statement, piece)
    }
}

impl Filling {
    /// The session may have been set otherwise.
    pub fn session_changed(&mut self) {
        self.literals = None;
    }

    /// Makes lines of a statement, if they are stored as it would be.
    pub fn begin(&mut self, connection: &mut Connection, statement: &[u8]) -> Result<Option<Beginning>, ServerError> {
        let table = &self.table;
        let crowded = table.one_at_a_time && table.workers.load(Ordering::Relaxed) > WORKERS_IN_TURNS;
        if crowded || table.is_refused() {
            return Ok(None);
        }
        let literals = match self.literals {
            Some(literals) => literals,
            None => *self.literals.insert(session_literals(connection)?),
        };
        let Some(literals) = literals else { return Ok(None) };
        if self.head.is_empty() || !statement.starts_with(&self.head) {
            let Ok(head) = rows::head(statement) else { return Ok(None) };
            self.target = self.table.statement(&head, literals).map(Arc::new);
            self.head = statement.get(..head.length).unwrap_or_default().to_vec();
        }
        let Some(target) = self.target.clone() else { return Ok(None) };
        self.lines.clear();
        let rows = statement.get(self.head.len()..).unwrap_or_default();
        let Ok(count) = rows::append(rows, &target.columns, literals, &mut self.lines) else { return Ok(None) };
        Ok(Some(Beginning {
            head: self.head.clone(),
            target,
            literals,
            lines: (std::mem::take(&mut self.lines), count),
            bytes: if self.table.one_at_a_time { SHORT_PIECE } else { u64::MAX },
        }))
    }

    /// Takes back the room for lines.
    pub fn end(&mut self, lines: Output) {
        self.lines = lines;
    }

    /// The server did not do what INSERT would have done.
    pub fn refuse(&self) {
        self.table.refuse();
    }
}

/// Whether the server has stored what was sent, all of it and as it is.
pub fn is_exact(outcome: Outcome, sent: Sent) -> bool {
    // REPLACE counts the rows that it has removed, too.
    let all = outcome.records == Some(sent.rows) && outcome.affected_rows >= sent.rows;
    all && outcome.skipped == 0 && outcome.warnings == 0
}

/// What literals are in the session as it is now.
fn session_literals(connection: &mut Connection) -> Result<Option<Literals>, ServerError> {
    let session =
        connection.query_first("SELECT @@character_set_client, @@character_set_connection, @@SESSION.sql_mode")?;
    Ok(session.and_then(|row| literals(&row.text(0), &row.text(1), &row.text(2))))
}

fn literals(client: &str, connection: &str, sql_mode: &str) -> Option<Literals> {
    let has = |wanted: &str| sql_mode.split(',').any(|mode| mode.eq_ignore_ascii_case(wanted));
    let known = client == connection && matches!(client, "binary" | "utf8mb4");
    // MariaDB's EMPTY_STRING_IS_NULL is one of the parser's.
    if !known || has("NO_BACKSLASH_ESCAPES") || has("EMPTY_STRING_IS_NULL") {
        return None;
    }
    Some(Literals { binary: client == "binary", ansi_quotes: has("ANSI_QUOTES") })
}
