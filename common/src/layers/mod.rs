//! What a file goes through between its content and the bytes that are stored, as the end of its name says.
//!
//! [`Layers::writer`] and [`Layers::reader`] are the only places that build the chain. Length and checksum of what is stored
//! belong below it: the store takes them.

pub mod command;
pub mod compression;

use std::fmt;
use std::io::{self, BufReader, Read, Write};

use command::{CommandLayer, CommandWriter};
use compression::{Compression, Compressor, decompress};

const READ_SIZE: usize = 128 * 1024;

/// The layers of a file, from its content down. Its `Display` is what they append to the file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Layers {
    /// The first.
    pub compression: Compression,
}

impl Layers {
    /// A file's name without what its layers appended, and the layers.
    pub fn of_file_name(name: &str) -> (&str, Layers) {
        let (name, compression) = Compression::of_file_name(name);
        (name, Layers { compression })
    }

    /// Writes a file's content through its layers into `output`. `level` is one of [`Compression::levels`]; a command that
    /// takes such files is run instead of compressing here.
    ///
    /// # Errors
    /// When a layer cannot be set up, for want of memory say.
    pub fn writer<W: Write + Send + 'static>(
        self,
        level: i32,
        command: Option<&CommandLayer>,
        output: W,
    ) -> io::Result<LayeredWriter<W>> {
        let top = match command.filter(|command| command.takes(self.compression)) {
            Some(command) => Top::Command(command.writer(output)?),
            None => Top::Compressor(Compressor::new(self.compression, level, output)?),
        };
        Ok(LayeredWriter { top })
    }

    /// Reads the content of a file of so many stored bytes. A command that takes such files is run instead of decompressing
    /// here.
    ///
    /// # Errors
    /// When a layer cannot be set up, or nothing is stored where a layer always stores something. That the stored bytes are
    /// cut short or damaged is an error of the reading that follows.
    pub fn reader(
        self,
        bytes: u64,
        command: Option<&CommandLayer>,
        input: impl Read + Send + 'static,
    ) -> io::Result<Box<dyn Read + Send>> {
        let command = command.filter(|command| command.takes(self.compression));
        if (self.compression != Compression::None || command.is_some()) && bytes == 0 {
            // A decompressor takes nothing for the compressed form of nothing.
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is empty"));
        }
        let buffer = usize::try_from(bytes).map_or(READ_SIZE, |bytes| bytes.clamp(1, READ_SIZE));
        match command {
            Some(command) => Ok(Box::new(BufReader::with_capacity(READ_SIZE, command.reader(input)?))),
            None => decompress(self.compression, BufReader::with_capacity(buffer, input)),
        }
    }
}

impl From<Compression> for Layers {
    fn from(compression: Compression) -> Layers {
        Layers { compression }
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.compression.extension())
    }
}

/// Takes a file's content.
pub struct LayeredWriter<W: Write> {
    top: Top<W>,
}

enum Top<W: Write> {
    Compressor(Compressor<W>),
    Command(CommandWriter<W>),
}

impl<W: Write> LayeredWriter<W> {
    /// Ends each layer and gives the output back.
    ///
    /// # Errors
    /// Those of writing to `W`, and a command's.
    pub fn finish(self) -> io::Result<W> {
        match self.top {
            Top::Compressor(compressor) => compressor.finish(),
            Top::Command(command) => command.finish(),
        }
    }
}

impl<W: Write> Write for LayeredWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.top {
            Top::Compressor(compressor) => compressor.write(bytes),
            Top::Command(command) => command.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.top {
            Top::Compressor(compressor) => compressor.flush(),
            Top::Command(command) => command.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [(&str, &str); 4] = [
        ("d.t.00000.sql", ""),
        ("d.t.00000.sql.gz", ".gz"),
        ("d.t.00000.sql.zst", ".zst"),
        ("d.t.00000.sql.lz4", ".lz4"),
    ];

    fn stored(layers: Layers, content: &[u8]) -> Vec<u8> {
        let mut writer = layers.writer(layers.compression.levels().1, None, Vec::new()).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap()
    }

    fn read(layers: Layers, stored: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        layers.reader(stored.len() as u64, None, io::Cursor::new(stored.to_vec()))?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn a_name_says_its_layers_and_they_give_back_what_was_written() {
        let content: Vec<u8> = (0..300_000_u32).flat_map(|number| (number % 1000).to_le_bytes()).collect();
        for (name, appended) in NAMES {
            let (base, layers) = Layers::of_file_name(name);
            assert_eq!((base, layers.to_string().as_str()), ("d.t.00000.sql", appended));
            let bytes = stored(layers, &content);
            assert_eq!(bytes == content, appended.is_empty(), "{name}");
            assert!(read(layers, &bytes).unwrap() == content, "{name}");
            assert_eq!(read(layers, &stored(layers, b"")).unwrap(), b"", "{name}");
        }
        for name in ["metadata", "zst", "d.t.00000.sql.zst.old", "d.t.00000.sql.gz "] {
            assert_eq!(Layers::of_file_name(name), (name, Layers::default()));
        }
    }

    #[test]
    fn an_empty_file_is_the_content_of_no_layer_but_the_store() {
        for (name, appended) in NAMES {
            let (_, layers) = Layers::of_file_name(name);
            match read(layers, b"") {
                Ok(content) => assert!(content.is_empty() && appended.is_empty(), "{name}"),
                Err(error) => assert_eq!(error.to_string(), "the file is empty", "{name}"),
            }
        }
    }
}
