//! Files with definitions: tables, sequences, views, triggers, routines and events.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError};

use common::connection::Error as ServerError;
use common::dump_file::{Content, DumpFile};
use common::logging::printable;
use common::name::QualifiedName;
use common::sql::quote_identifier;
use common::sql::token::Dialect;

use crate::check::{created, dialect_after, object};
use crate::databases::drop_table_or_view;
use crate::ddl::create_table::CreateTable;
use crate::ddl::sequences;
use crate::ddl::split::{SplitOptions, split};
use crate::ddl::statement_kind::{Dropped, StatementKind, classify};
use crate::ddl::translate::translate;
use crate::ddl::trigger::table_of_trigger;
use crate::job::{DatabaseTarget, Keys, Outcome, TableTarget};
use crate::journal::{self, Record, table_name};
use crate::ledger::Ledger;
use crate::options::DropTable;
use crate::refusal::{Fault, Refusal};
use crate::resumed;
use crate::session::Preamble;
use crate::steps::Step;
use crate::worker::{Error, Worker, table_file_name};

const TABLE_EXISTS: u16 = 1050;
const TABLESPACE_EXISTS: u16 = 1813;
const NO_SUCH_ROUTINE: u16 = 1305;
const NO_SUCH_TABLE: u16 = 1146;

/// CREATE TABLESPACE. Those that are there are left as they are: other tables may be in them.
pub fn tablespaces(worker: &mut Worker, file: &DumpFile) -> Result<Outcome, Error> {
    if worker.shared.server.is_mariadb() {
        tracing::warn!("{file} is left out: MariaDB has no general tablespaces, and tables are created without");
        return Ok(Outcome::Done);
    }
    worker.begin_file(file, None)?;
    run_file(worker, file, |worker, kind, statement| match kind {
        StatementKind::CreateTablespace => match worker.session.execute_ddl(statement) {
            Err(error) if error.server_code() == Some(TABLESPACE_EXISTS) => {
                tracing::warn!("{file}: a tablespace is there already and stays as it is: {error}");
                Ok(Handled::Yes)
            }
            result => result.map(|_| Handled::Yes),
        },
        _ => Ok(Handled::No),
    })
}

/// CREATE TABLE, without the keys that are added later.
pub fn table(worker: &mut Worker, database: &DatabaseTarget, file: &DumpFile, keys: Keys) -> Result<Outcome, Error> {
    /// Another engine than the dump's would be another table.
    const OWN_ENGINE: &[u8] = b"SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_ENGINE_SUBSTITUTION')";
    let Some(file_name) = table_file_name(file) else { return Ok(Outcome::TableSkipped) };
    let mut opening = Some(Preamble::default());
    let mut reader = worker.shared.files.statements(file)?;
    let mut created = None;
    while let Some(statement) = reader.next_statement().map_err(|source| worker.cannot_read(file, source))? {
        let failed = |source| Error::Statement { file: file.to_string(), line: statement.line, source };
        worker.expects(file, &statement, Some(&database.target))?;
        let kind = classify(statement.text);
        if kind == StatementKind::Set
            && opening.as_mut().is_some_and(|preamble| preamble.take(statement.line, statement.text))
        {
            continue;
        }
        if kind != StatementKind::CreateTable {
            if let Some(preamble) = opening.take() {
                worker.enter(file, &database.target, &preamble)?;
            }
            let adapted = worker.session.adapt_set(statement.text);
            worker.session.connection().execute(adapted).map_err(failed)?;
            continue;
        }
        let parse_error = |source| Error::Parse { file: file.to_string(), line: statement.line, source };
        let parsed = CreateTable::parse(statement.text, Dialect::default()).map_err(parse_error)?;
        let name = text(&parsed.name);
        // SHOW CREATE TABLE never says IF NOT EXISTS: only the table that stands in for a view does, or, before
        // mydumper 0.11, not even that. Views are made in an order that works without it.
        let view = DumpFile::new(Content::View(file_name.clone()), file.compression);
        if parsed.if_not_exists || worker.shared.files.has(&view) || !worker.passes(database, &name)? {
            worker.end_file(file)?;
            return Ok(Outcome::TableSkipped);
        }
        let name = QualifiedName::new(database.target.clone(), name);
        let earlier = worker.shared.journal.table(&name).filter(|earlier| earlier.kept.is_some());
        let keys = match &earlier {
            Some(earlier) if earlier.keys_later => Keys::Later,
            Some(_) => Keys::WithTable,
            None => keys,
        };
        let translated = translate(statement.text, worker.shared.server).map_err(parse_error)?;
        let renamed = sequences::renamed(&translated, &database.source, &database.target);
        let split = split(&renamed, &split_options(worker, keys)).map_err(parse_error)?;
        match opening.take() {
            Some(mut preamble) => {
                preamble.add(statement.line, OWN_ENGINE);
                worker.enter(file, &database.target, &preamble)?;
            }
            None => worker.session.connection().execute(OWN_ENGINE).map(drop).map_err(failed)?,
        }
        let earlier = match earlier {
            Some(earlier) => resumed::table(worker, &name, earlier).map_err(|error| error.or(&failed))?,
            None => None,
        };
        let (made, done) = match earlier {
            Some(earlier) => (earlier.kept != Some(true), earlier),
            None => match create_table(worker, &name, &split.create) {
                Ok(made) => {
                    let (table, keys_later) = (table_name(&name), keys == Keys::Later);
                    worker.shared.journal.write(Record::Table { table, kept: !made, keys_later })?;
                    (made, journal::Table::default())
                }
                Err(source) => return failed(source).refused_definition(format!("table {name}")),
            },
        };
        // A table that was there has its keys.
        let (keys, constraints) = if made {
            let constraints = split.constraints.filter(|_| !done.foreign_keys);
            (split.keys.into_iter().skip(done.keys_done).collect(), constraints)
        } else {
            (Vec::new(), None)
        };
        let ledger = if made { Ledger::of_own_table(done.known().unwrap_or(0)) } else { Ledger::default() };
        let target = TableTarget { file: file_name.clone(), name, ledger };
        created = Some(Outcome::TableReady { target, keys, constraints, kept: !made, in_order: parsed.is_archive() });
    }
    worker.end_file(file)?;
    created.ok_or_else(|| Error::Lacks { file: file.to_string(), what: "CREATE TABLE" })
}

fn split_options(worker: &Worker, keys: Keys) -> SplitOptions {
    let restore = &worker.shared.restore;
    SplitOptions {
        split_keys: keys == Keys::Later,
        engines: restore.optimize_keys_engines.clone(),
        split_constraints: true,
        drop_keys: restore.skip_indexes,
        drop_constraints: restore.skip_constraints,
        dialect: Dialect::default(),
    }
}

/// Creates a table as `--drop-table` says. Returns whether it was created now.
fn create_table(worker: &mut Worker, name: &QualifiedName, create: &[u8]) -> Result<bool, ServerError> {
    if !worker.shared.restore.create_tables {
        return Ok(false);
    }
    let drop_table = worker.shared.restore.drop_table;
    let exists = |error: &ServerError| error.server_code() == Some(TABLE_EXISTS);
    let step = worker.steps.next();
    let mut created = worker.session.define(create);
    if step == Step::InDoubt
        && drop_table != DropTable::Drop
        && created.as_ref().is_err_and(exists)
        && was_made_by_us(worker, name)?
    {
        if !worker.shared.journal.resumes() {
            return Ok(true);
        }
        // An earlier run may have made it with its keys, or without.
        drop_table_or_view(worker, &quote_identifier(&name.name))?;
        created = worker.session.define(create);
    }
    if drop_table == DropTable::Drop && created.as_ref().is_err_and(exists) {
        // Those known in time were dropped before any was made.
        let shared = Arc::clone(&worker.shared);
        let _one_at_a_time = shared.dropping.lock().unwrap_or_else(PoisonError::into_inner);
        drop_table_or_view(worker, &quote_identifier(&name.name))?;
        created = worker.session.define(create);
    }
    match created {
        Ok(outcome) => {
            if outcome.warnings > 0 {
                warn(worker, &name.name);
            }
            Ok(true)
        }
        Err(error)
            if matches!(drop_table, DropTable::None | DropTable::Truncate | DropTable::Delete)
                && exists(&error)
                && !is_view(worker, &name.name)? =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Whether a table was made by a statement whose answer was lost: it was not there when the restore began, and has no
/// rows.
fn was_made_by_us(worker: &mut Worker, name: &QualifiedName) -> Result<bool, ServerError> {
    if was_there(worker, name) {
        return Ok(false);
    }
    match worker.session.unchanged().query_first(format!("SELECT 1 FROM {} LIMIT 1", name.to_sql())) {
        // A server that crashed amid the statement may have left a table that cannot be read.
        Err(error) if error.server_code().is_some() => Ok(true),
        row => Ok(row?.is_none()),
    }
}

/// Whether there was a table, view or sequence of this name when the restore began.
fn was_there(worker: &Worker, name: &QualifiedName) -> bool {
    let before = worker.shared.names_before.lock().unwrap_or_else(PoisonError::into_inner);
    before.get(&name.database).is_some_and(|names| names.contains(&*worker.shared.server.folded(&name.name)))
}

/// Tells what the server has to say of a table that it has made, but for what it will not like in the future.
fn warn(worker: &mut Worker, table: &str) {
    const DEPRECATED: [&str; 6] = ["1287", "1681", "1831", "3719", "3778", "4079"];
    for row in worker.session.unchanged().query("SHOW WARNINGS").unwrap_or_default() {
        if !DEPRECATED.contains(&row.text(1).as_str()) {
            tracing::warn!(
                "table {}: server warning {}: {}",
                table.escape_debug(),
                row.text(1),
                printable(&row.text(2))
            );
        }
    }
}

/// Empties a table that is kept.
pub fn empty(worker: &mut Worker, table: &TableTarget) -> Result<Outcome, Error> {
    let statement = match worker.shared.restore.drop_table {
        DropTable::Delete => "DELETE FROM",
        _ => "TRUNCATE TABLE",
    };
    let failed = |source| Error::Job { job: format!("emptying of {}", table.name), source };
    if resumed::is_emptied(worker, table).map_err(|error| error.or(&failed))? {
        return Ok(Outcome::Done);
    }
    worker.session.reset(Some(&table.name.database)).map_err(failed)?;
    {
        // MariaDB 10.11 hangs, and cannot be shut down, when tables with foreign keys to each other are truncated at a time.
        let shared = Arc::clone(&worker.shared);
        let _one_at_a_time = shared.dropping.lock().unwrap_or_else(PoisonError::into_inner);
        worker.session.execute_ddl(format!("{statement} {}", table.name.to_sql())).map_err(failed)?;
    }
    table.ledger.all_ours(0);
    worker.shared.journal.correct(Record::Emptied { table: table_name(&table.name) })?;
    Ok(Outcome::Done)
}

/// Whether a view of this name is in the session's database: its rows are those of other tables, which are not to be
/// emptied or filled.
fn is_view(worker: &mut Worker, name: &str) -> Result<bool, ServerError> {
    let views = "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()";
    // Compared here: information_schema compares names without regard to case.
    let server = worker.shared.server;
    let views = worker.session.unchanged().query(views)?;
    Ok(views.iter().any(|view| server.folded(&view.text(0)) == server.folded(name)))
}

/// CREATE SEQUENCE.
pub fn sequence(worker: &mut Worker, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    worker.begin_file(file, Some(database))?;
    let drop_table = worker.shared.restore.drop_table;
    let keeps = keeps_existing(worker);
    let result = run_file(worker, file, |worker, kind, statement| match kind {
        StatementKind::CreateSequence if keeps => {
            worker.session.unchanged().execute(statement).map(|_| Handled::Yes).or_else(unless_it_exists)
        }
        StatementKind::CreateSequence if drop_table == DropTable::Drop => {
            let statement =
                String::from_utf8_lossy(statement).replacen("CREATE SEQUENCE", "CREATE OR REPLACE SEQUENCE", 1);
            worker.session.unchanged().execute(statement).map(|_| Handled::Yes)
        }
        _ => Ok(Handled::No),
    });
    let name = file.content.table().map(|sequence| sequence.table.as_str()).unwrap_or_default();
    result.or_else(|error| error.refused_definition(format!("sequence {}", QualifiedName::new(&database.target, name))))
}

/// Whether views and sequences that are there stay as they are, as tables do.
fn keeps_existing(worker: &Worker) -> bool {
    let restore = &worker.shared.restore;
    match restore.drop_table {
        DropTable::None => true,
        DropTable::Fail => !restore.create_tables,
        DropTable::Drop | DropTable::Truncate | DropTable::Delete => false,
    }
}

/// What CREATE comes to where the object may be there.
fn unless_it_exists(error: ServerError) -> Result<Handled, ServerError> {
    if error.server_code() != Some(TABLE_EXISTS) {
        return Err(error);
    }
    tracing::info!("it is there already and stays as it is: {error}");
    Ok(Handled::Yes)
}

/// CREATE VIEW.
pub fn view(worker: &mut Worker, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    /// Table or view is missing, function is missing, view is invalid, database or column is missing.
    const NOT_THERE_YET: [u16; 6] = [NO_SUCH_TABLE, NO_SUCH_ROUTINE, 1356, 1049, 1054, 1347];
    worker.begin_file(file, Some(database))?;
    let drop_table = worker.shared.restore.drop_table;
    let keeps = keeps_existing(worker);
    let result = run_file(worker, file, |worker, kind, statement| match kind {
        StatementKind::Drop { what: Dropped::Table | Dropped::View } if keeps => Ok(Handled::Yes),
        // Our views have no table standing in for them, and a table of that name would be the user's.
        StatementKind::Drop { what: Dropped::Table } if drop_table != DropTable::Drop => Ok(Handled::Yes),
        StatementKind::Drop { what: Dropped::View } if drop_table == DropTable::Fail => Ok(Handled::Yes),
        StatementKind::CreateView => {
            let renamed = sequences::renamed(statement, &database.source, &database.target);
            let created = worker.session.execute_ddl(renamed).map(|_| Handled::Yes);
            if keeps { created.or_else(unless_it_exists) } else { created }
        }
        _ => Ok(Handled::No),
    });
    postponed(worker, file, result, &NOT_THERE_YET)
}

/// A failure with one of these codes is no failure yet: what is missing may be created meanwhile.
fn postponed(
    worker: &mut Worker,
    file: &DumpFile,
    result: Result<Outcome, Error>,
    not_there_yet: &[u16],
) -> Result<Outcome, Error> {
    let is_missing = |fault| matches!(fault, Fault::Server(Some(code)) if not_there_yet.contains(&code));
    match result {
        Err(Error::Statement { source, .. }) if is_missing(Fault::Server(source.server_code())) => {
            let fault = Fault::Server(source.server_code());
            Ok(Outcome::Postponed(vec![Refusal { object: file.to_string(), why: source.to_string(), fault }]))
        }
        // The whole file is run again: what is there is made anew.
        Ok(_) if worker.left_out.iter().any(|refusal| is_missing(refusal.fault)) => {
            Ok(Outcome::Postponed(std::mem::take(&mut worker.left_out)))
        }
        result => result,
    }
}

/// CREATE TRIGGER.
pub fn triggers(worker: &mut Worker, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    worker.begin_file(file, Some(database))?;
    let mut reader = worker.shared.files.statements(file)?;
    // DROP TRIGGER comes before it is known which table the trigger is of.
    let mut drop = None;
    let mut empty = true;
    let mut dialect = Dialect::default();
    while let Some(statement) = reader.next_statement().map_err(|source| worker.cannot_read(file, source))? {
        empty = false;
        let failed = |source| Error::Statement { file: file.to_string(), line: statement.line, source };
        worker.expects(file, &statement, None)?;
        match classify(statement.text) {
            StatementKind::Drop { .. } => drop = Some(statement.text.to_vec()),
            StatementKind::CreateTrigger => {
                let step = worker.steps.next();
                if step == Step::Done {
                    drop = None;
                    continue;
                }
                let table = table_of_trigger(statement.text).map_err(|source| Error::Parse {
                    file: file.to_string(),
                    line: statement.line,
                    source,
                })?;
                if !worker.passes(database, &text(&table))? {
                    continue;
                }
                if let Some(drop) = drop.take() {
                    worker.session.execute_ddl(drop).map_err(failed)?;
                }
                let create = worker.shared.restore.definer.apply(statement.text);
                match worker.session.execute_ddl(create) {
                    Ok(_) => {}
                    Err(error) if step == Step::InDoubt && exists(&error) => {}
                    Err(error) => worker.leave_out(object(file, statement.text, dialect), failed(error))?,
                }
                worker.steps.did();
            }
            kind => {
                dialect = dialect_after(dialect, kind, statement.text);
                worker.session.prepare(statement.text).map_err(failed)?;
            }
        }
    }
    if empty {
        return Err(Error::Lacks { file: file.to_string(), what: "statement" });
    }
    worker.end_file(file)?;
    Ok(Outcome::Done)
}

/// The routines of a file that also has events.
pub fn routines(worker: &mut Worker, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    worker.begin_file(file, Some(database))?;
    let result = run_statements(worker, file, |_, kind, _| {
        let is_event = matches!(kind, StatementKind::CreateEvent | StatementKind::Drop { what: Dropped::Event });
        Ok(if is_event { Handled::Yes } else { Handled::No })
    });
    // A library of another database.
    postponed(worker, file, result, &[NO_SUCH_ROUTINE])
}

/// The events of a file that also has routines. Nothing is left to do with the file then.
pub fn events(worker: &mut Worker, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    worker.begin_file(file, Some(database))?;
    run_file(worker, file, |_, kind, _| {
        let is_routine = matches!(kind, StatementKind::CreateRoutine | StatementKind::Drop { what: Dropped::Routine });
        Ok(if is_routine { Handled::Yes } else { Handled::No })
    })
}

/// Whether a statement needs nothing more.
enum Handled {
    Yes,
    No,
}

/// Runs a file's statements but those that `handle` deals with, and ends the file.
fn run_file(
    worker: &mut Worker,
    file: &DumpFile,
    handle: impl Fn(&mut Worker, StatementKind, &[u8]) -> Result<Handled, ServerError>,
) -> Result<Outcome, Error> {
    let outcome = run_statements(worker, file, handle)?;
    // It may be tried again.
    if worker.left_out.is_empty() {
        worker.end_file(file)?;
    }
    Ok(outcome)
}

fn run_statements(
    worker: &mut Worker,
    file: &DumpFile,
    handle: impl Fn(&mut Worker, StatementKind, &[u8]) -> Result<Handled, ServerError>,
) -> Result<Outcome, Error> {
    let mut reader = worker.shared.files.statements(file)?;
    let mut empty = true;
    let mut dialect = Dialect::default();
    while let Some(statement) = reader.next_statement().map_err(|source| worker.cannot_read(file, source))? {
        empty = false;
        let failed = |source| Error::Statement { file: file.to_string(), line: statement.line, source };
        worker.expects(file, &statement, None)?;
        let kind = classify(statement.text);
        dialect = dialect_after(dialect, kind, statement.text);
        let step = match kind {
            StatementKind::Set | StatementKind::Use => Step::New,
            _ => worker.steps.next(),
        };
        if step == Step::Done {
            continue;
        }
        let shared = Arc::clone(&worker.shared);
        let text = match kind {
            StatementKind::CreateView | StatementKind::CreateRoutine | StatementKind::CreateEvent => {
                shared.restore.definer.apply(statement.text)
            }
            _ => Cow::Borrowed(statement.text),
        };
        let result = handle(worker, kind, &text).and_then(|handled| match handled {
            Handled::Yes => Ok(()),
            Handled::No => worker.session.prepare(&text).map(drop),
        });
        match result {
            Ok(()) => {}
            Err(error)
                if step == Step::InDoubt
                    && exists(&error)
                    && !stood_before(worker, kind, &text, dialect).map_err(failed)? => {}
            // What follows would be made in another session than its own.
            Err(error) if kind == StatementKind::Set => return Err(failed(error)),
            Err(error) => worker.leave_out(object(file, statement.text, dialect), failed(error))?,
        }
        worker.steps.did();
    }
    if empty { Err(Error::Lacks { file: file.to_string(), what: "statement" }) } else { Ok(Outcome::Done) }
}

/// Whether a view or sequence was there before the restore, so that it is not what an earlier run has made.
fn stood_before(worker: &mut Worker, kind: StatementKind, sql: &[u8], dialect: Dialect) -> Result<bool, ServerError> {
    if !matches!(kind, StatementKind::CreateView | StatementKind::CreateSequence) {
        return Ok(false);
    }
    let Some((_, name)) = created(sql, dialect) else { return Ok(false) };
    let database = worker.session.unchanged().query_first("SELECT DATABASE()")?;
    Ok(database.is_some_and(|row| was_there(worker, &QualifiedName::new(row.text(0), name))))
}

/// Whether a view, routine, trigger or event cannot be created since it is there.
fn exists(error: &ServerError) -> bool {
    const EXISTS: [u16; 4] = [TABLE_EXISTS, 1304, 1359, 1537];
    error.server_code().is_some_and(|code| EXISTS.contains(&code))
}

/// A name for messages and comparisons.
pub fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
