//! Reading.

use std::io::{self, Read};

/// Reads what there is, 0 at the end; a signal that interrupts the read does not end it.
///
/// # Errors
/// Those of the reader.
pub fn read_some(input: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
