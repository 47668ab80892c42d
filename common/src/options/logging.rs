//! What is told, where to, and which defaults files are read: the options that both programs share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::{number, verbosity};

/// The log and the defaults files. `--help` and `--version` are the parser's own.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "General options")]
pub struct LogOptions {
    /// 0 = silent, 1 = errors, 2 = warnings, 3 = information
    #[arg(short = 'v', long, value_name = "LEVEL", default_value = "2", value_parser = verbosity)]
    pub verbose: u8,

    /// File for the log, instead of stderr
    #[arg(short = 'L', long, value_name = "FILE")]
    pub logfile: Option<PathBuf>,

    /// Tell who waits for what when nothing has moved for so long; 0 = never
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = number)]
    pub stall_report: u64,

    /// Read this defaults file [default: /etc/mydumper.cnf, if there is one]
    #[arg(long, value_name = "FILE")]
    pub defaults_file: Option<PathBuf>,

    /// Read this defaults file too; what it says comes before the other one
    #[arg(long, value_name = "FILE")]
    pub defaults_extra_file: Option<PathBuf>,
}

impl LogOptions {
    /// `--stall-report`.
    pub fn stall_report(&self) -> Option<Duration> {
        (self.stall_report > 0).then(|| Duration::from_secs(self.stall_report))
    }
}
