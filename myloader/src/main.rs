//! myloader: restores a dump of mydumper into MySQL or MariaDB with many threads.

mod accounts;
mod check;
mod checksums;
mod config;
mod coordinator;
mod databases;
mod ddl;
mod definitions;
mod directory;
mod files;
mod gaps;
mod input;
mod job;
mod journal;
mod ledger;
mod load;
mod load_data;
mod options;
mod redo_log;
mod refusal;
mod resumed;
mod rows;
mod scheduler;
mod session;
mod steps;
mod stream_receiver;
mod stream_source;
mod table_state;
mod tables;
mod too_long;
mod transaction;
mod unpack;
mod verify;
mod worker;

use std::process::ExitCode;

use common::exit::{Exit, Failure};
use common::options::{Parsed, ProgramName, UsageError};
use common::program::{self, AsUsageError};
use common::stop::Stop;

use config::Command;
use options::Options;

fn main() -> ExitCode {
    program::run(ProgramName::Myloader, |options: &Options| &options.log, work)
}

/// Why nothing was restored, or not all.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Load(#[from] load::Error),
    #[error(transparent)]
    Unpack(#[from] unpack::Error),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Usage(error) => error.exit(),
            Error::Load(error) => error.exit(),
            Error::Unpack(error) => error.exit(),
        }
    }
}

impl AsUsageError for Error {
    fn as_usage_error(&self) -> Option<&UsageError> {
        match self {
            Error::Usage(error) => Some(error),
            Error::Load(_) | Error::Unpack(_) => None,
        }
    }
}

fn work(parsed: Parsed<Options>, stop: &Stop) -> Result<String, Error> {
    Ok(match config::resolve(parsed)? {
        Command::Restore(config) => load::load(*config, stop)?.to_string(),
        Command::Unpack(unpack) => unpack::unpack(&unpack, stop)?.to_string(),
    })
}
