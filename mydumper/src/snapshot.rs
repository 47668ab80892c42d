//! Connections that all see the database at one point in time.
//!
//! Each worker opens a transaction with a consistent snapshot while nothing can be committed: under FLUSH TABLES WITH
//! READ LOCK, or, where the user may not take it, between two equal readings of the binary log's position. The lock is
//! released as soon as the snapshots stand, unless tables of engines without snapshots have to be copied under it.

use std::time::Instant;

use common::connection::{Connection, Error as ServerError};
use common::metadata::Coordinates;
use common::server::Server;

use crate::config::{Config, LockMode};
use crate::replication;
use crate::table_ids::TableIds;

/// How often snapshots are opened anew because the binary log's position moved meanwhile.
const POSITION_ATTEMPTS: u32 = 10;

/// No consistent snapshot could be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The read lock could not be had.
    #[error("FLUSH TABLES WITH READ LOCK failed: {0}")]
    Lock(ServerError),
    /// Another statement failed.
    #[error("cannot open a consistent snapshot: {0}")]
    Server(#[from] ServerError),
    /// Commits went on and on while snapshots were opened.
    #[error(
        "no consistent snapshot without a lock: the binary log's position moved during each of {POSITION_ATTEMPTS} \
         attempts; grant the user RELOAD, or dump when the server is less busy"
    )]
    Moving,
}

/// The connections of a dump.
pub struct Snapshot {
    /// The coordinator's. It holds the lock, if one is held.
    pub coordinator: Connection,
    /// The workers'.
    pub workers: Vec<Connection>,
    /// The binary log's position at the snapshot.
    pub coordinates: Option<Coordinates>,
    /// What the names of tables stood for at the snapshot, if the user may know.
    pub table_ids: Option<TableIds>,
    /// Set while the lock is held.
    pub lock: Option<HeldLock>,
}

/// A lock that is held since some time.
#[derive(Debug, Clone, Copy)]
pub struct HeldLock {
    since: Instant,
}

impl Snapshot {
    /// Opens the snapshot. `workers` are connected already, so that a lock is not held while they connect.
    pub fn open(
        config: &Config,
        server: &Server,
        coordinator: Connection,
        workers: Vec<Connection>,
    ) -> Result<Snapshot, Error> {
        let mut snapshot = Snapshot { coordinator, workers, coordinates: None, table_ids: None, lock: None };
        match config.lock {
            LockMode::GlobalReadLock => snapshot.under_lock(config, server)?,
            LockMode::SafeNoLock => snapshot.between_equal_positions(server)?,
            LockMode::NoLock => {
                tracing::warn!("no lock is taken: the workers may see different points in time");
                snapshot.start_transactions()?;
                snapshot.coordinates = snapshot.read_coordinates(server);
            }
            LockMode::Auto => match snapshot.under_lock(config, server) {
                Err(Error::Lock(error)) if is_denied(&error) => {
                    tracing::warn!("{error}; going on without a lock, which needs a quiet moment on the server");
                    snapshot.between_equal_positions(server)?;
                }
                result => result?,
            },
        }
        match TableIds::read(&mut snapshot.coordinator, server) {
            Ok(table_ids) => snapshot.table_ids = Some(table_ids),
            Err(error) if is_denied(&error) => tracing::warn!(
                "without the privilege PROCESS, a table that takes another's name during the dump goes unnoticed"
            ),
            Err(error) => return Err(error.into()),
        }
        Ok(snapshot)
    }

    /// Whether only the lock keeps tables without snapshots in step.
    pub fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    /// Releases the lock, if one is held.
    pub fn unlock(&mut self) -> Result<(), Error> {
        if let Some(lock) = self.lock.take() {
            self.coordinator.execute("UNLOCK TABLES")?;
            tracing::info!("read lock released after {:.3} s", lock.since.elapsed().as_secs_f64());
        }
        Ok(())
    }

    fn under_lock(&mut self, config: &Config, server: &Server) -> Result<(), Error> {
        self.coordinator.execute(format!("SET SESSION lock_wait_timeout={}", config.lock_wait_seconds.max(1)))?;
        let waiting = Instant::now();
        let mut attempt = 0;
        while let Err(error) = self.coordinator.execute("FLUSH TABLES WITH READ LOCK") {
            const LOCK_WAIT_TIMEOUT: u16 = 1205;
            attempt += 1;
            if error.server_code() != Some(LOCK_WAIT_TIMEOUT) || attempt > config.lock_retries {
                return Err(Error::Lock(error));
            }
            tracing::warn!("the read lock was not granted within {} s, trying again", config.lock_wait_seconds);
        }
        tracing::info!("read lock taken after {:.3} s", waiting.elapsed().as_secs_f64());
        self.lock = Some(HeldLock { since: Instant::now() });
        self.start_transactions()?;
        self.coordinates = self.read_coordinates(server);
        Ok(())
    }

    /// Without a lock, snapshots are of one moment if nothing was committed from before the first to after the last.
    /// That shows only in the binary log, so without one there is no proof.
    fn between_equal_positions(&mut self, server: &Server) -> Result<(), Error> {
        for _ in 0..POSITION_ATTEMPTS {
            let before = self.read_coordinates(server);
            self.start_transactions()?;
            let after = self.read_coordinates(server);
            if before.is_none() {
                tracing::warn!(
                    "the binary log's position cannot be read: the workers may see different points in time"
                );
                return Ok(());
            }
            if before == after {
                self.coordinates = after;
                return Ok(());
            }
        }
        Err(Error::Moving)
    }

    fn start_transactions(&mut self) -> Result<(), Error> {
        for connection in self.workers.iter_mut().chain([&mut self.coordinator]) {
            connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
            connection.execute("START TRANSACTION /*!40108 WITH CONSISTENT SNAPSHOT */")?;
        }
        Ok(())
    }

    fn read_coordinates(&mut self, server: &Server) -> Option<Coordinates> {
        match replication::coordinates(&mut self.coordinator, server) {
            Ok(coordinates) => coordinates,
            Err(error) => {
                tracing::warn!("the binary log's position is not in the metadata: {error}");
                None
            }
        }
    }
}

/// Whether the user lacks a privilege, as managed servers keep some from everyone.
fn is_denied(error: &ServerError) -> bool {
    matches!(error.server_code(), Some(1044 | 1045 | 1142 | 1227))
}
