//! Proof, without a lock, that all snapshots are from one point in time.
//!
//! **MariaDB** keeps with each snapshot the exact place in the binary log that it stands at (`binlog_snapshot_file`,
//! `binlog_snapshot_position`): equal places are equal snapshots, and the place is the dump's.
//!
//! **MySQL** does not, and its log's position alone proves nothing, as a transaction is in the log before it is visible
//! to others. But from before it is written until after it is visible it is in `gtid_owned`, and then at once in
//! `gtid_executed`. So: read `gtid_executed`; open all snapshots; see that `gtid_owned` is empty; see that
//! `gtid_executed` is what it was. A transaction that became visible in between either still was in `gtid_owned` or had
//! gone to `gtid_executed`. What was executed then is what all snapshots see.
//!
//! Neither sees changes that are kept out of the binary log (`SET sql_log_bin = 0`, `binlog_ignore_db`).

use std::time::{Duration, Instant};

use common::backup::metadata::Coordinates;
use common::exit_codes;
use common::server::Server;
use common::server::connection::{Connection, ServerError};

use crate::consistency::coordinates;
use crate::consistency::metadata_locks;

/// For how long snapshots are opened again and again. Each attempt takes about a millisecond where the server is near.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A statement failed.
    #[error("cannot open a consistent snapshot: {0}")]
    Server(#[from] ServerError),
    /// This server has nothing to prove it by.
    #[error("{0}")]
    Impossible(&'static str),
    /// Commits went on and on.
    #[error(
        "transactions were committed during every attempt to open all snapshots at once, for {} s", PATIENCE.as_secs()
    )]
    Moving,
}

exit_codes! { Error:
    of source: Server;
    Exit::Failed: Impossible, Moving;
}

/// Starts a transaction with a snapshot on each connection, all at about the same time.
pub fn start_transactions<'a>(connections: impl IntoIterator<Item = &'a mut Connection>) -> Result<(), ServerError> {
    let start = "START TRANSACTION /*!40108 WITH CONSISTENT SNAPSHOT */";
    on_all(connections, &[start.to_owned(), metadata_locks::MARK.to_owned()])
}

/// Executes statements on several connections at the same time. All are waited for, and the first error is the result.
pub fn on_all<'a>(
    connections: impl IntoIterator<Item = &'a mut Connection>,
    statements: &[String],
) -> Result<(), ServerError> {
    std::thread::scope(|scope| {
        let start = |connection: &'a mut Connection| {
            scope.spawn(move || statements.iter().try_for_each(|statement| connection.execute(statement).map(drop)))
        };
        let threads: Vec<_> = connections.into_iter().map(start).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).fold(Ok(()), Result::and)
    })
}

/// Opens snapshots on all connections that are proved to be from one point in time, and says where in the binary log it is.
pub fn open_equal_snapshots(
    coordinator: &mut Connection,
    workers: &mut [Connection],
    server: &Server,
) -> Result<Coordinates, Error> {
    if server.is_mariadb() { by_position(coordinator, workers) } else { by_gtids(coordinator, workers, server) }
}

/// A place in the binary log, in the log's order: `bin.1000000` is after `bin.999999`.
type Place = (usize, String, u64);

fn by_position(coordinator: &mut Connection, workers: &mut [Connection]) -> Result<Coordinates, Error> {
    let row = coordinator.query_first("SELECT @@GLOBAL.log_slave_updates, @@GLOBAL.gtid_slave_pos")?;
    if row.is_some_and(|row| row.text(0) == "0" && !row.text(1).is_empty()) {
        return Err(Error::Impossible(
            "the server is a replica that does not write what it replicates to its binary log (log_slave_updates is OFF)",
        ));
    }
    let mut all: Vec<&mut Connection> = std::iter::once(coordinator).chain(workers).collect();
    let mut places: Vec<Option<Place>> = vec![None; all.len()];
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        // Those that are behind the newest are opened again.
        let newest = places.iter().flatten().max().cloned();
        let behind = |place: &Option<Place>| newest.is_none() || *place != newest;
        let reopened: Vec<&mut Connection> = all
            .iter_mut()
            .zip(&places)
            .filter(|(_, place)| behind(place))
            .map(|(connection, _)| &mut **connection)
            .collect();
        start_transactions(reopened)?;
        for (connection, place) in all.iter_mut().zip(&mut places).filter(|(_, place)| behind(place)) {
            *place = snapshot_place(connection)?;
        }
        match &places[0] {
            None => return Err(Error::Impossible("the server writes no binary log")),
            Some(first) if places.iter().all(|place| place.as_ref() == Some(first)) => {
                return Ok(coordinates::of_place(all[0], &first.1, first.2)?);
            }
            Some(_) => {}
        }
    }
    Err(Error::Moving)
}

fn snapshot_place(connection: &mut Connection) -> Result<Option<Place>, ServerError> {
    Ok(coordinates::of_snapshot(connection)?.map(|(file, position)| (file.len(), file, position)))
}

fn by_gtids(coordinator: &mut Connection, workers: &mut [Connection], server: &Server) -> Result<Coordinates, Error> {
    if !coordinates::has_gtids(coordinator)? {
        return Err(Error::Impossible(
            "MySQL shows which transactions a snapshot holds with log_bin and gtid_mode=ON only",
        ));
    }
    let executed = |connection: &mut Connection| -> Result<String, ServerError> {
        Ok(connection.query_first("SELECT @@GLOBAL.gtid_executed")?.map(|row| row.text(0)).unwrap_or_default())
    };
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let before = executed(coordinator)?;
        start_transactions(std::iter::once(&mut *coordinator).chain(workers.iter_mut()))?;
        let file = coordinates::coordinates(coordinator, server);
        let owned = coordinator.query_first("SELECT @@GLOBAL.gtid_owned")?.map(|row| row.text(0));
        // In this order: what leaves the one meanwhile is in the other.
        if owned.is_none_or(|owned| owned.is_empty()) && executed(coordinator)? == before {
            let coordinates = file?.unwrap_or_default();
            return Ok(Coordinates { gtid_set: Some(before).filter(|set| !set.is_empty()), ..coordinates });
        }
    }
    Err(Error::Moving)
}
