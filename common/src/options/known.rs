//! Options of mydumper that the programs know without having them.
//!
//! A script written for mydumper must learn by name what this version cannot do, before anything is dumped or
//! restored. One table says it; clap gets a hidden argument for each line, so that values and letters are read as
//! mydumper reads them.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches};

use super::known_table::{COMMON, MYDUMPER, MYLOADER};
use super::{ProgramName, UsageError};

/// An option that is not in the programs' structs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownOption {
    /// Without the dashes.
    pub long: &'static str,
    /// The letter.
    pub short: Option<char>,
    /// A value follows; it may be left out, so that the refusal comes before a complaint about the value.
    pub takes_value: bool,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a known option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Refused; the text says what to do, or what happens without it.
    NotYet(&'static str),
    /// Refused: an older mydumper had it; the text names what replaces it.
    Replaced(&'static str),
    /// Accepted, with a warning: the text says why nothing has to be done.
    NoEffect(&'static str),
}

/// The known options of a program.
pub fn of(program: ProgramName) -> impl Iterator<Item = &'static KnownOption> {
    let own = match program {
        ProgramName::Mydumper => MYDUMPER,
        ProgramName::Myloader => MYLOADER,
    };
    COMMON.iter().chain(own)
}

impl KnownOption {
    /// The argument that makes clap know it. A flag takes `=VALUE` too, to be refused by name all the same.
    pub(super) fn hidden_arg(&self) -> Arg {
        let arg = Arg::new(self.long)
            .long(self.long)
            .hide(true)
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(!self.takes_value)
            .default_missing_value("");
        match self.short {
            Some(letter) => arg.short(letter),
            None => arg,
        }
    }

    /// Why the option is refused, or nothing for one without effect.
    fn refusal(&self) -> Option<String> {
        let long = self.long;
        match self.fate {
            Fate::NotYet(hint) => Some(format!("--{long} is not supported yet by this version: {hint}")),
            Fate::Replaced(by) => Some(format!("--{long} is an option of older mydumper versions: use {by}")),
            Fate::NoEffect(_) => None,
        }
    }
}

/// The options of the table that were given.
fn given(program: ProgramName, matches: &ArgMatches) -> impl Iterator<Item = &'static KnownOption> {
    of(program).filter(|option| {
        // An option that a struct has taken over has another identifier.
        matches.try_contains_id(option.long).is_ok_and(|there| there)
            && matches.value_source(option.long) == Some(ValueSource::CommandLine)
    })
}

/// The first refusal, if any.
pub(super) fn refuse(program: ProgramName, matches: &ArgMatches) -> Result<(), UsageError> {
    match given(program, matches).find_map(KnownOption::refusal) {
        Some(text) => Err(UsageError::new(text)),
        None => Ok(()),
    }
}

/// A warning for each option that was given and has no effect.
pub(super) fn without_effect(program: ProgramName, matches: &ArgMatches) -> Vec<String> {
    given(program, matches)
        .filter_map(|option| match option.fate {
            Fate::NoEffect(why) => Some(format!("--{} has no effect: {why}", option.long)),
            Fate::NotYet(_) | Fate::Replaced(_) => None,
        })
        .collect()
}
