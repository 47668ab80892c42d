//! What bytes go through: a Unix socket, TCP, or TLS over TCP.

use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::sys::socket::{Shutdown, setsockopt, shutdown, sockopt};
use rustls::{ClientConnection, StreamOwned};

use super::tls;
use crate::process::stop::Stop;
use crate::server::connection::settings::{Address, Tls};
use crate::server::connection::{KEEPALIVE_COUNT, KEEPALIVE_IDLE, KEEPALIVE_INTERVAL};

/// A connection's bytes.
pub(super) enum Transport {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// Nothing any more.
    Closed,
}

/// No connection within the time, or no time any more.
pub(super) enum ConnectError {
    Io(io::Error),
    Timeout,
    Stopped,
}

impl Transport {
    /// Connects, which may wait for name servers and for a host that does not answer.
    pub(super) fn connect(address: &Address, timeout: Duration, stop: &Stop) -> Result<Transport, ConnectError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ConnectError::Io)?;
        runtime.block_on(async {
            tokio::select! {
                biased;
                connected = tokio::time::timeout(timeout, connect(address)) => match connected {
                    Ok(connected) => connected.map_err(ConnectError::Io),
                    Err(_) => Err(ConnectError::Timeout),
                },
                () = stop.token().cancelled() => Err(ConnectError::Stopped),
            }
        })
    }

    /// Encrypts what follows.
    pub(super) fn encrypt(&mut self, host: &str, settings: &Tls) -> io::Result<()> {
        let Transport::Tcp(stream) = std::mem::replace(self, Transport::Closed) else {
            return Err(io::Error::other("TLS is for TCP"));
        };
        *self = Transport::Tls(Box::new(tls::handshake(stream, host, settings)?));
        Ok(())
    }

    /// Whether nobody else can read what is sent.
    pub(super) fn is_private(&self) -> bool {
        matches!(self, Transport::Unix(_) | Transport::Tls(_))
    }

    /// Ends the connection without a word, also for those who watch the socket.
    pub(super) fn close(&mut self) {
        if let Some(socket) = self.socket() {
            // One that is not connected any more needs no end.
            let _ = shutdown(socket.as_raw_fd(), Shutdown::Both);
        }
        *self = Transport::Closed;
    }

    /// How long a read may wait; for ever, if None.
    pub(super) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Transport::Unix(stream) => stream.set_read_timeout(timeout),
            Transport::Tcp(stream) => stream.set_read_timeout(timeout),
            Transport::Tls(stream) => stream.sock.set_read_timeout(timeout),
            Transport::Closed => Ok(()),
        }
    }

    /// The socket beneath.
    pub(super) fn socket(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Transport::Unix(stream) => Some(stream.as_fd()),
            Transport::Tcp(stream) => Some(stream.as_fd()),
            Transport::Tls(stream) => Some(stream.sock.as_fd()),
            Transport::Closed => None,
        }
    }
}

async fn connect(address: &Address) -> io::Result<Transport> {
    match address {
        Address::Socket(path) => {
            let stream = tokio::net::UnixStream::connect(path).await?.into_std()?;
            stream.set_nonblocking(false)?;
            Ok(Transport::Unix(stream))
        }
        Address::Tcp(host, port) => {
            let stream = tokio::net::TcpStream::connect((host.as_str(), *port)).await?.into_std()?;
            stream.set_nonblocking(false)?;
            stream.set_nodelay(true)?;
            keep_alive(&stream)?;
            Ok(Transport::Tcp(stream))
        }
    }
}

/// Lets the system ask a host that is silent whether it is there, so that a statement does not wait for ever for one that
/// is gone. One that answers may take as long as it likes.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    setsockopt(stream, sockopt::KeepAlive, &true)?;
    setsockopt(stream, sockopt::TcpKeepIdle, &seconds(KEEPALIVE_IDLE))?;
    setsockopt(stream, sockopt::TcpKeepInterval, &seconds(KEEPALIVE_INTERVAL))?;
    setsockopt(stream, sockopt::TcpKeepCount, &KEEPALIVE_COUNT)?;
    // The same for what was sent and is not acknowledged, of which the system would try for a quarter of an hour.
    let all = KEEPALIVE_IDLE + KEEPALIVE_INTERVAL * KEEPALIVE_COUNT;
    setsockopt(stream, sockopt::TcpUserTimeout, &u32::try_from(all.as_millis()).unwrap_or(u32::MAX))?;
    Ok(())
}

impl Read for Transport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Transport::Unix(stream) => stream.read(buffer),
            Transport::Tcp(stream) => stream.read(buffer),
            Transport::Tls(stream) => stream.read(buffer),
            Transport::Closed => Ok(0),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Transport::Unix(stream) => stream.write(bytes),
            Transport::Tcp(stream) => stream.write(bytes),
            Transport::Tls(stream) => stream.write(bytes),
            Transport::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Transport::Unix(stream) => stream.write_vectored(slices),
            Transport::Tcp(stream) => stream.write_vectored(slices),
            Transport::Tls(stream) => stream.write_vectored(slices),
            Transport::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Transport::Tls(stream) => stream.flush(),
            _ => Ok(()),
        }
    }
}
