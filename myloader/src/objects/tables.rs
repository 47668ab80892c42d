//! Tables: created without the keys that come later, or emptied if they stay.

use std::sync::Arc;

use common::backup::file_name::{Content, DumpFile};
use common::observe::printable::printable;
use common::process::sync::lock;
use common::server::connection::ServerError;
use common::server::error_codes;
use common::sql::name::QualifiedName;
use common::sql::token::SqlDialect;

use crate::ddl::computing_session::{ComputingSession, inexact_objects};
use crate::ddl::create_table::CreateTable;
use crate::ddl::created_object::text;
use crate::ddl::sequences;
use crate::ddl::split::{SplitOptions, split};
use crate::ddl::statement_kind::{StatementKind, classify};
use crate::ddl::translate::translate;
use crate::jobs::committed_rows::CommittedRows;
use crate::jobs::context::Context;
use crate::jobs::earlier_run;
use crate::jobs::error::Error;
use crate::jobs::job::KeyTiming;
use crate::jobs::outcome::Outcome;
use crate::jobs::replay::Step;
use crate::jobs::target::{DatabaseTarget, TableTarget};
use crate::journal::{self, Record, table_name};
use crate::options::DropTable;
use crate::session::Preamble;

/// CREATE TABLE, without the keys that are added later.
pub fn create(
    context: &mut Context,
    database: &DatabaseTarget,
    file: &DumpFile,
    keys: KeyTiming,
) -> Result<Outcome, Error> {
    /// Another engine than the dump's would be another table.
    const OWN_ENGINE: &[u8] = b"SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_ENGINE_SUBSTITUTION')";
    let Content::Table(file_name) = &file.content else { return Ok(Outcome::TableSkipped) };
    let mut opening = Some(Preamble::default());
    let mut reader = context.shared.files.statements(file)?;
    let mut created = None;
    let mut session = ComputingSession::default();
    while let Some(statement) = reader.next_statement().map_err(|source| context.cannot_read(file, source))? {
        let failed = |source| Error::Statement { file: file.to_string(), line: statement.line, source };
        context.expects(file, &statement, Some(&database.target))?;
        let kind = classify(statement.text);
        if inexact_objects(statement.text).is_some() {
            continue;
        }
        if kind == StatementKind::Set {
            session.add(statement.text);
        }
        if kind == StatementKind::Set
            && opening.as_mut().is_some_and(|preamble| preamble.take(statement.line, statement.text))
        {
            continue;
        }
        if kind != StatementKind::CreateTable {
            if let Some(preamble) = opening.take() {
                context.enter(file, &database.target, &preamble)?;
            }
            let adapted = context.session.adapt_set(statement.text);
            context.session.connection().execute(adapted).map_err(failed)?;
            continue;
        }
        let parse_error = |source| Error::Parse { file: file.to_string(), line: statement.line, source };
        let parsed = CreateTable::parse(statement.text, SqlDialect::default()).map_err(parse_error)?;
        let name = text(&parsed.name);
        // SHOW CREATE TABLE never says IF NOT EXISTS: only the table that stands in for a view does, or, before
        // mydumper 0.11, not even that. Views are made in an order that works without it.
        let view = DumpFile::new(Content::View(file_name.clone()), file.layers);
        if parsed.if_not_exists || context.shared.files.has(&view) || !context.passes(database, &name)? {
            context.end_file(file)?;
            return Ok(Outcome::TableSkipped);
        }
        let name = QualifiedName::new(database.target.clone(), name);
        let earlier = context.shared.journal.table(&name).filter(|earlier| earlier.kept.is_some());
        let keys = match &earlier {
            Some(earlier) if earlier.keys_later => KeyTiming::Later,
            Some(_) => KeyTiming::WithTable,
            None => keys,
        };
        let translated = translate(statement.text, context.shared.server).map_err(parse_error)?;
        let renamed = sequences::renamed(&translated, &database.source, &database.target);
        let split = split(&renamed, &split_options(context, keys)).map_err(parse_error)?;
        match opening.take() {
            Some(mut preamble) => {
                preamble.add(statement.line, OWN_ENGINE);
                context.enter(file, &database.target, &preamble)?;
            }
            None => context.session.connection().execute(OWN_ENGINE).map(drop).map_err(failed)?,
        }
        context.session.enter_definition(&split.create).map_err(failed)?;
        let earlier = match earlier {
            Some(earlier) => earlier_run::table(context, &name, earlier).map_err(|error| error.or(&failed))?,
            None => None,
        };
        let (made, done) = match earlier {
            Some(earlier) => (earlier.kept != Some(true), earlier),
            None => match create_table(context, &name, &split.create) {
                Ok(made) => {
                    let (table, keys_later) = (table_name(&name), keys == KeyTiming::Later);
                    context.shared.journal.write(Record::Table { table, kept: !made, keys_later })?;
                    (made, journal::TableProgress::default())
                }
                Err(source) => return failed(source).rejected_definition(format!("table {name}")),
            },
        };
        // An existing table already has its keys.
        let (keys, constraints) = if made {
            let constraints = split.constraints.filter(|_| !done.foreign_keys);
            (split.keys.into_iter().skip(done.keys_done).collect(), constraints)
        } else {
            (Vec::new(), None)
        };
        let committed_rows =
            if made { CommittedRows::of_own_table(done.known().unwrap_or(0)) } else { CommittedRows::default() };
        session.table_is_made();
        let target = TableTarget { file: file_name.clone(), name, committed_rows, session: Arc::default() };
        created = Some((target, keys, constraints, !made, parsed.is_archive()));
    }
    context.end_file(file)?;
    let created = created.map(|(target, keys, constraints, kept, in_order)| {
        let target = TableTarget { session: session.statements(), ..target };
        Outcome::TableReady { target, keys, constraints, kept, in_order }
    });
    created.ok_or_else(|| Error::NoStatement { file: file.to_string(), what: "CREATE TABLE" })
}

/// How the keys and foreign keys of a table are taken out of its definition.
pub fn split_options(context: &Context, keys: KeyTiming) -> SplitOptions {
    let restore = &context.shared.restore;
    SplitOptions {
        split_keys: keys == KeyTiming::Later,
        engines: restore.optimize_keys_engines.clone(),
        keys_per_statement: restore.keys_per_statement,
        split_constraints: true,
        drop_keys: restore.skip_indexes,
        drop_constraints: restore.skip_constraints,
        dialect: SqlDialect::default(),
    }
}

/// Creates a table as `--drop-table` says. Returns whether it was created now.
fn create_table(context: &mut Context, name: &QualifiedName, create: &[u8]) -> Result<bool, ServerError> {
    if !context.shared.restore.create_tables {
        return Ok(false);
    }
    let drop_table = context.shared.restore.drop_table;
    let exists = |error: &ServerError| error.server_code() == Some(error_codes::TABLE_EXISTS);
    let step = context.replay.next_step();
    let mut created = context.session.define(create);
    if step == Step::InDoubt
        && drop_table != DropTable::Drop
        && created.as_ref().is_err_and(exists)
        && was_made_by_us(context, name)?
    {
        if !context.shared.journal.resumes() {
            return Ok(true);
        }
        // An earlier run may have made it with its keys, or without.
        context.session.drop_table_or_view(&name.name)?;
        created = context.session.define(create);
    }
    if drop_table == DropTable::Drop && created.as_ref().is_err_and(exists) {
        // Those known in time were dropped before any was made.
        let shared = Arc::clone(&context.shared);
        let _one_at_a_time = lock(&shared.dropping);
        context.session.drop_table_or_view(&name.name)?;
        created = context.session.define(create);
    }
    match created {
        Ok(outcome) => {
            if outcome.warnings > 0 {
                warn(context, &name.name);
            }
            Ok(true)
        }
        Err(error)
            if matches!(drop_table, DropTable::None | DropTable::Truncate | DropTable::Delete)
                && exists(&error)
                && !is_view(context, &name.name)? =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Whether a statement whose answer was lost created the table: it did not exist when the restore began, and has no
/// rows.
fn was_made_by_us(context: &mut Context, name: &QualifiedName) -> Result<bool, ServerError> {
    if context.shared.was_there(name) {
        return Ok(false);
    }
    match context.session.unchanged().query_first(format!("SELECT 1 FROM {} LIMIT 1", name.to_sql())) {
        // A server that crashed amid the statement may have left a table that cannot be read.
        Err(error) if error.server_code().is_some() => Ok(true),
        row => Ok(row?.is_none()),
    }
}

/// Reports the server's warnings about a table that it has created, except deprecations.
fn warn(context: &mut Context, table: &str) {
    const DEPRECATED: [&str; 6] = ["1287", "1681", "1831", "3719", "3778", "4079"];
    for row in context.session.unchanged().query("SHOW WARNINGS").unwrap_or_default() {
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
pub fn empty(context: &mut Context, table: &TableTarget) -> Result<Outcome, Error> {
    let statement = match context.shared.restore.drop_table {
        DropTable::Delete => "DELETE FROM",
        _ => "TRUNCATE TABLE",
    };
    let failed = |source| Error::Job { job: format!("emptying of {}", table.name), source };
    if earlier_run::is_emptied(context, table).map_err(|error| error.or(&failed))? {
        return Ok(Outcome::Done);
    }
    context.session.reset(Some(&table.name.database)).map_err(failed)?;
    {
        // MariaDB 10.11 hangs, and cannot be shut down, when tables with foreign keys to each other are truncated at a time.
        let shared = Arc::clone(&context.shared);
        let _one_at_a_time = lock(&shared.dropping);
        context.session.execute_ddl(format!("{statement} {}", table.name.to_sql())).map_err(failed)?;
    }
    table.committed_rows.all_ours(0);
    context.shared.journal.correct(Record::Emptied { table: table_name(&table.name) })?;
    Ok(Outcome::Done)
}

/// Whether the session's database has a view of this name: its rows are those of other tables, which must not be
/// emptied or filled.
fn is_view(context: &mut Context, name: &str) -> Result<bool, ServerError> {
    let views = "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()";
    // Compared here: information_schema compares names without regard to case.
    let server = context.shared.server;
    let views = context.session.unchanged().query(views)?;
    Ok(views.iter().any(|view| server.folded(&view.text(0)) == server.folded(name)))
}
