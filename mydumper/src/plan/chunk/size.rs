//! How many rows the next chunk of a table is to have.

use std::time::Duration;

/// Rows of a chunk, which may follow the time that the chunks before it took, `--rows=MIN:START:MAX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    rows: u64,
    min: u64,
    max: u64,
    longest: Duration,
}

impl Pace {
    /// As many rows for each chunk.
    pub fn steady(rows: u64) -> Pace {
        Pace { rows: rows.max(1), min: rows, max: rows, longest: Duration::MAX }
    }

    /// From `start` rows on, between `min` and `max` (0 is no bound), so that no SELECT takes longer than `longest`.
    pub fn adaptive(min: u64, start: u64, max: u64, longest: Duration) -> Pace {
        let max = if max == 0 { u64::MAX } else { max };
        Pace { rows: start.max(1), min: min.max(1), max, longest }
    }

    /// Rows of the next chunk.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes in how long the SELECT of a chunk took.
    pub fn learn(&mut self, rows: u64, took: Duration) {
        if self.min == self.max {
            return;
        }
        if took > self.longest {
            self.rows = (self.rows / 2).max(self.min);
        } else if took < self.longest / 2 && rows >= self.rows / 2 {
            // A chunk that happened to be small says nothing of larger ones.
            self.rows = self.rows.saturating_mul(2).min(self.max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_grow_and_shrink_between_their_bounds() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::adaptive(100, 400, 1000, 2 * second);
        let mut rows = |rows, took| {
            pace.learn(rows, took);
            pace.rows()
        };
        assert_eq!(rows(400, second / 2), 800);
        assert_eq!(rows(800, second / 2), 1000);
        assert_eq!(rows(1000, second), 1000);
        assert_eq!(rows(1000, 3 * second), 500);
        assert_eq!(rows(10, Duration::ZERO), 500);
        assert_eq!(rows(500, 3 * second), 250);
        assert_eq!(rows(250, 3 * second), 125);
        assert_eq!(rows(125, 3 * second), 100);
        assert_eq!(rows(1, 3 * second), 100);
        let mut unbounded = Pace::adaptive(0, u64::MAX / 2 + 1, 0, second);
        unbounded.learn(u64::MAX, Duration::ZERO);
        assert_eq!(unbounded.rows(), u64::MAX);
    }

    #[test]
    fn a_steady_pace_stays() {
        let mut pace = Pace::steady(1000);
        pace.learn(1000, Duration::ZERO);
        pace.learn(1000, Duration::from_secs(100));
        assert_eq!(pace.rows(), 1000);
        assert_eq!(Pace::steady(0).rows(), 1);
    }
}
