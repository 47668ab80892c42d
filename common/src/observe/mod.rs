//! What a program shows of its work: log lines, progress, and what each thread does.

pub mod activity;
pub mod logging;
pub mod progress;
pub mod wording;
