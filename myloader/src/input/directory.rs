//! A dump in a directory: all its files at once.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::Read;

use common::backup::file_name::{Content, DumpFile, NOT_UPDATED_TABLES, TableFileName};
use common::backup::metadata::{Metadata, MetadataError, Unsealed, check_seal};
use common::exit_codes;
use common::journal::LOAD_JOURNAL_PREFIX;
use common::observe::wording::count;
use common::store::verified::Changed;
use common::store::{self, Action, Store};

use crate::config::Restore;
use crate::input::file_list::{Differences, Needed};
use crate::input::files;
use crate::input::not_a_dump;
use crate::input::through_command;

const METADATA: &str = "metadata";

/// The directory is no dump.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("{0}; give the directory of a dump with --directory")]
    Read(store::Error),
    /// The dump is not there, or was not finished.
    #[error("{place} is not a finished dump: it has no file `metadata`; {what}")]
    NotFinished {
        /// The directory.
        place: String,
        /// What it is, and what to do.
        what: String,
    },
    /// It is a file.
    #[error("{place} is not a directory but {what}")]
    File {
        /// The file.
        place: String,
        /// What it is, and what to do.
        what: String,
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
    /// Its files cannot be read without a command.
    #[error(transparent)]
    Command(#[from] through_command::Error),
    /// The metadata is another.
    #[error(
        "{place}: {source}; get it from another copy of the dump, or restore it as it is with --ignore-file-checksums"
    )]
    Changed {
        /// The file.
        place: String,
        /// That it has changed.
        source: Unsealed,
    },
    /// A file of rows has another length. Its content is verified as it is read.
    #[error(transparent)]
    Length(#[from] files::Error),
    /// Files are missing, or there are others.
    #[error(
        "the files in {place} are not those that were dumped: {}; copy what is missing there, and remove what is not of \
         this dump", .differences.join("; ")
    )]
    OtherFiles {
        /// The directory.
        place: String,
        /// What differs.
        differences: Vec<String>,
    },
}

exit_codes! { Error:
    of source: Length, Read, Command;
    Exit::Dump: NotFinished, Unended, Metadata, Changed, OtherFiles;
    Exit::Local: File;
}

/// A finished dump.
pub struct Dump {
    /// What it says of itself.
    pub metadata: Metadata,
    /// The same as it stands in the file.
    pub metadata_text: Vec<u8>,
    /// The other files with the length of those with rows, in the order in which they should be begun.
    pub files: Vec<(DumpFile, u64)>,
    /// What differs from the files that were dumped, where the restore continues all the same.
    pub differences: Vec<String>,
}

/// Finds out what is there.
pub fn scan(store: &dyn Store, restore: &Restore) -> Result<Dump, Error> {
    let mut files = Vec::new();
    let mut table_bytes: HashMap<TableFileName, u64> = HashMap::new();
    let entries = store.list().map_err(|error| not_a_directory(store, error))?;
    if !entries.iter().any(|entry| entry.name == METADATA) {
        return Err(Error::NotFinished { place: store.to_string(), what: not_a_dump::directory(store, &entries) });
    }
    for entry in &entries {
        if entry.name.starts_with(LOAD_JOURNAL_PREFIX) || entry.name == NOT_UPDATED_TABLES {
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
    let place = store.locate(METADATA);
    let mut text = String::new();
    store
        .open(METADATA)
        .and_then(|mut file| {
            file.read_to_string(&mut text).map_err(|source| store.error(Action::Read, METADATA, source))
        })
        .map_err(Error::Read)?;
    let metadata = match Metadata::parse(&text) {
        Ok(metadata) if metadata.finished => metadata,
        Ok(_) => return Err(Error::Unended { place }),
        Err(source) => return Err(Error::Metadata { place, source }),
    };
    match check_seal(&text) {
        Err(source) if restore.ignore_file_checksums => {
            tracing::warn!("{place}: {source}, and is taken as it is (--ignore-file-checksums)");
        }
        sealed => sealed.map_err(|source| Error::Changed { place, source })?,
    }

    if !restore.verify_only {
        through_command::check_files(store, &entries, &metadata)?;
    }
    files.retain(|(file, _)| !file.content.is_metadata());
    let differences = if restore.verify_only { Vec::new() } else { compare(&files, &metadata, restore) };
    if !differences.is_empty() && !restore.tolerance.keep_going {
        return Err(Error::OtherFiles { place: store.to_string(), differences });
    }
    if restore.data && !restore.verify_only && !restore.ignore_file_checksums && !restore.tolerance.keep_going {
        check_lengths(store, &files, &metadata)?;
    }
    // The largest table first: what remains for the end is small.
    files.sort_by_cached_key(|(file, _)| {
        let size = file.content.table().and_then(|table| table_bytes.get(table)).copied().unwrap_or(0);
        (rank(&file.content), Reverse(size), file.clone())
    });
    Ok(Dump { metadata, metadata_text: text.into_bytes(), files, differences })
}

/// Files of rows are read when tables have been dropped already: what can be seen before is.
fn check_lengths(store: &dyn Store, files: &[(DumpFile, u64)], metadata: &Metadata) -> Result<(), files::Error> {
    for (file, found) in files.iter().filter(|(file, _)| matches!(file.content, Content::Rows(_))) {
        let name = file.to_string();
        let Some(stored) = metadata.files.get(&name).filter(|stored| stored.bytes != *found) else { continue };
        let changed = Changed::Length { found: *found, stored: stored.bytes };
        return Err(files::Error::Changed { place: store.locate(&name), changed });
    }
    Ok(())
}

fn compare(files: &[(DumpFile, u64)], metadata: &Metadata, restore: &Restore) -> Vec<String> {
    let needed = Needed { filter: &restore.filter, schemas: restore.schemas, data: restore.data };
    let differences = Differences::find(files, metadata, &needed);
    if differences.recompressed > 0 {
        tracing::warn!(
            "{} compressed or decompressed since the dump was made: nothing shows whether their content has changed",
            match differences.recompressed {
                1 => "1 file was".to_owned(),
                files => format!("{} were", count(files as u64, "file")),
            }
        );
    }
    differences.describe()
}

fn not_a_directory(store: &dyn Store, error: store::Error) -> Error {
    let is_file = error.source.kind() == std::io::ErrorKind::NotADirectory;
    match store.local_path().filter(|_| is_file).and_then(not_a_dump::file) {
        Some(what) => Error::File { place: store.to_string(), what },
        None => Error::Read(error),
    }
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
