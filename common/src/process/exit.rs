//! The exit codes of both programs, in one place: docs/user/exit-codes.md lists them for users.
//!
//! Each error type says by [`Failure`] which code it stands for, so that nobody has to look into texts.

use std::io;
use std::process::ExitCode;

use crate::process::stop::{Stop, Stopped};

/// The end of `--help`.
pub const HELP: &str = "Exit codes: 0 done, whole; 1 failed otherwise; 2 options; 3 no connection to the server, or it was \
    lost; 4 the server refused objects or statements; 5 the dump is damaged, cut short or missing; 6 rows differ from the \
    dump's; 7 local files cannot be read or written; 8 the checks before the start found something, nothing was done; 128+N \
    ended by signal N";

/// How a run ended, unless a signal ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The work is complete and checked.
    Done = 0,
    /// It failed for any other reason, or is not provably complete.
    Failed = 1,
    /// The command line or a defaults file cannot be understood; nothing was done.
    Usage = 2,
    /// There is no connection to the server, or it was lost.
    Connection = 3,
    /// The server refused objects or statements.
    Server = 4,
    /// A file or the stream of the dump is damaged, cut short or missing.
    Dump = 5,
    /// Rows differ from the dump.
    Differs = 6,
    /// Local files, directories or standard output cannot be read or written.
    Local = 7,
    /// The checks before the start found something that has to be mended first. Nothing was dumped or changed.
    PrecheckFailed = 8,
}

impl Exit {
    /// The code for a file of the dump that could not be read. Errors of the system are local, except for a missing file;
    /// all others come from a decompressor and mean that the dump is damaged.
    pub fn of_reading(error: &io::Error) -> Exit {
        match error.raw_os_error() {
            Some(_) if error.kind() != io::ErrorKind::NotFound => Exit::Local,
            _ => Exit::Dump,
        }
    }

    /// The code of the process: 128 + N, as shells have it, if signal N ended the work.
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

/// An error that knows its exit code. Enums implement it by [`exit_codes!`](crate::exit_codes).
pub trait Failure: std::error::Error {
    /// The code of a program that ends with this error.
    fn exit(&self) -> Exit;
}

/// Implements [`Failure`] for an enum, as a table of its variants. A variant that is not in the table does not compile.
///
/// The sections, in this order, each as often as needed:
/// - `of source:` variants with the code of the error that they hold in their only unnamed field, or in the field after
///   the dot.
/// - `by FUNCTION:` variants whose field, named as above, the function maps to a code.
/// - `Exit::CODE:` variants that always have this code.
///
/// ```
/// use common::exit_codes;
/// use common::process::exit::{Exit, Failure};
///
/// #[derive(Debug, thiserror::Error)]
/// enum Error {
///     #[error(transparent)]
///     Stopped(#[from] common::process::stop::Stopped),
///     #[error("cannot read {path}: {source}")]
///     Read { path: String, source: std::io::Error },
///     #[error("no rows in table {0}")]
///     Empty(String),
/// }
///
/// exit_codes! { Error:
///     of source: Stopped;
///     by Exit::of_reading: Read.source;
///     Exit::Dump: Empty;
/// }
///
/// assert_eq!(Error::Empty("shop.orders".into()).exit(), Exit::Dump);
/// ```
///
/// ```compile_fail,E0004
/// # use common::exit_codes;
/// # use common::process::exit::{Exit, Failure};
/// # #[derive(Debug, thiserror::Error)]
/// #[error("failed")]
/// enum Error {
///     Known,
///     Forgotten,
/// }
///
/// exit_codes! { Error:
///     Exit::Failed: Known;
/// }
/// ```
#[macro_export]
macro_rules! exit_codes {
    ($error:ty:
        $(of source: $($own:ident $(. $own_field:tt)?),+;)*
        $(by $function:path: $($mapped:ident $(. $mapped_field:tt)?),+;)*
        $(Exit::$code:ident: $($fixed:ident),+;)*
    ) => {
        impl $crate::process::exit::Failure for $error {
            fn exit(&self) -> $crate::process::exit::Exit {
                #[allow(unused_imports, reason = "there may be no error with a code of its own")]
                use $crate::process::exit::Failure as _;
                match self {
                    $($($crate::exit_codes!(@pattern error $own $($own_field)?) => error.exit(),)+)*
                    $($($crate::exit_codes!(@pattern error $mapped $($mapped_field)?) => $function(error),)+)*
                    $($(Self::$fixed { .. } => $crate::process::exit::Exit::$code,)+)*
                }
            }
        }
    };
    (@pattern $error:ident $variant:ident) => { Self::$variant($error) };
    (@pattern $error:ident $variant:ident $field:tt) => { Self::$variant { $field: $error, .. } };
}

impl Failure for Stopped {
    /// The error or the panic that triggered the stop decides the program's code; signals have codes of their own.
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_local_and_those_of_a_decompressor_are_the_dump_s() {
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
