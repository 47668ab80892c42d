//! The rows of an INSERT statement as lines that LOAD DATA reads.

use common::sql::token::SqlDialect;

use super::literal::{ColumnFormat, Literals, NotExact, value};
use super::output::{FIELD_END, LINE_END, Output};
use common::sql::cursor::Cursor;

/// What becomes of a row whose key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `INSERT INTO`
    Insert,
    /// `INSERT IGNORE INTO`
    InsertIgnore,
    /// `REPLACE INTO`
    Replace,
}

/// The beginning of a statement, up to its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub verb: Verb,
    pub table: Vec<u8>,
    /// The columns' names, if they are listed.
    pub columns: Option<Vec<Vec<u8>>>,
    /// Its length in bytes.
    pub length: usize,
}

/// Reads `INSERT INTO t (a,b) VALUES`, and nothing else that an INSERT can begin with.
pub fn head(statement: &[u8]) -> Result<Head, NotExact> {
    let mut cursor = Cursor::new(statement, SqlDialect::default());
    let verb = if cursor.eat("REPLACE") {
        Verb::Replace
    } else if cursor.eat("INSERT") {
        if cursor.eat("IGNORE") { Verb::InsertIgnore } else { Verb::Insert }
    } else {
        return Err(NotExact);
    };
    let unlike = |_| NotExact;
    cursor.expect("INTO").map_err(unlike)?;
    let table = cursor.name("a table").map_err(unlike)?;
    let mut columns = None;
    if cursor.eat_punctuation(b'(') {
        let names = columns.insert(Vec::new());
        loop {
            names.push(cursor.name("a column").map_err(unlike)?);
            if !cursor.eat_punctuation(b',') {
                break;
            }
        }
        if !cursor.eat_punctuation(b')') {
            return Err(NotExact);
        }
    }
    cursor.expect("VALUES").map_err(unlike)?;
    let length = cursor.position();
    // What a comment says to one server only is not looked at.
    let commented = statement.get(..length).unwrap_or_default().windows(2).any(|pair| pair == b"/*");
    if commented || !cursor.at_punctuation(b'(') { Err(NotExact) } else { Ok(Head { verb, table, columns, length }) }
}

/// Appends a line for each row of `(…),(…)`, and returns how many there are. What was appended before an error is of no
/// use.
pub fn append(rows: &[u8], columns: &[ColumnFormat], literals: Literals, out: &mut Output) -> Result<u64, NotExact> {
    let Some((first, others)) = columns.split_first() else { return Err(NotExact) };
    if !literals.binary && std::str::from_utf8(rows).is_err() {
        return Err(NotExact);
    }
    let mut count = 0;
    let mut at = expect(rows, 0, b'(')?;
    loop {
        at = value(rows, space_end(rows, at), *first, literals, out)?;
        for column in others {
            at = expect(rows, at, b',')?;
            out.push(FIELD_END);
            at = value(rows, space_end(rows, at), *column, literals, out)?;
        }
        at = space_end(rows, expect(rows, at, b')')?);
        out.push(LINE_END);
        count += 1;
        if at == rows.len() {
            return Ok(count);
        }
        at = expect(rows, expect(rows, at, b',')?, b'(')?;
    }
}

/// The place behind `byte`, which has to stand at `at`, maybe behind white space.
#[inline]
fn expect(text: &[u8], at: usize, byte: u8) -> Result<usize, NotExact> {
    let at = space_end(text, at);
    if text.get(at) == Some(&byte) { Ok(at + 1) } else { Err(NotExact) }
}

#[inline]
fn space_end(text: &[u8], at: usize) -> usize {
    let mut at = at;
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}
