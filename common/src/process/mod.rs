//! The process: exit codes, signals, the stop that ends all threads, and secrets that no other process may see.

pub mod command;
pub mod exit;
pub(crate) mod process_secrets;
pub mod signals;
pub mod stop;
pub mod sync;
