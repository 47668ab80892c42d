//! Writing mydumper's stream.

use std::io::{self, Write};

use crate::container::mydumper::header;
use crate::container::{Encoder, Member};

/// Writes mydumper's stream.
#[derive(Debug, Default)]
pub struct MydumperEncoder;

impl Encoder for MydumperEncoder {
    fn begin(&mut self, member: &Member, output: &mut dyn Write) -> io::Result<()> {
        let header = header::to_text(member).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "mydumper's stream gives a file's length before its content")
        })?;
        output.write_all(header.as_bytes())
    }

    fn content(&mut self, bytes: &[u8], output: &mut dyn Write) -> io::Result<()> {
        output.write_all(bytes)
    }

    fn end(&mut self, _output: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
