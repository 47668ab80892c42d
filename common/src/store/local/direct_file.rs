//! Files written past the page cache.
//!
//! A dump is not read again soon. In the page cache it would push out what other programs need, a server's files above all;
//! copying it there is the larger part of what writing costs; and in the end all of it would have to be written back at once,
//! while nobody works but the disk. So a long file goes to the disk in blocks by direct I/O, while other workers compute.
//! Short files, and all files where the file system has no direct I/O, are written through the cache.
//!
//! `posix_fadvise` frees the cache, too, but spares no copy: docs/dev/performance.md has the figures.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// Shorter files are collected and written by one ordinary call.
const SHORT: usize = 64 << 10;
/// Bytes of a block: many, since the worker waits for each.
const BLOCK: usize = 1 << 20;
/// Direct I/O takes addresses, offsets and lengths that are multiples of this. Devices want 512 or 4096.
const ALIGNMENT: usize = 4096;

/// A file that is written once, from its beginning.
pub struct DirectFile {
    file: File,
    way: Way,
    /// Bytes written to the file so far.
    written: u64,
}

/// How bytes get into the file.
enum Way {
    /// At once, through the page cache.
    Cached,
    /// Not yet: it may be a short file.
    Collected(Vec<u8>),
    /// In blocks, past the page cache.
    Direct(Block),
}

impl DirectFile {
    /// Takes an empty file. One that is read again at once, to be sent, should go through the page cache.
    pub fn new(file: File, read_again: bool) -> DirectFile {
        let way = if read_again { Way::Cached } else { Way::Collected(Vec::new()) };
        DirectFile { file, way, written: 0 }
    }

    /// Writes what is left.
    pub fn finish(mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.way, Way::Cached) {
            Way::Cached => Ok(()),
            Way::Collected(bytes) => self.write_here(&bytes),
            Way::Direct(block) => {
                let bytes = block.bytes();
                let (whole, rest) = bytes.split_at(bytes.len() / ALIGNMENT * ALIGNMENT);
                self.write_directly(whole)?;
                set_direct(&self.file, false)?;
                self.write_here(rest)
            }
        }
    }

    fn write_here(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.written)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Writes by direct I/O, or through the cache if the file system refuses after all. Returns whether it was direct.
    fn write_directly(&mut self, bytes: &[u8]) -> io::Result<bool> {
        match self.write_here(bytes) {
            Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => {
                set_direct(&self.file, false)?;
                self.write_here(bytes).map(|()| false)
            }
            result => result.map(|()| true),
        }
    }

    /// The file is not short.
    fn begin_blocks(&mut self, collected: &[u8]) -> io::Result<()> {
        if set_direct(&self.file, true).is_ok() {
            let mut block = Block::new();
            block.fill(collected);
            self.way = Way::Direct(block);
            Ok(())
        } else {
            self.way = Way::Cached;
            self.write_here(collected)
        }
    }
}

impl Write for DirectFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.way {
            Way::Cached => {
                self.write_here(bytes)?;
                Ok(bytes.len())
            }
            Way::Collected(collected) if collected.len() + bytes.len() <= SHORT => {
                collected.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Way::Collected(collected) => {
                let collected = std::mem::take(collected);
                self.begin_blocks(&collected)?;
                self.write(bytes)
            }
            Way::Direct(block) => {
                let taken = block.fill(bytes);
                if block.is_full()
                    && let Way::Direct(mut block) = std::mem::replace(&mut self.way, Way::Cached)
                    && self.write_directly(block.bytes())?
                {
                    block.clear();
                    self.way = Way::Direct(block);
                }
                Ok(taken)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn set_direct(file: &File, on: bool) -> io::Result<()> {
    let mut flags = OFlag::from_bits_retain(fcntl(file.as_fd(), FcntlArg::F_GETFL)?);
    flags.set(OFlag::O_DIRECT, on);
    fcntl(file.as_fd(), FcntlArg::F_SETFL(flags))?;
    Ok(())
}

/// Memory at an aligned address.
struct Block {
    memory: Vec<u8>,
    start: usize,
    filled: usize,
}

impl Block {
    fn new() -> Block {
        let memory = vec![0; BLOCK + ALIGNMENT];
        let start = memory.as_ptr().align_offset(ALIGNMENT);
        Block { memory, start, filled: 0 }
    }

    /// Takes as many bytes as there is room for, and returns how many.
    fn fill(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(BLOCK - self.filled);
        let at = self.start + self.filled;
        self.memory[at..at + taken].copy_from_slice(&bytes[..taken]);
        self.filled += taken;
        taken
    }

    fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.filled]
    }

    fn is_full(&self) -> bool {
        self.filled == BLOCK
    }

    fn clear(&mut self) {
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Writes so many bytes in pieces, and returns whether a block of the file was written directly.
    fn write(directory: &Path, length: usize, piece: usize, read_again: bool) -> bool {
        let path = directory.join("file");
        let content: Vec<u8> = (0..length).map(|place| (place * 31 % 251) as u8).collect();
        let mut file = DirectFile::new(File::create(&path).unwrap(), read_again);
        for piece in content.chunks(piece) {
            file.write_all(piece).unwrap();
        }
        let direct = matches!(file.way, Way::Direct(_));
        file.finish().unwrap();
        assert!(std::fs::read(&path).unwrap() == content, "{length} bytes by {piece}");
        direct
    }

    #[test]
    fn every_byte_arrives_whatever_the_lengths() {
        let directory = tempfile::tempdir().unwrap();
        for length in [0, 1, SHORT, SHORT + 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + ALIGNMENT + 7] {
            for piece in [997, SHORT, BLOCK + 5] {
                write(directory.path(), length, piece, false);
            }
        }
        let offered = set_direct(&File::create(directory.path().join("probe")).unwrap(), true).is_ok();
        assert_eq!(write(directory.path(), 3 * BLOCK, SHORT, false), offered);
        assert!(!write(directory.path(), SHORT, SHORT, false));
        assert!(!write(directory.path(), 3 * BLOCK, SHORT, true));
    }

    #[test]
    fn a_file_system_without_direct_io_takes_them_too() {
        // Memory has no disk to go to past the page cache; newer kernels take the flag there all the same.
        let directory = tempfile::tempdir_in("/dev/shm").unwrap();
        for length in [SHORT, SHORT + 1, 2 * BLOCK + 1] {
            write(directory.path(), length, SHORT, false);
        }
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let mut file = DirectFile::new(File::options().write(true).open("/dev/full").unwrap(), false);
        let result = file.write_all(&vec![0; 2 * BLOCK]).and_then(|()| file.finish());
        assert_eq!(result.unwrap_err().raw_os_error(), Some(Errno::ENOSPC as i32));
    }
}
