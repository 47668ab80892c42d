//! Checks before locks are taken and rows are read: whether all that is asked for can be read. What they find comes in one
//! list, so that it can be mended at once.

mod grants;
mod privileges;

use common::exit_codes;
use common::observe::wording::count;
use common::process::exit::{Exit, Failure};
use common::server::Server;
use common::server::connection::{Connection, ServerError};

use crate::catalog::{self, SurveyedDatabase};
use crate::config::Config;

use self::grants::Grants;
use self::privileges::Privileges;

/// A check failed, or could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A statement failed.
    #[error("the checks before the start failed: {0}")]
    Server(#[from] ServerError),
    /// The objects cannot be listed.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// Not all that is asked for can be read.
    #[error(transparent)]
    Found(#[from] Findings),
}

exit_codes! { Error:
    of source: Server, Catalog, Found;
}

/// All that the checks have found.
#[derive(Debug)]
pub struct Findings(Vec<Finding>);

/// Something that cannot be read, or that the server may hide.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// What: `triggers of shop`.
    object: String,
    /// Why not, and what to do.
    why: String,
}

impl std::error::Error for Findings {}

impl std::fmt::Display for Findings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let found = count(self.0.len() as u64, "finding");
        write!(f, "nothing was dumped: not all that is asked for can be read, {found}:")?;
        self.0.iter().try_for_each(|Finding { object, why }| write!(f, "\n  {object}: {why}"))?;
        write!(f, "\n  (--ignore-missing-privileges dumps what the user can read)")
    }
}

impl Failure for Findings {
    fn exit(&self) -> Exit {
        Exit::PrecheckFailed
    }
}

/// Makes all checks. The session is set up as for the dump, and in no transaction.
pub fn check(connection: &mut Connection, server: &Server, config: &Config) -> Result<(), Error> {
    // Nobody waits behind these statements yet.
    connection.execute(format!("SET SESSION lock_wait_timeout={}", config.lock_wait_seconds.max(1)))?;
    let databases = SurveyedDatabase::read_all(connection, &config.catalog_selection())?;
    let grants = Grants::read(connection, server)?;
    let mut privileges = Privileges::new(connection, server, config, grants)?;
    privileges.of_server()?;
    for database in &databases {
        privileges.of_database(database)?;
    }
    let missing = privileges.missing;
    if config.ignore_missing_privileges {
        missing.iter().for_each(|Finding { object, why }| tracing::warn!("{object}: {why}"));
        return Ok(());
    }
    if missing.is_empty() { Ok(()) } else { Err(Findings(missing).into()) }
}
