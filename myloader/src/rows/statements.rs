//! The statements of a file of rows, from where the last transaction ended.

use common::backup::file_name::DumpFile;
use common::observe::wording::count;
use common::server::connection::{ServerError, StatementOutcome};
use common::sql::Statement;

use crate::ddl::insert::{pieces, reads_infile, row_count};
use crate::ddl::statement_kind::{StatementKind, classify};
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::target::TableTarget;
use crate::jobs::warnings;
use crate::rows::as_dumped::Taken;
use crate::rows::empty_members;
use crate::rows::infile::{data_file, load_infile};
use crate::rows::insert_to_load_data::{self, EndedBatch, LoadDataFile, LoadDataTables};
use crate::rows::packet_limit;
use crate::rows::skipped::SkippedStatements;
use crate::rows::transaction::{Done, Interruption, Loaded, Next, Transaction, may_pass, replaced, signed};
use crate::session::Preamble;

/// How far [`load_from`] came.
pub enum End {
    /// All is committed.
    Whole,
    /// LOAD DATA did not do what INSERT would have done: the transaction has to be replayed.
    NotExact,
    /// A statement was rejected, and skipped or not: what is not committed has to be replayed.
    Restart,
}

/// Loads what of a file is not committed yet.
pub fn load_from(
    context: &mut Context,
    tables: &LoadDataTables,
    table: &TableTarget,
    file: &DumpFile,
    transaction: &mut Transaction<'_>,
    skipped: &mut SkippedStatements,
    done: &mut Done,
) -> Result<End, Interruption> {
    let failed = |source| Error::Job { job: file.to_string(), source };
    let mut opening = Some(Preamble::default());
    let mut load_data_file = insert_to_load_data::load_data_file(context, tables, &table.name, file).map_err(failed)?;
    let mut reader = context.shared.files.statements(file).map_err(Error::from)?;
    let mut statements = 0;
    let mut infile = None;
    let mut left_over = false;
    loop {
        let statement = if std::mem::take(&mut left_over) {
            reader.last()
        } else {
            match reader.next_statement().map_err(|source| context.cannot_read(file, source))? {
                Some(statement) => statement,
                None => break,
            }
        };
        let failed = |source| Error::Statement { file: file.to_string(), line: statement.line, source };
        let kind = classify(statement.text);
        context.expects(file, &statement, Some(&table.name.database))?;
        if kind == StatementKind::Empty
            || (kind == StatementKind::Set
                && opening.as_mut().is_some_and(|preamble| preamble.take(statement.line, statement.text)))
        {
            continue;
        }
        if let Some(preamble) = opening.take() {
            context.enter(file, &table.name.database, &preamble)?;
        }
        match kind {
            StatementKind::Insert if reads_infile(statement.text) => {
                return Err(Error::Clickhouse { file: file.to_string(), line: statement.line }.into());
            }
            StatementKind::Insert => {
                statements += 1;
                if statements <= done.statements {
                    continue;
                }
                transaction.make_room(context, statement.text.len() as u64, done)?;
                transaction.begin(context, statement.line)?;
                if let Some(load_data_file) = &mut load_data_file
                    && let Some(beginning) =
                        load_data_file.begin(&mut context.session, statement.text).map_err(failed)?
                {
                    let (line, counted) = (statement.line, done.counted.saturating_sub(statements - 1));
                    let room = transaction.room(statement.text.len() as u64);
                    let (load, batch) = beginning.batch(context, reader, room, counted);
                    let result = context.session.unchanged().load_infile(load.as_bytes(), batch.data());
                    let ended = batch.end();
                    let sent = ended.as_ref().map_or(0, |ended| ended.sent.statements);
                    done.counted = done.counted.max(statements - 1 + sent);
                    let Some((ended, loaded)) = accepted(context, file, line, result, ended)? else {
                        load_data_file.disable();
                        return Ok(End::NotExact);
                    };
                    load_data_file.end(ended.lines);
                    statements += ended.sent.statements - 1;
                    (reader, left_over) = (ended.statements, ended.left_over);
                    transaction.holds(ended.sent.bytes);
                    transaction.done(context, ended.sent.statements, true, loaded, done)?;
                    continue;
                }
                let loaded = match insert(context, table, file, &statement) {
                    Ok(loaded) => loaded,
                    Err(error) => match skip(context, transaction, error, row_count(statement.text), skipped, done)? {
                        Next::Statement => continue,
                        Next::Restart => return Ok(End::Restart),
                    },
                };
                transaction.holds(statement.text.len() as u64);
                if statements > done.counted {
                    done.counted = statements;
                    context.counters.add_rows(loaded.rows, statement.text.len() as u64);
                }
                transaction.done(context, 1, false, loaded, done)?;
            }
            StatementKind::LoadData => {
                let data = data_file(file, statement.text, statement.line, |name| {
                    context.shared.files.store.stored_name(name)
                })?;
                infile = Some(data.clone());
                statements += 1;
                if statements <= done.statements {
                    continue;
                }
                transaction.begin(context, statement.line)?;
                let loaded = match load_infile(context, table, file, &data, &statement) {
                    Ok(loaded) => loaded,
                    Err(error) => {
                        let rows = if let Error::NotAsDumped(error) = &error { error.rows } else { None };
                        match skip(context, transaction, error, rows, skipped, done)? {
                            Next::Statement => continue,
                            Next::Restart => return Ok(End::Restart),
                        }
                    }
                };
                transaction.done(context, 1, false, loaded, done)?;
            }
            _ => {
                let explicit = context.session.explicit(statement.text).map_err(failed)?;
                let outcome = context.session.connection().execute(explicit);
                outcome.map_err(|source| packet_limit::or_failed(context, file, &statement, source))?;
                if !statement.text.starts_with(b"SET @mydumper_") {
                    context.session.keep_bounds().map_err(failed)?;
                }
                load_data_file.iter_mut().for_each(LoadDataFile::session_changed);
            }
        }
    }
    transaction.commit(context, done, true)?;
    if load_data_file.is_some() {
        tracing::info!("{file}: {} of {} sent as LOAD DATA", done.converted, count(statements, "statement"));
    }
    if let Some(data) = infile {
        context.end_file(&data)?;
    }
    context.end_file(file)?;
    Ok(End::Whole)
}

/// Runs an INSERT or REPLACE, in pieces if the options ask for it.
fn insert(
    context: &mut Context,
    table: &TableTarget,
    file: &DumpFile,
    statement: &Statement<'_>,
) -> Result<Loaded, Error> {
    let failed = |source| Error::Statement { file: file.to_string(), line: statement.line, source };
    let rows = context.shared.restore.rows_per_statement;
    let pieces = match rows {
        0 => None,
        rows => pieces(statement.text, rows, context.session.literals().map_err(failed)?.dialect()),
    };
    let Some(pieces) = pieces else { return insert_piece(context, table, file, statement) };
    let mut all = Loaded::default();
    for text in &pieces {
        let loaded = insert_piece(context, table, file, &Statement { text, line: statement.line })?;
        all.rows += loaded.rows;
        all.net += loaded.net;
        all.changed += loaded.changed;
    }
    Ok(all)
}

fn insert_piece(
    context: &mut Context,
    table: &TableTarget,
    file: &DumpFile,
    statement: &Statement<'_>,
) -> Result<Loaded, Error> {
    let failed = |source| Error::Statement { file: file.to_string(), line: statement.line, source };
    let text = statement.text;
    let outcome = context
        .session
        .insert(&table.name, text)
        .map_err(|source| packet_limit::or_failed(context, file, statement, source))?;
    let mut loaded = loaded(text, outcome);
    if outcome.warnings > 0 {
        let ignores_duplicates = starts_with(text, b"INSERT IGNORE");
        let taken = Taken {
            table,
            file,
            line: statement.line,
            warnings: outcome.warnings,
            skipped: if ignores_duplicates { loaded.rows.saturating_sub(outcome.affected_rows) } else { 0 },
            ignores_duplicates,
            rows: row_count(text),
        };
        let members = |context: &mut Context| empty_members::count(context, &table.name, text).map_err(failed);
        loaded.changed = taken.check(context, members)?;
    }
    Ok(loaded)
}

/// Skips a statement that was rejected for good, if the restore may continue without it.
fn skip(
    context: &mut Context,
    transaction: &mut Transaction<'_>,
    error: Error,
    rows: Option<u64>,
    skipped: &mut SkippedStatements,
    done: &mut Done,
) -> Result<Next, Interruption> {
    if may_pass(&error) || !context.may_skip(&error) {
        return Err(error.into());
    }
    Ok(transaction.skip(context, &error, rows, skipped, done)?)
}

/// The outcome of INSERT statements that were sent as LOAD DATA. `None` if it is not what they would have done.
fn accepted(
    context: &mut Context,
    file: &DumpFile,
    line: u64,
    result: Result<StatementOutcome, ServerError>,
    ended: Option<EndedBatch>,
) -> Result<Option<(EndedBatch, Loaded)>, Error> {
    let Some(ended) = ended else { return Ok(None) };
    if let Some(source) = ended.failure {
        return Err(context.shared.files.statement_error(file, source).into());
    }
    match result {
        Ok(outcome) if insert_to_load_data::is_exact(outcome, ended.sent) => {
            let net = replaced(ended.sent.rows, outcome.affected_rows);
            let loaded = Loaded { rows: ended.sent.rows, net, changed: 0 };
            Ok(Some((ended, loaded)))
        }
        Ok(outcome) => {
            let failed = |source| Error::Statement { file: file.to_string(), line, source };
            let first = match outcome.warnings {
                0 => "none".to_owned(),
                _ => warnings::texts(&mut context.session).map_err(failed)?,
            };
            let StatementOutcome { affected_rows, warnings, .. } = outcome;
            tracing::info!(
                "{file}, line {line}: reloading the rows by INSERT: LOAD DATA stored {affected_rows} of {} with {}, \
                 first: {first}",
                count(ended.sent.rows, "row"),
                count(warnings, "warning")
            );
            Ok(None)
        }
        Err(source) => {
            let error = Error::Statement { file: file.to_string(), line, source };
            if error.server_code().is_none() || may_pass(&error) {
                return Err(error);
            }
            tracing::info!("reloading the rows by INSERT: {error}");
            Ok(None)
        }
    }
}

/// What a statement did. REPLACE counts the row that it removes too, and INSERT IGNORE skips rows whose key exists,
/// as the dump asks for: of these, all rows that were sent count as restored.
fn loaded(statement: &[u8], outcome: StatementOutcome) -> Loaded {
    let affected = outcome.affected_rows;
    // Of a single row the server says nothing.
    let sent = outcome.records.unwrap_or(1);
    let (rows, net) = if starts_with(statement, b"REPLACE") {
        (sent, replaced(sent, affected))
    } else if starts_with(statement, b"INSERT IGNORE") {
        (sent, signed(affected))
    } else {
        (affected, signed(affected))
    };
    Loaded { rows, net, changed: 0 }
}

fn starts_with(statement: &[u8], start: &[u8]) -> bool {
    statement.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
}
