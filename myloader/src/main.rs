//! myloader: restores a dump of mydumper into MySQL or MariaDB with many threads.

mod check;
mod config;
mod ddl;
mod error;
mod input;
mod jobs;
mod journal;
mod load;
mod objects;
mod options;
mod rows;
mod schedule;
mod session;
mod tolerance;
mod verify;
mod work;

use std::process::ExitCode;

use common::options::{LoaderStream, Parsed, ProgramName};
use common::process::stop::Stop;
use common::program;

use config::Command;
use error::Error;
use options::Options;

fn main() -> ExitCode {
    program::run(ProgramName::Myloader, |options: &Options| &options.log, work)
}

fn work(parsed: Parsed<Options>, stop: &Stop) -> Result<String, Error> {
    let parsed = match parsed.options.restore.stream {
        // No server takes part.
        Some(LoaderStream::Unpack) => parsed,
        _ => program::for_server::<_, Error>(parsed, |options: &mut Options| &mut options.connection, stop)?,
    };
    Ok(match config::resolve(parsed, stop)? {
        Command::Restore(config) => load::load(*config, stop)?.to_string(),
        Command::Unpack(unpack) => input::unpack::unpack(&unpack, stop)?.to_string(),
    })
}
