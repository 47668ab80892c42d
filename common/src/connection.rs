//! A connection to a server, as blocking calls.
//!
//! Each connection brings its own single-threaded runtime: a worker thread drives its connection and nothing else.
//! Every wait for the server also waits for [`Stop`].

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use mysql_async::prelude::Queryable;
use mysql_async::{ClientIdentity, Conn, OptsBuilder, QueryResult, SslOpts, TextProtocol, Value};
use tokio::runtime::Runtime;

use crate::io::read_some;
use crate::stop::Stop;

/// How long a server may take to accept a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How much of a LOAD DATA file is sent at once.
const INFILE_BLOCK: usize = 256 * 1024;
/// The largest packet of the protocol's servers; the server's own limit is what counts.
const LARGEST_PACKET: usize = 1 << 30;

/// The host that a certificate is checked for when any will do. The driver (0.37) passes over the wrong name by looking
/// for "NotValidForName" in the error's text, where its TLS library has not written that any more for long; but the
/// host's name is in that text.
const ANY_HOST: &str = "NotValidForName.invalid";

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
    /// Whether the password may be sent as it is, when the server asks for it (LDAP, PAM).
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SslMode {
    /// No TLS.
    Disabled,
    /// TLS when the server has it, else none.
    #[default]
    Preferred,
    /// TLS, with whatever certificate.
    Required,
    /// TLS with a certificate of a trusted authority.
    VerifyCa,
    /// The same, and issued for this host.
    VerifyIdentity,
}

/// TLS settings.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// `--ssl-mode`.
    pub mode: SslMode,
    /// `--ca`: PEM file of trusted authorities.
    pub ca: Option<PathBuf>,
    /// `--cert` and `--key`: the client's own certificate.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Socket(path) => write!(f, "socket {}", path.display()),
            Address::Tcp(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

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
    /// The program is being stopped.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// The server's error number, if the server gave one.
    pub fn server_code(&self) -> Option<u16> {
        match self.cause() {
            Cause::Server { code, .. } => Some(*code),
            _ => None,
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

fn advice_on_code(code: u16) -> Option<&'static str> {
    Some(match code {
        1045 | 1698 => "check --user and --password",
        1044 | 1142 | 1227 | 1370 => "the user lacks a privilege: grant it, or use another user",
        1049 => "check the name of the database",
        1050 => "choose with --drop-table what to do with tables that exist",
        1153 => "raise max_allowed_packet on the server, or dump with a smaller --statement-size",
        1040 | 1203 => "use fewer --threads, or raise max_connections on the server",
        1114 | 1021 | 3675 => "free space on the server's disk",
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

/// What every session starts from, whatever the server's global settings: quotes and backslashes mean what they mean by
/// default, names are quoted (MySQL stores CHECK expressions so), statements are not refused for the rows that they may read, results are whole, nothing waits for a commit,
/// and a commit does not end the session.
const BASE_SESSION: &str = "SET SESSION sql_mode = '', sql_quote_show_create = 1, sql_big_selects = 1, \
     sql_select_limit = 18446744073709551615, autocommit = 1, completion_type = 0";

/// A connection. Dropping it closes it; an open transaction is rolled back by the server.
pub struct Connection {
    // Declared before the runtime, so that it is dropped while its reactor lives.
    conn: Conn,
    runtime: Runtime,
    stop: Stop,
}

impl Connection {
    /// Connects and sets up the session.
    ///
    /// # Errors
    /// [`Error::Connect`], or [`Error::Statement`] for a statement of the session's set-up.
    pub fn open(settings: &Settings, stop: &Stop) -> Result<Connection, Error> {
        let error = |cause| Error::Connect {
            address: settings.address.clone(),
            user: settings.user.clone(),
            cause: Box::new(cause),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| error(Cause::Connection(source.to_string())))?;
        let mut result = connect(&runtime, stop, settings, settings.tls.mode);
        // The driver does not send anything secret before TLS stands, so trying again without it is what
        // PREFERRED means.
        if settings.tls.mode == SslMode::Preferred
            && matches!(
                result,
                Err(ConnectFailure::Driver(mysql_async::Error::Driver(
                    mysql_async::DriverError::NoClientSslFlagFromServer
                )))
            )
        {
            result = connect(&runtime, stop, settings, SslMode::Disabled);
        }
        let conn = result.map_err(|failure| error(failure.into_cause()))?;
        let mut connection = Connection { conn, runtime, stop: stop.clone() };
        connection.execute(BASE_SESSION)?;
        for statement in &settings.session {
            connection.execute(statement)?;
        }
        Ok(connection)
    }

    /// The server's number for this session, as KILL takes it.
    pub fn id(&self) -> u32 {
        self.conn.id()
    }

    /// Runs a statement whose rows, if any, do not matter.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn execute(&mut self, statement: impl AsRef<[u8]>) -> Result<Outcome, Error> {
        let statement = statement.as_ref();
        let conn = &mut self.conn;
        let work = async {
            conn.query_drop(statement).await?;
            let info = conn.info();
            Ok(Outcome {
                affected_rows: conn.affected_rows(),
                records: number_of(&info, "Records: "),
                skipped: number_of(&info, "Skipped: ").unwrap_or(0),
                // The protocol counts to 65535 only.
                warnings: number_of(&info, "Warnings: ").unwrap_or_else(|| u64::from(conn.get_warnings())),
            })
        };
        block_on(&self.runtime, &self.stop, statement, work)
    }

    /// Runs a LOAD DATA LOCAL statement; whatever file it names, `data` is what the server gets.
    ///
    /// # Errors
    /// [`Error::Statement`]; also when `data` cannot be read, and then the connection is of no further use.
    pub fn load_infile(&mut self, statement: &[u8], data: impl Read + Send + 'static) -> Result<Outcome, Error> {
        let data = std::sync::Mutex::new(Some(data));
        self.conn.set_infile_handler(async move {
            let data = data.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            let blocks: mysql_async::InfileData = Box::pin(stream::iter(data.into_iter().flat_map(blocks)));
            Ok(blocks)
        });
        self.execute(statement)
    }

    /// All rows of a query with a small result.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn query(&mut self, statement: impl AsRef<[u8]>) -> Result<Vec<Row>, Error> {
        let statement = statement.as_ref();
        let conn = &mut self.conn;
        let rows: Vec<mysql_async::Row> = block_on(&self.runtime, &self.stop, statement, conn.query(statement))?;
        Ok(rows.into_iter().map(Row).collect())
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
    pub fn stream(&mut self, statement: &str) -> Result<Rows<'_>, Error> {
        let Connection { conn, runtime, stop } = self;
        let result = block_on(runtime, stop, statement.as_bytes(), conn.query_iter(statement.to_owned()))?;
        Ok(Rows { result, runtime, stop, statement: excerpt(statement.as_bytes()), row: None })
    }
}

/// The rows of a running query. Dropped before its end, it leaves the connection unusable.
pub struct Rows<'a> {
    result: QueryResult<'a, 'static, TextProtocol>,
    runtime: &'a Runtime,
    stop: &'a Stop,
    statement: String,
    row: Option<Row>,
}

impl Rows<'_> {
    /// The next row, lent until the one after it is asked for.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn next_row(&mut self) -> Result<Option<&Row>, Error> {
        let next = self.result.next();
        self.row = block_on(self.runtime, self.stop, self.statement.as_bytes(), next)?.map(Row);
        Ok(self.row.as_ref())
    }
}

/// A row of the text protocol.
pub struct Row(mysql_async::Row);

impl Row {
    /// Number of columns.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A column's bytes; `None` is NULL, or a column that does not exist.
    pub fn bytes(&self, column: usize) -> Option<&[u8]> {
        match self.0.as_ref(column) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// A column's text; empty for NULL. What is not UTF-8 is replaced.
    pub fn text(&self, column: usize) -> String {
        self.bytes(column).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    }

    /// A column's number, if it is one.
    pub fn number(&self, column: usize) -> Option<u64> {
        std::str::from_utf8(self.bytes(column)?).ok()?.parse().ok()
    }

    /// The bytes of the column of that name; servers differ in the order and number of columns of SHOW.
    pub fn named(&self, name: &str) -> Option<&[u8]> {
        let column = self.0.columns_ref().iter().position(|column| column.name_str().eq_ignore_ascii_case(name))?;
        self.bytes(column)
    }

    /// The text of the column of that name; `None` for NULL or no such column.
    pub fn named_text(&self, name: &str) -> Option<String> {
        Some(String::from_utf8_lossy(self.named(name)?).into_owned())
    }
}

enum ConnectFailure {
    Driver(mysql_async::Error),
    Timeout,
    Stopped,
}

impl ConnectFailure {
    fn into_cause(self) -> Cause {
        match self {
            ConnectFailure::Driver(error) => cause_of(error),
            ConnectFailure::Timeout => {
                Cause::Connection(format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs()))
            }
            ConnectFailure::Stopped => Cause::Stopped,
        }
    }
}

fn connect(runtime: &Runtime, stop: &Stop, settings: &Settings, mode: SslMode) -> Result<Conn, ConnectFailure> {
    let options = driver_options(settings, mode);
    runtime.block_on(async {
        tokio::select! {
            biased;
            connected = tokio::time::timeout(CONNECT_TIMEOUT, Conn::new(options)) => match connected {
                Ok(connected) => connected.map_err(ConnectFailure::Driver),
                Err(_) => Err(ConnectFailure::Timeout),
            },
            () = stop.token().cancelled() => Err(ConnectFailure::Stopped),
        }
    })
}

fn driver_options(settings: &Settings, mode: SslMode) -> OptsBuilder {
    let options = OptsBuilder::default()
        .user(Some(settings.user.clone()))
        .pass(settings.password.clone())
        .db_name(Some(settings.database.clone()))
        .prefer_socket(false)
        .stmt_cache_size(0)
        .max_allowed_packet(Some(LARGEST_PACKET))
        .wait_timeout(Some(28_800))
        .enable_cleartext_plugin(settings.cleartext_plugin)
        .compression(settings.compress.then(mysql_async::Compression::fast));
    let options = match &settings.address {
        Address::Socket(path) => options.socket(Some(path.to_string_lossy())),
        Address::Tcp(host, port) => options.ip_or_hostname(host.clone()).tcp_port(*port),
    };
    // The driver does not encrypt a Unix socket, and would ask a server without TLS for it in vain.
    if mode == SslMode::Disabled || matches!(settings.address, Address::Socket(_)) {
        return options;
    }
    let identity = settings.tls.identity.clone();
    options.ssl_opts(
        SslOpts::default()
            .with_danger_tls_hostname_override((mode == SslMode::VerifyCa).then_some(ANY_HOST))
            .with_root_certs(settings.tls.ca.iter().cloned().map(Into::into).collect())
            .with_disable_built_in_roots(settings.tls.ca.is_some())
            .with_client_identity(identity.map(|(cert, key)| ClientIdentity::new(cert.into(), key.into())))
            .with_danger_accept_invalid_certs(!matches!(mode, SslMode::VerifyCa | SslMode::VerifyIdentity))
            .with_danger_skip_domain_validation(mode != SslMode::VerifyIdentity),
    )
}

fn block_on<T>(
    runtime: &Runtime,
    stop: &Stop,
    statement: &[u8],
    work: impl Future<Output = mysql_async::Result<T>>,
) -> Result<T, Error> {
    let result = runtime.block_on(async {
        tokio::select! {
            biased;
            result = work => result.map_err(cause_of),
            () = stop.token().cancelled() => Err(Cause::Stopped),
        }
    });
    result.map_err(|cause| Error::Statement { statement: excerpt(statement), cause: Box::new(cause) })
}

fn cause_of(error: mysql_async::Error) -> Cause {
    match error {
        mysql_async::Error::Server(error) => {
            Cause::Server { code: error.code, state: error.state, message: error.message }
        }
        mysql_async::Error::Io(mysql_async::IoError::Io(error)) => Cause::Connection(error.to_string()),
        other => Cause::Connection(other.to_string()),
    }
}

/// One of the numbers that a server tells of a statement: `Records: 3  Deleted: 0  Skipped: 0  Warnings: 0`.
fn number_of(info: &str, name: &str) -> Option<u64> {
    info.split_once(name)?.1.split_whitespace().next()?.parse().ok()
}

/// The beginning of a statement, on one line, for messages. Statements that carry a password are kept out of it.
fn excerpt(statement: &[u8]) -> String {
    const LENGTH: usize = 120;
    let text = String::from_utf8_lossy(&statement[..statement.len().min(4 * LENGTH)]).into_owned();
    if text.to_ascii_uppercase().contains("IDENTIFIED") {
        return "(not shown: it may hold a password)".to_owned();
    }
    let mut line: String =
        text.chars().take(LENGTH).map(|character| if character.is_control() { ' ' } else { character }).collect();
    if text.chars().nth(LENGTH).is_some() || statement.len() > 4 * LENGTH {
        line.push('…');
    }
    line
}

/// Blocks of a file for LOAD DATA LOCAL.
fn blocks(mut data: impl Read + Send + 'static) -> impl Iterator<Item = io::Result<Bytes>> + Send {
    std::iter::from_fn(move || {
        let mut block = vec![0; INFILE_BLOCK];
        let mut filled = 0;
        while filled < block.len() {
            match read_some(&mut data, &mut block[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) => return Some(Err(error)),
            }
        }
        block.truncate(filled);
        (filled > 0).then(|| Ok(Bytes::from(block)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_and_keeps_secrets() {
        assert_eq!(excerpt(b"INSERT INTO t\nVALUES(1)"), "INSERT INTO t VALUES(1)");
        assert_eq!(excerpt(&[b'x'; 1000]), format!("{}…", "x".repeat(120)));
        assert_eq!(excerpt(b"CREATE USER a IDENTIFIED BY 'secret'"), "(not shown: it may hold a password)");
    }

    #[test]
    fn numbers_of_a_statement() {
        let info = "Records: 12  Duplicates: 3  Warnings: 70000";
        let numbers = ["Records: ", "Skipped: ", "Warnings: "].map(|name| number_of(info, name));
        assert_eq!(numbers, [Some(12), None, Some(70_000)]);
        assert_eq!(number_of("", "Records: "), None);
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
