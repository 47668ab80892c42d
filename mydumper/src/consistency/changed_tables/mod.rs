//! Proof that tables still are what they were at the snapshot when all their rows have been read. Otherwise a chunk may be
//! from another table.
//!
//! Changes after that do not matter, but the sooner a table is checked, the fewer of them are taken for earlier ones.

mod changed_entries;
pub mod listing;
pub mod table_ids;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use common::exit_codes;
use common::observe::wording::count;
use common::server::Server;
use common::server::connection::ServerError;
use common::sql::name::QualifiedName;

use crate::catalog;
use crate::config::Config;
use crate::consistency::Snapshot;

/// It is not proved that tables are what they were at the consistency point.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They are not.
    #[error(
        "{} changed while the dump ran (created, renamed, dropped, truncated or altered): the dump is not complete; \
         run again when no DDL is running", .0.join(", ")
    )]
    Changed(Vec<String>),
    /// The tables cannot be listed.
    #[error(transparent)]
    Listing(#[from] catalog::Error),
    /// InnoDB's numbers of them cannot be read.
    #[error(transparent)]
    Server(#[from] ServerError),
}

// As the server says itself of a table that was changed while it is read.
exit_codes! { Error:
    of source: Listing, Server;
    Exit::Server: Changed;
}

impl Error {
    /// Whether the program's stop was the cause.
    pub fn is_stop(&self) -> bool {
        match self {
            Error::Listing(catalog::Error::Server(error)) | Error::Server(error) => error.is_stop(),
            Error::Listing(_) | Error::Changed(_) => false,
        }
    }
}

/// After a check of the finished tables, the next waits this many times as long as the check took.
const PAUSE: u32 = 20;

/// Which tables were checked.
#[derive(Default)]
pub struct TableCheck {
    /// Not since their rows were read.
    unchecked: BTreeSet<QualifiedName>,
    checked: BTreeSet<QualifiedName>,
    /// Not before.
    next: Option<Instant>,
}

impl TableCheck {
    /// All rows of this table were read.
    pub fn add(&mut self, name: QualifiedName) {
        self.unchecked.insert(name);
    }

    /// Checks the tables that were added, if it is time to. The snapshot's coordinator is in no transaction.
    pub fn finished(&mut self, config: &Config, server: &Server, snapshot: &mut Snapshot) -> Result<(), Error> {
        let is_due = self.next.is_none_or(|next| Instant::now() >= next);
        if self.unchecked.is_empty() || !is_due || snapshot.point.holds_off_ddl() {
            return Ok(());
        }
        let began = Instant::now();
        let unchecked = std::mem::take(&mut self.unchecked);
        let changed = changed(config, server, snapshot)?.into_iter().filter(|name| unchecked.contains(name)).collect();
        fail_with(changed)?;
        self.checked.extend(unchecked);
        tracing::info!("no DDL has changed the {}", count(self.checked.len() as u64, "finished table"));
        self.next = Some(Instant::now() + (began.elapsed() * PAUSE).min(Duration::from_secs(3600)));
        Ok(())
    }

    /// Checks all tables but those that were checked already.
    pub fn all(&mut self, config: &Config, server: &Server, snapshot: &mut Snapshot) -> Result<(), Error> {
        let changed = changed(config, server, snapshot)?;
        fail_with(changed.into_iter().filter(|name| !self.checked.contains(name)).collect())
    }
}

fn fail_with(changed: Vec<QualifiedName>) -> Result<(), Error> {
    match changed.is_empty() {
        true => Ok(()),
        false => Err(Error::Changed(changed.iter().map(QualifiedName::to_string).collect())),
    }
}

/// Tables that are no longer what they were at the snapshot, in the order of their names.
fn changed(config: &Config, server: &Server, snapshot: &mut Snapshot) -> Result<BTreeSet<QualifiedName>, Error> {
    let Snapshot { coordinator, point, .. } = snapshot;
    let mut changed: BTreeSet<QualifiedName> =
        point.listing.changed(coordinator, config)?.into_iter().cloned().collect();
    match point.table_ids.as_ref().map(|ids| ids.changed(coordinator, server)) {
        None => {}
        Some(Ok(names)) => changed.extend(names.into_iter().filter(|name| point.listing.contains(name)).cloned()),
        Some(Err(error)) if error.is_timeout() => {
            tracing::warn!("{error}; a table counts as changed only if its time of creation, in seconds, differs");
        }
        Some(Err(error)) => return Err(error.into()),
    }
    Ok(changed)
}
