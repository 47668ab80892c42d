//! A small blocking client.

mod script;

use crate::server::Server;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Row, Value, WhiteListFsHandler};
use std::path::{Path, PathBuf};
use tokio::runtime::{Builder, Runtime};

pub use script::statements;

/// One field of a row as the text protocol sends it; `None` is NULL.
pub type Field = Option<Vec<u8>>;

/// One connection.
pub struct Client {
    runtime: Runtime,
    /// Empty only while it is dropped.
    connection: Option<Conn>,
}

impl Client {
    /// Connects as root over the unix socket.
    pub fn connect(server: &Server) -> Client {
        Client::connect_as(server, "root", "").unwrap_or_else(|error| panic!("{}: {error}", server.socket().display()))
    }

    /// Connects as another account over the unix socket.
    pub fn connect_as(server: &Server, user: &str, password: &str) -> Result<Client, String> {
        let socket = server.socket();
        Client::open(OptsBuilder::default().socket(socket.to_str()).user(Some(user)).pass(Some(password)))
    }

    /// Connects as root, for statements that load these files, which need not be there yet.
    pub fn connect_with_files(server: &Server, files: Vec<PathBuf>) -> Client {
        let socket = server.socket();
        let options = OptsBuilder::default().socket(socket.to_str()).user(Some("root"));
        Client::open(options.local_infile_handler(Some(WhiteListFsHandler::new(files)))).unwrap()
    }

    /// Connects as root to whatever server has this socket.
    pub fn connect_socket(socket: &Path) -> Result<Client, String> {
        Client::open(OptsBuilder::default().socket(socket.to_str()).user(Some("root")))
    }

    /// Connects over TCP, as an account of 127.0.0.1.
    pub fn connect_tcp(server: &Server, user: &str, password: &str) -> Result<Client, String> {
        let address = OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(server.port());
        Client::open(address.user(Some(user)).pass(Some(password)).prefer_socket(false))
    }

    fn open(options: OptsBuilder) -> Result<Client, String> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        // Rows may be longer than what the server takes itself, by which the driver goes else.
        let options = options.max_allowed_packet(Some(1 << 30));
        let connection = runtime.block_on(Conn::new(Opts::from(options))).map_err(|error| error.to_string())?;
        Ok(Client { runtime, connection: Some(connection) })
    }

    /// Executes one statement. Panics with its head and the server's error.
    pub fn run(&mut self, sql: impl AsRef<[u8]>) {
        let sql = sql.as_ref();
        if let Err(error) = self.try_run(sql) {
            panic!("{error}\nin: {}", head(sql));
        }
    }

    /// Executes one statement; the error is the server's text.
    pub fn try_run(&mut self, sql: impl AsRef<[u8]>) -> Result<(), String> {
        self.try_each_row(sql.as_ref(), |_| {})
    }

    /// The rows of a statement. Panics with its head and the server's error.
    pub fn query(&mut self, sql: impl AsRef<[u8]>) -> Vec<Vec<Field>> {
        let sql = sql.as_ref();
        match self.try_query(sql) {
            Ok(rows) => rows,
            Err(error) => panic!("{error}\nin: {}", head(sql)),
        }
    }

    /// The rows of a statement, or the server's error.
    pub fn try_query(&mut self, sql: impl AsRef<[u8]>) -> Result<Vec<Vec<Field>>, String> {
        let mut rows = Vec::new();
        self.try_each_row(sql.as_ref(), |row| rows.push(row))?;
        Ok(rows)
    }

    /// The first field of the only row, as text; `NULL` for NULL.
    pub fn scalar(&mut self, sql: impl AsRef<[u8]>) -> String {
        let sql = sql.as_ref();
        let rows = self.query(sql);
        assert_eq!(rows.len(), 1, "one row expected of: {}", head(sql));
        text(&rows[0][0])
    }

    /// Calls `each` for every row of the first result, one row in memory at a time. Any further results of the
    /// statement (a CALL has several) are read for their errors only.
    pub fn try_each_row(&mut self, sql: &[u8], mut each: impl FnMut(Vec<Field>)) -> Result<(), String> {
        let connection = self.connection.as_mut().unwrap();
        let run = async {
            let mut result = connection.query_iter(sql).await?;
            if !result.is_empty() {
                while let Some(row) = result.next().await? {
                    each(fields(row));
                }
            }
            result.drop_result().await
        };
        self.runtime.block_on(run).map_err(|error: mysql_async::Error| error.to_string())
    }

    /// Executes a script with `DELIMITER` lines the way that the stock client does.
    pub fn run_script(&mut self, script: impl AsRef<[u8]>) {
        for statement in statements(script.as_ref()) {
            self.run(statement);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = self.runtime.block_on(connection.disconnect());
        }
    }
}

/// A field as readable text; `NULL` for NULL.
pub fn text(field: &Field) -> String {
    match field {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => "NULL".to_owned(),
    }
}

fn fields(row: Row) -> Vec<Field> {
    let field = |value| match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(bytes),
        other => panic!("the text protocol sent {other:?}"),
    };
    row.unwrap().into_iter().map(field).collect()
}

/// A statement's beginning, for messages.
fn head(sql: &[u8]) -> String {
    let text = String::from_utf8_lossy(&sql[..sql.len().min(400)]);
    if sql.len() > 400 { format!("{text}…") } else { text.into_owned() }
}
