//! Views.

use common::backup::file_name::DumpFile;
use common::server::error_codes;

use crate::ddl::statement_kind::{Dropped, StatementKind};
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::DatabaseTarget;
use crate::objects::definition_file::{Handled, postponed, run_file, unless_it_exists};
use crate::options::DropTable;

/// CREATE VIEW.
pub fn create(context: &mut Context, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    /// Table or view is missing, function is missing, view is invalid, database or column is missing, not a view.
    const NOT_THERE_YET: [u16; 6] = [
        error_codes::NO_SUCH_TABLE,
        error_codes::NO_SUCH_ROUTINE,
        error_codes::VIEW_INVALID,
        error_codes::UNKNOWN_DATABASE,
        error_codes::UNKNOWN_COLUMN,
        error_codes::IS_NOT_VIEW,
    ];
    context.begin_file(file, Some(database))?;
    let drop_table = context.shared.restore.drop_table;
    let keeps = context.shared.restore.keeps_existing();
    let result = run_file(context, file, |context, kind, statement| match kind {
        StatementKind::Drop { what: Dropped::Table | Dropped::View } if keeps => Ok(Handled::Yes),
        // Our views have no table standing in for them, and a table of that name would be the user's.
        StatementKind::Drop { what: Dropped::Table } if drop_table != DropTable::Drop => Ok(Handled::Yes),
        StatementKind::Drop { what: Dropped::View } if drop_table == DropTable::Fail => Ok(Handled::Yes),
        StatementKind::CreateView => {
            let created = context.session.execute_ddl(statement).map(|_| Handled::Yes);
            if keeps { created.or_else(unless_it_exists) } else { created }
        }
        _ => Ok(Handled::No),
    });
    postponed(context, file, result, &NOT_THERE_YET)
}
