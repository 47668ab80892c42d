//! One file of the dump, from its first byte to the store.

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::Arc;

use common::backup::file_name::{Content, DumpFile};
use common::layers::LayeredWriter;
use common::layers::command::CommandLayer;
use common::layers::compression::Compression;
use common::store::{Action, NewFile, OpenFile, Store, Stored};
use serde::{Deserialize, Serialize};

/// A file could not be written.
pub use common::store::Error as WriteError;

/// A file that is whole. It is removed when dropped, if it was only made to be sent.
#[derive(Debug)]
pub struct FinishedFile {
    /// Which file of the dump.
    pub file: DumpFile,
    /// What is stored of it.
    pub stored: Stored,
    /// Whether it stays when this value is dropped.
    pub keep: bool,
    store: Arc<dyn Store>,
}

impl FinishedFile {
    /// Where it is.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Its path on this machine.
    pub fn path(&self) -> OsString {
        let name = self.stored_name();
        match self.store.local_path() {
            Some(directory) => directory.join(name).into_os_string(),
            None => self.place().into(),
        }
    }

    /// Opens it to be read.
    pub fn open(&self) -> Result<OpenFile, WriteError> {
        self.store.open(&self.file.to_string())
    }

    /// Its name as it is stored.
    pub fn stored_name(&self) -> String {
        self.store.stored_name(&self.file.to_string())
    }

    /// Its place, as messages name it.
    pub fn place(&self) -> String {
        self.store.locate(&self.file.to_string())
    }
}

impl Drop for FinishedFile {
    fn drop(&mut self) {
        if !self.keep {
            // Nothing else can be done about a file that cannot be removed, and it shows in the output directory.
            let _ = self.store.remove(&self.file.to_string());
        }
    }
}

/// What a later run needs to know of a file to recognise it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// The CRC-32C of its bytes.
    pub crc32c: u32,
}

impl WrittenFile {
    /// Of a file that is whole.
    pub fn of(file: &FinishedFile) -> WrittenFile {
        let Stored { bytes, crc32c } = file.stored;
        WrittenFile { name: file.file.to_string(), bytes, crc32c }
    }
}

/// Where files are written and what becomes of them.
#[derive(Debug, Clone)]
pub struct Files {
    /// Their place.
    pub store: Arc<dyn Store>,
    /// Compression level of the files' own method.
    pub level: i32,
    /// `--exec-per-thread`.
    pub command: Option<Arc<CommandLayer>>,
    /// Whether a file of the same name is replaced, `--dirty`.
    pub overwrite: bool,
    /// Whether files stay once they were sent.
    pub keep: bool,
}

impl Files {
    /// Stores the final metadata, which makes the dump whole, after everything else.
    pub fn publish(&self, metadata: &str) -> Result<FinishedFile, WriteError> {
        let file = DumpFile::new(Content::Metadata, Compression::None);
        let stored = self.store.publish(&file.to_string(), metadata.as_bytes())?;
        Ok(self.finished(file, stored))
    }

    fn finished(&self, file: DumpFile, stored: Stored) -> FinishedFile {
        FinishedFile { file, stored, keep: self.keep, store: Arc::clone(&self.store) }
    }
}

/// A file while it is written. Dropped before [`FileWriter::finish`], it is removed.
pub struct FileWriter {
    file: DumpFile,
    files: Files,
    output: LayeredWriter<Box<dyn NewFile>>,
    written: u64,
}

impl FileWriter {
    /// Creates the file.
    pub fn create(files: &Files, file: DumpFile) -> Result<FileWriter, WriteError> {
        let name = file.to_string();
        let output = if files.overwrite { files.store.replace(&name) } else { files.store.create(&name) }?;
        let command = files.command.as_deref().filter(|_| !file.content.is_metadata());
        let output = file.layers.writer(files.level, command, output);
        let output = output.map_err(|source| files.store.error(Action::Write, &name, source))?;
        Ok(FileWriter { file, files: files.clone(), output, written: 0 })
    }

    /// A file with this content.
    pub fn write_whole(files: &Files, file: DumpFile, content: &[u8]) -> Result<FinishedFile, WriteError> {
        let mut writer = FileWriter::create(files, file)?;
        let written = writer.write_all(content);
        written.map_err(|source| writer.error(source))?;
        writer.finish()
    }

    /// Bytes written so far, before they go through the layers.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// An error of writing with the file's name.
    pub fn error(&self, source: io::Error) -> WriteError {
        self.files.store.error(Action::Write, &self.file.to_string(), source)
    }

    /// Ends the file.
    pub fn finish(self) -> Result<FinishedFile, WriteError> {
        let FileWriter { file, files, output, .. } = self;
        match output.finish().and_then(NewFile::finish) {
            Ok(stored) => Ok(files.finished(file, stored)),
            Err(source) => Err(files.store.error(Action::Write, &file.to_string(), source)),
        }
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::store::local::LocalDirectory;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    fn files(directory: &Path, keep: bool) -> Files {
        Files { store: Arc::new(LocalDirectory::at(directory)), level: 1, command: None, overwrite: false, keep }
    }

    fn name(name: &str) -> DumpFile {
        DumpFile::from_name(name).unwrap()
    }

    #[test]
    fn what_is_known_of_a_finished_file_is_that_of_its_stored_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let files = files(directory.path(), true);
        for file in ["d.t.00000.sql", "d.t.00001.sql.zst", "d.t.00002.sql.gz", "d.t.00003.sql.lz4"] {
            let finished = FileWriter::write_whole(&files, name(file), b"SELECT 1;\n").unwrap();
            let path = directory.path().join(file);
            let bytes = fs::read(&path).unwrap();
            assert_eq!(finished.stored, Stored { bytes: bytes.len() as u64, crc32c: crc32c::crc32c(&bytes) });
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn nothing_half_written_stays_and_nothing_is_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let files = files(directory.path(), true);
        for file in ["d.t.00000.sql", "d.t.00000.sql.gz", "d.t.00000.sql.zst", "d.t.00000.sql.lz4"] {
            let mut writer = FileWriter::create(&files, name(file)).unwrap();
            writer.write_all(b"SELECT").unwrap();
            drop(writer);
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "{file}");
        }

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
        symlink(&elsewhere, &path).unwrap();
        let files = files(directory.path(), true);
        let error = FileWriter::write_whole(&files, name("metadata"), b"new").err().unwrap().to_string();
        assert!(error.ends_with("metadata: File exists (os error 17)"), "{error}");
        let dirty = Files { overwrite: true, ..files };
        FileWriter::write_whole(&dirty, name("metadata"), b"new").unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
        // Others could read the file that was there.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        FileWriter::write_whole(&dirty, name("metadata"), b"newer").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"newer");
    }

    #[test]
    fn a_file_made_to_be_sent_goes_with_its_value() {
        let directory = tempfile::tempdir().unwrap();
        let finished = FileWriter::write_whole(&files(directory.path(), false), name("metadata"), b"").unwrap();
        assert!(directory.path().join("metadata").exists());
        drop(finished);
        assert!(!directory.path().join("metadata").exists());
    }
}
