//! Triggers.

use common::backup::file_name::DumpFile;
use common::sql::token::SqlDialect;

use crate::ddl::created_object::{dialect_after, object, text};
use crate::ddl::statement_kind::{StatementKind, classify};
use crate::ddl::trigger::table_of_trigger;
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::replay::Step;
use crate::jobs::target::DatabaseTarget;
use crate::objects::database_collation::{before_create, keeping, noted};
use crate::objects::definition_file::{already_exists, renamed};

/// CREATE TRIGGER, for those tables of the file that are restored.
pub fn create(context: &mut Context, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    context.begin_file(file, Some(database))?;
    keeping(context, database, file, |context| create_all(context, database, file))?;
    context.end_file(file)?;
    Ok(Outcome::Done)
}

fn create_all(context: &mut Context, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    let mut reader = context.shared.files.statements(file)?;
    // DROP TRIGGER comes before it is known which table the trigger is of.
    let mut drop = None;
    let mut empty = true;
    let mut dialect = SqlDialect::default();
    while let Some(statement) = reader.next_statement().map_err(|source| context.cannot_read(file, source))? {
        empty = false;
        let failed = |source| Error::Statement { file: file.to_string(), line: statement.line, source };
        context.expects(file, &statement, None)?;
        match classify(statement.text) {
            StatementKind::Drop { .. } => drop = Some(statement.text.to_vec()),
            StatementKind::CreateTrigger => {
                let step = context.replay.next_step();
                if step == Step::Done {
                    drop = None;
                    continue;
                }
                let table = table_of_trigger(statement.text).map_err(|source| Error::Parse {
                    file: file.to_string(),
                    line: statement.line,
                    source,
                })?;
                if !context.passes(database, &text(&table))? {
                    continue;
                }
                if let Some(drop) = drop.take() {
                    context.session.execute_ddl(drop).map_err(failed)?;
                }
                let create = context.shared.restore.definer.apply(statement.text).into_owned();
                let create = renamed(context, file, create.into(), dialect);
                match before_create(context).and_then(|()| context.session.execute_ddl(create)) {
                    Ok(_) => {}
                    Err(error) if step == Step::InDoubt && already_exists(&error) => {}
                    Err(error) => context.skip(object(file, statement.text, dialect), failed(error))?,
                }
                context.replay.step_done();
            }
            _ if noted(context, statement.text) => {}
            kind => {
                dialect = dialect_after(dialect, kind, statement.text);
                context.session.prepare(statement.text).map_err(failed)?;
            }
        }
    }
    if empty {
        return Err(Error::NoStatement { file: file.to_string(), what: "statement" });
    }
    Ok(Outcome::Done)
}
