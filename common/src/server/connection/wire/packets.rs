//! Packets: a length of three bytes, a number that counts them, and up to 2^24-1 bytes. What is longer continues in the
//! next one (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html>).

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::ops::Range;

/// Bytes of a read: more than servers send at once.
const BUFFER: usize = 256 * 1024;
/// A packet of this length is continued in the next one.
const LONGEST: usize = 0xff_ffff;
/// The longest row, over all its packets. A value has at most 1 GiB.
const LONGEST_IN_ALL: usize = u32::MAX as usize;
const HEADER: usize = 4;
/// Up to here a copy is cheaper than a second slice.
const SHORT: usize = 4096;

/// Packets over a transport. Reads go into one buffer, from which packets are lent.
pub(super) struct Packets<T> {
    pub(super) transport: T,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and not lent yet.
    unread: Range<usize>,
    sequence: u8,
}

impl<T: Read + Write> Packets<T> {
    pub(super) fn new(transport: T) -> Packets<T> {
        Packets { transport, buffer: Vec::new(), unread: 0..0, sequence: 0 }
    }

    /// Reads a packet, which stays in [`Packets::bytes`] until the next one is read.
    #[inline]
    pub(super) fn read(&mut self) -> io::Result<Range<usize>> {
        self.need(HEADER)?;
        let mut length = self.header_at(0)?;
        self.need(HEADER + length)?;
        if length == LONGEST {
            length = self.join()?;
        }
        let start = self.unread.start + HEADER;
        self.unread.start = start + length;
        Ok(start..start + length)
    }

    /// Reads a packet, whatever its number.
    pub(super) fn read_any(&mut self) -> io::Result<Range<usize>> {
        self.need(HEADER)?;
        self.sequence = self.buffer[self.unread.start + HEADER - 1];
        self.read()
    }

    /// Reads the continuations of the first unread packet and moves them together. Returns the length of all.
    fn join(&mut self) -> io::Result<usize> {
        let mut length = LONGEST;
        loop {
            self.need(HEADER + length + HEADER)?;
            let more = self.header_at(HEADER + length)?;
            self.need(HEADER + length + HEADER + more)?;
            if length + more > LONGEST_IN_ALL {
                return Err(io::Error::new(ErrorKind::InvalidData, "a packet is longer than 4 GiB"));
            }
            let gap = self.unread.start + HEADER + length;
            self.buffer.copy_within(gap + HEADER..self.unread.end, gap);
            self.unread.end -= HEADER;
            length += more;
            if more < LONGEST {
                return Ok(length);
            }
        }
    }

    /// What was read.
    #[inline]
    pub(super) fn bytes(&self, packet: Range<usize>) -> &[u8] {
        &self.buffer[packet]
    }

    /// The length in the header at this offset of the unread part.
    #[inline]
    fn header_at(&mut self, offset: usize) -> io::Result<usize> {
        let at = self.unread.start + offset;
        let &[low, middle, high, sequence] = &self.buffer[at..at + HEADER] else {
            return Err(ErrorKind::InvalidData.into());
        };
        if sequence != self.sequence {
            let text = format!("packet {sequence} instead of {}: the connection is corrupted", self.sequence);
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        self.sequence = self.sequence.wrapping_add(1);
        Ok(usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16)
    }

    /// Reads until this many bytes are unread.
    #[inline]
    fn need(&mut self, length: usize) -> io::Result<()> {
        if self.unread.len() >= length { Ok(()) } else { self.fill(length) }
    }

    fn fill(&mut self, length: usize) -> io::Result<()> {
        // The unread part is short, or the row is so long that a copy does not matter.
        if self.unread.start > 0 {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        if self.buffer.len() < length.max(BUFFER) {
            self.buffer.resize(length.next_multiple_of(BUFFER), 0);
        }
        while self.unread.len() < length {
            match self.transport.read(&mut self.buffer[self.unread.end..]) {
                Ok(0) => {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"));
                }
                Ok(read) => self.unread.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Begins a new command: packets are counted from 0, and the memory of a long row is freed.
    pub(super) fn begin(&mut self) {
        self.sequence = 0;
        if self.buffer.len() > 4 * BUFFER && self.unread.is_empty() {
            self.buffer = Vec::new();
            self.unread = 0..0;
        }
    }

    /// Sends `first` and `rest` together.
    pub(super) fn write(&mut self, first: &[u8], rest: &[u8]) -> io::Result<()> {
        // `first` is short: a command's number, or nothing.
        let mut head = Vec::with_capacity(HEADER + SHORT);
        let (mut first, mut rest) = (first, rest);
        loop {
            let length = (first.len() + rest.len()).min(LONGEST);
            let (now, later) = rest.split_at(length - first.len());
            head.clear();
            // Three bytes of the length, and the sequence in place of the fourth.
            head.extend_from_slice(&(length as u32).to_le_bytes());
            head[HEADER - 1] = self.sequence;
            head.extend_from_slice(first);
            self.sequence = self.sequence.wrapping_add(1);
            if now.len() <= SHORT {
                head.extend_from_slice(now);
                self.transport.write_all(&head)?;
            } else {
                write_both(&mut self.transport, &head, now)?;
            }
            if length < LONGEST {
                return self.transport.flush();
            }
            (first, rest) = (&[], later);
        }
    }
}

fn write_both(output: &mut impl Write, head: &[u8], body: &[u8]) -> io::Result<()> {
    let mut slices = &mut [IoSlice::new(head), IoSlice::new(body)][..];
    while !slices.is_empty() {
        match output.write_vectored(slices) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut slices, written),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What one side sends, in pieces of some size, and what was sent to it.
    struct Pipe {
        input: Vec<u8>,
        piece: usize,
        output: Vec<u8>,
    }

    impl Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.piece.min(buffer.len()).min(self.input.len());
            buffer[..length].copy_from_slice(&self.input[..length]);
            self.input.drain(..length);
            Ok(length)
        }
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let length = bytes.len().min(self.piece);
            self.output.extend_from_slice(&bytes[..length]);
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn packets(input: Vec<u8>, piece: usize) -> Packets<Pipe> {
        Packets::new(Pipe { input, piece, output: Vec::new() })
    }

    /// The bytes of what `write` sends.
    fn sent(payloads: &[&[u8]]) -> Vec<u8> {
        let mut sender = packets(Vec::new(), 1 << 20);
        for payload in payloads {
            let (first, rest) = payload.split_at(payload.len().min(1));
            sender.write(first, rest).unwrap();
        }
        sender.transport.output
    }

    #[test]
    fn the_bytes_of_packets() {
        assert_eq!(sent(&[b"", b"\x03SELECT 1"]), b"\0\0\0\0\x09\0\0\x01\x03SELECT 1");
    }

    #[test]
    fn long_packets_are_continued() {
        for length in [LONGEST - 1, LONGEST, LONGEST + 1, 2 * LONGEST, 2 * LONGEST + 5] {
            let payload: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let bytes = sent(&[&payload, b"next"]);
            assert_eq!(bytes.len(), length + (length / LONGEST + 1) * HEADER + b"next".len() + HEADER);
            let mut receiver = packets(bytes, 1 << 20);
            let packet = receiver.read().unwrap();
            assert!(receiver.bytes(packet) == payload, "{length}");
            let packet = receiver.read().unwrap();
            assert_eq!(receiver.bytes(packet), b"next");
            let end = receiver.read().unwrap_err();
            assert_eq!(end.to_string(), "the server closed the connection");
        }
    }

    #[test]
    fn a_packet_out_of_order_is_an_error() {
        let mut receiver = packets(b"\x01\0\0\x01a".to_vec(), 9);
        let error = receiver.read().unwrap_err().to_string();
        assert_eq!(error, "packet 1 instead of 0: the connection is corrupted");
    }

    proptest! {
        #[test]
        fn what_was_sent_arrives_in_pieces_of_any_size(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..10_000), 1..20),
            piece in 1_usize..5_000,
        ) {
            let slices: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
            let mut receiver = packets(sent(&slices), piece);
            for payload in &payloads {
                let packet = receiver.read().unwrap();
                prop_assert_eq!(receiver.bytes(packet), payload.as_slice());
            }
            prop_assert_eq!(receiver.read().unwrap_err().kind(), ErrorKind::UnexpectedEof);
        }
    }
}
