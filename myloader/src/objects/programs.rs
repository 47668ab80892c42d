//! Routines and events, which share a file: two jobs run it, with views and triggers between them.

use common::backup::file_name::DumpFile;
use common::server::error_codes;

use crate::ddl::statement_kind::{Dropped, StatementKind};
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::DatabaseTarget;
use crate::objects::definition_file::{Handled, postponed, run_file, run_statements};

/// The routines of a file that also has events.
pub fn create_routines(context: &mut Context, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    context.begin_file(file, Some(database))?;
    let result = run_statements(context, file, |_, kind, _| {
        let is_event = matches!(kind, StatementKind::CreateEvent | StatementKind::Drop { what: Dropped::Event });
        Ok(if is_event { Handled::Yes } else { Handled::No })
    });
    // A routine may need a library of another database.
    postponed(context, file, result, &[error_codes::NO_SUCH_ROUTINE])
}

/// The events of a file that also has routines. Nothing is left to do with the file then.
pub fn create_events(context: &mut Context, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    context.begin_file(file, Some(database))?;
    run_file(context, file, |_, kind, _| {
        let is_routine = matches!(kind, StatementKind::CreateRoutine | StatementKind::Drop { what: Dropped::Routine });
        Ok(if is_routine { Handled::Yes } else { Handled::No })
    })
}
