//! A file of definitions, run statement by statement. What differs between kinds of objects is passed in.

use std::borrow::Cow;
use std::sync::Arc;

use common::backup::file_name::DumpFile;
use common::observe::wording::count;
use common::server::connection::ServerError;
use common::server::error_codes;
use common::sql::name::QualifiedName;
use common::sql::token::SqlDialect;

use crate::ddl::created_object::{created, dialect_after, object};
use crate::ddl::rename_database;
use crate::ddl::statement_kind::{StatementKind, classify};
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::replay::Step;
use crate::tolerance::{Fault, Rejection};

/// Whether a statement is done.
pub enum Handled {
    Yes,
    No,
}

/// Runs a file's statements except those that `handle` does, and ends the file.
pub fn run_file(
    context: &mut Context,
    file: &DumpFile,
    handle: impl Fn(&mut Context, StatementKind, &[u8]) -> Result<Handled, ServerError>,
) -> Result<Outcome, Error> {
    let outcome = run_statements(context, file, handle)?;
    // It may be tried again.
    if context.skipped.is_empty() {
        context.end_file(file)?;
    }
    Ok(outcome)
}

/// The same for a file of which other statements are still to be run.
pub fn run_statements(
    context: &mut Context,
    file: &DumpFile,
    handle: impl Fn(&mut Context, StatementKind, &[u8]) -> Result<Handled, ServerError>,
) -> Result<Outcome, Error> {
    let mut reader = context.shared.files.statements(file)?;
    let mut empty = true;
    let mut dialect = SqlDialect::default();
    while let Some(statement) = reader.next_statement().map_err(|source| context.cannot_read(file, source))? {
        empty = false;
        let failed = |source| Error::Statement { file: file.to_string(), line: statement.line, source };
        context.expects(file, &statement, None)?;
        let kind = classify(statement.text);
        dialect = dialect_after(dialect, kind, statement.text);
        let step = match kind {
            StatementKind::Set | StatementKind::Use => Step::New,
            _ => context.replay.next_step(),
        };
        if step == Step::Done {
            continue;
        }
        let shared = Arc::clone(&context.shared);
        let text = match kind {
            StatementKind::CreateView | StatementKind::CreateRoutine | StatementKind::CreateEvent => {
                let applied = shared.restore.definer.apply(statement.text);
                renamed(context, file, applied, dialect)
            }
            _ => Cow::Borrowed(statement.text),
        };
        let result = handle(context, kind, &text).and_then(|handled| match handled {
            Handled::Yes => Ok(()),
            Handled::No => context.session.prepare(&text).map(drop),
        });
        match result {
            Ok(()) => {}
            Err(error)
                if step == Step::InDoubt
                    && already_exists(&error)
                    && !stood_before(context, kind, &text, dialect).map_err(failed)? => {}
            // What follows would be made in another session than its own.
            Err(error) if kind == StatementKind::Set => return Err(failed(error)),
            Err(error) => context.skip(object(file, statement.text, dialect), failed(error))?,
        }
        context.replay.step_done();
    }
    if empty { Err(Error::NoStatement { file: file.to_string(), what: "statement" }) } else { Ok(Outcome::Done) }
}

/// A view, routine, trigger or event with the database that it is restored into in place of its own.
pub fn renamed<'a>(context: &Context, file: &DumpFile, sql: Cow<'a, [u8]>, dialect: SqlDialect) -> Cow<'a, [u8]> {
    let Some((from, to)) = &context.renamed_database else { return sql };
    let renamed = rename_database::renamed(&sql, dialect, from, to, context.shared.server.folds_names);
    let (object, from, to) = (object(file, &sql, dialect), from.escape_debug(), to.escape_debug());
    if renamed.unclear > 0 {
        tracing::warn!(
            "{object}: {} may name the database {from} or an alias, and stays: check that it does not use {from} where it \
             should use {to}",
            count(renamed.unclear, "place")
        );
    }
    if renamed.in_strings {
        tracing::warn!(
            "{object}: it runs statements of strings that name the database {from}, and strings stay: check that it does \
             not use {from} where it should use {to}"
        );
    }
    renamed.text.map_or(sql, Cow::Owned)
}

/// Whether a view or sequence existed before the restore, so that no earlier run created it.
fn stood_before(
    context: &mut Context,
    kind: StatementKind,
    sql: &[u8],
    dialect: SqlDialect,
) -> Result<bool, ServerError> {
    if !matches!(kind, StatementKind::CreateView | StatementKind::CreateSequence) {
        return Ok(false);
    }
    let Some((_, name)) = created(sql, dialect) else { return Ok(false) };
    let database = context.session.unchanged().query_first("SELECT DATABASE()")?;
    Ok(database.is_some_and(|row| context.shared.was_there(&QualifiedName::new(row.text(0), name))))
}

/// Whether a view, routine, trigger or event cannot be created because it exists.
pub fn already_exists(error: &ServerError) -> bool {
    const EXISTS: [u16; 4] = [
        error_codes::TABLE_EXISTS,
        error_codes::ROUTINE_EXISTS,
        error_codes::TRIGGER_EXISTS,
        error_codes::EVENT_EXISTS,
    ];
    error.server_code().is_some_and(|code| EXISTS.contains(&code))
}

/// Postpones what failed with one of these codes: what is missing may be created meanwhile.
pub fn postponed(
    context: &mut Context,
    file: &DumpFile,
    result: Result<Outcome, Error>,
    not_there_yet: &[u16],
) -> Result<Outcome, Error> {
    let is_missing = |fault| matches!(fault, Fault::Server(Some(code)) if not_there_yet.contains(&code));
    match result {
        Err(Error::Statement { source, .. }) if is_missing(Fault::Server(source.server_code())) => {
            let fault = Fault::Server(source.server_code());
            Ok(Outcome::Postponed(vec![Rejection { object: file.to_string(), why: source.to_string(), fault }]))
        }
        // The whole file is run again, and what exists is replaced.
        Ok(_) if context.skipped.iter().any(|rejection| is_missing(rejection.fault)) => {
            Ok(Outcome::Postponed(std::mem::take(&mut context.skipped)))
        }
        result => result,
    }
}

/// Accepts the failure of CREATE where the object may exist.
pub fn unless_it_exists(error: ServerError) -> Result<Handled, ServerError> {
    if error.server_code() != Some(error_codes::TABLE_EXISTS) {
        return Err(error);
    }
    tracing::info!("it already exists and stays unchanged: {error}");
    Ok(Handled::Yes)
}
