//! Why a dump ended before it was done.

use common::exit_codes;
use common::journal::JournalError;
use common::process::stop::Stopped;
use common::server::connection::ServerError;
use common::server::error_codes;

use crate::consistency::changed_tables;
use crate::definitions;
use crate::definitions::{accounts, tablespaces};
use crate::output::file_writer::WriteError;
use crate::output::row_files;
use crate::output::{delivery, directory};

/// A task failed.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A definition could not be read.
    #[error(transparent)]
    Definition(#[from] definitions::Error),
    /// The accounts could not be read.
    #[error(transparent)]
    Accounts(#[from] accounts::Error),
    /// The tablespaces could not be read.
    #[error(transparent)]
    Tablespaces(#[from] tablespaces::Error),
    /// Rows could not be read.
    #[error("cannot dump {task}: {source}{}", advice(source))]
    Rows {
        /// Which rows.
        task: String,
        /// The server's failure.
        source: ServerError,
    },
    /// The session could not be set up for the task.
    #[error(transparent)]
    Session(#[from] ServerError),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file was not handed on.
    #[error(transparent)]
    Delivery(delivery::Error),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

exit_codes! { TaskError:
    of source: Definition, Accounts, Tablespaces, Rows.source, Session, Write, Delivery, Stopped;
}

impl From<delivery::Error> for TaskError {
    fn from(error: delivery::Error) -> TaskError {
        match error {
            delivery::Error::Stopped(stopped) => TaskError::Stopped(stopped),
            error => TaskError::Delivery(error),
        }
    }
}

impl From<row_files::Error> for TaskError {
    fn from(error: row_files::Error) -> TaskError {
        match error {
            row_files::Error::Write(error) => TaskError::Write(error),
            row_files::Error::Delivery(error) => error.into(),
        }
    }
}

/// What no other statement than one on a table of the catalog says about a table that is not there.
fn advice(error: &ServerError) -> &'static str {
    match error.server_code() {
        Some(error_codes::NO_SUCH_TABLE) => {
            " (the table was changed or dropped meanwhile: run again when no DDL is running)"
        }
        _ => "",
    }
}

/// The plan was not carried out to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A task failed.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The coordinator's own connection or one that holds a lock failed.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// Tables are not what they were at the consistency point.
    #[error(transparent)]
    Changed(#[from] changed_tables::Error),
    /// The directory cannot be used.
    #[error(transparent)]
    Output(#[from] directory::Error),
    /// A metadata file could not be written.
    #[error(transparent)]
    Metadata(#[from] WriteError),
    /// What a later run would resume from cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The dump lacks rows, or has too many.
    #[error(
        "--check-row-count: table {table} has {counted} rows in the snapshot, but {written} were written: the dump is not \
         right; if its engine has no snapshots, others wrote meanwhile; else please report this as a bug of mydumper-rs"
    )]
    RowCount {
        /// Which table.
        table: String,
        /// Rows that the server counts.
        counted: u64,
        /// Rows in the files.
        written: u64,
    },
    /// A thread could not be started.
    #[error("cannot start a worker thread: {0}")]
    Thread(std::io::Error),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

exit_codes! { Error:
    of source: Task, Server, Changed, Output, Metadata, Journal, Stopped;
    Exit::Differs: RowCount;
    Exit::Failed: Thread;
}

impl From<delivery::Error> for Error {
    fn from(error: delivery::Error) -> Error {
        match error {
            delivery::Error::Stopped(stopped) => Error::Stopped(stopped),
            error => Error::Task(error.into()),
        }
    }
}

impl Error {
    /// Whether the program's stop ended the coordinator's own work.
    pub fn is_stop(&self) -> bool {
        match self {
            Error::Server(error) => error.is_stop(),
            Error::Changed(error) => error.is_stop(),
            Error::Stopped(_) => true,
            _ => false,
        }
    }
}
