//! The stop: one signal that ends every thread.
//!
//! A program has one [`Stop`]. The first error, SIGINT, SIGTERM or SIGHUP triggers it. Every wait, on a channel, a
//! descriptor or the server, also waits for the stop, so that no thread is left waiting for another.

mod descriptors;
mod groups;

use std::convert::Infallible;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvError, RecvTimeoutError, Sender, bounded, select};
use tokio_util::sync::CancellationToken;

use crate::process::sync::lock;
use descriptors::{Sockets, Wake};
use groups::Groups;
use nix::unistd::Pid;

pub use descriptors::ShutOnTrigger;
pub use groups::EndedOnTrigger;

/// The work was ended from outside, before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// The stop of a program. Clones share it.
#[derive(Clone)]
pub struct Stop {
    state: Arc<State>,
}

/// One part for each kind of wait.
struct State {
    token: CancellationToken,
    /// Dropped by the trigger, which wakes everyone who selects on `closed`.
    open: Mutex<Option<Sender<Infallible>>>,
    closed: Receiver<Infallible>,
    wake: Wake,
    sockets: Arc<Sockets>,
    groups: Arc<Groups>,
    /// The number of the signal that was the cause, if one was.
    signal: Mutex<Option<i32>>,
    panicked: AtomicBool,
}

impl Default for Stop {
    fn default() -> Self {
        let (open, closed) = bounded(0);
        Stop {
            state: Arc::new(State {
                token: CancellationToken::new(),
                open: Mutex::new(Some(open)),
                closed,
                wake: Wake::new(),
                sockets: Arc::default(),
                groups: Arc::default(),
                signal: Mutex::new(None),
                panicked: AtomicBool::new(false),
            }),
        }
    }
}

impl Stop {
    /// Triggers the stop because of a signal, which decides the exit code then.
    pub(crate) fn trigger_by(&self, signal: i32) {
        *lock(&self.state.signal) = Some(signal);
        self.trigger();
    }

    /// Ends all work. Triggering twice is the same as once.
    pub fn trigger(&self) {
        self.state.token.cancel();
        lock(&self.state.open).take();
        self.state.wake.trigger();
        self.state.sockets.shut_all();
        Groups::end_all(&self.state.groups);
    }

    /// Kills all commands, for a program that ends without waiting for them.
    pub(crate) fn kill_commands(&self) {
        self.state.groups.kill_all();
    }

    /// Whether the stop was triggered.
    pub fn is_triggered(&self) -> bool {
        self.state.token.is_cancelled()
    }

    /// The signal that ended the program, if one did.
    pub fn signal(&self) -> Option<i32> {
        *lock(&self.state.signal)
    }

    /// Whether a thread with a [`StopOnPanic`] has panicked.
    pub fn has_panicked(&self) -> bool {
        self.state.panicked.load(Ordering::SeqCst)
    }

    /// For callers with a `select!` of their own: becomes ready (disconnected) when the stop is triggered.
    pub fn closed(&self) -> &Receiver<Infallible> {
        &self.state.closed
    }

    /// For asynchronous waits.
    pub fn token(&self) -> &CancellationToken {
        &self.state.token
    }

    /// Fails once the stop was triggered.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_triggered() { Err(Stopped) } else { Ok(()) }
    }

    /// Waits for a time, or until the stop is triggered.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn pause(&self, time: Duration) -> Result<(), Stopped> {
        match self.closed().recv_timeout(time) {
            Err(RecvTimeoutError::Timeout) => Ok(()),
            _ => Err(Stopped),
        }
    }

    /// Receives from a channel. `None` when all senders are gone.
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

    /// Sends to a channel.
    ///
    /// # Errors
    /// [`Stopped`], also when nobody receives any more.
    pub fn send<T>(&self, channel: &Sender<T>, value: T) -> Result<(), Stopped> {
        self.check()?;
        select! {
            send(channel, value) -> sent => sent.map_err(|_| Stopped),
            recv(self.closed()) -> _ => Err(Stopped),
        }
    }

    /// Waits until `input` has bytes to read or is at its end.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn wait_readable(&self, input: BorrowedFd<'_>) -> Result<(), Stopped> {
        self.state.wake.wait_readable(input, || self.check())
    }

    /// Shuts a socket when the stop is triggered, so that reads from it come to its end. The watch over the socket ends
    /// when the result is dropped.
    ///
    /// # Errors
    /// When the process has too many descriptors.
    pub fn shut_on_trigger(&self, socket: BorrowedFd<'_>) -> io::Result<ShutOnTrigger> {
        let watch = Sockets::watch(&self.state.sockets, socket)?;
        if self.is_triggered() {
            // The trigger may have come before this socket was among the watched ones.
            self.trigger();
        }
        Ok(watch)
    }

    /// Ends a process group when the stop is triggered. The watch over it ends when the result is dropped.
    pub fn end_on_trigger(&self, group: Pid) -> EndedOnTrigger {
        let watch = Groups::watch(&self.state.groups, group);
        if self.is_triggered() {
            // As with a socket.
            self.trigger();
        }
        watch
    }
}

/// Held by a thread that others wait for. If the thread panics, it triggers the stop and marks the run as failed
/// ([`Stop::has_panicked`]); without it the others would wait for ever.
pub struct StopOnPanic(pub Stop);

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state.panicked.store(true, Ordering::SeqCst);
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
