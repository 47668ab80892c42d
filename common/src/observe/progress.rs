//! Progress: a line on the terminal that is kept current, elsewhere a log line every 30 seconds.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded, never, select, tick};
use indicatif::{HumanCount, HumanDuration};

use crate::observe::console::ProgressLine;
use crate::observe::logging::SUMMARY;
use crate::observe::wording::{bytes, count};

const TERMINAL_INTERVAL: Duration = Duration::from_millis(250);
const LOG_INTERVAL: Duration = Duration::from_secs(30);

/// What was done so far, added up by all threads.
#[derive(Debug, Default)]
pub struct Counters {
    rows: AtomicU64,
    bytes: AtomicU64,
    tables: AtomicU64,
    total_tables: AtomicU64,
    total_rows: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Rows dumped or restored.
    pub rows: u64,
    /// Bytes of rows, before compression.
    pub bytes: u64,
    /// Tables done.
    pub tables: u64,
}

/// A number as messages have it, with commas between thousands.
pub fn number(number: u64) -> impl fmt::Display {
    HumanCount(number)
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", count(self.tables, "table"), count(self.rows, "row"), bytes(self.bytes))
    }
}

impl Counters {
    /// Adds rows that were dumped or restored, and their size in the files before compression.
    pub fn add_rows(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Adds a finished table.
    pub fn add_table(&self) {
        self.tables.fetch_add(1, Ordering::Relaxed);
    }

    /// What there is to do: tables, and the estimated rows (0 if unknown).
    pub fn expect(&self, tables: u64, rows: u64) {
        self.total_tables.store(tables, Ordering::Relaxed);
        self.total_rows.store(rows, Ordering::Relaxed);
    }

    /// What was done so far.
    pub fn totals(&self) -> Totals {
        Totals {
            rows: self.rows.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            tables: self.tables.load(Ordering::Relaxed),
        }
    }

    fn line(&self, elapsed: Duration) -> String {
        let total_tables = self.total_tables.load(Ordering::Relaxed);
        line(self.totals(), total_tables, self.total_rows.load(Ordering::Relaxed), elapsed)
    }
}

/// Shows the counters until it is dropped.
pub struct Progress {
    counters: Arc<Counters>,
    done: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts to show progress, unless `quiet`.
    pub fn start(quiet: bool) -> Progress {
        let counters = Arc::new(Counters::default());
        let (done, ended) = bounded::<()>(0);
        let shown = Arc::clone(&counters);
        let started = Instant::now();
        let show = move || {
            let line = ProgressLine::on_terminal();
            let ticks = match line {
                _ if quiet => never(),
                Some(_) => tick(TERMINAL_INTERVAL),
                None => tick(LOG_INTERVAL),
            };
            loop {
                select! {
                    recv(ticks) -> _ => match &line {
                        Some(line) => line.show(shown.line(started.elapsed())),
                        None => tracing::info!(target: SUMMARY, "{}", shown.line(started.elapsed())),
                    },
                    recv(ended) -> _ => break,
                }
            }
        };
        // The work does not depend on this thread.
        let thread = std::thread::Builder::new().name("progress".into()).spawn(show).ok();
        Progress { counters, done: Some(done), thread }
    }

    /// The counters to add to.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The text of a progress line. The rate is of bytes before compression.
fn line(totals: Totals, total_tables: u64, total_rows: u64, elapsed: Duration) -> String {
    let rate = totals.bytes as f64 / elapsed.as_secs_f64().max(0.001);
    let done = match total_tables {
        0 => totals.to_string(),
        total => {
            let (rows, size) = (count(totals.rows, "row"), bytes(totals.bytes));
            format!("{} of {}, {rows}, {size}", HumanCount(totals.tables), count(total, "table"))
        }
    };
    let mut line = format!("{done}, {}/s", bytes(rate as u64));
    // The total is the server's estimate. If it proves too low, the time left is unknown.
    if totals.rows > 0 && total_rows > totals.rows {
        let left = elapsed.as_secs_f64() * ((total_rows - totals.rows) as f64 / totals.rows as f64);
        // An absurd estimate may overflow the time.
        if let Ok(left) = Duration::try_from_secs_f64(left) {
            line.push_str(&format!(", about {} left", HumanDuration(left)));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_tables_rows_bytes_rate_and_time_left() {
        let totals = Totals { rows: 1_500_000, bytes: 300 << 20, tables: 4 };
        assert_eq!(
            line(totals, 10, 3_000_000, Duration::from_secs(10)),
            "4 of 10 tables, 1,500,000 rows, 300.0 MiB, 30.0 MiB/s, about 10 seconds left"
        );
        assert_eq!(
            line(Totals { rows: 5, bytes: 1024, tables: 0 }, 0, 0, Duration::from_secs(1)),
            "0 tables, 5 rows, 1.0 KiB, 1.0 KiB/s"
        );
        assert_eq!(
            line(Totals { rows: 1, bytes: 12, tables: 1 }, 1, 1, Duration::from_secs(1)),
            "1 of 1 table, 1 row, 12 B, 12 B/s"
        );
    }
}
