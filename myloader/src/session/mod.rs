//! A worker's session on the target server, and the statements of a dump's files on their way into it.

mod connector;
mod literals;
mod preamble;
mod set_up;
mod sql_modes;
mod text;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use common::process::stop::Stop;
use common::server::Server;
use common::server::connection::{Connection, ServerError, StatementOutcome};
use common::server::error_codes;
use common::sql::token::{SqlDialect, Tokens};
use common::sql::{quote_identifier, quote_string};

use crate::ddl::set::without_variables;
use crate::ddl::statement_kind::{StatementKind, classify};
pub use connector::{Connector, ReconnectError, await_end};
pub use literals::LiteralSettings;
pub use preamble::Preamble;
pub use set_up::Purpose;
use set_up::set_up;

/// How often a statement that changes definitions is tried.
const DDL_ATTEMPTS: u32 = 10;
/// How long to wait after the first failure, and as much more after each further one.
const DDL_PAUSE: Duration = Duration::from_millis(100);

/// A connection and what its session is set to.
pub struct Session {
    connection: Connection,
    connector: Connector,
    purpose: Purpose,
    /// `--ignore-set`.
    ignored: Arc<[String]>,
    /// The statements that the session was set by, from the state that [`Session::reset`] leaves; `None` if it may be in
    /// any.
    state: Option<Vec<Vec<u8>>>,
    server: Server,
    stop: Stop,
    /// The time zone that files are restored in which name none, as dumps with `--skip-tz-utc` have them.
    time_zone: String,
    database: Option<String>,
    /// What literals are; `None` if the server has to be asked.
    literals: Option<LiteralSettings>,
    /// Whether the connection character set is another than the file's.
    replaced: bool,
    /// Whether statements go to the binary log as they are.
    pub logs_statements: bool,
}

impl Session {
    /// Sets up a connection.
    pub fn new(
        mut connection: Connection,
        mut connector: Connector,
        server: Server,
        purpose: Purpose,
        ignored: Arc<[String]>,
        stop: Stop,
    ) -> Result<Session, ServerError> {
        let (time_zone, logs_statements) = set_up(&mut connection, server, purpose, &ignored)?;
        connector.take_lock(&mut connection)?;
        Ok(Session {
            connection,
            connector,
            purpose,
            ignored,
            state: None,
            server,
            stop,
            time_zone,
            database: None,
            literals: None,
            replaced: false,
            logs_statements,
        })
    }

    /// Whether a reconnect would know when this session has ended.
    pub fn has_lock(&self) -> bool {
        self.connector.has_lock()
    }

    /// Reconnects after the connection was lost. Nothing of the lost session is running then: what it had not committed
    /// is rolled back.
    pub fn reconnect(&mut self) -> Result<(), ReconnectError> {
        self.connection.close();
        let (server, purpose, ignored) = (self.server, self.purpose, Arc::clone(&self.ignored));
        let made = self.connector.connect_again(|mut connection| {
            let (time_zone, logs_statements) = set_up(&mut connection, server, purpose, &ignored)?;
            Ok((connection, time_zone, logs_statements))
        });
        (self.connection, self.time_zone, self.logs_statements) = made?;
        self.state = None;
        self.database = None;
        self.literals = None;
        self.replaced = false;
        Ok(())
    }

    /// The server's number of the connection.
    pub fn connection_id(&self) -> u32 {
        self.connection.id()
    }

    /// Back to the state that every file and statement of ours starts from: a file may have left another.
    pub fn reset(&mut self, database: Option<&str>) -> Result<(), ServerError> {
        self.enter(database, &Preamble::default()).map_err(|(_, error)| error)
    }

    /// Sets the session as a file wants it that begins with these statements. A failure comes with the line of the
    /// statement that failed, if it is one of the file.
    pub fn enter(&mut self, database: Option<&str>, preamble: &Preamble) -> Result<(), (Option<u64>, ServerError)> {
        if !self.state.as_ref().is_some_and(|state| preamble.is(state)) {
            let reset = format!(
                "SET NAMES utf8mb4, SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', \
                 SESSION foreign_key_checks = 0, SESSION time_zone = {}",
                quote_string(&self.time_zone)
            );
            let reset = self.adapt_set(reset.as_bytes()).into_owned();
            self.connection().execute(reset).map_err(|error| (None, error))?;
            self.replaced = false;
            for (line, statement) in preamble.statements() {
                let adapted = self.adapt_set(statement);
                self.connection.execute(adapted).map_err(|error| (Some(line), error))?;
            }
            if preamble.statements().any(|(_, statement)| names_binary(statement)) {
                self.keep_bounds().map_err(|error| (None, error))?;
            }
            self.state = Some(preamble.statements().map(|(_, statement)| statement.to_vec()).collect());
        }
        self.use_database(database).map_err(|error| (None, error))
    }

    fn use_database(&mut self, database: Option<&str>) -> Result<(), ServerError> {
        if let Some(database) = database
            && self.database.as_deref() != Some(database)
        {
            self.connection.execute(format!("USE {}", quote_identifier(database)))?;
            self.database = Some(database.to_owned());
        }
        Ok(())
    }

    /// The connection, for statements after which the session may be in another state: the next file sets it again.
    pub fn connection(&mut self) -> &mut Connection {
        self.state = None;
        self.literals = None;
        &mut self.connection
    }

    /// The connection, for statements that leave the session as it is: rows, transactions, queries.
    pub fn unchanged(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Runs a statement of a file of definitions, which may set the session, as [`Session::define`].
    pub fn execute_ddl(&mut self, statement: impl AsRef<[u8]>) -> Result<StatementOutcome, ServerError> {
        self.state = None;
        self.literals = None;
        self.define(statement)
    }

    /// Runs a statement that changes definitions, and not the session. Servers give up on some that run at the same time,
    /// of tables that foreign keys tie together, though nothing is wrong with them: these are retried.
    pub fn define(&mut self, statement: impl AsRef<[u8]>) -> Result<StatementOutcome, ServerError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.connection.execute(statement.as_ref()) {
                Err(error)
                    if attempt < DDL_ATTEMPTS
                        && matches!(
                            error.server_code(),
                            Some(error_codes::LOCK_WAIT_TIMEOUT | error_codes::DEADLOCK)
                        ) =>
                {
                    tracing::info!("trying again: {error}");
                    // On a stop, the next statement says so.
                    let _ = self.stop.pause(DDL_PAUSE * attempt);
                }
                result => return result,
            }
        }
    }

    /// Drops a table or view of the session's database, if there is one of this name.
    pub fn drop_table_or_view(&mut self, name: &str) -> Result<(), ServerError> {
        let quoted = quote_identifier(name);
        // The server notes that there was no such table.
        if self.define(format!("DROP TABLE IF EXISTS {quoted}"))?.warnings == 0 {
            return Ok(());
        }
        match self.define(format!("DROP VIEW IF EXISTS {quoted}")) {
            Err(error) if error.server_code() == Some(error_codes::IS_NOT_VIEW) => Ok(()),
            result => result.map(drop),
        }
    }

    /// A SET statement as this server understands it: without the sql_modes that it does not know, and without the
    /// variables of `--ignore-set`.
    pub fn adapt_set<'a>(&self, statement: &'a [u8]) -> Cow<'a, [u8]> {
        match without_variables(statement, &self.ignored) {
            Cow::Borrowed(statement) => sql_modes::adapt_set(self.server, statement),
            Cow::Owned(statement) => Cow::Owned(sql_modes::adapt_set(self.server, &statement).into_owned()),
        }
    }

    /// Runs a statement of a file of definitions, as this server understands it. A collation of the session that this
    /// server does not have was reported beforehand.
    pub fn prepare(&mut self, statement: &[u8]) -> Result<StatementOutcome, ServerError> {
        let adapted = self.adapt_set(statement).into_owned();
        match self.execute_ddl(adapted) {
            Err(error) if error.server_code() == Some(error_codes::UNKNOWN_COLLATION) && sets_collation(statement) => {
                Ok(StatementOutcome::default())
            }
            result => result,
        }
    }
}

/// Whether a SET statement may make the session binary.
fn names_binary(statement: &[u8]) -> bool {
    Tokens::new(statement, SqlDialect::default()).any(|token| {
        token.is_word("binary")
            || token.string_value(SqlDialect::default()).is_some_and(|text| text.eq_ignore_ascii_case(b"binary"))
    })
}

fn sets_collation(statement: &[u8]) -> bool {
    classify(statement) == StatementKind::Set
        && Tokens::new(statement, SqlDialect::default()).any(|token| token.is_word("COLLATION_CONNECTION"))
}
