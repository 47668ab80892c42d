//! What becomes of a finished file: nothing more, or `--exec` runs a command on it and it goes.

use std::process::Stdio;

use common::exit_codes;
use common::layers::compression::Compression;
use common::process::command::CommandFailed;
use common::process::stop::{Stop, Stopped};
use common::store::{self, Stored};
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::config::{self, FILE_NAME};
use crate::output::file_writer::FinishedFile;

/// A finished file was not handed on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command failed.
    #[error("--exec on {place}: {source}; the file stays")]
    Command {
        /// The file.
        place: String,
        /// How.
        source: CommandFailed,
    },
    /// The command was not started.
    #[error("--exec on {place}: cannot start the command: {source}; the file stays")]
    Start {
        /// The file.
        place: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The file cannot be removed afterwards, or what the command has made of it cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

exit_codes! { Error:
    of source: Store, Stopped;
    Exit::Local: Command, Start;
}

/// `--exec`: so many commands at a time as there are permits.
pub struct Exec {
    exec: config::Exec,
    permits: (Sender<()>, Receiver<()>),
}

impl Exec {
    /// All permits are free.
    pub fn new(exec: config::Exec) -> Exec {
        Exec { permits: bounded(exec.threads), exec }
    }

    /// Runs the command on a file, and removes the file if the command has left it. Returns the file that metadata has to
    /// list: the same, or the one that a compressor has made of it in the same place.
    ///
    /// # Errors
    /// When the command fails. The file stays then.
    pub fn run(&self, mut file: FinishedFile, stop: &Stop) -> Result<(String, Stored), Error> {
        let (name, place, stored) = (file.file.to_string(), file.place(), file.stored);
        stop.send(&self.permits.0, ())?;
        // To be kept until it is known that the command has done its work.
        file.keep = true;
        let path = file.path();
        let argument = |word: &str| (word == FILE_NAME).then(|| path.clone());
        let result = match self.exec.command.start(argument, (Stdio::null(), Stdio::null()), stop) {
            Ok(running) => running.wait().map_err(|source| Error::Command { place, source }),
            Err(source) => Err(Error::Start { place, source }),
        };
        let _ = self.permits.1.try_recv();
        stop.check()?;
        result?;
        let store = file.store();
        if store.length(&name)?.is_some() {
            store.remove(&name)?;
        } else {
            for compression in [Compression::Gzip, Compression::Zstd, Compression::Lz4] {
                let compressed = format!("{name}{}", compression.extension());
                if store.length(&compressed)?.is_some() {
                    let stored = store.checksum(&compressed, stop)?;
                    return Ok((compressed, stored));
                }
            }
        }
        Ok((name, stored))
    }
}
