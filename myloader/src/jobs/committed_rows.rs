//! What tables are known to hold, so that a COMMIT whose answer never came can be settled by counting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use common::process::sync::lock;
use common::server::connection::{Connection, ServerError};
use common::server::error_codes;
use common::sql::name::QualifiedName;

/// What is known of one table's rows, shared by all who load it.
///
/// Whoever commits holds it, from before the COMMIT until its outcome is known: so at most one COMMIT of a
/// table is in doubt.
#[derive(Clone, Debug, Default)]
pub struct CommittedRows(Arc<Mutex<RowCount>>);

/// See [`CommittedRows`].
#[derive(Clone, Copy, Debug, Default)]
pub struct RowCount {
    /// How many are committed; `None` until the rows from before the restore are counted.
    pub committed: Option<u64>,
    /// Whether all of them are ours, so that the table may be emptied and loaded from the start.
    pub ours: bool,
    /// Whether a COMMIT was sent whose outcome is unknown: then no other may follow.
    pub in_doubt: bool,
}

impl PartialEq for CommittedRows {
    /// Tables are compared by their names, whatever was loaded meanwhile.
    fn eq(&self, _: &CommittedRows) -> bool {
        true
    }
}

impl Eq for CommittedRows {}

/// The outcome of a COMMIT.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of it is there.
    Committed,
    /// Nothing of it is there.
    RolledBack,
    /// Something else added or removed rows.
    Unknown,
}

impl CommittedRows {
    /// For a table with this many rows, all of them ours.
    pub fn of_own_table(committed: u64) -> CommittedRows {
        let rows = CommittedRows::default();
        rows.all_ours(committed);
        rows
    }

    /// The table was emptied, or has only what an earlier run has loaded since.
    pub fn all_ours(&self, committed: u64) {
        *self.lock() = RowCount { committed: Some(committed), ours: true, in_doubt: false };
    }

    /// Keeps all others from committing.
    pub fn lock(&self) -> MutexGuard<'_, RowCount> {
        lock(&self.0)
    }
}

/// The committed rows of all tables, because a server that crashes may lose some of them.
#[derive(Default)]
pub struct CommittedRowsByTable(Mutex<BTreeMap<QualifiedName, CommittedRows>>);

impl CommittedRowsByTable {
    /// A table gets rows.
    pub fn add(&self, table: &QualifiedName, rows: &CommittedRows) {
        let mut tables = lock(&self.0);
        if !tables.contains_key(table) {
            tables.insert(table.clone(), rows.clone());
        }
    }

    /// Tables that lack committed rows, as messages.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn find_lost(&self, connection: &mut Connection, mariadb: bool) -> Result<Vec<String>, ServerError> {
        let tables = lock(&self.0);
        let mut lost = Vec::new();
        for (table, rows) in tables.iter() {
            let Some(committed) = rows.lock().committed else { continue };
            match count(connection, table, mariadb) {
                Ok(counted) if counted == committed => {}
                Ok(counted) => lost.push(format!("table {table} has {counted} of {committed} committed rows")),
                Err(error) if error.server_code().is_some() => lost.push(format!("table {table}: {error}")),
                Err(error) => return Err(error),
            }
        }
        Ok(lost)
    }
}

/// The outcome of a transaction that adds `net` rows to `known`, when the table has `counted`.
pub fn settle(known: u64, net: i64, counted: u64) -> Verdict {
    if counted == known {
        // If the count does not change, replaying is safe: its rows are there, or replaced by themselves.
        Verdict::RolledBack
    } else if Some(counted) == known.checked_add_signed(net) {
        Verdict::Committed
    } else {
        Verdict::Unknown
    }
}

/// Counts the committed rows of a table, with those of its history.
pub fn count(connection: &mut Connection, table: &QualifiedName, mariadb: bool) -> Result<u64, ServerError> {
    let mut ask = |history: &str| {
        // Whatever the server's own level is: rows that others have not committed do not count.
        connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")?;
        let row = connection.query_first(format!("SELECT COUNT(*) FROM {}{history}", table.to_sql()))?;
        Ok(row.and_then(|row| row.number(0)).unwrap_or_default())
    };
    if !mariadb {
        return ask("");
    }
    match ask(" FOR SYSTEM_TIME ALL") {
        Err(error)
            if matches!(ServerError::server_code(&error), Some(error_codes::NOT_VERSIONED | error_codes::SYNTAX)) =>
        {
            ask("")
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_settles_a_commit() {
        assert_eq!(settle(10, 5, 15), Verdict::Committed);
        assert_eq!(settle(10, 5, 10), Verdict::RolledBack);
        assert_eq!(settle(10, 0, 10), Verdict::RolledBack);
        assert_eq!(settle(10, -2, 8), Verdict::Committed);
        assert_eq!(settle(10, 5, 12), Verdict::Unknown);
        assert_eq!(settle(1, -2, 0), Verdict::Unknown);
    }
}
