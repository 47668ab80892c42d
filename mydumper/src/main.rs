//! mydumper: dumps MySQL and MariaDB databases with many threads, at one point in time.

mod catalog;
mod config;
mod consistency;
mod definitions;
mod dump;
mod options;
mod output;
mod plan;
mod resume;
mod rows;
mod work;

use std::process::ExitCode;

use common::options::{Parsed, ProgramName, UsageError};
use common::process::exit::{Exit, Failure};
use common::process::stop::Stop;
use common::program::{self, AsUsageError};

use options::Options;

fn main() -> ExitCode {
    program::run(ProgramName::Mydumper, |options: &Options| &options.log, work)
}

/// Why nothing was dumped, or not all.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Dump(#[from] dump::Error),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Usage(error) => error.exit(),
            Error::Dump(error) => error.exit(),
        }
    }
}

impl AsUsageError for Error {
    fn as_usage_error(&self) -> Option<&UsageError> {
        match self {
            Error::Usage(error) => Some(error),
            Error::Dump(_) => None,
        }
    }
}

fn work(parsed: Parsed<Options>, stop: &Stop) -> Result<String, Error> {
    let config = config::resolve(parsed)?;
    let summary = dump::dump(&config, stop)?;
    Ok(summary.to_string())
}
