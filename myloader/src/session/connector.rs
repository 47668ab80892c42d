//! Opens a session, and opens it again after its connection was lost.
//!
//! A connection that is lost here may still be open for the server, which then continues the statement, or a
//! COMMIT. So each session holds a lock of its own name (GET_LOCK), which the server releases when the session has ended
//! and its transaction is rolled back, in this order (tried on MariaDB 10.11 and MySQL 9.7). A reconnecting worker kills
//! the lost session by its number, which the lock shows, and waits for the lock: then nothing of it is running any more.
//! The number alone would not do: a restarted server counts from the start.

use std::sync::Arc;
use std::time::Duration;

use common::process::stop::Stop;
use common::server::connection::{Connection, ServerError, Settings};
use common::server::error_codes;
use common::sql::quote_string;

/// How long to wait before a second attempt to connect; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No longer than this: ten attempts take about a minute, in which a server restarts.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// Seconds after which a warning says that a session has not ended yet.
const PATIENCE: u32 = 30;

/// Why a lost connection cannot be made again.
#[derive(Debug, thiserror::Error)]
pub enum ReconnectError {
    /// `--retry-count` is 0.
    #[error("--retry-count=0 does not try again")]
    Disabled,
    /// The server does not support user locks, or a proxy does not let them through.
    #[error("the server does not support user locks (GET_LOCK), which tell when a lost session has ended")]
    NoUserLocks,
    /// The server does not come back in time.
    #[error("reconnecting failed: {0}")]
    Failed(#[from] ServerError),
}

/// How to connect, as often as it takes.
#[derive(Clone)]
pub struct Connector {
    settings: Arc<Settings>,
    /// The name of the session's lock; `None` when the server does not take it.
    lock: Option<String>,
    attempts: u32,
    stop: Stop,
}

impl Connector {
    /// For the sessions of one worker, one after the other. `lock` is a name that no other session of the server has.
    pub fn new(settings: Arc<Settings>, lock: String, attempts: u32, stop: Stop) -> Connector {
        Connector { settings, lock: Some(lock), attempts, stop }
    }

    /// Takes the lock for the first session.
    pub fn take_lock(&mut self, connection: &mut Connection) -> Result<(), ServerError> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let why = match connection.query_first(format!("SELECT GET_LOCK({}, 0)", quote_string(lock))) {
            Ok(Some(row)) if row.number(0) == Some(1) => return Ok(()),
            Ok(_) => "it did not give one".to_owned(),
            Err(error) if error.server_code().is_some() => error.without_statement(),
            Err(error) => return Err(error),
        };
        tracing::info!("a lost connection will end the restore, because the server does not support user locks: {why}");
        self.lock = None;
        Ok(())
    }

    /// Reconnects, as often as it takes, and waits until the lost session has ended. `set_up` prepares the new session.
    pub fn connect_again<T>(&self, set_up: impl Fn(Connection) -> Result<T, ServerError>) -> Result<T, ReconnectError> {
        let lock = self.lock.as_ref().ok_or(ReconnectError::NoUserLocks)?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            if attempt > self.attempts {
                return Err(ReconnectError::Disabled);
            }
            let connected = Connection::open(&self.settings, &self.stop).and_then(|mut connection| {
                await_end(&mut connection, lock)?;
                set_up(connection)
            });
            match connected {
                Err(error) if error.may_pass() && attempt < self.attempts => {
                    tracing::info!("attempt {attempt} of {} to reconnect failed: {error}", self.attempts);
                    let pause = LONGEST_PAUSE.min(FIRST_PAUSE * (1 << (attempt - 1).min(16)));
                    // On a stop, the next attempt says so.
                    let _ = self.stop.pause(pause);
                }
                result => return Ok(result?),
            }
        }
    }

    /// Whether the server takes locks.
    pub fn has_lock(&self) -> bool {
        self.lock.is_some()
    }
}

/// Ends the session that holds the lock, and takes the lock.
pub fn await_end(connection: &mut Connection, lock: &str) -> Result<(), ServerError> {
    let lock = quote_string(lock);
    loop {
        let holder = connection.query_first(format!("SELECT IS_USED_LOCK({lock})"))?.and_then(|row| row.number(0));
        if let Some(holder) = holder.filter(|holder| *holder != u64::from(connection.id())) {
            match connection.execute(format!("KILL {holder}")) {
                Err(error) if error.server_code() != Some(error_codes::NO_SUCH_THREAD) => return Err(error),
                _ => {}
            }
        }
        let taken = connection.query_first(format!("SELECT GET_LOCK({lock}, {PATIENCE})"))?;
        if taken.and_then(|row| row.number(0)) == Some(1) {
            return Ok(());
        }
        tracing::warn!("the lost session has not ended yet; the server may be rolling back its transaction");
    }
}
