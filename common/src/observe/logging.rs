//! Messages: to the terminal or to `--logfile`, as many as `--verbose` asks for.

use std::borrow::Cow;
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, filter};

use crate::observe::progress;

/// Messages of this target (what was done, and how far it is) are shown from `--verbose=1` on.
pub const SUMMARY: &str = "summary";

/// Sets up logging for the process.
///
/// `verbose` is the number of `--verbose`: 0 nothing, 1 errors and the summary, 2 warnings too, 3 everything.
///
/// # Errors
/// When the log file cannot be opened. It is created for the owner alone, and appended to when it exists.
pub fn init(verbose: u8, logfile: Option<&Path>) -> io::Result<()> {
    let level = match verbose {
        0 => None,
        1 => Some(Level::ERROR),
        2 => Some(Level::WARN),
        _ => Some(Level::INFO),
    };
    let filter = filter::filter_fn(move |metadata| match level {
        None => false,
        Some(level) => metadata.target() == SUMMARY || *metadata.level() <= level,
    })
    // The driver's own events are for its developers.
    .with_max_level_hint(Level::INFO);
    let format = tracing_subscriber::fmt::layer().event_format(Line);
    let layer = match logfile {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
            format.with_writer(Mutex::new(file)).boxed()
        }
        None => format.with_writer(|| Terminal).boxed(),
    };
    // A second initialisation can only come from tests in one process.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    Ok(())
}

/// One line per message: time, level, text.
struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::ERROR => "ERROR",
            Level::WARN => "WARNING",
            _ => "INFO",
        };
        write!(writer, "{} [{level}] ", chrono::Local::now().format("%Y-%m-%d %H:%M:%S"))?;
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        writeln!(writer, "{}", printable_lines(&text))
    }
}

/// A message as a terminal may have it, with its own lines. Whatever else is no text in it comes from names and files.
pub(crate) fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_no_text(c))
}

/// Somebody else's text, a server's say, as a part of a message: on one line, with a blank for each of its line breaks.
pub fn printable(text: &str) -> Cow<'_, str> {
    let breaks = |c| matches!(c, '\n' | '\r' | '\t');
    if !text.contains(breaks) {
        return escaped(text, is_no_text);
    }
    Cow::Owned(escaped(&text.replace(breaks, " "), is_no_text).into_owned())
}

/// Control characters: line breaks, which would begin a message of their own, and those that a terminal obeys. Also marks
/// that turn the direction of writing.
fn is_no_text(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control()
}

fn escaped(text: &str, escapes: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&escapes) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if escapes(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    Cow::Owned(line)
}

/// Standard error, with the progress line out of the way while it is written to.
struct Terminal;

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        progress::suspend(|| io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_without_control_sequences() {
        for (text, shown, lines) in [
            ("plain é 表 `\\` \"q\"", "plain é 表 `\\` \"q\"", "plain é 表 `\\` \"q\""),
            ("a\n2026-01-01 [INFO] well\r", "a 2026-01-01 [INFO] well ", "a\n2026-01-01 [INFO] well\\r"),
            ("\u{1b}]0;t\u{7}\u{9b}2J\t", "\\u{1b}]0;t\\u{7}\\u{9b}2J ", "\\u{1b}]0;t\\u{7}\\u{9b}2J\\t"),
            ("\u{202e}gnp\u{2069}\u{2028}", "\\u{202e}gnp\\u{2069}\\u{2028}", "\\u{202e}gnp\\u{2069}\\u{2028}"),
        ] {
            assert_eq!((&*printable(text), &*printable_lines(text)), (shown, lines));
        }
    }
}
