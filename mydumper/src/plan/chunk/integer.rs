//! Boundaries of integer keys: guessed from the distances of the keys and judged by the optimizer's estimates, so that
//! not even the index has to be read. Gaps of any width cost a few more questions.

use super::division::{Division, KeyLookup};
use super::key::Value;
use super::range::KeyRange;

/// Every second guess halves the numbers left, and there are 2^64 of them at most.
const MOST_GUESSES: usize = 130;

/// Finds a key below which there are about `rows` rows; `estimate` is the number of all in the range.
pub(super) fn divide<K: KeyLookup>(
    range: &KeyRange,
    rows: u64,
    estimate: u64,
    has_next_column: bool,
    keys: &mut K,
) -> Result<Division, K::Error> {
    let (Some(first), Some(last)) = (integer(keys.first(range)?), integer(keys.last(range)?)) else {
        return Ok(Division::Keep);
    };
    // A key that is too low, one that is too high, and the least number that no key below it is high enough for.
    let (mut low, mut low_rows) = (first, 0);
    let mut high: Option<(i128, u64)> = None;
    let mut ceiling = last + 1;
    for guess_number in 0..MOST_GUESSES {
        if ceiling - low <= 1 {
            break;
        }
        let high_rows = high.map_or(estimate, |(_, rows)| rows);
        let guess = match guess_number % 2 {
            0 => proportional(low, low_rows, ceiling, high_rows, rows),
            _ => low + (ceiling - low) / 2,
        };
        let Some(key) = integer(keys.first(&range.starting_at(&Value::of_integer(guess)))?) else { break };
        if high.is_some_and(|(high, _)| key >= high) {
            ceiling = guess;
            continue;
        }
        let below = keys.estimate(&range.until(&Value::of_integer(key)))?;
        if below < rows / 2 {
            (low, low_rows) = (key, below);
        } else if below > rows.saturating_mul(2) {
            high = Some((key, below));
            ceiling = guess;
        } else {
            return Ok(Division::At(Value::of_integer(key)));
        }
    }
    if low > first {
        // Too few rows, but those of the next key are too many.
        return Ok(Division::At(Value::of_integer(low)));
    }
    let first = Value::of_integer(first);
    // Counted, since each group makes two more ranges: it must be worth it.
    if has_next_column && keys.nth(&range.group(&first), rows)?.is_some() {
        return Ok(Division::Group(first));
    }
    Ok(high.map_or(Division::Keep, |(high, _)| Division::At(Value::of_integer(high))))
}

fn integer(value: Option<Value>) -> Option<i128> {
    value.as_ref().and_then(Value::to_integer)
}

/// The number between `low` and `ceiling` below which there would be `rows` rows if they were evenly spread.
fn proportional(low: i128, low_rows: u64, ceiling: i128, ceiling_rows: u64, rows: u64) -> i128 {
    let wanted = i128::from(rows.saturating_sub(low_rows));
    let between = i128::from(ceiling_rows.saturating_sub(low_rows)).max(1);
    // The distance is below 2^65, so that the product needs at most 129 bits: one too many, hence the saturation.
    let distance = (ceiling - low).saturating_mul(wanted) / between;
    (low + distance).clamp(low + 1, ceiling - 1)
}
