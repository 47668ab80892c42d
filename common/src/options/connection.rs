//! How to reach the server: the options that both programs share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::server::connection::SslMode;

use super::password::Password;
use super::values::{Keyword, port};

/// Where the server is, who connects, and how the connection is protected.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of options describes each field")]
pub struct ConnectionOptions {
    #[arg(long)]
    pub host: Option<String>,
    #[arg(long)]
    pub user: Option<String>,
    #[arg(long, overrides_with = "ask_password")]
    pub password: Option<Option<Password>>,
    #[arg(long, overrides_with = "password")]
    pub ask_password: bool,
    #[arg(long, value_parser = port)]
    pub port: Option<u16>,
    #[arg(long)]
    pub socket: Option<PathBuf>,
    #[arg(long, value_parser = Keyword::<Protocol>::new())]
    pub protocol: Option<Protocol>,
    #[arg(long)]
    pub compress_protocol: bool,
    #[arg(long)]
    pub ssl: bool,
    #[arg(long, value_parser = Keyword::<SslMode>::new())]
    pub ssl_mode: Option<SslMode>,
    #[arg(long)]
    pub key: Option<PathBuf>,
    #[arg(long)]
    pub cert: Option<PathBuf>,
    #[arg(long)]
    pub ca: Option<PathBuf>,
    #[arg(long)]
    pub capath: Option<PathBuf>,
    #[arg(long)]
    pub cipher: Option<String>,
    #[arg(long)]
    pub tls_version: Option<String>,
    #[arg(long)]
    pub enable_cleartext_plugin: bool,
    #[arg(long)]
    pub default_connection_database: String,
    #[arg(long)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Protocol {
    /// TCP, also when the host is `localhost`.
    Tcp,
    /// The Unix socket.
    Socket,
}
