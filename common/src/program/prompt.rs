//! A password from the terminal: nobody sees it typed, and a signal at the prompt leaves the terminal as it was.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::process::stop::{Stop, Stopped};

/// The longest line that a terminal gives.
const LONGEST: usize = 4096;

/// No password was typed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The terminal.
    #[error("cannot read the password: {0}")]
    Terminal(#[from] io::Error),
    /// Ctrl-C, or another signal.
    #[error("stopped at the prompt for the password")]
    Stopped(#[from] Stopped),
}

/// Asks on the terminal, whatever standard input and output are.
///
/// # Errors
/// When there is no terminal, its input ends, or the program is being stopped.
pub fn password(prompt: &str, stop: &Stop) -> Result<String, Error> {
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let _seen_again = Unseen::new(&terminal)?;
    (&terminal).write_all(prompt.as_bytes())?;
    let typed = line(&terminal, stop);
    // The end of the line was not seen either.
    (&terminal).write_all(b"\n")?;
    Ok(String::from_utf8(typed?).map_err(|_| io::Error::other("it is not UTF-8"))?)
}

fn line(mut terminal: &File, stop: &Stop) -> Result<Vec<u8>, Error> {
    let mut typed = Vec::new();
    let mut block = [0; LONGEST];
    while typed.last() != Some(&b'\n') && typed.len() < LONGEST {
        stop.wait_readable(terminal.as_fd())?;
        match terminal.read(&mut block)? {
            0 if typed.is_empty() => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            0 => break,
            read => typed.extend_from_slice(&block[..read]),
        }
    }
    let end = typed.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(typed.len());
    typed.truncate(end);
    Ok(typed)
}

/// While it lives, the terminal does not show what is typed.
struct Unseen<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Unseen<'_> {
    fn new(terminal: &File) -> io::Result<Unseen<'_>> {
        let before = tcgetattr(terminal)?;
        let mut unseen = before.clone();
        unseen.local_flags.remove(LocalFlags::ECHO | LocalFlags::ECHONL);
        tcsetattr(terminal, SetArg::TCSANOW, &unseen)?;
        Ok(Unseen { terminal, before })
    }
}

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        // There is nobody left to tell if it fails.
        let _ = tcsetattr(self.terminal, SetArg::TCSANOW, &self.before);
    }
}
