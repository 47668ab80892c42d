//! Log and defaults files: the options that both programs share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::{number, verbosity};
use crate::observe::logging::DEBUG;

/// Log and defaults files. `--help` and `--version` are the parser's own.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of options describes each field")]
pub struct LogOptions {
    #[arg(long, value_parser = verbosity)]
    pub verbose: u8,
    #[arg(long)]
    pub debug: bool,
    #[arg(long)]
    pub logfile: Option<PathBuf>,
    #[arg(long, value_parser = number)]
    pub stall_report: u64,
    #[arg(long)]
    pub no_defaults: bool,
    #[arg(long)]
    pub defaults_file: Option<PathBuf>,
    #[arg(long)]
    pub defaults_extra_file: Option<PathBuf>,
}

impl LogOptions {
    /// How much is logged: `--verbose`, or one more than its most with `--debug`.
    pub fn detail(&self) -> u8 {
        if self.debug { DEBUG } else { self.verbose }
    }

    /// `--stall-report`; nothing for 0.
    pub fn stall_report(&self) -> Option<Duration> {
        (self.stall_report > 0).then(|| Duration::from_secs(self.stall_report))
    }
}
