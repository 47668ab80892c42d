//! How a session comes to be, and comes again after its connection was lost.
//!
//! A connection that is lost here may still stand for the server, which then goes on with the statement, or with a
//! COMMIT. So each session holds a lock of its own name (GET_LOCK), which the server gives up when the session has ended
//! and its transaction is rolled back, in this order (tried on MariaDB 10.11 and MySQL 9.7). Who comes again ends the
//! session before by its number, which the lock tells, and waits for the lock: then nothing of it is under way any more.
//! The number alone would not do: a server that was started again begins to count anew.

use std::sync::Arc;
use std::time::Duration;

use common::process::stop::Stop;
use common::server::connection::{Connection, Error, Settings};
use common::sql::quote_string;

/// How long to wait before a second attempt to connect; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No longer than this: ten attempts take about a minute, in which a server starts again.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// Seconds after which it is told that a session has not ended yet.
const PATIENCE: u32 = 30;

/// A lost connection stays lost.
#[derive(Debug, thiserror::Error)]
pub enum ReconnectError {
    /// `--retry-count` is 0.
    #[error("--retry-count=0 does not try again")]
    Disabled,
    /// The server knows no user locks, or a proxy does not let them through.
    #[error("the server does not take user locks (GET_LOCK), by which the end of the lost session would be known")]
    NoUserLocks,
    /// The server does not come back.
    #[error("it could not be made again: {0}")]
    Failed(#[from] Error),
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
    pub fn take_lock(&mut self, connection: &mut Connection) -> Result<(), Error> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let why = match connection.query_first(format!("SELECT GET_LOCK({}, 0)", quote_string(lock))) {
            Ok(Some(row)) if row.number(0) == Some(1) => return Ok(()),
            Ok(_) => "it did not give one".to_owned(),
            Err(error) if error.server_code().is_some() => error.without_statement(),
            Err(error) => return Err(error),
        };
        tracing::info!("lost connections will not be made again, since the server does not take user locks: {why}");
        self.lock = None;
        Ok(())
    }

    /// Connects again, as often as it takes, and waits until the session before has ended. `set_up` readies the session.
    pub fn connect_again<T>(&self, set_up: impl Fn(Connection) -> Result<T, Error>) -> Result<T, ReconnectError> {
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
                    tracing::info!("attempt {attempt} of {} to connect again: {error}", self.attempts);
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

/// Ends the session that has the lock, and takes it when that is done.
pub fn await_end(connection: &mut Connection, lock: &str) -> Result<(), Error> {
    const NO_SUCH_SESSION: u16 = 1094;
    let lock = quote_string(lock);
    loop {
        let holder = connection.query_first(format!("SELECT IS_USED_LOCK({lock})"))?.and_then(|row| row.number(0));
        if let Some(holder) = holder.filter(|holder| *holder != u64::from(connection.id())) {
            match connection.execute(format!("KILL {holder}")) {
                Err(error) if error.server_code() != Some(NO_SUCH_SESSION) => return Err(error),
                _ => {}
            }
        }
        let taken = connection.query_first(format!("SELECT GET_LOCK({lock}, {PATIENCE})"))?;
        if taken.and_then(|row| row.number(0)) == Some(1) {
            return Ok(());
        }
        tracing::warn!("the session that was lost has not ended yet: the server may be rolling back its transaction");
    }
}
