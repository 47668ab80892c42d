//! How to reach the server: the options that both programs share.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::server::connection::SslMode;

use super::password::Password;
use super::values::{BadValue, choose};

/// Where the server is, who connects, and how the connection is protected.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Connection options")]
pub struct ConnectionOptions {
    /// Host of the server
    #[arg(short = 'h', long, value_name = "HOST")]
    pub host: Option<String>,

    /// User to log in as
    #[arg(short = 'u', long, value_name = "USER")]
    pub user: Option<String>,

    /// Password; without a value it is asked for
    #[arg(short = 'p', long, value_name = "PASSWORD", overrides_with = "ask_password")]
    pub password: Option<Option<Password>>,

    /// Ask for the password
    #[arg(short = 'a', long, overrides_with = "password")]
    pub ask_password: bool,

    /// TCP port of the server
    #[arg(short = 'P', long, value_name = "PORT", value_parser = super::values::port)]
    pub port: Option<u16>,

    /// Unix socket of the server
    #[arg(short = 'S', long, value_name = "PATH")]
    pub socket: Option<PathBuf>,

    /// How to connect: TCP or SOCKET
    #[arg(long, value_name = "PROTOCOL")]
    pub protocol: Option<Protocol>,

    /// Compress what goes over the connection
    #[arg(short = 'C', long)]
    pub compress_protocol: bool,

    /// Encrypt the connection; the same as --ssl-mode=REQUIRED
    #[arg(long)]
    pub ssl: bool,

    /// DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY
    #[arg(long, value_name = "MODE")]
    pub ssl_mode: Option<SslMode>,

    /// Private key of the client, a PEM file
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Certificate of the client, a PEM file
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,

    /// Certificates of the authorities to trust, a PEM file
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// Allow the authentication plugin that sends the password as it is
    #[arg(long)]
    pub enable_cleartext_plugin: bool,

    /// Database that the connections start in
    #[arg(long, value_name = "DB", default_value = "INFORMATION_SCHEMA")]
    pub default_connection_database: String,

    /// Take the server for this product and version, such as mysql-8.0.36 or mariadb-10.11.6
    #[arg(long, value_name = "PRODUCT-VERSION")]
    pub server_version: Option<String>,
}

/// Where the password comes from, as far as the options say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordSource<'a> {
    /// The options say nothing: the environment (`MYSQL_PWD`), or an empty password.
    Unsaid,
    /// `-p` or `--password` without a value, or `--ask-password`: to be read from the terminal.
    Prompt,
    /// Given with `--password=` or in a defaults file; it may be empty.
    Given(&'a Password),
}

impl ConnectionOptions {
    /// What `--password` and `--ask-password` say together; the later of the two has won already.
    pub fn password_source(&self) -> PasswordSource<'_> {
        match &self.password {
            _ if self.ask_password => PasswordSource::Prompt,
            None => PasswordSource::Unsaid,
            Some(None) => PasswordSource::Prompt,
            Some(Some(password)) => PasswordSource::Given(password),
        }
    }
}

/// `--protocol`: the ways to a server that exist on Unix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP, also when the host is `localhost`.
    Tcp,
    /// The Unix socket.
    Socket,
}

impl FromStr for Protocol {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        choose(text, &[("TCP", Self::Tcp), ("SOCKET", Self::Socket)])
    }
}

impl FromStr for SslMode {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        choose(
            text,
            &[
                ("DISABLED", Self::Disabled),
                ("PREFERRED", Self::Preferred),
                ("REQUIRED", Self::Required),
                ("VERIFY_CA", Self::VerifyCa),
                ("VERIFY_IDENTITY", Self::VerifyIdentity),
            ],
        )
    }
}
