//! mydumper: dumps MySQL and MariaDB databases with many threads, at one point in time.

mod accounts;
mod catalog;
mod chunk;
mod comparison;
mod config;
mod coordinator;
mod direct_file;
mod dump;
mod encoder;
mod feed;
mod file_writer;
mod key_reader;
mod listing;
mod literals;
mod long_queries;
mod metadata_locks;
mod options;
mod output;
mod privileges;
mod replication;
mod resume;
mod row_files;
mod row_query;
mod row_source;
mod rows_feed;
mod schema;
mod snapshot;
mod stream_sender;
mod table_check;
mod table_ids;
mod tablespaces;
mod task;
mod words;
mod worker;

use std::process::ExitCode;

use common::exit::{Exit, Failure};
use common::options::{Parsed, ProgramName, UsageError};
use common::program::{self, AsUsageError};
use common::stop::Stop;

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
