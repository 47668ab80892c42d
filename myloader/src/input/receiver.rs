//! The stream from standard input: members, one after the other, to files.
//!
//! Exactly the announced bytes are read, whatever they are, and then the next header or the end is demanded. A file
//! has its name only when it is whole. The stream is whole only when the final `metadata` has come and nothing follows.
//!
//! In the modes without content, a header announces a file that is in the directory already.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use common::backup::file_name::{Content, DumpFile};
use common::backup::metadata::{Metadata, MetadataError};
use common::container::mydumper::{Header, HeaderError, LONGEST_HEADER};
use common::io::{open_regular, read_some};
use common::process::exit::{Exit, Failure};
use common::process::stop::{Stop, Stopped};
use crossbeam_channel::Sender;

const BLOCK: usize = 256 * 1024;
/// What the name of a file ends in while it is received.
pub const UNFINISHED: &str = ".receiving";

/// The stream cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing.
    #[error("the stream is empty: mydumper has sent nothing, look at its messages")]
    Empty,
    /// It ends too early.
    #[error("the stream was cut short at byte {offset}, {place}: the restore is not complete")]
    CutShort {
        /// Bytes read.
        offset: u64,
        /// Where that is.
        place: String,
    },
    /// What should be a header is none.
    #[error("the stream is damaged at byte {offset}, after {previous}: {source}")]
    Header {
        /// Bytes read before it.
        offset: u64,
        /// The member before it.
        previous: String,
        /// What is wrong.
        source: HeaderError,
    },
    /// It is another kind of file.
    #[error("this is no stream of mydumper but {0}")]
    OtherFormat(&'static str),
    /// A member's name is no name of a dump's file.
    #[error("the stream has a member {name:?} at byte {offset}, which is no file of a dump: nothing is written for it")]
    Name {
        /// The name.
        name: String,
        /// Bytes read before it.
        offset: u64,
    },
    /// A member comes twice.
    #[error("the stream has the member {name} twice, again at byte {offset}: two dumps were mixed")]
    Twice {
        /// The name.
        name: String,
        /// Bytes read before it.
        offset: u64,
    },
    /// A member's bytes are not those that were sent.
    #[error("the stream's member {name} is damaged: its checksum is {found:08x}, but {announced:08x} was announced")]
    Checksum {
        /// The member.
        name: String,
        /// Of the bytes read.
        found: u32,
        /// Of the bytes sent.
        announced: u32,
    },
    /// The stream was made in a mode without content.
    #[error(
        "the stream has headers only, at {name}: mydumper was run with --stream=NO_STREAM or NO_STREAM_AND_NO_DELETE; \
         give myloader that mode and the --directory with the files"
    )]
    HeadersOnly {
        /// The member that shows it.
        name: String,
    },
    /// The stream was made in a mode with content.
    #[error("the stream brings the content of {name}: give myloader --stream=TRADITIONAL or NO_DELETE")]
    HasContent {
        /// The member that shows it.
        name: String,
    },
    /// A file that was announced is not what was announced.
    #[error("{} was announced by the stream, but {problem}", path.display())]
    Announced {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Something follows the final metadata.
    #[error("the stream goes on at byte {offset} after its final metadata: two streams were put together")]
    GoesOn {
        /// Bytes read.
        offset: u64,
    },
    /// The metadata cannot be understood.
    #[error("{name}: {source}")]
    Metadata {
        /// The member.
        name: String,
        /// What is wrong.
        source: MetadataError,
    },
    /// Standard input refused.
    #[error("cannot read the stream at byte {offset}: {source}")]
    Read {
        /// Bytes read.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Failure for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Empty
            | Error::CutShort { .. }
            | Error::Header { .. }
            | Error::OtherFormat(_)
            | Error::Name { .. }
            | Error::Twice { .. }
            | Error::Checksum { .. }
            | Error::HeadersOnly { .. }
            | Error::HasContent { .. }
            | Error::Announced { .. }
            | Error::GoesOn { .. }
            | Error::Metadata { .. } => Exit::Dump,
            Error::Read { .. } | Error::Write { .. } => Exit::Local,
            Error::Stopped(error) => error.exit(),
        }
    }
}

/// What the stream brings.
#[derive(Debug)]
pub enum Event {
    /// More is known of the dump.
    Metadata(Metadata),
    /// The same, and the definitions that come before the rows are here.
    Definitions(Metadata),
    /// A file is there, whole, with so many bytes.
    File(DumpFile, u64),
    /// The stream has ended, whole.
    End(Metadata, String),
}

/// Reads a stream into a directory.
pub struct Receiver<R, F> {
    input: R,
    directory: PathBuf,
    /// Whether members have content, or are in the directory already.
    content: bool,
    /// Which files are wanted; others are read and checked, and nothing is written for them.
    wanted: F,
    /// Bytes read.
    offset: u64,
    seen: HashSet<DumpFile>,
    previous: String,
}

impl<R: BufRead, F: Fn(&DumpFile) -> bool> Receiver<R, F> {
    /// Into this directory.
    pub fn new(input: R, directory: PathBuf, content: bool, wanted: F) -> Self {
        let (seen, previous) = (HashSet::new(), "the beginning".to_owned());
        Receiver { input, directory, content, wanted, offset: 0, seen, previous }
    }

    /// Reads to the end, and reports what comes. The last event is the end or an error.
    pub fn run(mut self, events: &Sender<Result<Event, Error>>, stop: &Stop) {
        loop {
            let event = self.next_event();
            let last = !matches!(event, Ok(Event::Metadata(_) | Event::Definitions(_) | Event::File(..)));
            if stop.send(events, event).is_err() || last {
                return;
            }
        }
    }

    fn next_event(&mut self) -> Result<Event, Error> {
        loop {
            let start = self.offset;
            let Some(header) = self.header()? else {
                if start == 0 {
                    return Err(Error::Empty);
                }
                let place = format!("after {} and before the final metadata", self.previous);
                return Err(Error::CutShort { offset: self.offset, place });
            };
            let file = DumpFile::from_name(&header.name)
                .ok_or_else(|| Error::Name { name: header.name.clone(), offset: start })?;
            if !self.seen.insert(file.clone()) {
                return Err(Error::Twice { name: header.name, offset: start });
            }
            self.previous.clone_from(&header.name);
            self.check_mode(&header, &file)?;
            if file.content.is_metadata() {
                return self.metadata(&header, &file);
            }
            if !(self.wanted)(&file) {
                if self.content {
                    self.body(&header, |_| Ok(()))?;
                }
                continue;
            }
            let bytes = if self.content { self.receive(&header)? } else { self.check_announced(&header)? };
            return Ok(Event::File(file, bytes));
        }
    }

    /// A stream with content read as one without, or the other way round, is told from its first member, which is
    /// never empty. (The list of tables known so far is, where there are none.)
    fn check_mode(&self, header: &Header, file: &DumpFile) -> Result<(), Error> {
        let never_empty = matches!(file.content, Content::MetadataHeader | Content::Metadata);
        let no_content = header.bytes.is_some() || (header.size == 0 && never_empty);
        let name = header.name.clone();
        match self.content {
            true if no_content => Err(Error::HeadersOnly { name }),
            false if header.size > 0 => Err(Error::HasContent { name }),
            _ => Ok(()),
        }
    }

    fn metadata(&mut self, header: &Header, file: &DumpFile) -> Result<Event, Error> {
        let mut text = Vec::new();
        if self.content {
            self.body(header, |block| {
                text.extend_from_slice(block);
                Ok(())
            })?;
        } else {
            self.check_announced(header)?;
            let path = self.directory.join(&header.name);
            let read = open_regular(&path).and_then(|mut file| file.read_to_end(&mut text));
            read.map_err(|source| Error::Announced { path, problem: source.to_string() })?;
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        let metadata =
            Metadata::parse(&text).map_err(|source| Error::Metadata { name: header.name.clone(), source })?;
        match file.content {
            Content::Metadata => {}
            Content::MetadataPartial(_) => return Ok(Event::Definitions(metadata)),
            _ => return Ok(Event::Metadata(metadata)),
        }
        match self.byte()? {
            None => Ok(Event::End(metadata, text)),
            Some(_) => Err(Error::GoesOn { offset: self.offset - 1 }),
        }
    }

    /// Looks at a file that is in the directory already. Returns its length.
    fn check_announced(&self, header: &Header) -> Result<u64, Error> {
        let path = self.directory.join(&header.name);
        let problem = |problem: String| Error::Announced { path: path.clone(), problem };
        let mut file = open_regular(&path).map_err(|source| problem(format!("cannot be read: {source}")))?;
        let length = file.metadata().map_err(|source| problem(source.to_string()))?.len();
        if let Some(announced) = header.bytes.filter(|announced| *announced != length) {
            return Err(problem(format!("has {length} bytes instead of {announced}")));
        }
        if let Some(announced) = header.crc32c {
            let found = checksum(&mut file).map_err(|source| problem(format!("cannot be read: {source}")))?;
            if found != announced {
                return Err(problem(format!("its checksum is {found:08x} instead of {announced:08x}")));
            }
        }
        Ok(length)
    }

    /// The next header, or `None` at the end of the input.
    fn header(&mut self) -> Result<Option<Header>, Error> {
        let start = self.offset;
        let error =
            |receiver: &Self, source| Error::Header { offset: start, previous: receiver.previous.clone(), source };
        let first = match self.byte()? {
            None => return Ok(None),
            Some(b'\n') => None,
            Some(other) => Some(other),
        };
        let mut line: Vec<u8> = first.into_iter().collect();
        loop {
            match self.byte()? {
                Some(b'\n') => break,
                Some(byte) if line.len() < LONGEST_HEADER => line.push(byte),
                Some(_) => break,
                None => {
                    let place = format!("in the header after {}", self.previous);
                    return Err(Error::CutShort { offset: self.offset, place });
                }
            }
        }
        if start == 0
            && let Some(format) = other_format(&line)
        {
            return Err(Error::OtherFormat(format));
        }
        if first.is_some() {
            let found = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
            return Err(error(self, HeaderError::NoHeader { found }));
        }
        Header::parse(&line).map(Some).map_err(|source| error(self, source))
    }

    /// Writes a member to its file. Returns its length.
    fn receive(&mut self, header: &Header) -> Result<u64, Error> {
        let path = self.directory.join(&header.name);
        // A name that no dump's file has, so that what is cut short is never taken for a file.
        let unfinished = self.directory.join(format!("{}{UNFINISHED}", header.name));
        let write_error = |source| Error::Write { path: path.clone(), source };
        let mut output =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished).map_err(write_error)?;
        let written = self.body(header, |block| output.write_all(block).map_err(write_error));
        if let Err(error) = written {
            // What went wrong matters more than a file that stays.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        fs::rename(&unfinished, &path).map_err(write_error)?;
        Ok(header.size)
    }

    /// Reads a member's bytes, and checks them.
    fn body(&mut self, header: &Header, mut write: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let mut left = header.size;
        let mut crc32c = 0;
        let mut block = vec![0; BLOCK];
        while left > 0 {
            let wanted = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
            let read = read_some(&mut self.input, &mut block[..wanted])
                .map_err(|source| Error::Read { offset: self.offset, source })?;
            if read == 0 {
                let place = format!("in {}, {left} of its {} bytes are missing", header.name, header.size);
                return Err(Error::CutShort { offset: self.offset, place });
            }
            self.offset += read as u64;
            left -= read as u64;
            crc32c = crc32c::crc32c_append(crc32c, &block[..read]);
            write(&block[..read])?;
        }
        match header.crc32c {
            Some(announced) if announced != crc32c => {
                Err(Error::Checksum { name: header.name.clone(), found: crc32c, announced })
            }
            _ => Ok(()),
        }
    }

    fn byte(&mut self) -> Result<Option<u8>, Error> {
        let mut byte = [0];
        let read =
            read_some(&mut self.input, &mut byte).map_err(|source| Error::Read { offset: self.offset, source })?;
        self.offset += read as u64;
        Ok((read > 0).then_some(byte[0]))
    }
}

fn checksum(file: &mut fs::File) -> io::Result<u32> {
    let mut block = vec![0; BLOCK];
    let mut crc32c = 0;
    loop {
        match read_some(file, &mut block)? {
            0 => return Ok(crc32c),
            read => crc32c = crc32c::crc32c_append(crc32c, &block[..read]),
        }
    }
}

/// What people pipe in by mistake.
fn other_format(line: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(line);
    if text.starts_with("-- MySQL dump") || text.starts_with("-- MariaDB dump") || text.starts_with("/*M!999999") {
        return Some("a dump of mysqldump or mariadb-dump: restore it with the mysql or mariadb client");
    }
    let magic: [(&[u8], &'static str); 4] = [
        (b"\x1f\x8b", "a gzip file: pipe it through gzip -dc first"),
        (b"\x28\xb5\x2f\xfd", "a zstd file: pipe it through zstd -dc first"),
        (b"XBSTCK01", "an xbstream: unpack it with mbstream -x"),
        (b"/*!", "a file with SQL statements: restore it with the mysql or mariadb client"),
    ];
    magic.into_iter().find(|(start, _)| line.starts_with(start)).map(|(_, format)| format)
}

#[cfg(test)]
mod tests;
