//! The files of an interrupted dump: which are unchanged, and which are removed.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::backup::file_name::{Content, DumpFile};
use common::process::stop::{Stop, Stopped};
use common::process::sync::{into_inner, lock};
use common::store::{self, Store, Stored};

use super::Error;
use super::record::DoneChunk;
use crate::output::file_writer::WrittenFile;

/// Chunks of which a file is missing or has changed, and what is wrong with it. Files are read by several threads.
pub fn damaged<'a>(
    store: &dyn Store,
    done: impl Iterator<Item = &'a DoneChunk>,
    threads: usize,
    stop: &Stop,
) -> Result<Vec<(&'a DoneChunk, String)>, Stopped> {
    let done: Vec<&DoneChunk> = done.collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> Result<(), Stopped> {
        while let Some(chunk) = done.get(next.fetch_add(1, Ordering::Relaxed)) {
            for file in &chunk.files {
                if let Some(why) = difference(store, file, stop)? {
                    lock(&found).push((*chunk, why));
                    break;
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).fold(Ok(()), Result::and)
    })?;
    Ok(into_inner(found))
}

/// What is wrong with a file; `None` if it is as it was written.
fn difference(store: &dyn Store, written: &WrittenFile, stop: &Stop) -> Result<Option<String>, Stopped> {
    let checksum = || -> Result<Stored, store::Error> {
        match store.open(&written.name)?.bytes {
            bytes if bytes != written.bytes => Ok(Stored { bytes, crc32c: 0 }),
            _ => store.checksum(&written.name, stop),
        }
    };
    let found = checksum();
    stop.check()?;
    let name = store.locate(&written.name);
    Ok(match found {
        Err(error) => Some(format!("{name} cannot be read: {}", error.source)),
        Ok(Stored { bytes, .. }) if bytes != written.bytes => {
            Some(format!("{name} has {bytes} bytes, but {} were written", written.bytes))
        }
        Ok(Stored { crc32c, .. }) if crc32c != written.crc32c => {
            Some(format!("{name} has changed since it was written"))
        }
        Ok(_) => None,
    })
}

/// Removes the files of a dump that are not those of these chunks, but for `metadata.partial`, which shows that the
/// dump is not finished.
pub fn remove_others<'a>(store: &dyn Store, kept: impl Iterator<Item = &'a DoneChunk>) -> Result<(), Error> {
    let kept: HashSet<&str> = kept.flat_map(|chunk| &chunk.files).map(|file| file.name.as_str()).collect();
    for entry in store.list()? {
        let is_other = !kept.contains(entry.name.as_str())
            && DumpFile::from_name(&entry.name).is_some_and(|file| file.content != Content::MetadataUnfinished);
        if is_other {
            store.remove(&entry.name)?;
        }
    }
    Ok(())
}
