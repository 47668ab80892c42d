//! Files with definitions but those of tables: tablespaces, sequences, views, triggers, routines and events.

use std::borrow::Cow;
use std::sync::Arc;

use common::backup::file_name::DumpFile;
use common::server::connection::Error as ServerError;
use common::sql::name::QualifiedName;
use common::sql::token::SqlDialect;

use crate::ddl::sequences;
use crate::ddl::statement_kind::{Dropped, StatementKind, classify};
use crate::ddl::trigger::table_of_trigger;
use crate::jobs::job::{DatabaseTarget, Outcome};
use crate::jobs::replay::Step;
use crate::objects::precheck::{created, dialect_after, object};
use crate::objects::tables::was_there;
use crate::options::DropTable;
use crate::schedule::tolerance::{Fault, Refusal};
use crate::work::worker::{Error, Worker};

/// A table, view or sequence of this name is there.
pub const TABLE_EXISTS: u16 = 1050;
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
    let mut dialect = SqlDialect::default();
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
    let mut dialect = SqlDialect::default();
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
fn stood_before(
    worker: &mut Worker,
    kind: StatementKind,
    sql: &[u8],
    dialect: SqlDialect,
) -> Result<bool, ServerError> {
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
