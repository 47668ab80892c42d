//! Cuts the next chunk off what is left of a table.

use serde::{Deserialize, Serialize};

use super::integer;
use super::key::{Key, KeyKind, Value};
use super::range::{KeyRange, Lower};

/// What the server knows of the keys in a table. Values are those of the column that the range's bounds are on.
pub trait Keys {
    /// A question could not be answered.
    type Error;

    /// About how many rows are in the range. It may be far off; only the sizes of chunks depend on it.
    fn estimate(&mut self, range: &KeyRange) -> Result<u64, Self::Error>;

    /// The least value; `None` when there are no rows.
    fn first(&mut self, range: &KeyRange) -> Result<Option<Value>, Self::Error>;

    /// The greatest value.
    fn last(&mut self, range: &KeyRange) -> Result<Option<Value>, Self::Error>;

    /// The value of the row before which there are `offset` others in the key's order; `None` when there are not as
    /// many.
    fn nth(&mut self, range: &KeyRange, offset: u64) -> Result<Option<Value>, Self::Error>;

    /// Whether `value`, written as a literal, is found in a row of the range, and is greater than `low` there. Only
    /// then is it a boundary: a value that its literal does not stand for could lie anywhere.
    fn finds(&mut self, range: &KeyRange, value: &Value, low: Option<&Value>) -> Result<bool, Self::Error>;
}

/// What is left of a table: ranges that do not overlap, the next one last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest(Vec<KeyRange>);

/// A chunk, and what is left without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The chunk.
    pub chunk: KeyRange,
    /// What is left.
    pub rest: Option<Rest>,
}

/// How to go on with a range.
pub(super) enum Division {
    /// It is one chunk.
    Keep,
    /// The rows below this value are a chunk.
    At(Value),
    /// More rows than wanted have this value, the least: they are cut by the key's next column.
    Group(Value),
}

impl Rest {
    /// All of a table.
    pub fn whole_table() -> Rest {
        Rest(vec![KeyRange::default()])
    }

    /// Cuts off the first chunk, of about `rows` rows.
    ///
    /// # Errors
    /// Those of the questions to the server.
    pub fn cut<K: Keys>(mut self, key: &Key, rows: u64, keys: &mut K) -> Result<Cut, K::Error> {
        loop {
            let range = self.0.pop().unwrap_or_default();
            match divide(key, &range, rows, keys)? {
                Division::Keep => return Ok(Cut { chunk: range, rest: self.if_any() }),
                Division::At(value) => {
                    self.0.push(range.starting_at(&value));
                    return Ok(Cut { chunk: range.until(&value), rest: Some(self) });
                }
                Division::Group(value) => {
                    self.0.push(range.after(&value));
                    self.0.push(range.group(&value));
                    // Nothing is there to be seen, but it is part of the domain.
                    if range.from != Some(Lower::At(value.clone())) {
                        return Ok(Cut { chunk: range.until(&value), rest: Some(self) });
                    }
                }
            }
        }
    }

    /// Takes the next range as a chunk, as large as it is.
    pub fn take_next(mut self) -> Cut {
        let chunk = self.0.pop().unwrap_or_default();
        Cut { chunk, rest: self.if_any() }
    }

    fn if_any(self) -> Option<Rest> {
        (!self.0.is_empty()).then_some(self)
    }
}

fn divide<K: Keys>(key: &Key, range: &KeyRange, rows: u64, keys: &mut K) -> Result<Division, K::Error> {
    let Some(column) = key.columns.get(range.prefix.len()) else { return Ok(Division::Keep) };
    let has_next_column = range.prefix.len() + 1 < key.columns.len();
    let estimate = keys.estimate(range)?;
    // A little more than asked for is better than a last chunk that is small.
    if estimate <= rows.saturating_add(rows / 2) {
        // Estimates fall behind when a table grows fast. Counting ends where it is too many.
        return match keys.nth(range, rows.saturating_mul(2))? {
            None => Ok(Division::Keep),
            Some(_) => walk(range, rows, has_next_column, keys),
        };
    }
    match column.kind {
        KeyKind::Integer => integer::divide(range, rows, estimate, has_next_column, keys),
        KeyKind::Number | KeyKind::Quoted | KeyKind::Text { .. } | KeyKind::Binary => {
            walk(range, rows, has_next_column, keys)
        }
    }
}

/// Counts rows along the index. That works with every type, and reads no more than the chunk's keys.
fn walk<K: Keys>(range: &KeyRange, rows: u64, has_next_column: bool, keys: &mut K) -> Result<Division, K::Error> {
    let Some(first) = keys.first(range)? else { return Ok(Division::Keep) };
    let Some(nth) = keys.nth(range, rows)? else { return Ok(Division::Keep) };
    if keys.finds(range, &nth, Some(&first))? {
        return Ok(Division::At(nth));
    }
    // All rows up to there have the first value.
    if has_next_column && keys.finds(range, &first, None)? {
        return Ok(Division::Group(first));
    }
    Ok(match keys.first(&range.after(&first))? {
        Some(next) if keys.finds(range, &next, Some(&first))? => Division::At(next),
        _ => Division::Keep,
    })
}
