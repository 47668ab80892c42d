//! A server's product, version and provider, and what follows from them: statements and settings.

pub mod connection;
pub mod error_codes;
pub mod global_variables;
pub mod grants;
pub mod sessions;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::server::connection::{Connection, ServerError};

/// The two products, whose SQL differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// MySQL and what is built on it: Percona Server, Aurora MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
}

impl Product {
    /// The product's own name.
    pub fn name(self) -> &'static str {
        match self {
            Product::MySql => "MySQL",
            Product::MariaDb => "MariaDB",
        }
    }
}

/// Who made or runs the server, where that changes what users may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavour {
    /// The product as its maker ships it.
    #[default]
    Plain,
    /// Percona Server.
    Percona,
    /// Amazon Aurora.
    Aurora,
    /// Amazon RDS.
    Rds,
    /// Google Cloud SQL.
    Google,
}

/// A server's product and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    /// The product.
    pub product: Product,
    /// Major, minor and patch.
    pub version: (u16, u16, u16),
    /// The flavour.
    pub flavour: Flavour,
    /// Whether names of databases and tables that differ only in case are the same (`lower_case_table_names` is not 0).
    pub folds_names: bool,
}

impl Server {
    /// Asks the server. `given` (`--server-version`) replaces the detected product and version.
    ///
    /// # Errors
    /// If a query fails.
    pub fn detect(connection: &mut Connection, given: Option<Server>) -> Result<Server, ServerError> {
        let row = connection.query_first("SELECT @@version, @@version_comment, @@lower_case_table_names")?;
        let (version, comment, case) = row.map(|row| (row.text(0), row.text(1), row.text(2))).unwrap_or_default();
        let mut server = Server { folds_names: case != "0", ..Server::from_version(&version, &comment) };
        // Only the managed services have variables of these names.
        for row in connection.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('aurora_version', 'basedir')")? {
            match (row.text(0).as_str(), row.text(1)) {
                ("aurora_version", _) => server.flavour = Flavour::Aurora,
                ("basedir", path) if path.starts_with("/rdsdbbin") && server.flavour != Flavour::Aurora => {
                    server.flavour = Flavour::Rds;
                }
                _ => {}
            }
        }
        Ok(match given {
            Some(given) => Server { flavour: server.flavour, folds_names: server.folds_names, ..given },
            None => server,
        })
    }

    /// From `@@version` and `@@version_comment`.
    fn from_version(version: &str, comment: &str) -> Server {
        let maria =
            version.to_ascii_lowercase().contains("mariadb") || comment.to_ascii_lowercase().contains("mariadb");
        // MariaDB before 11 puts 5.5.5- in front, for replicas that would not accept 10.
        let digits = version.strip_prefix("5.5.5-").filter(|_| maria).unwrap_or(version);
        Server {
            product: if maria { Product::MariaDb } else { Product::MySql },
            version: parse_version(digits),
            flavour: match comment.to_ascii_lowercase() {
                comment if comment.contains("percona") => Flavour::Percona,
                comment if comment.contains("google") || version.contains("-google") => Flavour::Google,
                _ => Flavour::Plain,
            },
            folds_names: false,
        }
    }

    /// The name of a database or table, in lower case if the server ignores its case.
    pub fn folded<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if self.folds_names { Cow::Owned(name.to_lowercase()) } else { Cow::Borrowed(name) }
    }

    /// As [`Server::folded`], of an owned name.
    pub fn fold(&self, name: String) -> String {
        if self.folds_names { name.to_lowercase() } else { name }
    }

    /// Whether it is MariaDB.
    pub fn is_mariadb(&self) -> bool {
        self.product == Product::MariaDb
    }

    /// Whether it is MySQL of at least this version.
    pub fn is_mysql_since(&self, major: u16, minor: u16, patch: u16) -> bool {
        self.product == Product::MySql && self.version >= (major, minor, patch)
    }

    /// Whether it is MariaDB of at least this version.
    pub fn is_mariadb_since(&self, major: u16, minor: u16, patch: u16) -> bool {
        self.product == Product::MariaDb && self.version >= (major, minor, patch)
    }

    /// The product and version as `--server-version` takes them.
    pub fn key(&self) -> String {
        let product = match (self.product, self.flavour) {
            (Product::MariaDb, _) => "mariadb",
            (Product::MySql, Flavour::Percona) => "percona",
            (Product::MySql, _) => "mysql",
        };
        let (major, minor, patch) = self.version;
        format!("{product}-{major}.{minor}.{patch}")
    }

    /// The statement that shows the binary log's coordinates. MySQL has SHOW BINARY LOG STATUS since 8.2, and had SHOW
    /// MASTER STATUS until 8.3.
    pub fn show_binary_log_status(&self) -> &'static str {
        if self.is_mysql_since(8, 2, 0) { "SHOW BINARY LOG STATUS" } else { "SHOW MASTER STATUS" }
    }

    /// Whether columns of this type (as in information_schema) reject binary strings: JSON on MySQL, UUID and INET on
    /// MariaDB.
    pub fn takes_only_text(&self, data_type: &str) -> bool {
        match data_type {
            "json" => !self.is_mariadb(),
            "uuid" | "inet4" | "inet6" => true,
            _ => false,
        }
    }

    /// The setting of a session that reads rows, to dump them or to compare them with a dump: a mode may change how CHAR
    /// values are padded. Without ALLOW_INVALID_DATES, conditions do not find invalid dates, and a CSV table with one
    /// counts as crashed.
    pub const READING_SESSION: &str = "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'";

    /// Settings for a session that works for a long time and may wait for a slow pipe: no time limit of statements or idle
    /// sessions.
    pub fn long_session(&self) -> Vec<&'static str> {
        let mut settings =
            vec!["SET SESSION wait_timeout=2147483, net_write_timeout=2147483, net_read_timeout=2147483"];
        if self.is_mysql_since(5, 7, 8) {
            settings.push("SET SESSION max_execution_time=0");
        }
        if self.is_mariadb_since(10, 1, 1) {
            settings.push("SET SESSION max_statement_time=0");
        }
        if self.is_mariadb_since(10, 3, 0) {
            settings.push(
                "SET SESSION idle_transaction_timeout=0, idle_readonly_transaction_timeout=0, \
                 idle_write_transaction_timeout=0",
            );
        }
        settings
    }
}

/// Whether a column is generated, by its EXTRA in information_schema.COLUMNS in upper case.
pub fn is_generated(extra: &str) -> bool {
    // DEFAULT_GENERATED means that the default is an expression.
    extra.contains(" GENERATED") || extra == "VIRTUAL" || extra == "PERSISTENT"
}

/// Whether a generated column's values are stored, by the same text.
pub fn is_stored(extra: &str) -> bool {
    extra.contains("STORED GENERATED") || extra == "PERSISTENT"
}

/// `8.0.36-28-log` is (8, 0, 36).
fn parse_version(text: &str) -> (u16, u16, u16) {
    let digits = text.split(|character: char| !character.is_ascii_digit() && character != '.').next().unwrap_or("");
    let mut parts = digits.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let product = match (self.product, self.flavour) {
            (Product::MariaDb, Flavour::Rds) => "MariaDB on RDS",
            (Product::MariaDb, _) => "MariaDB",
            (Product::MySql, Flavour::Google) => "MySQL on Google Cloud SQL",
            (Product::MySql, Flavour::Plain) => "MySQL",
            (Product::MySql, Flavour::Percona) => "Percona Server",
            (Product::MySql, Flavour::Aurora) => "Aurora MySQL",
            (Product::MySql, Flavour::Rds) => "MySQL on RDS",
        };
        let (major, minor, patch) = self.version;
        write!(f, "{product} {major}.{minor}.{patch}")
    }
}

/// A text for `--server-version` that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a server version: use the form of mysql-8.0.36 or mariadb-10.11.6")]
pub struct BadServerVersion(String);

impl FromStr for Server {
    type Err = BadServerVersion;

    fn from_str(text: &str) -> Result<Server, BadServerVersion> {
        let bad = || BadServerVersion(text.to_owned());
        let lower = text.to_ascii_lowercase();
        let (name, version) = lower.split_once('-').ok_or_else(bad)?;
        let (product, flavour) = match name {
            "mysql" => (Product::MySql, Flavour::Plain),
            "percona" => (Product::MySql, Flavour::Percona),
            "mariadb" => (Product::MariaDb, Flavour::Plain),
            _ => return Err(bad()),
        };
        match parse_version(version) {
            (0, ..) => Err(bad()),
            version => Ok(Server { product, version, flavour, folds_names: false }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_servers_report() {
        for (version, comment, expected) in [
            ("10.11.19-MariaDB-0+deb12u1-log", "Debian 12", "MariaDB 10.11.19"),
            ("5.5.5-10.6.16-MariaDB", "MariaDB Server", "MariaDB 10.6.16"),
            ("9.7.4-2", "(Debian)", "MySQL 9.7.4"),
            ("8.0.36-28", "Percona Server (GPL), Release 28", "Percona Server 8.0.36"),
            ("5.7.44-log", "MySQL Community Server (GPL)", "MySQL 5.7.44"),
            ("8.0.31-google", "(Google)", "MySQL on Google Cloud SQL 8.0.31"),
        ] {
            assert_eq!(Server::from_version(version, comment).to_string(), expected);
        }
    }

    #[test]
    fn statements_follow_the_version() {
        let status = |text: &str| text.parse::<Server>().unwrap().show_binary_log_status();
        assert_eq!(status("mysql-9.7.0"), "SHOW BINARY LOG STATUS");
        assert_eq!(status("mysql-8.0.36"), "SHOW MASTER STATUS");
        assert_eq!(status("mariadb-10.11.6"), "SHOW MASTER STATUS");
        assert_eq!(
            "oracle-1".parse::<Server>().unwrap_err().to_string(),
            "\"oracle-1\" is not a server version: use the form of mysql-8.0.36 or mariadb-10.11.6"
        );
    }
}
