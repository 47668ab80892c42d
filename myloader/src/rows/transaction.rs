//! The transaction that statements of rows are in: all of it is there in the end, or none.
//!
//! One that fails because of other sessions, or of a lost connection, is rolled back and retried. One whose
//! COMMIT was sent and not answered may have been committed or not: the rows of the table are counted. No other COMMIT of this table
//! is under way then, since each holds the table's [`CommittedRows`](crate::jobs::committed_rows::CommittedRows).

use std::sync::Arc;
use std::time::Duration;

use common::backup::file_name::DumpFile;
use common::server::connection::ServerError;
use common::server::error_codes;
use common::sql::quote_string;

use crate::config::Restore;
use crate::jobs::committed_rows::{self, RowCount, Verdict};
use crate::jobs::context::{Context, Shared};
use crate::jobs::error::Error;
use crate::jobs::target::TableTarget;
use crate::journal::{Commit, Record, SkippedStatement, table_name};
use crate::rows::insert_to_load_data::BatchLimits;
use crate::rows::skipped::SkippedStatements;

/// How long to wait for the failure of another transaction to stop the program.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// How far loading a file is.
#[derive(Default)]
pub struct Done {
    /// Statements with rows that are committed, and the rows of these.
    pub statements: u64,
    pub rows: u64,
    /// Those of the statements that went as LOAD DATA.
    pub converted: u64,
    /// Statements with rows that are counted as progress, committed or not.
    pub counted: u64,
}

/// What a statement, or several sent together, did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Loaded {
    /// Rows of the dump.
    pub rows: u64,
    /// By how many the table has grown.
    pub net: i64,
    /// Values that the server changed, and was allowed to.
    pub changed: u64,
}

/// By how many rows a table grows when `sent` were sent, of which the replaced ones also count as removed.
pub fn replaced(sent: u64, affected: u64) -> i64 {
    2 * signed(sent) - signed(affected)
}

pub fn signed(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Why loading a file was interrupted.
pub enum Interruption {
    /// Something failed.
    Failed(Error),
    /// The connection was lost at a COMMIT, and made again. The COMMIT's outcome is known.
    Settled(Error),
}

/// What a rollback left.
#[derive(Debug, Clone, Copy)]
pub struct Undone {
    /// Nothing of the transaction is in the table.
    is_whole: bool,
    /// The session is another one.
    is_session_new: bool,
}

/// How loading continues after a statement that was skipped.
pub enum Next {
    /// With the next statement.
    Statement,
    /// From the start of what is not committed: in a new session, or with each statement in a transaction of its own.
    Restart,
}

impl From<Error> for Interruption {
    fn from(error: Error) -> Interruption {
        Interruption::Failed(error)
    }
}

/// How much goes into one transaction.
#[derive(Debug, Clone, Copy)]
pub struct TransactionLimits {
    /// Statements.
    pub statements: u64,
    /// Bytes of their text; a longer statement is alone.
    pub bytes: u64,
}

impl TransactionLimits {
    /// As the options say.
    pub fn of(restore: &Restore) -> TransactionLimits {
        TransactionLimits { statements: restore.queries_per_transaction, bytes: restore.max_transaction_bytes }
    }
}

pub struct Transaction<'a> {
    table: &'a TableTarget,
    file: &'a DumpFile,
    limits: TransactionLimits,
    statements: u64,
    /// Of the statements that are done.
    bytes: u64,
    loaded: Loaded,
    converted: u64,
}

/// Whether a retry may succeed when other sessions have ended.
pub fn may_pass(error: &Error) -> bool {
    error.is_lost_connection()
        || matches!(
            error.server_code(),
            Some(error_codes::LOCK_WAIT_TIMEOUT | error_codes::DEADLOCK | error_codes::QUERY_INTERRUPTED)
        )
}

impl<'a> Transaction<'a> {
    /// With nothing in it.
    pub fn new(table: &'a TableTarget, file: &'a DumpFile, limits: TransactionLimits) -> Transaction<'a> {
        Transaction { table, file, limits, statements: 0, bytes: 0, loaded: Loaded::default(), converted: 0 }
    }

    /// Commits, if a statement of so many bytes would make it too large.
    pub fn make_room(&mut self, context: &mut Context, bytes: u64, done: &mut Done) -> Result<(), Interruption> {
        let is_full = self.statements > 0 && self.bytes.saturating_add(bytes) > self.limits.bytes;
        if is_full { self.commit(context, done, false) } else { Ok(()) }
    }

    /// The statements that were done, of so many bytes, are in it.
    pub fn holds(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Opens the transaction before its first statement, and counts the table once so that a COMMIT can be settled.
    pub fn begin(&mut self, context: &mut Context, line: u64) -> Result<(), Error> {
        if self.statements == 0 {
            let failed = |source| Error::Statement { file: self.file.to_string(), line, source };
            if context.shared.restore.retry_count > 0 || context.shared.journal.is_open() {
                let mut known = self.table.committed_rows.lock();
                if known.committed.is_none() {
                    let rows = count(context, self.table).map_err(failed)?;
                    known.committed = Some(rows);
                    let table = table_name(&self.table.name);
                    context.shared.journal.write(Record::Counted { table, rows })?;
                }
            }
            context.session.unchanged().execute("START TRANSACTION").map_err(failed)?;
        }
        self.statements += 1;
        Ok(())
    }

    /// How much more fits, including the statement that has begun, if those that follow have as many bytes.
    pub fn room(&self, bytes: u64) -> BatchLimits {
        BatchLimits {
            statements: self.limits.statements - self.statements + 1,
            bytes: self.limits.bytes.saturating_sub(self.bytes).saturating_sub(bytes),
        }
    }

    /// The statement that has begun is done, or several of which it was the first, sent as LOAD DATA.
    pub fn done(
        &mut self,
        context: &mut Context,
        statements: u64,
        converted: bool,
        loaded: Loaded,
        done: &mut Done,
    ) -> Result<(), Interruption> {
        self.statements += statements - 1;
        self.converted += if converted { statements } else { 0 };
        self.loaded.rows += loaded.rows;
        self.loaded.net += loaded.net;
        self.loaded.changed += loaded.changed;
        if self.statements >= self.limits.statements { self.commit(context, done, false) } else { Ok(()) }
    }

    /// Commits. `at_end`: nothing more of the file follows.
    pub fn commit(&mut self, context: &mut Context, done: &mut Done, at_end: bool) -> Result<(), Interruption> {
        if self.statements == 0 {
            return Ok(());
        }
        let table = self.table;
        let mut known = table.committed_rows.lock();
        if known.in_doubt {
            drop(known);
            // Whoever left it so ends the restore, and says why.
            context.shared.stop.pause(STOP_GRACE).map_err(Error::from)?;
            return Err(Error::InDoubt { table: table.name.to_string() }.into());
        }
        let shared = Arc::clone(&context.shared);
        let announced = Commit {
            file: self.file.to_string(),
            table: table_name(&table.name),
            statements: done.statements + self.statements,
            rows: done.rows + self.loaded.rows,
            net: self.loaded.net,
        };
        // The first transaction of a table may be lost with it: so small tables, of which there may be many, do not wait
        // for the disk.
        let is_first = known.ours && known.committed == Some(0);
        if !(is_first && at_end && done.statements == 0 && shared.files.is_small(self.file)) {
            shared.journal.write_and_wait(Record::Commit(announced.clone())).map_err(Error::from)?;
        }
        known.in_doubt = true;
        match context.session.unchanged().execute("COMMIT") {
            Ok(_) => {
                self.committed(&shared, &mut known, done);
                Ok(shared.journal.write(Record::Committed(announced)).map_err(Error::from)?)
            }
            Err(source) => {
                // After KILL QUERY the session continues, and the COMMIT may have been done.
                let in_doubt = source.server_code().is_none_or(|code| code == error_codes::QUERY_INTERRUPTED);
                known.in_doubt = in_doubt;
                let error = Error::Job { job: self.file.to_string(), source };
                let Some(before) = known.committed.filter(|_| in_doubt && may_pass(&error)) else {
                    return Err(error.into());
                };
                let error = self.end(context, error)?;
                let counted = context.persist(self.file, |context| count(context, table))?;
                match committed_rows::settle(before, self.loaded.net, counted) {
                    Verdict::RolledBack => {
                        known.in_doubt = false;
                        // Else a later run might take other rows for those of this transaction.
                        let table = table_name(&table.name);
                        shared.journal.write_and_wait(Record::Counted { table, rows: before }).map_err(Error::from)?;
                    }
                    Verdict::Committed => {
                        tracing::info!("table {} has {counted} rows: the transaction was committed", table.name);
                        self.committed(&shared, &mut known, done);
                        shared.journal.write(Record::Committed(announced)).map_err(Error::from)?;
                    }
                    Verdict::Unknown => {
                        return Err(Error::Unsettled {
                            table: table.name.to_string(),
                            counted,
                            before,
                            after: before.saturating_add_signed(self.loaded.net),
                            lost: Box::new(error),
                        }
                        .into());
                    }
                }
                self.forget();
                Err(Interruption::Settled(error))
            }
        }
    }

    fn committed(&mut self, shared: &Shared, known: &mut RowCount, done: &mut Done) {
        shared.changed_values.add(&self.table.name.to_string(), self.loaded.changed);
        known.in_doubt = false;
        known.committed = known.committed.map(|rows| rows.saturating_add_signed(self.loaded.net));
        done.statements += self.statements;
        done.rows += self.loaded.rows;
        done.converted += self.converted;
        self.forget();
    }

    /// Starts over with nothing.
    pub fn forget(&mut self) {
        *self = Transaction::new(self.table, self.file, self.limits);
    }

    /// Rolls back after an error, and returns the error if the transaction may be retried.
    pub fn undo(&mut self, context: &mut Context, error: Error) -> Result<Error, Error> {
        if !may_pass(&error) {
            return Err(error);
        }
        let began = self.statements > 0;
        let was_lost = error.is_lost_connection();
        let error = self.end(context, error)?;
        // Where the session has not ended, the server's warning said so.
        if was_lost && began && !context.persist(self.file, |context| is_transactional(context, self.table))? {
            return Err(Error::HalfLoaded { table: self.table.name.to_string(), lost: Box::new(error) });
        }
        self.forget();
        Ok(error)
    }

    /// Skips the statement that has begun, with this many rows if known. Together with others, it is not known
    /// yet that it is alone to blame.
    pub fn skip(
        &mut self,
        context: &mut Context,
        error: &Error,
        rows: Option<u64>,
        skipped: &mut SkippedStatements,
        done: &mut Done,
    ) -> Result<Next, Error> {
        let begun = self.statements;
        let undone = self.roll_back(context)?;
        if undone.is_whole && begun > 1 {
            self.limits.statements = 1;
            self.forget();
            return Ok(Next::Restart);
        }
        if undone.is_whole {
            skipped.add(error, rows);
        } else {
            // Those before it stay, too.
            skipped.add_torn(error);
            done.rows += self.loaded.rows;
            self.table.committed_rows.lock().committed = None;
        }
        if let Some(fault) = error.fault() {
            let (why, is_torn) = (error.to_string(), !undone.is_whole);
            let statement = SkippedStatement {
                statement: done.statements + begun,
                why,
                fault,
                rows: rows.filter(|_| !is_torn),
                is_torn,
            };
            let (file, table) = (self.file.to_string(), table_name(&self.table.name));
            context.shared.journal.write(Record::Skipped { file, table, statement })?;
        }
        done.statements += begun;
        self.forget();
        Ok(if undone.is_session_new { Next::Restart } else { Next::Statement })
    }

    /// Whether a statement has begun.
    pub fn has_begun(&self) -> bool {
        self.statements > 0
    }

    /// Rolls back, over another connection if need be: one on which too much was sent, or not all, is unusable.
    pub fn roll_back(&self, context: &mut Context) -> Result<Undone, Error> {
        match context.session.unchanged().execute("ROLLBACK") {
            Ok(outcome) => Ok(Undone { is_whole: outcome.warnings == 0, is_session_new: false }),
            Err(source) => {
                let error = Error::Job { job: self.file.to_string(), source };
                if !error.is_lost_connection() {
                    return Err(error);
                }
                context.reconnect(error)?;
                let is_whole = context.persist(self.file, |context| is_transactional(context, self.table))?;
                Ok(Undone { is_whole, is_session_new: true })
            }
        }
    }

    /// Ends the transaction on the server after an error.
    fn end(&self, context: &mut Context, error: Error) -> Result<Error, Error> {
        if !error.is_lost_connection() {
            match context.session.unchanged().execute("ROLLBACK") {
                Ok(outcome) if outcome.warnings == 0 => return Ok(error),
                // A warning says that rows of an engine without transactions stay.
                Ok(_) => return Err(error),
                Err(source) if !source.is_lost_connection() => return Err(error),
                Err(_) => {}
            }
        }
        context.reconnect(error)
    }
}

fn count(context: &mut Context, table: &TableTarget) -> Result<u64, ServerError> {
    let mariadb = context.shared.server.is_mariadb();
    committed_rows::count(context.session.unchanged(), &table.name, mariadb)
}

/// Whether the server rolls rows of the table back when a session ends within a transaction.
fn is_transactional(context: &mut Context, table: &TableTarget) -> Result<bool, ServerError> {
    let rows = context.session.unchanged().query(format!(
        "SELECT TRANSACTIONS FROM information_schema.TABLES JOIN information_schema.ENGINES USING (ENGINE) \
         WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
        quote_string(&table.name.database),
        quote_string(&table.name.name)
    ))?;
    // More than one when names differ in case only.
    Ok(!rows.is_empty() && rows.iter().all(|row| row.text(0) == "YES"))
}
