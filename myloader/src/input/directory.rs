//! A dump in a directory: all its files at once.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use common::backup::file_name::{Content, DumpFile, TableFileName};
use common::backup::metadata::{Metadata, MetadataError};
use common::io::open_regular;
use common::process::exit::{Exit, Failure};

use crate::journal;

/// The directory is no dump.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read {}: {source}; give the directory of a dump with --directory", path.display())]
    Read {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The dump is not there, or was not finished.
    #[error(
        "{} is not a finished dump: it has no file `metadata`{}; dump again", path.display(),
        if *.unfinished { ", only `metadata.partial`: mydumper was interrupted or is still at work" } else { "" }
    )]
    NotFinished {
        /// The directory.
        path: PathBuf,
        /// Whether a dump was begun in it.
        unfinished: bool,
    },
    /// The metadata has no end.
    #[error("{} does not say `# Finished dump at`: it was cut short, or the dump was not finished; dump again", path.display())]
    Unended {
        /// The file.
        path: PathBuf,
    },
    /// The metadata cannot be understood.
    #[error("{}: {source}", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: MetadataError,
    },
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Read { source, .. } => Exit::of_reading(source),
            Error::NotFinished { .. } | Error::Unended { .. } | Error::Metadata { .. } => Exit::Dump,
        }
    }
}

/// A finished dump.
pub struct Dump {
    /// What it says of itself.
    pub metadata: Metadata,
    /// The same as it stands in the file.
    pub metadata_text: Vec<u8>,
    /// The other files with the length of those with rows, in the order in which they should be begun.
    pub files: Vec<(DumpFile, u64)>,
}

/// Looks what there is.
pub fn scan(directory: &Path) -> Result<Dump, Error> {
    let read_error = |source| Error::Read { path: directory.to_owned(), source };
    let mut files = Vec::new();
    let mut table_bytes: HashMap<TableFileName, u64> = HashMap::new();
    for entry in fs::read_dir(directory).map_err(read_error)? {
        let entry = entry.map_err(read_error)?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(journal::FILE_PREFIX) {
            continue;
        }
        let Some(file) = name.to_str().and_then(DumpFile::from_name) else {
            tracing::info!("{:?} is no file of a dump, it is left alone", name);
            continue;
        };
        let mut bytes = 0;
        if let Content::Rows(rows) = &file.content {
            bytes = entry.metadata().map_err(read_error)?.len();
            *table_bytes.entry(rows.table.clone()).or_default() += bytes;
        }
        files.push((file, bytes));
    }
    let has = |content: Content| files.iter().any(|(file, _)| file.content == content);
    if !has(Content::Metadata) {
        return Err(Error::NotFinished { path: directory.to_owned(), unfinished: has(Content::MetadataUnfinished) });
    }
    let path = directory.join("metadata");
    let mut text = String::new();
    open_regular(&path)
        .and_then(|mut file| file.read_to_string(&mut text))
        .map_err(|source| Error::Read { path: path.clone(), source })?;
    let metadata = Metadata::parse(&text).map_err(|source| Error::Metadata { path: path.clone(), source })?;
    if !metadata.finished {
        return Err(Error::Unended { path });
    }

    files.retain(|(file, _)| !file.content.is_metadata());
    // The largest table first: what remains for the end is small.
    files.sort_by_cached_key(|(file, _)| {
        let size = file.content.table().and_then(|table| table_bytes.get(table)).copied().unwrap_or(0);
        (rank(&file.content), Reverse(size), file.clone())
    });
    Ok(Dump { metadata, metadata_text: text.into_bytes(), files })
}

/// Definitions before the rows that need them.
fn rank(content: &Content) -> u8 {
    match content {
        Content::Tablespaces | Content::Accounts => 0,
        Content::Database(_) => 1,
        Content::Sequence(_) => 2,
        Content::Table(_) => 3,
        Content::Rows(_) => 4,
        _ => 5,
    }
}
