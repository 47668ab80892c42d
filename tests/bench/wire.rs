//! A client that does as little as a client can: rows are counted and dropped where they lie in the read buffer, files
//! are sent as they are. What is left is the server's work.
//!
//! It speaks the protocol of both products over the unix socket, as `root` with an empty password, without result sets
//! of several statements. Source of the packets' formats: MariaDB's and MySQL's documents of their client protocol.

use std::fs::File;
use std::io::{self, Error, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// The read buffer. The kernel gives less at a time.
const BUFFER: usize = 1 << 20;
/// A packet of a file that is sent.
const FILE_PACKET: usize = 1 << 18;
const HEADER: usize = 4;

// Capabilities of a client.
const LONG_PASSWORD: u32 = 1;
const LOCAL_FILES: u32 = 1 << 7;
const PROTOCOL_41: u32 = 1 << 9;
const TRANSACTIONS: u32 = 1 << 13;
const SECURE_CONNECTION: u32 = 1 << 15;
const PLUGIN_AUTH: u32 = 1 << 19;

const UTF8MB4_GENERAL_CI: u8 = 45;
const COM_QUERY: u8 = 3;

/// How a statement ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Rows of the result.
    pub rows: u64,
    /// Affected rows, of a statement without a result.
    pub affected: u64,
    pub warnings: u16,
}

/// A connection.
pub struct Wire {
    stream: UnixStream,
    buffer: Vec<u8>,
    /// What of the buffer was read and not taken yet.
    start: usize,
    end: usize,
    /// Of the next packet that is sent.
    sequence: u8,
}

impl Wire {
    /// Connects and logs in.
    pub fn connect(socket: &Path) -> io::Result<Wire> {
        let stream = UnixStream::connect(socket)?;
        let mut wire = Wire { stream, buffer: vec![0; BUFFER], start: 0, end: 0, sequence: 0 };
        let greeting = wire.packet()?;
        if greeting.first() == Some(&0xff) {
            return Err(server_error(&greeting));
        }
        let mut response = Vec::new();
        let capabilities = LONG_PASSWORD | LOCAL_FILES | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTH;
        response.extend(capabilities.to_le_bytes());
        response.extend((1_u32 << 30).to_le_bytes());
        response.push(UTF8MB4_GENERAL_CI);
        response.extend([0; 23]);
        // The name, and an empty answer to the server's challenge: an empty password, whatever the plugin.
        response.extend(b"root\0\0");
        response.extend(plugin_of(&greeting));
        response.push(0);
        wire.send(&response)?;
        loop {
            let packet = wire.packet()?;
            match packet.first() {
                Some(0x00) => return Ok(wire),
                // Another plugin is asked for: an empty answer again.
                Some(0xfe) => wire.send(&[])?,
                Some(0xff) => return Err(server_error(&packet)),
                // caching_sha2_password says how it goes on: with an empty password by OK.
                _ => {}
            }
        }
    }

    /// Executes a statement. A file that LOAD DATA LOCAL asks for is sent; rows are dropped.
    pub fn run(&mut self, statement: &str) -> io::Result<Reply> {
        self.sequence = 0;
        let command: Vec<u8> = [&[COM_QUERY], statement.as_bytes()].concat();
        self.send(&command)?;
        let packet = self.packet()?;
        match packet.first() {
            Some(0x00) => Ok(ok(&packet)),
            Some(0xff) => Err(server_error(&packet)),
            Some(0xfb) => {
                let path = String::from_utf8_lossy(&packet[1..]).into_owned();
                self.send_file(Path::new(&path))?;
                let packet = self.packet()?;
                if packet.first() == Some(&0x00) { Ok(ok(&packet)) } else { Err(server_error(&packet)) }
            }
            _ => {
                // The columns, then the rows, each with an end of its own.
                self.drop_packets()?;
                Ok(Reply { rows: self.drop_packets()?, ..Reply::default() })
            }
        }
    }

    /// Drops packets until the one that ends them, and counts them. A row of 16 MiB and more counts twice.
    fn drop_packets(&mut self) -> io::Result<u64> {
        let mut count = 0;
        loop {
            self.read_at_least(HEADER + 1)?;
            let length = self.length();
            match self.buffer[self.start + HEADER] {
                0xfe if length < 9 => {
                    self.start += HEADER + length;
                    return Ok(count);
                }
                0xff => return Err(server_error(&self.packet()?)),
                _ => self.skip(HEADER + length)?,
            }
            count += 1;
        }
    }

    /// The length of the packet whose header is in the buffer.
    fn length(&self) -> usize {
        let header = &self.buffer[self.start..self.start + HEADER];
        usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16
    }

    /// Takes a whole packet of those that are no rows.
    fn packet(&mut self) -> io::Result<Vec<u8>> {
        self.read_at_least(HEADER)?;
        let length = self.length();
        self.sequence = self.buffer[self.start + HEADER - 1].wrapping_add(1);
        self.read_at_least(HEADER + length)?;
        let body = self.buffer[self.start + HEADER..self.start + HEADER + length].to_vec();
        self.start += HEADER + length;
        Ok(body)
    }

    fn skip(&mut self, mut length: usize) -> io::Result<()> {
        while length > self.end - self.start {
            length -= self.end - self.start;
            self.start = 0;
            self.end = 0;
            self.fill()?;
        }
        self.start += length;
        Ok(())
    }

    fn read_at_least(&mut self, length: usize) -> io::Result<()> {
        if self.end - self.start < length && self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < length {
            self.fill()?;
        }
        Ok(())
    }

    fn fill(&mut self) -> io::Result<()> {
        match self.stream.read(&mut self.buffer[self.end..])? {
            0 => Err(Error::other("the server has closed the connection")),
            length => {
                self.end += length;
                Ok(())
            }
        }
    }

    fn send(&mut self, body: &[u8]) -> io::Result<()> {
        let mut packet = vec![0; HEADER];
        packet.extend(body);
        self.send_in_place(&mut packet)
    }

    /// Sends a packet, for whose header there is room in front.
    fn send_in_place(&mut self, packet: &mut [u8]) -> io::Result<()> {
        let length = u32::try_from(packet.len() - HEADER).map_err(Error::other)?.to_le_bytes();
        packet[..HEADER].copy_from_slice(&[length[0], length[1], length[2], self.sequence]);
        self.sequence = self.sequence.wrapping_add(1);
        self.stream.write_all(packet)
    }

    fn send_file(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        let mut packet = vec![0; HEADER + FILE_PACKET];
        loop {
            let length = file.read(&mut packet[HEADER..])?;
            // A packet of nothing ends the file.
            self.send_in_place(&mut packet[..HEADER + length])?;
            if length == 0 {
                return Ok(());
            }
        }
    }
}

/// The authentication plugin's name in the server's greeting.
fn plugin_of(greeting: &[u8]) -> &[u8] {
    let until_nul = |bytes: &[u8]| bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    // The protocol's version and the server's, then 8 bytes of challenge among numbers, then its rest.
    let after_version = 1 + until_nul(&greeting[1..]) + 1;
    let challenge_length = usize::from(greeting[after_version + 20]);
    let rest = &greeting[after_version + 31 + challenge_length.saturating_sub(8).max(13)..];
    &rest[..until_nul(rest)]
}

fn ok(packet: &[u8]) -> Reply {
    let (affected, after) = length_encoded(packet, 1);
    let (_, after) = length_encoded(packet, after);
    Reply { rows: 0, affected, warnings: u16::from_le_bytes([packet[after + 2], packet[after + 3]]) }
}

/// The number at a place in the packet, and the place after it.
fn length_encoded(packet: &[u8], at: usize) -> (u64, usize) {
    let width = match packet[at] {
        0xfc => 2,
        0xfd => 3,
        0xfe => 8,
        small => return (u64::from(small), at + 1),
    };
    let bytes = &packet[at + 1..at + 1 + width];
    (bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)), at + 1 + width)
}

/// An error packet's code and text.
fn server_error(packet: &[u8]) -> Error {
    let code = packet.get(1..3).map_or(0, |code| u16::from_le_bytes([code[0], code[1]]));
    let text = packet.get(3..).unwrap_or_default();
    Error::other(format!("error {code}: {}", String::from_utf8_lossy(text)))
}
