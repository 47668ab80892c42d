//! What ends a restore though every single job has succeeded.

use common::backup::selection::FilterError;
use common::exit_codes;
use common::observe::wording::count;
use common::sql::name::QualifiedName;

use super::comparison::Difference;
use crate::config::NothingMatches;
use crate::tolerance::{self, Rejection, lines, lines_again};

/// The dump and the options do not fit together, or the dump is incomplete.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `--database` takes the rows of one database.
    #[error(
        "--database {target:?} is one name, but the dump has the databases {first:?} and {second:?}: choose one with \
         --source-db"
    )]
    SeveralDatabases { target: String, first: String, second: String },
    /// Tables are there already.
    #[error(
        "already on the server: {}; nothing was changed: choose with --drop-table what to do with existing \
         tables", list(.0)
    )]
    TablesExist(Vec<QualifiedName>),
    /// The server has one table for both.
    #[error(
        "{0} and {1} would be one table on this server, which does not distinguish upper and lower case in names \
         (lower_case_table_names); nothing was changed: exclude one of them, or restore into a server that does"
    )]
    SameButForCase(QualifiedName, QualifiedName),
    /// Tables that are there already have triggers.
    #[error(
        "these tables already exist and have triggers, which would fire for the dump's rows: {}; nothing was changed: \
         drop the triggers, or let them fire with --fire-triggers", list(.0)
    )]
    Triggers(Vec<QualifiedName>),
    /// Rows of tables would go into views, and through them into other tables.
    #[error(
        "these tables of the dump are views on the server, and are not created: {}; their rows would go into other \
         tables; nothing was changed: rename or drop the views, or exclude these tables", list(.0)
    )]
    ViewsForTables(Vec<QualifiedName>),
    /// `--drop-database` would drop tables that the restore cannot create.
    #[error(
        "--drop-database would drop database {}, but these tables cannot be created again: {}; nothing was changed: \
         the dump has no definition of them (mydumper --no-schemas), or --skip-create-table leaves it out; restore \
         without --drop-database to load the rows into existing tables", .database.escape_debug(), list(.tables)
    )]
    DropsForGood { database: String, tables: Vec<QualifiedName> },
    /// The user, or a setting of the server, does not allow what the restore needs.
    #[error(
        "nothing was changed: the restore would not be complete here, {}:{}{}",
        count(rejections.len(), "finding"), lines(rejections),
        advice.as_ref().map(|advice| format!("\n  ({advice})")).unwrap_or_default()
    )]
    Denied {
        /// With what else is wrong with the definitions.
        rejections: Vec<Rejection>,
        advice: Option<String>,
    },
    /// The dump's rows are for LOAD DATA LOCAL, which the server does not take.
    #[error("the dump loads its rows by LOAD DATA LOCAL INFILE, {LOCAL_INFILE_OFF}")]
    LocalInfileOff,
    /// The dump does not fit what is on the server, or the server cannot have objects that would replace what is there.
    #[error(
        "these objects of the dump cannot be restored as they are; nothing was changed:{}\nchange the source or the server, \
         or exclude them", lines(.0)
    )]
    Misfits(Vec<Rejection>),
    /// The server cannot have objects of the dump.
    #[error(
        "the server rejects these objects of the dump, {consequence}:{}\nchange them at the source and dump again, or \
         exclude them",
        lines(rejections)
    )]
    Rejected {
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
    #[error("these differ from the dump; everything else is done:{}", differences(.0))]
    Differs(Vec<Difference>),
    /// The dump says nothing of the rows, or contradicts itself.
    #[error(
        "--verify: the dump's metadata lacks hashes or row counts to compare these tables by: {}; it is from an older \
         version, or damaged", list(.0)
    )]
    NothingToVerifyBy(Vec<QualifiedName>),
    /// No table takes part.
    #[error("--verify-only: no table of the dump is selected, so nothing was compared: check the names and patterns")]
    NothingToVerify,
    /// `--source-db` or `--tables-list` names what the dump does not have.
    #[error("the dump has no {kind} {name}: check the name")]
    NotInDump {
        /// Database or table.
        kind: &'static str,
        name: String,
    },
    /// The filters leave nothing.
    #[error(transparent)]
    NothingMatches(#[from] NothingMatches),
    /// `--users` asks for what the dump does not have.
    #[error("--users: the dump has no accounts: dump with mydumper --users, or restore without")]
    NoAccounts,
    /// Routines use libraries that the dump does not have.
    #[error("routines cannot be created: {}", .0.join("; "))]
    Routines(Vec<String>),
    /// The restore went on without some of the dump.
    #[error(
        "{} of the dump could not be restored, everything else is:{}\nonce the cause is fixed, restore these separately \
         from the files named",
        count(.0.len(), "object"), lines_again(.0)
    )]
    Skipped(Vec<Rejection>),
    /// The real name of a database or table is nowhere.
    #[error("the real name of {0} is neither in a schema file nor in the metadata: its files are missing")]
    NoName(String),
    #[error(transparent)]
    Filter(#[from] FilterError),
}

exit_codes! { Error:
    of source: Filter;
    by tolerance::exit: Skipped;
    Exit::PrecheckFailed: Denied, LocalInfileOff, Misfits;
    Exit::Server: TablesExist, SameButForCase, Triggers, ViewsForTables, Rejected, Routines;
    Exit::Dump: Missing, NoName;
    Exit::Differs: RowCounts, Differs;
    Exit::Failed: DropsForGood, SeveralDatabases, NotInDump, NothingMatches, NoAccounts, NothingToVerifyBy, NothingToVerify;
}

/// What there is to do.
pub(super) const LOCAL_INFILE_OFF: &str =
    "which is off on the server: SET GLOBAL local_infile=1 there during the restore, or dump with --format=INSERT";

fn list(names: &[QualifiedName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn differences(found: &[Difference]) -> String {
    found.iter().map(|difference| format!("\n  {difference}")).collect()
}
