//! Zstandard frames, one after the other with the same context: setting one up takes longer than compressing a small
//! file.

use std::cell::Cell;
use std::io::{self, Write};

use zstd::stream::raw::{CParameter, Encoder, Operation};
use zstd::stream::zio;

thread_local! {
    /// This thread's context while no frame is under way, and its level.
    static CONTEXT: Cell<Option<(i32, Encoder<'static>)>> = const { Cell::new(None) };
}

/// What is written at once, at most.
const OUTPUT: usize = 128 * 1024;

/// One frame with a checksum of its content.
pub struct ZstdFrame<W: Write> {
    writer: zio::Writer<W, Encoder<'static>>,
    level: i32,
}

impl<W: Write> ZstdFrame<W> {
    /// Begins a frame.
    pub fn new(level: i32, output: W) -> io::Result<ZstdFrame<W>> {
        let context = match CONTEXT.take() {
            Some((same, context)) if same == level => context,
            _ => {
                let mut context = Encoder::new(level)?;
                // Without it a damaged block that still decodes would go unnoticed.
                context.set_parameter(CParameter::ChecksumFlag(true))?;
                context
            }
        };
        Ok(ZstdFrame { writer: zio::Writer::new_with_capacity(output, context, OUTPUT), level })
    }

    /// Ends the frame and gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.finish()?;
        let (output, mut context) = self.writer.into_inner();
        context.reinit()?;
        CONTEXT.set(Some((self.level, context)));
        Ok(output)
    }
}

impl<W: Write> Write for ZstdFrame<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
