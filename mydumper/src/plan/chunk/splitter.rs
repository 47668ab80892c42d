//! Splits the next chunk off what is left of a table.

use serde::{Deserialize, Serialize};

use super::division::{Division, KeyLookup};
use super::integer;
use super::key::{Key, KeyKind};
use super::range::{KeyRange, Lower};

/// What is left of a table: ranges that do not overlap, the next one last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remainder(Vec<KeyRange>);

/// A chunk, and what is left without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitOff {
    /// The chunk.
    pub chunk: KeyRange,
    /// What is left.
    pub remainder: Option<Remainder>,
}

impl Remainder {
    /// All of a table.
    pub fn whole_table() -> Remainder {
        Remainder(vec![KeyRange::default()])
    }

    /// Splits off the first chunk, of about `rows` rows.
    ///
    /// # Errors
    /// Those of the questions to the server.
    pub fn split_off<K: KeyLookup>(mut self, key: &Key, rows: u64, keys: &mut K) -> Result<SplitOff, K::Error> {
        loop {
            let range = self.0.pop().unwrap_or_default();
            match divide(key, &range, rows, keys)? {
                Division::Keep => return Ok(SplitOff { chunk: range, remainder: self.if_any() }),
                Division::At(value) => {
                    self.0.push(range.starting_at(&value));
                    return Ok(SplitOff { chunk: range.until(&value), remainder: Some(self) });
                }
                Division::Group(value) => {
                    self.0.push(range.after(&value));
                    self.0.push(range.group(&value));
                    // Nothing is there to be seen, but it is part of the domain.
                    if range.from != Some(Lower::At(value.clone())) {
                        return Ok(SplitOff { chunk: range.until(&value), remainder: Some(self) });
                    }
                }
            }
        }
    }

    /// Takes the next range as a chunk, as large as it is.
    pub fn take_next(mut self) -> SplitOff {
        let chunk = self.0.pop().unwrap_or_default();
        SplitOff { chunk, remainder: self.if_any() }
    }

    fn if_any(self) -> Option<Remainder> {
        (!self.0.is_empty()).then_some(self)
    }
}

fn divide<K: KeyLookup>(key: &Key, range: &KeyRange, rows: u64, keys: &mut K) -> Result<Division, K::Error> {
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
fn walk<K: KeyLookup>(range: &KeyRange, rows: u64, has_next_column: bool, keys: &mut K) -> Result<Division, K::Error> {
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
