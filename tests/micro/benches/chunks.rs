//! mydumper: a table split to its end, with the conditions of its chunks. Keys are in memory and estimates are exact, so
//! that the time is that of the splitter and of few binary searches. Throughput is in chunks.

use std::convert::Infallible;
use std::hint::black_box;
use std::ops::Range;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mydumper_modules::plan::chunk::range::{KeyRange, Lower};
use mydumper_modules::plan::chunk::{Key, KeyColumn, KeyKind, KeyLookup, Remainder, Value};

const ROWS: u64 = 1_000_000;
const CHUNK: u64 = 1_000;

/// Keys of one or two columns, in their order.
struct Table {
    kind: KeyKind,
    columns: usize,
    rows: Vec<[u64; 2]>,
}

impl Table {
    fn new(kind: KeyKind, columns: usize, row: impl Fn(u64) -> [u64; 2]) -> Table {
        Table { kind, columns, rows: (0..ROWS).map(row).collect() }
    }

    fn key(&self) -> Key {
        let column = |number| KeyColumn { name: format!("c{number}"), kind: self.kind.clone() };
        Key { index: "PRIMARY".to_owned(), columns: (0..self.columns).map(column).collect() }
    }

    /// A column's value. Texts are padded, so that their order is that of the numbers.
    fn value(&self, row: usize, column: usize) -> Option<Value> {
        let number = self.rows.get(row)?[column];
        Some(match self.kind {
            KeyKind::Integer => Value::of_integer(number.into()),
            _ => Value(format!("{number:012}").into_bytes()),
        })
    }

    /// The rows of a range.
    fn rows_in(&self, range: &KeyRange) -> Range<usize> {
        let mut rows = 0..self.rows.len();
        for (column, value) in range.prefix.iter().enumerate() {
            let number = number(value);
            rows = self.below(&rows, column, number)..self.below(&rows, column, number + 1);
        }
        let column = range.prefix.len();
        let start = match &range.from {
            None => rows.start,
            Some(Lower::At(value)) => self.below(&rows, column, number(value)),
            Some(Lower::After(value)) => self.below(&rows, column, number(value) + 1),
        };
        let end = range.to.as_ref().map_or(rows.end, |to| self.below(&rows, column, number(to)));
        start..end.max(start)
    }

    /// The first of these rows whose column is not below a number.
    fn below(&self, rows: &Range<usize>, column: usize, bound: i128) -> usize {
        rows.start + self.rows[rows.clone()].partition_point(|row| i128::from(row[column]) < bound)
    }

    /// Splits to the end. Returns the number of chunks.
    fn split(&mut self) -> u64 {
        let key = self.key();
        let mut chunks = 0;
        let mut left = Some(Remainder::whole_table());
        while let Some(remainder) = left {
            let Ok(split) = remainder.split_off(&key, CHUNK, self);
            black_box(split.chunk.predicate(&key));
            left = split.remainder;
            chunks += 1;
        }
        chunks
    }
}

fn number(value: &Value) -> i128 {
    value.to_integer().expect("all values are numbers")
}

impl KeyLookup for Table {
    type Error = Infallible;

    fn estimate(&mut self, range: &KeyRange) -> Result<u64, Infallible> {
        Ok(self.rows_in(range).len() as u64)
    }

    fn first(&mut self, range: &KeyRange) -> Result<Option<Value>, Infallible> {
        self.nth(range, 0)
    }

    fn last(&mut self, range: &KeyRange) -> Result<Option<Value>, Infallible> {
        let rows = self.rows_in(range);
        Ok(rows.clone().last().and_then(|row| self.value(row, range.prefix.len())))
    }

    fn nth(&mut self, range: &KeyRange, offset: u64) -> Result<Option<Value>, Infallible> {
        let row = self.rows_in(range).nth(offset as usize);
        Ok(row.and_then(|row| self.value(row, range.prefix.len())))
    }

    fn finds(&mut self, range: &KeyRange, value: &Value, low: Option<&Value>) -> Result<bool, Infallible> {
        let rows = self.rows_in(range);
        let column = range.prefix.len();
        let found = self.below(&rows, column, number(value)) < self.below(&rows, column, number(value) + 1);
        Ok(found && low.is_none_or(|low| number(value) > number(low)))
    }
}

fn benches(criterion: &mut Criterion) {
    let text = || KeyKind::Text { charset: "utf8mb4".to_owned() };
    let tables = [
        ("dense integers", Table::new(KeyKind::Integer, 1, |row| [row, 0])),
        // Bursts of ten rows, and ever wider gaps between them.
        ("integers with gaps", Table::new(KeyKind::Integer, 1, |row| [(row / 10).pow(3) + row, 0])),
        ("texts", Table::new(text(), 1, |row| [row, 0])),
        ("groups of 10,000 integers", Table::new(KeyKind::Integer, 2, |row| [row / 10_000, row % 10_000])),
    ];
    let mut group = criterion.benchmark_group("chunks");
    for (name, mut table) in tables {
        let chunks = table.split();
        assert!(chunks > 1, "{name}: the table was not split");
        group.throughput(Throughput::Elements(chunks));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| bencher.iter(|| table.split()));
    }
}

criterion_group!(chunks, benches);
criterion_main!(chunks);
