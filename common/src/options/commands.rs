//! Commands that each file goes through: options that both programs share.

use clap::Args;

/// `--exec-per-thread` and its extension, which belong together.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of options describes each field")]
pub struct CommandOptions {
    #[arg(long)]
    pub exec_per_thread: Option<String>,
    #[arg(long)]
    pub exec_per_thread_extension: Option<String>,
}
