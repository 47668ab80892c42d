//! Tables are cut to their end against keys in memory, which answer as a server would: with estimates that may be far
//! off, and an order of their own.

use std::cell::Cell;
use std::cmp::Ordering;

use proptest::prelude::*;

use super::key::{Key, KeyColumn, KeyKind, Value};
use super::range::{KeyRange, Lower};
use super::splitter::SplitOff;
use super::{KeyLookup, Remainder};

/// A table's keys in the server's order.
struct Table {
    kinds: Vec<KeyKind>,
    rows: Vec<Vec<Value>>,
    /// Estimates are the truth times this.
    bias: f64,
    questions: Cell<u64>,
}

/// Integers by their value; text without regard to case, as most collations compare it.
fn compare(kind: &KeyKind, a: &Value, b: &Value) -> Ordering {
    match kind {
        KeyKind::Integer => a.to_integer().cmp(&b.to_integer()),
        _ => a.0.to_ascii_lowercase().cmp(&b.0.to_ascii_lowercase()),
    }
}

impl Table {
    fn new(kinds: &[KeyKind], mut rows: Vec<Vec<Value>>, bias: f64) -> Table {
        let kinds = kinds.to_vec();
        rows.sort_by(|a, b| {
            let orders = kinds.iter().zip(a.iter().zip(b)).map(|(kind, (a, b))| compare(kind, a, b));
            orders.fold(Ordering::Equal, Ordering::then)
        });
        Table { kinds, rows, bias, questions: Cell::new(0) }
    }

    fn key(&self) -> Key {
        let column = |(number, kind): (usize, &KeyKind)| KeyColumn { name: format!("c{number}"), kind: kind.clone() };
        Key { index: "PRIMARY".into(), columns: self.kinds.iter().enumerate().map(column).collect() }
    }

    fn contains(&self, range: &KeyRange, row: &[Value]) -> bool {
        let prefix = range.prefix.iter().zip(row).zip(&self.kinds);
        let depth = range.prefix.len();
        let against = |bound: &Value| compare(&self.kinds[depth], &row[depth], bound);
        prefix.into_iter().all(|((value, cell), kind)| compare(kind, cell, value).is_eq())
            && match &range.from {
                None => true,
                Some(Lower::At(value)) => against(value).is_ge(),
                Some(Lower::After(value)) => against(value).is_gt(),
            }
            && range.to.as_ref().is_none_or(|to| against(to).is_lt())
    }

    fn within<'a>(&'a self, range: &'a KeyRange) -> impl DoubleEndedIterator<Item = &'a Value> {
        self.questions.set(self.questions.get() + 1);
        self.rows.iter().filter(|row| self.contains(range, row)).map(|row| &row[range.prefix.len()])
    }

    /// Cuts to the end.
    fn chunks(&mut self, rows: u64) -> Vec<KeyRange> {
        let key = self.key();
        let mut remainder = Some(Remainder::whole_table());
        let mut chunks = Vec::new();
        while let Some(left) = remainder {
            let Ok(SplitOff { chunk, remainder: further }) = left.split_off(&key, rows, self);
            chunks.push(chunk);
            remainder = further;
            assert!(chunks.len() <= 3 * self.rows.len() + 1, "endless: {chunks:?}");
        }
        chunks
    }

    fn sizes(&self, chunks: &[KeyRange]) -> Vec<usize> {
        chunks.iter().map(|chunk| self.within(chunk).count()).collect()
    }
}

impl KeyLookup for Table {
    type Error = std::convert::Infallible;

    fn estimate(&mut self, range: &KeyRange) -> Result<u64, Self::Error> {
        Ok((self.within(range).count() as f64 * self.bias) as u64)
    }

    fn first(&mut self, range: &KeyRange) -> Result<Option<Value>, Self::Error> {
        Ok(self.within(range).next().cloned())
    }

    fn last(&mut self, range: &KeyRange) -> Result<Option<Value>, Self::Error> {
        Ok(self.within(range).next_back().cloned())
    }

    fn nth(&mut self, range: &KeyRange, offset: u64) -> Result<Option<Value>, Self::Error> {
        Ok(self.within(range).nth(offset as usize).cloned())
    }

    fn finds(&mut self, range: &KeyRange, value: &Value, low: Option<&Value>) -> Result<bool, Self::Error> {
        let kind = &self.kinds[range.prefix.len()];
        Ok(self
            .within(range)
            .any(|cell| compare(kind, cell, value).is_eq() && low.is_none_or(|low| compare(kind, cell, low).is_gt())))
    }
}

fn integers(values: impl IntoIterator<Item = i128>) -> Vec<Vec<Value>> {
    values.into_iter().map(|value| vec![Value::of_integer(value)]).collect()
}

fn pairs(values: impl IntoIterator<Item = (i128, i128)>) -> Vec<Vec<Value>> {
    values.into_iter().map(|(a, b)| vec![Value::of_integer(a), Value::of_integer(b)]).collect()
}

fn text(value: &str) -> Value {
    Value(value.as_bytes().to_vec())
}

fn predicates(table: &mut Table, rows: u64) -> Vec<String> {
    let key = table.key();
    table.chunks(rows).iter().map(|chunk| chunk.predicate(&key).unwrap_or_default()).collect()
}

#[test]
fn evenly_spread_integers_are_cut_at_keys_that_are_there() {
    let mut table = Table::new(&[KeyKind::Integer], integers((1..=10).map(|n| n * 100)), 1.0);
    assert_eq!(predicates(&mut table, 4), ["`c0` < 500", "`c0` >= 500"]);
    assert_eq!(predicates(&mut table, 100), [""]);
}

#[test]
fn gaps_and_extremes_cost_few_questions() {
    let low = i128::from(i64::MIN);
    let high = i128::from(u64::MAX);
    for clusters in [vec![0], vec![low, 0, high - 2000], vec![1, 1 << 20, 1 << 40, 1 << 60], vec![5, high - 2000]] {
        let keys = clusters.iter().flat_map(|start| (0..1000).map(move |n| start + n));
        let mut table = Table::new(&[KeyKind::Integer], integers(keys), 1.0);
        let chunks = table.chunks(100);
        let sizes = table.sizes(&chunks);
        assert!(sizes.iter().all(|size| (25..=200).contains(size)), "{sizes:?}");
        let questions = table.questions.get() / chunks.len() as u64;
        assert!(questions <= 30, "{questions} questions a chunk over {clusters:?}");
    }
}

#[test]
fn a_value_that_too_many_rows_share_is_cut_by_the_next_column() {
    let rows = pairs([(3, 1)].into_iter().chain((1..=9).map(|n| (5, n * 10))).chain([(7, 1)]));
    let mut table = Table::new(&[KeyKind::Integer, KeyKind::Integer], rows, 1.0);
    assert_eq!(
        predicates(&mut table, 4),
        ["`c0` < 5", "`c0` = 5 AND `c1` < 50", "`c0` = 5 AND `c1` >= 50", "`c0` > 5",]
    );
}

#[test]
fn text_is_counted_along_the_index() {
    let kind = KeyKind::Text { charset: "utf8mb4".into() };
    let words = ["a", "B", "c", "D", "e", "F", "g"];
    let rows = words.iter().map(|word| vec![text(word)]).collect();
    let mut table = Table::new(std::slice::from_ref(&kind), rows, 1.0);
    assert_eq!(
        predicates(&mut table, 2),
        ["`c0` < _utf8mb4 0x63", "`c0` >= _utf8mb4 0x63 AND `c0` < _utf8mb4 0x65", "`c0` >= _utf8mb4 0x65"]
    );
    let rows = words.iter().flat_map(|word| (0..5).map(|n| vec![text(word), Value::of_integer(n)])).collect();
    let mut table = Table::new(&[kind, KeyKind::Integer], rows, 1.0);
    let chunks = table.chunks(2);
    assert!(table.sizes(&chunks).iter().all(|size| *size <= 4), "{chunks:?}");
}

#[test]
fn literals_of_each_kind() {
    let literal = |kind, value: &[u8]| KeyColumn { name: "a`b".into(), kind }.compared(">=", &Value(value.to_vec()));
    assert_eq!(literal(KeyKind::Integer, b"-7"), "`a``b` >= -7");
    assert_eq!(literal(KeyKind::Number, b"1.50"), "`a``b` >= 1.50");
    assert_eq!(literal(KeyKind::Quoted, b"0000-00-00"), "`a``b` >= _utf8mb4'0000-00-00'");
    assert_eq!(literal(KeyKind::Text { charset: "latin1".into() }, b"\xc4'"), "`a``b` >= _latin1 0xC427");
    assert_eq!(literal(KeyKind::Text { charset: "ucs2".into() }, b""), "`a``b` >= _ucs2 ''");
    assert_eq!(literal(KeyKind::Binary, b"\0\xff"), "`a``b` >= 0x00FF");
    assert_eq!(KeyKind::of_type("enum", Some("latin1"), true), None);
    assert_eq!(KeyKind::of_type("double", None, true), None);
    assert_eq!(KeyKind::of_type("timestamp", None, false), None);
}

/// Integers in clusters with gaps of any width.
fn some_integers() -> impl Strategy<Value = Vec<i128>> {
    let start = prop_oneof![
        -100_i128..100,
        Just(i128::from(i64::MIN)),
        Just(i128::from(u64::MAX) - 3000),
        i128::from(i64::MIN)..i128::from(u64::MAX) - 3000,
    ];
    prop::collection::vec((start, 1_i128..50, 1_i128..60), 0..5).prop_map(|clusters| {
        let mut keys: Vec<i128> =
            clusters.iter().flat_map(|(start, step, count)| (0..*count).map(move |n| start + n * step)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    })
}

fn some_bias() -> impl Strategy<Value = f64> {
    prop_oneof![Just(1.0), Just(0.0), 0.1..10.0_f64]
}

proptest! {
    #[test]
    fn integer_chunks_tile_the_table(keys in some_integers(), rows in 1_u64..40, bias in some_bias()) {
        let mut table = Table::new(&[KeyKind::Integer], integers(keys), bias);
        let chunks = table.chunks(rows);
        for row in &table.rows {
            prop_assert_eq!(chunks.iter().filter(|chunk| table.contains(chunk, row)).count(), 1);
        }
        // Rows that come later, anywhere, are in one chunk too.
        for value in [i128::from(i64::MIN), -1, 0, 1, 7, 1 << 40, i128::from(u64::MAX)] {
            let row = [Value::of_integer(value)];
            prop_assert_eq!(chunks.iter().filter(|chunk| table.contains(chunk, &row)).count(), 1);
        }
        if bias == 1.0 {
            let sizes = table.sizes(&chunks);
            prop_assert!(sizes.iter().all(|size| *size as u64 <= 2 * rows), "{:?}", sizes);
            let small = sizes.iter().filter(|size| (**size as u64) < rows / 2).count();
            prop_assert!(small <= 1, "{:?}", sizes);
        }
    }

    #[test]
    fn composite_chunks_tile_the_table(
        rows in prop::collection::btree_set((0_i128..6, "[a-cA-C]{0,2}", -3_i128..9), 0..200),
        wanted in 1_u64..20,
        bias in some_bias(),
        order in 0_usize..3,
    ) {
        let text_kind = KeyKind::Text { charset: "latin1".into() };
        let mut kinds = vec![KeyKind::Integer, text_kind, KeyKind::Integer];
        kinds.rotate_left(order);
        let rows = rows.into_iter().map(|(a, b, c)| {
            let mut row = vec![Value::of_integer(a), text(&b), Value::of_integer(c)];
            row.rotate_left(order);
            row
        });
        let mut table = Table::new(&kinds, rows.collect(), bias);
        let chunks = table.chunks(wanted);
        for row in &table.rows {
            prop_assert_eq!(chunks.iter().filter(|chunk| table.contains(chunk, row)).count(), 1);
        }
        for (a, b, c) in [(-1, "", 0), (3, "bb", 100), (9, "z", 4)] {
            let mut row = vec![Value::of_integer(a), text(b), Value::of_integer(c)];
            row.rotate_left(order);
            prop_assert_eq!(chunks.iter().filter(|chunk| table.contains(chunk, &row)).count(), 1);
        }
    }
}
