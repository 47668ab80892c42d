//! Commands on files, from the options.

use crate::layers::command::CommandLayer;
use crate::layers::compression::Compression;
use crate::options::{CommandOptions, UsageError};
use crate::process::command::ExternalCommand;
use crate::process::stop::Stop;

/// A command that each file goes through, and what it appends to their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerThread {
    command: ExternalCommand,
    extension: String,
}

/// `--exec-per-thread` and `--exec-per-thread-extension`.
///
/// # Errors
/// [`UsageError`] if one is given without the other, or has a value that cannot be used.
pub fn per_thread(options: &CommandOptions) -> Result<Option<PerThread>, UsageError> {
    let (command, extension) = match (&options.exec_per_thread, &options.exec_per_thread_extension) {
        (Some(command), Some(extension)) => (command, extension),
        (None, None) => return Ok(None),
        _ => {
            return Err(UsageError::new(
                "--exec-per-thread and --exec-per-thread-extension belong together: give both",
            ));
        }
    };
    if extension.is_empty() || extension.contains(['/', '\0']) || extension.chars().any(char::is_control) {
        return Err(UsageError::new(
            "--exec-per-thread-extension is appended to the files' names: give an extension, .xz say",
        ));
    }
    Ok(Some(PerThread { command: command_of("exec-per-thread", command)?, extension: extension.clone() }))
}

/// The command that an option has.
///
/// # Errors
/// [`UsageError`] if it cannot be run.
pub fn command_of(option: &str, text: &str) -> Result<ExternalCommand, UsageError> {
    ExternalCommand::parse(text).map_err(|error| UsageError::new(format!("--{option}='{text}': {error}")))
}

impl PerThread {
    /// The compression whose files the command writes or reads.
    pub fn compression(&self) -> Compression {
        Compression::of_extension(&self.extension)
    }

    /// What is appended to names that does not say itself how the files are read.
    pub fn own_extension(&self) -> Option<&str> {
        (self.compression() == Compression::None).then_some(&self.extension)
    }

    /// As a layer of files.
    pub fn layer(&self, stop: &Stop) -> CommandLayer {
        CommandLayer::new(self.command.clone(), &self.extension, stop)
    }

    /// What a resumed dump must have again.
    pub fn fingerprint(&self) -> String {
        format!("{} {}", self.command, self.extension)
    }
}
