//! Statements of a file as one LOAD DATA: read, converted and sent at the same time.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use common::process::sync::lock;
use common::sql::{StatementError, StatementReader};

use super::convert::append;
use super::literal::Literals;
use super::output::Output;
use super::table::LoadDataStatement;
use crate::jobs::context::RowCounters;

/// The statements of a file.
pub type Statements = StatementReader<Box<dyn Read + Send>>;

/// How much is sent by one statement.
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    /// Statements of the file.
    pub statements: u64,
    /// Bytes, roughly.
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// Statements of the file.
    pub statements: u64,
    pub rows: u64,
    /// Bytes of these.
    pub bytes: u64,
}

/// What a batch begins with: a statement that is converted already.
pub struct BatchStart {
    /// The file, of which this statement was read last.
    pub statements: Statements,
    /// How it and all that follow begin.
    pub head: Vec<u8>,
    /// What fills the table.
    pub target: Arc<LoadDataStatement>,
    /// What literals are in the session.
    pub literals: Literals,
    /// The lines of the first statement, and how many they are.
    pub lines: (Output, u64),
    /// Where the batch ends.
    pub limits: BatchLimits,
    /// Progress, and how many of the first statements it knows of.
    pub counters: (RowCounters, u64),
}

/// Statements that begin alike, sent to the server as one LOAD DATA.
pub struct Batch(Arc<Mutex<Option<Inner>>>);

struct Inner {
    start: BatchStart,
    sent: Sent,
    bytes: u64,
    /// How much of the lines was taken.
    taken: usize,
    ended: bool,
    /// Whether a statement was read that does not belong to the batch.
    left_over: bool,
    failure: Option<StatementError>,
}

/// How a batch ended.
pub struct EndedBatch {
    /// The rest of the file.
    pub statements: Statements,
    /// Whether its last statement is still to be run.
    pub left_over: bool,
    pub sent: Sent,
    /// The file cannot be read further.
    pub failure: Option<StatementError>,
    /// The buffer for the next batch.
    pub lines: Output,
}

impl Batch {
    pub fn new(start: BatchStart) -> Batch {
        let rows = start.lines.1;
        let mut inner =
            Inner { start, sent: Sent::default(), bytes: 0, taken: 0, ended: false, left_over: false, failure: None };
        inner.converted(rows);
        Batch(Arc::new(Mutex::new(Some(inner))))
    }

    /// What the server reads.
    pub fn data(&self) -> BatchData {
        BatchData(Arc::clone(&self.0))
    }

    /// When the statement is done: its data is at its end, whoever holds it. `None` when it was ended before.
    pub fn end(&self) -> Option<EndedBatch> {
        let inner = lock(&self.0).take()?;
        Some(EndedBatch {
            statements: inner.start.statements,
            left_over: inner.left_over,
            sent: inner.sent,
            failure: inner.failure,
            lines: inner.start.lines.0,
        })
    }
}

impl Inner {
    /// Counts a converted statement.
    fn converted(&mut self, rows: u64) {
        self.sent.statements += 1;
        self.sent.rows += rows;
        self.bytes += self.lines().len() as u64;
        let bytes = self.start.statements.last().text.len() as u64;
        self.sent.bytes += bytes;
        let (counters, known) = &self.start.counters;
        if self.sent.statements > *known {
            counters.add_rows(rows, bytes);
        }
    }

    fn lines(&self) -> &[u8] {
        self.start.lines.0.as_bytes()
    }

    /// Converts the next statement, if it belongs to the batch.
    fn next(&mut self) {
        let BatchStart { statements, head, target, literals, lines: (lines, _), limits, .. } = &mut self.start;
        self.taken = 0;
        lines.clear();
        if self.sent.statements >= limits.statements || self.bytes >= limits.bytes {
            self.ended = true;
            return;
        }
        let statement = match statements.next_statement() {
            Ok(Some(statement)) => statement,
            end => {
                self.failure = end.err();
                self.ended = true;
                return;
            }
        };
        let rows = statement.text.strip_prefix(head.as_slice());
        match rows.map(|rows| append(rows, &target.columns, *literals, lines)) {
            Some(Ok(rows)) => self.converted(rows),
            _ => {
                lines.clear();
                self.left_over = true;
                self.ended = true;
            }
        }
    }
}

/// The lines of a batch.
pub struct BatchData(Arc<Mutex<Option<Inner>>>);

impl Read for BatchData {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut inner = lock(&self.0);
        let Some(inner) = inner.as_mut() else { return Ok(0) };
        while inner.taken == inner.lines().len() && !inner.ended {
            inner.next();
        }
        let lines = inner.lines().get(inner.taken..).unwrap_or_default();
        let length = lines.len().min(buffer.len());
        buffer[..length].copy_from_slice(&lines[..length]);
        inner.taken += length;
        Ok(length)
    }
}
