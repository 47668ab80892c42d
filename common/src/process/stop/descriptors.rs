//! How the stop reaches threads that wait for a descriptor: pipes and sockets.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{Shutdown, shutdown};

use super::Stopped;
use crate::process::sync::lock;

/// A pair of sockets to poll beside a descriptor: the trigger closes the one, which makes the other readable.
pub(super) struct Wake {
    polled: Option<UnixStream>,
    peer: Mutex<Option<UnixStream>>,
}

impl Wake {
    pub(super) fn new() -> Wake {
        let (polled, peer) = UnixStream::pair().ok().unzip();
        Wake { polled, peer: Mutex::new(peer) }
    }

    pub(super) fn trigger(&self) {
        lock(&self.peer).take();
    }

    /// Waits until `input` is readable; fails when `check` does, which is asked again after each trigger.
    pub(super) fn wait_readable(
        &self,
        input: BorrowedFd<'_>,
        check: impl Fn() -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let mut waiting = vec![PollFd::new(input, PollFlags::POLLIN)];
        if let Some(polled) = &self.polled {
            waiting.push(PollFd::new(polled.as_fd(), PollFlags::POLLIN));
        }
        loop {
            check()?;
            match poll(&mut waiting, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                // The read that follows reports what is wrong with the descriptor.
                Err(_) => return Ok(()),
                Ok(_) if waiting[0].any() == Some(true) => return Ok(()),
                Ok(_) => {}
            }
        }
    }
}

/// Sockets that the trigger shuts, by the numbers of their descriptors.
#[derive(Default)]
pub(super) struct Sockets(Mutex<BTreeMap<i32, OwnedFd>>);

impl Sockets {
    pub(super) fn watch(sockets: &Arc<Sockets>, socket: BorrowedFd<'_>) -> io::Result<ShutOnTrigger> {
        let socket = socket.try_clone_to_owned()?;
        let number = socket.as_raw_fd();
        lock(&sockets.0).insert(number, socket);
        Ok(ShutOnTrigger { sockets: Arc::clone(sockets), number })
    }

    pub(super) fn shut_all(&self) {
        for socket in lock(&self.0).values() {
            // It fails for a socket that is not connected any more, which nobody waits for.
            let _ = shutdown(socket.as_raw_fd(), Shutdown::Both);
        }
    }
}

/// The watch over a socket; dropping it ends the watch.
pub struct ShutOnTrigger {
    sockets: Arc<Sockets>,
    number: i32,
}

impl Drop for ShutOnTrigger {
    fn drop(&mut self) {
        lock(&self.sockets.0).remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::stop::Stop;

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
}
