//! A command of the user's own as a layer: one process for each file that is open.

use std::fmt;
use std::io::{self, BufWriter, Read, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::thread::JoinHandle;

use super::compression::Compression;
use crate::io::read_some;
use crate::process::command::{ExternalCommand, RunningCommand};
use crate::process::stop::Stop;

const BLOCK: usize = 64 << 10;

/// A command that files go through.
pub struct CommandLayer {
    command: ExternalCommand,
    /// The compression whose files it writes or reads; `None` if it is one of its own.
    replaces: Compression,
    stop: Stop,
}

impl fmt::Debug for CommandLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandLayer({})", self.command)
    }
}

impl CommandLayer {
    /// For files whose names end with this extension.
    pub fn new(command: ExternalCommand, extension: &str, stop: &Stop) -> CommandLayer {
        CommandLayer { command, replaces: Compression::of_extension(extension), stop: stop.clone() }
    }

    /// Whether files of this compression go through the command.
    pub fn takes(&self, compression: Compression) -> bool {
        self.replaces == compression
    }

    fn start(&self) -> io::Result<(RunningCommand, ChildStdin, ChildStdout)> {
        let started = self.command.start(|_| None, (Stdio::piped(), Stdio::piped()), &self.stop);
        let cannot = |error| io::Error::other(format!("the command {} cannot be started: {error}", self.command));
        let mut running = started.map_err(cannot)?;
        match (running.take_input(), running.take_output()) {
            (Some(input), Some(output)) => Ok((running, input, output)),
            _ => Err(io::Error::from(io::ErrorKind::BrokenPipe)),
        }
    }

    /// Writes a file's content through the command into `output`.
    ///
    /// # Errors
    /// When the command cannot be started.
    pub fn writer<W: Write + Send + 'static>(&self, mut output: W) -> io::Result<CommandWriter<W>> {
        let (running, input, mut stored) = self.start()?;
        let copy = move || {
            let bytes = io::copy(&mut stored, &mut output)?;
            Ok((output, bytes))
        };
        let copier = std::thread::Builder::new().name("command's output".into()).spawn(copy)?;
        let input = Some(BufWriter::with_capacity(BLOCK, input));
        Ok(CommandWriter { input, copier: Some(copier), running: Some(running), written: 0 })
    }

    /// Reads a file's content through the command.
    ///
    /// # Errors
    /// When the command cannot be started. That it fails is an error of the reading that follows.
    pub fn reader(&self, mut stored: impl Read + Send + 'static) -> io::Result<CommandReader> {
        let (running, mut input, output) = self.start()?;
        let feed = move || {
            let mut block = vec![0; BLOCK];
            loop {
                let read = read_some(&mut stored, &mut block).map_err(Some)?;
                if read == 0 {
                    return Ok(());
                }
                input.write_all(&block[..read]).map_err(|_| None)?;
            }
        };
        let feeder = std::thread::Builder::new().name("command's input".into()).spawn(feed)?;
        Ok(CommandReader { output: Some(output), feeder: Some(feeder), running: Some(running) })
    }
}

const UNREAD: &str = "ended before it had read all of its input";

/// Takes a file's content. Dropped before [`CommandWriter::finish`], it kills the command.
pub struct CommandWriter<W> {
    input: Option<BufWriter<ChildStdin>>,
    copier: Option<JoinHandle<io::Result<(W, u64)>>>,
    running: Option<RunningCommand>,
    written: u64,
}

impl<W> CommandWriter<W> {
    /// Lets the command come to its end, and gives the output back.
    ///
    /// # Errors
    /// Those of writing to `W`; when the command fails, does not read all, or makes nothing of something.
    pub fn finish(mut self) -> io::Result<W> {
        let flushed = self.input.as_mut().map_or(Ok(()), Write::flush);
        self.end(flushed.err())
    }

    /// Everything that went wrong, the cause first.
    fn end(&mut self, unread: Option<io::Error>) -> io::Result<W> {
        // Into parts: dropping a buffer would write what is left in it.
        let _ = self.input.take().map(BufWriter::into_parts);
        let copied = joined(self.copier.take())?;
        let Some(running) = self.running.take() else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let idle = running.failure(UNREAD);
        let nothing = running.failure("has put out nothing");
        running.wait().map_err(io::Error::other)?;
        match copied {
            _ if unread.is_some() => Err(io::Error::other(idle)),
            (_, 0) if self.written > 0 => Err(io::Error::other(nothing)),
            (output, _) => Ok(output),
        }
    }
}

impl<W> Write for CommandWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(input) = &mut self.input else { return Err(io::ErrorKind::BrokenPipe.into()) };
        match input.write(bytes) {
            Ok(written) => {
                self.written += written as u64;
                Ok(written)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(self.end(Some(error)).err().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.input.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl<W> Drop for CommandWriter<W> {
    fn drop(&mut self) {
        // Killed before its input ends, lest it take what it has for all.
        self.running = None;
        let _ = self.input.take().map(BufWriter::into_parts);
        if let Some(copier) = self.copier.take() {
            let _ = copier.join();
        }
    }
}

/// Gives out a file's content. Dropped before its end, it kills the command.
pub struct CommandReader {
    output: Option<ChildStdout>,
    /// It fails with the error of reading what is stored, or with none if the command reads no more.
    feeder: Option<JoinHandle<Result<(), Option<io::Error>>>>,
    running: Option<RunningCommand>,
}

impl CommandReader {
    fn end(&mut self) -> io::Result<()> {
        self.output = None;
        let fed = match self.feeder.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(Some(error)))) => return Err(error),
            Some(Ok(Err(None)) | Err(_)) => Err(()),
        };
        let Some(running) = self.running.take() else { return Ok(()) };
        let idle = running.failure(UNREAD);
        running.wait().map_err(io::Error::other)?;
        fed.map_err(|()| io::Error::other(idle))
    }
}

impl Read for CommandReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(output) = &mut self.output else { return Ok(0) };
        match output.read(buffer) {
            Ok(0) if !buffer.is_empty() => self.end().map(|()| 0),
            read => read,
        }
    }
}

impl Drop for CommandReader {
    fn drop(&mut self) {
        self.running = None;
        self.output = None;
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
    }
}

fn joined<T>(thread: Option<JoinHandle<io::Result<T>>>) -> io::Result<T> {
    match thread.map(JoinHandle::join) {
        Some(Ok(result)) => result,
        Some(Err(_)) | None => Err(io::Error::other("its output was not copied")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn layer(command: &str) -> CommandLayer {
        CommandLayer::new(ExternalCommand::parse(command).unwrap(), ".x", &Stop::default())
    }

    fn write(command: &str, content: &[u8]) -> io::Result<Vec<u8>> {
        let mut writer = layer(command).writer(Vec::new())?;
        // As encoders write.
        content.chunks(997).try_for_each(|piece| writer.write_all(piece))?;
        writer.finish()
    }

    fn read(command: &str, stored: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        layer(command).reader(Cursor::new(stored.to_vec()))?.read_to_end(&mut content)?;
        Ok(content)
    }

    fn content() -> Vec<u8> {
        (0..300_000_u32).flat_map(|number| (number % 1000).to_le_bytes()).collect()
    }

    #[test]
    fn what_a_command_has_written_another_reads() {
        for content in [content(), b"short".to_vec(), Vec::new()] {
            let stored = write("gzip -c", &content).unwrap();
            assert!(!stored.is_empty() && read("gzip -dc", &stored).unwrap() == content);
            assert!(read("cat", &write("cat", &content).unwrap()).unwrap() == content);
        }
    }

    #[test]
    fn one_that_fails_reads_only_some_or_puts_out_nothing_is_an_error() {
        let failed = |command: &str, content: &[u8]| write(command, content).unwrap_err().to_string();
        for content in [content(), b"short".to_vec()] {
            let told = failed("sh -c 'cat; echo no room >&2; exit 4'", &content);
            assert_eq!(told, "the command sh ended with status 4: no room");
            assert_eq!(failed("sh -c 'cat > /dev/null'", &content), "the command sh has put out nothing");
        }
        assert_eq!(failed("false", &content()), "the command false ended with status 1");
        let some = "the command head ended before it had read all of its input";
        assert_eq!(failed("head -c 10", &content()), some);
        assert_eq!(read("head -c 10", &content()).unwrap_err().to_string(), some);
        assert_eq!(read("false", b"stored").unwrap_err().to_string(), "the command false ended with status 1");
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error() {
        let stored = write("gzip -c", b"INSERT INTO `t` VALUES(1,'one')\n,(2,'two')\n;\n").unwrap();
        for length in [1, 5, stored.len() / 2, stored.len() - 9, stored.len() - 1] {
            let error = read("gzip -dc", &stored[..length]).unwrap_err().to_string();
            assert!(error.starts_with("the command gzip ended with status 1: "), "{error}");
        }
    }

    #[test]
    fn errors_of_the_stored_bytes_come_before_the_end_and_before_those_of_the_command() {
        struct Damaged(u8);
        impl Read for Damaged {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                buffer[0] = b'x';
                self.0 += 1;
                if self.0 < 4 { Ok(1) } else { Err(io::Error::from_raw_os_error(5)) }
            }
        }
        for command in ["cat", "sh -c 'cat; exit 1'"] {
            let mut content = Vec::new();
            let result = layer(command).reader(Damaged(0)).unwrap().read_to_end(&mut content);
            assert_eq!((result.unwrap_err().raw_os_error(), content.as_slice()), (Some(5), &b"xxx"[..]), "{command}");
        }
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from_raw_os_error(28))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writer = layer("cat").writer(Full).unwrap();
        let result = writer.write_all(&content()).and_then(|()| writer.finish().map(drop));
        assert_eq!(result.unwrap_err().raw_os_error(), Some(28));
    }

    #[test]
    fn what_is_given_up_leaves_no_command() {
        let mut writer = layer("cat").writer(Vec::new()).unwrap();
        writer.write_all(b"some").unwrap();
        drop(writer);
        let mut reader = layer("cat").reader(io::repeat(7)).unwrap();
        reader.read_exact(&mut [0; 10]).unwrap();
        drop(reader);
    }
}
