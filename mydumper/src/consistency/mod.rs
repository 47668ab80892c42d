//! Connections that all see the database at one point in time.
//!
//! Each worker opens a transaction with a consistent snapshot while nothing can be committed, or in a way that proves
//! that nothing was. docs/consistency.md has the modes, the locks' order and the privileges that each needs.

pub mod changed_tables;
pub mod coordinates;
mod equal_snapshots;
mod lock_modes;
mod locks;
pub mod long_queries;
pub mod metadata_locks;

use std::time::Duration;

use common::backup::metadata::{Coordinates, Guarantee};
use common::process::exit::{Exit, Failure};
use common::process::stop::{Stop, Stopped};
use common::server::Server;
use common::server::connection::{Connection, Error as ServerError};
use common::sql::name::QualifiedName;

use crate::config::Config;
use crate::consistency::changed_tables::listing::Listing;
use crate::consistency::changed_tables::table_ids::TableIds;
use crate::options::LockMode;

use lock_modes::SnapshotOpener;
use locks::{HeldLock, LockError, Locker, Patience};

/// No consistent snapshot could be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A lock could not be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Queries that run for long stand in the way.
    #[error(transparent)]
    LongQueries(#[from] long_queries::Error),
    /// Another statement failed.
    #[error("cannot open a consistent snapshot: {0}")]
    Server(#[from] ServerError),
    /// The tables could not be listed.
    #[error(transparent)]
    Listing(#[from] crate::catalog::Error),
    /// No proof without a lock.
    #[error(
        "the snapshots are not proved to be of one moment: {0}; use --sync-thread-lock-mode=AUTO with a user who has \
         RELOAD or LOCK TABLES, or dump when the server is less busy"
    )]
    Unproved(equal_snapshots::Error),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Lock(error) => error.exit(),
            Error::LongQueries(error) => error.exit(),
            Error::Server(error) => error.exit(),
            Error::Listing(error) => error.exit(),
            Error::Unproved(error) => error.exit(),
            Error::Stopped(error) => error.exit(),
        }
    }
}

impl Error {
    /// Whether it only tells that the program is being stopped.
    pub fn is_stop(&self) -> bool {
        match self {
            Error::Lock(error) => error.source.is_stop(),
            Error::Server(error) | Error::Unproved(equal_snapshots::Error::Server(error)) => error.is_stop(),
            Error::LongQueries(long_queries::Error::Server(error) | long_queries::Error::Kill(_, error)) => {
                error.is_stop()
            }
            Error::Stopped(_) | Error::LongQueries(long_queries::Error::Stopped(_)) => true,
            _ => false,
        }
    }
}

/// The connections of a dump, which all stand at one moment, and what is known of it.
pub struct Snapshot {
    /// The coordinator's.
    pub coordinator: Connection,
    /// The workers'.
    pub workers: Vec<Connection>,
    /// What was found and what is held.
    pub point: ConsistencyPoint,
}

/// What is known of the moment of the snapshots.
pub struct ConsistencyPoint {
    /// The binary log's position.
    pub coordinates: Option<Coordinates>,
    /// What the names of tables stood for a little before, in InnoDB's numbers, if the user may know and DDL is not held
    /// off.
    pub table_ids: Option<TableIds>,
    /// The tables, a little before.
    pub listing: Listing,
    /// How far the dump is of one moment.
    pub guarantee: Guarantee,
    /// By what, and what is missing for a better one.
    pub evidence: String,
    /// Whether every table has to be in the listing, since only those were locked.
    all_by_name: bool,
    /// Keeps DDL off until the end.
    ddl: Option<HeldLock>,
    /// Keeps tables without snapshots as they are while they are copied: by their names, or the whole server.
    rows: Option<HeldLock>,
}

impl ConsistencyPoint {
    fn tell(&self) {
        let ConsistencyPoint { guarantee, evidence, .. } = self;
        match guarantee {
            Guarantee::PointInTime => tracing::info!("all tables of this dump are of one point in time: {evidence}"),
            Guarantee::TransactionalTables => tracing::warn!(
                "only tables of engines with transactions are of one point in time in this dump: {evidence}"
            ),
            Guarantee::None => tracing::warn!("tables of this dump may be of different points in time: {evidence}"),
        }
    }

    /// Whether only a lock keeps tables without snapshots in step.
    pub fn is_locked(&self) -> bool {
        self.rows.is_some()
    }

    /// Whether a table that is about to be dumped was not known when the locks were taken, and so may be of another
    /// moment.
    pub fn is_unknown(&self, name: &QualifiedName, is_transactional: bool) -> bool {
        (self.all_by_name || (self.is_locked() && !is_transactional)) && !self.listing.contains(name)
    }

    /// Releases the lock of tables without snapshots, if one is held.
    pub fn unlock_rows(&mut self) -> Result<(), ServerError> {
        self.rows.take().map_or(Ok(()), HeldLock::release)
    }

    /// Whether no DDL can run.
    pub fn holds_off_ddl(&self) -> bool {
        self.ddl.is_some()
    }

    /// Releases the lock that keeps DDL off, if it is held.
    pub fn unlock_ddl(&mut self) -> Result<(), ServerError> {
        self.ddl.take().map_or(Ok(()), HeldLock::release)
    }
}

/// For how many seconds a worker waits for a table. DDL that waits for one worker's lock on a table keeps the others from
/// it, and so the dump and the DDL would wait for each other until either gives up; the servers' own limits are a day and
/// a year. Longer than others wait by default for a FLUSH TABLES, behind which no table that is locked can be read.
fn patience(config: &Config) -> u64 {
    config.lock_wait_seconds.max(60) * 2
}

impl Snapshot {
    /// Opens the snapshot. The workers are connected already, so that a lock is not held while they connect.
    pub fn open(
        config: &Config,
        server: &Server,
        mut coordinator: Connection,
        mut workers: Vec<Connection>,
        stop: &Stop,
    ) -> Result<Snapshot, Error> {
        let patience_for_locks =
            Patience { wait: Duration::from_secs(config.lock_wait_seconds), retries: config.lock_retries };
        let count = match config.lock {
            LockMode::NoLock | LockMode::SafeNoLock | LockMode::Gtid => 0,
            LockMode::Auto | LockMode::GlobalReadLock | LockMode::LockAll => 3,
        };
        let set_up = [
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ".to_owned(),
            format!("SET SESSION lock_wait_timeout={}", patience(config)),
        ];
        equal_snapshots::on_all(workers.iter_mut().chain([&mut coordinator]), &set_up)?;
        coordinator.execute(format!("SET SESSION lock_wait_timeout={}", config.lock_wait_seconds.max(1)))?;
        let locker = Locker::connect(&config.connection, stop, patience_for_locks, count)?;
        let listing = Listing::read(&mut coordinator, config)?;
        let point = SnapshotOpener::new(config, server, stop, locker, &mut coordinator, &mut workers).open(listing)?;
        coordinator.execute(format!("SET SESSION lock_wait_timeout={}", patience(config)))?;
        point.tell();
        Ok(Snapshot { coordinator, workers, point })
    }
}
