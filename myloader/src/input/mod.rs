//! Where the files of a restore come from: a directory that has them all, or a stream.

pub mod directory;
pub mod files;
pub mod receiver;
pub mod stream;
pub mod unpack;

use std::path::{Path, PathBuf};

use common::backup::file_name::DumpFile;
use common::observe::activity::Watch;
use common::process::stop::Stop;
use common::store::local::private_dir::free_space;

use crate::config::{Config, Source};
use crate::error::Error;
use crate::input::stream::{Passage, StreamSource, is_wanted};

/// Where files come from.
pub enum Input {
    /// All at once.
    Directory(PathBuf, directory::Dump),
    /// As they come, with a bound on the bytes that wait.
    Stream(StreamSource, u64),
}

impl Input {
    /// The directory that the files are in.
    pub fn path(&self) -> &Path {
        match self {
            Input::Directory(path, _) => path,
            Input::Stream(source, _) => source.path(),
        }
    }

    /// Whether the directory has a finished dump, by now at least.
    pub fn is_whole(&self) -> bool {
        self.path().join("metadata").exists()
    }
}

/// Opens what the options name.
pub fn open(config: &Config, watch: &Watch, stop: &Stop) -> Result<Input, Error> {
    match &config.source {
        Source::Directory(path) => Ok(Input::Directory(path.clone(), directory::scan(path)?)),
        Source::Stream(stream) => {
            let passage = Passage { content: stream.mode.content, delete: stream.mode.delete };
            let filter = config.restore.filter.clone();
            let wanted = move |file: &DumpFile| is_wanted(&filter, file);
            let source =
                StreamSource::start(stream.directory.as_deref(), passage, wanted, watch.activity("stream"), stop)?;
            let max_waiting = fit_to_disk(stream.max_waiting, &source, passage);
            Ok(Input::Stream(source, max_waiting))
        }
    }
}

/// Fewer bytes may wait where the disk has little room for them.
fn fit_to_disk(max_waiting: u64, source: &StreamSource, passage: Passage) -> u64 {
    let Some(free) = free_space(source.path()).filter(|_| passage.content && passage.delete) else {
        return max_waiting;
    };
    if free / 2 < max_waiting {
        tracing::warn!(
            "{} has {} MiB free: {} MiB of the stream may wait to be restored, not {} MiB",
            source.path().display(),
            free >> 20,
            free >> 21,
            max_waiting >> 20
        );
    }
    max_waiting.min(free / 2)
}
