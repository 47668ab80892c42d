//! How many rows a chunk is to have.

use std::time::Duration;

/// Without `--rows`, a chunk has as many bytes as this, by the server's estimate, or fewer.
pub const LARGEST_CHUNK: u64 = 128 << 20;
/// And not fewer than this, so that small tables stay in one piece.
const SMALLEST_CHUNK: u64 = 8 << 20;
/// How many chunks each worker should find in a large table, so that all end at about the same time.
const CHUNKS_PER_WORKER: u64 = 8;

/// How the size of a table's chunks is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkSizing {
    /// By the table's length and the number of threads.
    Automatic,
    /// The same, with `--rows-hard` at least and at most so many rows.
    Within {
        /// The fewest.
        min: u64,
        /// The most.
        max: u64,
    },
    /// `--rows`.
    Rows(ChunkSize),
}

impl ChunkSizing {
    /// The size to begin with, for a table of so many rows and bytes by the server's estimate.
    pub fn of_table(&self, rows: u64, bytes: u64, threads: usize) -> ChunkSize {
        match self {
            ChunkSizing::Rows(size) => size.clone(),
            ChunkSizing::Within { min, max } => {
                let size = ChunkSizing::Automatic.of_table(rows, bytes, threads).rows();
                ChunkSize::steady(size.max(*min).min(*max))
            }
            ChunkSizing::Automatic => {
                let share = bytes / (threads as u64 * CHUNKS_PER_WORKER);
                let chunks = bytes.div_ceil(share.clamp(SMALLEST_CHUNK, LARGEST_CHUNK)).max(1);
                ChunkSize::steady(rows.div_ceil(chunks))
            }
        }
    }
}

/// Rows of a chunk, which may follow the time that the chunks before it took, `--rows=MIN:START:MAX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkSize {
    rows: u64,
    min: u64,
    max: u64,
    longest: Duration,
}

impl ChunkSize {
    /// As many rows for each chunk.
    pub fn steady(rows: u64) -> ChunkSize {
        ChunkSize { rows: rows.max(1), min: rows, max: rows, longest: Duration::MAX }
    }

    /// From `start` rows on, between `min` and `max` (0 is no bound), so that no SELECT takes longer than `longest`.
    pub fn adaptive(min: u64, start: u64, max: u64, longest: Duration) -> ChunkSize {
        let max = if max == 0 { u64::MAX } else { max };
        ChunkSize { rows: start.max(1), min: min.max(1), max, longest }
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
    fn a_large_table_gives_each_worker_several_chunks_and_a_small_one_stays_whole() {
        let rows = |bytes, threads| ChunkSizing::Automatic.of_table(1_000_000, bytes, threads).rows();
        // Up to 8 MiB are one chunk.
        assert_eq!(rows(0, 4), 1_000_000);
        assert_eq!(rows(8 << 20, 4), 1_000_000);
        assert_eq!(rows((8 << 20) + 1, 4), 500_000);
        // 1 GiB for 4 workers: 32 MiB each time; 64 GiB: no more than 128 MiB.
        assert_eq!(rows(1 << 30, 4), 1_000_000 / 32);
        assert_eq!(rows(64 << 30, 4), 1_000_000_u64.div_ceil(512));
        let within = |min, max| ChunkSizing::Within { min, max }.of_table(1_000_000, 1 << 30, 4).rows();
        assert_eq!([within(0, 100), within(0, 1 << 40), within(500_000, u64::MAX)], [100, 1_000_000 / 32, 500_000]);
    }

    #[test]
    fn chunks_grow_and_shrink_between_their_bounds() {
        let second = Duration::from_secs(1);
        let mut chunk_size = ChunkSize::adaptive(100, 400, 1000, 2 * second);
        let mut rows = |rows, took| {
            chunk_size.learn(rows, took);
            chunk_size.rows()
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
        let mut unbounded = ChunkSize::adaptive(0, u64::MAX / 2 + 1, 0, second);
        unbounded.learn(u64::MAX, Duration::ZERO);
        assert_eq!(unbounded.rows(), u64::MAX);
    }

    #[test]
    fn a_steady_size_stays() {
        let mut chunk_size = ChunkSize::steady(1000);
        chunk_size.learn(1000, Duration::ZERO);
        chunk_size.learn(1000, Duration::from_secs(100));
        assert_eq!(chunk_size.rows(), 1000);
        assert_eq!(ChunkSize::steady(0).rows(), 1);
    }
}
