//! Indexes and foreign keys that are added after the rows.

use common::server::connection::ServerError;
use common::server::error_codes;

use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::job::Job;
use crate::jobs::outcome::Outcome;
use crate::jobs::replay::Step;
use crate::jobs::target::TableTarget;
use crate::journal::{Record, TableName, table_name};
use crate::session::Preamble;

pub fn add_keys(
    context: &mut Context,
    job: &Job,
    table: &TableTarget,
    statements: &[Vec<u8>],
) -> Result<Outcome, Error> {
    run_all(context, job, table, statements, |table| Record::Keys { table, done: 1 })
}

pub fn add_foreign_keys(
    context: &mut Context,
    job: &Job,
    table: &TableTarget,
    statement: &[u8],
) -> Result<Outcome, Error> {
    run_all(context, job, table, &[statement], |table| Record::ForeignKeys { table })
}

fn run_all(
    context: &mut Context,
    job: &Job,
    table: &TableTarget,
    statements: &[impl AsRef<[u8]>],
    done: impl Fn(TableName) -> Record,
) -> Result<Outcome, Error> {
    let failed = |source| Error::Job { job: job.to_string(), source };
    let mut preamble = Preamble::default();
    table.session.iter().for_each(|statement| preamble.add(0, statement));
    context.session.enter(Some(&table.name.database), &preamble).map_err(|(_, source)| failed(source))?;
    for statement in statements {
        let step = context.replay.next_step();
        if step == Step::Done {
            continue;
        }
        match context.session.define(statement) {
            Ok(_) => {}
            Err(error) if step == Step::InDoubt && has_keys(context, table, &error).map_err(failed)? => {}
            Err(error) => context.skip(job.object(), failed(error))?,
        }
        context.replay.step_done();
        // They are counted from the first: after one that is skipped, all are tried again.
        if context.skipped.is_empty() {
            context.shared.journal.write(done(table_name(&table.name)))?;
        }
    }
    Ok(Outcome::Done)
}

/// Whether keys or foreign keys cannot be added because they exist. One statement adds all of its keys or none.
fn has_keys(context: &mut Context, table: &TableTarget, error: &ServerError) -> Result<bool, ServerError> {
    match error.server_code() {
        Some(error_codes::DUPLICATE_KEY_NAME) => Ok(true),
        // MariaDB reports any failure to change the table as CANNOT_CREATE_TABLE, so look at the table itself.
        Some(error_codes::DUPLICATE_FOREIGN_KEY | error_codes::CANNOT_CREATE_TABLE) => {
            let row = context.session.unchanged().query_first(format!("SHOW CREATE TABLE {}", table.name.to_sql()))?;
            let text = row.map(|row| row.text(1)).unwrap_or_default();
            // CREATE TABLE was run without any foreign key.
            Ok(text.lines().any(|line| line.trim_start().starts_with("CONSTRAINT ") && line.contains(" FOREIGN KEY (")))
        }
        _ => Ok(false),
    }
}
