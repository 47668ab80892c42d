//! What mydumper and myloader share: names, formats, SQL text, connections, options and messages.
//!
//! A type lives here only if both programs read or write it.

pub mod checksum;
pub mod compression;
pub mod connection;
pub mod dump_file;
pub mod exit;
pub mod filter;
pub mod global_variables;
mod handover;
pub mod io;
pub mod journal;
pub mod load_data;
pub mod logging;
pub mod metadata;
pub mod name;
pub mod options;
pub mod private_dir;
pub mod program;
pub mod progress;
pub mod row_hash;
pub mod server;
pub mod signals;
pub mod sql;
pub mod stop;
pub mod stream;
pub mod watchdog;
