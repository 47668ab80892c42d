//! mydumper's stream: `(LF "-- " NAME " " SIZE [" crc32c=" HEX] LF BYTE{SIZE})*`, see docs/dev/formats.md.
//!
//! In the modes without content SIZE is 0 and no bytes follow: the file is in a directory that both ends share. The checksum
//! is then the file's, and `bytes=N` gives its length.

mod decoder;
mod encoder;
mod header;

pub use decoder::MydumperDecoder;
pub use encoder::MydumperEncoder;

#[cfg(test)]
mod tests;
