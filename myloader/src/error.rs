//! What ends the program.

use std::io;

use common::exit_codes;
use common::options::UsageError;
use common::process::exit::{Exit, Failure};
use common::process::stop::Stopped;
use common::program::AsUsageError;
use common::server::connection::ServerError;

use crate::input::{self, receiver, stream, unpack};
use crate::jobs;
use crate::journal;
use crate::objects::redo_log;
use crate::schedule;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Unpack(#[from] unpack::Error),
    /// A connection or a statement failed.
    #[error(transparent)]
    Server(ServerError),
    /// The dump cannot be read.
    #[error(transparent)]
    Input(#[from] input::Error),
    /// A stream's directory.
    #[error(transparent)]
    Source(#[from] stream::Error),
    #[error(transparent)]
    Stream(#[from] receiver::Error),
    /// The redo log was not turned off.
    #[error(transparent)]
    RedoLog(#[from] redo_log::Error),
    /// Jobs and their order.
    #[error(transparent)]
    Scheduler(#[from] schedule::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
    #[error(transparent)]
    Worker(#[from] jobs::error::Error),
    /// `--load-method=load-data` asks for what the server does not take.
    #[error(
        "--load-method=load-data: LOAD DATA LOCAL INFILE is off on the server: SET GLOBAL local_infile=1 there \
         during the restore, or use --load-method=insert"
    )]
    LoadMethodOff,
    /// The dump's rows are not for a MySQL or MariaDB server.
    #[error(
        "the dump has its rows in the format {0}, which is not read here: dump with another --format, or restore the \
         definitions with --no-data"
    )]
    RowFormat(String),
    /// The server crashed and has lost what it had committed.
    #[error(
        "the server was restarted and lost committed rows (innodb_flush_log_at_trx_commit is not 1, or an engine other \
         than InnoDB): {}; --resume reloads those of these tables that this restore created or emptied", .0.join("; ")
    )]
    LostCommits(Vec<String>),
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// Ended from outside.
    #[error("stopped before the restore was done: it is not complete")]
    Stopped(#[from] Stopped),
}

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Error {
        if error.is_stop() { Error::Stopped(Stopped) } else { Error::Server(error) }
    }
}

exit_codes! { Error:
    of source: Usage, Unpack, Server, Input, Source, Stream, RedoLog, Scheduler, Journal, Worker, Stopped;
    Exit::Server: LoadMethodOff;
    Exit::Dump: RowFormat;
    Exit::Differs: LostCommits;
    Exit::Failed: Thread;
}

impl Error {
    /// Whether the same restore may succeed later, when something beside it has changed.
    pub fn may_pass_later(&self) -> bool {
        match self {
            Error::Worker(error) if error.may_pass_later() => true,
            _ => matches!(self.exit(), Exit::Connection | Exit::Local),
        }
    }
}

impl AsUsageError for Error {
    fn as_usage_error(&self) -> Option<&UsageError> {
        match self {
            Error::Usage(error) => Some(error),
            _ => None,
        }
    }
}
