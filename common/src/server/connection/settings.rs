//! Where and how to connect.

use std::fmt;
use std::path::PathBuf;

use super::tls_choice::TlsChoice;

/// Where and how to connect.
#[derive(Clone)]
pub struct Settings {
    /// Unix socket or TCP.
    pub address: Address,
    /// User name.
    pub user: String,
    /// Password, if any.
    pub password: Option<String>,
    /// Database that sessions start in.
    pub database: String,
    /// TLS.
    pub tls: Tls,
    /// Compress the protocol.
    pub compress: bool,
    /// Whether the password may be sent in clear text when the server asks for that (LDAP, PAM).
    pub cleartext_plugin: bool,
    /// Statements for each new session, `SET SESSION …`, in order.
    pub session: Vec<String>,
}

/// A server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Path of a Unix socket.
    Socket(PathBuf),
    /// Host name or address, and port.
    Tcp(String, u16),
}

/// What TLS has to prove, in the words of `--ssl-mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, clap::ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SslMode {
    /// No TLS.
    Disabled,
    /// TLS when the server has it, else none.
    #[default]
    Preferred,
    /// TLS, with any certificate.
    Required,
    /// TLS with a certificate of a trusted authority.
    VerifyCa,
    /// TLS with a certificate of a trusted authority for this host.
    VerifyIdentity,
}

/// TLS settings.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// `--ssl-mode`.
    pub mode: SslMode,
    /// `--ca` and `--capath`: PEM files of trusted authorities; none means those that everybody trusts.
    pub ca: Vec<PathBuf>,
    /// `--cert` and `--key`: the client's own certificate.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// `--tls-version` and `--cipher`.
    pub choice: TlsChoice,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Socket(path) => write!(f, "socket {}", path.display()),
            Address::Tcp(host, port) => write!(f, "{host}:{port}"),
        }
    }
}
