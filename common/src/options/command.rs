//! The parser of a program: the arguments of its struct, described by the table of options.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command, CommandFactory};

use super::table::row::{Row, Value, plain};
use super::{ProgramName, table, unsupported};
use crate::process::exit;

/// All options of a program in the order of the table; help has no `-h`, which is the host.
pub(super) fn command<O: CommandFactory>(program: ProgramName) -> Command {
    let derived = O::command();
    let mut args: Vec<Arg> = derived.get_arguments().cloned().collect();
    args.push(Arg::new("version").long("version").action(ArgAction::Version));
    args.push(Arg::new("help").long("help").action(ArgAction::Help));

    let mut command = Command::new(program.as_str())
        .bin_name(program.as_str())
        .about(derived.get_about().cloned().unwrap_or_default())
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .disable_help_flag(true)
        .args_override_self(true)
        .after_help(exit::HELP);
    for (order, (heading, row)) in table::of(program).enumerate() {
        let arg = args.iter().position(|arg| arg.get_long() == Some(row.long)).map(|at| args.remove(at));
        command = match arg {
            Some(arg) => command.arg(described(arg, heading, row).display_order(order)),
            None if row.is_supported() => command,
            None => command.arg(unsupported::hidden_arg(row)),
        };
    }
    // None is left over of a program: `disagreements`.
    command.args(args)
}

fn described(arg: Arg, heading: &'static str, row: &Row) -> Arg {
    let arg = arg.help_heading(heading).help(help(row));
    let arg = match row.letter {
        Some(letter) => arg.short(letter),
        None => arg,
    };
    let arg = match row.value {
        Value::None => arg,
        // The texts name the keywords.
        Value::Required(name) => arg.value_name(name).hide_possible_values(true),
        Value::Optional(name, bare) => {
            let arg = arg.value_name(name).hide_possible_values(true).num_args(0..=1);
            match bare {
                Some(bare) => arg.default_missing_value(bare),
                None => arg,
            }
        }
    };
    match row.default {
        // The derived argument is required when its type has no room for "not given".
        Some(value) => arg.required(false).default_value(value).hide_default_value(row.absent.is_some()),
        None => arg,
    }
}

/// What the option does, and what holds without it or without its value; clap adds a default value itself.
fn help(row: &Row) -> String {
    let mut help = plain(row.help);
    if let Some(absent) = row.absent.filter(|absent| !absent.is_empty()) {
        help += &format!(" [default: {}]", plain(absent));
    }
    if let Value::Optional(_, Some(bare)) = row.value {
        help += &format!(" [without a value: {bare}]");
    }
    help
}

/// Where a program's struct and the table of options disagree, one line each: for a test of the program.
pub fn disagreements<O: CommandFactory>(program: ProgramName) -> Vec<String> {
    let derived = O::command();
    let field = |long| derived.get_arguments().find(|arg| arg.get_long() == Some(long));
    let mut lines = Vec::new();
    for arg in derived.get_arguments() {
        let long = arg.get_long().unwrap_or_default();
        let Some((_, row)) = table::of(program).find(|(_, row)| row.long == long) else {
            lines.push(format!("--{long} has no row"));
            continue;
        };
        if !row.is_supported() {
            lines.push(format!("--{long} has a field, but its row says that it is not supported"));
        }
        if arg.get_action().takes_values() != (row.value != Value::None) {
            lines.push(format!("--{long} takes a value in one of row and field only"));
        }
        let described = (arg.get_short(), arg.get_help(), arg.get_help_heading()) != (None, None, None);
        if described || !arg.get_default_values().is_empty() {
            lines.push(format!("--{long}: letter, help, heading and default belong into its row"));
        }
        let keywords = Some(arg.get_possible_values()).filter(|_| arg.get_action().takes_values()).unwrap_or_default();
        for keyword in keywords.iter().map(PossibleValue::get_name).filter(|keyword| !names(row, keyword)) {
            lines.push(format!("--{long}: the row does not name the value {keyword}"));
        }
    }
    for (_, row) in table::of(program).filter(|(_, row)| row.is_supported()) {
        if field(row.long).is_none() && !["help", "version"].contains(&row.long) {
            lines.push(format!("--{} has a row, but no field", row.long));
        }
    }
    lines
}

/// Whether a value is named in what people read of an option.
fn names(row: &Row, keyword: &str) -> bool {
    let value = match row.value {
        Value::None => [""; 2],
        Value::Required(name) => [name, ""],
        Value::Optional(name, bare) => [name, bare.unwrap_or_default()],
    };
    let texts = [row.help, row.default.unwrap_or_default()].into_iter().chain(value);
    texts.flat_map(|text| text.split(|c: char| c != '_' && !c.is_alphanumeric())).any(|word| word == keyword)
}
