//! Metadata of a dump that was made in several phases, each by a dump into the same directory. Values of a later phase
//! replace those of an earlier one.

use super::model::{ConfigSection, DatabaseEntry, Guarantee, TableEntry};

impl TableEntry {
    /// The section after an earlier phase had one for the same table. `has_rows`: the later has dumped its rows.
    #[must_use]
    pub fn after(self, earlier: TableEntry, has_rows: bool) -> TableEntry {
        let definition = TableEntry {
            schema_checksum: self.schema_checksum.or(earlier.schema_checksum),
            indexes_checksum: self.indexes_checksum.or(earlier.indexes_checksum),
            ..self
        };
        if has_rows {
            return definition;
        }
        TableEntry {
            rows: earlier.rows.or(definition.rows),
            columns: earlier.columns,
            columns_named: earlier.columns_named,
            data_checksum: earlier.data_checksum,
            hashed_columns: earlier.hashed_columns,
            hashed_history: earlier.hashed_history,
            chunks: earlier.chunks,
            ..definition
        }
    }

    /// Whether rows were dumped.
    pub fn has_rows(&self) -> bool {
        self.rows.is_some_and(|rows| rows > 0) || !self.chunks.is_empty()
    }

    /// Forgets hashes that cannot be computed as the other phase's.
    pub fn forget_hashes(&mut self) {
        (self.hashed_columns, self.hashed_history) = (None, false);
        self.chunks.clear();
    }
}

impl DatabaseEntry {
    /// The section after an earlier phase had one for the same database.
    #[must_use]
    pub fn after(self, earlier: &DatabaseEntry) -> DatabaseEntry {
        DatabaseEntry {
            schema_checksum: self.schema_checksum.or(earlier.schema_checksum),
            post_checksum: self.post_checksum.or(earlier.post_checksum),
            events_checksum: self.events_checksum.or(earlier.events_checksum),
            triggers_checksum: self.triggers_checksum.or(earlier.triggers_checksum),
        }
    }
}

/// Which phases have dumped rows that are still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowsOf {
    /// An earlier one.
    pub earlier: bool,
    /// The last.
    pub last: bool,
}

impl ConfigSection {
    /// The section after an earlier phase had one. Numbers of files and sequences are those of all phases already.
    #[must_use]
    pub fn after(self, earlier: &ConfigSection, rows: RowsOf) -> ConfigSection {
        let (guarantee, guarantee_by) = match rows {
            RowsOf { earlier: false, .. } => (self.guarantee, self.guarantee_by),
            RowsOf { last: false, .. } => (earlier.guarantee, earlier.guarantee_by.clone()),
            RowsOf { .. } => {
                let by = "the rows of several dumps into one directory (--dirty), each of its own point in time";
                (Some(Guarantee::None), Some(by.to_owned()))
            }
        };
        let hashes = if rows.last { (self.row_hash, self.row_hash_time_zone) } else { earlier.hashes() };
        ConfigSection {
            max_statement_size: self.max_statement_size.max(earlier.max_statement_size),
            guarantee,
            guarantee_by,
            row_hash: hashes.0,
            row_hash_time_zone: hashes.1,
            ..self
        }
    }

    /// Whether hashes of rows are computed in the same way.
    pub fn hashes_as(&self, other: &ConfigSection) -> bool {
        self.hashes() == other.hashes()
    }

    fn hashes(&self) -> (Option<String>, Option<String>) {
        (self.row_hash.clone(), self.row_hash_time_zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::row_hash::{ChunkRows, RowsDigest, Selection};

    fn of_rows(rows: u64, checksum: u64) -> TableEntry {
        let chunk = |rows| ChunkRows {
            number: 0,
            rows: RowsDigest { count: rows, ..RowsDigest::default() },
            selection: Selection::All,
        };
        TableEntry {
            rows: Some(rows),
            data_checksum: Some(checksum),
            hashed_columns: Some("`id`".into()),
            chunks: vec![chunk(rows)],
            ..TableEntry::default()
        }
    }

    #[test]
    fn rows_are_those_of_the_last_phase_that_dumped_them() {
        let definition = TableEntry { rows: Some(0), ..TableEntry::default() };
        assert_eq!(of_rows(3, 1).after(definition.clone(), true), of_rows(3, 1));
        assert_eq!(definition.clone().after(of_rows(3, 1), false), of_rows(3, 1));
        assert_eq!(of_rows(4, 2).after(of_rows(3, 1), true), of_rows(4, 2));
        let without = TableEntry { data_checksum: None, ..of_rows(4, 2) };
        assert_eq!(without.clone().after(of_rows(3, 1), true), without);
        assert!(of_rows(3, 1).has_rows() && !definition.has_rows());
    }

    #[test]
    fn only_rows_of_one_phase_have_a_guarantee() {
        let of = |guarantee, hash: Option<&str>, size| ConfigSection {
            guarantee: Some(guarantee),
            row_hash: hash.map(str::to_owned),
            max_statement_size: Some(size),
            ..ConfigSection::default()
        };
        let (point, tables) = (Guarantee::PointInTime, Guarantee::TransactionalTables);
        for (rows, guarantee, hash) in [
            (RowsOf { earlier: false, last: true }, point, Some("new")),
            (RowsOf { earlier: false, last: false }, point, Some("old")),
            (RowsOf { earlier: true, last: false }, tables, Some("old")),
            (RowsOf { earlier: true, last: true }, Guarantee::None, Some("new")),
        ] {
            let merged = of(point, Some("new"), 5).after(&of(tables, Some("old"), 7), rows);
            assert_eq!((merged.guarantee, merged.row_hash.as_deref()), (Some(guarantee), hash), "{rows:?}");
            assert_eq!(merged.max_statement_size, Some(7));
        }
    }
}
