//! How the snapshots are brought to one point in time, lock mode by lock mode.

use std::collections::BTreeSet;
use std::time::Duration;

use common::backup::metadata::{Coordinates, Guarantee};
use common::process::stop::{Stop, Stopped};
use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::server::error_codes;
use common::sql::name::QualifiedName;

use super::locks::{HeldLock, Lock, LockError, Locker};
use super::{ConsistencyPoint, Error, equal_snapshots, patience};
use crate::catalog::HIGH_PRIORITY;
use crate::config::Config;
use crate::consistency::changed_tables::listing::Listing;
use crate::consistency::changed_tables::table_ids::TableIds;
use crate::consistency::coordinates;
use crate::consistency::long_queries::{self, WaitsFor};
use crate::options::LockMode;

/// How often the tables' locks are requested: a table may be dropped before it is locked, or another session may request a
/// lock on it after us.
const TABLE_LOCK_ATTEMPTS: u32 = 5;
/// How long to wait for the other tables' locks while some are held.
const CROSSED: Duration = Duration::from_secs(5);
/// How long to wait for tables' locks while all writes of the server wait.
const UNDER_GLOBAL_LOCK: Duration = Duration::from_secs(1);
/// How long a connection waits to read a locked table, in seconds.
const TOUCH_SECONDS: u32 = 1;

/// Opens the snapshots in the lock mode that was asked for.
pub struct SnapshotOpener<'a> {
    config: &'a Config,
    server: &'a Server,
    stop: &'a Stop,
    locker: Locker<'a>,
    coordinator: &'a mut Connection,
    workers: &'a mut [Connection],
    ddl: Option<HeldLock>,
    table_ids: TableIdsKnown,
    /// Privileges that the user lacks, as messages name them.
    missing: Vec<String>,
}

impl<'a> SnapshotOpener<'a> {
    /// Over connections without transactions.
    pub fn new(
        config: &'a Config,
        server: &'a Server,
        stop: &'a Stop,
        locker: Locker<'a>,
        coordinator: &'a mut Connection,
        workers: &'a mut [Connection],
    ) -> SnapshotOpener<'a> {
        SnapshotOpener {
            config,
            server,
            stop,
            locker,
            coordinator,
            workers,
            ddl: None,
            table_ids: TableIdsKnown::NotAsked,
            missing: Vec::new(),
        }
    }

    /// Opens all snapshots. `listing` was read just before.
    pub fn open(mut self, listing: Listing) -> Result<ConsistencyPoint, Error> {
        match self.config.lock {
            LockMode::GlobalReadLock => self.under_global_lock(Lock::GlobalRead, &listing)?.finish(self, listing),
            LockMode::LockAll => {
                let (opened, listing) = self.under_table_locks(listing)?;
                opened.finish(self, listing)
            }
            LockMode::SafeNoLock | LockMode::Gtid => self.proved().map_err(Error::Unproved)?.finish(self, listing),
            LockMode::NoLock => self.unproved("--sync-thread-lock-mode=NO_LOCK")?.finish(self, listing),
            LockMode::Auto => self.best(listing),
        }
    }

    /// The best of what the user may do.
    fn best(mut self, listing: Listing) -> Result<ConsistencyPoint, Error> {
        let has_backup_stage = self.server.is_mariadb_since(10, 4, 1) && self.config.backup_locks;
        let global = if has_backup_stage { Lock::BackupStage } else { Lock::GlobalRead };
        let obstacle = match global {
            Lock::GlobalRead if !self.server.is_mariadb() => long_queries::flush_would_wait_for(self.coordinator)?,
            _ => None,
        };
        if let Some(obstacle) = obstacle {
            tracing::warn!(
                "{} would wait for {obstacle}, and all writes would wait for it: the tables are locked one by one instead",
                global.name()
            );
            match self.under_table_locks(listing.clone()) {
                Ok((opened, listing)) => return opened.finish(self, listing),
                Err(error) if error.is_stop() => return Err(error),
                Err(error) => tracing::warn!("{error}; using {} instead", global.name()),
            }
        }
        match self.under_global_lock(global, &listing) {
            Err(Error::Lock(error)) if error.is_denied() => {
                let flush = self.server.is_mysql_since(8, 0, 23);
                self.misses(if flush { "RELOAD or FLUSH_TABLES" } else { "RELOAD" }, &error);
            }
            Err(Error::Lock(error)) if error.is_timeout() && error.what == Lock::Tables.name() => {
                tracing::warn!("{error}; {} is released, and all tables are locked one by one instead", global.name())
            }
            result => return result?.finish(self, listing),
        }
        match self.under_table_locks(listing.clone()) {
            Err(Error::Lock(error)) if error.is_denied() => {
                self.misses("LOCK TABLES on all databases of the dump", &error);
            }
            Err(error) => return Err(error),
            Ok((opened, listing)) => return opened.finish(self, listing),
        }
        match self.proved() {
            Ok(opened) => opened.finish(self, listing),
            Err(equal_snapshots::Error::Server(error)) => Err(error.into()),
            Err(reason) => self.unproved(&reason.to_string())?.finish(self, listing),
        }
    }

    fn under_global_lock(&mut self, lock: Lock, listing: &Listing) -> Result<OpenedSnapshots, Error> {
        let waits_for = if lock == Lock::GlobalRead { WaitsFor::All } else { WaitsFor::Writes };
        self.wait_for_long_queries(lock, waits_for)?;
        self.lock_ddl()?;
        self.read_table_ids()?;
        let held = self.take_global_lock(lock)?;
        self.start_transactions()?;
        let mut opened = self.opened(lock.name());
        let without = self.tables_to_lock(listing);
        if without.is_empty() {
            held.release()?;
            return Ok(opened);
        }
        // While nothing changes yet: then only these tables stay locked.
        match self.lock_tables_to_keep(&without)? {
            Ok(tables) => {
                held.release()?;
                opened.rows = Some(tables);
            }
            Err(error) if error.source.is_stop() => return Err(error.into()),
            Err(error) => {
                tracing::warn!(
                    "{error}; so {} is held until the tables of engines without snapshots are copied",
                    lock.name()
                );
                opened.rows = Some(held);
            }
        }
        Ok(opened)
    }

    /// LOCK TABLES under a global lock. In `Err`, why it was not granted.
    fn lock_tables_to_keep(&mut self, tables: &[QualifiedName]) -> Result<Result<HeldLock, LockError>, Error> {
        for attempt in 1.. {
            // Aria's writers ask for the table first: who has it may wait for the global lock.
            let lock = match self.locker.take_soon(Lock::Tables, tables, UNDER_GLOBAL_LOCK) {
                Ok(lock) => lock,
                Err(error) if error.is_timeout() => return Err(error.into()),
                Err(error) => return Ok(Err(error)),
            };
            match self.touch(tables) {
                // Somebody else flushes tables, and waits for those that are locked: let through, he is done at once.
                Err(Error::Server(error)) if error.is_timeout() && attempt < TABLE_LOCK_ATTEMPTS => {
                    self.locker.give_back(lock)?;
                }
                result => return result.map(|()| Ok(lock)),
            }
        }
        Err(Stopped.into())
    }

    /// DDL that meets LOCK INSTANCE FOR BACKUP waits with its intention to write, and FLUSH TABLES WITH READ LOCK would
    /// wait for that, on MySQL: so DDL is let through once more when that which ran has ended.
    fn take_global_lock(&mut self, lock: Lock) -> Result<HeldLock, Error> {
        match self.ddl.take() {
            Some(ddl) if lock == Lock::GlobalRead => self.locker.give_back(ddl)?,
            ddl => {
                self.ddl = ddl;
                return Ok(self.locker.take(lock, &[])?);
            }
        }
        let held = self.locker.take(lock, &[])?;
        match self.locker.take_soon(Lock::Instance, &[], Duration::from_secs(1)) {
            Ok(ddl) => self.ddl = Some(ddl),
            Err(error) if error.is_timeout() => tracing::warn!("{error}; continuing without it"),
            Err(error) => return Err(error.into()),
        }
        Ok(held)
    }

    /// Transactions that changed one of the tables have ended when these locks are granted, and no other can change one.
    /// So snapshots that are opened one after the other agree on them, and the position is right for them.
    fn under_table_locks(&mut self, mut listing: Listing) -> Result<(OpenedSnapshots, Listing), Error> {
        self.wait_for_long_queries(Lock::Tables, WaitsFor::Writes)?;
        self.lock_ddl()?;
        self.read_table_ids()?;
        for attempt in 1.. {
            match self.try_table_locks(&listing) {
                Err(Error::Lock(error))
                    if error.source.server_code() == Some(error_codes::NO_SUCH_TABLE)
                        && attempt < TABLE_LOCK_ATTEMPTS =>
                {
                    listing = Listing::read(self.coordinator, self.config)?;
                }
                Err(Error::Server(error)) if error.is_timeout() && attempt < TABLE_LOCK_ATTEMPTS => {
                    tracing::warn!(
                        "another session waits for a lock on a table: all table locks are released and taken again"
                    );
                }
                result => return Ok((result?, listing)),
            }
        }
        Err(Stopped.into())
    }

    fn try_table_locks(&mut self, listing: &Listing) -> Result<OpenedSnapshots, Error> {
        let to_keep = self.tables_to_lock(listing);
        let kept: BTreeSet<&QualifiedName> = to_keep.iter().collect();
        let others: Vec<QualifiedName> = listing.names().filter(|name| !kept.contains(name)).cloned().collect();
        // Those to keep first: writers that wait for them would let no second lock pass.
        let kept = if to_keep.is_empty() { None } else { Some(self.locker.take(Lock::Tables, &to_keep)?) };
        let held = match (others.is_empty(), &kept) {
            (true, _) => None,
            (false, None) => Some(self.locker.take(Lock::Tables, &others)?),
            // Somebody may have locked one of these and wait for one of those.
            (false, Some(_)) => {
                let held = self.locker.take_soon(Lock::Tables, &others, CROSSED);
                Some(held.map_err(|error| if error.is_timeout() { error.source.into() } else { Error::from(error) })?)
            }
        };
        self.start_transactions()?;
        let opened = self.opened("LOCK TABLES on all tables of the dump");
        self.touch(&to_keep)?;
        held.map_or(Ok(()), HeldLock::release)?;
        Ok(OpenedSnapshots { all_by_name: true, rows: kept, ..opened })
    }

    /// Lets every connection that reads take part in the tables that stay locked. Later, somebody who asks for such a
    /// table for himself alone would stand between the lock and its readers: he waits for the lock, they for him.
    fn touch(&mut self, tables: &[QualifiedName]) -> Result<(), Error> {
        if tables.is_empty() {
            return Ok(());
        }
        let priority = if self.server.is_mariadb() { HIGH_PRIORITY } else { "" };
        let mut statements = vec![format!("SET SESSION lock_wait_timeout={TOUCH_SECONDS}")];
        statements.extend(tables.iter().map(|table| format!("SELECT {priority}1 FROM {} LIMIT 0", table.to_sql())));
        statements.push(format!("SET SESSION lock_wait_timeout={}", patience(self.config)));
        Ok(equal_snapshots::on_all(self.workers.iter_mut().chain([&mut *self.coordinator]), &statements)?)
    }

    fn proved(&mut self) -> Result<OpenedSnapshots, equal_snapshots::Error> {
        self.read_table_ids()?;
        let coordinates = equal_snapshots::open_equal_snapshots(self.coordinator, self.workers, self.server)?;
        if self.config.lock == LockMode::Gtid && coordinates.gtid_set.is_none() {
            return Err(equal_snapshots::Error::Impossible("the server has no GTIDs"));
        }
        Ok(OpenedSnapshots {
            by: "equal snapshots, proved by the binary log and without a lock".to_owned(),
            coordinates: Some(coordinates),
            ..OpenedSnapshots::default()
        })
    }

    fn unproved(&mut self, why: &str) -> Result<OpenedSnapshots, Error> {
        self.read_table_ids()?;
        self.start_transactions()?;
        let opened = self.opened(&format!("nothing is proved ({why})"));
        Ok(OpenedSnapshots { is_unproved: true, ..opened })
    }

    fn opened(&mut self, by: &str) -> OpenedSnapshots {
        let coordinates = match coordinates::coordinates(self.coordinator, self.server) {
            Ok(coordinates) => coordinates,
            Err(error) => {
                tracing::warn!("the metadata will not have the binary log position: {error}");
                None
            }
        };
        OpenedSnapshots { by: by.to_owned(), coordinates, ..OpenedSnapshots::default() }
    }

    fn start_transactions(&mut self) -> Result<(), Error> {
        Ok(equal_snapshots::start_transactions(self.workers.iter_mut().chain([&mut *self.coordinator]))?)
    }

    /// MySQL 8 holds all DDL off by one lock. MariaDB has none that could be held for long: its BACKUP STAGE BLOCK_DDL
    /// stops writes to tables without transactions, too.
    fn lock_ddl(&mut self) -> Result<(), Error> {
        if !self.config.ddl_locks || !self.server.is_mysql_since(8, 0, 0) || self.ddl.is_some() {
            return Ok(());
        }
        match self.locker.take(Lock::Instance, &[]) {
            Ok(lock) => self.ddl = Some(lock),
            Err(error) if error.is_denied() => self.misses("BACKUP_ADMIN", &error),
            Err(error) if error.is_timeout() => tracing::warn!("{error}; continuing without it, while DDL is running"),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn wait_for_long_queries(&mut self, lock: Lock, waits_for: WaitsFor) -> Result<(), Error> {
        let lock = (lock.name(), waits_for);
        let guard = &self.config.long_queries;
        Ok(long_queries::wait_for_their_end(self.coordinator, guard, lock, self.stop)?)
    }

    /// Tables of engines without snapshots, which stay locked while they are copied.
    fn tables_to_lock(&self, listing: &Listing) -> Vec<QualifiedName> {
        if !self.config.objects.data || !self.config.lock_other_engines {
            return Vec::new();
        }
        listing.without_snapshots().cloned().collect()
    }

    /// Before any lock on rows is held, since MySQL lets this wait for DDL. Where DDL is held off, they are not needed.
    fn read_table_ids(&mut self) -> Result<(), ServerError> {
        if self.ddl.is_some() || matches!(self.table_ids, TableIdsKnown::Asked(_)) {
            return Ok(());
        }
        let filter = &self.config.filter;
        let wanted = |name: &QualifiedName| filter.passes_database(&name.database);
        self.table_ids = TableIdsKnown::Asked(match TableIds::read(self.coordinator, self.server, wanted) {
            Ok(table_ids) => Some(table_ids),
            Err(error) if error.is_denied() => {
                tracing::info!(
                    "without the privilege PROCESS, a table counts as changed only if its time of creation, in seconds, differs"
                );
                None
            }
            Err(error) if error.is_timeout() => {
                tracing::warn!("{error}; a table counts as changed only if its time of creation, in seconds, differs");
                None
            }
            Err(error) => return Err(error),
        });
        Ok(())
    }

    /// Remembers a privilege that was missing, once.
    fn misses(&mut self, privilege: &str, error: &LockError) {
        let missing = format!("{privilege} for {}", error.what);
        if !self.missing.contains(&missing) {
            tracing::info!("{error}");
            self.missing.push(missing);
        }
    }
}

/// InnoDB's numbers of tables.
enum TableIdsKnown {
    NotAsked,
    /// With the answer, if there was one.
    Asked(Option<TableIds>),
}

/// Snapshots that are open, and how far they are proved equal.
#[derive(Default)]
struct OpenedSnapshots {
    by: String,
    coordinates: Option<Coordinates>,
    rows: Option<HeldLock>,
    all_by_name: bool,
    is_unproved: bool,
}

impl OpenedSnapshots {
    fn finish(self, opener: SnapshotOpener<'_>, listing: Listing) -> Result<ConsistencyPoint, Error> {
        let SnapshotOpener { config, ddl, table_ids, missing, .. } = opener;
        let in_step = self.rows.is_some() || !config.objects.data || listing.without_snapshots().next().is_none();
        let guarantee = match (self.is_unproved, in_step) {
            (true, _) => Guarantee::None,
            (false, true) => Guarantee::PointInTime,
            (false, false) => Guarantee::TransactionalTables,
        };
        let ddl_fate = if ddl.is_some() {
            "DDL is held off until the dump ends"
        } else {
            "DDL is not blocked: it ends the dump when it changes a table"
        };
        let mut evidence = format!("{}; {ddl_fate}", self.by);
        if !missing.is_empty() {
            evidence.push_str("; the user lacks privileges for more: ");
            evidence.push_str(&missing.join(", and "));
        }
        Ok(ConsistencyPoint {
            coordinates: self.coordinates,
            table_ids: match table_ids {
                TableIdsKnown::Asked(table_ids) if ddl.is_none() => table_ids,
                _ => None,
            },
            listing,
            guarantee,
            evidence,
            all_by_name: self.all_by_name,
            ddl,
            rows: self.rows,
        })
    }
}
