//! Reading blocks.

use std::io::{self, Read};

/// Reads some bytes, 0 at the end of the input, and again if a signal interrupts it.
///
/// # Errors
/// The reader's.
pub fn read_some(input: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Reads until the buffer is full or the input is at its end. Returns how many bytes there are.
///
/// # Errors
/// The reader's.
pub fn read_full(input: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_some(input, &mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}
