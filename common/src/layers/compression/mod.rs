//! Compression of a dump's files, done by the thread that writes or reads the file.

mod lz4;
mod zstd_frame;

use std::fmt;
use std::io::{self, BufRead, Read, Write};

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use lz4::Lz4Frames;
use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
use zstd_frame::ZstdFrame;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, clap::ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Compression {
    /// Not at all.
    #[default]
    #[value(skip)]
    None,
    /// Zstandard, `.zst`.
    Zstd,
    /// gzip, `.gz`.
    Gzip,
    /// LZ4 frames, `.lz4`.
    Lz4,
}

impl Compression {
    /// What is appended to a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
            Compression::Lz4 => ".lz4",
        }
    }

    /// A file name without the extension of its compression, and the compression.
    pub fn of_file_name(name: &str) -> (&str, Compression) {
        for compression in [Compression::Gzip, Compression::Zstd, Compression::Lz4] {
            if let Some(rest) = name.strip_suffix(compression.extension()) {
                return (rest, compression);
            }
        }
        (name, Compression::None)
    }

    /// The compression whose files have names with this extension.
    pub fn of_extension(extension: &str) -> Compression {
        match Compression::of_file_name(extension) {
            ("", compression) => compression,
            _ => Compression::None,
        }
    }

    /// The levels that the method takes, and its default.
    pub fn levels(self) -> (std::ops::RangeInclusive<i32>, i32) {
        match self {
            Compression::None => (0..=0, 0),
            Compression::Gzip => (1..=9, 6),
            Compression::Zstd => (1..=22, 1),
            Compression::Lz4 => (1..=1, 1),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Lz4 => "lz4",
        })
    }
}

/// Compresses what is written to it into `W`.
pub enum Compressor<W: Write> {
    /// Passes the bytes on.
    None(W),
    /// One gzip member.
    Gzip(GzEncoder<W>),
    /// One Zstandard frame with a checksum of its content.
    Zstd(ZstdFrame<W>),
    /// One LZ4 frame with a checksum of its content.
    Lz4(Box<FrameEncoder<W>>),
}

impl<W: Write> Compressor<W> {
    /// Starts a compressed file at `level`, which has to be one of [`Compression::levels`].
    ///
    /// # Errors
    /// When the compressor cannot be set up, for want of memory say.
    pub fn new(compression: Compression, level: i32, output: W) -> io::Result<Compressor<W>> {
        Ok(match compression {
            Compression::None => Compressor::None(output),
            Compression::Gzip => {
                let level = flate2::Compression::new(level.unsigned_abs());
                Compressor::Gzip(GzEncoder::new(output, level))
            }
            Compression::Zstd => Compressor::Zstd(ZstdFrame::new(level, output)?),
            Compression::Lz4 => {
                let info = FrameInfo::new().block_size(BlockSize::Max256KB).content_checksum(true);
                Compressor::Lz4(Box::new(FrameEncoder::with_frame_info(info, output)))
            }
        })
    }

    /// Writes the end of the compressed data and gives the output back.
    ///
    /// # Errors
    /// Those of writing to `W`.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Compressor::None(mut output) => {
                output.flush()?;
                Ok(output)
            }
            Compressor::Gzip(encoder) => encoder.finish(),
            Compressor::Zstd(encoder) => encoder.finish(),
            Compressor::Lz4(encoder) => encoder.finish().map_err(io::Error::from),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Compressor::None(output) => output.write(bytes),
            Compressor::Gzip(encoder) => encoder.write(bytes),
            Compressor::Zstd(encoder) => encoder.write(bytes),
            Compressor::Lz4(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Compressor::None(output) => output.flush(),
            Compressor::Gzip(encoder) => encoder.flush(),
            Compressor::Zstd(encoder) => encoder.flush(),
            Compressor::Lz4(encoder) => encoder.flush(),
        }
    }
}

/// Reads compressed data; concatenated gzip members, Zstandard and LZ4 frames are read to the last.
///
/// # Errors
/// When the decompressor cannot be set up. A cut or damaged file is an error of the reading that follows.
pub fn decompress<'a>(
    compression: Compression,
    input: impl BufRead + Send + 'a,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(match compression {
        Compression::None => Box::new(input),
        Compression::Gzip => Box::new(MultiGzDecoder::new(input)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(input)?),
        Compression::Lz4 => Box::new(Lz4Frames::new(input)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"INSERT INTO `t` VALUES(1,'one')\n,(2,'two')\n;\n";

    fn compressed(compression: Compression) -> Vec<u8> {
        let mut compressor = Compressor::new(compression, compression.levels().1, Vec::new()).unwrap();
        compressor.write_all(TEXT).unwrap();
        compressor.finish().unwrap()
    }

    fn read(compression: Compression, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        decompress(compression, bytes)?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn a_frame_has_nothing_of_one_before_it() {
        let alone = std::thread::spawn(|| compressed(Compression::Zstd)).join().unwrap();
        let mut given_up = Compressor::new(Compression::Zstd, 1, Vec::new()).unwrap();
        given_up.write_all(&[7; 300_000]).unwrap();
        drop(given_up);
        let mut other_level = Compressor::new(Compression::Zstd, 19, Vec::new()).unwrap();
        other_level.write_all(TEXT).unwrap();
        other_level.finish().unwrap();
        assert_eq!([compressed(Compression::Zstd), compressed(Compression::Zstd)], [alone.clone(), alone]);
    }

    #[test]
    fn what_was_written_is_read_also_when_concatenated() {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd, Compression::Lz4] {
            let bytes = compressed(compression);
            assert_eq!(read(compression, &bytes).unwrap(), TEXT);
            assert_eq!(read(compression, &[bytes.clone(), bytes].concat()).unwrap(), [TEXT, TEXT].concat());
        }
    }

    #[test]
    fn a_cut_at_any_byte_and_any_changed_bit_of_the_content_is_an_error() {
        for compression in [Compression::Gzip, Compression::Zstd, Compression::Lz4] {
            let bytes = compressed(compression);
            for length in 1..bytes.len() {
                assert!(read(compression, &bytes[..length]).is_err(), "{compression} cut at {length}");
            }
            for position in 10..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[position] ^= 1;
                assert!(read(compression, &damaged).is_err(), "{compression} changed at {position}");
            }
        }
    }
}
