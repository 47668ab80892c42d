//! The files of a chunk: one, or the pieces that `--chunk-filesize` cuts, each with the file of its LOAD DATA statement
//! where rows are not statements themselves.

use std::io::{self, Write};

use common::backup::file_name::{Content, DumpFile, RowsFile, RowsFormat};
use common::process::stop::Stopped;

use crate::output::file_writer::{FileWriter, FinishedFile, WriteError, WrittenFile};
use crate::plan::task::RowsTask;
use crate::rows::encoder::RowEncoder;
use crate::work::worker::{Error, Shared};

/// Where an encoder writes to. Files are made when there is something to write.
pub struct RowFiles<'a> {
    shared: &'a Shared,
    task: &'a RowsTask,
    format: RowsFormat,
    head: Vec<u8>,
    part: u32,
    current: Option<FileWriter>,
    written: Vec<WrittenFile>,
}

impl<'a> RowFiles<'a> {
    /// For what this encoder makes of a task.
    pub fn new<E: RowEncoder>(shared: &'a Shared, task: &'a RowsTask, encoder: &E) -> RowFiles<'a> {
        RowFiles {
            shared,
            task,
            format: E::FORMAT,
            head: encoder.head().to_vec(),
            part: 0,
            current: None,
            written: Vec::new(),
        }
    }

    fn file(&self, format: RowsFormat) -> DumpFile {
        let table = self.task.table.file.clone();
        let rows = RowsFile { table, chunk: Some(self.task.number), part: self.part, format };
        DumpFile::new(Content::Rows(rows), self.shared.compression)
    }

    fn open(&mut self) -> Result<&mut FileWriter, WriteError> {
        let current = match self.current.take() {
            Some(current) => current,
            None => {
                let mut current = FileWriter::create(&self.shared.files, self.file(self.format))?;
                let written = current.write_all(&self.head);
                written.map_err(|source| current.error(source))?;
                current
            }
        };
        Ok(self.current.insert(current))
    }

    /// A failure to write, with the file's name where there is a file.
    pub fn error(&self, source: io::Error) -> WriteError {
        match &self.current {
            Some(current) => current.error(source),
            None => self.shared.files.error(source),
        }
    }

    /// Rows are written up to the end of one, so that the file may end.
    pub fn may_end(&mut self, encoder: &mut impl RowEncoder) -> Result<(), Error> {
        let full = match (&self.current, self.shared.chunk_filesize) {
            (Some(current), Some(limit)) => current.written() >= limit,
            _ => false,
        };
        if full {
            self.end_piece(encoder)?;
            self.part += 1;
        }
        Ok(())
    }

    fn end_piece(&mut self, encoder: &mut impl RowEncoder) -> Result<(), Error> {
        let Some(current) = self.current.take() else { return Ok(()) };
        let rows = current.finish()?;
        let name = rows.file.to_string();
        // Rows before their statement: in a stream they are there when it comes.
        self.deliver(rows)?;
        if let Some(statement) = encoder.loading_statement(&name) {
            let file = self.file(RowsFormat::Sql);
            self.deliver(FileWriter::write_whole(&self.shared.files, file, &statement)?)?;
        }
        Ok(())
    }

    fn deliver(&mut self, file: FinishedFile) -> Result<(), Stopped> {
        self.written.push(WrittenFile::of(&file));
        self.shared.deliver(file)
    }

    /// Ends the last file. Returns all.
    pub fn finish(mut self, encoder: &mut impl RowEncoder) -> Result<Vec<WrittenFile>, Error> {
        // Of an empty table only its first chunk's file is asked for.
        if self.current.is_none() && self.part == 0 && self.shared.build_empty_files && self.task.number == 0 {
            self.open()?;
        }
        self.end_piece(encoder)?;
        Ok(self.written)
    }
}

impl Write for RowFiles<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open().map_err(|error| error.source)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
