//! What is wrong with the command line, in one line.
//!
//! clap explains itself over several lines; here one line names the option, the value and what is allowed. Help and
//! version are errors of clap, too.

use std::error::Error;
use std::fmt;
use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::ProgramName;
use crate::process::exit::Exit;

/// Why there is nothing to run: a mistake in the options (exit code 2), or help or version was asked for (0).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// The line, or the text of the help.
    text: String,
    /// Help or version: goes to stdout and is no failure.
    answer: bool,
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for UsageError {}

impl UsageError {
    /// A mistake, described by `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), answer: false }
    }

    /// 0 for help and version, 2 for a mistake.
    pub fn exit(&self) -> Exit {
        if self.answer { Exit::Done } else { Exit::Usage }
    }

    /// Prints help and version on stdout, a mistake on stderr after the program's name.
    pub fn print(&self, program: ProgramName) {
        // There is nowhere to report that the terminal is gone.
        let _ = if self.answer {
            write!(std::io::stdout(), "{self}")
        } else {
            writeln!(std::io::stderr(), "{}: {self}", program.as_str())
        };
    }

    /// The same mistake, found at a place in a defaults file.
    pub(super) fn at(self, place: &str) -> Self {
        Self { text: format!("{place}: {}", self.text), ..self }
    }

    /// What clap found, in one line.
    pub(super) fn from_clap(program: ProgramName, error: &clap::Error) -> Self {
        let text = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => text.clone(),
            Some(ContextValue::Strings(texts)) => texts.join(", "),
            _ => String::new(),
        };
        let option = option_name(&text(ContextKind::InvalidArg));
        let value = text(ContextKind::InvalidValue);
        let program = program.as_str();
        Self::new(match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                return Self { text: error.render().to_string(), answer: true };
            }
            ErrorKind::UnknownArgument => {
                let suggestion = option_name(&text(ContextKind::SuggestedArg));
                // clap also suggests what merely shares some letters.
                let alike = option.get(..4).is_some_and(|start| suggestion.starts_with(start));
                let hint = if alike { format!("did you mean {suggestion}?") } else { format!("see {program} --help") };
                // A word without a dash is no option, so it is shown as it was typed.
                let typed = text(ContextKind::InvalidArg);
                let typed = if typed.starts_with('-') { &option } else { &typed };
                format!("unexpected argument '{typed}': {hint}")
            }
            // clap's way to say that there is no value.
            ErrorKind::InvalidValue if value.is_empty() => missing_value(&option),
            ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => missing_value(&option),
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
                let reason = error.source().map(|source| format!(": {source}"));
                format!("invalid value '{value}' for {option}{}", reason.unwrap_or_default())
            }
            ErrorKind::TooManyValues => format!("{option} takes no value, but '{value}' was given"),
            ErrorKind::ArgumentConflict => format!(
                "{option} and {} exclude each other: give one of them",
                option_name(&text(ContextKind::PriorArg))
            ),
            ErrorKind::InvalidUtf8 => "a value is not UTF-8: only file names may hold other bytes".to_owned(),
            // No other kind is known to occur.
            _ => {
                let rendered = error.render().to_string();
                let first = rendered.lines().next().unwrap_or_default();
                first.trim_start_matches("error: ").to_owned()
            }
        })
    }
}

fn missing_value(option: &str) -> String {
    format!("{option} needs a value (one that begins with a dash is written {option}=VALUE)")
}

/// `--threads` of clap's `--threads <N>` or `--stream[=<MODE>]`.
fn option_name(text: &str) -> String {
    text.split([' ', '[', '=']).next().unwrap_or_default().to_owned()
}
