//! Packets and rows of the protocol; the rest of it is reached by a connection.

#[path = "../../common/src/server/connection/wire/packets.rs"]
mod packets;
#[path = "../../common/src/server/connection/row.rs"]
mod row;

use std::io::{self, Cursor, Read, Write};

/// A transport over bytes, in pieces of some size.
struct Bytes {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
    piece: usize,
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.piece);
        self.input.read(&mut buffer[..length])
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(self.piece);
        self.output.extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of these payloads as packets.
pub fn sent(payloads: &[&[u8]], piece: usize) -> Vec<u8> {
    let mut packets = packets::Packets::new(Bytes { input: Cursor::default(), output: Vec::new(), piece });
    for payload in payloads {
        packets.write(&[], payload).expect("a vector takes all");
    }
    packets.transport.output
}

/// The payloads in these bytes, and what ended them.
pub fn received(bytes: Vec<u8>, piece: usize) -> (Vec<Vec<u8>>, io::Error) {
    let mut packets = packets::Packets::new(Bytes { input: Cursor::new(bytes), output: Vec::new(), piece });
    let mut payloads = Vec::new();
    loop {
        match packets.read() {
            Ok(packet) => payloads.push(packets.bytes(packet).to_vec()),
            Err(error) => return (payloads, error),
        }
    }
}

/// The columns of a row's packet, if it is one.
pub fn row(packet: &[u8], columns: usize) -> Option<Vec<Option<Vec<u8>>>> {
    let mut cells = Vec::new();
    row::split(packet, columns, &mut cells)?;
    let row = row::RowRef { bytes: packet, cells: &cells };
    Some((0..columns).map(|column| row.bytes(column).map(<[u8]>::to_vec)).collect())
}
