//! Checks what an earlier run has done against what the server has: `--resume` relies on nothing unchecked.
//!
//! A complete table is as it was left, unless the server was restarted since. The rows of other tables are counted. Where
//! the number differs from the journal's, a table of ours is created again, and one that existed before is an error.

use std::sync::Arc;

use common::backup::file_name::DumpFile;
use common::observe::wording::count;
use common::process::sync::lock;
use common::server::connection::ServerError;
use common::sql::name::QualifiedName;
use common::sql::quote_string;

use crate::jobs::committed_rows::{self, Verdict};
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::target::TableTarget;
use crate::journal::{self, Record, TableProgress, table_name};

/// A failure whose place in a file is not known yet.
pub enum UnplacedError {
    Server(ServerError),
    Other(Error),
}

impl From<ServerError> for UnplacedError {
    fn from(error: ServerError) -> UnplacedError {
        UnplacedError::Server(error)
    }
}

impl From<journal::Error> for UnplacedError {
    fn from(error: journal::Error) -> UnplacedError {
        UnplacedError::Other(error.into())
    }
}

impl UnplacedError {
    /// Adds the place.
    pub fn or(self, place: &dyn Fn(ServerError) -> Error) -> Error {
        match self {
            UnplacedError::Server(error) => place(error),
            UnplacedError::Other(error) => error,
        }
    }
}

/// How far a table is that an earlier run created or found. `None` if it has to be created again; it is dropped then.
pub fn table(
    context: &mut Context,
    name: &QualifiedName,
    mut earlier: TableProgress,
) -> Result<Option<TableProgress>, UnplacedError> {
    if earlier.kept == Some(true) {
        return Ok(Some(earlier));
    }
    if !earlier.restarting {
        if let Some(rows) = settle(context, name, &mut earlier)? {
            tracing::info!("table {name}: keeping {} of the interrupted run", count(rows, "row"));
            return Ok(Some(earlier));
        }
        context.shared.journal.correct(Record::Restart { table: table_name(name) })?;
    }
    let shared = Arc::clone(&context.shared);
    let _one_at_a_time = lock(&shared.dropping);
    context.session.drop_table_or_view(&name.name)?;
    Ok(None)
}

/// Whether an earlier run has emptied a table, and it is as that run left it. If it has to be emptied again, the triggers
/// that the earlier run created are dropped.
pub fn is_emptied(context: &mut Context, table: &TableTarget) -> Result<bool, UnplacedError> {
    let Some(mut earlier) = context.shared.journal.table(&table.name).filter(|earlier| earlier.emptied) else {
        return Ok(false);
    };
    if let Some(rows) = settle(context, &table.name, &mut earlier)? {
        table.committed_rows.all_ours(rows);
        return Ok(true);
    }
    drop_triggers(context, &table.name)?;
    Ok(false)
}

/// Before rows are loaded: drops triggers that an earlier run created after it had skipped these rows, since they would
/// fire. They are created again when all rows are loaded.
pub fn drop_triggers(context: &mut Context, table: &QualifiedName) -> Result<(), UnplacedError> {
    let shared = Arc::clone(&context.shared);
    if !shared.journal.resumes() {
        return Ok(());
    }
    let mut without_triggers = lock(&shared.without_triggers);
    let folded = shared.server.folded(&table.name);
    if without_triggers.contains(table) || shared.journal.had_triggers(&table.database, &folded) {
        return Ok(());
    }
    let connection = context.session.unchanged();
    let triggers = connection.query(format!(
        "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = {} AND EVENT_OBJECT_TABLE = {}",
        quote_string(&table.database),
        quote_string(&table.name)
    ))?;
    if !triggers.is_empty() {
        shared.journal.correct(Record::TriggersDropped { table: table_name(table) })?;
    }
    for trigger in triggers {
        let trigger = QualifiedName::new(table.database.clone(), trigger.text(0));
        connection.execute(format!("DROP TRIGGER IF EXISTS {}", trigger.to_sql()))?;
    }
    without_triggers.insert(table.clone());
    Ok(())
}

/// Before rows are loaded into a table that existed before: it must have as many as the earlier run left.
pub fn settle_kept(context: &mut Context, table: &TableTarget, file: &DumpFile) -> Result<(), Error> {
    if !context.shared.journal.resumes() {
        return Ok(());
    }
    let mut known = table.committed_rows.lock();
    let earlier = context.shared.journal.table(&table.name).filter(|_| known.committed.is_none());
    if earlier.as_ref().is_some_and(|earlier| earlier.damaged && earlier.kept == Some(true)) {
        return Err(Error::DamagedBefore { table: table.name.to_string() });
    }
    let Some(earlier) = earlier.filter(|earlier| earlier.known().is_some()) else { return Ok(()) };
    let place = |source| Error::Job { job: file.to_string(), source };
    let mut attempts = 0;
    let settled = loop {
        let mut earlier = earlier.clone();
        match settle(context, &table.name, &mut earlier).map_err(|failure| failure.or(&place)) {
            Err(error) if error.is_lost_connection() && attempts < context.shared.restore.retry_count => {
                attempts += 1;
                context.reconnect(error)?;
            }
            result => break result?,
        }
    };
    match settled {
        Some(rows) => known.committed = Some(rows),
        None => {
            return Err(Error::Changed {
                table: table.name.to_string(),
                expected: earlier.known().unwrap_or_default(),
            });
        }
    }
    Ok(())
}

/// How many rows a table has, if that is what the journal says. A complete table that the server cannot have lost is not
/// counted: it only has to exist.
fn settle(
    context: &mut Context,
    name: &QualifiedName,
    earlier: &mut TableProgress,
) -> Result<Option<u64>, UnplacedError> {
    let Some(known) = earlier.known() else { return Ok(None) };
    let mariadb = context.shared.server.is_mariadb();
    let counted = match earlier.complete && !context.shared.server_restart.happened {
        true => {
            let is_there = format!("SELECT 1 FROM {} LIMIT 0", name.to_sql());
            context.session.unchanged().query(is_there).map(|_| known)
        }
        false => committed_rows::count(context.session.unchanged(), name, mariadb),
    };
    let counted = match counted {
        Ok(counted) => counted,
        // It is gone, or damaged.
        Err(error) if error.server_code().is_some() && earlier.kept == Some(false) => {
            tracing::warn!("creating table {name} again: {error}");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let net = earlier.in_doubt.as_ref().map_or(0, |commit| commit.net);
    match (committed_rows::settle(known, net, counted), earlier.in_doubt.take()) {
        (Verdict::RolledBack, in_doubt) => {
            if in_doubt.is_some() {
                // Else a later run might take other rows for those of this transaction.
                context.shared.journal.correct(Record::Counted { table: table_name(name), rows: known })?;
            }
            Ok(Some(known))
        }
        (Verdict::Committed, Some(commit)) => {
            earlier.grown += commit.net;
            context.shared.journal.correct(Record::Committed(commit))?;
            Ok(Some(counted))
        }
        _ => {
            if earlier.kept == Some(false) || earlier.emptied {
                tracing::warn!(
                    "table {name} has {} instead of the {known} that were loaded: reloading it from the start",
                    count(counted, "row")
                );
            }
            Ok(None)
        }
    }
}
