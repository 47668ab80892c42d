//! Standard error and who writes to it: log lines, and on a terminal the progress line below them.
//!
//! The progress line stands on the terminal's last line without a line break. Whoever writes anything else goes through
//! [`Stderr`], which takes the line away and puts it back.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use indicatif::{ProgressBar, ProgressStyle};

/// The progress line of this process, once it shows one.
static LINE: OnceLock<ProgressBar> = OnceLock::new();

/// Standard error for log lines and other messages.
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let write = || io::stderr().write_all(bytes);
        match LINE.get() {
            Some(line) => line.suspend(write)?,
            None => write()?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The progress line on a terminal.
pub struct ProgressLine(&'static ProgressBar);

impl ProgressLine {
    /// The line, if standard error is a terminal.
    pub fn on_terminal() -> Option<ProgressLine> {
        io::stderr().is_terminal().then(|| ProgressLine(LINE.get_or_init(new_bar)))
    }

    /// Shows this text from now on.
    pub fn show(&self, text: String) {
        self.0.set_message(text);
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}
