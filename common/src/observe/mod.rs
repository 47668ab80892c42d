//! What a program shows of its work: log lines, progress, and what each thread does.

pub mod activity;
pub mod console;
pub mod logging;
pub mod printable;
pub mod progress;
pub mod wording;
