//! What tables are known to hold, so that a COMMIT whose answer never came can be settled by counting.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::connection::{Connection, Error};
use common::name::QualifiedName;

/// How many rows are known to be committed in one table, shared by all who load it; `None` as long as nobody has looked
/// how many there were before.
///
/// Whoever commits holds it, from before the COMMIT until it is known what has come of it: so at most one COMMIT of a
/// table is in doubt.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Option<u64>>>);

impl PartialEq for Ledger {
    /// Tables are told apart by their names, whatever was loaded meanwhile.
    fn eq(&self, _: &Ledger) -> bool {
        true
    }
}

impl Eq for Ledger {}

/// What has come of a COMMIT.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of it is there.
    Committed,
    /// Nothing of it is there.
    RolledBack,
    /// Rows came or went that are not ours.
    Unknown,
}

impl Ledger {
    /// Of a table that was just made, or emptied.
    pub fn of_empty_table() -> Ledger {
        Ledger(Arc::new(Mutex::new(Some(0))))
    }

    /// The table was emptied.
    pub fn emptied(&self) {
        *self.open() = Some(0);
    }

    /// Keeps all others from committing.
    pub fn open(&self) -> MutexGuard<'_, Option<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has come of a transaction that would add `net` rows to `known`, when the table has `counted`.
pub fn settle(known: u64, net: i64, counted: u64) -> Verdict {
    if counted == known {
        // One that changes no number is played again without harm: its rows are there, or replaced by themselves.
        Verdict::RolledBack
    } else if Some(counted) == known.checked_add_signed(net) {
        Verdict::Committed
    } else {
        Verdict::Unknown
    }
}

/// Counts the committed rows of a table, with those of its history.
pub fn count(connection: &mut Connection, table: &QualifiedName, mariadb: bool) -> Result<u64, Error> {
    const NOT_VERSIONED: u16 = 4124;
    const SYNTAX: u16 = 1064;
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
        Err(error) if matches!(Error::server_code(&error), Some(NOT_VERSIONED | SYNTAX)) => ask(""),
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
