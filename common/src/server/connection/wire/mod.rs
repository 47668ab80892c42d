//! The protocol of MySQL and MariaDB, as far as dumps and restores need it: statements as text, and their answers.
//!
//! Rows are not copied: they are split where they lie in the read buffer. Reads and writes block; the program's stop shuts
//! the socket, which ends them.

mod answer;
mod login;
mod packets;
mod tls;
mod transport;

use std::io::{self, ErrorKind, Read, Write};

use answer::{Answer, Done};
use login::LoginError;
use packets::Packets;
use transport::{ConnectError, Transport};

use super::row::{self, Cell};
pub use tls::has_certificate;

use super::{CONNECT_TIMEOUT, Cause, INFILE_BLOCK, RowRef, Settings, StatementOutcome};
use crate::io::read_full;
use crate::process::stop::{ShutOnTrigger, Stop};

/// `COM_QUERY`: a statement as text follows.
const QUERY: u8 = 3;
/// `COM_QUIT`.
const QUIT: u8 = 1;

/// There is no session.
pub(super) enum OpenError {
    /// It failed.
    Failed(Cause),
    /// What this implementation cannot do, in words. The driver may.
    Unsupported(String),
}

/// A session.
pub(super) struct WireSession {
    packets: Packets<Transport>,
    id: u32,
    /// Whether the last answer was read completely, so that another statement can be sent.
    ready: bool,
    cells: Vec<Cell>,
    stop: Stop,
    _shut: ShutOnTrigger,
}

impl WireSession {
    /// Connects and logs in.
    pub(super) fn open(settings: &Settings, stop: &Stop) -> Result<WireSession, OpenError> {
        let failed = |text: String| OpenError::Failed(Cause::Connection(text));
        if settings.compress {
            return Err(OpenError::Unsupported("protocol compression is on".to_owned()));
        }
        let no_answer = || format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs());
        let transport = Transport::connect(&settings.address, CONNECT_TIMEOUT, stop).map_err(|error| match error {
            ConnectError::Io(error) => failed(error.to_string()),
            ConnectError::Timeout => failed(no_answer()),
            ConnectError::Stopped => OpenError::Failed(Cause::Stopped),
        })?;
        let io_error = |error: io::Error| match error.kind() {
            _ if stop.is_triggered() => OpenError::Failed(Cause::Stopped),
            ErrorKind::WouldBlock | ErrorKind::TimedOut => failed(no_answer()),
            _ => failed(error.to_string()),
        };
        transport.set_read_timeout(Some(CONNECT_TIMEOUT)).map_err(io_error)?;
        let socket = transport.socket().ok_or_else(|| failed("not connected".to_owned()))?;
        let shut = stop.shut_on_trigger(socket).map_err(io_error)?;
        let mut packets = Packets::new(transport);
        let id = login::log_in(&mut packets, settings).map_err(|error| match error {
            LoginError::Io(error) => io_error(error),
            LoginError::Failed(cause) => OpenError::Failed(cause),
            LoginError::Unsupported(what) => OpenError::Unsupported(what),
        })?;
        packets.transport.set_read_timeout(None).map_err(io_error)?;
        Ok(WireSession { packets, id, ready: true, cells: Vec::new(), stop: stop.clone(), _shut: shut })
    }

    /// The server's number for this session.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Closes the socket without COM_QUIT.
    pub(super) fn close(&mut self) {
        self.ready = false;
        self.packets.transport.close();
    }

    /// Runs a statement and reads all of its answers. A server that asks for a file gets `data`, whatever its name; without
    /// `data` that is an error.
    pub(super) fn execute(&mut self, statement: &[u8], data: Option<&mut dyn Read>) -> Result<StatementOutcome, Cause> {
        self.send(statement)?;
        self.answers(data)
    }

    /// Runs a statement that may have rows. Rows of further answers are skipped.
    pub(super) fn query(&mut self, statement: &[u8]) -> Result<WireRows<'_>, Cause> {
        self.send(statement)?;
        let names = match self.answer()? {
            Answer::Error(cause) => {
                self.ready = true;
                return Err(cause);
            }
            Answer::Ok(done) => {
                self.end(done.more)?;
                Vec::new()
            }
            Answer::Infile(name) => return Err(self.refuse_infile(name)),
            Answer::Columns(columns) => self.columns(columns)?,
        };
        Ok(WireRows { session: self, names })
    }

    fn send(&mut self, statement: &[u8]) -> Result<(), Cause> {
        if self.stop.is_triggered() {
            return Err(Cause::Stopped);
        }
        if !self.ready {
            return Err(Cause::Connection("the connection is closed".to_owned()));
        }
        self.ready = false;
        self.packets.begin();
        if let Err(error) = self.packets.write(&[QUERY], statement) {
            return Err(self.said_last().unwrap_or_else(|| self.failed(error)));
        }
        Ok(())
    }

    /// The error that the server sent before it closed the connection, for example about a statement that is too long.
    fn said_last(&mut self) -> Option<Cause> {
        self.packets.transport.set_read_timeout(Some(CONNECT_TIMEOUT)).ok()?;
        loop {
            // With any number, since the server has not counted all packets of the statement.
            let packet = self.packets.read_any().ok()?;
            if let Some(cause) = answer::error(self.packets.bytes(packet)) {
                return Some(cause);
            }
        }
    }

    fn failed(&self, error: io::Error) -> Cause {
        if self.stop.is_triggered() { Cause::Stopped } else { Cause::Connection(error.to_string()) }
    }

    fn damaged(&self, what: &str) -> Cause {
        self.failed(answer::damaged(what))
    }

    fn answer(&mut self) -> Result<Answer, Cause> {
        let packet = self.packets.read().map_err(|error| self.failed(error))?;
        answer::parse(self.packets.bytes(packet)).ok_or_else(|| self.damaged("answer to a statement"))
    }

    /// Reads the definitions of columns.
    fn columns(&mut self, number: usize) -> Result<Vec<String>, Cause> {
        let mut names = Vec::new();
        for _ in 0..number {
            let packet = self.packets.read().map_err(|error| self.failed(error))?;
            let name = answer::column_name(self.packets.bytes(packet));
            names.push(name.ok_or_else(|| self.damaged("column definition"))?);
        }
        let packet = self.packets.read().map_err(|error| self.failed(error))?;
        match answer::end(self.packets.bytes(packet)) {
            Some(_) => Ok(names),
            None => Err(self.damaged("end of the column definitions")),
        }
    }

    /// Reads rows to their end. Returns whether another answer follows.
    fn skip_rows(&mut self) -> Result<bool, Cause> {
        loop {
            let packet = self.packets.read().map_err(|error| self.failed(error))?;
            let bytes = self.packets.bytes(packet);
            if let Some(more) = answer::end(bytes) {
                return Ok(more);
            }
            if let Some(cause) = answer::error(bytes) {
                self.ready = true;
                return Err(cause);
            }
        }
    }

    /// Reads all answers, skips their rows, and returns what the last statement did.
    fn answers(&mut self, mut data: Option<&mut dyn Read>) -> Result<StatementOutcome, Cause> {
        loop {
            let (outcome, more) = match self.answer()? {
                Answer::Error(cause) => {
                    self.ready = true;
                    return Err(cause);
                }
                Answer::Ok(done) => (done.outcome, done.more),
                Answer::Infile(name) => {
                    // The data can be sent once only.
                    let Some(data) = data.take() else { return Err(self.refuse_infile(name)) };
                    self.send_infile(data)?;
                    (StatementOutcome::default(), true)
                }
                Answer::Columns(columns) => {
                    self.columns(columns)?;
                    (StatementOutcome::default(), self.skip_rows()?)
                }
            };
            if !more {
                self.ready = true;
                return Ok(outcome);
            }
        }
    }

    /// Reads the answers after the first one.
    fn end(&mut self, more: bool) -> Result<(), Cause> {
        if more {
            self.answers(None)?;
        }
        self.ready = true;
        Ok(())
    }

    /// Sends the data of LOAD DATA LOCAL. An end of the data is only sent when all was read, since the server would commit
    /// a part of the rows otherwise.
    fn send_infile(&mut self, data: &mut dyn Read) -> Result<(), Cause> {
        let mut block = vec![0; INFILE_BLOCK];
        loop {
            match read_full(data, &mut block) {
                Ok(0) => break,
                Ok(filled) => self.send_block(&block[..filled])?,
                Err(error) => {
                    self.packets.transport.close();
                    return Err(if self.stop.is_triggered() { Cause::Stopped } else { Cause::Data(error) });
                }
            }
        }
        self.send_block(&[])
    }

    /// Answers the server's request for a file with an empty one, as the protocol demands, and reads its answer.
    fn refuse_infile(&mut self, name: String) -> Cause {
        match self.send_block(&[]).and_then(|()| self.answer()) {
            Ok(Answer::Ok(Done { more: false, .. }) | Answer::Error(_)) => self.ready = true,
            // A server that asks on gets no more answers.
            Ok(_) => self.packets.transport.close(),
            Err(cause) => return cause,
        }
        Cause::FileWanted(name)
    }

    fn send_block(&mut self, block: &[u8]) -> Result<(), Cause> {
        match self.packets.write(&[], block) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.said_last().unwrap_or_else(|| self.failed(error))),
        }
    }
}

impl Drop for WireSession {
    fn drop(&mut self) {
        // Servers log connections that end without COM_QUIT.
        if self.ready {
            self.packets.begin();
            let _ = self.packets.write(&[QUIT], &[]);
            let _ = self.packets.transport.flush();
        }
    }
}

/// The rows of a running query.
pub(super) struct WireRows<'a> {
    session: &'a mut WireSession,
    names: Vec<String>,
}

impl WireRows<'_> {
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The next row, in the connection's buffer.
    #[inline]
    pub(super) fn next_row(&mut self) -> Result<Option<RowRef<'_>>, Cause> {
        let session = &mut *self.session;
        if session.ready {
            return Ok(None);
        }
        let packet = session.packets.read().map_err(|error| session.failed(error))?;
        let bytes = session.packets.bytes(packet.clone());
        if let Some(more) = answer::end(bytes) {
            session.end(more)?;
            return Ok(None);
        }
        if answer::is_error(bytes) {
            session.ready = true;
            let cause = answer::error(session.packets.bytes(packet));
            return Err(cause.unwrap_or_else(|| session.damaged("row")));
        }
        if row::split(bytes, self.names.len(), &mut session.cells).is_none() {
            return Err(session.damaged("row"));
        }
        Ok(Some(RowRef { bytes: session.packets.bytes(packet), cells: &session.cells }))
    }
}
