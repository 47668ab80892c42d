//! Why nothing was dumped, or not all.

use common::exit_codes;
use common::journal::JournalError;
use common::options::UsageError;
use common::process::stop::Stopped;
use common::program::AsUsageError;
use common::server::connection::ServerError;

use crate::consistency::changed_tables;
use crate::output::{directory, stream_sender};
use crate::plan::nothing::NothingToDump;
use crate::work::error as work;
use crate::{catalog, consistency, precheck, resume};

/// The program's error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The options cannot be followed.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A connection or a statement failed.
    #[error(transparent)]
    Server(ServerError),
    /// The directory cannot be used.
    #[error(transparent)]
    Output(#[from] directory::Error),
    /// There is no consistent snapshot.
    #[error(transparent)]
    Snapshot(consistency::Error),
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(catalog::Error),
    /// Not all that is asked for can be read.
    #[error(transparent)]
    Precheck(precheck::Error),
    /// All was dumped but for what is broken.
    #[error(transparent)]
    LeftOut(#[from] precheck::LeftOut),
    /// The filters leave nothing, or the user sees nothing.
    #[error(transparent)]
    Nothing(#[from] NothingToDump),
    /// A table was made after the locks were taken.
    #[error(transparent)]
    Changed(#[from] changed_tables::Error),
    /// An interrupted dump cannot be resumed.
    #[error(transparent)]
    Resume(#[from] resume::Error),
    /// What a later run would resume from cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The plan was not carried out.
    #[error(transparent)]
    Work(work::Error),
    /// The stream failed.
    #[error(transparent)]
    Stream(#[from] stream_sender::Error),
    /// Ended from outside.
    #[error("stopped before the dump was done: it is not complete")]
    Stopped(#[from] Stopped),
}

exit_codes! { Error:
    of source: Usage, Server, Output, Snapshot, Catalog, Precheck, LeftOut, Nothing, Changed, Resume, Journal, Work, Stream, Stopped;
}

impl AsUsageError for Error {
    fn as_usage_error(&self) -> Option<&UsageError> {
        match self {
            Error::Usage(error) => Some(error),
            _ => None,
        }
    }
}

// Whatever was interrupted by a stop, the message is that of a stop.

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Error {
        if error.is_stop() { Error::Stopped(Stopped) } else { Error::Server(error) }
    }
}

impl From<catalog::Error> for Error {
    fn from(error: catalog::Error) -> Error {
        match error {
            catalog::Error::Server(error) if error.is_stop() => Error::Stopped(Stopped),
            error => Error::Catalog(error),
        }
    }
}

impl From<precheck::Error> for Error {
    fn from(error: precheck::Error) -> Error {
        match error {
            precheck::Error::Server(error) | precheck::Error::Catalog(catalog::Error::Server(error)) => error.into(),
            precheck::Error::Catalog(error) => Error::Catalog(error),
            error => Error::Precheck(error),
        }
    }
}

impl From<consistency::Error> for Error {
    fn from(error: consistency::Error) -> Error {
        if error.is_stop() { Error::Stopped(Stopped) } else { Error::Snapshot(error) }
    }
}

impl From<work::Error> for Error {
    fn from(error: work::Error) -> Error {
        if error.is_stop() { Error::Stopped(Stopped) } else { Error::Work(error) }
    }
}
