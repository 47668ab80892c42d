//! Log lines, to standard error or `--logfile`, as detailed as `--verbose` says.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, filter};

use crate::observe::console;
use crate::observe::printable::printable_lines;
use crate::process::sync::lock;

/// The target of messages about progress and results, which are shown from `--verbose=1` on.
pub const SUMMARY: &str = "summary";

/// What is logged with `--debug`: more than with any `--verbose`.
pub const DEBUG: u8 = 4;

/// Sets up logging for the process.
///
/// `detail`: 0 nothing, 1 errors and summaries, 2 also warnings, 3 information, [`DEBUG`] what developers look for.
///
/// # Errors
/// If the log file cannot be opened. It is created for the owner alone; an existing file is appended to.
pub fn init(detail: u8, logfile: Option<&Path>) -> io::Result<()> {
    let level = match detail {
        0 => None,
        1 => Some(Level::ERROR),
        2 => Some(Level::WARN),
        3 => Some(Level::INFO),
        _ => Some(Level::DEBUG),
    };
    let filter = filter::filter_fn(move |metadata| match level {
        None => false,
        // Events of libraries below INFO are for their developers.
        Some(level) => metadata.target() == SUMMARY || *metadata.level() <= level.min(most(metadata.target())),
    })
    .with_max_level_hint(level.unwrap_or(Level::ERROR).max(Level::INFO));
    let format = tracing_subscriber::fmt::layer().event_format(Line);
    let layer = match logfile {
        Some(path) => {
            let file = open(path)?;
            format.with_writer(Mutex::new(file)).boxed()
        }
        None => format.with_writer(|| console::Stderr).boxed(),
    };
    // Only tests initialise it twice in one process.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    Ok(())
}

/// The most that is logged of a target.
fn most(target: &str) -> Level {
    let is_ours = ["common", "mydumper", "myloader"].iter().any(|name| target.starts_with(name));
    if is_ours { Level::DEBUG } else { Level::INFO }
}

/// Warns of what every session of a program meets: in the same words it is said once.
pub fn warn_once(text: String) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if lock(&SAID).insert(text.clone()) {
        tracing::warn!("{text}");
    }
}

/// A new file is its owner's alone; one that is there keeps owner and mode, as whoever rotates it has set them. A link is
/// not followed, since it might lead to a file of somebody else; only those of /dev lead to standard output and error.
fn open(path: &Path) -> io::Result<File> {
    let flags = if path.starts_with("/dev") { OFlag::empty() } else { OFlag::O_NOFOLLOW };
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600).custom_flags(flags.bits());
    options.open(path).map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::ELOOP as i32 => {
            io::Error::new(error.kind(), "it is a symbolic link, which is not followed: name the file itself")
        }
        _ => error,
    })
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
            Level::DEBUG => "DEBUG",
            _ => "INFO",
        };
        write!(writer, "{} [{level}] ", chrono::Local::now().format("%Y-%m-%d %H:%M:%S"))?;
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        writeln!(writer, "{}", printable_lines(&text))
    }
}
