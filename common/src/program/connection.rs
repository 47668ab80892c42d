//! How to connect, from the options.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use crate::options::{ConnectionOptions, PasswordSource, Protocol, UsageError};
use crate::process::process_secrets;
use crate::process::stop::Stop;
use crate::program::prompt;
use crate::server::connection::{Address, Settings, SslMode, Tls, TlsChoice, has_certificate};
use crate::server::global_variables::Conditional;

/// The session variable that ends every SELECT after some rows.
const LEAVES_ROWS_OUT: &str = "sql_select_limit";

/// Where servers put their socket by default.
const USUAL_SOCKETS: [&str; 4] =
    ["/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];
const USUAL_PORT: u16 = 3306;

/// How to connect, from the options and the environment. May prompt for a password on the terminal.
///
/// # Errors
/// [`UsageError`] if options contradict each other, or there is no terminal for the prompt.
pub fn connection_settings(
    options: &ConnectionOptions,
    session_variables: &[(String, String)],
    stop: &Stop,
) -> Result<Settings, UsageError> {
    if let Some((name, _)) = session_variables.iter().find(|(name, _)| name.eq_ignore_ascii_case(LEAVES_ROWS_OUT)) {
        return Err(UsageError::new(format!("session variable {name}: the server would leave rows out: remove it")));
    }
    let user = options.user.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "root".to_owned());
    let identity = match (&options.cert, &options.key) {
        (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
        (None, None) => None,
        _ => return Err(UsageError::new("--cert and --key belong together: give both")),
    };
    let address = address(options)?;
    let verifies = options.capath.is_some() && matches!(address, Address::Tcp(..));
    let mode = match options.ssl_mode {
        Some(mode) => mode,
        None if verifies => SslMode::VerifyCa,
        None if options.ssl => SslMode::Required,
        None => SslMode::Preferred,
    };
    for file in [&options.ca, &options.cert, &options.key].into_iter().flatten() {
        if let Err(error) = std::fs::metadata(file) {
            return Err(UsageError::new(format!("cannot read {}: {error}", file.display())));
        }
    }
    if matches!(address, Address::Socket(_)) && mode > SslMode::Preferred {
        return Err(UsageError::new(
            "a Unix socket is not encrypted: use --host and --protocol=tcp for TLS, or leave out --ssl-mode",
        ));
    }
    Ok(Settings {
        password: password(options, &user, stop)?,
        address,
        user,
        database: options.default_connection_database.clone(),
        tls: Tls {
            mode,
            ca: authorities(options)?,
            identity,
            choice: TlsChoice::parse(options.tls_version.as_deref(), options.cipher.as_deref())
                .map_err(|error| UsageError::new(error.to_string()))?,
        },
        compress: options.compress_protocol,
        cleartext_plugin: options.enable_cleartext_plugin,
        session: session_variables.iter().map(|(name, value)| set_session(name, value)).collect(),
    })
}

/// The files with trusted authorities.
fn authorities(options: &ConnectionOptions) -> Result<Vec<PathBuf>, UsageError> {
    let mut files: Vec<PathBuf> = options.ca.iter().cloned().collect();
    if let Some(directory) = &options.capath {
        let found = certificates_in(directory)
            .map_err(|error| UsageError::new(format!("cannot read {}: {error}", directory.display())))?;
        if found.is_empty() {
            return Err(UsageError::new(format!(
                "--capath: no file in {} has a certificate in PEM format",
                directory.display()
            )));
        }
        files.extend(found);
    }
    Ok(files)
}

/// Files with certificates, each once: others may be links to them, by the hashes of OpenSSL.
fn certificates_in(directory: &Path) -> std::io::Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        // A link may lead to nowhere.
        if let Some(path) = std::fs::canonicalize(path).ok().filter(|path| path.is_file() && has_certificate(path)) {
            files.insert(path);
        }
    }
    Ok(files)
}

/// A value may end in a comment that mydumper leaves open, so that only some servers take it: `SQL_MODE='…' /*!40101`.
fn set_session(name: &str, value: &str) -> String {
    let Conditional { value, version } = Conditional::parse(value);
    match version {
        Some(version) => format!("/*!{version} SET SESSION {name} = {value} */"),
        None => format!("SET SESSION {name} = {value}"),
    }
}

fn address(options: &ConnectionOptions) -> Result<Address, UsageError> {
    let host = options.host.as_deref();
    let local = host.is_none_or(|host| host == "localhost");
    let tcp = || {
        // The name as it was typed, since certificates may be for "localhost" and not for its address.
        Address::Tcp(host.unwrap_or("127.0.0.1").to_owned(), options.port.unwrap_or(USUAL_PORT))
    };
    match (options.protocol, &options.socket) {
        (Some(Protocol::Tcp), Some(_)) => Err(UsageError::new("--protocol=tcp and --socket exclude each other")),
        (Some(Protocol::Tcp), None) => Ok(tcp()),
        (_, Some(socket)) => Ok(Address::Socket(socket.clone())),
        (Some(Protocol::Socket), None) => Ok(Address::Socket(usual_socket().unwrap_or(USUAL_SOCKETS[0].into()))),
        // As in the stock clients, localhost means the socket. A port means TCP.
        (None, None) if local && options.port.is_none() => Ok(usual_socket().map_or_else(tcp, Address::Socket)),
        (None, None) => Ok(tcp()),
    }
}

fn usual_socket() -> Option<PathBuf> {
    USUAL_SOCKETS.iter().map(PathBuf::from).find(|path| path.exists())
}

fn password(options: &ConnectionOptions, user: &str, stop: &Stop) -> Result<Option<String>, UsageError> {
    let handed_over = process_secrets::taken_over().map_err(|error| {
        UsageError::new(format!("cannot read the password that was given on the command line: {error}"))
    })?;
    if handed_over.is_some() {
        return Ok(handed_over);
    }
    match options.password_source() {
        PasswordSource::Given(password) => Ok(Some(password.as_str().to_owned())),
        PasswordSource::Unsaid => Ok(std::env::var("MYSQL_PWD").ok()),
        PasswordSource::Prompt if !std::io::stderr().is_terminal() => {
            Err(UsageError::new("no terminal to prompt for the password: use a defaults file or MYSQL_PWD"))
        }
        PasswordSource::Prompt => prompt::password(&format!("Password of {user}: "), stop)
            .map(Some)
            .map_err(|error| UsageError::new(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_may_be_for_some_versions_only() {
        assert_eq!(set_session("a", "'x /*' "), "SET SESSION a = 'x /*'");
        assert_eq!(set_session("a", "1 /*!80030"), "/*!80030 SET SESSION a = 1 */");
        assert_eq!(set_session("a", "1 /*!80030 */"), "/*!80030 SET SESSION a = 1 */");
        assert_eq!(set_session("a", "'/*!x'"), "SET SESSION a = '/*!x'");
    }
}
