//! Keeps secrets within the process.
//!
//! A program that finds a password among its arguments restarts itself without it. The password goes through a pipe, which
//! is empty after one read. The environment would keep it as long as the process lives.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::Mutex;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use crate::process::sync::lock;

/// The number of the descriptor to read the password from.
pub(crate) const DESCRIPTOR_VARIABLE: &str = "MYDUMPER_RS_PASSWORD_FD";
/// Any pipe takes this many bytes without a reader.
const LONGEST: usize = 4096;

/// A pipe with the password in it, inherited by the program that this process becomes unless it is dropped before.
///
/// # Errors
/// Those of the system, and for a password of more than 4096 bytes.
pub(crate) fn hand_over(password: &OsStr) -> io::Result<PipeReader> {
    if password.len() > LONGEST {
        return Err(io::Error::other(format!("the password is longer than {LONGEST} bytes")));
    }
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(password.as_bytes())?;
    fcntl(&reader, FcntlArg::F_SETFD(FdFlag::empty()))?;
    Ok(reader)
}

/// The password from [`hand_over`], if there was one.
///
/// # Errors
/// If the descriptor is missing, or the password is not UTF-8.
pub(crate) fn taken_over() -> io::Result<Option<String>> {
    /// The pipe can be read once.
    static TAKEN: Mutex<Option<String>> = Mutex::new(None);
    let mut taken = lock(&TAKEN);
    if taken.is_none() {
        *taken = take_over()?;
    }
    Ok(taken.clone())
}

fn take_over() -> io::Result<Option<String>> {
    let Some(number) = std::env::var_os(DESCRIPTOR_VARIABLE) else { return Ok(None) };
    let number: RawFd = number.to_str().and_then(|number| number.parse().ok()).ok_or(io::ErrorKind::InvalidInput)?;
    let mut password = String::new();
    // Opened once more, since safe Rust makes no file of a descriptor's number.
    let mut pipe = File::open(format!("/proc/self/fd/{number}"))?;
    if pipe.as_raw_fd() != number {
        nix::unistd::close(number)?;
    }
    pipe.read_to_string(&mut password)?;
    Ok(Some(password))
}

/// Turns off core dumps, which would hold passwords and rows, and hides memory and environment from other processes of the
/// same user, but not from root. Does nothing where the system does not support it.
pub(crate) fn hide_memory() {
    let _ = nix::sys::prctl::set_dumpable(false);
}
