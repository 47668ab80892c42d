//! The password on the command line. It can be written in several ways, and none of them should stay in the list of
//! processes: a program takes it out and starts itself again without it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::str::FromStr;

use clap::{Command, CommandFactory};

use super::ProgramName;
use super::command::command;

/// A password that no log shows: `Debug` prints stars and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// From its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the handshake with the server and nothing else.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

impl FromStr for Password {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

/// Takes the password out of `argv` (program name first): `-pX`, `-p X`, `-CpX`, `--password=X`, `--password X`.
///
/// Returns the arguments without it and the password (of several, the last); nothing when there is none. A `-p` or
/// `--password` without a value asks for a prompt and stays where it is.
pub fn password_on_command_line<O: CommandFactory>(
    program: ProgramName,
    argv: impl Iterator<Item = OsString>,
) -> Option<(Vec<OsString>, OsString)> {
    let mut rest = Vec::new();
    let mut password = None;
    for piece in pieces(&command::<O>(program), argv) {
        match piece {
            Piece::Other(argument) => rest.push(argument),
            Piece::Prompt => rest.push("--password".into()),
            Piece::Password(value) => password = Some(value),
        }
    }
    password.map(|password| (rest, password))
}

/// `argv` with each password as `--password=X`: clap would drop the `=` of a password that begins with one (`-p=X`), and
/// take `-p -` for an option.
pub(super) fn written_long(command: &Command, argv: impl Iterator<Item = OsString>) -> Vec<OsString> {
    pieces(command, argv)
        .into_iter()
        .map(|piece| match piece {
            Piece::Other(argument) => argument,
            Piece::Prompt => "--password".into(),
            Piece::Password(value) => {
                let mut argument = OsString::from("--password=");
                argument.push(value);
                argument
            }
        })
        .collect()
}

/// A part of the command line.
enum Piece {
    Other(OsString),
    Prompt,
    Password(OsString),
}

fn pieces(command: &Command, argv: impl Iterator<Item = OsString>) -> Vec<Piece> {
    let mut argv = argv.peekable();
    let mut pieces: Vec<Piece> = argv.next().map(Piece::Other).into_iter().collect();
    while let Some(argument) = argv.next() {
        let bytes = argument.as_bytes();
        if bytes == b"--" {
            pieces.push(Piece::Other(argument));
            pieces.extend(argv.by_ref().map(Piece::Other));
        } else if let Some(value) = bytes.strip_prefix(b"--password=") {
            pieces.push(Piece::Password(OsStr::from_bytes(value).to_owned()));
        } else if let Some(letter) = password_letter(command, bytes) {
            let (before, value) = bytes.split_at(letter);
            let value = value.get(1..).unwrap_or_default();
            if before != b"-" {
                pieces.push(Piece::Other(OsString::from_vec(before.to_vec())));
            }
            pieces.push(match value {
                [] => value_or_prompt(argv.next_if(|next| !looks_like_option(next))),
                value => Piece::Password(OsStr::from_bytes(value).to_owned()),
            });
        } else if bytes == b"--password" {
            pieces.push(value_or_prompt(argv.next_if(|next| !looks_like_option(next))));
        } else {
            pieces.push(Piece::Other(argument));
        }
    }
    pieces
}

fn value_or_prompt(value: Option<OsString>) -> Piece {
    value.map_or(Piece::Prompt, Piece::Password)
}

/// Whether the parser would take `argument` for an option and not for a value.
fn looks_like_option(argument: &OsString) -> bool {
    argument.len() > 1 && argument.as_bytes().starts_with(b"-")
}

/// Where the `p` of `-p` stands in a group of short options; the letters before it must be flags, for in `-hprod`
/// the rest is a host.
fn password_letter(command: &Command, argument: &[u8]) -> Option<usize> {
    let letters = argument.strip_prefix(b"-")?;
    if letters.starts_with(b"-") {
        return None;
    }
    for (at, &letter) in letters.iter().enumerate() {
        if letter == b'p' {
            return Some(at + 1);
        }
        let option = command.get_arguments().find(|option| option.get_short() == Some(char::from(letter)))?;
        if option.get_action().takes_values() {
            return None;
        }
    }
    None
}
