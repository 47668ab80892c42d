//! Byte streams: a Unix socket, TCP, or TLS over TCP.

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

/// The byte stream of a connection.
pub(super) enum Transport {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    Closed,
}

pub(super) enum ConnectError {
    Io(io::Error),
    Timeout,
    Stopped,
}

impl Transport {
    /// Connects. The timeout includes name resolution.
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

    /// Encrypts all that follows.
    pub(super) fn encrypt(&mut self, host: &str, settings: &Tls) -> io::Result<()> {
        let Transport::Tcp(stream) = std::mem::replace(self, Transport::Closed) else {
            return Err(io::Error::other("TLS needs TCP"));
        };
        *self = Transport::Tls(Box::new(tls::handshake(stream, host, settings)?));
        Ok(())
    }

    /// Whether a password can be sent in clear text.
    pub(super) fn is_private(&self) -> bool {
        matches!(self, Transport::Unix(_) | Transport::Tls(_))
    }

    /// Shuts the socket, also for others that hold it.
    pub(super) fn close(&mut self) {
        if let Some(socket) = self.socket() {
            // It fails if the socket is not connected any more.
            let _ = shutdown(socket.as_raw_fd(), Shutdown::Both);
        }
        *self = Transport::Closed;
    }

    /// Limits the wait of each read; `None` for no limit.
    pub(super) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Transport::Unix(stream) => stream.set_read_timeout(timeout),
            Transport::Tcp(stream) => stream.set_read_timeout(timeout),
            Transport::Tls(stream) => stream.sock.set_read_timeout(timeout),
            Transport::Closed => Ok(()),
        }
    }

    /// The socket under the stream.
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

/// Turns on TCP keepalive, so that a statement does not wait for ever for a host that is gone. A host that is there may take
/// as long as it likes.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    setsockopt(stream, sockopt::KeepAlive, &true)?;
    setsockopt(stream, sockopt::TcpKeepIdle, &seconds(KEEPALIVE_IDLE))?;
    setsockopt(stream, sockopt::TcpKeepInterval, &seconds(KEEPALIVE_INTERVAL))?;
    setsockopt(stream, sockopt::TcpKeepCount, &KEEPALIVE_COUNT)?;
    // The same for data that is not acknowledged, which the system would send again for a quarter of an hour.
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
