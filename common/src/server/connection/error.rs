//! What goes wrong with connections and statements.

use std::borrow::Cow;
use std::io;

use super::settings::Address;
use super::{advice, row_values, secrets};
use crate::process::exit::{Exit, Failure};
use crate::server::error_codes as code;

/// What went wrong with a connection or a statement.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No connection could be made.
    #[error("cannot connect to {address} as user '{user}': {cause}{}", self.advice())]
    Connect {
        /// Where to.
        address: Address,
        /// Which user.
        user: String,
        /// Why not.
        cause: Box<Cause>,
    },
    /// A statement failed.
    #[error("{cause}{}; statement: {statement}", self.advice())]
    Statement {
        /// Its beginning.
        statement: String,
        /// Why.
        cause: Box<Cause>,
    },
}

/// The cause of an [`ServerError`].
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The server refused.
    #[error("server error {code} ({state}): {message}")]
    Server {
        /// The server's error number.
        code: u16,
        /// SQLSTATE.
        state: String,
        /// The server's text.
        message: String,
    },
    /// The connection failed or the protocol was broken.
    #[error("{0}")]
    Connection(String),
    /// The data for LOAD DATA could not be read. The connection cannot be used any more.
    #[error("cannot read the data to send: {0}")]
    Data(io::Error),
    /// The server asked for a file of this machine, in answer to a statement that sends none.
    #[error(
        "the server asked for a file of this machine{} and was refused: only a LOAD DATA statement of the dump is sent data",
        if .0.is_empty() { String::new() } else { format!(", {:?}", .0) }
    )]
    FileWanted(String),
    /// The program is being stopped.
    #[error("stopped")]
    Stopped,
}

/// The server, or an administrator, ended the session; or the network did, as the server saw it.
const ENDS_SESSION: [u16; 12] = [
    code::SERVER_SHUTDOWN,
    code::NORMAL_SHUTDOWN,
    code::ABORTING_CONNECTION,
    code::CONNECTION_KILLED,
    code::SERVER_GONE,
    code::SESSION_KILLED,
    code::IDLE_TIMEOUT,
    code::NET_READ_ERROR,
    code::NET_READ_INTERRUPTED,
    code::NET_WRITE_ERROR,
    code::NET_WRITE_INTERRUPTED,
    code::OFFLINE_MODE,
];
/// The server has no connection left at the moment, for this user or for all.
const NO_CONNECTION_LEFT: [u16; 3] =
    [code::TOO_MANY_CONNECTIONS, code::TOO_MANY_USER_CONNECTIONS, code::USER_LIMIT_REACHED];
const READ_ONLY: [u16; 2] = [code::READ_ONLY_MODE, code::INNODB_READ_ONLY];
/// Not `TABLE_FULL`, which is also the limit of a table of the engine MEMORY.
const DISK_FULL: [u16; 3] = [code::DISK_FULL, code::TEMPORARY_FILE_WRITE_FAILURE, code::DISK_FULL_CREATING_TABLE];
/// On a database, at login, on a table, everywhere.
const PRIVILEGE_MISSING: [u16; 4] =
    [code::DATABASE_ACCESS_DENIED, code::ACCESS_DENIED, code::TABLE_ACCESS_DENIED, code::PRIVILEGE_NEEDED];
/// What the system says about a full disk, which the server quotes in several of its errors.
const NO_SPACE: &str = "No space left on device";

impl ServerError {
    pub(super) fn of_statement(statement: &[u8], cause: Cause) -> ServerError {
        let cause = match cause {
            Cause::Server { code, state, message } if secrets::may_hold(statement) => {
                Cause::Server { code, state, message: secrets::without_quotations(&message) }
            }
            cause => cause.without_values(row_values::handles(statement)),
        };
        ServerError::Statement { statement: excerpt(statement), cause: Box::new(cause) }
    }

    /// The failure of a query whose rows are being read; `statement` is an excerpt.
    pub(super) fn of_rows(statement: &str, cause: Cause) -> ServerError {
        ServerError::Statement { statement: statement.to_owned(), cause: Box::new(cause.without_values(true)) }
    }

    /// The server's error number, unless it says that the session has ended.
    pub fn server_code(&self) -> Option<u16> {
        match self.cause() {
            Cause::Server { code, .. } if !ENDS_SESSION.contains(code) => Some(*code),
            _ => None,
        }
    }

    /// Whether the server refused a statement for want of a privilege.
    pub fn is_denied(&self) -> bool {
        self.server_code().is_some_and(|code| PRIVILEGE_MISSING.contains(&code))
    }

    /// Whether a statement waited in vain for a lock.
    pub fn is_timeout(&self) -> bool {
        self.server_code() == Some(code::LOCK_WAIT_TIMEOUT)
    }

    /// Whether the connection could not be made or was lost: the server, or the way to it, may be back later.
    pub fn is_lost_connection(&self) -> bool {
        match (self, self.cause()) {
            (_, Cause::Stopped | Cause::Data(_) | Cause::FileWanted(_)) => false,
            (ServerError::Connect { .. }, _) | (_, Cause::Connection(_)) => true,
            (_, Cause::Server { code, .. }) => ENDS_SESSION.contains(code),
        }
    }

    /// The error of the data for LOAD DATA.
    ///
    /// # Errors
    /// This error, if it has another cause.
    pub fn into_data(self) -> Result<io::Error, ServerError> {
        match self {
            ServerError::Statement { statement, cause } => match *cause {
                Cause::Data(error) => Ok(error),
                cause => Err(ServerError::Statement { statement, cause: Box::new(cause) }),
            },
            error @ ServerError::Connect { .. } => Err(error),
        }
    }

    /// Whether connecting again may succeed later.
    pub fn may_pass(&self) -> bool {
        match (self, self.cause()) {
            (ServerError::Connect { .. }, Cause::Server { code, .. }) => {
                ENDS_SESSION.contains(code) || NO_CONNECTION_LEFT.contains(code)
            }
            _ => self.is_lost_connection(),
        }
    }

    /// Whether the server accepts no changes at all at the moment: it is read-only, or its disk is full.
    pub fn takes_nothing(&self) -> bool {
        self.is_read_only() || self.is_disk_full()
    }

    /// Whether the same statement may succeed later, when the server's disk, a variable or the locks of others have changed.
    pub fn may_pass_later(&self) -> bool {
        const CODES: [u16; 4] = [code::TABLE_FULL, code::PACKET_TOO_LARGE, code::LOCK_WAIT_TIMEOUT, code::DEADLOCK];
        self.takes_nothing() || self.server_code().is_some_and(|code| CODES.contains(&code))
    }

    fn is_read_only(&self) -> bool {
        match self.cause() {
            Cause::Server { code: code::OPTION_FORBIDS, message, .. } => message.contains("read-only"),
            Cause::Server { code, .. } => READ_ONLY.contains(code),
            _ => false,
        }
    }

    fn is_disk_full(&self) -> bool {
        match self.cause() {
            Cause::Server { code, message, .. } => DISK_FULL.contains(code) || message.contains(NO_SPACE),
            _ => false,
        }
    }

    /// The cause, whatever was tried.
    pub fn cause(&self) -> &Cause {
        match self {
            ServerError::Connect { cause, .. } | ServerError::Statement { cause, .. } => cause,
        }
    }

    /// Whether the program's stop was the cause, and not the server.
    pub fn is_stop(&self) -> bool {
        matches!(self.cause(), Cause::Stopped)
    }

    /// The message without the statement, for where the statement adds nothing.
    pub fn without_statement(&self) -> String {
        format!("{}{}", self.cause(), self.advice())
    }

    /// What a user can do about it, in parentheses; empty if nothing is known.
    fn advice(&self) -> String {
        let advice = match (self, self.cause()) {
            (ServerError::Statement { .. }, Cause::Server { code, .. }) if ENDS_SESSION.contains(code) => {
                Some("the server ended the session: it was killed or idle for too long, or the server is shutting down")
            }
            _ if self.is_read_only() => Some(
                "the server is read-only: SET GLOBAL read_only=0, on MySQL super_read_only=0; if it is a replica, restore into \
                 its source",
            ),
            _ if self.is_disk_full() => Some("free space on the server's disk, or on that of its tmpdir"),
            (_, Cause::Server { code, .. }) => advice::on_code(*code),
            (ServerError::Connect { .. }, Cause::Connection(_)) => {
                Some("check that the server runs, and --host, --port, --socket and --ssl-mode")
            }
            (ServerError::Statement { .. }, Cause::Connection(_)) => {
                Some("check the server's error log: it may have crashed, restarted or closed the connection")
            }
            _ => None,
        };
        advice.map(|text| format!(" ({text})")).unwrap_or_default()
    }
}

impl Cause {
    /// Without values of rows in the server's text, which is logged whole for those who ask for information.
    fn without_values(self, has_values: bool) -> Cause {
        let Cause::Server { code, state, message } = self else { return self };
        match row_values::hidden(code, &message, has_values) {
            Cow::Borrowed(_) => Cause::Server { code, state, message },
            Cow::Owned(_) if message.contains(NO_SPACE) => Cause::Server { code, state, message },
            Cow::Owned(hidden) => {
                tracing::info!("the server's whole text, which may hold values of rows: {code} ({state}): {message}");
                Cause::Server { code, state, message: hidden }
            }
        }
    }
}

impl Failure for ServerError {
    fn exit(&self) -> Exit {
        match self.cause() {
            _ if self.is_lost_connection() => Exit::Connection,
            Cause::Data(error) => Exit::of_reading(error),
            Cause::Stopped | Cause::FileWanted(_) => Exit::Failed,
            Cause::Server { .. } | Cause::Connection(_) => Exit::Server,
        }
    }
}

/// The beginning of a statement, on one line and without values of rows, for messages. Statements that may hold a
/// password are not shown.
pub fn excerpt(statement: &[u8]) -> String {
    const LENGTH: usize = 120;
    if secrets::may_hold(statement) {
        return secrets::NOT_SHOWN.to_owned();
    }
    let values = row_values::start(statement);
    let shown = &statement[..values.unwrap_or(statement.len())];
    let mut line = first_line(shown, LENGTH);
    if values.is_some() && !line.ends_with('…') {
        line.push('…');
    }
    line
}

fn first_line(statement: &[u8], length: usize) -> String {
    let text = String::from_utf8_lossy(&statement[..statement.len().min(4 * length)]).into_owned();
    let mut line: String =
        text.chars().take(length).map(|character| if character.is_control() { ' ' } else { character }).collect();
    if text.chars().nth(length).is_some() || statement.len() > 4 * length {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_and_keeps_secrets() {
        assert_eq!(excerpt(b"INSERT INTO t\nVALUES(1)"), "INSERT INTO t VALUES…");
        assert_eq!(excerpt(&[b'x'; 1000]), format!("{}…", "x".repeat(120)));
        assert_eq!(excerpt(b"CREATE USER a IDENTIFIED BY 'secret'"), "(not shown: it may hold a password)");
        let syntax =
            Cause::Server { code: 1064, state: "42000".into(), message: "error near 'secret' at line 1".into() };
        assert_eq!(
            ServerError::of_statement(b"ALTER USER a IDENTIFIED BY 'secret'", syntax).to_string(),
            "server error 1064 (42000): error near (not shown: it may hold a password); statement: (not shown: it may \
             hold a password)"
        );
    }

    fn refused(code: u16, message: &str) -> ServerError {
        let cause = Cause::Server { code, state: "HY000".into(), message: message.into() };
        ServerError::Statement { statement: "CREATE TABLE t(a INT)".into(), cause: Box::new(cause) }
    }

    #[test]
    fn a_server_that_accepts_no_changes_is_told_from_one_that_rejects_a_statement() {
        let option =
            |name| format!("The MySQL server is running with the {name} option so it cannot execute this statement");
        for (code, message, takes_nothing, may_pass_later) in [
            (1290, &*option("--read-only"), true, true),
            (1290, &option("--super-read-only"), true, true),
            (1290, &option("--skip-grant-tables"), false, false),
            (1836, "Running in read-only mode", true, true),
            (1030, "Got error 28 \"No space left on device\" from storage engine InnoDB", true, true),
            (1030, "Got error 168 - 'Unknown (generic) error from engine' from storage engine", false, false),
            (1878, "Temporary file write failure", true, true),
            (1114, "The table 't' is full", false, true),
            (1153, "Got a packet bigger than 'max_allowed_packet' bytes", false, true),
            (1062, "Duplicate entry '1' for key 'PRIMARY'", false, false),
        ] {
            let error = refused(code, message);
            assert_eq!((error.takes_nothing(), error.may_pass_later()), (takes_nothing, may_pass_later), "{error}");
        }
    }

    #[test]
    fn a_failed_statement_names_the_server_s_code_and_text() {
        let error = ServerError::Statement {
            statement: "CREATE TABLE t(a INT)".into(),
            cause: Box::new(Cause::Server {
                code: 1050,
                state: "42S01".into(),
                message: "Table 't' already exists".into(),
            }),
        };
        assert_eq!(
            error.to_string(),
            "server error 1050 (42S01): Table 't' already exists (choose with --drop-table what to do with tables \
             that exist); statement: CREATE TABLE t(a INT)"
        );
    }
}
