//! Sequences of MariaDB.

use common::backup::file_name::DumpFile;
use common::server::connection::ServerError;
use common::server::error_codes;
use common::sql::name::QualifiedName;
use common::sql::quote_string;
use common::sql::token::SqlDialect;

use crate::ddl::created_object::created;
use crate::ddl::statement_kind::StatementKind;
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::DatabaseTarget;
use crate::objects::definition_file::{Handled, run_file, unless_it_exists};
use crate::options::DropTable;

/// CREATE SEQUENCE.
pub fn create(context: &mut Context, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    context.begin_file(file, Some(database))?;
    let drop_table = context.shared.restore.drop_table;
    let keeps = context.shared.restore.keeps_existing();
    let result = run_file(context, file, |context, kind, statement| match kind {
        StatementKind::CreateSequence if keeps => {
            context.session.unchanged().execute(statement).map(|_| Handled::Yes).or_else(unless_it_exists)
        }
        StatementKind::CreateSequence if drop_table == DropTable::Drop => {
            context.session.unchanged().execute(or_replace(statement)).map(|_| Handled::Yes)
        }
        StatementKind::CreateSequence if matches!(drop_table, DropTable::Truncate | DropTable::Delete) => {
            match context.session.unchanged().execute(statement) {
                Err(error)
                    if error.server_code() == Some(error_codes::TABLE_EXISTS) && is_sequence(context, statement)? =>
                {
                    context.session.unchanged().execute(or_replace(statement)).map(|_| Handled::Yes)
                }
                result => result.map(|_| Handled::Yes),
            }
        }
        _ => Ok(Handled::No),
    });
    let name = file.content.table().map(|sequence| sequence.table.as_str()).unwrap_or_default();
    result
        .or_else(|error| error.rejected_definition(format!("sequence {}", QualifiedName::new(&database.target, name))))
}

fn or_replace(statement: &[u8]) -> String {
    String::from_utf8_lossy(statement).replacen("CREATE SEQUENCE", "CREATE OR REPLACE SEQUENCE", 1)
}

/// Whether what has the name is a sequence: it has no rows of its own to empty, so it is made anew at the dump's position.
fn is_sequence(context: &mut Context, statement: &[u8]) -> Result<bool, ServerError> {
    let Some((_, name)) = created(statement, SqlDialect::default()) else { return Ok(false) };
    let found = context.session.unchanged().query(format!(
        "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {} AND TABLE_TYPE = \
         'SEQUENCE'",
        quote_string(&name)
    ))?;
    Ok(!found.is_empty())
}
