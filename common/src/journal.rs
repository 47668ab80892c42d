//! A journal: what was done, line by line, so that an interrupted run can be resumed.
//!
//! A line is `CRC JSON LF`: the record as JSON, which has no line breaks, and before it, in eight hexadecimal digits, the
//! CRC-32C of this and all earlier records. So no line can be changed, removed or moved without notice. Lines are only
//! appended, each by one write: a process that is killed leaves whole lines and at most a part of one at the end, which is
//! dropped. Records that must survive a power failure need [`Journal::sync`].
//!
//! An open journal is locked, so that two programs never resume the same work.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::exit_codes;
use crate::store::local::regular_file::{open_regular, open_regular_with};

/// The name of mydumper's journal, in the directory of the dump.
pub const DUMP_JOURNAL: &str = "mydumper.journal";
/// What the names of myloader's journals begin with, in the directory of the dump that is restored.
pub const LOAD_JOURNAL_PREFIX: &str = "myloader-journal.";

const CRC_LENGTH: usize = 8;

/// The journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another program has it open.
    #[error("{} is in use: another run works on this dump; wait for its end, or end it", path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// A line is not as it was written.
    #[error("line {line} of {} is damaged, so the journal cannot be relied on", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A line is intact but has a record of another version.
    #[error("line {line} of {} cannot be understood by this version: {source}", path.display())]
    Unknown {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// An operation of the file system failed.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// The operation, as a verb.
        what: &'static str,
        /// The journal.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

exit_codes! { JournalError:
    Exit::Dump: Damaged, Unknown;
    Exit::Local: InUse, Io;
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// Of all records so far; `length` counts the bytes of their lines.
    crc32c: u32,
    length: u64,
}

impl Journal {
    /// Creates a journal, readable by its owner alone.
    ///
    /// # Errors
    /// [`JournalError::Io`], also if the file exists.
    pub fn create(path: &Path) -> Result<Journal, JournalError> {
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(io_error("create", path))?;
        lock(&file, path)?;
        Ok(Journal { file, path: path.to_owned(), crc32c: 0, length: 0 })
    }

    /// Opens a journal to append to it, and returns its records. An incomplete line at its end is removed.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open<R: DeserializeOwned>(path: &Path) -> Result<(Journal, Vec<R>), JournalError> {
        // A symbolic link would send the lines to another file.
        let opened = open_regular_with(OpenOptions::new().read(true).append(true), path);
        let mut file = opened.map_err(io_error("open", path))?;
        lock(&file, path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(io_error("read", path))?;
        let Lines { records, crc32c, length } = parse(&text, path)?;
        let length = length as u64;
        if length == 0 && !text.is_empty() {
            // It may not be a journal at all.
            return Err(JournalError::Damaged { path: path.to_owned(), line: 1 });
        }
        if length < text.len() as u64 {
            file.set_len(length).map_err(io_error("cut", path))?;
        }
        Ok((Journal { file, path: path.to_owned(), crc32c, length }, records))
    }

    /// Appends a record. It survives the end of this process, but not a power failure.
    ///
    /// # Errors
    /// [`JournalError::Io`]; the journal is unchanged then.
    pub fn append(&mut self, record: &impl Serialize) -> Result<(), JournalError> {
        let mut line = vec![b' '; CRC_LENGTH + 1];
        let failed = |source: io::Error| io_error("write", &self.path)(source);
        serde_json::to_writer(&mut line, record).map_err(|error| failed(error.into()))?;
        let crc32c = crc32c::crc32c_append(self.crc32c, &line[CRC_LENGTH + 1..]);
        line[..CRC_LENGTH].copy_from_slice(format!("{crc32c:08x}").as_bytes());
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // Removes a part of the line. Should that fail, the next line's checksum shows it.
            let _ = self.file.set_len(self.length);
            return Err(failed(error));
        }
        self.crc32c = crc32c;
        self.length += line.len() as u64;
        Ok(())
    }

    /// Waits until all records are on the disk.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(io_error("write to disk", &self.path))
    }

    /// The path of the journal.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the journal of a finished run.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn remove(self) -> Result<(), JournalError> {
        std::fs::remove_file(&self.path).map_err(io_error("remove", &self.path))
    }
}

/// Checks that no program has a journal open. A missing one is free.
///
/// # Errors
/// [`JournalError::InUse`] or [`JournalError::Io`].
pub fn check_free(path: &Path) -> Result<(), JournalError> {
    match open_regular(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        file => lock(&file.map_err(io_error("open", path))?, path),
    }
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { what, path, source }
}

/// The lock belongs to the open file, so it ends with the process.
fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
            tracing::warn!(
                "{} cannot be locked ({error}): do not run two programs with it at the same time",
                path.display()
            );
            Ok(())
        }
        Err(TryLockError::Error(error)) => Err(io_error("lock", path)(error)),
    }
}

struct Lines<R> {
    records: Vec<R>,
    crc32c: u32,
    length: usize,
}

fn parse<R: DeserializeOwned>(text: &[u8], path: &Path) -> Result<Lines<R>, JournalError> {
    let mut lines = Lines { records: Vec::new(), crc32c: 0, length: 0 };
    for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = number + 1;
        let Some((record, crc32c)) = checked(line, lines.crc32c) else {
            if lines.length + line.len() == text.len() {
                break;
            }
            return Err(JournalError::Damaged { path: path.to_owned(), line: number });
        };
        let unknown = |source| JournalError::Unknown { path: path.to_owned(), line: number, source };
        lines.records.push(serde_json::from_slice(record).map_err(unknown)?);
        lines.crc32c = crc32c;
        lines.length += line.len();
    }
    Ok(lines)
}

/// A line's record and the checksum up to its end; `None` if the line is damaged or incomplete.
fn checked(line: &[u8], before: u32) -> Option<(&[u8], u32)> {
    let (crc, record) = line.strip_suffix(b"\n")?.split_at_checked(CRC_LENGTH)?;
    let record = record.strip_prefix(b" ")?;
    let crc32c = crc32c::crc32c_append(before, record);
    (crc == format!("{crc32c:08x}").as_bytes()).then_some((record, crc32c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn fresh() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        (directory, path)
    }

    fn records(path: &Path) -> Result<Vec<String>, JournalError> {
        Journal::open(path).map(|(_, records)| records)
    }

    #[test]
    fn a_journal_is_resumed() {
        let (_directory, path) = fresh();
        let mut journal = Journal::create(&path).unwrap();
        journal.append(&"a line\nand another").unwrap();
        drop(journal);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (mut journal, found) = Journal::open::<String>(&path).unwrap();
        assert_eq!(found, ["a line\nand another"]);
        journal.append(&"more").unwrap();
        journal.sync().unwrap();
        drop(journal);
        assert_eq!(records(&path).unwrap(), ["a line\nand another", "more"]);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "685c9cd2 \"a line\\nand another\"\nb27bad97 \"more\"\n");
    }

    #[test]
    fn one_program_at_a_time() {
        let (_directory, path) = fresh();
        let journal = Journal::create(&path).unwrap();
        let message = records(&path).unwrap_err().to_string();
        let name = path.display();
        assert_eq!(message, format!("{name} is in use: another run works on this dump; wait for its end, or end it"));
        drop(journal);
        assert!(records(&path).unwrap().is_empty());
        let message = Journal::create(&path).unwrap_err().to_string();
        assert_eq!(message, format!("cannot create {name}: File exists (os error 17)"));
    }

    #[test]
    fn cut_anywhere_it_has_its_whole_lines_and_takes_more() {
        let (_directory, path) = fresh();
        let mut journal = Journal::create(&path).unwrap();
        let words = ["one", "two", "three"];
        let mut ends = vec![0];
        for word in words {
            journal.append(&word).unwrap();
            ends.push(journal.length);
        }
        drop(journal);
        let text = std::fs::read(&path).unwrap();
        for length in 0..text.len() {
            let whole = ends.iter().filter(|end| **end <= length as u64).count() - 1;
            std::fs::write(&path, &text[..length]).unwrap();
            if length > 0 && whole == 0 {
                // It may be any file, so it stays as it is.
                assert!(matches!(records(&path), Err(JournalError::Damaged { line: 1, .. })), "{length}");
                assert_eq!(std::fs::read(&path).unwrap(), &text[..length]);
                continue;
            }
            let (mut journal, found) = Journal::open::<String>(&path).unwrap();
            assert_eq!(found, words[..whole], "{length}");
            journal.append(&"new").unwrap();
            drop(journal);
            assert_eq!(records(&path).unwrap(), [&words[..whole], &["new"]].concat(), "{length}");
        }
    }

    #[test]
    fn no_other_line_may_be_changed_left_out_or_moved() {
        let (_directory, path) = fresh();
        let mut journal = Journal::create(&path).unwrap();
        for word in ["one", "two", "six"] {
            journal.append(&word).unwrap();
        }
        drop(journal);
        let text = std::fs::read(&path).unwrap();
        let damaged = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            records(&path)
        };
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let last = text.len() - lines[2].len();
        // Without the line break before it, the last line begins earlier.
        for place in 0..last - 1 {
            let mut changed = text.clone();
            changed[place] ^= 1;
            assert!(matches!(damaged(&changed), Err(JournalError::Damaged { .. })), "{place}");
        }
        for place in last - 1..text.len() {
            let mut changed = text.clone();
            changed[place] ^= 1;
            let whole = if place < last { 1 } else { 2 };
            assert_eq!(damaged(&changed).unwrap(), ["one", "two"][..whole], "{place}");
        }
        let error = damaged(&[lines[1], lines[0], lines[2]].concat()).unwrap_err().to_string();
        let name = path.display();
        assert_eq!(error, format!("line 1 of {name} is damaged, so the journal cannot be relied on"));
        // A line that is left out before the last one is not found by the last one's form, but by its checksum.
        assert_eq!(damaged(&[lines[0], lines[2]].concat()).unwrap(), ["one"]);
    }

    #[test]
    fn records_of_another_version_are_told_from_damage() {
        let (_directory, path) = fresh();
        Journal::create(&path).unwrap().append(&7).unwrap();
        let message = records(&path).unwrap_err().to_string();
        assert!(message.contains(" cannot be understood by this version: invalid type: integer `7`"), "{message}");
    }
}
