//! The files of a dump on the disk: open, read to the end, remove.

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use common::backup::file_name::DumpFile;
use common::io::open_regular;
use common::layers::compression::{Compression, decompress};
use common::process::exit::{Exit, Failure};
use common::sql::{StatementError, StatementReader};

const READ_SIZE: usize = 128 * 1024;

/// A file of the dump cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened, or its data cannot be decompressed.
    #[error("cannot read {}: {source}; the file is missing or damaged", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// It has no proper end.
    #[error("cannot restore {}: {source}", path.display())]
    Statement {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: StatementError,
    },
    /// It is not where it should be removed from.
    #[error("cannot remove {} after it was restored: {source}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Read { source, .. } => Exit::of_reading(source),
            Error::Statement { source, .. } => source.exit(),
            Error::Remove { .. } => Exit::Local,
        }
    }
}

/// Where the files are.
#[derive(Debug, Clone)]
pub struct Files {
    /// The directory.
    pub directory: PathBuf,
    /// Whether a file goes when it was restored.
    pub delete: bool,
}

impl Files {
    /// A file's path.
    pub fn path(&self, file: &DumpFile) -> PathBuf {
        self.directory.join(file.to_string())
    }

    /// Whether loading a file again costs less than a note of it on the disk.
    pub fn is_small(&self, file: &DumpFile) -> bool {
        const SMALL: u64 = 1 << 20;
        fs::metadata(self.path(file)).is_ok_and(|metadata| metadata.len() < SMALL)
    }

    /// Whether a file is there.
    pub fn has(&self, file: &DumpFile) -> bool {
        self.path(file).exists()
    }

    /// Opens a file, decompressed.
    pub fn open(&self, file: &DumpFile) -> Result<Box<dyn Read + Send>, Error> {
        let path = self.path(file);
        let error = |source| Error::Read { path: path.clone(), source };
        let input = open_regular(&path).map_err(error)?;
        let length = input.metadata().map_err(error)?.len();
        if file.compression != Compression::None && length == 0 {
            // A decompressor takes nothing for the compressed form of nothing.
            return Err(error(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is empty")));
        }
        let buffer = usize::try_from(length).map_or(READ_SIZE, |length| length.clamp(1, READ_SIZE));
        decompress(file.compression, BufReader::with_capacity(buffer, input)).map_err(error)
    }

    /// Opens a file to read its statements.
    pub fn statements(&self, file: &DumpFile) -> Result<StatementReader<Box<dyn Read + Send>>, Error> {
        Ok(StatementReader::new(self.open(file)?))
    }

    /// Removes a file that was restored, if that is wanted.
    pub fn restored(&self, file: &DumpFile) -> Result<(), Error> {
        if !self.delete {
            return Ok(());
        }
        let path = self.path(file);
        fs::remove_file(&path).map_err(|source| Error::Remove { path, source })
    }
}
