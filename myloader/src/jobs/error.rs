//! Why a job failed.

use common::process::exit::{Exit, Failure};
use common::process::stop::Stopped;
use common::server::connection::Error as ServerError;
use common::server::error_codes::PACKET_TOO_LARGE;

use crate::ddl::ParseError;
use crate::input::files;
use crate::jobs::job::Outcome;
use crate::journal;
use crate::rows::packet_limit::TooLong;
use crate::schedule::tolerance::{Fault, Refusal};
use crate::session::ReconnectError;

/// A job failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused a statement of a file.
    #[error("{file}, line {line}: {source}")]
    Statement {
        /// The file.
        file: String,
        /// Where the statement starts in it.
        line: u64,
        /// The server's failure.
        source: ServerError,
    },
    /// The server refused a statement of ours.
    #[error("{job}: {source}")]
    Job {
        /// What was being done.
        job: String,
        /// The server's failure.
        source: ServerError,
    },
    /// A statement of rows, or one of the values, is longer than the server takes.
    #[error(transparent)]
    TooLong(#[from] Box<TooLong>),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] files::Error),
    /// A statement cannot be understood.
    #[error("{file}, line {line}: {source}")]
    Parse {
        /// The file.
        file: String,
        /// Where the statement starts in it.
        line: u64,
        /// What is wrong.
        source: ParseError,
    },
    /// The file lacks the statement that it is for.
    #[error("{file} has no {what}: it is damaged, or no file of a dump")]
    Lacks {
        /// The file.
        file: String,
        /// The statement.
        what: &'static str,
    },
    /// The LOAD DATA statement does not read the file beside it.
    #[error("{file}, line {line}: LOAD DATA reads {named:?}, which is not the file beside it, {expected}")]
    Infile {
        /// The file.
        file: String,
        /// Where the statement starts in it.
        line: u64,
        /// The file that it names.
        named: String,
        /// The file that it should.
        expected: String,
    },
    /// A statement is none that such a file has.
    #[error(
        "{file}, line {line}: no such file of a dump has this statement, and it was not run: {statement} (if it is meant, \
         take it out of the file, and run it with the server's own client)"
    )]
    NoPlace {
        /// The file.
        file: String,
        /// Where the statement starts in it.
        line: u64,
        /// Its beginning.
        statement: String,
    },
    /// The server took fewer rows than it was sent, or changed values.
    #[error(
        "{file}, line {line}: the server left out or changed rows of LOAD DATA: {warnings} warning(s){}, the first: \
         {first}", expected_text(*.expected)
    )]
    Warnings {
        /// The file.
        file: String,
        /// Where the statement starts in it.
        line: u64,
        /// How many.
        warnings: u64,
        /// How many there have to be.
        expected: u64,
        /// The first ones' texts.
        first: String,
        /// The first one's code.
        code: Option<u16>,
        /// How many rows were sent.
        rows: u64,
    },
    /// What the metadata says of a table's rows is none of a dump.
    #[error(
        "metadata, table {table}: `hashed_columns` or a chunk is more than columns or a range: the file is damaged"
    )]
    Selection {
        /// The table.
        table: String,
    },
    /// Accounts of the other product.
    #[error(
        "--users: {file} has accounts of {dump}, and this server is {server}: neither takes the passwords and privileges \
         of the other; restore without --users, and create the accounts by hand"
    )]
    OtherAccounts {
        /// The file.
        file: String,
        /// The product that the dump was made on.
        dump: &'static str,
        /// The server.
        server: String,
    },
    /// The connection was lost, and there is no other.
    #[error("{lost}; {source}")]
    Lost {
        /// How it was lost.
        lost: Box<Error>,
        /// Why there is no other.
        source: ReconnectError,
    },
    /// The connection was lost, and rows that were not committed may be in the table all the same.
    #[error(
        "the connection was lost amid rows of table {table}, and its engine does not take them back: {lost}; --resume \
         loads the table from the beginning, if the restore has made it"
    )]
    HalfLoaded {
        /// The table.
        table: String,
        /// How it was lost.
        lost: Box<Error>,
    },
    /// The connection was lost at a COMMIT, and counting does not tell what has come of it.
    #[error(
        "the connection was lost at the COMMIT of rows of table {table}, which has {counted} rows now: neither {before}, as \
         before, nor {after}, as after it, so others write to the table, or it was not restored as it was left; {lost}"
    )]
    Unsettled {
        /// The table.
        table: String,
        /// Its rows.
        counted: u64,
        /// Rows known to be committed.
        before: u64,
        /// The same with this transaction's.
        after: u64,
        /// How the connection was lost.
        lost: Box<Error>,
    },
    /// Rows cannot be committed before it is known what has come of others.
    #[error("what has come of the COMMIT of other rows of table {table} is not known, so that no more are committed")]
    InDoubt {
        /// The table.
        table: String,
    },
    /// A table that was there before is not as an interrupted restore has left it.
    #[error(
        "--resume: table {table} has other rows than the {expected} with which the interrupted restore left it, so it is not \
         known what of the dump is in it; restore again without --resume, into a table as it was before"
    )]
    Changed {
        /// The table.
        table: String,
        /// Its rows, as the journal says.
        expected: u64,
    },
    /// The same, and what it has may be wrong.
    #[error(
        "--resume: table {table}, which was there before the restore, may have rows of a damaged file; restore again without \
         --resume, into a table as it was before"
    )]
    DamagedBefore {
        /// The table.
        table: String,
    },
    /// What is done cannot be written down, or was done already and is in the way.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// A filter cannot be decided.
    #[error(transparent)]
    Filter(#[from] common::backup::selection::FilterError),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Statement { source, .. } | Error::Job { source, .. } => source.exit(),
            Error::File(error) => error.exit(),
            Error::Parse { .. }
            | Error::Lacks { .. }
            | Error::Infile { .. }
            | Error::NoPlace { .. }
            | Error::Selection { .. } => Exit::Dump,
            Error::TooLong(_) | Error::Warnings { .. } | Error::OtherAccounts { .. } => Exit::Server,
            Error::Lost { .. } | Error::HalfLoaded { .. } | Error::Unsettled { .. } | Error::InDoubt { .. } => {
                Exit::Connection
            }
            Error::Changed { .. } | Error::DamagedBefore { .. } => Exit::Differs,
            Error::Journal(error) => error.exit(),
            Error::Filter(error) => error.exit(),
            Error::Stopped(error) => error.exit(),
        }
    }
}

fn expected_text(expected: u64) -> String {
    if expected == 0 { String::new() } else { format!(" where the dump expects {expected}") }
}

impl Error {
    /// The server's error number, if the server has refused a statement.
    pub fn server_code(&self) -> Option<u16> {
        match self {
            Error::Statement { source, .. } | Error::Job { source, .. } => source.server_code(),
            Error::TooLong(_) => Some(PACKET_TOO_LARGE),
            _ => None,
        }
    }

    /// Whether the same may succeed when something has changed on the server that is not the object's.
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
    /// Whose fault it is, if it is one of the object's own, and other objects may do better.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Error::Statement { source, .. } | Error::Job { source, .. } if source.takes_nothing() => None,
            Error::Warnings { code, .. } => Some(Fault::Server(*code)),
            _ => match self.exit() {
                Exit::Server => Some(Fault::Server(self.server_code())),
                Exit::Dump => Some(Fault::Dump),
                _ => None,
            },
        }
    }

    /// As what an object cannot be restored for.
    ///
    /// # Errors
    /// This error, if it is none of the object's own.
    pub fn refusing(self, object: String) -> Result<Refusal, Error> {
        match self.fault() {
            Some(fault) => Ok(Refusal { object, why: self.to_string(), fault }),
            None => Err(self),
        }
    }

    /// A definition that the server has refused does not end the restore at once, so that all of them can be named. Other
    /// errors do.
    pub fn refused_definition(self, object: String) -> Result<Outcome, Error> {
        match self.server_code() {
            Some(_) if self.may_pass_later() => Err(self),
            Some(_) => Ok(Outcome::Refused(vec![self.refusing(object)?])),
            None => Err(self),
        }
    }
}
