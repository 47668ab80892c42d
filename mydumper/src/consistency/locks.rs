//! Locks, each on a connection of its own.
//!
//! None is held by a connection that reads: START TRANSACTION releases LOCK TABLES, and under BACKUP STAGE a session may
//! do nothing else. The connections are made before any lock is asked for, so that none is held while others connect.

use std::time::{Duration, Instant};

use common::observe::wording::count;
use common::process::exit::{Exit, Failure};
use common::process::stop::Stop;
use common::server::connection::{Connection, ServerError};
use common::server::sessions::SessionProbe;
use common::sql::name::QualifiedName;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

/// How long to wait for the server to say who holds a lock. It was asked while the lock was waited for.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);

/// A lock was not granted.
#[derive(Debug, thiserror::Error)]
#[error("{what} failed{}: {source}", since(holders))]
pub struct LockError {
    /// Which lock.
    pub what: &'static str,
    /// Why not.
    pub source: ServerError,
    /// Who held it, in words, as far as the server says so.
    pub holders: Vec<String>,
}

impl Failure for LockError {
    fn exit(&self) -> Exit {
        self.source.exit()
    }
}

impl LockError {
    /// Whether the user may not take it, as managed servers keep some from everyone.
    pub fn is_denied(&self) -> bool {
        self.source.is_denied()
    }

    /// Whether the time to wait for it is over.
    pub fn is_timeout(&self) -> bool {
        self.source.is_timeout()
    }

    fn new(what: &'static str, source: ServerError) -> LockError {
        LockError { what, source, holders: Vec::new() }
    }
}

fn since(holders: &[String]) -> String {
    if holders.is_empty() { String::new() } else { format!(", since {}", holders.join("; ")) }
}

/// A lock of the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// MySQL 8: no DDL on the whole server.
    Instance,
    /// No writes and no commits on the whole server.
    GlobalRead,
    /// MariaDB 10.4: no commits, and no writes to tables without transactions. Does not wait for queries that read.
    BackupStage,
    /// No writes to tables that are named.
    Tables,
}

impl Lock {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Lock::Instance => "LOCK INSTANCE FOR BACKUP",
            Lock::GlobalRead => "FLUSH TABLES WITH READ LOCK",
            Lock::BackupStage => "BACKUP STAGE BLOCK_COMMIT",
            Lock::Tables => "LOCK TABLES",
        }
    }

    fn take(self, tables: &[QualifiedName]) -> Vec<String> {
        match self {
            // The stages between are gone through by themselves.
            Lock::BackupStage => vec!["BACKUP STAGE START".into(), self.name().into()],
            Lock::Tables => {
                let tables: Vec<String> = tables.iter().map(|table| format!("{} READ", table.to_sql())).collect();
                vec![format!("LOCK TABLES {}", tables.join(", "))]
            }
            Lock::Instance | Lock::GlobalRead => vec![self.name().into()],
        }
    }

    fn release(self) -> &'static str {
        match self {
            Lock::Instance => "UNLOCK INSTANCE",
            Lock::GlobalRead | Lock::Tables => "UNLOCK TABLES",
            Lock::BackupStage => "BACKUP STAGE END",
        }
    }
}

/// A lock that is held.
pub struct HeldLock {
    lock: Lock,
    /// Its name in the log.
    label: String,
    connection: Connection,
    since: Instant,
}

impl HeldLock {
    /// Gives it back.
    pub fn release(self) -> Result<(), ServerError> {
        self.end().map(drop)
    }

    fn end(mut self) -> Result<Connection, ServerError> {
        self.connection.execute(self.lock.release())?;
        tracing::info!("{} released after {:.3} s", self.label, self.since.elapsed().as_secs_f64());
        Ok(self.connection)
    }
}

/// How often a lock is requested, and how long to wait each time.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Whole seconds, at least one.
    pub wait: Duration,
    /// How often more.
    pub retries: u64,
}

/// Takes locks.
pub struct Locker<'a> {
    probe: SessionProbe,
    stop: &'a Stop,
    patience: Patience,
    idle: Vec<Connection>,
}

impl<'a> Locker<'a> {
    /// With connections for as many locks.
    pub fn connect(
        probe: SessionProbe,
        stop: &'a Stop,
        patience: Patience,
        count: usize,
    ) -> Result<Locker<'a>, ServerError> {
        let mut idle = Vec::with_capacity(count);
        for _ in 0..count {
            let mut connection = Connection::open(&probe.settings, stop)?;
            connection.execute("SET SESSION wait_timeout=2147483")?;
            idle.push(connection);
        }
        Ok(Locker { probe, stop, patience, idle })
    }

    /// Takes a lock. `tables` are those of [`Lock::Tables`].
    pub fn take(&mut self, lock: Lock, tables: &[QualifiedName]) -> Result<HeldLock, LockError> {
        self.take_within(self.patience, lock, tables)
    }

    /// Takes a lock while another is held that others wait for: whatever the user's patience, it is waited for no longer
    /// than this.
    pub fn take_soon(
        &mut self,
        lock: Lock,
        tables: &[QualifiedName],
        longest: Duration,
    ) -> Result<HeldLock, LockError> {
        self.take_within(Patience { wait: self.patience.wait.min(longest), retries: 0 }, lock, tables)
    }

    /// Gives a lock back that is going to be asked for again.
    pub fn give_back(&mut self, lock: HeldLock) -> Result<(), ServerError> {
        self.idle.push(lock.end()?);
        Ok(())
    }

    fn take_within(&mut self, patience: Patience, lock: Lock, tables: &[QualifiedName]) -> Result<HeldLock, LockError> {
        let what = lock.name();
        let mut connection = match self.idle.pop() {
            Some(connection) => connection,
            None => Connection::open(&self.probe.settings, self.stop).map_err(|source| LockError::new(what, source))?,
        };
        let seconds = patience.wait.as_secs().max(1);
        connection
            .execute(format!("SET SESSION lock_wait_timeout={seconds}"))
            .map_err(|source| LockError::new(what, source))?;
        let waiting = Instant::now();
        let mut attempts = 0;
        loop {
            let holders = self.ask_for_holders(connection.id(), patience.wait / 2);
            let Err(source) = try_take(&mut connection, lock, tables) else { break };
            let holders = if source.is_timeout() { holders.answer() } else { Vec::new() };
            let error = LockError { what, source, holders };
            if error.source.is_stop() {
                self.kill(&connection);
                return Err(error);
            }
            if !error.is_timeout() || attempts >= patience.retries {
                self.idle.push(connection);
                return Err(error);
            }
            attempts += 1;
            tracing::warn!("{what} was not granted within {seconds} s{}, retrying", since(&error.holders));
        }
        let label = if lock == Lock::Tables {
            format!("{what} ({})", count(tables.len() as u64, "table"))
        } else {
            what.to_owned()
        };
        tracing::info!("{label} taken after {:.3} s", waiting.elapsed().as_secs_f64());
        Ok(HeldLock { lock, label, connection, since: Instant::now() })
    }

    /// Asks after half of the wait who holds the lock: when the wait is over, the server does not say it any more. Nobody
    /// waits for the answer once the lock is granted.
    fn ask_for_holders(&self, waiting: u32, after: Duration) -> Holders {
        let (waits, granted) = bounded::<()>(0);
        let (answers, answer) = bounded(1);
        let (probe, stop) = (self.probe.clone(), self.stop.clone());
        let ask = move || {
            if granted.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
                let _ = answers.send(probe.blockers(waiting, &stop));
            }
        };
        // Without the thread, the error does not say who holds the lock.
        let _ = std::thread::Builder::new().name("lock holders".into()).spawn(ask);
        Holders { answer, _waits: waits }
    }

    /// MySQL does not notice while it waits for a lock that its client has gone, and a FLUSH that waits holds up all
    /// writes.
    fn kill(&self, waiting: &Connection) {
        let killed = Connection::open(&self.probe.settings, &Stop::default())
            .and_then(|mut connection| connection.execute(format!("KILL {}", waiting.id())));
        if let Err(error) = killed {
            tracing::warn!("a session may keep waiting for a lock until its lock_wait_timeout is over: {error}");
        }
    }
}

/// The answer to who holds a lock that is waited for. Dropped, it is not asked.
struct Holders {
    answer: Receiver<Vec<String>>,
    _waits: Sender<()>,
}

impl Holders {
    fn answer(self) -> Vec<String> {
        self.answer.recv_timeout(LONGEST_ANSWER).unwrap_or_default()
    }
}

fn try_take(connection: &mut Connection, lock: Lock, tables: &[QualifiedName]) -> Result<(), ServerError> {
    for statement in lock.take(tables) {
        if let Err(error) = connection.execute(statement) {
            if !error.is_stop() && lock == Lock::BackupStage {
                // A stage may have been reached. Where none was, the server says so, which does not matter.
                let _ = connection.execute(lock.release());
            }
            return Err(error);
        }
    }
    Ok(())
}
