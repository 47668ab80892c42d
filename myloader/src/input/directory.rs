//! A dump in a directory: all its files at once.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::Read;

use common::backup::file_name::{Content, DumpFile, TableFileName};
use common::backup::metadata::{Metadata, MetadataError};
use common::exit_codes;
use common::journal::LOAD_JOURNAL_PREFIX;
use common::store::{self, Action, Store};

/// The directory is no dump.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("{0}; give the directory of a dump with --directory")]
    Read(store::Error),
    /// The dump is not there, or was not finished.
    #[error(
        "{place} is not a finished dump: it has no file `metadata`{}; dump again",
        if *.unfinished { ", only `metadata.partial`: mydumper was interrupted or is still at work" } else { "" }
    )]
    NotFinished {
        /// The directory.
        place: String,
        /// Whether a dump was begun in it.
        unfinished: bool,
    },
    /// The metadata has no end.
    #[error("{place} does not say `# Finished dump at`: it was cut short, or the dump was not finished; dump again")]
    Unended {
        /// The file.
        place: String,
    },
    /// The metadata cannot be understood.
    #[error("{place}: {source}")]
    Metadata {
        /// The file.
        place: String,
        /// What is wrong.
        source: MetadataError,
    },
}

exit_codes! { Error:
    of source: Read;
    Exit::Dump: NotFinished, Unended, Metadata;
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

/// Finds out what is there.
pub fn scan(store: &dyn Store) -> Result<Dump, Error> {
    let mut files = Vec::new();
    let mut table_bytes: HashMap<TableFileName, u64> = HashMap::new();
    for entry in store.list().map_err(Error::Read)? {
        if entry.name.starts_with(LOAD_JOURNAL_PREFIX) {
            continue;
        }
        let Some(file) = DumpFile::from_name(&entry.name) else {
            tracing::info!("{:?} is not a file of a dump and is left alone", entry.name);
            continue;
        };
        let mut bytes = 0;
        if let Content::Rows(rows) = &file.content {
            bytes = entry.bytes;
            *table_bytes.entry(rows.table.clone()).or_default() += bytes;
        }
        files.push((file, bytes));
    }
    let has = |content: Content| files.iter().any(|(file, _)| file.content == content);
    if !has(Content::Metadata) {
        return Err(Error::NotFinished { place: store.to_string(), unfinished: has(Content::MetadataUnfinished) });
    }
    let place = store.locate("metadata");
    let mut text = String::new();
    store
        .open("metadata")
        .and_then(|mut file| {
            file.read_to_string(&mut text).map_err(|source| store.error(Action::Read, "metadata", source))
        })
        .map_err(Error::Read)?;
    let metadata = match Metadata::parse(&text) {
        Ok(metadata) if metadata.finished => metadata,
        Ok(_) => return Err(Error::Unended { place }),
        Err(source) => return Err(Error::Metadata { place, source }),
    };

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
