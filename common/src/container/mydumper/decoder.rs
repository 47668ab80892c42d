//! Reading mydumper's stream: exactly as many bytes as a header announces, whatever they are, and then the next header.

use crate::container::foreign::Foreign;
use crate::container::mydumper::header::{self, HeaderError, LONGEST_HEADER};
use crate::container::{Decoder, Ended, Error, Event, MemberNumber};

/// Finds the members of mydumper's stream.
#[derive(Debug)]
pub struct MydumperDecoder {
    /// Whether members have content. If not, checksums are those of files elsewhere.
    content: bool,
    offset: u64,
    /// Members that began.
    count: MemberNumber,
    /// The name of the last of them.
    previous: String,
    place: Place,
}

/// The part of the stream that the next byte belongs to.
#[derive(Debug)]
enum Place {
    /// A header that begins at `start`, after the bytes in `line`, of which the first should be a line break.
    Header { start: u64, line: Vec<u8> },
    /// The content of the last member.
    Content(Content),
    /// Nothing: the stream is damaged.
    Nowhere,
}

#[derive(Debug)]
struct Content {
    size: u64,
    left: u64,
    crc32c: u32,
    announced: Option<u32>,
}

impl MydumperDecoder {
    /// For a stream from its beginning, with its files' content or without.
    pub fn new(content: bool) -> MydumperDecoder {
        let place = Place::Header { start: 0, line: Vec::new() };
        MydumperDecoder { content, offset: 0, count: 0, previous: "the beginning".to_owned(), place }
    }

    fn take<'a>(&mut self, input: &mut &'a [u8], length: usize) -> &'a [u8] {
        let (taken, rest) = input.split_at(length);
        *input = rest;
        self.offset += length as u64;
        taken
    }

    /// A header whose line is complete, or longer than any header.
    fn begin(&mut self, start: u64, line: &[u8]) -> Result<Event<'static>, Error> {
        let damaged = |error: HeaderError| {
            let (previous, problem) = (self.previous.clone(), error.to_string());
            Error::Header { offset: start, previous, problem }
        };
        let header = line.strip_prefix(b"\n");
        let shown = header.unwrap_or(line);
        if let Some(foreign) = foreign(start, line) {
            return Err(Error::Foreign(foreign));
        }
        let header = header.and_then(|header| header.strip_suffix(b"\n"));
        let header =
            header.ok_or_else(|| damaged(HeaderError::no_header(shown.strip_suffix(b"\n").unwrap_or(shown))))?;
        let member = header::parse(header).map_err(damaged)?;
        let number = self.count;
        self.count += 1;
        self.previous.clone_from(&member.name);
        let (size, announced) = (member.size.unwrap_or(0), member.crc32c.filter(|_| self.content));
        self.place = Place::Content(Content { size, left: size, crc32c: 0, announced });
        Ok(Event::Begin { number, member, offset: start })
    }
}

impl Decoder for MydumperDecoder {
    fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Event<'a>>, Error> {
        match std::mem::replace(&mut self.place, Place::Nowhere) {
            Place::Header { start, mut line } => {
                // The line break before the header is part of it.
                let searched = usize::from(line.is_empty());
                let room = (LONGEST_HEADER + 2).saturating_sub(line.len());
                let end = input.iter().skip(searched).position(|byte| *byte == b'\n').map(|end| searched + end + 1);
                let taken = self.take(input, end.unwrap_or(input.len()).min(room));
                line.extend_from_slice(taken);
                if (line.len() > 1 && line.ends_with(b"\n")) || line.len() > LONGEST_HEADER + 1 {
                    return self.begin(start, &line).map(Some);
                }
                self.place = Place::Header { start, line };
                Ok(None)
            }
            Place::Content(mut content) if content.left > 0 => {
                let length = input.len().min(usize::try_from(content.left).unwrap_or(usize::MAX));
                let bytes = self.take(input, length);
                content.left -= length as u64;
                content.crc32c = crc32c::crc32c_append(content.crc32c, bytes);
                self.place = Place::Content(content);
                Ok((length > 0).then_some(Event::Content { number: self.count - 1, bytes: bytes.into() }))
            }
            Place::Content(Content { crc32c: found, announced, .. }) => match announced {
                Some(announced) if announced != found => {
                    Err(Error::Checksum { name: self.previous.clone(), found, announced })
                }
                _ => {
                    self.place = Place::Header { start: self.offset, line: Vec::new() };
                    Ok(Some(Event::End { number: self.count - 1 }))
                }
            },
            Place::Nowhere => Ok(None),
        }
    }

    fn end(&mut self) -> Result<Ended, Error> {
        let place = match &self.place {
            Place::Header { line, .. } if line.is_empty() => return Ok(Ended::Whole),
            Place::Header { start, line } => match foreign(*start, line) {
                Some(foreign) => return Err(Error::Foreign(foreign)),
                None => format!("in the header after {}", self.previous),
            },
            Place::Content(Content { size, left, .. }) => {
                format!("in {}, {left} of its {size} bytes are missing", self.previous)
            }
            Place::Nowhere => format!("after {}", self.previous),
        };
        Err(Error::CutShort { offset: self.offset, place })
    }

    fn offset(&self) -> u64 {
        self.offset
    }
}

/// What a stream is whose first bytes are these and no header.
fn foreign(start: u64, line: &[u8]) -> Option<Foreign> {
    let is_ours = line.starts_with(b"\n-- ");
    (start == 0 && !is_ours).then(|| Foreign::recognise(line.strip_prefix(b"\n").unwrap_or(line)))?
}
