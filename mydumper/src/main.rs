//! mydumper: dumps MySQL and MariaDB databases with many threads, at one point in time.

mod catalog;
mod config;
mod consistency;
mod definitions;
mod dump;
mod error;
mod options;
mod output;
mod plan;
mod precheck;
mod resume;
mod rows;
mod work;

use std::process::ExitCode;

use common::options::{Parsed, ProgramName};
use common::process::stop::Stop;
use common::program;

use error::Error;
use options::Options;

fn main() -> ExitCode {
    program::run(ProgramName::Mydumper, |options: &Options| &options.log, work)
}

fn work(parsed: Parsed<Options>, stop: &Stop) -> Result<String, Error> {
    let parsed = program::for_server::<_, Error>(parsed, |options: &mut Options| &mut options.connection, stop)?;
    let config = config::resolve(parsed, stop)?;
    let summary = dump::dump(&config, stop)?;
    Ok(summary.to_string())
}
