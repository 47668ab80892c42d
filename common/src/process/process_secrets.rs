//! A password of the command line on its way to the program started anew, and what else keeps it within the process.
//!
//! It goes through a pipe, which is empty once it was read: neither the list of processes nor the environment has it,
//! which a process keeps for all its life.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

/// Names the descriptor that the password is read from. Nothing in it is secret.
pub(crate) const DESCRIPTOR_VARIABLE: &str = "MYDUMPER_RS_PASSWORD_FD";
/// A pipe takes so much before anybody reads it, whatever the system's limits.
const LONGEST: usize = 4096;

/// A pipe with the password in it, which the program that this process becomes can read as long as it is not dropped.
///
/// # Errors
/// Those of the system; also for a password of more than 4096 bytes.
pub(crate) fn hand_over(password: &OsStr) -> io::Result<PipeReader> {
    if password.len() > LONGEST {
        return Err(io::Error::other(format!("the password is longer than {LONGEST} bytes")));
    }
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(password.as_bytes())?;
    fcntl(&reader, FcntlArg::F_SETFD(FdFlag::empty()))?;
    Ok(reader)
}

/// The password that was handed over, if one was. It can be read once.
///
/// # Errors
/// When the descriptor is not there or was read before, or the password is not UTF-8.
pub(crate) fn taken_over() -> io::Result<Option<String>> {
    let Some(number) = std::env::var_os(DESCRIPTOR_VARIABLE) else { return Ok(None) };
    let number: RawFd = number.to_str().and_then(|number| number.parse().ok()).ok_or(io::ErrorKind::InvalidInput)?;
    let mut password = String::new();
    // The pipe is opened once more, since a number alone is no descriptor that Rust would let read.
    let mut pipe = File::open(format!("/proc/self/fd/{number}"))?;
    if pipe.as_raw_fd() != number {
        nix::unistd::close(number)?;
    }
    pipe.read_to_string(&mut password)?;
    Ok(Some(password))
}

/// Leaves no core dump, which would hold passwords and rows, and hides the process's memory and environment from other
/// processes of the same user; root still sees them. Where the system cannot, nothing changes.
pub(crate) fn hide_memory() {
    let _ = nix::sys::prctl::set_dumpable(false);
}
