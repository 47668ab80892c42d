//! The exit codes of both programs, in one place.

use std::process::ExitCode;

use crate::stop::Stop;

/// The work is done, whole.
pub const DONE: u8 = 0;
/// The work failed, or is not provably whole.
pub const FAILED: u8 = 1;
/// The command line or a defaults file cannot be understood; nothing was done.
pub const USAGE: u8 = 2;

/// The exit code of a run that failed: the shell's 128 + N when signal N ended it.
pub fn code_of_failure(stop: &Stop) -> ExitCode {
    match stop.signal().map(|signal| u8::try_from(128 + signal)) {
        Some(Ok(code)) => ExitCode::from(code),
        _ => ExitCode::from(FAILED),
    }
}
