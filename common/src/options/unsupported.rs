//! Options of mydumper that the programs know without having them.
//!
//! A script written for mydumper must learn by name what this version cannot do, before anything is dumped or
//! restored. clap gets a hidden argument for each, so that values and letters are read as mydumper reads them.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches};

use super::table::row::{Row, Status, Value, plain};
use super::{ProgramName, UsageError, table};

/// The argument that makes clap know an option. A value may be missing, so that the refusal comes before a complaint
/// about the value, and a flag takes `=VALUE` too, to be refused by name all the same.
pub(super) fn hidden_arg(row: &Row) -> Arg {
    let arg = Arg::new(row.long)
        .long(row.long)
        .hide(true)
        .action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(row.value == Value::None)
        .default_missing_value("");
    match row.letter {
        Some(letter) => arg.short(letter),
        None => arg,
    }
}

/// The unsupported options that were given.
fn given(program: ProgramName, matches: &ArgMatches) -> impl Iterator<Item = &'static Row> {
    table::of(program).map(|(_, row)| row).filter(|row| {
        !row.is_supported()
            && matches.try_contains_id(row.long).is_ok_and(|there| there)
            && matches.value_source(row.long) == Some(ValueSource::CommandLine)
    })
}

/// The first refusal, if any.
pub(super) fn refuse(program: ProgramName, matches: &ArgMatches) -> Result<(), UsageError> {
    let refusal = given(program, matches).find_map(|row| match row.status {
        Status::NotYet(instead) => {
            Some(format!("--{} is not supported yet by this version: {}", row.long, plain(instead)))
        }
        Status::Replaced(by) => {
            Some(format!("--{} is an option of older mydumper versions: use {}", row.long, plain(by)))
        }
        Status::Same | Status::Differs(_) | Status::New | Status::NoEffect(_) => None,
    });
    refusal.map_or(Ok(()), |text| Err(UsageError::new(text)))
}

/// A warning for each option that was given and has no effect.
pub(super) fn without_effect(program: ProgramName, matches: &ArgMatches) -> Vec<String> {
    given(program, matches)
        .filter_map(|row| match row.status {
            Status::NoEffect(why) => Some(format!("--{} has no effect: {}", row.long, plain(why))),
            _ => None,
        })
        .collect()
}
