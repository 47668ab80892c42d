//! Where a range of a key is divided, and what has to be known of the table to decide it.

use super::key::Value;
use super::range::KeyRange;

/// Where the next chunk of a range ends.
pub(super) enum Division {
    /// It is one chunk.
    Keep,
    /// The rows below this value are a chunk.
    At(Value),
    /// More rows than wanted have this value, the least: they are split by the key's next column.
    Group(Value),
}

/// What the server knows of the keys in a table. Values are those of the column that the range's bounds are on.
pub trait KeyLookup {
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
