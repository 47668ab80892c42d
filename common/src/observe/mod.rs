//! What a program shows of its work: log lines, progress, and stall reports.

pub mod activity;
pub mod console;
pub mod logging;
pub mod printable;
pub mod progress;
pub mod wording;
