//! Whether the files of a dump can be read: those that a command has written need another that undoes it.

use common::backup::extension::unknown_extension;
use common::backup::file_name::DumpFile;
use common::backup::metadata::Metadata;
use common::exit_codes;
use common::store::{Entry, Store};

/// The options name another command than the dump needs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It needs one, or one for another extension.
    #[error(
        "a command has written the files of {place}, whose names end with {extension}: give --exec-per-thread=COMMAND, \
         the command that undoes it, and --exec-per-thread-extension={extension}"
    )]
    Needed {
        /// The dump.
        place: String,
        /// What the names end with.
        extension: String,
    },
    /// It needs none, as far as its files show.
    #[error(
        "{place} has files whose names do not end with {extension} ({name}): leave --exec-per-thread and \
         --exec-per-thread-extension out, or restore files with and without the extension one after the other"
    )]
    NotNeeded {
        /// The dump.
        place: String,
        /// What the names should end with.
        extension: String,
        /// One of the files.
        name: String,
    },
}

exit_codes! { Error:
    Exit::Dump: Needed, NotNeeded;
}

/// Checks what metadata says of the files' extension against the store's.
///
/// # Errors
/// [`Error::Needed`].
pub fn check_metadata(store: &dyn Store, place: &dyn Fn() -> String, metadata: &Metadata) -> Result<(), Error> {
    match &metadata.extension {
        Some(extension) if extension != store.extension() => {
            Err(Error::Needed { place: place(), extension: extension.clone() })
        }
        _ => Ok(()),
    }
}

/// Checks a directory's files. Metadata of mydumper says nothing.
///
/// # Errors
/// [`Error`].
pub fn check_files(store: &dyn Store, entries: &[Entry], metadata: &Metadata) -> Result<(), Error> {
    let place = || store.to_string();
    check_metadata(store, &place, metadata)?;
    let is_file = |name: &str| DumpFile::from_name(name).is_some_and(|file| !file.content.is_metadata());
    let extension = store.extension();
    if extension.is_empty() {
        if entries.iter().any(|entry| is_file(&entry.name)) {
            return Ok(());
        }
        return match entries.iter().find_map(|entry| unknown_extension(&entry.name)) {
            Some(extension) => Err(Error::Needed { place: place(), extension: extension.to_owned() }),
            None => Ok(()),
        };
    }
    let without = entries.iter().map(|entry| entry.name.trim_matches('"')).zip(entries);
    match without.into_iter().find(|(name, entry)| *name != entry.name && is_file(name)) {
        Some((name, _)) => {
            Err(Error::NotNeeded { place: place(), extension: extension.to_owned(), name: name.to_owned() })
        }
        None => Ok(()),
    }
}

/// Which file of the dump a stream's member is.
///
/// # Errors
/// [`Error`]; `None` if it is none.
pub fn member(store: &dyn Store, name: &str) -> Result<Option<DumpFile>, Error> {
    let place = || "the stream".to_owned();
    match store.name_of_stored(name).map(|name| DumpFile::from_name(&name)) {
        Some(Some(file)) => Ok(Some(file)),
        Some(None) => match unknown_extension(name) {
            Some(extension) => Err(Error::Needed { place: place(), extension: extension.to_owned() }),
            None => Ok(None),
        },
        None => {
            Err(Error::NotNeeded { place: place(), extension: store.extension().to_owned(), name: name.to_owned() })
        }
    }
}
