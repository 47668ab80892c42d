//! What the server says about sessions: what they are doing and whose locks they wait for, as far as the user may see it.

use std::collections::BTreeMap;
use std::fmt;

use crate::observe::printable::printable;
use crate::process::stop::Stop;
use crate::server::Server;
use crate::server::connection::{Connection, Row, ServerError, Settings, excerpt};

/// Asks a server about sessions, over a connection of its own.
#[derive(Clone)]
pub struct SessionProbe {
    /// How to connect.
    pub settings: Settings,
    /// The server's product and version.
    pub server: Server,
}

impl SessionProbe {
    /// Describes the sessions with these numbers; those that the server does not have are missing.
    ///
    /// # Errors
    /// The text of the server's or the connection's error.
    pub fn describe(&self, ids: &[u32], stop: &Stop) -> Result<BTreeMap<u32, String>, String> {
        let states = self.ask(ids, stop).map_err(|error| error.to_string())?;
        Ok(states.into_iter().map(|(id, state)| (id, state.to_string())).collect())
    }

    fn ask(&self, ids: &[u32], stop: &Stop) -> Result<BTreeMap<u32, SessionState>, ServerError> {
        let mut connection = Connection::open(&self.settings, stop)?;
        // The probe must not wait for the lock that it reports.
        connection.execute("SET SESSION lock_wait_timeout = 5")?;
        let rows = connection.query("SHOW FULL PROCESSLIST")?;
        let all: BTreeMap<u64, &Row> =
            rows.iter().filter_map(|row| Some((row.named_text("Id")?.parse().ok()?, row))).collect();
        let mut states: BTreeMap<u32, SessionState> =
            ids.iter().filter_map(|id| Some((*id, session_state(all.get(&u64::from(*id))?)))).collect();
        for (waiter, holder, what) in locks(&mut connection, self.server) {
            let Some(state) = u32::try_from(waiter).ok().and_then(|waiter| states.get_mut(&waiter)) else { continue };
            state.blocked_by.push(blocker(holder, all.get(&holder).copied(), &what));
        }
        if self.server.is_mariadb() {
            states.values_mut().for_each(advise);
        }
        Ok(states)
    }
}

/// A row of SHOW PROCESSLIST, and the locks that the session waits for.
#[derive(Debug)]
struct SessionState {
    command: String,
    seconds: u64,
    state: String,
    statement: String,
    /// Sessions with locks that it waits for. MariaDB does not say who waits, so there they are those that may block it.
    blocked_by: Vec<String>,
}

impl fmt::Display for SessionState {
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

/// MySQL's locks on tables: the number of the waiting session, that of the holder, and the table.
const TABLE_LOCKS: &str = "SELECT DISTINCT waiter.PROCESSLIST_ID, holder.PROCESSLIST_ID, CONCAT_WS('.', wanted.OBJECT_SCHEMA, wanted.OBJECT_NAME) \
     FROM performance_schema.metadata_locks wanted JOIN performance_schema.metadata_locks held \
     ON held.OBJECT_TYPE = wanted.OBJECT_TYPE AND held.OBJECT_SCHEMA <=> wanted.OBJECT_SCHEMA \
     AND held.OBJECT_NAME <=> wanted.OBJECT_NAME AND held.LOCK_STATUS = 'GRANTED' \
     AND held.OWNER_THREAD_ID <> wanted.OWNER_THREAD_ID \
     JOIN performance_schema.threads waiter ON waiter.THREAD_ID = wanted.OWNER_THREAD_ID \
     JOIN performance_schema.threads holder ON holder.THREAD_ID = held.OWNER_THREAD_ID \
     WHERE wanted.LOCK_STATUS = 'PENDING'";
/// MySQL's locks on rows, in the same form.
const ROW_LOCKS: &str = "SELECT DISTINCT waiter.PROCESSLIST_ID, holder.PROCESSLIST_ID, CONCAT_WS('.', wanted.OBJECT_SCHEMA, wanted.OBJECT_NAME) \
     FROM performance_schema.data_lock_waits waits \
     JOIN performance_schema.threads waiter ON waiter.THREAD_ID = waits.REQUESTING_THREAD_ID \
     JOIN performance_schema.threads holder ON holder.THREAD_ID = waits.BLOCKING_THREAD_ID \
     JOIN performance_schema.data_locks wanted ON wanted.ENGINE_LOCK_ID = waits.REQUESTING_ENGINE_LOCK_ID";
/// MariaDB's locks on rows, in the same form.
const MARIADB_ROW_LOCKS: &str = "SELECT DISTINCT waiter.trx_mysql_thread_id, holder.trx_mysql_thread_id, \
     REPLACE(wanted.lock_table, '`', '') FROM information_schema.INNODB_LOCK_WAITS waits \
     JOIN information_schema.INNODB_TRX waiter ON waiter.trx_id = waits.requesting_trx_id \
     JOIN information_schema.INNODB_TRX holder ON holder.trx_id = waits.blocking_trx_id \
     JOIN information_schema.INNODB_LOCKS wanted ON wanted.lock_id = waits.requested_lock_id";
/// MariaDB's locks on tables. Its plugin does not say who waits, so these are all that others hold in the waiter's database.
const MARIADB_TABLE_LOCKS: &str = "SELECT DISTINCT waiter.ID, held.THREAD_ID, CONCAT(held.TABLE_SCHEMA, '.', held.TABLE_NAME) \
     FROM information_schema.METADATA_LOCK_INFO held \
     JOIN information_schema.PROCESSLIST waiter ON waiter.DB = held.TABLE_SCHEMA AND waiter.ID <> held.THREAD_ID \
     WHERE held.LOCK_TYPE = 'Table metadata lock' AND waiter.STATE LIKE 'Waiting for table metadata lock%'";

fn text(row: &Row, column: &str) -> String {
    printable(&row.named_text(column).unwrap_or_default()).into_owned()
}

fn session_state(row: &Row) -> SessionState {
    let text = |column| text(row, column);
    SessionState {
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
            format!("session {id} ({user}@{host}, {command}, {time} s) holds a lock on {what}")
        }
        None => format!("session {id} holds a lock on {what}"),
    }
}

/// Skips what the user may not see and what the server does not have.
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

fn advise(session: &mut SessionState) {
    if session.state.starts_with("Waiting for table metadata lock") && session.blocked_by.is_empty() {
        session
            .blocked_by
            .push("MariaDB shows who holds the lock after INSTALL SONAME 'metadata_lock_info'".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_described_with_those_that_block_it() {
        let state = SessionState {
            command: "Query".into(),
            seconds: 61,
            state: "Waiting for table metadata lock".into(),
            statement: "INSERT INTO t".into(),
            blocked_by: vec!["session 9 (root@localhost, Sleep, 70 s) holds a lock on d.t".into()],
        };
        assert_eq!(
            state.to_string(),
            "Query, 61 s, Waiting for table metadata lock: INSERT INTO t; session 9 (root@localhost, Sleep, 70 s) holds a \
             lock on d.t"
        );
    }
}
