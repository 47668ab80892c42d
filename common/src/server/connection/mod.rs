//! A connection to a server, as blocking calls.
//!
//! `wire` implements the protocol and lends rows as they lie in its buffer. For what it does not implement (protocol
//! compression, rare authentication methods) the driver, `mysql_async`, takes its place; callers see no difference.
//! [`Stop`] ends every wait for the server.

mod advice;
mod driver;
mod error;
#[cfg(test)]
mod hostile_tests;
mod row;
mod row_values;
mod secrets;
pub mod session_variables;
mod settings;
mod tls_choice;
mod wire;

use std::io::Read;
use std::time::Duration;

pub use error::{Cause, ServerError, excerpt};
pub use row::{Row, RowRef};
pub use row_values::warning_without_values;
pub use settings::{Address, Settings, SslMode, Tls};
pub use tls_choice::{TlsChoice, TlsChoiceError};
pub use wire::has_certificate;

use crate::process::stop::Stop;
use driver::{DriverRows, DriverSession};
use wire::{WireRows, WireSession};

/// How long a server may take to accept a connection and to let the user in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// TCP keepalive: the first probe after this time of silence, further ones at this interval, and the connection is lost
/// after so many without an answer.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_COUNT: u32 = 6;
/// Bytes of LOAD DATA's data in one packet.
const INFILE_BLOCK: usize = 256 * 1024;
/// The largest `max_allowed_packet` of any server; the server applies its own.
const LARGEST_PACKET: u32 = 1 << 30;

/// What a statement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StatementOutcome {
    /// Rows inserted, changed or deleted.
    pub affected_rows: u64,
    /// Rows in the statement, which the server reports only for statements with several.
    pub records: Option<u64>,
    /// Rows of LOAD DATA that were skipped, since their key existed.
    pub skipped: u64,
    /// Number of warnings.
    pub warnings: u64,
}

impl StatementOutcome {
    /// From the server's answer: numbers, and the text that comes with some statements, such as
    /// `Records: 3  Deleted: 0  Skipped: 0  Warnings: 0`.
    fn new(affected_rows: u64, warnings: u16, info: &str) -> StatementOutcome {
        let number = |name| info.split_once(name)?.1.split_whitespace().next()?.parse().ok();
        StatementOutcome {
            affected_rows,
            records: number("Records: "),
            skipped: number("Skipped: ").unwrap_or(0),
            // The protocol counts to 65535 only.
            warnings: number("Warnings: ").unwrap_or_else(|| u64::from(warnings)),
        }
    }
}

/// A connection. Dropping it closes it; an open transaction is rolled back by the server.
pub struct Connection {
    backend: Backend,
}

enum Backend {
    Wire(Box<WireSession>),
    Driver(DriverSession),
}

impl Connection {
    /// Connects and sets up the session.
    ///
    /// # Errors
    /// [`ServerError::Connect`], or [`ServerError::Statement`] for a statement of the session's set-up.
    pub fn open(settings: &Settings, stop: &Stop) -> Result<Connection, ServerError> {
        let backend = match WireSession::open(settings, stop) {
            Ok(session) => Ok(Backend::Wire(Box::new(session))),
            Err(wire::OpenError::Unsupported(what))
                if settings.tls.choice.narrows() && matches!(settings.address, Address::Tcp(..)) =>
            {
                Err(Cause::Connection(format!(
                    "{what}, for which --cipher and --tls-version have no effect: leave them out"
                )))
            }
            Err(wire::OpenError::Unsupported(what)) => {
                tracing::info!("connecting with the driver: {what}");
                DriverSession::open(settings, stop).map(Backend::Driver)
            }
            Err(wire::OpenError::Failed(cause)) => Err(cause),
        };
        let backend = backend.map_err(|cause| ServerError::Connect {
            address: settings.address.clone(),
            user: settings.user.clone(),
            cause: Box::new(cause),
        })?;
        let mut connection = Connection { backend };
        connection.execute(session_variables::NO_LIMITS)?;
        session_variables::set(&mut connection, session_variables::EVERY)?;
        // Servers may ignore what a client says of its character set at login.
        connection.execute("SET NAMES utf8mb4")?;
        for statement in &settings.session {
            connection.execute(statement)?;
        }
        Ok(connection)
    }

    /// The server's number for this session, as KILL takes it.
    pub fn id(&self) -> u32 {
        match &self.backend {
            Backend::Wire(session) => session.id(),
            Backend::Driver(session) => session.id(),
        }
    }

    /// Closes the socket without telling the server, so that a session whose connection is lost in one direction only does
    /// not keep one of the server's connections.
    pub fn close(&mut self) {
        match &mut self.backend {
            Backend::Wire(session) => session.close(),
            // The driver closes it on drop.
            Backend::Driver(_) => {}
        }
    }

    /// Runs a statement and discards its rows, if it has any.
    ///
    /// # Errors
    /// [`ServerError::Statement`], also when the server asks for a file as for LOAD DATA LOCAL, which it is refused.
    pub fn execute(&mut self, statement: impl AsRef<[u8]>) -> Result<StatementOutcome, ServerError> {
        let statement = statement.as_ref();
        match &mut self.backend {
            Backend::Wire(session) => session.execute(statement, None),
            Backend::Driver(session) => session.execute(statement),
        }
        .map_err(|cause| ServerError::of_statement(statement, cause))
    }

    /// Runs a LOAD DATA LOCAL statement. The server gets `data`, whatever file it names.
    ///
    /// # Errors
    /// [`ServerError::Statement`], also when `data` cannot be read; the connection cannot be used any more then.
    pub fn load_infile(
        &mut self,
        statement: &[u8],
        mut data: impl Read + Send + 'static,
    ) -> Result<StatementOutcome, ServerError> {
        match &mut self.backend {
            Backend::Wire(session) => session.execute(statement, Some(&mut data)),
            Backend::Driver(session) => session.load_infile(statement, data),
        }
        .map_err(|cause| ServerError::of_statement(statement, cause))
    }

    /// All rows of a query with a small result.
    ///
    /// # Errors
    /// [`ServerError::Statement`].
    pub fn query(&mut self, statement: impl AsRef<[u8]>) -> Result<Vec<Row>, ServerError> {
        let mut rows = self.stream(statement.as_ref())?;
        let names = rows.names().into();
        let mut all = Vec::new();
        while let Some(row) = rows.next_row()? {
            all.push(Row::new(row, std::sync::Arc::clone(&names)));
        }
        Ok(all)
    }

    /// Calls `take` with each row of a query, so that only what it keeps takes memory.
    ///
    /// # Errors
    /// [`ServerError::Statement`].
    pub fn each(&mut self, statement: impl AsRef<[u8]>, mut take: impl FnMut(RowRef<'_>)) -> Result<(), ServerError> {
        let mut rows = self.stream(statement)?;
        while let Some(row) = rows.next_row()? {
            take(row);
        }
        Ok(())
    }

    /// The first row of a query, if it has one.
    ///
    /// # Errors
    /// [`ServerError::Statement`].
    pub fn query_first(&mut self, statement: impl AsRef<[u8]>) -> Result<Option<Row>, ServerError> {
        Ok(self.query(statement)?.into_iter().next())
    }

    /// Starts a query whose rows are read one by one.
    ///
    /// # Errors
    /// [`ServerError::Statement`].
    pub fn stream(&mut self, statement: impl AsRef<[u8]>) -> Result<ResultRows<'_>, ServerError> {
        let statement = statement.as_ref();
        let source = match &mut self.backend {
            Backend::Wire(session) => session.query(statement).map(Source::Wire),
            Backend::Driver(session) => session.query(statement).map(Source::Driver),
        };
        let source = source.map_err(|cause| ServerError::of_statement(statement, cause))?;
        Ok(ResultRows { source, statement: error::excerpt(statement) })
    }
}

/// The rows of a running query. Dropping it before the last row leaves the connection unusable.
pub struct ResultRows<'a> {
    source: Source<'a>,
    statement: String,
}

enum Source<'a> {
    Wire(WireRows<'a>),
    Driver(DriverRows<'a>),
}

impl ResultRows<'_> {
    /// The names of the columns.
    pub fn names(&self) -> Vec<String> {
        match &self.source {
            Source::Wire(rows) => rows.names().to_vec(),
            Source::Driver(rows) => rows.names(),
        }
    }

    /// The next row, valid until the call for the one after it; `None` after the last.
    ///
    /// # Errors
    /// [`ServerError::Statement`].
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<RowRef<'_>>, ServerError> {
        match &mut self.source {
            Source::Wire(rows) => rows.next_row(),
            Source::Driver(rows) => rows.next_row(),
        }
        .map_err(|cause| ServerError::of_rows(&self.statement, cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_statement() {
        let outcome = StatementOutcome::new(9, 65_535, "Records: 12  Duplicates: 3  Warnings: 70000");
        assert_eq!(outcome, StatementOutcome { affected_rows: 9, records: Some(12), skipped: 0, warnings: 70_000 });
        let outcome = StatementOutcome::new(1, 2, "");
        assert_eq!(outcome, StatementOutcome { affected_rows: 1, records: None, skipped: 0, warnings: 2 });
    }
}
