//! Files with rows: INSERT statements in transactions, maybe sent as LOAD DATA, or LOAD DATA of the dump.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use common::backup::file_name::{Content, DumpFile, RowsFormat};
use common::backup::load_data_clause::expected_warnings;
use common::layers::compression::Compression;
use common::observe::printable::printable;
use common::observe::progress::Counters;
use common::process::exit::{Exit, Failure};
use common::server::connection::{Error as ServerError, Outcome};

use crate::ddl::load_data::{OnDuplicate, on_duplicate, with_character_set};
use crate::ddl::statement_kind::{StatementKind, classify, load_data_file};
use crate::input::files;
use crate::jobs::job::{self, TableTarget};
use crate::journal::earlier_run;
use crate::journal::{File, Record, table_name};
use crate::rows::insert_to_load_data::{self, Ended, Filling};
use crate::rows::packet_limit;
use crate::rows::skipped::{Gaps, rows_of};
use crate::rows::transaction::{Broken, Done, GoOn, Loaded, Transaction, may_pass};
use crate::session::Preamble;
use crate::work::worker::{Error, Worker};

/// How long to wait after a transaction's first failure, and so much more after each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// Loads a file. Rows are counted as the server counts them.
///
/// After a deadlock, a lock wait timeout or the loss of the connection the whole transaction is played again: the file is
/// read once more, up to where the transaction began. So it takes no memory, and a transaction may be of any size.
pub fn load(worker: &mut Worker, table: &TableTarget, file: &DumpFile) -> Result<job::Outcome, Error> {
    let result = load_whole(worker, table, file).map_err(|error| damage(worker, file, &error).unwrap_or(error));
    if let Err(error) = &result {
        if error.exit() == Exit::Dump {
            // Of a compressed file that is known at its end only, when other rows than the dump's may have been committed.
            worker.shared.journal.write_and_wait(Record::Damaged { table: table_name(&table.name) })?;
        }
        // The worker may be given another job before all are stopped, whose first statement would commit. If this fails,
        // the connection is of no more use.
        let _ = worker.session.unchanged().execute("ROLLBACK");
    }
    result
}

/// What is wrong with a compressed file that the server has refused a statement of, if its end tells.
fn damage(worker: &mut Worker, file: &DumpFile, error: &Error) -> Option<Error> {
    if file.compression == Compression::None || error.exit() != Exit::Server || worker.shared.stop.is_triggered() {
        return None;
    }
    let mut reader = worker.shared.files.statements(file).ok()?;
    loop {
        match reader.next_statement() {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(source) => return Some(worker.cannot_read(file, source)),
        }
    }
}

fn load_whole(worker: &mut Worker, table: &TableTarget, file: &DumpFile) -> Result<job::Outcome, Error> {
    worker.shared.ledgers.add(&table.name, &table.ledger);
    earlier_run::settle_kept(worker, table, file)?;
    let earlier = worker.shared.journal.file(&file.to_string()).unwrap_or_default();
    let mut gaps = Gaps::default();
    earlier.gaps.values().for_each(|gap| gaps.add_earlier(gap));
    if earlier.whole {
        return Ok(gaps.outcome(table, file, earlier.rows));
    }
    let place = |source| Error::Job { job: file.to_string(), source };
    worker.persist(file, |worker| match earlier_run::drop_triggers(worker, &table.name) {
        Ok(()) => Ok(Ok(())),
        Err(earlier_run::Failure::Server(error)) => Err(error),
        Err(failure) => Ok(Err(failure.or(&place))),
    })??;
    let File { statements, rows, .. } = earlier;
    let mut done = Done { statements, rows, counted: statements, ..Done::default() };
    let mut transaction = Transaction::new(table, file, worker.shared.restore.queries_per_transaction);
    let mut attempts = 0;
    loop {
        let committed = done.statements;
        let broken = match load_from(worker, table, file, &mut transaction, &mut gaps, &mut done) {
            Ok(End::Whole) => {
                worker.shared.journal.write(Record::File { file: file.to_string() })?;
                return Ok(gaps.outcome(table, file, done.rows));
            }
            Ok(End::Anew) => continue,
            Ok(End::Refused) => match worker.session.unchanged().execute("ROLLBACK") {
                Ok(_) => {
                    transaction.forget();
                    continue;
                }
                Err(source) => Broken::Failed(Error::Job { job: file.to_string(), source }),
            },
            Err(broken) => broken,
        };
        if done.statements > committed {
            attempts = 0;
        }
        attempts += 1;
        let may_try = attempts <= worker.shared.restore.retry_count;
        let error = match broken {
            Broken::Failed(error) if worker.may_leave_out(&error) && !(may_try && may_pass(&error)) => {
                if may_pass(&error) && transaction.has_begun() {
                    transaction.leave_out(worker, &error, None, &mut gaps, &mut done)?;
                    attempts = 0;
                    continue;
                }
                // The file cannot be read on, or its session cannot be had.
                transaction.roll_back(worker)?;
                gaps.add_rest(&error);
                return Ok(gaps.outcome(table, file, done.rows));
            }
            Broken::Failed(error) | Broken::Settled(error) if !may_try => return Err(error),
            Broken::Failed(error) => transaction.undo(worker, error)?,
            Broken::Settled(error) => error,
        };
        tracing::info!("the transaction is played again: {error}");
        worker.shared.stop.pause(PAUSE * attempts)?;
    }
}

/// How far [`load_from`] came.
enum End {
    /// All is committed.
    Whole,
    /// LOAD DATA did not do what INSERT would have done: the transaction has to be played again.
    Refused,
    /// A statement was refused, and left out or not: what is not done has to be played again.
    Anew,
}

/// Loads what of a file is not committed yet.
fn load_from(
    worker: &mut Worker,
    table: &TableTarget,
    file: &DumpFile,
    transaction: &mut Transaction<'_>,
    gaps: &mut Gaps,
    done: &mut Done,
) -> Result<End, Broken> {
    let failed = |source| Error::Job { job: file.to_string(), source };
    let mut opening = Some(Preamble::default());
    let mut filling = insert_to_load_data::filling(worker, &table.name, file).map_err(failed)?;
    let mut reader = worker.shared.files.statements(file).map_err(Error::from)?;
    let mut statements = 0;
    let mut infile = None;
    let mut left_over = false;
    loop {
        let statement = if std::mem::take(&mut left_over) {
            reader.last()
        } else {
            match reader.next_statement().map_err(|source| worker.cannot_read(file, source))? {
                Some(statement) => statement,
                None => break,
            }
        };
        let failed = |source| Error::Statement { file: file.to_string(), line: statement.line, source };
        let kind = classify(statement.text);
        worker.expects(file, &statement, Some(&table.name.database))?;
        if kind == StatementKind::Empty
            || (kind == StatementKind::Set
                && opening.as_mut().is_some_and(|preamble| preamble.take(statement.line, statement.text)))
        {
            continue;
        }
        if let Some(preamble) = opening.take() {
            worker.enter(file, &table.name.database, &preamble)?;
        }
        match kind {
            StatementKind::Insert => {
                statements += 1;
                if statements <= done.statements {
                    continue;
                }
                transaction.begin(worker, statement.line)?;
                if let Some(filling) = &mut filling
                    && let Some(beginning) =
                        filling.begin(worker.session.unchanged(), statement.text).map_err(failed)?
                {
                    let (line, counted) = (statement.line, done.counted.saturating_sub(statements - 1));
                    let (load, piece) = beginning.piece(worker, reader, transaction.room(), counted);
                    let result = worker.session.unchanged().load_infile(load.as_bytes(), piece.data());
                    let ended = piece.end();
                    let sent = ended.as_ref().map_or(0, |ended| ended.sent.statements);
                    done.counted = done.counted.max(statements - 1 + sent);
                    let Some((ended, loaded)) = accepted(worker, file, line, result, ended)? else {
                        filling.refuse();
                        return Ok(End::Refused);
                    };
                    filling.end(ended.lines);
                    statements += ended.sent.statements - 1;
                    (reader, left_over) = (ended.statements, ended.left_over);
                    transaction.done(worker, ended.sent.statements, true, loaded, done)?;
                    continue;
                }
                let outcome = worker.session.unchanged().execute(statement.text);
                let outcome = match outcome.map_err(|source| packet_limit::or_failed(worker, file, &statement, source))
                {
                    Ok(outcome) => outcome,
                    Err(error) => match left_out(worker, transaction, error, rows_of(statement.text), gaps, done)? {
                        GoOn::Next => continue,
                        GoOn::Anew => return Ok(End::Anew),
                    },
                };
                let loaded = loaded(statement.text, outcome);
                if statements > done.counted {
                    done.counted = statements;
                    worker.shared.counters.add_rows(loaded.rows, statement.text.len() as u64);
                }
                if outcome.warnings > 0 {
                    warn(worker, file, statement.line, outcome.warnings);
                }
                transaction.done(worker, 1, false, loaded, done)?;
            }
            StatementKind::LoadData => {
                let data = data_file(file, statement.text, statement.line)?;
                infile = Some(data.clone());
                statements += 1;
                if statements <= done.statements {
                    continue;
                }
                transaction.begin(worker, statement.line)?;
                let loaded = match load_data(worker, file, &data, statement.text, statement.line) {
                    Ok(loaded) => loaded,
                    Err(error) => {
                        let rows = if let Error::Warnings { rows, .. } = &error { Some(*rows) } else { None };
                        match left_out(worker, transaction, error, rows, gaps, done)? {
                            GoOn::Next => continue,
                            GoOn::Anew => return Ok(End::Anew),
                        }
                    }
                };
                transaction.done(worker, 1, false, loaded, done)?;
            }
            _ => {
                let adapted = worker.session.adapt_set(statement.text);
                let outcome = worker.session.connection().execute(adapted);
                outcome.map_err(|source| packet_limit::or_failed(worker, file, &statement, source))?;
                filling.iter_mut().for_each(Filling::session_changed);
            }
        }
    }
    transaction.commit(worker, done, true)?;
    if filling.is_some() {
        tracing::info!("{file}: {} of {statements} statements went as LOAD DATA", done.converted);
    }
    if let Some(data) = infile {
        worker.end_file(&data)?;
    }
    worker.end_file(file)?;
    Ok(End::Whole)
}

/// Leaves out a statement that was refused for good, if the restore is to go on without it.
fn left_out(
    worker: &mut Worker,
    transaction: &mut Transaction<'_>,
    error: Error,
    rows: Option<u64>,
    gaps: &mut Gaps,
    done: &mut Done,
) -> Result<GoOn, Broken> {
    if may_pass(&error) || !worker.may_leave_out(&error) {
        return Err(error.into());
    }
    Ok(transaction.leave_out(worker, &error, rows, gaps, done)?)
}

/// Statements of INSERT were sent as LOAD DATA. `None` if that has not done what they would have done.
fn accepted(
    worker: &mut Worker,
    file: &DumpFile,
    line: u64,
    result: Result<Outcome, ServerError>,
    ended: Option<Ended>,
) -> Result<Option<(Ended, Loaded)>, Error> {
    let Some(ended) = ended else { return Ok(None) };
    if let Some(source) = ended.failure {
        return Err(files::Error::Statement { path: worker.shared.files.path(file), source }.into());
    }
    match result {
        Ok(outcome) if insert_to_load_data::is_exact(outcome, ended.sent) => {
            let loaded = Loaded { rows: ended.sent.rows, net: replaced(ended.sent.rows, outcome.affected_rows) };
            Ok(Some((ended, loaded)))
        }
        Ok(outcome) => {
            let first = if outcome.warnings > 0 { first_warnings(worker).1 } else { "none".to_owned() };
            let Outcome { affected_rows, warnings, .. } = outcome;
            tracing::info!(
                "{file}, line {line}: the rows are loaded again by INSERT, as LOAD DATA stored {affected_rows} of {} with \
                 {warnings} warning(s), the first: {first}",
                ended.sent.rows
            );
            Ok(None)
        }
        Err(source) => {
            let error = Error::Statement { file: file.to_string(), line, source };
            if error.server_code().is_none() || may_pass(&error) {
                return Err(error);
            }
            tracing::info!("the rows are loaded again by INSERT: {error}");
            Ok(None)
        }
    }
}

/// What a statement did. REPLACE counts the row that it removes too, and INSERT IGNORE leaves out rows whose key is there,
/// as the dump's maker has asked for: of these, all rows that were sent count as restored.
fn loaded(statement: &[u8], outcome: Outcome) -> Loaded {
    let starts_with =
        |start: &[u8]| statement.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start));
    let affected = outcome.affected_rows;
    // Of a single row the server says nothing.
    let sent = outcome.records.unwrap_or(1);
    if starts_with(b"REPLACE") {
        Loaded { rows: sent, net: replaced(sent, affected) }
    } else if starts_with(b"INSERT IGNORE") {
        Loaded { rows: sent, net: signed(affected) }
    } else {
        Loaded { rows: affected, net: signed(affected) }
    }
}

/// By how many rows a table grows when so many were sent, and rows that were replaced have been counted as removed, too.
fn replaced(sent: u64, affected: u64) -> i64 {
    2 * signed(sent) - signed(affected)
}

fn signed(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The file that a LOAD DATA statement reads: the one beside it, whatever path the statement names.
fn data_file(file: &DumpFile, statement: &[u8], line: u64) -> Result<DumpFile, Error> {
    let Content::Rows(rows) = &file.content else {
        return Err(Error::Lacks { file: file.to_string(), what: "rows" });
    };
    let data = DumpFile::new(Content::Rows(rows.in_format(RowsFormat::Delimited)), file.compression);
    let named = load_data_file(statement).unwrap_or_default();
    let named = String::from_utf8_lossy(&named).into_owned();
    let base_name = named.rsplit('/').next().unwrap_or_default();
    let uncompressed = DumpFile::new(data.content.clone(), Compression::None);
    if base_name != data.to_string() && base_name != uncompressed.to_string() {
        return Err(Error::Infile { file: file.to_string(), line, named, expected: data.to_string() });
    }
    Ok(data)
}

fn load_data(
    worker: &mut Worker,
    file: &DumpFile,
    data: &DumpFile,
    statement: &[u8],
    line: u64,
) -> Result<Loaded, Error> {
    let failed = |source| Error::Statement { file: file.to_string(), line, source };
    let unreadable = |source| Error::Parse { file: file.to_string(), line, source };
    let with_charset = with_character_set(statement).map_err(unreadable)?;
    let on_duplicate = on_duplicate(statement).map_err(unreadable)?;
    let input = Counted { input: worker.shared.files.open(data)?, counters: Arc::clone(&worker.shared.counters) };
    let outcome =
        worker.session.unchanged().load_infile(&with_charset, input).map_err(|error| match error.into_data() {
            Ok(source) => files::Error::Read { path: worker.shared.files.path(data), source }.into(),
            Err(source) => failed(source),
        })?;
    let (affected, sent) = (outcome.affected_rows, outcome.records.unwrap_or(outcome.affected_rows));
    // As with INSERT IGNORE and REPLACE, rows that the dump's maker did not want twice count.
    let (restored, skipped, net) = match on_duplicate {
        OnDuplicate::Fail => (affected, 0, signed(affected)),
        OnDuplicate::Ignore => (sent, outcome.skipped, signed(affected)),
        OnDuplicate::Replace => (sent, 0, replaced(sent, affected)),
    };
    // Under LOCAL the server turns duplicate keys and bad values into warnings, and leaves out or changes rows.
    let expected = expected_warnings(statement).saturating_add(skipped);
    if outcome.warnings != expected || outcome.skipped != skipped {
        let (code, first) = first_warnings(worker);
        return Err(Error::Warnings {
            file: file.to_string(),
            line,
            warnings: outcome.warnings,
            expected,
            first,
            code,
            rows: sent,
        });
    }
    worker.shared.counters.add_rows(restored, 0);
    Ok(Loaded { rows: restored, net })
}

fn warn(worker: &mut Worker, file: &DumpFile, line: u64, warnings: u64) {
    let (_, first) = first_warnings(worker);
    tracing::warn!("{file}, line {line}: {warnings} warning(s) of the server, the first: {first}");
}

/// The first one's code, and the texts of some.
fn first_warnings(worker: &mut Worker) -> (Option<u16>, String) {
    match worker.session.unchanged().query("SHOW WARNINGS LIMIT 3") {
        Ok(rows) if !rows.is_empty() => {
            let texts: Vec<String> =
                rows.iter().map(|row| format!("{} {}", row.text(1), printable(&row.text(2)))).collect();
            let code = rows.first().and_then(|row| row.number(1)).and_then(|code| code.try_into().ok());
            (code, texts.join("; "))
        }
        _ => (None, "(the server does not say)".to_owned()),
    }
}

/// Counts what LOAD DATA reads as progress.
struct Counted {
    input: Box<dyn io::Read + Send>,
    counters: Arc<Counters>,
}

impl io::Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.counters.add_rows(0, read as u64);
        Ok(read)
    }
}
