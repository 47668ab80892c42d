//! Options as they were typed: the first of two stages.
//!
//! Each program has a struct of options (clap derive) that flattens in the groups of this module. [`parse`] fills it
//! from the defaults files and the command line and does no more than check each value by itself. What the options
//! mean together (a stream needs no directory, a chunk size excludes another) is for the program's `config`, which
//! is made from these structs once and never changes.
//!
//! One mechanism serves all sources: an entry of a defaults file becomes an argument before those of the command line,
//! so that it passes the same parser, and the last one wins.
//!
//! The structs have names, types and parsers; letters, defaults and all words are in the one [`table`] of options. It
//! also has the options of mydumper 1.0.1 that this version lacks: they are refused with a reason, never as
//! "unexpected argument", and a script finds out before any work is done.

mod arguments;
mod checksums;
mod command;
mod commands;
mod connection;
mod defaults_file;
mod definer;
mod filter;
mod logging;
mod password;
mod stream;
pub mod table;
mod unsupported;
mod usage_error;
pub mod values;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command, Parser};

use command::command;
use defaults_file::{Files, Named, Places};

use crate::server::Server;

pub use checksums::ChecksumOptions;
pub use command::disagreements;
pub use commands::CommandOptions;
pub use connection::{ConnectionOptions, PasswordSource, Protocol};
pub use defaults_file::{DEFAULT_FILE, is_readable_by_others};
pub use definer::DefinerOptions;
pub use filter::FilterOptions;
pub use logging::LogOptions;
pub use password::{Password, password_on_command_line};
pub use stream::{LoaderStream, StreamMode};
pub use usage_error::UsageError;
pub use values::{CommaList, ErrorCodes};

/// Which of the two programs is running: it decides the sections of a defaults file and the known options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramName {
    /// The dump.
    Mydumper,
    /// The restore.
    Myloader,
}

impl ProgramName {
    /// The name as it is typed, which is also the section of a defaults file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mydumper => "mydumper",
            Self::Myloader => "myloader",
        }
    }
}

/// What [`parse`] returns: the options, and what only a defaults file can say.
#[derive(Debug)]
pub struct Parsed<O> {
    /// The program's options, from files and command line.
    pub options: O,
    /// `[PROGRAM_session_variables]`: names and values in the files' order; of a name in both files the later value.
    /// A value is the text after `=`, an SQL expression with its quotes, to be placed in a SET statement as it is.
    pub session_variables: Vec<(String, String)>,
    /// `[PROGRAM_global_variables]`, in the same form.
    pub global_variables: Vec<(String, String)>,
    /// The defaults files that were read, in order.
    pub files_read: Vec<PathBuf>,
    /// One line each, for the log: options without effect, a password in a file that others can read.
    pub warnings: Vec<String>,
    /// One line each, for the log: values of the program's sections that the command line overrides.
    pub overridden: Vec<String>,
    /// What is needed to apply sections for the server's product; nothing if there are none.
    typed: Option<Box<Typed>>,
}

/// What was typed, and what the files say.
#[derive(Debug)]
struct Typed {
    program: ProgramName,
    argv: Vec<OsString>,
    files: Files,
}

impl<O: Parser> Parsed<O> {
    /// Whether options or variables depend on the server's product.
    pub fn depends_on_server(&self) -> bool {
        self.typed.is_some()
    }

    /// With the sections for this server, which override those for all; the command line still wins. Warnings are only those
    /// that are new.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn for_server(self, server: &Server) -> Result<Parsed<O>, UsageError> {
        let Some(typed) = self.typed else { return Ok(self) };
        let Typed { program, argv, files } = *typed;
        let mut parsed = assemble::<O>(&command::<O>(program), program, argv, files, &defaults_file::ends(server))?;
        parsed.warnings.retain(|warning| !self.warnings.contains(warning));
        parsed.overridden.retain(|line| !self.overridden.contains(line));
        Ok(parsed)
    }
}

/// Reads the defaults files and `argv` (with the program's name first, as `std::env::args_os` gives it).
///
/// # Errors
/// A [`UsageError`] of one line for anything that is wrong with an option, a value or a defaults file. Help and version
/// come as a `UsageError` too, with exit code 0.
pub fn parse<O: Parser>(program: ProgramName, argv: impl Iterator<Item = OsString>) -> Result<Parsed<O>, UsageError> {
    parse_with(program, argv, &Places::of_this_user())
}

/// [`parse`] with other places for the files that nobody names, so that tests do not read the user's.
fn parse_with<O: Parser>(
    program: ProgramName,
    argv: impl Iterator<Item = OsString>,
    places: &Places,
) -> Result<Parsed<O>, UsageError> {
    let command = command::<O>(program);
    let argv = password::written_long(&command, argv);

    // The command line alone comes first: it names the files, and its own errors and --help need no file.
    let typed = matches(&command, program, &argv)?;
    unsupported::refuse(program, &typed)?;
    let named = Named {
        none_by_default: typed.try_get_one::<bool>("no_defaults").ok().flatten() == Some(&true),
        file: path_option(&typed, "defaults_file"),
        extra: path_option(&typed, "defaults_extra_file"),
    };
    let files = Files::read(program, named, places)?;

    for argument in arguments::of_products(&command, program, &files)? {
        let alone = [OsString::from(program.as_str()), argument.text];
        matches(&command, program, &alone).map_err(|error| error.at(&argument.place))?;
    }
    let depends_on_server = files.of_products(program).next().is_some();
    let typed = depends_on_server.then(|| Box::new(Typed { program, argv: argv.clone(), files: files.clone() }));
    Ok(Parsed { typed, ..assemble(&command, program, argv, files, &[])? })
}

/// The options of files and command line. `ends`: of the names of sections for the server's product.
fn assemble<O: Parser>(
    command: &Command,
    program: ProgramName,
    mut argv: Vec<OsString>,
    files: Files,
    ends: &[String],
) -> Result<Parsed<O>, UsageError> {
    let from_files = arguments::from_files(command, program, &files, ends)?;
    // Parsed one by one, so that the error can say which line of which file is wrong.
    for argument in &from_files {
        let alone = [OsString::from(program.as_str()), argument.text.clone()];
        matches(command, program, &alone)
            .and_then(|m| unsupported::refuse(program, &m))
            .map_err(|error| error.at(&argument.place))?;
    }
    let typed = matches(command, program, &argv)?;
    let overridden = from_files.iter().filter(|argument| argument.is_typed(&typed));
    let overridden = overridden
        .map(|argument| format!("{}: the command line overrides {}", argument.place, argument.option))
        .collect();
    let after_name = argv.len().min(1);
    argv.splice(after_name..after_name, from_files.into_iter().map(|argument| argument.text));

    let all = matches(command, program, &argv)?;
    let options = O::from_arg_matches(&all).map_err(|e| UsageError::from_clap(program, &e))?;
    let mut warnings = unsupported::without_effect(program, &all);
    warnings.extend(files.warnings());
    Ok(Parsed {
        options,
        session_variables: files.variables(program, "_session_variables", ends),
        global_variables: files.variables(program, "_global_variables", ends),
        files_read: files.paths(),
        warnings,
        overridden,
        typed: None,
    })
}

fn matches(command: &Command, program: ProgramName, argv: &[OsString]) -> Result<ArgMatches, UsageError> {
    command.clone().try_get_matches_from(argv).map_err(|error| UsageError::from_clap(program, &error))
}

/// A path among the matches, if the program has that option at all.
fn path_option<'m>(matches: &'m ArgMatches, id: &str) -> Option<&'m Path> {
    matches.try_get_one::<PathBuf>(id).ok().flatten().map(PathBuf::as_path)
}
