//! What both programs do before and after their work.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;

use crate::backup::selection::{Filter, FilterError, Pattern};
use crate::observe::logging::{self, SUMMARY, printable_lines};
use crate::options::{
    ConnectionOptions, FilterOptions, LogOptions, Parsed, PasswordSource, ProgramName, Protocol, UsageError, parse,
    password_on_command_line,
};
use crate::process::exit::{Exit, Failure};
use crate::process::process_secrets;
use crate::process::signals::stop_on_signals;
use crate::process::stop::Stop;
use crate::server::connection::{Address, Settings, SslMode, Tls};

/// Where servers put their socket, when no address is given.
const USUAL_SOCKETS: [&str; 4] =
    ["/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];
const USUAL_PORT: u16 = 3306;

/// Runs a program: reads its options, sets up logging and signals, and turns the end of `work` into an exit code.
///
/// `work` returns the lines of its closing summary. `log_options` finds the logging options among the program's own.
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
        return start_anew(name, arguments, password);
    }
    let parsed = match parse::<O>(name, std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(error) => return usage(name, &error),
    };
    let log = log_options(&parsed.options);
    if let Err(error) = logging::init(log.verbose, log.logfile.as_deref()) {
        let file = log.logfile.as_deref().unwrap_or(Path::new("")).display();
        return usage(name, &UsageError::new(format!("cannot open the log file {file}: {error}")));
    }
    let (verbose, logs_to_file) = (log.verbose, log.logfile.is_some());
    for warning in &parsed.warnings {
        tracing::warn!("{warning}");
    }
    let stop = match stop_on_signals() {
        Ok(stop) => stop,
        Err(error) => return usage(name, &UsageError::new(format!("cannot wait for signals: {error}"))),
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
                return usage(name, error);
            }
            tracing::error!("{error}");
            if verbose == 0 || logs_to_file {
                // A failure is told to whoever started the program, whatever goes to the log.
                // It may be that nobody reads it, which is no reason to panic.
                let _ = writeln!(io::stderr(), "{}: {}", name.as_str(), printable_lines(&error.to_string()));
            }
            error.exit().code(&stop)
        }
    }
}

/// Why the work is not done.
#[derive(Debug, thiserror::Error)]
enum Ended<E> {
    /// It failed.
    #[error(transparent)]
    Failed(E),
    /// The program has a mistake. The standard library has told where.
    #[error(
        "a thread has panicked, see above: what was asked for is not done, or not to its end; please report this as a bug of \
         mydumper-rs"
    )]
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

/// Does the work. If a thread has panicked, this one or one that stopped the others by it, that is the failure: whatever
/// else has failed may have failed for it.
fn end_of<E: Failure>(work: impl FnOnce() -> Result<String, E>, stop: &Stop) -> Result<String, Ended<E>> {
    // Nothing that the work had in its hands is used any more.
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

/// Errors of a program, some of which may be mistakes in its options.
pub trait AsUsageError: Failure {
    /// The mistake, if this is one.
    fn as_usage_error(&self) -> Option<&UsageError>;
}

fn usage(name: ProgramName, error: &UsageError) -> ExitCode {
    error.print(name);
    error.exit().into()
}

fn start_anew(name: ProgramName, arguments: Vec<OsString>, password: OsString) -> ExitCode {
    let start = || -> io::Result<io::Error> {
        let pipe = process_secrets::hand_over(&password)?;
        let mut program = Command::new(std::env::current_exe()?);
        program.args(arguments.into_iter().skip(1));
        program.env(process_secrets::DESCRIPTOR_VARIABLE, pipe.as_raw_fd().to_string());
        // Only returns when it fails.
        Ok(program.exec())
    };
    let error = start().unwrap_or_else(|error| error);
    let name = name.as_str();
    let _ = writeln!(io::stderr(), "{name}: cannot start anew without the password in the list of processes: {error}");
    Exit::Failed.into()
}

/// How to connect, from the options, the environment and, for a password, the terminal.
///
/// # Errors
/// [`UsageError`] when options contradict each other, or no password can be asked for.
pub fn connection_settings(
    options: &ConnectionOptions,
    session_variables: &[(String, String)],
) -> Result<Settings, UsageError> {
    let user = options.user.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "root".to_owned());
    let identity = match (&options.cert, &options.key) {
        (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
        (None, None) => None,
        _ => return Err(UsageError::new("--cert and --key belong together: give both")),
    };
    let mode = match options.ssl_mode {
        Some(mode) => mode,
        None if options.ssl => SslMode::Required,
        None => SslMode::Preferred,
    };
    for file in [&options.ca, &options.cert, &options.key].into_iter().flatten() {
        if let Err(error) = std::fs::metadata(file) {
            return Err(UsageError::new(format!("cannot read {}: {error}", file.display())));
        }
    }
    let address = address(options)?;
    if matches!(address, Address::Socket(_)) && mode > SslMode::Preferred {
        return Err(UsageError::new(
            "a Unix socket is not encrypted: connect by --host and --protocol=tcp for TLS, or leave --ssl-mode out",
        ));
    }
    Ok(Settings {
        password: password(options, &user)?,
        address,
        user,
        database: options.default_connection_database.clone(),
        tls: Tls { mode, ca: options.ca.clone(), identity },
        compress: options.compress_protocol,
        cleartext_plugin: options.enable_cleartext_plugin,
        session: session_variables.iter().map(|(name, value)| set_session(name, value)).collect(),
    })
}

/// A value may end in the comment that mydumper leaves open in `SQL_MODE='…' /*!40101`.
fn set_session(name: &str, value: &str) -> String {
    format!("SET SESSION {name} = {}", value.split("/*!").next().unwrap_or(value).trim())
}

fn address(options: &ConnectionOptions) -> Result<Address, UsageError> {
    let host = options.host.as_deref();
    let local = host.is_none_or(|host| host == "localhost");
    let tcp = || {
        // As it was typed: a certificate may be for "localhost" and not for its address.
        Address::Tcp(host.unwrap_or("127.0.0.1").to_owned(), options.port.unwrap_or(USUAL_PORT))
    };
    match (options.protocol, &options.socket) {
        (Some(Protocol::Tcp), Some(_)) => Err(UsageError::new("--protocol=tcp and --socket exclude each other")),
        (Some(Protocol::Tcp), None) => Ok(tcp()),
        (_, Some(socket)) => Ok(Address::Socket(socket.clone())),
        (Some(Protocol::Socket), None) => Ok(Address::Socket(usual_socket().unwrap_or(USUAL_SOCKETS[0].into()))),
        // As the stock clients: localhost is the socket. A port that is given says otherwise.
        (None, None) if local && options.port.is_none() => Ok(usual_socket().map_or_else(tcp, Address::Socket)),
        (None, None) => Ok(tcp()),
    }
}

fn usual_socket() -> Option<PathBuf> {
    USUAL_SOCKETS.iter().map(PathBuf::from).find(|path| path.exists())
}

fn password(options: &ConnectionOptions, user: &str) -> Result<Option<String>, UsageError> {
    let handed_over = process_secrets::taken_over()
        .map_err(|error| UsageError::new(format!("the password of the command line was lost: {error}")))?;
    if handed_over.is_some() {
        return Ok(handed_over);
    }
    match options.password_source() {
        PasswordSource::Given(password) => Ok(Some(password.as_str().to_owned())),
        PasswordSource::Unsaid => Ok(std::env::var("MYSQL_PWD").ok()),
        PasswordSource::Prompt if !std::io::stderr().is_terminal() => {
            Err(UsageError::new("no terminal to ask for the password on: use a defaults file or MYSQL_PWD"))
        }
        PasswordSource::Prompt => rpassword::prompt_password(format!("Password of {user}: "))
            .map(Some)
            .map_err(|error| UsageError::new(format!("cannot read the password: {error}"))),
    }
}

/// The filters that both programs take.
///
/// # Errors
/// [`UsageError`] for a bad pattern or name, or a list that cannot be read.
pub fn filter(options: &FilterOptions, databases: Vec<String>) -> Result<Filter, UsageError> {
    let bad = |error: FilterError| UsageError::new(error.to_string());
    let omitted = match &options.omit_from_file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| UsageError::new(format!("cannot read --omit-from-file {}: {error}", path.display())))?,
        None => String::new(),
    };
    let tables = options.tables_list.iter().flat_map(|list| list.0.iter().map(String::as_str));
    Ok(Filter {
        databases,
        tables: Filter::names(tables).map_err(bad)?,
        omitted: Filter::names(omitted.lines()).map_err(bad)?,
        regex: options.regex.as_deref().map(|text| Pattern::compile("--regex", text)).transpose().map_err(bad)?,
    })
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
        assert!(on_main_thread.to_string().starts_with("a thread has panicked, see above: "));
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
