//! Commands on files: what the options ask for, and what excludes them.

use common::options::UsageError;
use common::process::command::ExternalCommand;
use common::program::{self, PerThread};

use crate::options::OutputOptions;

/// `--exec`.
#[derive(Debug, Clone)]
pub struct Exec {
    /// What is run on each file.
    pub command: ExternalCommand,
    /// How many at a time.
    pub threads: usize,
}

/// The word of `--exec` that is replaced by a file's path.
pub const FILE_NAME: &str = "FILENAME";

/// Options that do not go together with commands on files.
pub fn check(output: &OutputOptions, per_thread: Option<&PerThread>) -> Result<(), UsageError> {
    let because = |text: &str| Err(UsageError::new(text));
    if per_thread.is_some() && output.compress.is_some() {
        return because(
            "--exec-per-thread and --compress exclude each other: let the command compress, or leave it out",
        );
    }
    if per_thread.is_some_and(|per_thread| per_thread.own_extension().is_some()) && (output.dirty || output.merge) {
        return because(
            "--dirty and --merge read files of the dump that they add to, and --exec-per-thread only writes them",
        );
    }
    if output.exec.is_some() && output.stream.is_some() {
        return because("--exec takes the files that --stream would send: leave one of them out");
    }
    if output.exec.is_some() && output.resume {
        return because(
            "--resume needs the files of the interrupted dump, and --exec has taken them away: start a new dump",
        );
    }
    Ok(())
}

pub fn exec(command: Option<&str>, threads: usize) -> Result<Option<Exec>, UsageError> {
    let Some(text) = command else { return Ok(None) };
    let command = program::command_of("exec", text)?;
    if !command.words().iter().skip(1).any(|word| word == FILE_NAME) {
        return Err(UsageError::new(format!(
            "--exec='{text}': none of its arguments is the word {FILE_NAME}, which stands for the file's path"
        )));
    }
    Ok(Some(Exec { command, threads }))
}
