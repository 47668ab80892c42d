//! What mydumper and myloader share. A type lives here only if both programs read or write it.
//!
//! Each folder imports only folders before it in this list: [`process`] (exit codes, signals, the stop, locks), [`sql`] (SQL
//! text), [`layers`] (compression, commands), [`store`] (where a backup lives), [`container`] (how files become one stream),
//! [`observe`] (logs, progress, stall reports), [`server`] (connections, products, versions, error numbers), [`backup`] (what a
//! backup is), [`options`], and [`program`] (start and end of both programs).

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
