//! Why a journal cannot be used.

use std::io;
use std::path::PathBuf;

use common::journal::JournalError;
use common::process::exit::{Exit, Failure};
use common::server::connection::Error as ServerError;

/// The restore cannot be gone on with, or not be written down.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file.
    #[error(transparent)]
    File(#[from] JournalError),
    /// There is nothing to go on with.
    #[error(
        "--resume: {} is not there, so no restore of this dump into this server and database was left unfinished{others}; \
         restore without --resume", path.display()
    )]
    NotThere {
        /// Where it would be.
        path: PathBuf,
        /// Those of other servers and databases, as the end of a sentence.
        others: String,
    },
    /// It is of another restore.
    #[error(
        "--resume: {} is of another restore than the one that is asked for:{}; give the same options, or restore without \
         --resume", path.display(), list(differences)
    )]
    Other {
        /// The journal.
        path: PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// The sessions of the earlier run cannot be told from others.
    #[error(
        "--resume: the server does not take user locks (GET_LOCK), so that nobody knows whether the sessions of the earlier \
         run have ended; restore without --resume"
    )]
    NoUserLocks,
    /// The server was asked in vain which it is.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// `--journal` names a file of another kind.
    #[error(
        "--journal: {} is there and no journal of a restore, and was left alone; name another file, or remove it ({source})",
        path.display()
    )]
    NotAJournal {
        /// The file.
        path: PathBuf,
        /// Why it is none.
        source: JournalError,
    },
    /// It cannot be removed.
    #[error("everything is restored, but the journal {} cannot be removed: {source}; remove it", path.display())]
    Remove {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::File(JournalError::Io { .. } | JournalError::InUse { .. })
            | Error::Remove { .. }
            | Error::NotAJournal { .. } => Exit::Local,
            Error::File(_) => Exit::Dump,
            Error::Server(error) => error.exit(),
            Error::NotThere { .. } | Error::Other { .. } | Error::NoUserLocks => Exit::Failed,
        }
    }
}

fn list(differences: &[String]) -> String {
    differences.iter().map(|difference| format!("\n  {difference}")).collect()
}
