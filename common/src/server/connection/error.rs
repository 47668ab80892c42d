//! What goes wrong with servers, and what to do about it.

use std::io;

use super::secrets;
use super::settings::Address;
use crate::process::exit::{Exit, Failure};

/// What a server says when it ends a connection: shutdown, a session that was killed (MariaDB, MySQL), idle for too
/// long, the network, only some users let in.
const ENDS_CONNECTION: [u16; 12] = [1053, 1077, 1152, 1927, 2006, 3169, 4031, 1158, 1159, 1160, 1161, 3032];

/// What went wrong with a connection or a statement.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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

/// The cause of an [`Error`].
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The server said no.
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
    /// What LOAD DATA was to send could not be read; the connection is of no further use.
    #[error("cannot read the data to send: {0}")]
    Data(io::Error),
    /// The server asked for a file of this machine, in answer to a statement that sends none.
    #[error(
        "the server asked for a file of this machine{}, which it does not get: only rows of a dump are sent, to the LOAD \
         DATA statement beside them", if .0.is_empty() { String::new() } else { format!(", {:?}", .0) }
    )]
    FileWanted(String),
    /// The program is being stopped.
    #[error("stopped")]
    Stopped,
}

/// The server takes no more connections, of this user or of all, at this time.
const NO_CONNECTION_LEFT: [u16; 3] = [1040, 1203, 1226];

/// InnoDB, or all of the server, takes no changes.
const READ_ONLY_MODE: [u16; 2] = [1836, 1874];
/// An option forbids the statement: read_only and super_read_only are among them, as the text says.
const OPTION_FORBIDS: u16 = 1290;
/// No room for a file, a temporary one, a table that is made.
const DISK_FULL: [u16; 3] = [1021, 1878, 3675];
/// The same of rows, but also the limit of a table of the engine MEMORY.
const TABLE_FULL: u16 = 1114;
/// `max_allowed_packet`.
pub const PACKET_TOO_LARGE: u16 = 1153;
/// lock_wait_timeout or innodb_lock_wait_timeout is over.
const LOCK_WAIT_TIMEOUT: u16 = 1205;
const LOCKED_BY_OTHERS: [u16; 2] = [LOCK_WAIT_TIMEOUT, 1213];
/// On a database, at login, on a table, everywhere.
const PRIVILEGE_MISSING: [u16; 4] = [1044, 1045, 1142, 1227];
/// How many errors begin that are the system's.
const NO_SPACE: &str = "No space left on device";

impl Error {
    /// What went wrong with this statement.
    pub(super) fn of_statement(statement: &[u8], cause: Cause) -> Error {
        let cause = match cause {
            Cause::Server { code, state, message } if secrets::may_hold(statement) => {
                Cause::Server { code, state, message: secrets::without_quotations(&message) }
            }
            cause => cause,
        };
        Error::Statement { statement: excerpt(statement), cause: Box::new(cause) }
    }

    /// The server's error number, if the server refused what it was asked for. The end of the session is no refusal.
    pub fn server_code(&self) -> Option<u16> {
        match self.cause() {
            Cause::Server { code, .. } if !ENDS_CONNECTION.contains(code) => Some(*code),
            _ => None,
        }
    }

    /// Whether the server refused a statement for want of a privilege.
    pub fn is_denied(&self) -> bool {
        self.server_code().is_some_and(|code| PRIVILEGE_MISSING.contains(&code))
    }

    /// Whether a statement waited in vain for a lock.
    pub fn is_timeout(&self) -> bool {
        self.server_code() == Some(LOCK_WAIT_TIMEOUT)
    }

    /// Whether no connection was made, or there is none any more: the server, or the way to it, may be back later.
    pub fn is_lost_connection(&self) -> bool {
        match (self, self.cause()) {
            (_, Cause::Stopped | Cause::Data(_) | Cause::FileWanted(_)) => false,
            (Error::Connect { .. }, _) | (_, Cause::Connection(_)) => true,
            (_, Cause::Server { code, .. }) => ENDS_CONNECTION.contains(code),
        }
    }

    /// What went wrong with the data of LOAD DATA, if that is the cause, and not the server.
    ///
    /// # Errors
    /// This error, if it is another.
    pub fn into_data(self) -> Result<io::Error, Error> {
        match self {
            Error::Statement { statement, cause } => match *cause {
                Cause::Data(error) => Ok(error),
                cause => Err(Error::Statement { statement, cause: Box::new(cause) }),
            },
            error @ Error::Connect { .. } => Err(error),
        }
    }

    /// Whether another connection may come to be later, which this says of one that could not be made.
    pub fn may_pass(&self) -> bool {
        match (self, self.cause()) {
            (Error::Connect { .. }, Cause::Server { code, .. }) => {
                ENDS_CONNECTION.contains(code) || NO_CONNECTION_LEFT.contains(code)
            }
            _ => self.is_lost_connection(),
        }
    }

    /// Whether the server takes nothing at this time, whatever it is: it is read-only, or its disk is full.
    pub fn takes_nothing(&self) -> bool {
        self.is_read_only() || self.is_disk_full()
    }

    /// Whether the same may succeed when something has changed on the server that is not the object's: its disk, a variable,
    /// locks of others.
    pub fn may_pass_later(&self) -> bool {
        let codes = [TABLE_FULL, PACKET_TOO_LARGE].into_iter().chain(LOCKED_BY_OTHERS);
        self.takes_nothing() || self.server_code().is_some_and(|code| codes.into_iter().any(|other| other == code))
    }

    fn is_read_only(&self) -> bool {
        match self.cause() {
            Cause::Server { code: OPTION_FORBIDS, message, .. } => message.contains("read-only"),
            Cause::Server { code, .. } => READ_ONLY_MODE.contains(code),
            _ => false,
        }
    }

    fn is_disk_full(&self) -> bool {
        match self.cause() {
            Cause::Server { code, message, .. } => DISK_FULL.contains(code) || message.contains(NO_SPACE),
            _ => false,
        }
    }

    /// The cause alone.
    pub fn cause(&self) -> &Cause {
        match self {
            Error::Connect { cause, .. } | Error::Statement { cause, .. } => cause,
        }
    }

    /// Whether the program's stop was the cause, and not the server.
    pub fn is_stop(&self) -> bool {
        matches!(self.cause(), Cause::Stopped)
    }

    /// The cause and what to do about it, where it says all without the statement.
    pub fn without_statement(&self) -> String {
        format!("{}{}", self.cause(), self.advice())
    }

    /// What a user can do about it, where it is known, as the end of a sentence.
    fn advice(&self) -> String {
        let advice = match (self, self.cause()) {
            (Error::Statement { .. }, Cause::Server { code, .. }) if ENDS_CONNECTION.contains(code) => {
                Some("the server has ended the session: it was killed, was idle for too long, or the server shuts down")
            }
            _ if self.is_read_only() => Some(
                "the server takes no changes: SET GLOBAL read_only=0 there, on MySQL super_read_only=0, or, if it is a replica, \
                 restore into the server that it follows",
            ),
            _ if self.is_disk_full() => Some("free space on the server's disk, or on that of its tmpdir"),
            (_, Cause::Server { code, .. }) => advice_on_code(*code),
            (Error::Connect { .. }, Cause::Connection(_)) => {
                Some("check that the server runs, and --host, --port, --socket and --ssl-mode")
            }
            (Error::Statement { .. }, Cause::Connection(_)) => {
                Some("check the server's error log: it may have ended, restarted or closed the connection")
            }
            _ => None,
        };
        advice.map(|text| format!(" ({text})")).unwrap_or_default()
    }
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self.cause() {
            _ if self.is_lost_connection() => Exit::Connection,
            Cause::Data(error) => Exit::of_reading(error),
            Cause::Stopped | Cause::FileWanted(_) => Exit::Failed,
            Cause::Server { .. } | Cause::Connection(_) => Exit::Server,
        }
    }
}

fn advice_on_code(code: u16) -> Option<&'static str> {
    Some(match code {
        1045 | 1698 => "check --user and --password",
        1044 | 1142 | 1227 | 1370 => "the user lacks a privilege: grant it, or use another user",
        1049 => "check the name of the database",
        1050 => "choose with --drop-table what to do with tables that exist",
        PACKET_TOO_LARGE => "raise max_allowed_packet on the server, or dump with a smaller --statement-size",
        1040 | 1203 => "use fewer --threads, or raise max_connections on the server",
        1226 => "use fewer --threads, or raise the user's limits on the server",
        TABLE_FULL => "free space on the server's disk",
        1412 => "the table was changed or dropped meanwhile: run again when no DDL is running",
        1205 | 1213 => "other sessions hold locks: run again when they are done",
        1449 => {
            "the account that is the DEFINER is not there: dump and restore with --users, create it, or choose another \
             with --replace-definer or --skip-definer"
        }
        3510 => "dump with --all-tablespaces, or create the tablespace",
        1273 | 1115 => "this server does not have the character set or collation that the other server used",
        3948 | 4166 | 1148 => "LOAD DATA LOCAL is off: SET GLOBAL local_infile=1 on the server",
        1286 => "this server does not have the storage engine: choose another one on the other server",
        1231 | 1193 => "this server does not know the variable or value: the statement was made for another one",
        _ => return None,
    })
}

/// The beginning of a statement, on one line, for messages. Statements that may hold a password are not shown.
pub fn excerpt(statement: &[u8]) -> String {
    const LENGTH: usize = 120;
    if secrets::may_hold(statement) {
        return secrets::NOT_SHOWN.to_owned();
    }
    let text = String::from_utf8_lossy(&statement[..statement.len().min(4 * LENGTH)]).into_owned();
    let mut line: String =
        text.chars().take(LENGTH).map(|character| if character.is_control() { ' ' } else { character }).collect();
    if text.chars().nth(LENGTH).is_some() || statement.len() > 4 * LENGTH {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_and_keeps_secrets() {
        assert_eq!(excerpt(b"INSERT INTO t\nVALUES(1)"), "INSERT INTO t VALUES(1)");
        assert_eq!(excerpt(&[b'x'; 1000]), format!("{}…", "x".repeat(120)));
        assert_eq!(excerpt(b"CREATE USER a IDENTIFIED BY 'secret'"), "(not shown: it may hold a password)");
        let syntax =
            Cause::Server { code: 1064, state: "42000".into(), message: "error near 'secret' at line 1".into() };
        assert_eq!(
            Error::of_statement(b"ALTER USER a IDENTIFIED BY 'secret'", syntax).to_string(),
            "server error 1064 (42000): error near (not shown: it may hold a password); statement: (not shown: it may \
             hold a password)"
        );
    }

    fn refused(code: u16, message: &str) -> Error {
        let cause = Cause::Server { code, state: "HY000".into(), message: message.into() };
        Error::Statement { statement: "CREATE TABLE t(a INT)".into(), cause: Box::new(cause) }
    }

    #[test]
    fn a_server_that_takes_nothing_is_told_from_what_it_does_not_take() {
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
        let error = Error::Statement {
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
