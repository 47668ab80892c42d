//! Chunks of an integer key: the key's range cut into pieces of equal length.

use common::sql::quote_identifier;

/// A half-open range of key values; `None` is no bound. `i128` holds the values of every integer type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntegerRange {
    /// The first value.
    pub from: Option<i128>,
    /// The first value after the last.
    pub to: Option<i128>,
}

impl IntegerRange {
    /// The condition on the key's column, as SQL.
    pub fn predicate(&self, column: &str) -> Option<String> {
        let column = quote_identifier(column);
        match (self.from, self.to) {
            (None, None) => None,
            (Some(from), None) => Some(format!("{column} >= {from}")),
            (None, Some(to)) => Some(format!("{column} < {to}")),
            (Some(from), Some(to)) => Some(format!("{column} >= {from} AND {column} < {to}")),
        }
    }
}

/// Ranges in order, made one at a time: their number does not matter for memory.
#[derive(Debug, Clone)]
pub struct IntegerRanges {
    min: i128,
    /// Number of values from the least to the greatest, both included.
    span: i128,
    count: i128,
    next: i128,
}

impl IntegerRanges {
    /// `count` ranges over keys between `min` and `max`; fewer when there are not as many values.
    pub fn new(min: i128, max: i128, count: u64) -> IntegerRanges {
        let span = (max - min + 1).max(1);
        IntegerRanges { min, span, count: i128::from(count).clamp(1, span), next: 0 }
    }

    /// The first value of range number `index`.
    fn bound(&self, index: i128) -> i128 {
        // span < 2^65 and index < 2^63: the product fits 128 bits.
        self.min + self.span * index / self.count
    }
}

impl Iterator for IntegerRanges {
    type Item = IntegerRange;

    fn next(&mut self) -> Option<IntegerRange> {
        let index = self.next;
        if index >= self.count {
            return None;
        }
        self.next += 1;
        Some(IntegerRange {
            from: (index > 0).then(|| self.bound(index)),
            to: (index + 1 < self.count).then(|| self.bound(index + 1)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_as_sql() {
        let predicates: Vec<_> = IntegerRanges::new(1, 10, 3).map(|range| range.predicate("i`d")).collect();
        assert_eq!(
            predicates,
            [
                Some("`i``d` < 4".to_owned()),
                Some("`i``d` >= 4 AND `i``d` < 7".to_owned()),
                Some("`i``d` >= 7".to_owned()),
            ]
        );
        assert_eq!(IntegerRanges::new(5, 5, 10).map(|range| range.predicate("id")).collect::<Vec<_>>(), [None]);
    }

    proptest! {
        #[test]
        fn ranges_tile_the_domain(
            a in i128::from(i64::MIN)..=i128::from(u64::MAX),
            b in i128::from(i64::MIN)..=i128::from(u64::MAX),
            narrow in prop::option::of(0_i128..50),
            count in 1_u64..300,
        ) {
            let (min, max) = (a.min(b), a.max(b));
            let max = narrow.map_or(max, |width| min + width);
            let ranges: Vec<_> = IntegerRanges::new(min, max, count).collect();
            prop_assert!(ranges.len() as u64 <= count);
            prop_assert_eq!(ranges[0].from, None);
            prop_assert_eq!(ranges[ranges.len() - 1].to, None);
            for pair in ranges.windows(2) {
                prop_assert_eq!(pair[0].to, pair[1].from);
                prop_assert!(pair[0].to.is_some());
            }
            let bounds: Vec<_> = ranges.iter().filter_map(|range| range.to).collect();
            prop_assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(bounds.iter().all(|bound| min < *bound && *bound <= max));
        }
    }
}
