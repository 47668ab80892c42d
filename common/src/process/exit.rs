//! The exit codes of both programs, in one place: docs/exit-codes.md tells users of them.
//!
//! Each error type says by [`Failure`] which code it stands for, so that nobody has to look into texts.

use std::io;
use std::process::ExitCode;

use crate::process::stop::{Stop, Stopped};

/// The end of `--help`.
pub const HELP: &str = "Exit codes: 0 done, whole; 1 failed otherwise; 2 options; 3 no connection to the server, or it was \
    lost; 4 the server refused objects or statements; 5 the dump is damaged, cut short or missing; 6 rows differ from the \
    dump's; 7 local files cannot be read or written; 128+N ended by signal N";

/// How a run ended, unless a signal ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The work is done, whole and checked.
    Done = 0,
    /// It failed for any other reason, or is not provably whole.
    Failed = 1,
    /// The command line or a defaults file cannot be understood; nothing was done.
    Usage = 2,
    /// There is no connection to the server, or it was lost.
    Connection = 3,
    /// The server refused objects or statements.
    Server = 4,
    /// A file or the stream of the dump is damaged, cut short or missing.
    Dump = 5,
    /// Rows differ from what the dump says of them.
    Differs = 6,
    /// Local files, directories or standard output cannot be read or written.
    Local = 7,
}

impl Exit {
    /// Of a file of the dump that could not be read. What the system says is of the machine, but for a file that is not
    /// there; all else was said by a decompressor of the file's content.
    pub fn of_reading(error: &io::Error) -> Exit {
        match error.raw_os_error() {
            Some(_) if error.kind() != io::ErrorKind::NotFound => Exit::Local,
            _ => Exit::Dump,
        }
    }

    /// The code of a process: the shell's 128 + N when signal N ended it, whatever failed for that.
    pub fn code(self, stop: &Stop) -> ExitCode {
        match stop.signal().map(|signal| u8::try_from(128 + signal)) {
            Some(Ok(code)) if self != Exit::Done => ExitCode::from(code),
            _ => self.into(),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// An error that knows its exit code.
pub trait Failure: std::error::Error {
    /// The code of a program that ends with this error.
    fn exit(&self) -> Exit;
}

impl Failure for Stopped {
    /// Where no signal did it, another error did, whose code counts, or a thread has panicked.
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_local_and_what_a_decompressor_says_is_the_dump_s() {
        let system = |errno: nix::errno::Errno| io::Error::from(errno);
        for (error, exit) in [
            (system(nix::errno::Errno::ENOENT), Exit::Dump),
            (system(nix::errno::Errno::EACCES), Exit::Local),
            (system(nix::errno::Errno::EIO), Exit::Local),
            (io::ErrorKind::UnexpectedEof.into(), Exit::Dump),
            (io::Error::other("corrupt deflate stream"), Exit::Dump),
        ] {
            assert_eq!(Exit::of_reading(&error), exit, "{error:?}");
        }
    }
}
