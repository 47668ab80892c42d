//! Which session keeps which waiting for a lock.
//!
//! MySQL says who waits for what (`performance_schema`), and who holds what; a holder whose lock is compatible with the one
//! that is wanted is not the cause. MariaDB says only who holds what, and that with the plugin `metadata_lock_info`; what
//! a session waits for follows from its state and its statement. Where nobody says it, sessions in a transaction may be
//! the cause, an idle session without one is not.

use std::collections::BTreeMap;

use crate::observe::printable::printable;
use crate::server::Server;
use crate::server::connection::{Connection, Row};

use super::text;

/// A session waits for another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LockWait {
    pub(super) waiter: u64,
    holder: u64,
    cause: Cause,
}

/// Why the holder keeps the waiter waiting.
#[derive(Debug, PartialEq, Eq)]
enum Cause {
    /// It holds this lock.
    Holds(String),
    /// It is in a transaction; the server does not say more.
    InTransaction,
    /// A table cannot be closed before the statement ends.
    RunsStatement,
}

impl LockWait {
    /// The holder and its lock.
    pub(super) fn describe(&self, sessions: &BTreeMap<u64, &Row>) -> String {
        let session = match sessions.get(&self.holder) {
            Some(row) => {
                let text = |column| text(row, column);
                let (user, host, command, time) = (text("User"), text("Host"), text("Command"), text("Time"));
                format!("session {} ({user}@{host}, {command}, {time} s)", self.holder)
            }
            None => format!("session {}", self.holder),
        };
        match &self.cause {
            Cause::Holds(what) => format!("{session} holds {what}"),
            Cause::InTransaction => format!("{session} is in a transaction and may hold the lock"),
            Cause::RunsStatement => format!("{session} runs a statement"),
        }
    }
}

/// MySQL's metadata locks: waiting session, holder, what, and the types of both locks.
const MYSQL_METADATA_LOCKS: &str = "SELECT DISTINCT waiter.PROCESSLIST_ID, holder.PROCESSLIST_ID, \
     IF(wanted.OBJECT_TYPE = 'TABLE', CONCAT('a lock on ', wanted.OBJECT_SCHEMA, '.', wanted.OBJECT_NAME), \
        CONCAT('the ', LOWER(REPLACE(wanted.OBJECT_TYPE, ' LOCK', '')), ' lock')), wanted.LOCK_TYPE, held.LOCK_TYPE \
     FROM performance_schema.metadata_locks wanted JOIN performance_schema.metadata_locks held \
     ON held.OBJECT_TYPE = wanted.OBJECT_TYPE AND held.OBJECT_SCHEMA <=> wanted.OBJECT_SCHEMA \
     AND held.OBJECT_NAME <=> wanted.OBJECT_NAME AND held.LOCK_STATUS = 'GRANTED' \
     AND held.OWNER_THREAD_ID <> wanted.OWNER_THREAD_ID \
     JOIN performance_schema.threads waiter ON waiter.THREAD_ID = wanted.OWNER_THREAD_ID \
     JOIN performance_schema.threads holder ON holder.THREAD_ID = held.OWNER_THREAD_ID \
     WHERE wanted.LOCK_STATUS = 'PENDING'";
/// MySQL's locks on rows: waiting session, holder, what.
const MYSQL_ROW_LOCKS: &str = "SELECT DISTINCT waiter.PROCESSLIST_ID, holder.PROCESSLIST_ID, \
     CONCAT('a lock on ', wanted.OBJECT_SCHEMA, '.', wanted.OBJECT_NAME) \
     FROM performance_schema.data_lock_waits waits \
     JOIN performance_schema.threads waiter ON waiter.THREAD_ID = waits.REQUESTING_THREAD_ID \
     JOIN performance_schema.threads holder ON holder.THREAD_ID = waits.BLOCKING_THREAD_ID \
     JOIN performance_schema.data_locks wanted ON wanted.ENGINE_LOCK_ID = waits.REQUESTING_ENGINE_LOCK_ID";
/// MariaDB's locks on rows, in the same form.
const MARIADB_ROW_LOCKS: &str = "SELECT DISTINCT waiter.trx_mysql_thread_id, holder.trx_mysql_thread_id, \
     CONCAT('a lock on ', REPLACE(wanted.lock_table, '`', '')) FROM information_schema.INNODB_LOCK_WAITS waits \
     JOIN information_schema.INNODB_TRX waiter ON waiter.trx_id = waits.requesting_trx_id \
     JOIN information_schema.INNODB_TRX holder ON holder.trx_id = waits.blocking_trx_id \
     JOIN information_schema.INNODB_LOCKS wanted ON wanted.lock_id = waits.requested_lock_id";
/// MariaDB's metadata locks: holder, type, kind of object, database, table.
const MARIADB_METADATA_LOCKS: &str =
    "SELECT THREAD_ID, LOCK_MODE, LOCK_TYPE, TABLE_SCHEMA, TABLE_NAME FROM information_schema.METADATA_LOCK_INFO";
/// MariaDB's sessions in a transaction.
const MARIADB_TRANSACTIONS: &str = "SELECT DISTINCT trx_mysql_thread_id FROM information_schema.INNODB_TRX \
     WHERE trx_mysql_thread_id > 0";

/// All that is known. Skips what the user may not see and what the server does not have.
pub(super) fn of(connection: &mut Connection, server: Server, sessions: &BTreeMap<u64, &Row>) -> Vec<LockWait> {
    let rows = if server.is_mariadb() { MARIADB_ROW_LOCKS } else { MYSQL_ROW_LOCKS };
    let mut waits: Vec<LockWait> = connection.query(rows).unwrap_or_default().iter().filter_map(lock_wait).collect();
    if server.is_mariadb() {
        waits.extend(mariadb_metadata_waits(connection, sessions));
    } else {
        let rows = connection.query(MYSQL_METADATA_LOCKS).unwrap_or_default();
        let conflicting = rows.iter().filter(|row| conflict(&row.text(3), &row.text(4)));
        waits.extend(conflicting.filter_map(lock_wait));
    }
    waits.extend(flush_waits(sessions));
    waits
}

/// FLUSH TABLES waits until no statement uses a table any more, on both products without a lock.
fn flush_waits(sessions: &BTreeMap<u64, &Row>) -> Vec<LockWait> {
    let state = |row: &Row| row.named_text("State").unwrap_or_default();
    let runs = |row: &Row| {
        let command = row.named_text("Command").unwrap_or_default();
        let itself = row.named_text("Info").is_none_or(|statement| statement == "SHOW FULL PROCESSLIST");
        matches!(command.as_str(), "Query" | "Execute") && !itself && !state(row).starts_with("Waiting for")
    };
    let waiters = sessions.iter().filter(|(_, row)| state(row) == "Waiting for table flush");
    waiters
        .flat_map(|(waiter, _)| {
            let holders = sessions.iter().filter(|(_, row)| runs(row));
            holders.map(|(holder, _)| LockWait { waiter: *waiter, holder: *holder, cause: Cause::RunsStatement })
        })
        .collect()
}

fn lock_wait(row: &Row) -> Option<LockWait> {
    let cause = Cause::Holds(printable(&row.text(2)).into_owned());
    Some(LockWait { waiter: row.number(0)?, holder: row.number(1)?, cause })
}

/// Whether a MariaDB session with this state waits for a metadata lock.
pub(super) fn waits_for_metadata(state: &str) -> bool {
    state.starts_with("Waiting for table metadata lock") || state.starts_with("Waiting for backup lock")
}

fn mariadb_metadata_waits(connection: &mut Connection, sessions: &BTreeMap<u64, &Row>) -> Vec<LockWait> {
    let waiters: Vec<Waiter> = sessions.iter().filter_map(|(id, row)| Waiter::new(*id, row)).collect();
    if waiters.is_empty() {
        return Vec::new();
    }
    let is_waiter = |id: u64| waiters.iter().any(|waiter| waiter.id == id);
    let mut waits = Vec::new();
    match connection.query(MARIADB_METADATA_LOCKS) {
        Ok(rows) => {
            for held in rows.iter().filter_map(HeldLock::new) {
                let blocked = waiters.iter().filter(|waiter| waiter.id != held.holder && held.blocks(waiter));
                waits.extend(blocked.map(|waiter| LockWait {
                    waiter: waiter.id,
                    holder: held.holder,
                    cause: Cause::Holds(held.to_string()),
                }));
            }
        }
        Err(_) => {
            let rows = connection.query(MARIADB_TRANSACTIONS).unwrap_or_default();
            let holders = rows.iter().filter_map(|row| row.number(0)).filter(|id| !is_waiter(*id));
            for holder in holders {
                waits.extend(waiters.iter().map(|waiter| LockWait {
                    waiter: waiter.id,
                    holder,
                    cause: Cause::InTransaction,
                }));
            }
        }
    }
    waits
}

/// A MariaDB session that waits for a metadata lock.
struct Waiter {
    id: u64,
    for_backup: bool,
    statement: String,
}

impl Waiter {
    fn new(id: u64, row: &Row) -> Option<Waiter> {
        let state = row.named_text("State").unwrap_or_default();
        let statement = row.named_text("Info").unwrap_or_default();
        waits_for_metadata(&state).then(|| Waiter { id, for_backup: state.contains("backup"), statement })
    }

    /// Whether others that read the same table do not disturb it.
    fn shares(&self) -> bool {
        let first = self.statement.split_whitespace().next().unwrap_or_default();
        ["SELECT", "LOCK", "INSERT", "REPLACE", "LOAD", "UPDATE", "DELETE"]
            .iter()
            .any(|word| first.eq_ignore_ascii_case(word))
    }
}

/// A metadata lock of MariaDB that is held.
struct HeldLock {
    holder: u64,
    reads: bool,
    backup: bool,
    database: String,
    table: String,
}

impl HeldLock {
    fn new(row: &Row) -> Option<HeldLock> {
        let mode = row.text(1);
        let backup = match row.text(2).as_str() {
            "Backup lock" => true,
            "Table metadata lock" => false,
            _ => return None,
        };
        Some(HeldLock {
            holder: row.number(0)?,
            reads: ["MDL_SHARED", "MDL_SHARED_HIGH_PRIO", "MDL_SHARED_READ"].contains(&mode.as_str()),
            backup,
            database: row.text(3),
            table: row.text(4),
        })
    }

    /// A waiter's statement names the table, unless it is of another kind than those of a dump or a restore.
    fn blocks(&self, waiter: &Waiter) -> bool {
        self.backup == waiter.for_backup
            && (self.backup || (waiter.statement.contains(&self.table) && !(self.reads && waiter.shares())))
    }
}

impl std::fmt::Display for HeldLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.backup {
            return f.write_str("the server's backup lock");
        }
        write!(f, "a lock on {}.{}", printable(&self.database), printable(&self.table))
    }
}

/// Whether a metadata lock of MySQL that is wanted has to wait for one that is held.
///
/// The types are those of `LOCK_TYPE`, described at
/// <https://dev.mysql.com/doc/refman/9.7/en/performance-schema-metadata-locks-table.html>.
fn conflict(wanted: &str, held: &str) -> bool {
    const READ: u8 = 1;
    const WRITE: u8 = 2;
    const ALTER: u8 = 4;
    const ALL: u8 = 8 | READ | WRITE | ALTER;
    const INTENTION: &str = "INTENTION_EXCLUSIVE";
    let of_whole_server = wanted == INTENTION || held == INTENTION;
    // What the holder of a lock does, and what it keeps others from.
    let meaning = |lock| match lock {
        "SHARED" if of_whole_server => (READ, WRITE),
        "SHARED" | "SHARED_HIGH_PRIO" => (0, 0),
        "SHARED_READ" => (READ, 0),
        "SHARED_WRITE" | "SHARED_WRITE_LOW_PRIO" => (READ | WRITE, 0),
        "SHARED_UPGRADABLE" => (READ | ALTER, ALTER),
        "SHARED_READ_ONLY" => (READ, WRITE),
        "SHARED_NO_WRITE" => (READ | ALTER, WRITE | ALTER),
        "SHARED_NO_READ_WRITE" => (READ | WRITE | ALTER, READ | WRITE | ALTER),
        INTENTION => (WRITE, 0),
        _ => (ALL, ALL),
    };
    let ((does, keeps_off), (holder_does, holder_keeps_off)) = (meaning(wanted), meaning(held));
    wanted == "EXCLUSIVE" || held == "EXCLUSIVE" || does & holder_keeps_off != 0 || holder_does & keeps_off != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server's own table, in the comments of its source: what is wanted in rows, what is held in columns.
    #[test]
    fn metadata_locks_of_mysql_conflict_as_the_server_says() {
        let types = [
            "SHARED",
            "SHARED_HIGH_PRIO",
            "SHARED_READ",
            "SHARED_WRITE",
            "SHARED_WRITE_LOW_PRIO",
            "SHARED_UPGRADABLE",
            "SHARED_READ_ONLY",
            "SHARED_NO_WRITE",
            "SHARED_NO_READ_WRITE",
            "EXCLUSIVE",
        ];
        let expected = [
            "+++++++++-",
            "+++++++++-",
            "++++++++--",
            "++++++----",
            "++++++----",
            "+++++-+---",
            "+++--+++--",
            "+++---+---",
            "++--------",
            "----------",
        ];
        for (wanted, row) in types.iter().zip(expected) {
            let found: String = types.iter().map(|held| if conflict(wanted, held) { '-' } else { '+' }).collect();
            assert_eq!(found, row, "{wanted}");
        }
        for (wanted, held, expected) in [
            ("SHARED", "INTENTION_EXCLUSIVE", true),
            ("INTENTION_EXCLUSIVE", "SHARED", true),
            ("INTENTION_EXCLUSIVE", "INTENTION_EXCLUSIVE", false),
            ("INTENTION_EXCLUSIVE", "EXCLUSIVE", true),
        ] {
            assert_eq!(conflict(wanted, held), expected, "{wanted} {held}");
        }
    }
}
