//! SIGINT, SIGTERM and SIGHUP end the program within seconds.
//!
//! The first signal triggers the program's [`Stop`], which wakes all waits. Threads that cannot be woken, as in a write to a
//! disk that does not respond, are abandoned after [`GRACE`] or on a second signal. An incomplete dump never looks complete
//! for that: only work that was not stopped publishes `metadata`.

use std::io::{self, Write};
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::process::stop::Stop;
use crate::process::sync::lock;

/// How long a program may take to end by itself after a signal.
pub const GRACE: Duration = Duration::from_secs(10);

/// How many resets are pending on servers, and a notice of each change.
static PENDING_RESETS: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// A stop that signals trigger.
///
/// SIGHUP stays ignored if the program was started so, as by nohup.
///
/// # Errors
/// If the handlers cannot be installed.
pub fn stop_on_signals() -> io::Result<Stop> {
    let stop = Stop::default();
    let hangup = if is_ignored(SIGHUP) { None } else { Some(SIGHUP) };
    let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hangup))?;
    let shared = stop.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut seen = false;
        for signal in signals.forever() {
            if seen {
                shared.kill_commands();
                std::process::exit(128 + signal);
            }
            seen = true;
            shared.trigger_by(signal);
            // Should this thread not start, a second signal ends a program that hangs.
            let stop = shared.clone();
            let _ = std::thread::Builder::new().name("grace".into()).spawn(move || end_after_grace(signal, &stop));
        }
    })?;
    Ok(stop)
}

/// Held while something has to be reset on a server before the program ends. The program waits for it as long as needed;
/// only a second signal ends it without the reset.
#[derive(Debug)]
pub struct PendingReset(());

impl PendingReset {
    /// To be called before the change.
    #[allow(clippy::new_without_default, reason = "a default that changes a count would surprise")]
    pub fn new() -> PendingReset {
        *lock(&PENDING_RESETS.0) += 1;
        PendingReset(())
    }
}

impl Drop for PendingReset {
    fn drop(&mut self) {
        *lock(&PENDING_RESETS.0) -= 1;
        PENDING_RESETS.1.notify_all();
    }
}

fn end_after_grace(signal: i32, stop: &Stop) {
    std::thread::sleep(GRACE);
    let (count, changed) = &PENDING_RESETS;
    let _count = changed.wait_while(lock(count), |count| *count > 0).unwrap_or_else(PoisonError::into_inner);
    let message = format!(
        "stopped before the work was complete, and without waiting any longer for a disk or a server that has not \
         responded for {} s",
        GRACE.as_secs()
    );
    // The disk of the log may be the one that does not respond.
    let logged = message.clone();
    if !ends_soon(move || tracing::error!("{logged}")) {
        ends_soon(move || {
            let _ = writeln!(io::stderr(), "{message}");
        });
    }
    stop.kill_commands();
    std::process::exit(128 + signal);
}

/// Whether this work ends within a second. If not, its thread is abandoned.
fn ends_soon(work: impl FnOnce() + Send + 'static) -> bool {
    let (done, is_done) = channel();
    let thread = std::thread::Builder::new().name("last words".into()).spawn(move || {
        work();
        let _ = done.send(());
    });
    thread.is_ok() && is_done.recv_timeout(Duration::from_secs(1)).is_ok()
}

/// Whether the process was started with this signal ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| (mask >> (signal - 1)) & 1 == 1)
}
