//! Why a journal cannot be used.

use std::io;
use std::path::PathBuf;

use common::exit_codes;
use common::journal::JournalError;
use common::process::exit::Exit;
use common::server::connection::ServerError;

/// The restore cannot be resumed, or its journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    File(#[from] JournalError),
    /// There is nothing to resume.
    #[error(
        "--resume: {} does not exist, so there is no interrupted restore of this dump into this server and \
         database{others}; restore without --resume", path.display()
    )]
    NotThere {
        /// Where it would be.
        path: PathBuf,
        /// Journals of other servers and databases, as the end of a sentence.
        others: String,
    },
    /// The journal belongs to a different restore.
    #[error(
        "--resume: {} belongs to a different restore:{}; give the same options, or restore without --resume", path.display(), list(differences)
    )]
    Other { path: PathBuf, differences: Vec<String> },
    /// Nothing tells whether the sessions of the interrupted run have ended.
    #[error(
        "--resume: the server does not support user locks (GET_LOCK), so it is unknown whether the sessions of the \
         interrupted run have ended; restore without --resume"
    )]
    NoUserLocks,
    /// The server did not say who it is.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// `--journal` names a file of another kind.
    #[error(
        "--journal: {} exists but is not the journal of a restore, and was left alone; name another file, or remove \
         it ({source})",
        path.display()
    )]
    NotAJournal { path: PathBuf, source: JournalError },
    #[error("everything is restored, but the journal {} cannot be removed: {source}; remove it", path.display())]
    Remove { path: PathBuf, source: io::Error },
}

exit_codes! { Error:
    of source: Server;
    by exit_of: File;
    Exit::Local: Remove, NotAJournal;
    Exit::Failed: NotThere, Other, NoUserLocks;
}

fn exit_of(error: &JournalError) -> Exit {
    match error {
        JournalError::Io { .. } | JournalError::InUse { .. } => Exit::Local,
        _ => Exit::Dump,
    }
}

fn list(differences: &[String]) -> String {
    differences.iter().map(|difference| format!("\n  {difference}")).collect()
}
