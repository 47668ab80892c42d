//! What ends a restore though every single job has succeeded.

use common::backup::selection::FilterError;
use common::process::exit::{Exit, Failure};
use common::sql::name::QualifiedName;

use super::comparison::Difference;
use crate::tolerance::{self, Rejection, lines, lines_again};

/// The dump and the options do not go together, or the dump is not whole.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `--database` takes the rows of one database.
    #[error(
        "--database {target:?} is one name, but the dump has the databases {first:?} and {second:?}: choose one with \
         --source-db"
    )]
    SeveralDatabases {
        /// The name given.
        target: String,
        /// A database of the dump.
        first: String,
        /// Another.
        second: String,
    },
    /// Tables are there already.
    #[error(
        "of the dump, these exist on the server already: {}; nothing was changed: choose with --drop-table what to do \
         with tables that exist", list(.0)
    )]
    TablesExist(Vec<QualifiedName>),
    /// The server has one table for both.
    #[error(
        "{0} and {1} are one table on this server, which does not tell upper from lower case in their names \
         (lower_case_table_names); nothing was changed: leave one of them out, or restore into a server that does"
    )]
    SameButForCase(QualifiedName, QualifiedName),
    /// Tables that are there already have triggers.
    #[error(
        "these tables are there and have triggers, which would fire for the rows of the dump: {}; nothing was changed: \
         drop the triggers, or let them fire with --fire-triggers", list(.0)
    )]
    Triggers(Vec<QualifiedName>),
    /// The server cannot have objects of the dump.
    #[error(
        "the server does not take these objects of the dump, {consequence}:{}\nchange them where the dump is from and \
         dump again, or leave them out",
        lines(rejections)
    )]
    Rejected {
        /// Which, and why.
        rejections: Vec<Rejection>,
        /// What has happened so far.
        consequence: &'static str,
    },
    /// Files of the dump are missing, and maybe rows with them.
    #[error("the restore is not complete: {}", .0.join("; "))]
    Missing(Vec<String>),
    /// Rows are missing, or there are too many, though all files are there.
    #[error("the restore is not complete: {}", .0.join("; "))]
    RowCounts(Vec<String>),
    /// Rows or checksums are others than in the dump.
    #[error("these are not as in the dump; all else is done:{}", differences(.0))]
    Differs(Vec<Difference>),
    /// The dump says nothing of the rows, or contradicts itself.
    #[error(
        "--verify: by the dump's metadata the rows of these tables cannot be compared, since it has neither hashes nor \
         numbers of them, or not all: {}; it is of an older version, or damaged", list(.0)
    )]
    NothingToVerifyBy(Vec<QualifiedName>),
    /// No table takes part.
    #[error("--verify-only: no table of the dump is chosen, nothing was compared: check the names and patterns")]
    NothingToVerify,
    /// `--source-db` or `--tables-list` names what the dump does not have.
    #[error("the dump has no {kind} {name}: check the name")]
    NotInDump {
        /// Database or table.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// `--users` asks for what the dump does not have.
    #[error("--users: the dump has no accounts: dump with mydumper --users, or restore without")]
    NoAccounts,
    /// Views need something that the dump does not have.
    #[error("views cannot be created: {}", .0.join("; "))]
    Views(Vec<String>),
    /// Routines use libraries that the dump does not have.
    #[error("routines cannot be created: {}", .0.join("; "))]
    Routines(Vec<String>),
    /// The restore went on without some of the dump.
    #[error(
        "{} of the dump's objects could not be restored, everything else is:{}\nwhen the cause is mended, restore these by \
         themselves, from the files named",
        .0.len(), lines_again(.0)
    )]
    Skipped(Vec<Rejection>),
    /// The real name of a database or table is nowhere.
    #[error("the real name of {0} is neither in a schema file nor in the metadata: its files are missing")]
    NoName(String),
    /// A filter cannot be decided.
    #[error(transparent)]
    Filter(#[from] FilterError),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::TablesExist(_)
            | Error::SameButForCase(..)
            | Error::Triggers(_)
            | Error::Rejected { .. }
            | Error::Views(_)
            | Error::Routines(_) => Exit::Server,
            Error::Skipped(rejections) => tolerance::exit(rejections),
            Error::Missing(_) | Error::NoName(_) => Exit::Dump,
            Error::RowCounts(_) | Error::Differs(_) => Exit::Differs,
            Error::SeveralDatabases { .. }
            | Error::NotInDump { .. }
            | Error::NoAccounts
            | Error::NothingToVerifyBy(_)
            | Error::NothingToVerify => Exit::Failed,
            Error::Filter(error) => error.exit(),
        }
    }
}

fn list(names: &[QualifiedName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn differences(found: &[Difference]) -> String {
    found.iter().map(|difference| format!("\n  {difference}")).collect()
}
