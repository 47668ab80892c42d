//! `--disable-redo-log`: MySQL without its redo log for the time of the restore.

use common::exit_codes;
use common::process::signals::PendingReset;
use common::process::stop::Stop;
use common::server::Server;
use common::server::connection::{Connection, ServerError, Settings};

use crate::journal::{self, Journal, Record};

/// The redo log was not turned off.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server cannot do without.
    #[error("--disable-redo-log: {0} cannot work without its redo log, MySQL can since 8.0.21: leave the option out")]
    Unknown(Server),
    /// The server refused.
    #[error("--disable-redo-log: {0}")]
    Server(#[from] ServerError),
    /// Nothing can be written down.
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

exit_codes! { Error:
    of source: Server, Journal;
    Exit::Server: Unknown;
}

/// A redo log that is off. Dropping this turns it on again.
pub struct RedoLogOff {
    settings: Settings,
    _pending_reset: PendingReset,
}

const ENABLE: &str = "ALTER INSTANCE ENABLE INNODB REDO_LOG";

/// Turns it off, if `wanted`. `None` if it is on, or was already off: then somebody else will turn it on, unless an
/// earlier run of the restore turned it off.
pub fn off(
    wanted: bool,
    connection: &mut Connection,
    server: &Server,
    settings: &Settings,
    journal: &Journal,
) -> Result<Option<RedoLogOff>, Error> {
    let left = journal.state().redo_log_off;
    if !wanted {
        if left {
            connection.execute(ENABLE)?;
            tracing::info!("turned the server's redo log back on, which the interrupted restore had turned off");
        }
        return Ok(None);
    }
    if !server.is_mysql_since(8, 0, 21) {
        return Err(Error::Unknown(*server));
    }
    let state = connection.query_first("SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled'")?;
    let is_off = state.is_some_and(|row| row.text(1) == "OFF");
    if is_off && !left {
        tracing::warn!("the server's redo log was already off and stays off");
        return Ok(None);
    }
    let pending_reset = PendingReset::new();
    if !is_off {
        journal.will_change(Record::RedoLogOff)?;
        connection.execute("ALTER INSTANCE DISABLE INNODB REDO_LOG")?;
    }
    tracing::warn!(
        "the server's redo log is off until the restore ends: if the server crashes before, all its data is lost"
    );
    Ok(Some(RedoLogOff { settings: settings.clone(), _pending_reset: pending_reset }))
}

impl Drop for RedoLogOff {
    fn drop(&mut self) {
        // The program may be stopping: this still has to be done.
        let result =
            Connection::open(&self.settings, &Stop::default()).and_then(|mut connection| connection.execute(ENABLE));
        match result {
            Ok(_) => tracing::info!("the server's redo log is on again"),
            Err(error) => tracing::error!(
                "the server's redo log is still off, turn it on by hand (ALTER INSTANCE ENABLE INNODB REDO_LOG): {error}"
            ),
        }
    }
}
