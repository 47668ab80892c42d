//! What of tables is compared with the dump, part by part, and what is found.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use common::backup::file_name::TableFileName;
use common::backup::row_hash::{ChunkRows, RowsDigest, Selection};

use crate::jobs::job::Job;
use crate::jobs::outcome::Compared;
use crate::jobs::target::{Comparison, Part};

/// So many ranges are named of a table.
const RANGES: usize = 10;

/// What is compared, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Verification {
    /// Whether tables may have keys that the dump was not cut by.
    pub(super) ranges_may_miss_rows: bool,
    /// Tables that have files of rows.
    pub(super) with_files: BTreeSet<TableFileName>,
    waiting: VecDeque<(Arc<Comparison>, Parts)>,
    running: BTreeMap<TableFileName, ComparisonProgress>,
    pub(super) verified: Verified,
    pub(super) differences: Vec<Difference>,
}

/// Parts of a table that are not given out yet.
#[derive(Debug)]
enum Parts {
    /// The chunks from this one on.
    Chunks(usize),
    /// This one.
    Last(Part),
}

/// What was found of a table.
#[derive(Debug, Default)]
struct ComparisonProgress {
    /// Parts that are to be compared, and those that were.
    parts: usize,
    done: usize,
    /// In all chunks.
    chunks: Option<RowsDigest>,
    /// In the whole table, where it was looked at.
    whole: Option<RowsDigest>,
    /// The number of all rows, where they were counted.
    count: Option<u64>,
    /// Chunks whose rows are others, or as many as are to be named, with what was found.
    other: Vec<(usize, RowsDigest)>,
    others: usize,
    impossible: Option<String>,
}

/// Tables that have the rows of the dump.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    pub tables: u64,
    pub rows: u64,
    /// How many of the tables were only counted, though hashes were asked for: the dump has none of them.
    pub counted: u64,
}

/// Something that is not as in the dump, as a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What: `table shop.orders`, by its name on the server.
    pub object: String,
    /// What is different, a line each.
    pub lines: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.lines.join("\n  "))
    }
}

impl Verification {
    /// A file with rows is there.
    pub(super) fn has_file(&mut self, table: &TableFileName) {
        if !self.with_files.contains(table) {
            self.with_files.insert(table.clone());
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn add(&mut self, comparison: Comparison) {
        let (by_chunks, count) = self.first_parts(&comparison);
        let comparison = Arc::new(comparison);
        if by_chunks {
            self.waiting.push_back((Arc::clone(&comparison), Parts::Chunks(0)));
        }
        if count {
            self.waiting.push_back((comparison, Parts::Last(Part::Count)));
        }
    }

    /// Whether a table is compared by its chunks, and whether all its rows are counted: see [`Comparison::is_as_dumped`].
    fn first_parts(&self, comparison: &Comparison) -> (bool, bool) {
        let by_chunks = comparison.columns.is_some() || !comparison.is_cut();
        (by_chunks, !by_chunks || (self.ranges_may_miss_rows && comparison.is_cut()))
    }

    /// The next part, if one is left.
    pub(super) fn next(&mut self) -> Option<Job> {
        let (by_chunks, count) = self.first_parts(&self.waiting.front()?.0);
        let (comparison, parts) = self.waiting.front_mut()?;
        let comparison = Arc::clone(comparison);
        let part = match parts {
            Parts::Chunks(next) => {
                *next += 1;
                Part::Chunk(*next - 1)
            }
            Parts::Last(part) => *part,
        };
        if !matches!(parts, Parts::Chunks(next) if *next < comparison.chunks.len()) {
            self.waiting.pop_front();
        }
        let chunks = if by_chunks { comparison.chunks.len() } else { 0 };
        let parts = chunks + usize::from(count);
        self.running
            .entry(comparison.table.clone())
            .or_insert_with(|| ComparisonProgress { parts, ..ComparisonProgress::default() });
        Some(Job::Compare(comparison, part))
    }

    /// A part was compared.
    pub(super) fn compared(&mut self, comparison: &Arc<Comparison>, part: Part, compared: Compared) {
        let Some(progress) = self.running.get_mut(&comparison.table) else { return };
        progress.done += 1;
        match compared {
            Compared::Rows(found) => progress.add(comparison, part, found),
            Compared::Impossible(why) => progress.impossible = Some(why),
        }
        if progress.done < progress.parts {
            return;
        }
        let Some(progress) = self.running.remove(&comparison.table) else { return };
        let lines = match (&progress.impossible, comparison.is_as_dumped(&progress)) {
            (Some(why), _) => vec![format!("cannot be compared: {why}")],
            (None, true) => {
                self.verified.tables += 1;
                self.verified.rows += comparison.expected().count;
                self.verified.counted += u64::from(comparison.only_counted);
                return;
            }
            (None, false) => match comparison.still_to_look_at(&progress) {
                Some((more, parts)) => {
                    let progress = ComparisonProgress { parts: progress.parts + more, ..progress };
                    self.running.insert(comparison.table.clone(), progress);
                    self.waiting.push_front((Arc::clone(comparison), parts));
                    return;
                }
                None => comparison.lines(&progress),
            },
        };
        self.differences.push(Difference { object: format!("table {}", comparison.name), lines });
    }
}

impl ComparisonProgress {
    fn add(&mut self, comparison: &Comparison, part: Part, found: RowsDigest) {
        match part {
            Part::Count => self.count = Some(found.count),
            Part::Whole => self.whole = Some(found),
            Part::Chunk(index) => {
                self.chunks.get_or_insert_default().add(found);
                if comparison.chunks.get(index).is_some_and(|chunk| !comparison.is_same(found, chunk.rows)) {
                    self.others += 1;
                    if self.other.len() < RANGES {
                        self.other.push((index, found));
                    }
                }
            }
        }
    }
}

/// Chunks are ranges of a key. On the server that they are of they are all of the table, and no row is in two. Where keys
/// have another order, say by another collation, they need not be; and a key that is NULL is in none. So chunks whose
/// hashes add up to those of the dump prove that its rows are there, and the number of rows that there are no others. If
/// they do not add up, the whole table is looked at once more, and it alone decides.
impl Comparison {
    /// Whether the chunks need not be all of the table.
    fn is_cut(&self) -> bool {
        self.chunks.iter().any(|chunk| chunk.selection != Selection::All)
    }

    /// All rows of the dump.
    fn expected(&self) -> RowsDigest {
        let mut expected = RowsDigest::default();
        self.chunks.iter().for_each(|chunk| expected.add(chunk.rows));
        expected
    }

    /// Whether rows are the same as far as they are compared.
    fn is_same(&self, found: RowsDigest, expected: RowsDigest) -> bool {
        found.count == expected.count && (self.columns.is_none() || found.hash == expected.hash)
    }

    /// Whether all rows are, and their stored generated columns.
    fn are_all_same(&self, found: RowsDigest) -> bool {
        self.is_same(found, self.expected())
            && self.generated.as_ref().is_none_or(|generated| found.generated == generated.hash)
    }

    fn is_as_dumped(&self, progress: &ComparisonProgress) -> bool {
        let expected = self.expected();
        let ComparisonProgress { chunks, whole, count, .. } = progress;
        match whole {
            Some(whole) => self.are_all_same(*whole),
            None if self.columns.is_none() && self.is_cut() => *count == Some(expected.count),
            None => {
                chunks.is_some_and(|chunks| self.are_all_same(chunks))
                    && count.is_none_or(|count| count == expected.count)
            }
        }
    }

    /// What else shows where a difference is, or whether there is one: this many parts.
    fn still_to_look_at(&self, progress: &ComparisonProgress) -> Option<(usize, Parts)> {
        let ComparisonProgress { chunks, whole, .. } = progress;
        match (self.columns.is_some(), chunks, whole) {
            _ if !self.is_cut() => None,
            (true, Some(_), None) => Some((1, Parts::Last(Part::Whole))),
            (false, None, _) => Some((self.chunks.len(), Parts::Chunks(0))),
            _ => None,
        }
    }

    fn lines(&self, progress: &ComparisonProgress) -> Vec<String> {
        let count = progress.count.map(|count| RowsDigest { count, ..RowsDigest::default() });
        let chunks = progress.chunks.unwrap_or_default();
        let found = progress.whole.or(count).unwrap_or(chunks);
        if let Some(generated) = self.generated.as_ref().filter(|_| self.is_same(found, self.expected())) {
            return vec![format!(
                "{} rows as in the dump, but with other values in the stored generated columns {}: hash {}, in the dump {} \
                 (they are computed with the time zone and sql_mode of the session that inserts)",
                found.count,
                generated.columns.replace(char::is_control, " "),
                found.generated,
                generated.hash
            )];
        }
        let mut lines = vec![self.line(found, self.expected())];
        if !self.is_cut() {
            return lines;
        }
        if !self.is_same(found, chunks) {
            lines.push(
                "  the dump's ranges do not cover the whole table here, or overlap, so none can be named".to_owned(),
            );
            return lines;
        }
        let mut other = progress.other.clone();
        other.sort_unstable_by_key(|(index, _)| *index);
        for (index, found) in other {
            let Some(ChunkRows { rows, selection, .. }) = self.chunks.get(index) else { continue };
            let range = selection.to_string().replace(char::is_control, " ");
            lines.push(format!("  {range}: {}", self.line(found, *rows)));
        }
        if progress.others > RANGES {
            lines.push(format!("  and {} further ranges", progress.others - RANGES));
        }
        lines
    }

    fn line(&self, found: RowsDigest, expected: RowsDigest) -> String {
        let (count, dumped) = (found.count, expected.count);
        match self.columns {
            Some(_) if count == dumped => {
                format!(
                    "{count} rows as in the dump, but with different content: hash {}, in the dump {}",
                    found.hash, expected.hash
                )
            }
            _ => format!("{count} rows, in the dump {dumped}"),
        }
    }
}
