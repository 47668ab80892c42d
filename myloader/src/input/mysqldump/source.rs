//! Where a dump is read from: a file, or standard input; compressed or not, as its first bytes say.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use common::container::foreign::{Compressor, Foreign};
use common::io::read_full;
use common::layers::compression::{Compression, decompress};

/// Bytes that tell how something is compressed.
const MAGIC: usize = 8;
const BLOCK: usize = 128 << 10;

/// The text of a dump.
type Text = Box<dyn Read + Send>;

/// Makes another reader of the same bytes.
pub type Again<R> = Box<dyn FnMut() -> io::Result<R> + Send>;

/// Reads dumps.
pub struct Source;

impl Source {
    /// The text from where the file is now, and how to read it once more, unless it is a pipe. `wrap` is put around the
    /// file itself.
    ///
    /// # Errors
    /// Those of reading the first bytes.
    pub fn open<R: Read + Send + 'static>(
        mut file: File,
        wrap: impl Fn(File) -> R + Send + 'static,
    ) -> io::Result<(Text, Option<Again<Text>>)> {
        let is_file = file.metadata()?.is_file();
        let place = if is_file { file.stream_position()? } else { 0 };
        let text = decompressed(wrap(file.try_clone()?))?;
        let again = move || {
            file.seek(SeekFrom::Start(place))?;
            decompressed(wrap(file.try_clone()?))
        };
        Ok((text, is_file.then(|| Box::new(again) as Again<Text>)))
    }
}

fn decompressed<R: Read + Send + 'static>(mut input: R) -> io::Result<Text> {
    let mut start = vec![0; MAGIC];
    let length = read_full(&mut input, &mut start)?;
    start.truncate(length);
    let compression = match Foreign::recognise(&start) {
        Some(Foreign::Compressed(Compressor::Known(known))) => known,
        _ => Compression::None,
    };
    let input = io::Cursor::new(start).chain(input);
    match compression {
        Compression::None => Ok(Box::new(input)),
        known => decompress(known, BufReader::with_capacity(BLOCK, input)),
    }
}
