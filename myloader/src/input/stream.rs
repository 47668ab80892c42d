//! Standard input and the directory that a stream goes through: what restoring and unpacking have in common.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use common::backup::file_name::{Content, DumpFile};
use common::backup::selection::Filter;
use common::observe::activity::Activity;
use common::process::exit::{Exit, Failure};
use common::process::stop::{Stop, StopOnPanic};
use common::sql::name::QualifiedName;
use common::store::local::private_dir::PrivateDir;
use crossbeam_channel::{Receiver, bounded};

use crate::input::receiver::{self, Event, UNFINISHED};

/// A stream's directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be made or read.
    #[error("cannot use the directory for the stream's files, {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It has files in it.
    #[error(
        "{} is not empty ({found} is in it): the stream's files would be mixed with what is there, choose another directory",
        path.display()
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
        /// One of the files.
        found: String,
    },
    /// The final metadata cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        Exit::Local
    }
}

/// How a stream goes through its directory.
#[derive(Debug, Clone, Copy)]
pub struct Passage {
    /// Whether the stream has the files' content, or they are in the directory already.
    pub content: bool,
    /// Whether files go when they are done with.
    pub delete: bool,
}

/// A stream that is being read.
pub struct StreamSource {
    directory: Option<PrivateDir>,
    path: PathBuf,
    passage: Passage,
    events: Receiver<Result<Event, receiver::Error>>,
    thread: Option<JoinHandle<()>>,
    stop: Stop,
}

impl StreamSource {
    /// Starts to read standard input. One file at a time waits to be taken: whoever takes no events stops the reading.
    pub fn start(
        directory: Option<&Path>,
        passage: Passage,
        wanted: impl Fn(&DumpFile) -> bool + Send + 'static,
        activity: Activity,
        stop: &Stop,
    ) -> Result<StreamSource, Error> {
        let directory = prepare(directory, passage)?;
        let path = directory.path().to_owned();
        let input = File::from(io::stdin().as_fd().try_clone_to_owned().map_err(Error::Input)?);
        let input = BufReader::with_capacity(256 * 1024, Interruptible { input, activity, stop: stop.clone() });
        let receiver = receiver::Receiver::new(input, path.clone(), passage.content, wanted);
        let (sender, events) = bounded(0);
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("stream receiver".into())
            .spawn(move || {
                let _guard = StopOnPanic(stopped.clone());
                receiver.run(&sender, &stopped);
            })
            .map_err(Error::Input)?;
        let (directory, thread, stop) = (Some(directory), Some(thread), stop.clone());
        Ok(StreamSource { directory, path, passage, events, thread, stop })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What comes.
    pub fn events(&self) -> &Receiver<Result<Event, receiver::Error>> {
        &self.events
    }

    /// Whether the directory is to be a whole dump of its own in the end.
    pub fn keeps_files(&self) -> bool {
        self.passage.content && !self.passage.delete
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
        let path = self.path.join("metadata");
        let error = |source| Error::Metadata { path: path.clone(), source };
        let unfinished = self.path.join(format!("metadata{UNFINISHED}"));
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&unfinished).map_err(error)?;
        file.write_all(text.as_bytes()).map_err(error)?;
        nix::unistd::syncfs(&file).map_err(|errno| error(errno.into()))?;
        fs::rename(&unfinished, &path).map_err(error)
    }

    /// Removes the stream's files. There were no others when it began, but in the modes without content mydumper's.
    fn empty(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if DumpFile::from_name(name.strip_suffix(UNFINISHED).unwrap_or(&name)).is_some() {
                let _ = fs::remove_file(entry.path());
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
        self.directory.take();
    }
}

fn prepare(directory: Option<&Path>, passage: Passage) -> Result<PrivateDir, Error> {
    let temporary = passage.delete && passage.content;
    let Some(path) = directory else {
        return PrivateDir::fresh("import", temporary)
            .map_err(|source| Error::Directory { path: "import-YYYYMMDD-HHMMSS".into(), source });
    };
    let error = |source| Error::Directory { path: path.to_owned(), source };
    if passage.content {
        let directory = PrivateDir::named(path, temporary).map_err(error)?;
        if let Some(entry) = fs::read_dir(path).map_err(error)?.next() {
            let found = entry.map_err(error)?.file_name().to_string_lossy().escape_debug().to_string();
            return Err(Error::NotEmpty { path: path.to_owned(), found });
        }
        return Ok(directory);
    }
    // mydumper makes it; it is there before the first header comes.
    PrivateDir::named(path, false).map_err(error)
}

/// Standard input, until the program is stopped.
struct Interruptible {
    input: File,
    activity: Activity,
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
