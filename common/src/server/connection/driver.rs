//! Connections of the driver, `mysql_async`, for what [`super::wire`] does not speak.
//!
//! Each brings its own single-threaded runtime: a worker thread drives its connection and nothing else.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use crossbeam_channel::Sender;
use futures_util::stream;
use mysql_async::prelude::Queryable;
use mysql_async::{ClientIdentity, Conn, OptsBuilder, QueryResult, SslOpts, TextProtocol, Value};
use tokio::runtime::Runtime;

use super::row::RowBuffer;
use super::{
    Address, CONNECT_TIMEOUT, Cause, INFILE_BLOCK, KEEPALIVE_IDLE, LARGEST_PACKET, RowRef, Settings, SslMode,
    StatementOutcome,
};
use crate::io::read_full;
use crate::observe::printable::printable;
use crate::process::stop::Stop;
use crate::process::sync::into_inner;

/// The host name for VERIFY_CA, which accepts any. The driver (0.37) recognizes a wrong name by "NotValidForName" in the
/// error's text; current versions of its TLS library do not write that any more, but they write the host name.
const ANY_HOST: &str = "NotValidForName.invalid";

/// A session.
pub(super) struct DriverSession {
    // Declared before the runtime, so that it is dropped while its reactor lives.
    conn: Conn,
    runtime: Runtime,
    stop: Stop,
}

impl DriverSession {
    pub(super) fn open(settings: &Settings, stop: &Stop) -> Result<DriverSession, Cause> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| Cause::Connection(source.to_string()))?;
        let mut result = connect(&runtime, stop, settings, settings.tls.mode);
        // PREFERRED falls back to no TLS. The driver has sent nothing secret at this point.
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
        let conn = result.map_err(ConnectFailure::into_cause)?;
        Ok(DriverSession { conn, runtime, stop: stop.clone() })
    }

    pub(super) fn id(&self) -> u32 {
        self.conn.id()
    }

    pub(super) fn execute(&mut self, statement: &[u8]) -> Result<StatementOutcome, Cause> {
        let asked = self.give_no_file();
        let outcome = self.run(statement);
        if asked.load(Ordering::Relaxed) { Err(Cause::FileWanted(String::new())) } else { outcome }
    }

    fn run(&mut self, statement: &[u8]) -> Result<StatementOutcome, Cause> {
        let conn = &mut self.conn;
        let work = async {
            conn.query_drop(statement).await?;
            Ok(StatementOutcome::new(conn.affected_rows(), conn.get_warnings(), &conn.info()))
        };
        block_on(&self.runtime, &self.stop, work)
    }

    /// Answers a server that asks for a file with an empty one. The result is set when it asks. This also drops the data
    /// of an earlier LOAD DATA that the server did not ask for.
    fn give_no_file(&mut self) -> Arc<AtomicBool> {
        let asked = Arc::new(AtomicBool::new(false));
        let set = Arc::clone(&asked);
        self.conn.set_infile_handler(async move {
            set.store(true, Ordering::Relaxed);
            let nothing: mysql_async::InfileData = Box::pin(stream::empty());
            Ok(nothing)
        });
        asked
    }

    pub(super) fn load_infile(
        &mut self,
        statement: &[u8],
        data: impl Read + Send + 'static,
    ) -> Result<StatementOutcome, Cause> {
        let data = std::sync::Mutex::new(Some(data));
        let (unreadable, failure) = crossbeam_channel::bounded(1);
        self.conn.set_infile_handler(async move {
            let data = into_inner(data);
            let blocks: mysql_async::InfileData =
                Box::pin(stream::iter(data.into_iter().flat_map(move |data| blocks(data, unreadable.clone()))));
            Ok(blocks)
        });
        // The driver's error does not say whether the data or the connection failed.
        self.run(statement).map_err(|cause| failure.try_recv().map_or(cause, Cause::Data))
    }

    pub(super) fn query(&mut self, statement: &[u8]) -> Result<DriverRows<'_>, Cause> {
        let asked = self.give_no_file();
        let DriverSession { conn, runtime, stop } = self;
        let result = block_on(runtime, stop, conn.query_iter(statement.to_vec()))?;
        if asked.load(Ordering::Relaxed) {
            return Err(Cause::FileWanted(String::new()));
        }
        Ok(DriverRows { result, runtime, stop, row: RowBuffer::default() })
    }
}

/// The rows of a query.
pub(super) struct DriverRows<'a> {
    result: QueryResult<'a, 'static, TextProtocol>,
    runtime: &'a Runtime,
    stop: &'a Stop,
    row: RowBuffer,
}

impl DriverRows<'_> {
    pub(super) fn names(&self) -> Vec<String> {
        let columns = self.result.columns();
        columns.iter().flat_map(|columns| columns.iter()).map(|column| column.name_str().into_owned()).collect()
    }

    pub(super) fn next_row(&mut self) -> Result<Option<RowRef<'_>>, Cause> {
        let Some(row) = block_on(self.runtime, self.stop, self.result.next())? else { return Ok(None) };
        let cells = (0..row.len()).map(|column| match row.as_ref(column) {
            Some(Value::Bytes(bytes)) => Some(bytes.as_slice()),
            _ => None,
        });
        let row = self.row.fill(cells).ok_or_else(|| Cause::Connection("a row is longer than 4 GiB".to_owned()))?;
        Ok(Some(row))
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
        .max_allowed_packet(Some(LARGEST_PACKET as usize))
        .wait_timeout(Some(28_800))
        .tcp_keepalive(Some(KEEPALIVE_IDLE))
        .enable_cleartext_plugin(settings.cleartext_plugin)
        .compression(settings.compress.then(mysql_async::Compression::fast));
    let options = match &settings.address {
        Address::Socket(path) => options.socket(Some(path.to_string_lossy())),
        Address::Tcp(host, port) => options.ip_or_hostname(host.clone()).tcp_port(*port),
    };
    // The driver does not encrypt a Unix socket, but would insist on a server with TLS.
    if mode == SslMode::Disabled || matches!(settings.address, Address::Socket(_)) {
        return options;
    }
    let identity = settings.tls.identity.clone();
    options.ssl_opts(
        SslOpts::default()
            .with_danger_tls_hostname_override((mode == SslMode::VerifyCa).then_some(ANY_HOST))
            .with_root_certs(settings.tls.ca.iter().cloned().map(Into::into).collect())
            .with_disable_built_in_roots(!settings.tls.ca.is_empty())
            .with_client_identity(identity.map(|(cert, key)| ClientIdentity::new(cert.into(), key.into())))
            .with_danger_accept_invalid_certs(!matches!(mode, SslMode::VerifyCa | SslMode::VerifyIdentity))
            .with_danger_skip_domain_validation(mode != SslMode::VerifyIdentity),
    )
}

fn block_on<T>(runtime: &Runtime, stop: &Stop, work: impl Future<Output = mysql_async::Result<T>>) -> Result<T, Cause> {
    runtime.block_on(async {
        tokio::select! {
            biased;
            result = work => result.map_err(cause_of),
            () = stop.token().cancelled() => Err(Cause::Stopped),
        }
    })
}

fn cause_of(error: mysql_async::Error) -> Cause {
    match error {
        mysql_async::Error::Server(error) => {
            Cause::Server { code: error.code, state: error.state, message: printable(&error.message).into_owned() }
        }
        mysql_async::Error::Io(mysql_async::IoError::Io(error)) => Cause::Connection(error.to_string()),
        other => Cause::Connection(other.to_string()),
    }
}

/// Blocks of a file for LOAD DATA LOCAL.
fn blocks(
    mut data: impl Read + Send + 'static,
    unreadable: Sender<io::Error>,
) -> impl Iterator<Item = io::Result<Bytes>> + Send {
    std::iter::from_fn(move || {
        let mut block = vec![0; INFILE_BLOCK];
        match read_full(&mut data, &mut block) {
            Ok(0) => None,
            Ok(filled) => {
                block.truncate(filled);
                Some(Ok(Bytes::from(block)))
            }
            Err(error) => {
                let copy = io::Error::new(error.kind(), error.to_string());
                let _ = unreadable.try_send(error);
                Some(Err(copy))
            }
        }
    })
}
