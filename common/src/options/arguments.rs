//! Entries of defaults files as arguments of the command line.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::defaults_file::{Entry, Files, nearest};
use super::{ProgramName, UsageError, table};

/// Keys of `[client]` that are read, and the options that they set. The section belongs to all MySQL clients, so its
/// other keys are skipped.
const CLIENT_KEYS: [(&str, &str); 13] = [
    ("user", "user"),
    ("password", "password"),
    ("host", "host"),
    ("port", "port"),
    ("socket", "socket"),
    ("protocol", "protocol"),
    ("ssl-mode", "ssl-mode"),
    ("ssl-ca", "ca"),
    ("ssl-cert", "cert"),
    ("ssl-key", "key"),
    ("ssl-capath", "capath"),
    ("ssl-cipher", "cipher"),
    ("tls-version", "tls-version"),
];

/// An argument, and the place in a file that it comes from.
pub(super) struct FileArgument {
    /// The long name.
    pub(super) option: String,
    pub(super) text: OsString,
    pub(super) place: String,
    /// Whether it is from `[client]`, which is not written for this program.
    is_of_client: bool,
}

impl FileArgument {
    /// Whether the command line has the option too.
    pub(super) fn is_typed(&self, typed: &ArgMatches) -> bool {
        let id = self.option.replace('-', "_");
        !self.is_of_client
            && typed.try_contains_id(&id).unwrap_or(false)
            && typed.value_source(&id) == Some(ValueSource::CommandLine)
    }
}

/// The arguments that the files stand for: those of `[client]` before those of the program's section, and of an
/// option that several lines set, the last one. `ends`: of the names of sections for the server's product.
pub(super) fn from_files(
    command: &Command,
    program: ProgramName,
    files: &Files,
    ends: &[String],
) -> Result<Vec<FileArgument>, UsageError> {
    // Settled by name before arguments are made: `triggers = 0` has no argument that could undo an earlier one.
    let mut settled: Vec<(&str, Option<FileArgument>)> = Vec::new();
    let client = files.section("client").filter_map(|entry| {
        let &(_, option) = CLIENT_KEYS.iter().find(|(key, _)| *key == entry.key)?;
        Some((option, entry))
    });
    let own = files.sections(program, "", ends).map(|entry| (entry.key.as_str(), entry));
    for (option, entry) in client.chain(own) {
        let argument = argument(command, option, entry)?;
        settled.retain(|(known, _)| *known != option);
        settled.push((option, argument));
    }
    Ok(settled.into_iter().filter_map(|(_, argument)| argument).collect())
}

/// The arguments of all options in sections for a product of servers, to be checked before it is known which server there is.
pub(super) fn of_products(
    command: &Command,
    program: ProgramName,
    files: &Files,
) -> Result<Vec<FileArgument>, UsageError> {
    let mut arguments = Vec::new();
    for entry in files.of_products(program).filter(|entry| !entry.section.contains("_variables")) {
        if let Some(row) = table::needed_before_connecting(program).find(|row| row.long == entry.key) {
            return Err(UsageError::new(format!(
                "{}: {} in [{}] comes too late, for the server tells its product when the program has connected: put it into \
                 [{}]",
                entry.place,
                row.long,
                entry.section,
                program.as_str()
            )));
        }
        arguments.extend(argument(command, &entry.key, entry)?);
    }
    Ok(arguments)
}

/// The argument of one entry, or none for a flag that is set to false.
fn argument(command: &Command, option: &str, entry: &Entry) -> Result<Option<FileArgument>, UsageError> {
    let Entry { section, value, place, .. } = entry;
    if ["no-defaults", "defaults-file", "defaults-extra-file", "help", "version"].contains(&option) {
        return Err(UsageError::new(format!("{place}: {option} belongs on the command line, not in a defaults file")));
    }
    let Some(known) = command.get_arguments().find(|known| known.get_long() == Some(option)) else {
        let names = command.get_arguments().filter_map(|known| known.get_long());
        let hint = nearest(option, names).map(|name| format!(": did you mean {name}?")).unwrap_or_default();
        return Err(UsageError::new(format!("{place}: unknown option '{option}' in section [{section}]{hint}")));
    };
    let optional = known.get_num_args().is_some_and(|n| n.min_values() == 0);
    let word = value.as_deref().map(str::to_ascii_lowercase);
    let is_one_of = |words: &[&str]| word.as_deref().is_some_and(|word| words.contains(&word));

    let flag = !known.get_action().takes_values() || known.is_require_equals_set();
    let bare = if option == "password" {
        // Any text is a password; an empty one asks for nothing.
        value.is_none()
    } else if flag {
        if is_one_of(&["0", "false", "off", "no"]) {
            return Ok(None);
        }
        if value.is_some() && !is_one_of(&["", "1", "true", "on", "yes"]) {
            return Err(UsageError::new(format!(
                "{place}: {option} is on or off: use 1 or 0, not '{}'",
                value.as_deref().unwrap_or_default()
            )));
        }
        true
    } else if optional {
        // 0 and 1 are values of --stream, so that only words switch.
        if is_one_of(&["false", "off", "no"]) {
            return Ok(None);
        }
        value.is_none() || is_one_of(&["", "true", "on", "yes"])
    } else {
        value.is_none()
    };

    let mut text = OsString::from(format!("--{option}"));
    if let (false, Some(value)) = (bare, value) {
        text.push("=");
        text.push(value);
    }
    let is_of_client = section == "client";
    Ok(Some(FileArgument { option: option.to_owned(), text, place: place.clone(), is_of_client }))
}
