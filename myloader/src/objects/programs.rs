//! Routines and events, which share a file: two jobs run it, with views and triggers between them.

use common::backup::file_name::DumpFile;
use common::server::error_codes;
use common::sql::token::SqlDialect;

use crate::ddl::created_object::object;
use crate::ddl::statement_kind::{Dropped, StatementKind};
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::DatabaseTarget;
use crate::objects::database_collation::{before_create, keeping, noted};
use crate::objects::definition_file::{Handled, postponed, run_file, run_statements};
use crate::objects::events;

/// The routines of a file that also has events.
pub fn create_routines(context: &mut Context, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    context.begin_file(file, Some(database))?;
    let result = keeping(context, database, file, |context| {
        run_statements(context, file, |context, kind, statement| {
            let is_event = matches!(kind, StatementKind::CreateEvent | StatementKind::Drop { what: Dropped::Event });
            if is_event || noted(context, statement) {
                return Ok(Handled::Yes);
            }
            if kind == StatementKind::CreateRoutine {
                before_create(context)?;
            }
            Ok(Handled::No)
        })
    });
    // A routine may need a library of another database.
    postponed(context, file, result, &[error_codes::NO_SUCH_ROUTINE])
}

/// The events of a file that also has routines. Nothing is left to do with the file then.
pub fn create_events(context: &mut Context, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    context.begin_file(file, Some(database))?;
    keeping(context, database, file, |context| {
        run_file(context, file, |context, kind, statement| {
            let is_routine =
                matches!(kind, StatementKind::CreateRoutine | StatementKind::Drop { what: Dropped::Routine });
            if is_routine || noted(context, statement) {
                return Ok(Handled::Yes);
            }
            if kind != StatementKind::CreateEvent {
                return Ok(Handled::No);
            }
            before_create(context)?;
            events::create(context, statement, object(file, statement, SqlDialect::default()))
        })
    })
}
