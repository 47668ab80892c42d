//! One signal that ends every thread.
//!
//! A program has one [`Stop`]. The first error, SIGINT, SIGTERM or SIGHUP triggers it; whoever waits, on a channel or on
//! the server, waits for it too, so that no thread is left waiting for another.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvError, RecvTimeoutError, Sender, bounded, select};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{Shutdown, shutdown};
use tokio_util::sync::CancellationToken;

/// The work was ended from outside, before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// Shared by all threads of a program; cloning it gives another handle to the same signal.
#[derive(Clone)]
pub struct Stop {
    shared: Arc<Shared>,
}

struct Shared {
    token: CancellationToken,
    /// The signal number, when a signal was the cause.
    signal: Mutex<Option<i32>>,
    /// Whether a thread has panicked.
    panicked: AtomicBool,
    /// Dropped on trigger: that wakes everyone who selects on `closed`.
    open: Mutex<Option<Sender<Infallible>>>,
    closed: Receiver<Infallible>,
    /// For waits on file descriptors: the peer's end is closed on trigger, which makes this one readable.
    descriptor: Option<UnixStream>,
    peer: Mutex<Option<UnixStream>>,
    /// Sockets that somebody may be waiting for, by their descriptors' numbers.
    sockets: Mutex<BTreeMap<i32, OwnedFd>>,
}

impl Default for Stop {
    fn default() -> Self {
        let (open, closed) = bounded(0);
        let (descriptor, peer) = UnixStream::pair().ok().unzip();
        Stop {
            shared: Arc::new(Shared {
                token: CancellationToken::new(),
                signal: Mutex::new(None),
                panicked: AtomicBool::new(false),
                open: Mutex::new(Some(open)),
                closed,
                descriptor,
                peer: Mutex::new(peer),
                sockets: Mutex::default(),
            }),
        }
    }
}

impl Stop {
    /// Ends all work, since the process got this signal.
    pub(crate) fn trigger_by(&self, signal: i32) {
        *self.shared.signal.lock().unwrap_or_else(PoisonError::into_inner) = Some(signal);
        self.trigger();
    }

    /// Ends all work that watches this signal. Triggering twice is the same as once.
    pub fn trigger(&self) {
        self.shared.token.cancel();
        self.shared.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.shared.peer.lock().unwrap_or_else(PoisonError::into_inner).take();
        for socket in self.shared.sockets.lock().unwrap_or_else(PoisonError::into_inner).values() {
            // One that is not connected any more needs none.
            let _ = shutdown(socket.as_raw_fd(), Shutdown::Both);
        }
    }

    /// Shuts a socket when the signal is given, so that whoever waits for it is woken: reads find its end. It is no
    /// longer watched when what is returned is dropped.
    ///
    /// # Errors
    /// When the process has too many descriptors.
    pub fn shut_on_trigger(&self, socket: BorrowedFd<'_>) -> io::Result<ShutOnTrigger> {
        let socket = socket.try_clone_to_owned()?;
        let number = socket.as_raw_fd();
        self.shared.sockets.lock().unwrap_or_else(PoisonError::into_inner).insert(number, socket);
        if self.is_triggered() {
            // It may have been too late for this one.
            self.trigger();
        }
        Ok(ShutOnTrigger { stop: self.clone(), number })
    }

    /// Waits until there is something to read from `input`, or its end, or until the signal is given.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn wait_readable(&self, input: BorrowedFd<'_>) -> Result<(), Stopped> {
        let mut waiting = vec![PollFd::new(input, PollFlags::POLLIN)];
        if let Some(descriptor) = &self.shared.descriptor {
            waiting.push(PollFd::new(descriptor.as_fd(), PollFlags::POLLIN));
        }
        loop {
            self.check()?;
            match poll(&mut waiting, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                // What is wrong with the descriptor is for the read to tell.
                Err(_) => return Ok(()),
                Ok(_) if waiting[0].any() == Some(true) => return Ok(()),
                Ok(_) => {}
            }
        }
    }

    /// Whether the signal was given.
    pub fn is_triggered(&self) -> bool {
        self.shared.token.is_cancelled()
    }

    /// The signal that ended the program, if one did.
    pub fn signal(&self) -> Option<i32> {
        *self.shared.signal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a thread with a [`StopOnPanic`] has panicked.
    pub fn has_panicked(&self) -> bool {
        self.shared.panicked.load(Ordering::SeqCst)
    }

    /// For callers with a `select!` of their own: becomes ready (disconnected) when the signal is given.
    pub fn closed(&self) -> &Receiver<Infallible> {
        &self.shared.closed
    }

    /// For asynchronous waits.
    pub fn token(&self) -> &CancellationToken {
        &self.shared.token
    }

    /// `Err(Stopped)` once the signal was given.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_triggered() { Err(Stopped) } else { Ok(()) }
    }

    /// Waits for a time, or until the signal is given.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn pause(&self, time: Duration) -> Result<(), Stopped> {
        match self.closed().recv_timeout(time) {
            Err(RecvTimeoutError::Timeout) => Ok(()),
            _ => Err(Stopped),
        }
    }

    /// Receives, or gives up when the signal is given. `None` when all senders are gone.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn receive<T>(&self, channel: &Receiver<T>) -> Result<Option<T>, Stopped> {
        self.check()?;
        select! {
            recv(channel) -> received => match received {
                Ok(value) => Ok(Some(value)),
                Err(RecvError) => Ok(None),
            },
            recv(self.closed()) -> _ => Err(Stopped),
        }
    }

    /// Sends, or gives up when the signal is given or nobody receives any more.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn send<T>(&self, channel: &Sender<T>, value: T) -> Result<(), Stopped> {
        self.check()?;
        select! {
            send(channel, value) -> sent => sent.map_err(|_| Stopped),
            recv(self.closed()) -> _ => Err(Stopped),
        }
    }
}

/// Holds the watch over a socket.
pub struct ShutOnTrigger {
    stop: Stop,
    number: i32,
}

impl Drop for ShutOnTrigger {
    fn drop(&mut self) {
        self.stop.shared.sockets.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

/// Held by a thread that others wait for: if the thread panics, all are stopped, instead of waiting for ever, and the
/// program fails, whatever else it has done ([`Stop::has_panicked`]).
pub struct StopOnPanic(pub Stop);

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.shared.panicked.store(true, Ordering::SeqCst);
            self.0.trigger();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_receiver_and_a_waiting_sender_are_woken() {
        let stop = Stop::default();
        let (sender, receiver) = bounded::<u8>(0);
        std::thread::scope(|scope| {
            let receiving = scope.spawn(|| stop.receive(&receiver));
            let (full, _held) = bounded::<u8>(0);
            let stop_too = stop.clone();
            let sending = scope.spawn(move || stop_too.send(&full, 1));
            stop.trigger();
            assert_eq!(receiving.join().unwrap(), Err(Stopped));
            assert_eq!(sending.join().unwrap(), Err(Stopped));
        });
        drop(sender);
        assert_eq!(stop.check(), Err(Stopped));
    }

    #[test]
    fn a_waiting_reader_is_woken() {
        let (quiet, _peer) = UnixStream::pair().unwrap();
        let stop = Stop::default();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| stop.wait_readable(quiet.as_fd()));
            stop.trigger();
            assert_eq!(waiting.join().unwrap(), Err(Stopped));
        });
        let stop = Stop::default();
        let (ended, peer) = UnixStream::pair().unwrap();
        drop(peer);
        assert_eq!(stop.wait_readable(ended.as_fd()), Ok(()));
    }

    #[test]
    fn a_socket_is_shut_as_long_as_it_is_watched() {
        use std::io::Read;
        let (mut watched, _peer) = UnixStream::pair().unwrap();
        let (mut forgotten, mut other) = UnixStream::pair().unwrap();
        let stop = Stop::default();
        let watch = stop.shut_on_trigger(watched.as_fd()).unwrap();
        drop(stop.shut_on_trigger(forgotten.as_fd()).unwrap());
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| watched.read(&mut [0]));
            stop.trigger();
            assert_eq!(reading.join().unwrap().unwrap(), 0);
        });
        drop(watch);
        io::Write::write_all(&mut other, b"a").unwrap();
        assert_eq!(forgotten.read(&mut [0]).unwrap(), 1);
        let (mut late, _peer) = UnixStream::pair().unwrap();
        let _watch = stop.shut_on_trigger(late.as_fd()).unwrap();
        assert_eq!(late.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_channel_without_senders_is_at_its_end() {
        let stop = Stop::default();
        let (sender, receiver) = bounded::<u8>(1);
        stop.send(&sender, 7).unwrap();
        drop(sender);
        assert_eq!(stop.receive(&receiver), Ok(Some(7)));
        assert_eq!(stop.receive(&receiver), Ok(None));
    }

    #[test]
    fn a_thread_that_panics_stops_all_who_wait() {
        let stop = Stop::default();
        let (nobody_sends, receiver) = bounded::<u8>(0);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| stop.receive(&receiver));
            let panicking = scope.spawn(|| {
                let _guard = StopOnPanic(stop.clone());
                panic!("as a mistake in a worker does");
            });
            assert!(panicking.join().is_err());
            assert_eq!(waiting.join().unwrap(), Err(Stopped));
        });
        assert!(stop.has_panicked());
        drop(nobody_sends);
        let calm = Stop::default();
        drop(StopOnPanic(calm.clone()));
        assert_eq!((calm.check(), calm.has_panicked()), (Ok(()), false));
    }
}
