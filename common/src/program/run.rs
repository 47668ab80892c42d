//! A run of a program: options, logging, signals, the work, and its exit code.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, ExitCode};

use clap::Parser;

use crate::observe::logging::{self, SUMMARY};
use crate::observe::printable::printable_lines;
use crate::options::{LogOptions, Parsed, ProgramName, UsageError, parse, password_on_command_line};
use crate::process::exit::{Exit, Failure};
use crate::process::process_secrets;
use crate::process::signals::stop_on_signals;
use crate::process::stop::Stop;

/// Runs a program: reads its options, sets up logging and signal handlers, does the work and returns the exit code.
///
/// `work` returns its closing summary. `log_options` returns the logging options among the program's own.
pub fn run<O, E>(
    name: ProgramName,
    log_options: impl FnOnce(&O) -> &LogOptions,
    work: impl FnOnce(Parsed<O>, &Stop) -> Result<String, E>,
) -> ExitCode
where
    O: Parser,
    E: AsUsageError,
{
    process_secrets::hide_memory();
    if let Some((arguments, password)) = password_on_command_line::<O>(name, std::env::args_os()) {
        return restart(name, arguments, password);
    }
    let parsed = match parse::<O>(name, std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(error) => return usage(name, &error),
    };
    let log = log_options(&parsed.options);
    if let Err(error) = logging::init(log.detail(), log.logfile.as_deref()) {
        let file = log.logfile.as_deref().unwrap_or(Path::new("")).display();
        return usage(name, &UsageError::new(format!("cannot open the log file {file}: {error}")));
    }
    let (detail, logs_to_file) = (log.detail(), log.logfile.is_some());
    for warning in &parsed.warnings {
        tracing::warn!("{warning}");
    }
    for line in &parsed.overridden {
        tracing::info!("{line}");
    }
    let stop = match stop_on_signals() {
        Ok(stop) => stop,
        Err(error) => return usage(name, &UsageError::new(format!("cannot install the signal handlers: {error}"))),
    };
    match end_of(|| work(parsed, &stop), &stop) {
        Ok(summary) => {
            tracing::info!(target: SUMMARY, "{summary}");
            Exit::Done.into()
        }
        Err(error) => {
            if let Ended::Failed(error) = &error
                && let Some(error) = error.as_usage_error()
            {
                let code = usage(name, error);
                return if stop.signal().is_some() { error.exit().code(&stop) } else { code };
            }
            tracing::error!("{error}");
            if detail == 0 || logs_to_file {
                // Whoever started the program sees a failure, whatever goes to the log. Standard error may be closed.
                let _ = writeln!(io::stderr(), "{}: {}", name.as_str(), printable_lines(&error.to_string()));
            }
            error.exit().code(&stop)
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Ended<E> {
    #[error(transparent)]
    Failed(E),
    /// The standard library has printed where.
    #[error("a thread panicked (see above), so the work is not complete; please report this as a bug of mydumper-rs")]
    Panicked,
}

impl<E: Failure> Failure for Ended<E> {
    fn exit(&self) -> Exit {
        match self {
            Ended::Failed(error) => error.exit(),
            Ended::Panicked => Exit::Failed,
        }
    }
}

/// Does the work. A panic, of this thread or of one with a [`StopOnPanic`](crate::process::stop::StopOnPanic), is the
/// failure then, since other errors may be its consequences.
fn end_of<E: Failure>(work: impl FnOnce() -> Result<String, E>, stop: &Stop) -> Result<String, Ended<E>> {
    // Nothing of the work is used after a panic.
    let result = catch_unwind(AssertUnwindSafe(work));
    match result {
        Ok(result) if !stop.has_panicked() => result.map_err(Ended::Failed),
        Ok(Err(error)) if error.exit() != Exit::Failed => {
            tracing::error!("{error}");
            Err(Ended::Panicked)
        }
        _ => Err(Ended::Panicked),
    }
}

/// Errors of a program, some of which are mistakes in its options.
pub trait AsUsageError: Failure {
    /// The mistake in the options, if this is one.
    fn as_usage_error(&self) -> Option<&UsageError>;
}

fn usage(name: ProgramName, error: &UsageError) -> ExitCode {
    error.print(name);
    error.exit().into()
}

/// Replaces the process by one without the password among its arguments, where other processes could read it.
fn restart(name: ProgramName, arguments: Vec<OsString>, password: OsString) -> ExitCode {
    let start = || -> io::Result<io::Error> {
        let pipe = process_secrets::hand_over(&password)?;
        let mut program = Command::new(std::env::current_exe()?);
        program.args(arguments.into_iter().skip(1));
        program.env(process_secrets::DESCRIPTOR_VARIABLE, pipe.as_raw_fd().to_string());
        // Returns only if it fails.
        Ok(program.exec())
    };
    let error = start().unwrap_or_else(|error| error);
    let name = name.as_str();
    let _ = writeln!(io::stderr(), "{name}: cannot restart without the password in the process list: {error}");
    Exit::Failed.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::stop::{StopOnPanic, Stopped};

    #[test]
    fn a_panic_is_a_failure_whatever_the_work_says() {
        let done = || Ok::<_, Stopped>("done".to_owned());
        let stop = Stop::default();
        assert!(matches!(end_of(done, &stop), Ok(text) if text == "done"));
        assert!(matches!(end_of(|| Err(Stopped), &stop), Err(Ended::Failed(Stopped))));
        let on_main_thread = end_of::<Stopped>(|| panic!("as a mistake does"), &stop).unwrap_err();
        assert!(on_main_thread.to_string().starts_with("a thread panicked (see above), so the work is not complete; "));
        let worker_panics = || {
            let guard = StopOnPanic(stop.clone());
            let worker = std::thread::spawn(move || {
                let _guard = guard;
                panic!("as a mistake in a worker does");
            });
            assert!(worker.join().is_err());
        };
        for result in [done(), Err(Stopped)] {
            let ended = end_of(
                || {
                    worker_panics();
                    result
                },
                &stop,
            );
            assert_eq!(ended.unwrap_err().exit(), Exit::Failed);
        }
    }
}
