//! Standard input and the directory that a stream goes through: what restoring and unpacking have in common.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use common::backup::extension::with_extension;
use common::backup::file_name::{Content, DumpFile};
use common::backup::metadata::Metadata;
use common::backup::room;
use common::backup::selection::Filter;
use common::observe::activity::Activity;
use common::process::exit::{Exit, Failure};
use common::process::stop::{Stop, StopOnPanic};
use common::sql::name::QualifiedName;
use common::store::local::{LocalDirectory, Purpose};
use common::store::{self, Store};
use crossbeam_channel::{Receiver, bounded};

use crate::config::Origin;
use crate::input::mysqldump::Source as MysqldumpSource;
use crate::input::not_a_dump;
use crate::input::receiver::{self, Event};

/// A stream's directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be made or read.
    #[error("cannot use the directory for the stream's files, {}: {}", .0.object, .0.source)]
    Directory(store::Error),
    /// It has files in it.
    #[error(
        "{place} is not empty ({found} is in it): the stream's files would be mixed with what is there, choose another directory"
    )]
    NotEmpty {
        /// The directory.
        place: String,
        /// One of the files.
        found: String,
    },
    /// The final metadata cannot be written.
    #[error(transparent)]
    Metadata(store::Error),
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    /// A directory is given for a dump's file.
    #[error("--mysqldump reads a file, and {place} is a directory: {what}")]
    IsDirectory {
        /// The directory.
        place: String,
        /// What it is, and what to do.
        what: String,
    },
    /// A dump's file cannot be read.
    #[error("cannot read {place}: {source}")]
    File {
        /// The file.
        place: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        Exit::Local
    }
}

/// How a stream goes through its directory.
#[derive(Debug, Clone)]
pub struct Passage {
    /// Whether the stream has the files' content, or they are in the directory already.
    pub content: bool,
    /// Whether files go when they are done with.
    pub delete: bool,
    /// What the names of files end with that a command has written.
    pub extension: Option<String>,
}

/// A stream that is being read.
pub struct StreamSource {
    store: Arc<dyn Store>,
    passage: Passage,
    events: Receiver<Result<Event, receiver::Error>>,
    thread: Option<JoinHandle<()>>,
    stop: Stop,
}

impl StreamSource {
    /// Starts to read. One file at a time waits to be taken: whoever takes no events stops the reading.
    pub fn start(
        origin: &Origin,
        directory: Option<&Path>,
        passage: Passage,
        wanted: impl Fn(&DumpFile) -> bool + Send + 'static,
        activity: Activity,
        stop: &Stop,
    ) -> Result<StreamSource, Error> {
        let input = open(origin)?;
        let store = prepare(directory, &passage)?;
        let interruptible = {
            let (activity, stop) = (Arc::new(activity), stop.clone());
            move |input| Interruptible { input, activity: Arc::clone(&activity), stop: stop.clone() }
        };
        let (sender, events) = bounded(0);
        let stopped = stop.clone();
        let run: Box<dyn FnOnce() + Send> = match origin {
            Origin::Mydumper => {
                let input = interruptible(input);
                let receiver = receiver::Receiver::new(input, Arc::clone(&store), passage.content, wanted);
                Box::new(move || receiver.run(&sender, &stopped))
            }
            Origin::Mysqldump { database, .. } => {
                let (store, database) = (Arc::clone(&store), database.clone());
                Box::new(move || {
                    // Reading begins here: a pipe may have nothing yet.
                    match MysqldumpSource::open(input, interruptible) {
                        Ok((text, again)) => {
                            receiver::Receiver::of_mysqldump(text, again, store, wanted, database)
                                .run(&sender, &stopped);
                        }
                        Err(source) => {
                            // Nobody listens any more only if the program is being stopped.
                            let _ = stopped.send(&sender, Err(receiver::Error::Read { offset: 0, source }));
                        }
                    }
                })
            }
        };
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("stream receiver".into())
            .spawn(move || {
                let _guard = StopOnPanic(stopped);
                run();
            })
            .map_err(Error::Input)?;
        let (thread, stop) = (Some(thread), stop.clone());
        Ok(StreamSource { store, passage, events, thread, stop })
    }

    /// Where its files are.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What comes.
    pub fn events(&self) -> &Receiver<Result<Event, receiver::Error>> {
        &self.events
    }

    /// Whether the directory is to be a whole dump of its own in the end.
    pub fn keeps_files(&self) -> bool {
        self.passage.content && !self.passage.delete
    }

    /// Warns if the rows of these tables, as the dump's server has estimated them, are more than the disk has room for.
    pub fn warn_of_little_room(&self, metadata: &Metadata, is_compressed: bool) {
        let bytes = metadata.tables.values().filter_map(|entry| entry.estimated_bytes);
        let bytes = bytes.fold(0_u64, u64::saturating_add);
        let free = self.store.free_space().filter(|_| self.keeps_files());
        if let Some(warning) = room::warning(&self.store.to_string(), free, bytes, is_compressed) {
            tracing::warn!("{warning}");
        }
    }

    /// Everything is done: files that nobody needed go now, if files do.
    pub fn finish(mut self) {
        if self.passage.delete {
            self.empty();
        }
        self.passage.delete = false;
    }

    /// Gives a directory that is kept the metadata of a whole dump.
    pub fn write_metadata(&self, text: &str) -> Result<(), Error> {
        self.store.publish("metadata", text.as_bytes()).map(drop).map_err(Error::Metadata)
    }

    /// Removes the stream's files. There were no others when it began, but in the modes without content mydumper's.
    fn empty(&self) {
        for entry in self.store.list().unwrap_or_default() {
            if DumpFile::from_name(&entry.name).is_some() {
                let _ = self.store.remove(&entry.name);
            }
        }
    }
}

impl Drop for StreamSource {
    /// After a failure: the thread is stopped first, so that nothing appears after the files were removed. Files that
    /// only mydumper wrote are left for another try.
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            if !thread.is_finished() {
                self.stop.trigger();
            }
            let _ = thread.join();
        }
        if self.passage.delete && self.passage.content {
            self.empty();
        }
        self.store.discard();
    }
}

fn prepare(directory: Option<&Path>, passage: &Passage) -> Result<Arc<dyn Store>, Error> {
    let purpose = Purpose { stay: !(passage.delete && passage.content), read_again: true };
    let Some(path) = directory else {
        let store = LocalDirectory::fresh("import", purpose).map_err(Error::Directory)?;
        return Ok(with_extension(Arc::new(store), passage.extension.as_deref()));
    };
    // In the modes without content mydumper makes it too, and writes into it before the first header comes.
    let store = LocalDirectory::prepare(path, purpose).map_err(Error::Directory)?;
    if passage.content
        && let Some(entry) = store.list().map_err(Error::Directory)?.first()
    {
        let found = entry.name.escape_debug().to_string();
        return Err(Error::NotEmpty { place: store.to_string(), found });
    }
    Ok(with_extension(Arc::new(store), passage.extension.as_deref()))
}

fn open(origin: &Origin) -> Result<File, Error> {
    match origin {
        Origin::Mysqldump { file: Some(path), .. } if path.is_dir() => {
            let store = LocalDirectory::at(path);
            let entries = store.list().map_err(Error::Directory)?;
            let what = match entries.iter().any(|entry| entry.name == "metadata") {
                true => "it is a dump of mydumper, restore it without --mysqldump".to_owned(),
                false => not_a_dump::directory(&store, &entries),
            };
            Err(Error::IsDirectory { place: path.display().to_string(), what })
        }
        Origin::Mysqldump { file: Some(path), .. } => {
            File::open(path).map_err(|source| Error::File { place: path.display().to_string(), source })
        }
        _ => Ok(File::from(io::stdin().as_fd().try_clone_to_owned().map_err(Error::Input)?)),
    }
}

/// Standard input, or a file, until the program is stopped.
struct Interruptible {
    input: File,
    activity: Arc<Activity>,
    stop: Stop,
}

impl Read for Interruptible {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.activity.begin("waits for the sender");
        self.stop.wait_readable(self.input.as_fd()).map_err(io::Error::other)?;
        let read = self.input.read(buffer);
        self.activity.begin("waits until what it has received is taken");
        read
    }
}

/// Which files of a stream are wanted, as far as their names tell: real names that files cannot carry are known later.
pub fn is_wanted(filter: &Filter, file: &DumpFile) -> bool {
    let is_numbered = |name: &str| name.starts_with("mydumper_");
    let Some(database) = file.content.database() else { return true };
    if is_numbered(database) {
        return true;
    }
    match (&file.content, file.content.table()) {
        // What a pattern cannot be decided for is left to whoever can say so.
        (_, Some(table)) if !is_numbered(&table.table) => {
            filter.passes_table(&QualifiedName::new(database, table.table.clone())).unwrap_or(true)
        }
        (Content::Post(_), _) => filter.passes_database_objects(database).unwrap_or(true),
        _ => filter.passes_database(database),
    }
}
