//! What the coordinator and all workers share.

use std::sync::{Arc, Mutex};

use common::backup::stored_files::StoredFiles;
use common::layers::compression::Compression;
use common::observe::progress::Counters;
use common::process::stop::Stop;
use common::process::sync::lock;
use common::server::Server;
use common::sql::definer::DefinerRule;
use crossbeam_channel::Sender;

use crate::definitions::Preamble;
use crate::definitions::shape::Shape;
use crate::output::delivery::{self, Exec};
use crate::output::file_writer::{Files, FinishedFile};
use crate::rows::options::RowOptions;

/// The settings of the dump, where its files go, and how far it is.
pub struct Shared {
    /// The server.
    pub server: Server,
    /// Where files go.
    pub files: Files,
    /// Their compression.
    pub compression: Compression,
    /// How rows are written.
    pub rows: RowOptions,
    /// The server's `max_allowed_packet`, in bytes.
    pub max_packet: usize,
    /// `--chunk-filesize`.
    pub chunk_filesize: Option<u64>,
    /// `--build-empty-files`.
    pub build_empty_files: bool,
    /// The first lines of files.
    pub preamble: Preamble,
    /// What is left out of definitions.
    pub shape: Shape,
    /// What becomes of definers.
    pub definer: DefinerRule,
    /// Where progress is counted.
    pub counters: Arc<Counters>,
    /// Files of the dump so far, but for metadata.
    pub stored_files: Mutex<StoredFiles>,
    /// Tables that `--updated-since` leaves out, as `DATABASE.TABLE`.
    pub not_updated: Arc<[String]>,
    /// Where finished files go, when they are streamed.
    pub sender: Option<Sender<FinishedFile>>,
    /// `--exec`.
    pub exec: Option<Exec>,
    /// The program's stop.
    pub stop: Stop,
}

impl Shared {
    /// Hands a finished file on to the stream, or to `--exec`, if there is one.
    pub fn deliver(&self, file: FinishedFile) -> Result<(), delivery::Error> {
        if file.file.content.is_metadata() {
            return self.send(file);
        }
        let (name, stored) = match &self.exec {
            Some(exec) => exec.run(file, &self.stop)?,
            None => {
                let listed = (file.file.to_string(), file.stored);
                self.send(file)?;
                listed
            }
        };
        lock(&self.stored_files).insert(name, stored);
        Ok(())
    }

    fn send(&self, file: FinishedFile) -> Result<(), delivery::Error> {
        Ok(self.sender.as_ref().map_or(Ok(()), |sender| self.stop.send(sender, file))?)
    }
}
