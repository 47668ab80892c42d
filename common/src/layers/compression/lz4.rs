//! Reading LZ4 frames to their proper end.
//!
//! The library's decoder takes an input that ends between two blocks, or within a frame's header, for a whole one. So
//! the bytes on their way to it are followed here, just as far as is needed to know where a frame ends. The format is
//! that of the LZ4 Frame Format Description 1.6.

use std::io::{self, BufRead, Read};

use lz4_flex::frame::FrameDecoder;

/// Reads concatenated LZ4 frames until the input ends; an end within a frame is an error.
pub struct Lz4Frames<R: BufRead>(FrameDecoder<Followed<R>>);

impl<R: BufRead> Lz4Frames<R> {
    /// Reads from `input`.
    pub fn new(input: R) -> Self {
        Lz4Frames(FrameDecoder::new(Followed {
            input,
            place: Place::Header(Vec::new()),
            content_checksum: false,
            block_checksum: false,
        }))
    }
}

impl<R: BufRead> Read for Lz4Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // The decoder ends with each frame, and begins the next one when it is asked again.
            let read = self.0.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.0.get_mut().input.fill_buf()?.is_empty() {
                return Ok(read);
            }
        }
    }
}

/// Passes bytes on and knows which part of a frame they belong to.
struct Followed<R> {
    input: R,
    place: Place,
    content_checksum: bool,
    block_checksum: bool,
}

/// The part of a frame that the next byte belongs to.
enum Place {
    /// Magic number and descriptor, or, without bytes, between two frames.
    Header(Vec<u8>),
    /// A block's size, or the end mark.
    BlockSize(Vec<u8>),
    /// So many more bytes of a block and its checksum.
    Block(u64),
    /// So many more bytes of the content's checksum.
    ContentChecksum(u64),
}

impl<R> Followed<R> {
    fn follow(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            match &mut self.place {
                Place::Header(header) => {
                    header.push(byte);
                    bytes = rest;
                    if header.len() >= 5 && header.len() == header_length(header[4]) {
                        self.block_checksum = header[4] & 0x10 != 0;
                        self.content_checksum = header[4] & 0x04 != 0;
                        self.place = Place::BlockSize(Vec::new());
                    }
                }
                Place::BlockSize(size) => {
                    size.push(byte);
                    bytes = rest;
                    if let [a, b, c, d] = size[..] {
                        self.place = self.after_block_size(u32::from_le_bytes([a, b, c, d]));
                    }
                }
                Place::Block(left) | Place::ContentChecksum(left) => {
                    let taken = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= taken as u64;
                    bytes = &bytes[taken..];
                    if *left == 0 {
                        self.place = match self.place {
                            Place::Block(_) => Place::BlockSize(Vec::new()),
                            _ => Place::Header(Vec::new()),
                        };
                    }
                }
            }
        }
    }

    fn after_block_size(&self, size: u32) -> Place {
        match (size, self.content_checksum) {
            (0, true) => Place::ContentChecksum(4),
            (0, false) => Place::Header(Vec::new()),
            // The highest bit says that the block is not compressed.
            _ => Place::Block(u64::from(size & 0x7fff_ffff) + if self.block_checksum { 4 } else { 0 }),
        }
    }
}

/// Magic number, flags, block descriptor, content size and dictionary if the flags say so, and a checksum.
fn header_length(flags: u8) -> usize {
    4 + 2 + if flags & 0x08 != 0 { 8 } else { 0 } + if flags & 0x01 != 0 { 4 } else { 0 } + 1
}

impl<R: Read> Read for Followed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.follow(&buffer[..read]);
        let between_frames = matches!(&self.place, Place::Header(header) if header.is_empty());
        if read == 0 && !buffer.is_empty() && !between_frames {
            // Not of the kind UnexpectedEof, which the decoder passes over.
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file ends in the middle of an LZ4 frame"));
        }
        Ok(read)
    }
}
