//! What the server says of connections: what they do, and whose locks they wait for, as far as the user may see it.

use std::collections::BTreeMap;
use std::fmt;

use super::SessionProbe;
use crate::observe::logging::printable;
use crate::process::stop::Stop;
use crate::server::Server;
use crate::server::connection::{Connection, Error, Row, excerpt};

/// A session of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    pub command: String,
    pub seconds: u64,
    pub state: String,
    pub statement: String,
    /// Sessions that it waits for, or may.
    pub blocked_by: Vec<String>,
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} s", self.command, self.seconds)?;
        if !self.state.is_empty() {
            write!(f, ", {}", self.state)?;
        }
        if !self.statement.is_empty() {
            write!(f, ": {}", self.statement)?;
        }
        self.blocked_by.iter().try_for_each(|blocker| write!(f, "; {blocker}"))
    }
}

/// Locks on tables, by the numbers of the sessions that wait and that have one, with database and table: MySQL.
const TABLE_LOCKS: &str = "SELECT DISTINCT waiter.PROCESSLIST_ID, holder.PROCESSLIST_ID, CONCAT_WS('.', wanted.OBJECT_SCHEMA, wanted.OBJECT_NAME) \
     FROM performance_schema.metadata_locks wanted JOIN performance_schema.metadata_locks held \
     ON held.OBJECT_TYPE = wanted.OBJECT_TYPE AND held.OBJECT_SCHEMA <=> wanted.OBJECT_SCHEMA \
     AND held.OBJECT_NAME <=> wanted.OBJECT_NAME AND held.LOCK_STATUS = 'GRANTED' \
     AND held.OWNER_THREAD_ID <> wanted.OWNER_THREAD_ID \
     JOIN performance_schema.threads waiter ON waiter.THREAD_ID = wanted.OWNER_THREAD_ID \
     JOIN performance_schema.threads holder ON holder.THREAD_ID = held.OWNER_THREAD_ID \
     WHERE wanted.LOCK_STATUS = 'PENDING'";
/// The same of rows: MySQL.
const ROW_LOCKS: &str = "SELECT DISTINCT waiter.PROCESSLIST_ID, holder.PROCESSLIST_ID, CONCAT_WS('.', wanted.OBJECT_SCHEMA, wanted.OBJECT_NAME) \
     FROM performance_schema.data_lock_waits waits \
     JOIN performance_schema.threads waiter ON waiter.THREAD_ID = waits.REQUESTING_THREAD_ID \
     JOIN performance_schema.threads holder ON holder.THREAD_ID = waits.BLOCKING_THREAD_ID \
     JOIN performance_schema.data_locks wanted ON wanted.ENGINE_LOCK_ID = waits.REQUESTING_ENGINE_LOCK_ID";
/// The same of rows: MariaDB.
const MARIADB_ROW_LOCKS: &str = "SELECT DISTINCT waiter.trx_mysql_thread_id, holder.trx_mysql_thread_id, \
     REPLACE(wanted.lock_table, '`', '') FROM information_schema.INNODB_LOCK_WAITS waits \
     JOIN information_schema.INNODB_TRX waiter ON waiter.trx_id = waits.requesting_trx_id \
     JOIN information_schema.INNODB_TRX holder ON holder.trx_id = waits.blocking_trx_id \
     JOIN information_schema.INNODB_LOCKS wanted ON wanted.lock_id = waits.requested_lock_id";
/// Locks on tables of a session's database that others have: MariaDB, whose plugin does not say who waits.
const MARIADB_TABLE_LOCKS: &str = "SELECT DISTINCT waiter.ID, held.THREAD_ID, CONCAT(held.TABLE_SCHEMA, '.', held.TABLE_NAME) \
     FROM information_schema.METADATA_LOCK_INFO held \
     JOIN information_schema.PROCESSLIST waiter ON waiter.DB = held.TABLE_SCHEMA AND waiter.ID <> held.THREAD_ID \
     WHERE held.LOCK_TYPE = 'Table metadata lock' AND waiter.STATE LIKE 'Waiting for table metadata lock%'";

/// Asks over a connection of its own about the sessions with these numbers.
pub fn ask(asks: &SessionProbe, ids: &[u32], stop: &Stop) -> Result<BTreeMap<u32, Session>, Error> {
    let mut connection = Connection::open(&asks.settings, stop)?;
    // Who watches must not wait, too.
    connection.execute("SET SESSION lock_wait_timeout = 5")?;
    let rows = connection.query("SHOW FULL PROCESSLIST")?;
    let all: BTreeMap<u64, &Row> =
        rows.iter().filter_map(|row| Some((row.named_text("Id")?.parse().ok()?, row))).collect();
    let mut sessions: BTreeMap<u32, Session> =
        ids.iter().filter_map(|id| Some((*id, session(all.get(&u64::from(*id))?)))).collect();
    for (waiter, holder, what) in locks(&mut connection, asks.server) {
        let Some(session) = u32::try_from(waiter).ok().and_then(|waiter| sessions.get_mut(&waiter)) else { continue };
        session.blocked_by.push(blocker(holder, all.get(&holder).copied(), &what));
    }
    if asks.server.is_mariadb() {
        sessions.values_mut().for_each(advise);
    }
    Ok(sessions)
}

/// A column as messages may have it.
fn text(row: &Row, column: &str) -> String {
    printable(&row.named_text(column).unwrap_or_default()).into_owned()
}

fn session(row: &Row) -> Session {
    let text = |column| text(row, column);
    Session {
        command: text("Command"),
        seconds: text("Time").parse().unwrap_or(0),
        state: text("State"),
        statement: excerpt(row.named_text("Info").unwrap_or_default().as_bytes()),
        blocked_by: Vec::new(),
    }
}

fn blocker(id: u64, row: Option<&Row>, what: &str) -> String {
    match row {
        Some(row) => {
            let text = |column| text(row, column);
            let (user, host, command, time) = (text("User"), text("Host"), text("Command"), text("Time"));
            format!("session {id} ({user}@{host}, {command}, {time} s) has a lock on {what}")
        }
        None => format!("session {id} has a lock on {what}"),
    }
}

/// What the user may not see, or the server does not have, is left out.
fn locks(connection: &mut Connection, server: Server) -> Vec<(u64, u64, String)> {
    let queries = match server.is_mariadb() {
        true => [MARIADB_TABLE_LOCKS, MARIADB_ROW_LOCKS],
        false => [TABLE_LOCKS, ROW_LOCKS],
    };
    let mut locks = Vec::new();
    for query in queries {
        let rows = connection.query(query).unwrap_or_default();
        locks.extend(
            rows.iter().filter_map(|row| Some((row.number(0)?, row.number(1)?, printable(&row.text(2)).into_owned()))),
        );
    }
    locks
}

fn advise(session: &mut Session) {
    if session.state.starts_with("Waiting for table metadata lock") && session.blocked_by.is_empty() {
        session.blocked_by.push("MariaDB shows who has the lock after INSTALL SONAME 'metadata_lock_info'".to_owned());
    }
}
