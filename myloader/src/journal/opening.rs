//! Opens the journal of a restore, and waits for the end of the interrupted run's sessions.

use std::path::Path;

use common::observe::logging::SUMMARY;
use common::observe::wording::count;
use common::server::connection::Connection;
use common::sql::quote_string;

use super::error::Error;
use super::identity::{Identity, ServerLife, ServerRestart};
use super::names::lock_name;
use super::writer::Journal;
use crate::config::Config;
use crate::session::await_end;

/// Opens the journal of a restore from a local `directory`, of a dump with this checksum and length of its metadata, as far as
/// these are known.
///
/// # Errors
/// When another program uses it, or it belongs to a different restore.
pub fn open(
    config: &Config,
    directory: Option<&Path>,
    dump: Option<(u32, u64)>,
    life: &ServerLife,
    connection: &mut Connection,
) -> Result<(Journal, ServerRestart), Error> {
    if config.restore.delete_files || config.restore.verify_only {
        return Ok((Journal::default(), ServerRestart::default()));
    }
    let identity = Identity::new(connection, &config.restore, dump)?;
    let (path, is_ours) = match (&config.journal, directory) {
        (Some(path), _) => (path.clone(), false),
        (None, Some(directory)) => (identity.path(directory), true),
        (None, None) if config.resume => {
            return Err(Error::NotThere { path: identity.path(Path::new("")), others: String::new() });
        }
        (None, None) => return Ok((Journal::default(), ServerRestart::default())),
    };
    if config.resume {
        resume(&path, &identity, life, connection)
    } else {
        Ok((Journal::new(path, is_ours, &identity)?, ServerRestart::default()))
    }
}

/// Opens the journal of an earlier run, and ends the sessions that the server still has of it.
fn resume(
    path: &Path,
    identity: &Identity,
    life: &ServerLife,
    connection: &mut Connection,
) -> Result<(Journal, ServerRestart), Error> {
    let journal = Journal::resume(path, identity)?;
    let mut server_restart = ServerRestart::default();
    {
        let state = journal.state();
        for run in &state.runs {
            if run.workers == 0 {
                return Err(Error::NoUserLocks);
            }
            for number in 0..run.workers {
                let lock = lock_name(&run.locks, number);
                await_end(connection, &lock)?;
                connection.execute(format!("DO RELEASE_LOCK({})", quote_string(&lock)))?;
            }
            server_restart.happened |= life.is_after(run);
        }
        let tables = state.tables.values().filter(|table| table.complete).count();
        let (files, rows) = state.files.values().fold((0_u64, 0), |(files, rows), file| (files + 1, rows + file.rows));
        tracing::info!(
            target: SUMMARY,
            "resuming the restore of {}: {} complete, skipping {} of {} that are loaded",
            path.display(),
            count(tables as u64, "table"),
            count(rows, "row"),
            count(files, "file")
        );
        if server_restart.happened {
            tracing::warn!(
                "the server was restarted and may have lost committed rows (innodb_flush_log_at_trx_commit, \
                 engines other than InnoDB): counting the rows of all tables"
            );
        }
    }
    Ok((journal, server_restart))
}
