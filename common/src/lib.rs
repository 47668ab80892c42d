//! What mydumper and myloader share. A type lives here only if both programs read or write it.
//!
//! From the ground up: [`process`] (exit codes, signals, the stop), [`sql`] (SQL text), [`layers`] (compression), [`store`]
//! (where a backup lives), [`container`] (how files become one stream), [`backup`] (what a backup is), [`server`]
//! (connections, products, versions), [`observe`] (logs, progress, activity), [`options`] and [`program`] (the start and end
//! of both programs).

pub mod backup;
pub mod container;
pub mod io;
pub mod journal;
pub mod layers;
pub mod observe;
pub mod options;
pub mod process;
pub mod program;
pub mod server;
pub mod sql;
pub mod store;
