//! Connections that all see the database at one point in time.
//!
//! Each worker opens a transaction with a consistent snapshot while nothing can be committed, or in a way that proves
//! that nothing was. docs/user/consistency.md has the modes, the locks' order and the privileges that each needs.

pub mod changed_tables;
pub mod coordinates;
mod equal_snapshots;
mod lock_modes;
mod locks;
pub mod long_queries;
pub mod metadata_locks;

use std::time::Duration;

use common::backup::metadata::{Coordinates, Guarantee};
use common::exit_codes;
use common::process::stop::{Stop, Stopped};
use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::server::sessions::SessionProbe;
use common::sql::name::QualifiedName;

use crate::catalog::{self, Catalog};
use crate::config::Config;
use crate::consistency::changed_tables::listing::Listing;
use crate::consistency::changed_tables::table_ids::TableIds;
use crate::options::LockMode;

use lock_modes::SnapshotOpener;
use locks::{HeldLock, LockError, Locker, Patience};

/// No consistent snapshot could be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A lock was not granted.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Long-running queries would hold up the lock.
    #[error(transparent)]
    LongQueries(#[from] long_queries::Error),
    /// Another statement failed.
    #[error("cannot open a consistent snapshot: {0}")]
    Server(#[from] ServerError),
    /// The tables could not be listed.
    #[error(transparent)]
    Listing(#[from] crate::catalog::Error),
    /// Without a lock, the snapshots are not proved equal.
    #[error(
        "the snapshots are not proved to be from one point in time: {0}; use --sync-thread-lock-mode=AUTO with a user who has \
         RELOAD or LOCK TABLES, or dump when the server is less busy"
    )]
    Unproved(equal_snapshots::Error),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

exit_codes! { Error:
    of source: Lock, LongQueries, Server, Listing, Unproved, Stopped;
}

impl Error {
    /// Whether the program's stop was the cause.
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

/// The connections of a dump, which all see the server at the consistency point.
pub struct Snapshot {
    /// The coordinator's.
    pub coordinator: Connection,
    /// The workers'.
    pub workers: Vec<Connection>,
    /// What they see, and the locks that are held.
    pub point: ConsistencyPoint,
}

/// The point in time that the snapshots show: what is known of it, and the locks that keep tables at it.
pub struct ConsistencyPoint {
    /// The binary log's position.
    pub coordinates: Option<Coordinates>,
    /// InnoDB's numbers of the tables a little before, if the user may see them and DDL is not held off.
    pub table_ids: Option<TableIds>,
    /// The tables, a little before.
    pub listing: Listing,
    /// How far the dump is from one point in time.
    pub guarantee: Guarantee,
    /// What proves it, and what is missing for a better guarantee.
    pub evidence: String,
    /// Whether every table has to be in the listing, since only those were locked.
    all_by_name: bool,
    /// Keeps DDL off until the end.
    ddl: Option<HeldLock>,
    /// Keeps tables without snapshots as they are while they are copied: by their names, or the whole server.
    rows: Option<HeldLock>,
}

impl ConsistencyPoint {
    fn log(&self) {
        let ConsistencyPoint { guarantee, evidence, .. } = self;
        match guarantee {
            Guarantee::PointInTime => tracing::info!("all tables of this dump are from one point in time: {evidence}"),
            Guarantee::TransactionalTables => tracing::warn!(
                "only tables of transactional engines are from one point in time in this dump: {evidence}"
            ),
            Guarantee::None => tracing::warn!("tables of this dump may be from different points in time: {evidence}"),
        }
    }

    /// Whether only a lock keeps tables without snapshots in step.
    pub fn is_locked(&self) -> bool {
        self.rows.is_some()
    }

    /// Whether a table that is about to be dumped was not known when the locks were taken, and so may be from another point
    /// in time.
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
    /// Views that are dumped as tables may show tables of other engines that no lock keeps at the consistency point.
    ///
    /// # Errors
    /// When a query fails.
    pub fn lower_guarantee_for_views(&mut self, catalog: &Catalog) -> Result<(), ServerError> {
        if catalog.tables().all(|table| table.is_base() || !table.has_rows()) {
            return Ok(());
        }
        let query = "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_TYPE <> 'SEQUENCE' \
                     AND ENGINE IS NOT NULL AND TABLE_SCHEMA NOT IN \
                     ('mysql', 'sys', 'information_schema', 'performance_schema')";
        let mut unlocked = 0_u64;
        let (is_locked, listing) = (self.point.is_locked(), &self.point.listing);
        self.coordinator.each(query, |row| {
            let is_kept = || is_locked && listing.contains(&QualifiedName::new(row.text(0), row.text(1)));
            unlocked += u64::from(!catalog::is_transactional(&row.text(2)) && !is_kept());
        })?;
        if unlocked > 0 && self.point.guarantee == Guarantee::PointInTime {
            self.point.guarantee = Guarantee::TransactionalTables;
            self.point.evidence.push_str("; views that are dumped as tables may show tables without snapshots");
            tracing::warn!(
                "--views-as-tables: a view shows a table of an engine without snapshots as it is when it is read, and the server \
                 has such tables"
            );
        }
        Ok(())
    }

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
        let probe = SessionProbe { settings: config.connection.clone(), server: *server };
        let locker = Locker::connect(probe, stop, patience_for_locks, count)?;
        let listing = Listing::read(&mut coordinator, config)?;
        let point = SnapshotOpener::new(config, server, stop, locker, &mut coordinator, &mut workers).open(listing)?;
        coordinator.execute(format!("SET SESSION lock_wait_timeout={}", patience(config)))?;
        point.log();
        Ok(Snapshot { coordinator, workers, point })
    }
}
