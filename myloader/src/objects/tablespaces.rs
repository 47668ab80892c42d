//! General tablespaces of MySQL.

use common::backup::file_name::DumpFile;
use common::server::error_codes;

use crate::ddl::statement_kind::StatementKind;
use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::objects::definition_file::{Handled, run_file};

/// CREATE TABLESPACE. Existing ones stay unchanged: other tables may be in them.
pub fn create(context: &mut Context, file: &DumpFile) -> Result<Outcome, Error> {
    if context.shared.server.is_mariadb() {
        tracing::warn!("skipping {file}: MariaDB has no general tablespaces, and tables are created without");
        return Ok(Outcome::Done);
    }
    context.begin_file(file, None)?;
    run_file(context, file, |context, kind, statement| match kind {
        StatementKind::CreateTablespace => match context.session.execute_ddl(statement) {
            Err(error) if error.server_code() == Some(error_codes::TABLESPACE_EXISTS) => {
                tracing::warn!("{file}: a tablespace already exists and stays unchanged: {error}");
                Ok(Handled::Yes)
            }
            result => result.map(|_| Handled::Yes),
        },
        _ => Ok(Handled::No),
    })
}
