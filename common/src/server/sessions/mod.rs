//! What the server says about sessions: what they are doing and whose locks they wait for, as far as the user may see it.

mod lock_waits;

use std::collections::BTreeMap;
use std::fmt;

use crate::observe::activity::Session;
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
    pub fn describe(&self, ids: &[u32], stop: &Stop) -> Result<BTreeMap<u32, Session>, String> {
        let states = self.ask(ids, stop).map_err(|error| error.to_string())?;
        Ok(states
            .into_iter()
            .map(|(id, state)| (id, Session { doing: state.to_string(), blocked_by: state.blocked_by }))
            .collect())
    }

    /// Who keeps this session waiting for a lock, one text each. Empty if it does not wait, or if the user may not see it.
    pub fn blockers(&self, id: u32, stop: &Stop) -> Vec<String> {
        let states = self.ask(&[id], stop).unwrap_or_default();
        states.into_values().flat_map(|state| state.blocked_by).collect()
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
        for wait in lock_waits::of(&mut connection, self.server, &all) {
            let Some(state) = u32::try_from(wait.waiter).ok().and_then(|waiter| states.get_mut(&waiter)) else {
                continue;
            };
            let blocker = wait.describe(&all);
            // A session may hold several locks of one thing.
            if !state.blocked_by.contains(&blocker) {
                state.blocked_by.push(blocker);
            }
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
    /// Sessions with locks that it waits for.
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

/// MariaDB says who holds locks on tables, and its backup lock, only with a plugin.
fn advise(session: &mut SessionState) {
    if lock_waits::waits_for_metadata(&session.state) && session.blocked_by.is_empty() {
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
