//! Where the files of a restore come from: a directory that has them all, or a stream.

pub mod directory;
pub mod file_list;
pub mod files;
pub mod mysqldump;
mod not_a_dump;
pub mod receiver;
pub mod stream;
pub mod through_command;
pub mod unpack;

use std::sync::Arc;

use common::backup::extension::with_extension;
use common::backup::file_name::DumpFile;
use common::backup::stored_files::StoredFiles;
use common::exit_codes;
use common::observe::activity::Watch;
use common::process::stop::Stop;
use common::program::PerThread;
use common::store::Store;
use common::store::local::LocalDirectory;

use crate::config::{Config, Source};
use crate::input::stream::{Passage, StreamSource, is_wanted};

/// The dump cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none in the directory.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// The stream has no place to go through.
    #[error(transparent)]
    Stream(#[from] stream::Error),
}

exit_codes! { Error:
    of source: Directory, Stream;
}

/// Where files come from.
pub enum Input {
    /// All at once.
    Directory(Arc<dyn Store>, Box<directory::Dump>),
    /// As they come, with a bound on the bytes that wait.
    Stream(StreamSource, u64),
}

impl Input {
    /// Where the files are.
    pub fn store(&self) -> &Arc<dyn Store> {
        match self {
            Input::Directory(store, _) => store,
            Input::Stream(source, _) => source.store(),
        }
    }

    /// What metadata says of each file. A stream's are verified as they come.
    pub fn take_checksums(&mut self) -> StoredFiles {
        match self {
            Input::Directory(_, dump) => std::mem::take(&mut dump.metadata.files),
            Input::Stream(..) => StoredFiles::default(),
        }
    }

    /// Whether a finished dump is there, by now at least.
    pub fn is_whole(&self) -> bool {
        self.store().has("metadata")
    }
}

/// Opens what the options name.
pub fn open(config: &Config, watch: &Watch, stop: &Stop) -> Result<Input, Error> {
    let extension = config.per_thread.as_ref().and_then(PerThread::own_extension);
    match &config.source {
        Source::Directory(path) => {
            let store = with_extension(Arc::new(LocalDirectory::at(path)), extension);
            let dump = directory::scan(&*store, &config.restore)?;
            Ok(Input::Directory(store, Box::new(dump)))
        }
        Source::Stream(stream) => {
            let passage = Passage {
                content: stream.mode.content,
                delete: stream.mode.delete,
                extension: extension.map(str::to_owned),
            };
            let filter = config.restore.filter.clone();
            let wanted = move |file: &DumpFile| is_wanted(&filter, file);
            let activity = watch.activity("stream");
            let directory = stream.directory.as_deref();
            let source = StreamSource::start(&stream.origin, directory, passage.clone(), wanted, activity, stop)?;
            let max_waiting = fit_to_disk(stream.max_waiting, &source, &passage);
            Ok(Input::Stream(source, max_waiting))
        }
    }
}

/// Fewer bytes may wait where the disk has little room for them.
fn fit_to_disk(max_waiting: u64, source: &StreamSource, passage: &Passage) -> u64 {
    let Some(free) = source.store().free_space().filter(|_| passage.content && passage.delete) else {
        return max_waiting;
    };
    if free / 2 < max_waiting {
        tracing::warn!(
            "{} has {} MiB free: {} MiB of the stream may wait to be restored, not {} MiB",
            source.store(),
            free >> 20,
            free >> 21,
            max_waiting >> 20
        );
    }
    max_waiting.min(free / 2)
}
