//! The start and the end of both programs, and what both make of their options.

mod commands;
mod connection;
mod filter;
mod for_server;
mod prompt;
mod run;

pub use commands::{PerThread, command_of, per_thread};
pub use connection::connection_settings;
pub use filter::filter;
pub use for_server::for_server;
pub use run::{AsUsageError, run};
