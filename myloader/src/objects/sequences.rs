//! Sequences of MariaDB.

use common::backup::file_name::DumpFile;
use common::sql::name::QualifiedName;

use crate::ddl::statement_kind::StatementKind;
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::DatabaseTarget;
use crate::objects::definition_file::{Handled, keeps_existing, run_file, unless_it_exists};
use crate::options::DropTable;

/// CREATE SEQUENCE.
pub fn create(context: &mut Context, database: &DatabaseTarget, file: &DumpFile) -> Result<Outcome, Error> {
    context.begin_file(file, Some(database))?;
    let drop_table = context.shared.restore.drop_table;
    let keeps = keeps_existing(context);
    let result = run_file(context, file, |context, kind, statement| match kind {
        StatementKind::CreateSequence if keeps => {
            context.session.unchanged().execute(statement).map(|_| Handled::Yes).or_else(unless_it_exists)
        }
        StatementKind::CreateSequence if drop_table == DropTable::Drop => {
            let statement =
                String::from_utf8_lossy(statement).replacen("CREATE SEQUENCE", "CREATE OR REPLACE SEQUENCE", 1);
            context.session.unchanged().execute(statement).map(|_| Handled::Yes)
        }
        _ => Ok(Handled::No),
    });
    let name = file.content.table().map(|sequence| sequence.table.as_str()).unwrap_or_default();
    result
        .or_else(|error| error.rejected_definition(format!("sequence {}", QualifiedName::new(&database.target, name))))
}
