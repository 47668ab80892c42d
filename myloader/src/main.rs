//! myloader: restores a dump of mydumper into MySQL or MariaDB with many threads.

mod config;
mod ddl;
mod input;
mod jobs;
mod journal;
mod load;
mod objects;
mod options;
mod rows;
mod schedule;
mod session;
mod verify;
mod work;

use std::process::ExitCode;

use common::options::{Parsed, ProgramName, UsageError};
use common::process::exit::{Exit, Failure};
use common::process::stop::Stop;
use common::program::{self, AsUsageError};

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
    Unpack(#[from] input::unpack::Error),
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
        Command::Unpack(unpack) => input::unpack::unpack(&unpack, stop)?.to_string(),
    })
}
