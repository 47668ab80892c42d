//! The stream to standard output: finished files, one after the other.
//!
//! A thread of its own writes, so that workers go on meanwhile, up to a bound on the files that wait. It is not waited
//! for when the program fails: a write to a pipe that nobody reads may never return.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex};

use common::container::mydumper::MydumperEncoder;
use common::container::{Encoder, Member};
use common::exit_codes;
use common::io::read_some;
use common::observe::activity::Activity;
use common::process::stop::{Stop, StopOnPanic, Stopped};
use common::process::sync::lock;
use crossbeam_channel::{Receiver, Sender, bounded};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::config::Stream;
use crate::output::file_writer::FinishedFile;

/// Bytes that are read and sent at once: as many as a pipe takes. The kernel would copy no faster from file to pipe.
const BLOCK: usize = 64 << 10;

/// The stream could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Whoever read it is gone.
    #[error("the stream's reader closed it before the dump was complete: look at its messages for the cause")]
    ReaderGone,
    /// Standard output refused.
    #[error("cannot write the stream at {member}: {source}")]
    Write {
        /// The member.
        member: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read back.
    #[error("cannot send {place}: {source}")]
    Read {
        /// The file.
        place: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A file was changed by somebody else.
    #[error("cannot send {place}: it has {found} bytes, but {written} were written")]
    Length {
        /// The file.
        place: String,
        /// Bytes that it has now.
        found: u64,
        /// Bytes that were written.
        written: u64,
    },
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// A thread could not be started.
    #[error("cannot start the stream's thread: {0}")]
    Thread(io::Error),
}

exit_codes! { Error:
    Exit::Local: ReaderGone, Write, Read, Length;
    Exit::Failed: Stopped, Thread;
}

/// Sends files while it lives.
pub struct StreamSender {
    files: Sender<FinishedFile>,
    /// Disconnected when the thread has ended.
    ended: Receiver<Infallible>,
    outcome: Arc<Mutex<Option<Result<(), Error>>>>,
}

impl StreamSender {
    /// Starts to send what comes to [`StreamSender::files`]. A failure triggers `stop`.
    pub fn start(stream: Stream, activity: Activity, stop: &Stop) -> Result<StreamSender, Error> {
        // Not through the standard library's buffer, which would look for line breaks in the rows.
        let output = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(Error::Thread)?);
        let watched = output.try_clone().map_err(Error::Thread)?;
        let (files, queue) = bounded(stream.max_files);
        let (running, ended) = bounded(0);
        let outcome = Arc::new(Mutex::new(None));
        let settle = {
            let (outcome, stop) = (Arc::clone(&outcome), stop.clone());
            // The first to know decides: a reader may close its end as soon as it has read the last byte.
            move |result: Result<(), Error>| {
                let failed = result.is_err();
                if lock(&outcome).get_or_insert(result).is_err() && failed {
                    stop.trigger();
                }
            }
        };
        let reader_gone = settle.clone();
        spawn("stream reader's end", move || {
            if is_closed_by_reader(watched.as_fd()) {
                reader_gone(Err(Error::ReaderGone));
            }
        })?;
        let guard = StopOnPanic(stop.clone());
        spawn("stream sender", move || {
            let _guard = guard;
            settle(send_all(&queue, stream, &activity, output));
            drop(running);
        })?;
        Ok(StreamSender { files, ended, outcome })
    }

    /// Where finished files go.
    pub fn files(&self) -> &Sender<FinishedFile> {
        &self.files
    }

    /// What went wrong so far, if something did.
    pub fn failure(&self) -> Option<Error> {
        lock(&self.outcome).take().and_then(Result::err)
    }

    /// Sends what waits, and ends. All other senders of files have to be gone.
    pub fn finish(self, stop: &Stop) -> Result<(), Error> {
        drop(self.files);
        // A signal may end the program while a write waits for a reader that does not read. Whether all was sent is
        // what the thread says, not whether the wait was cut short.
        let _ = stop.receive(&self.ended);
        lock(&self.outcome).take().unwrap_or(Err(Error::Stopped(Stopped)))
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop).map_err(Error::Thread)
}

/// Waits until a pipe's or socket's reader is gone. A dump that reads for an hour before it has to write again
/// would not see it otherwise. Of a regular file this never returns.
fn is_closed_by_reader(output: BorrowedFd<'_>) -> bool {
    let mut watched = [PollFd::new(output, PollFlags::empty())];
    loop {
        match poll(&mut watched, PollTimeout::NONE) {
            Err(nix::errno::Errno::EINTR) => {}
            Err(_) => return false,
            Ok(_) => return watched[0].any().unwrap_or(false),
        }
    }
}

fn send_all(
    files: &Receiver<FinishedFile>,
    stream: Stream,
    activity: &Activity,
    mut output: File,
) -> Result<(), Error> {
    let mut block = vec![0; BLOCK];
    for mut file in files {
        file.keep = !stream.mode.delete;
        activity.begin(format!("waits until the reader takes more of {}", file.file));
        send(&file, stream, activity, &mut block, &mut output)?;
        activity.idle();
    }
    Ok(())
}

fn send(
    finished: &FinishedFile,
    stream: Stream,
    activity: &Activity,
    block: &mut [u8],
    output: &mut File,
) -> Result<(), Error> {
    let name = finished.stored_name();
    let write_error = |source: io::Error| match source.kind() {
        io::ErrorKind::BrokenPipe => Error::ReaderGone,
        _ => Error::Write { member: name.clone(), source },
    };
    let mut encoder = MydumperEncoder;
    let member = Member {
        name: name.clone(),
        size: Some(if stream.mode.content { finished.stored.bytes } else { 0 }),
        crc32c: stream.checksum.then_some(finished.stored.crc32c),
        elsewhere: (stream.checksum && !stream.mode.content).then_some(finished.stored.bytes),
    };
    encoder.begin(&member, output).map_err(write_error)?;
    if stream.mode.content {
        let read_error = |source| Error::Read { place: finished.place(), source };
        let mut input = finished.open().map_err(|error| read_error(error.source))?;
        let (found, written) = (input.bytes, finished.stored.bytes);
        if found != written {
            return Err(Error::Length { place: finished.place(), found, written });
        }
        loop {
            let read = read_some(&mut input, block).map_err(read_error)?;
            if read == 0 {
                break;
            }
            encoder.content(&block[..read], output).map_err(write_error)?;
            activity.touch();
        }
    }
    encoder.end(output).map_err(write_error)
}
