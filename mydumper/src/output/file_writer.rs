//! One file of the dump, from its first byte to its name in the directory.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use common::backup::file_name::DumpFile;
use common::layers::compression::Compressor;
use common::process::exit::{Exit, Failure};

use crate::output::direct_file::DirectFile;

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl Failure for WriteError {
    fn exit(&self) -> Exit {
        Exit::Local
    }
}

/// A file that is whole. It is removed when dropped, if it was only made to be sent.
#[derive(Debug)]
pub struct FinishedFile {
    /// Which file of the dump.
    pub file: DumpFile,
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes, compressed.
    pub bytes: u64,
    /// CRC-32C of these bytes.
    pub crc32c: u32,
    /// Whether it stays when this value is dropped.
    pub keep: bool,
}

impl Drop for FinishedFile {
    fn drop(&mut self) {
        if !self.keep {
            // Nothing else can be done about a file that cannot be removed; the directory's removal will tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Where files are written and what becomes of them.
#[derive(Debug, Clone)]
pub struct Files {
    /// The directory.
    pub directory: PathBuf,
    /// Compression level of the files' own method.
    pub level: i32,
    /// Whether a file of the same name is replaced, `--dirty`.
    pub overwrite: bool,
    /// Whether files are read again soon: by the stream, or by who loads them meanwhile.
    pub sends: bool,
    /// Whether files stay once they were sent.
    pub keep: bool,
}

/// A file while it is written. Dropped before [`FileWriter::finish`], it is removed.
pub struct FileWriter {
    file: DumpFile,
    path: PathBuf,
    keep: bool,
    output: Option<Compressor<Checked>>,
    written: u64,
}

impl FileWriter {
    /// Creates the file, for its owner alone.
    pub fn create(files: &Files, file: DumpFile) -> Result<FileWriter, WriteError> {
        let path = files.directory.join(file.to_string());
        if files.overwrite {
            // Not written into: it may be a link to another file, or others may read it.
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(WriteError { path, source }),
                _ => {}
            }
        }
        // A file that is there was not written by this dump.
        let output = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|output| {
                let output = DirectFile::new(output, files.sends);
                Compressor::new(file.compression, files.level, Checked { output, bytes: 0, crc32c: 0 })
            })
            .map_err(|source| WriteError { path: path.clone(), source })?;
        Ok(FileWriter { file, path, keep: files.keep, output: Some(output), written: 0 })
    }

    /// A file with this content.
    pub fn write_whole(files: &Files, file: DumpFile, content: &[u8]) -> Result<FinishedFile, WriteError> {
        let mut writer = FileWriter::create(files, file)?;
        let written = writer.write_all(content);
        written.map_err(|source| writer.error(source))?;
        writer.finish()
    }

    /// Bytes written so far, before compression.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// An error of writing with the file's name.
    pub fn error(&self, source: io::Error) -> WriteError {
        WriteError { path: self.path.clone(), source }
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<FinishedFile, WriteError> {
        let result = match self.output.take() {
            Some(output) => output.finish().and_then(Checked::finish),
            None => Err(io::Error::other("written to its end already")),
        };
        match result {
            Ok((bytes, crc32c)) => Ok(FinishedFile {
                file: self.file.clone(),
                path: std::mem::take(&mut self.path),
                bytes,
                crc32c,
                keep: self.keep,
            }),
            Err(source) => Err(self.error(source)),
        }
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(output) = &mut self.output else { return Ok(0) };
        let written = output.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if self.path != Path::new("") {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Counts and checks the bytes on their way into the file, so that the file need not be read again.
struct Checked {
    output: DirectFile,
    bytes: u64,
    crc32c: u32,
}

impl Checked {
    /// The length and the checksum.
    fn finish(self) -> io::Result<(u64, u32)> {
        self.output.finish().map(|()| (self.bytes, self.crc32c))
    }
}

impl Write for Checked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.crc32c = crc32c::crc32c_append(self.crc32c, &bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn files(directory: &Path, keep: bool) -> Files {
        Files { directory: directory.to_owned(), level: 1, overwrite: false, sends: !keep, keep }
    }

    fn name(name: &str) -> DumpFile {
        DumpFile::from_name(name).unwrap()
    }

    #[test]
    fn a_finished_file_is_the_owner_s_alone_and_its_checksum_is_that_of_its_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let files = files(directory.path(), true);
        for file in ["d.t.00000.sql", "d.t.00001.sql.zst", "d.t.00002.sql.gz"] {
            let finished = FileWriter::write_whole(&files, name(file), b"SELECT 1;\n").unwrap();
            let bytes = fs::read(&finished.path).unwrap();
            assert_eq!((finished.bytes, finished.crc32c), (bytes.len() as u64, crc32c::crc32c(&bytes)));
            assert_eq!(fs::metadata(&finished.path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn nothing_half_written_stays_and_nothing_is_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let files = files(directory.path(), true);
        let mut writer = FileWriter::create(&files, name("d.t.00000.sql")).unwrap();
        writer.write_all(b"SELECT").unwrap();
        drop(writer);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);

        fs::write(directory.path().join("d.t.00000.sql"), "mine").unwrap();
        let error = FileWriter::create(&files, name("d.t.00000.sql")).err().unwrap().to_string();
        assert!(error.ends_with("d.t.00000.sql: File exists (os error 17)"), "{error}");
        assert_eq!(fs::read(directory.path().join("d.t.00000.sql")).unwrap(), b"mine");
    }

    #[test]
    fn what_is_in_the_way_is_replaced_and_no_link_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (elsewhere, path) = (directory.path().join("elsewhere"), directory.path().join("metadata"));
        fs::write(&elsewhere, "mine").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let files = files(directory.path(), true);
        let error = FileWriter::write_whole(&files, name("metadata"), b"new").err().unwrap().to_string();
        assert!(error.ends_with("metadata: File exists (os error 17)"), "{error}");
        let dirty = Files { overwrite: true, ..files };
        FileWriter::write_whole(&dirty, name("metadata"), b"new").unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
        // Others could read the file that was there.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let finished = FileWriter::write_whole(&dirty, name("metadata"), b"newer").unwrap();
        assert_eq!(fs::metadata(&finished.path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"newer");
    }

    #[test]
    fn a_file_made_to_be_sent_goes_with_its_value() {
        let directory = tempfile::tempdir().unwrap();
        let finished = FileWriter::write_whole(&files(directory.path(), false), name("metadata"), b"").unwrap();
        assert!(finished.path.exists());
        let path = finished.path.clone();
        drop(finished);
        assert!(!path.exists());
    }
}
