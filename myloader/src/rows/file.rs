//! Loads a file of rows, with retries.

use std::time::Duration;

use common::backup::file_name::{Content, DumpFile, RowsFormat};
use common::layers::compression::Compression;
use common::process::exit::{Exit, Failure};

use crate::jobs::context::Context;
use crate::jobs::earlier_run;
use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::TableTarget;
use crate::journal::{FileProgress, Record, table_name};
use crate::rows::insert_to_load_data::LoadDataTables;
use crate::rows::skipped::SkippedStatements;
use crate::rows::statements::{End, load_from};
use crate::rows::transaction::{Done, Interruption, Transaction, TransactionLimits, may_pass};

/// How long to wait after a transaction's first failure, and as much more after each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// Loads a file. Rows are counted as the server counts them.
///
/// After a deadlock, a lock wait timeout or a lost connection the whole transaction is replayed: the file is
/// read once more, up to where the transaction began. So it takes no memory, and a transaction may be of any size.
pub fn load(
    context: &mut Context,
    tables: &LoadDataTables,
    table: &TableTarget,
    file: &DumpFile,
) -> Result<Outcome, Error> {
    let mut result =
        load_whole(context, tables, table, file).map_err(|error| damage(context, file, &error).unwrap_or(error));
    if let Err(error) = &mut result {
        if error.exit() == Exit::Dump {
            // Of a compressed file that is known at its end only, when other rows than the dump's may have been committed.
            context.shared.journal.write_and_wait(Record::Damaged { table: table_name(&table.name) })?;
        }
        // The worker may be given another job before all are stopped, whose first statement would commit. If this fails,
        // the connection is of no more use.
        let rolled_back = context.session.unchanged().execute("ROLLBACK");
        if let (Error::NotAsDumped(error), Ok(outcome)) = (error, rolled_back) {
            error.stays = outcome.warnings > 0;
        }
    }
    result
}

/// What is wrong with a file of which the server rejected a statement, if the file's end shows it.
fn damage(context: &mut Context, file: &DumpFile, error: &Error) -> Option<Error> {
    if error.exit() != Exit::Server || context.shared.stop.is_triggered() {
        return None;
    }
    let files = &context.shared.files;
    if let Some(error) =
        with_data(file).iter().filter(|file| files.is_verified(file)).find_map(|file| files.verify(file).err())
    {
        return Some(error.into());
    }
    if file.layers.compression == Compression::None || files.is_verified(file) {
        return None;
    }
    let mut reader = context.shared.files.statements(file).ok()?;
    loop {
        match reader.next_statement() {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(source) => return Some(context.cannot_read(file, source)),
        }
    }
}

/// A file of statements and the one that LOAD DATA reads beside it, if there is one.
fn with_data(file: &DumpFile) -> Vec<DumpFile> {
    match &file.content {
        Content::Rows(rows) => {
            vec![file.clone(), DumpFile::new(Content::Rows(rows.in_format(RowsFormat::Delimited)), file.layers)]
        }
        _ => vec![file.clone()],
    }
}

fn load_whole(
    context: &mut Context,
    tables: &LoadDataTables,
    table: &TableTarget,
    file: &DumpFile,
) -> Result<Outcome, Error> {
    context.shared.committed_rows.add(&table.name, &table.committed_rows);
    earlier_run::settle_kept(context, table, file)?;
    let earlier = context.shared.journal.file(&file.to_string()).unwrap_or_default();
    let mut skipped = SkippedStatements::default();
    earlier.skipped.values().for_each(|statement| skipped.add_earlier(statement));
    if earlier.complete {
        return Ok(skipped.outcome(table, file, earlier.rows));
    }
    let place = |source| Error::Job { job: file.to_string(), source };
    context.persist(file, |context| match earlier_run::drop_triggers(context, &table.name) {
        Ok(()) => Ok(Ok(())),
        Err(earlier_run::UnplacedError::Server(error)) => Err(error),
        Err(failure) => Ok(Err(failure.or(&place))),
    })??;
    let FileProgress { statements, rows, .. } = earlier;
    let mut done = Done { statements, rows, counted: statements, ..Done::default() };
    let mut transaction = Transaction::new(table, file, TransactionLimits::of(&context.shared.restore));
    let mut attempts = 0;
    loop {
        let committed = done.statements;
        let interruption = match load_from(context, tables, table, file, &mut transaction, &mut skipped, &mut done) {
            Ok(End::Whole) => {
                context.shared.journal.write(Record::File { file: file.to_string() })?;
                return Ok(skipped.outcome(table, file, done.rows));
            }
            Ok(End::Restart) => continue,
            Ok(End::NotExact) => match context.session.unchanged().execute("ROLLBACK") {
                Ok(_) => {
                    transaction.forget();
                    continue;
                }
                Err(source) => Interruption::Failed(Error::Job { job: file.to_string(), source }),
            },
            Err(interruption) => interruption,
        };
        if done.statements > committed {
            attempts = 0;
        }
        attempts += 1;
        let may_try = attempts <= context.shared.restore.retry_count;
        let error = match interruption {
            Interruption::Failed(error) if context.may_skip(&error) && !(may_try && may_pass(&error)) => {
                if may_pass(&error) && transaction.has_begun() {
                    transaction.skip(context, &error, None, &mut skipped, &mut done)?;
                    attempts = 0;
                    continue;
                }
                // The file cannot be read on, or its session cannot be had.
                transaction.roll_back(context)?;
                skipped.add_rest(&error);
                return Ok(skipped.outcome(table, file, done.rows));
            }
            Interruption::Failed(error) | Interruption::Settled(error) if !may_try => return Err(error),
            Interruption::Failed(error) => transaction.undo(context, error)?,
            Interruption::Settled(error) => error,
        };
        tracing::info!("retrying the transaction: {error}");
        context.shared.stop.pause(PAUSE * attempts)?;
    }
}
