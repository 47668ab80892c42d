//! The files of an interrupted dump: which are unchanged, and which are removed.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use common::backup::file_name::{Content, DumpFile};
use common::io::{open_regular, read_some};
use common::process::stop::{Stop, Stopped};

use super::Error;
use super::record::{DoneChunk, WrittenFile};

const BLOCK: usize = 1 << 20;

/// Chunks of which a file is missing or has changed, and what is wrong with it. Files are read by several threads.
pub fn damaged<'a>(
    directory: &Path,
    done: impl Iterator<Item = &'a DoneChunk>,
    threads: usize,
    stop: &Stop,
) -> Result<Vec<(&'a DoneChunk, String)>, Stopped> {
    let done: Vec<&DoneChunk> = done.collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> Result<(), Stopped> {
        while let Some(chunk) = done.get(next.fetch_add(1, Ordering::Relaxed)) {
            for file in &chunk.files {
                if let Some(why) = difference(directory, file, stop)? {
                    found.lock().unwrap_or_else(PoisonError::into_inner).push((*chunk, why));
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
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// What is wrong with a file; `None` if it is as it was written.
fn difference(directory: &Path, written: &WrittenFile, stop: &Stop) -> Result<Option<String>, Stopped> {
    let path = directory.join(&written.name);
    let name = path.display();
    let checksum = || -> io::Result<(u64, u32)> {
        let mut file = open_regular(&path)?;
        let length = file.metadata()?.len();
        if length != written.bytes {
            return Ok((length, 0));
        }
        let (mut block, mut length, mut crc32c) = (vec![0; BLOCK], 0, 0);
        while !stop.is_triggered() {
            let read = read_some(&mut file, &mut block)?;
            if read == 0 {
                break;
            }
            crc32c = crc32c::crc32c_append(crc32c, &block[..read]);
            length += read as u64;
        }
        Ok((length, crc32c))
    };
    let found = checksum();
    stop.check()?;
    Ok(match found {
        Err(error) => Some(format!("{name} cannot be read: {error}")),
        Ok((length, _)) if length != written.bytes => {
            Some(format!("{name} has {length} bytes, but {} were written", written.bytes))
        }
        Ok((_, crc32c)) if crc32c != written.crc32c => Some(format!("{name} has changed since it was written")),
        Ok(_) => None,
    })
}

/// Removes the files of a dump that are not those of these chunks, but for `metadata.partial`, which shows that the
/// dump is not finished.
pub fn remove_others<'a>(directory: &Path, kept: impl Iterator<Item = &'a DoneChunk>) -> Result<(), Error> {
    let kept: HashSet<&str> = kept.flat_map(|chunk| &chunk.files).map(|file| file.name.as_str()).collect();
    let error = |what, path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { what, path, source }
    };
    for entry in fs::read_dir(directory).map_err(error("read", directory))? {
        let name = entry.map_err(error("read", directory))?.file_name();
        let Some(name) = name.to_str().filter(|name| !kept.contains(name)) else { continue };
        if DumpFile::from_name(name).is_some_and(|file| file.content != Content::MetadataUnfinished) {
            let path = directory.join(name);
            fs::remove_file(&path).map_err(error("remove", &path))?;
        }
    }
    Ok(())
}
