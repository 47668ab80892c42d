//! A connection to a server, as blocking calls.
//!
//! `wire` speaks the protocol itself and lends rows as they lie in its buffer. What it does not speak (protocol
//! compression, rare ways to authenticate) the driver, `mysql_async`, does in its place; nobody else can tell.
//! Every wait for the server ends with [`Stop`].

mod driver;
mod error;
#[cfg(test)]
mod hostile_tests;
mod row;
mod secrets;
mod settings;
mod wire;

use std::io::Read;
use std::time::Duration;

pub use error::{Cause, Error, PACKET_TOO_LARGE, excerpt};
pub use row::{Row, RowRef};
pub use settings::{Address, Settings, SslMode, Tls};

use crate::process::stop::Stop;

/// How long a server may take to accept a connection and to let the user in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// After which time of silence a host that is connected by TCP is asked whether it is there, how often, and how many
/// questions may stay without an answer.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_COUNT: u32 = 6;
/// How much of LOAD DATA's data is sent at once.
const INFILE_BLOCK: usize = 256 * 1024;
/// The largest packet of the protocol's servers; the server's own limit is what counts.
const LARGEST_PACKET: u32 = 1 << 30;

/// What a statement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Rows inserted, changed or deleted.
    pub affected_rows: u64,
    /// Rows that the statement brought, where the server says so: of statements with several rows.
    pub records: Option<u64>,
    /// Rows of LOAD DATA that were left out, since their key was there.
    pub skipped: u64,
    /// Number of warnings.
    pub warnings: u64,
}

impl Outcome {
    /// From the server's answer: numbers, and the text that comes with some statements, such as
    /// `Records: 3  Deleted: 0  Skipped: 0  Warnings: 0`.
    fn new(affected_rows: u64, warnings: u16, info: &str) -> Outcome {
        let number = |name| info.split_once(name)?.1.split_whitespace().next()?.parse().ok();
        Outcome {
            affected_rows,
            records: number("Records: "),
            skipped: number("Skipped: ").unwrap_or(0),
            // The protocol counts to 65535 only.
            warnings: number("Warnings: ").unwrap_or_else(|| u64::from(warnings)),
        }
    }
}

/// What every session starts from, whatever the server's global settings: quotes and backslashes mean what they mean by
/// default, names are quoted (MySQL stores CHECK expressions so), statements are not refused for the rows that they may
/// read, results are whole, nothing waits for a commit, and a commit does not end the session.
const BASE_SESSION: &str = "SET SESSION sql_mode = '', sql_quote_show_create = 1, sql_big_selects = 1, \
     sql_select_limit = 18446744073709551615, autocommit = 1, completion_type = 0";

/// A connection. Dropping it closes it; an open transaction is rolled back by the server.
pub struct Connection {
    session: Session,
}

enum Session {
    Wire(Box<wire::Session>),
    Driver(driver::Session),
}

impl Connection {
    /// Connects and sets up the session.
    ///
    /// # Errors
    /// [`Error::Connect`], or [`Error::Statement`] for a statement of the session's set-up.
    pub fn open(settings: &Settings, stop: &Stop) -> Result<Connection, Error> {
        let session = match wire::Session::open(settings, stop) {
            Ok(session) => Ok(Session::Wire(Box::new(session))),
            Err(wire::OpenError::Unsupported(what)) => {
                tracing::info!("the connection is left to the driver: {what}");
                driver::Session::open(settings, stop).map(Session::Driver)
            }
            Err(wire::OpenError::Failed(cause)) => Err(cause),
        };
        let session = session.map_err(|cause| Error::Connect {
            address: settings.address.clone(),
            user: settings.user.clone(),
            cause: Box::new(cause),
        })?;
        let mut connection = Connection { session };
        connection.execute(BASE_SESSION)?;
        for statement in &settings.session {
            connection.execute(statement)?;
        }
        Ok(connection)
    }

    /// The server's number for this session, as KILL takes it.
    pub fn id(&self) -> u32 {
        match &self.session {
            Session::Wire(session) => session.id(),
            Session::Driver(session) => session.id(),
        }
    }

    /// Ends the connection without a word, so that it takes none of the server's connections any more: one that was lost
    /// on the way here may still stand for the server.
    pub fn close(&mut self) {
        match &mut self.session {
            Session::Wire(session) => session.close(),
            // It ends when it is dropped.
            Session::Driver(_) => {}
        }
    }

    /// Runs a statement whose rows, if any, do not matter.
    ///
    /// # Errors
    /// [`Error::Statement`]; also when the server asks for a file, as LOAD DATA LOCAL would: it gets none.
    pub fn execute(&mut self, statement: impl AsRef<[u8]>) -> Result<Outcome, Error> {
        let statement = statement.as_ref();
        match &mut self.session {
            Session::Wire(session) => session.execute(statement, None),
            Session::Driver(session) => session.execute(statement),
        }
        .map_err(|cause| Error::of_statement(statement, cause))
    }

    /// Runs a LOAD DATA LOCAL statement; whatever file it names, `data` is what the server gets.
    ///
    /// # Errors
    /// [`Error::Statement`]; also when `data` cannot be read, and then the connection is of no further use.
    pub fn load_infile(&mut self, statement: &[u8], mut data: impl Read + Send + 'static) -> Result<Outcome, Error> {
        match &mut self.session {
            Session::Wire(session) => session.execute(statement, Some(&mut data)),
            Session::Driver(session) => session.load_infile(statement, data),
        }
        .map_err(|cause| Error::of_statement(statement, cause))
    }

    /// All rows of a query with a small result.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn query(&mut self, statement: impl AsRef<[u8]>) -> Result<Vec<Row>, Error> {
        let mut rows = self.stream(statement.as_ref())?;
        let names = rows.names().into();
        let mut all = Vec::new();
        while let Some(row) = rows.next_row()? {
            all.push(Row::new(row, std::sync::Arc::clone(&names)));
        }
        Ok(all)
    }

    /// Hands over the rows of a query one by one, so that only what is kept of them takes memory.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn each(&mut self, statement: impl AsRef<[u8]>, mut take: impl FnMut(RowRef<'_>)) -> Result<(), Error> {
        let mut rows = self.stream(statement)?;
        while let Some(row) = rows.next_row()? {
            take(row);
        }
        Ok(())
    }

    /// The first row of a query, if it has one.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn query_first(&mut self, statement: impl AsRef<[u8]>) -> Result<Option<Row>, Error> {
        Ok(self.query(statement)?.into_iter().next())
    }

    /// Starts a query whose rows are read one by one.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn stream(&mut self, statement: impl AsRef<[u8]>) -> Result<ResultRows<'_>, Error> {
        let statement = statement.as_ref();
        let source = match &mut self.session {
            Session::Wire(session) => session.query(statement).map(Source::Wire),
            Session::Driver(session) => session.query(statement).map(Source::Driver),
        };
        let source = source.map_err(|cause| Error::of_statement(statement, cause))?;
        Ok(ResultRows { source, statement: error::excerpt(statement) })
    }
}

/// The rows of a running query. Dropped before its end, it leaves the connection unusable.
pub struct ResultRows<'a> {
    source: Source<'a>,
    statement: String,
}

enum Source<'a> {
    Wire(wire::ResultRows<'a>),
    Driver(driver::ResultRows<'a>),
}

impl ResultRows<'_> {
    /// The names of the columns.
    pub fn names(&self) -> Vec<String> {
        match &self.source {
            Source::Wire(rows) => rows.names().to_vec(),
            Source::Driver(rows) => rows.names(),
        }
    }

    /// The next row, lent until the one after it is asked for; `None` after the last.
    ///
    /// # Errors
    /// [`Error::Statement`].
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<RowRef<'_>>, Error> {
        match &mut self.source {
            Source::Wire(rows) => rows.next_row(),
            Source::Driver(rows) => rows.next_row(),
        }
        .map_err(|cause| Error::Statement { statement: self.statement.clone(), cause: Box::new(cause) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_statement() {
        let outcome = Outcome::new(9, 65_535, "Records: 12  Duplicates: 3  Warnings: 70000");
        assert_eq!(outcome, Outcome { affected_rows: 9, records: Some(12), skipped: 0, warnings: 70_000 });
        let outcome = Outcome::new(1, 2, "");
        assert_eq!(outcome, Outcome { affected_rows: 1, records: None, skipped: 0, warnings: 2 });
    }
}
