//! Checks before locks are taken and rows are read: whether all that is asked for can be read. What they find comes in one
//! list, so that it can be mended at once.

mod broken;
mod columns;
mod privileges;

use common::backup::table_names::FileNames;
use common::exit_codes;
use common::observe::wording::count;
use common::process::exit::{Exit, Failure};
use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::server::grants::Grants;
use common::sql::name::QualifiedName;

use crate::catalog::{self, Program, SurveyedDatabase};
use crate::config::Config;

use self::broken::Broken;
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
pub struct Findings {
    found: Vec<Finding>,
    /// What else the user may do about missing privileges.
    advice: Option<String>,
}

/// Broken objects that a dump has left out.
#[derive(Debug)]
pub struct LeftOut(Vec<Finding>);

/// Something that cannot be read, or that the server may hide.
#[derive(Debug, Clone)]
struct Finding {
    /// What: `view shop.v`.
    object: String,
    /// Why not, and what to do.
    why: String,
    problem: Problem,
}

/// What is the matter with it.
#[derive(Debug, Clone)]
enum Problem {
    /// A privilege is missing; for these tables and programs, if they are known.
    Hidden { tables: Vec<QualifiedName>, programs: Vec<Program> },
    /// A table, view or sequence is broken; with the server's code.
    Table(QualifiedName, Option<u16>),
    /// A program is broken.
    Program(Program, Option<u16>),
}

impl std::fmt::Display for Finding {
    /// One line, though a server's text may have several.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.object, self.why.replace(['\n', '\r'], " "))
    }
}

impl std::error::Error for Findings {}

impl std::fmt::Display for Findings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let found = count(self.found.len() as u64, "finding");
        write!(f, "nothing was dumped: not all that is asked for can be read, {found}:")?;
        self.found.iter().try_for_each(|finding| write!(f, "\n  {finding}"))?;
        let is_hidden = |finding: &Finding| matches!(finding.problem, Problem::Hidden { .. });
        if self.found.iter().any(is_hidden) {
            if let Some(advice) = &self.advice {
                write!(f, "\n  ({advice})")?;
            }
            write!(f, "\n  (--ignore-missing-privileges dumps what the user can read)")?;
        }
        if !self.found.iter().all(is_hidden) {
            write!(f, "\n  (what is broken is left out with --keep-going, --ignore-errors or a filter)")?;
        }
        Ok(())
    }
}

impl Failure for Findings {
    fn exit(&self) -> Exit {
        Exit::PrecheckFailed
    }
}

impl std::error::Error for LeftOut {}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the dump is whole but for {}, broken and left out:", count(self.0.len() as u64, "object"))?;
        self.0.iter().try_for_each(|finding| write!(f, "\n  {finding}"))
    }
}

impl Failure for LeftOut {
    fn exit(&self) -> Exit {
        Exit::Server
    }
}

/// What can be dumped.
pub struct Checked {
    /// The options, and what of the objects that they select cannot be read.
    pub config: Config,
    left_out: Vec<Finding>,
}

impl Checked {
    /// # Errors
    /// What was left out, if anything was.
    pub fn nothing_left_out(self) -> Result<(), LeftOut> {
        if self.left_out.is_empty() { Ok(()) } else { Err(LeftOut(self.left_out)) }
    }

    /// Goes on without what was found.
    fn without(&mut self, finding: Finding) {
        match &finding.problem {
            Problem::Hidden { tables, programs } => {
                tracing::warn!("{finding}");
                self.config.filter.unreadable.extend(tables.iter().cloned());
                self.config.left_out.extend(programs.iter().cloned());
                return;
            }
            Problem::Table(table, _) => drop(self.config.filter.unreadable.insert(table.clone())),
            Problem::Program(program, _) => drop(self.config.left_out.insert(program.clone())),
        }
        tracing::warn!("left out: {finding}");
        self.left_out.push(finding);
    }
}

/// Makes all checks. The session is set up as for the dump, and in no transaction.
pub fn check(connection: &mut Connection, server: &Server, config: &Config) -> Result<Checked, Error> {
    // Nobody waits behind these statements yet.
    connection.execute(format!("SET SESSION lock_wait_timeout={}", config.lock_wait_seconds.max(1)))?;
    let names = FileNames::default();
    let databases = SurveyedDatabase::read_all(connection, server, &config.catalog_selection(&names))?;
    let grants = Grants::read(connection, server)?;
    let mut privileges = Privileges::new(connection, server, config, grants);
    privileges.of_server()?;
    for database in &databases {
        privileges.of_database(database)?;
    }
    let advice = privileges.advice();
    let mut findings = privileges.missing;
    let mut broken = Broken { connection, server, config };
    for database in &databases {
        findings.extend(broken.of_database(database)?);
    }
    let tolerates = |finding: &Finding| match finding.problem {
        Problem::Hidden { .. } => config.ignore_missing_privileges,
        Problem::Table(_, code) | Problem::Program(_, code) => config.tolerance.allows(code),
    };
    let (tolerated, fatal): (Vec<_>, Vec<_>) = findings.into_iter().partition(tolerates);
    if !fatal.is_empty() {
        return Err(Findings { found: fatal, advice }.into());
    }
    let mut checked = Checked { config: config.clone(), left_out: Vec::new() };
    tolerated.into_iter().for_each(|finding| checked.without(finding));
    Ok(checked)
}
