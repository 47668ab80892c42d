//! The one table of options: all that help, refusals, warnings and `docs/user/options.md` say of them.
//!
//! A struct of options says which type a value has, how it is parsed and what it excludes; everything that people read
//! stands here. To add an option, write its row into the group where help and page should show it, and a field of the
//! same name into a struct of the program. Options that only mydumper has are rows too, so that a script learns by
//! name what this version lacks; supporting one changes its row in place.

mod checksums;
mod chunks_and_files;
mod connection;
mod dump;
mod filters;
mod general;
mod page;
mod restore;
pub mod row;

#[cfg(test)]
mod tests;

use super::ProgramName;
use row::{Group, Row};

pub use page::page;

const BOTH: &[Group] = &[connection::GROUP, filters::FILTERS, filters::DEFINERS, checksums::GROUP, general::GROUP];
const MYDUMPER: &[Group] =
    &[dump::OBJECTS, dump::LOCKS, chunks_and_files::CHUNKS, chunks_and_files::FILES, chunks_and_files::OUTPUT];
const MYLOADER: &[Group] = &[restore::OBJECTS, restore::EXISTING, restore::LOADING, restore::STREAM_AND_VERIFICATION];

/// The groups of a program, in the order of its help.
fn groups(program: ProgramName) -> impl Iterator<Item = &'static Group> {
    let own = match program {
        ProgramName::Mydumper => MYDUMPER,
        ProgramName::Myloader => MYLOADER,
    };
    BOTH.iter().chain(own)
}

/// Options that have done their work when the program has connected: where the server is, who connects, the log and defaults
/// files.
pub(super) fn needed_before_connecting(program: ProgramName) -> impl Iterator<Item = &'static Row> {
    let log_and_files = ["verbose", "debug", "logfile", "defaults-file", "defaults-extra-file", "no-defaults"];
    let of_connection = connection::GROUP.rows.iter();
    of_connection.chain(of(program).map(|(_, row)| row).filter(move |row| log_and_files.contains(&row.long)))
}

/// The options of a program, each with the heading of its group.
pub fn of(program: ProgramName) -> impl Iterator<Item = (&'static str, &'static Row)> {
    groups(program).flat_map(|group| group.rows.iter().map(|row| (group.heading, row)))
}
