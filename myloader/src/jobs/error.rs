//! Why a job failed.

use common::exit_codes;
use common::process::exit::{Exit, Failure};
use common::process::stop::Stopped;
use common::server::connection::ServerError;
use common::server::error_codes::PACKET_TOO_LARGE;

use crate::ddl::ParseError;
use crate::input::files;
use crate::jobs::not_as_dumped::NotAsDumped;
use crate::jobs::outcome::Outcome;
use crate::journal;
use crate::session::ReconnectError;
use crate::tolerance::{Fault, Rejection};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server rejected a statement of a file.
    #[error("{file}, line {line}: {source}")]
    Statement { file: String, line: u64, source: ServerError },
    /// The server rejected a statement of ours.
    #[error("{job}: {source}")]
    Job { job: String, source: ServerError },
    /// A statement of rows, or one of the values, is longer than the server takes.
    #[error(transparent)]
    TooLong(#[from] Box<TooLong>),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] files::Error),
    /// A statement cannot be understood.
    #[error("{file}, line {line}: {source}")]
    Parse { file: String, line: u64, source: ParseError },
    /// The file lacks the statement that it is for.
    #[error("{file} has no {what}: the file is damaged, or not part of a dump")]
    NoStatement { file: String, what: &'static str },
    /// The LOAD DATA statement does not read the file beside it.
    #[error("{file}, line {line}: LOAD DATA reads {named:?}, which is not the file beside it, {expected}")]
    WrongInfile { file: String, line: u64, named: String, expected: String },
    /// Rows of another product.
    #[error(
        "{file}, line {line}: the rows are for ClickHouse (--format=CLICKHOUSE), which is not read here: dump with another \
         --format, or restore the definitions with --no-data"
    )]
    Clickhouse { file: String, line: u64 },
    /// The statement does not belong in such a file.
    #[error(
        "{file}, line {line}: this statement does not belong in such a file and was not run: {statement} (if it is \
         intended, remove it from the file and run it with the server's own client)"
    )]
    NotAllowed { file: String, line: u64, statement: String },
    /// The server took rows, but did not store them all as they are in the dump.
    #[error(transparent)]
    NotAsDumped(#[from] Box<NotAsDumped>),
    /// The metadata holds SQL that no dump writes.
    #[error(
        "metadata, table {table}: `hashed_columns` or a chunk holds more than columns or a range; the file is damaged"
    )]
    Selection { table: String },
    /// Accounts of the other product.
    #[error(
        "--users: {file} has accounts of {dump}, but this server is {server}, which does not accept their passwords \
         and privileges; restore without --users and create the accounts by hand"
    )]
    OtherAccounts {
        file: String,
        /// The product that the dump was made on.
        dump: &'static str,
        server: String,
    },
    /// The connection was lost, and reconnecting failed.
    #[error("{lost}; {source}")]
    Lost { lost: Box<Error>, source: ReconnectError },
    /// The connection was lost, and uncommitted rows may have stayed in the table.
    #[error(
        "the connection was lost while rows of table {table} were loaded, and its engine cannot roll them back: \
         {lost}; --resume reloads the table from the start if this restore created it"
    )]
    HalfLoaded { table: String, lost: Box<Error> },
    /// The connection was lost at a COMMIT, and counting the rows does not settle its outcome.
    #[error(
        "the connection was lost at a COMMIT of rows of table {table}, which now has {counted} rows: neither {before}, as \
         before it, nor {after}, as after it; something else writes to the table, or it was not left as it was; {lost}"
    )]
    Unsettled {
        table: String,
        counted: u64,
        /// Rows known to be committed.
        before: u64,
        /// `before` plus this transaction's rows.
        after: u64,
        /// How the connection was lost.
        lost: Box<Error>,
    },
    /// No rows may be committed while the outcome of an earlier COMMIT is unknown.
    #[error("it is unknown whether an earlier COMMIT of rows of table {table} succeeded, so no more are committed")]
    InDoubt { table: String },
    /// A table that existed before the restore changed since the interrupted run.
    #[error(
        "--resume: table {table} no longer has the {expected} rows that the interrupted restore left, so it is \
         unknown which of the dump's rows it holds; put the table back as it was before, and restore without --resume"
    )]
    Changed {
        table: String,
        /// Its rows, as the journal says.
        expected: u64,
    },
    /// A table that existed before the restore may hold rows of a damaged file.
    #[error(
        "--resume: table {table}, which existed before the restore, may hold rows of a damaged file; put the table \
         back as it was before, and restore without --resume"
    )]
    DamagedBefore { table: String },
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    #[error(transparent)]
    Filter(#[from] common::backup::selection::FilterError),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

exit_codes! { Error:
    of source: Statement.source, Job.source, File, Journal, Filter, Stopped;
    Exit::Dump: Parse, NoStatement, WrongInfile, Clickhouse, NotAllowed, Selection;
    Exit::Server: TooLong, NotAsDumped, OtherAccounts;
    Exit::Connection: Lost, HalfLoaded, Unsettled, InDoubt;
    Exit::Differs: Changed, DamagedBefore;
}

impl Error {
    /// The server's error number, if the server rejected a statement.
    pub fn server_code(&self) -> Option<u16> {
        match self {
            Error::Statement { source, .. } | Error::Job { source, .. } => source.server_code(),
            Error::TooLong(_) => Some(PACKET_TOO_LARGE),
            _ => None,
        }
    }

    /// Whether a retry may succeed once something else on the server has changed.
    pub fn may_pass_later(&self) -> bool {
        match self {
            Error::Statement { source, .. } | Error::Job { source, .. } => source.may_pass_later(),
            Error::TooLong(_) => true,
            _ => false,
        }
    }

    /// Whether the connection is gone.
    pub fn is_lost_connection(&self) -> bool {
        match self {
            Error::Statement { source, .. } | Error::Job { source, .. } => source.is_lost_connection(),
            _ => false,
        }
    }
}

impl Error {
    /// Whose fault it is, if it concerns this object only and others may succeed.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Error::Statement { source, .. } | Error::Job { source, .. } if source.takes_nothing() => None,
            Error::NotAsDumped(error) => Some(Fault::Server(error.warnings.code)),
            _ => match self.exit() {
                Exit::Server => Some(Fault::Server(self.server_code())),
                Exit::Dump => Some(Fault::Dump),
                _ => None,
            },
        }
    }

    /// As the rejection of an object.
    ///
    /// # Errors
    /// This error, if it does not concern the object alone.
    pub fn into_rejection(self, object: String) -> Result<Rejection, Error> {
        match self.fault() {
            Some(fault) => Ok(Rejection { object, why: self.to_string(), fault }),
            None => Err(self),
        }
    }

    /// A rejected definition does not end the restore at once, so that all of them can be named. Other errors do.
    pub fn rejected_definition(self, object: String) -> Result<Outcome, Error> {
        match self.server_code() {
            Some(_) if self.may_pass_later() => Err(self),
            Some(_) => Ok(Outcome::Rejected(vec![self.into_rejection(object)?])),
            None => Err(self),
        }
    }
}

/// A statement of rows, or one of the values, is longer than the server takes.
#[derive(Debug, thiserror::Error)]
#[error(
    "{file}, line {line}: {what} of {bytes} bytes exceeds the server's max_allowed_packet of {limit}: SET GLOBAL \
     max_allowed_packet = {} or more there{}; {}", enough_for(*.bytes),
    if *.splits { ", or dump with a smaller --statement-size" } else { "" }, .source.cause()
)]
pub struct TooLong {
    pub file: String,
    pub line: u64,
    /// What is too long: `a statement`.
    pub what: &'static str,
    pub bytes: u64,
    pub limit: u64,
    /// Whether it has several rows, which can come in several statements.
    pub splits: bool,
    pub source: ServerError,
}

/// The least value of `max_allowed_packet` that lets so many bytes through: servers take multiples of 1024, 1 GiB at most.
fn enough_for(bytes: u64) -> u64 {
    const STEP: u64 = 1024;
    const MOST: u64 = 1 << 30;
    ((bytes + 1) / STEP * STEP + STEP).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_enough_and_can_be_set() {
        for (bytes, value) in [(1022, 1024), (1023, 2048), (1024, 2048), (3_000_029, 3_000_320), (1 << 30, 1 << 30)] {
            assert_eq!(enough_for(bytes), value, "{bytes}");
        }
    }
}
