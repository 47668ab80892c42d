//! The files of a chunk: one, or the pieces that `--chunk-filesize` cuts, each with the file of its LOAD DATA statement
//! where rows are not statements themselves.

use std::io::{self, Write};

use common::backup::file_name::{RowsFile, RowsFormat};
use common::exit_codes;
use common::store::Action;

use crate::output::delivery;
use crate::output::file_writer::{FileWriter, FinishedFile, WriteError};
use crate::rows::encoder::RowEncoder;

/// Where the files of a chunk come from and go to.
pub trait RowSink {
    /// A writer for a file of the chunk.
    fn create(&mut self, file: RowsFile) -> Result<FileWriter, WriteError>;
    /// A file is whole.
    fn deliver(&mut self, file: FinishedFile) -> Result<(), delivery::Error>;
}

/// The files of a chunk could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It was not handed on.
    #[error(transparent)]
    Delivery(#[from] delivery::Error),
}

exit_codes! { Error:
    of source: Write, Delivery;
}

/// What an encoder writes to. Files are made when there is something to write.
pub struct RowFiles<'a, S: RowSink> {
    sink: &'a mut S,
    /// The next file with rows.
    next: RowsFile,
    head: Vec<u8>,
    /// A file ends when it is as long as this, in bytes before compression.
    limit: Option<u64>,
    current: Option<FileWriter>,
    /// What could not be done with which file, when the last one could not be made.
    not_made: (Action, String),
}

impl<'a, S: RowSink> RowFiles<'a, S> {
    /// For what this encoder makes of a chunk, whose first file this is.
    pub fn new<E: RowEncoder>(sink: &'a mut S, first: RowsFile, limit: Option<u64>, encoder: &E) -> RowFiles<'a, S> {
        let next = RowsFile { format: E::FORMAT, ..first };
        RowFiles {
            sink,
            next,
            head: encoder.head().to_vec(),
            limit,
            current: None,
            not_made: (Action::Write, String::new()),
        }
    }

    fn open(&mut self) -> Result<&mut FileWriter, WriteError> {
        let current = match self.current.take() {
            Some(current) => current,
            None => {
                let mut current = self.sink.create(self.next.clone())?;
                let written = current.write_all(&self.head);
                written.map_err(|source| current.error(source))?;
                current
            }
        };
        Ok(self.current.insert(current))
    }

    /// A failure to write, with the file's name.
    pub fn error(&self, source: io::Error) -> WriteError {
        match &self.current {
            Some(current) => current.error(source),
            None => WriteError { action: self.not_made.0, object: self.not_made.1.clone(), source },
        }
    }

    /// Rows are written up to the end of one, so that the file may end.
    pub fn may_end(&mut self, encoder: &mut impl RowEncoder) -> Result<(), Error> {
        let full = match (&self.current, self.limit) {
            (Some(current), Some(limit)) => current.written() >= limit,
            _ => false,
        };
        if full {
            self.end_piece(encoder)?;
            self.next.part += 1;
        }
        Ok(())
    }

    fn end_piece(&mut self, encoder: &mut impl RowEncoder) -> Result<(), Error> {
        let Some(current) = self.current.take() else { return Ok(()) };
        let rows = current.finish()?;
        let name = rows.stored_name();
        // Rows before their statement: in a stream they are there when it comes.
        self.sink.deliver(rows)?;
        if let Some(statement) = encoder.loading_statement(&name) {
            let mut file = self.sink.create(RowsFile { format: RowsFormat::Sql, ..self.next.clone() })?;
            let written = file.write_all(&statement);
            written.map_err(|source| file.error(source))?;
            self.sink.deliver(file.finish()?)?;
        }
        Ok(())
    }

    /// Ends the last file. With `even_if_empty`, there is one even if no row was written.
    pub fn finish(mut self, encoder: &mut impl RowEncoder, even_if_empty: bool) -> Result<(), Error> {
        if even_if_empty && self.current.is_none() && self.next.part == 0 {
            self.open()?;
        }
        self.end_piece(encoder)
    }
}

impl<S: RowSink> Write for RowFiles<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.open() {
            Ok(current) => current.write(bytes),
            Err(WriteError { action, object, source }) => {
                self.not_made = (action, object);
                Err(source)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
