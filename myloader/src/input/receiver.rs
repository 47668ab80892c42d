//! The stream from standard input: its members become files of a store.
//!
//! The stream is whole only when the final `metadata` has come and nothing follows. A file is reported when it is whole; of
//! one that is cut short or damaged nothing stays.
//!
//! In the modes without content, a member announces a file that is in the store already.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::sync::Arc;

use common::backup::file_name::{Content, DumpFile};
use common::backup::metadata::{Metadata, MetadataError};
use common::container::mydumper::MydumperDecoder;
use common::container::{self, Decoder, Ended, Member, MemberNumber};
use common::exit_codes;
use common::io::read_some;
use common::process::exit::Exit;
use common::process::stop::{Stop, Stopped};
use common::store::{self, Action, NewFile, OpenFile, Store};
use crossbeam_channel::Sender;

use crate::input::mysqldump::{Again, MysqldumpDecoder};
use crate::input::through_command;

/// Bytes that are read at once. A pipe holds 64 KiB, or more if it was made larger.
const BLOCK: usize = 256 * 1024;

/// The stream cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing.
    #[error("the stream is empty: mydumper has sent nothing, look at its messages")]
    Empty,
    /// It cannot be decoded.
    #[error(transparent)]
    Container(#[from] container::Error),
    /// A member's name is no name of a dump's file.
    #[error(
        "the stream has a member {name:?} at byte {offset}, which is not a file of a dump: nothing is written for it"
    )]
    Name {
        /// The name.
        name: String,
        /// Bytes read before it.
        offset: u64,
    },
    /// Files cannot be read without a command.
    #[error(transparent)]
    Command(#[from] through_command::Error),
    /// A member comes twice.
    #[error("the stream has the member {name} twice, again at byte {offset}: two dumps were mixed")]
    Twice {
        /// The name.
        name: String,
        /// Bytes read before it.
        offset: u64,
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
    #[error("{place} was announced by the stream, but {problem}")]
    Announced {
        /// The file.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Something follows the final metadata.
    #[error("the stream continues at byte {offset} after its final metadata: two streams were joined")]
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
    /// A file cannot be stored.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

exit_codes! { Error:
    of source: Stopped, Command;
    by exit_of_reading: Read.source;
    Exit::Dump: Empty, Container, Name, Twice, HeadersOnly, HasContent, Announced, GoesOn, Metadata;
    Exit::Local: Store;
}

/// A dump of mysqldump may be compressed, and damaged.
fn exit_of_reading(error: &io::Error) -> Exit {
    match error.get_ref().is_some_and(|inner| inner.is::<Stopped>()) {
        true => Exit::Local,
        false => Exit::of_reading(error),
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

/// Reads a stream and stores the files in it.
pub struct Receiver<R, F> {
    input: R,
    /// What was read of the input and not decoded yet.
    block: Vec<u8>,
    unread: Range<usize>,
    decoder: Box<dyn Decoder>,
    /// Reads the stream from its beginning, if it can be.
    again: Option<Again<R>>,
    members: Members<F>,
}

impl<R: Read, F: Fn(&DumpFile) -> bool> Receiver<R, F> {
    /// Into this store. `content` says whether members have content, or announce files that are in the store already.
    /// Files that are not `wanted` are read and checked, and nothing is stored of them.
    pub fn new(input: R, store: Arc<dyn Store>, content: bool, wanted: F) -> Self {
        Receiver::with_decoder(input, store, content, wanted, Box::new(MydumperDecoder::new(content)))
    }

    /// The same of a dump of mysqldump, which is read once more if that is possible.
    pub fn of_mysqldump(
        input: R,
        again: Option<Again<R>>,
        store: Arc<dyn Store>,
        wanted: F,
        database: Option<String>,
    ) -> Self {
        let decoder = Box::new(MysqldumpDecoder::new(again.is_some(), database));
        let mut receiver = Receiver { again, ..Receiver::with_decoder(input, store, true, wanted, decoder) };
        receiver.members.announced_by_all = false;
        receiver
    }

    fn with_decoder(input: R, store: Arc<dyn Store>, content: bool, wanted: F, decoder: Box<dyn Decoder>) -> Self {
        let members = Members {
            store,
            content,
            wanted,
            announced_by_all: true,
            seen: HashSet::new(),
            arriving: HashMap::new(),
            previous: "the beginning".to_owned(),
            last: None,
        };
        Receiver { input, block: vec![0; BLOCK], unread: 0..0, decoder, again: None, members }
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
        let event = self.decode_event();
        if event.is_err() {
            // What came of them goes before anybody hears of the error.
            self.members.arriving.clear();
        }
        event
    }

    fn decode_event(&mut self) -> Result<Event, Error> {
        loop {
            let mut bytes = &self.block[self.unread.clone()];
            let decoded = self.decoder.decode(&mut bytes);
            self.unread.start = self.unread.end - bytes.len();
            match decoded.map_err(|error| self.members.damaged(error))? {
                Some(event) => {
                    if let Some(event) = self.members.take(event, self.decoder.offset())? {
                        return Ok(event);
                    }
                }
                None => {
                    let offset = self.decoder.offset();
                    let read = read_some(&mut self.input, &mut self.block);
                    let read = read.map_err(|source| Error::Read { offset, source })?;
                    self.unread = 0..read;
                    if read > 0 {
                        continue;
                    }
                    match self.decoder.end().map_err(|error| self.members.damaged(error))? {
                        Ended::Whole => return self.members.end(offset),
                        Ended::More => {}
                        Ended::Again => {
                            if let Some(again) = &mut self.again {
                                self.input = again().map_err(|source| Error::Read { offset: 0, source })?;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Makes files of members.
struct Members<F> {
    store: Arc<dyn Store>,
    content: bool,
    wanted: F,
    /// Whether each metadata of tables comes after all definitions, not only the first.
    announced_by_all: bool,
    seen: HashSet<DumpFile>,
    arriving: HashMap<MemberNumber, Arriving>,
    /// The member that began last.
    previous: String,
    /// The final metadata, its text, and the byte of the stream that it ends at.
    last: Option<(Metadata, String, u64)>,
}

/// A member that has begun.
struct Arriving {
    member: Member,
    file: DumpFile,
    target: Target,
}

/// Where a member's content goes.
enum Target {
    Text(Vec<u8>),
    File(Box<dyn NewFile>),
    /// There is none: the file is in the store already.
    Elsewhere,
    /// It is not wanted.
    Nowhere,
}

impl<F: Fn(&DumpFile) -> bool> Members<F> {
    /// Takes what the decoder says, with the byte of the stream that it has come to.
    fn take(&mut self, event: container::Event<'_>, offset: u64) -> Result<Option<Event>, Error> {
        match event {
            container::Event::Begin { number, member, offset } => {
                let arriving = self.begin(member, offset)?;
                self.arriving.insert(number, arriving);
                Ok(None)
            }
            container::Event::Content { number, bytes } => {
                let Some(Arriving { file, target, .. }) = self.arriving.get_mut(&number) else { return Ok(None) };
                match target {
                    Target::Text(text) => text.extend_from_slice(&bytes),
                    Target::File(output) => output
                        .write_all(&bytes)
                        .map_err(|source| self.store.error(Action::Write, &file.to_string(), source))?,
                    Target::Elsewhere | Target::Nowhere => {}
                }
                Ok(None)
            }
            container::Event::Note(note) => {
                tracing::warn!("{note}");
                Ok(None)
            }
            container::Event::End { number } => {
                let Some(arriving) = self.arriving.remove(&number) else { return Ok(None) };
                self.whole(arriving, offset)
            }
        }
    }

    fn begin(&mut self, mut member: Member, offset: u64) -> Result<Arriving, Error> {
        if let Some((.., end)) = self.last {
            return Err(Error::GoesOn { offset: end });
        }
        let file = through_command::member(&*self.store, &member.name)?;
        let file = file.ok_or_else(|| Error::Name { name: member.name.clone(), offset })?;
        let name = file.to_string();
        member.name.clone_from(&name);
        if !self.seen.insert(file.clone()) {
            return Err(Error::Twice { name, offset });
        }
        self.check_mode(&member, &file)?;
        let target = match (file.content.is_metadata(), self.content) {
            (_, false) => Target::Elsewhere,
            (true, true) => Target::Text(Vec::new()),
            (false, true) if (self.wanted)(&file) => Target::File(self.store.create(&name)?),
            (false, true) => Target::Nowhere,
        };
        self.previous = name;
        Ok(Arriving { member, file, target })
    }

    /// The first member, which is never empty, shows whether a stream with content is read as one without, or the other
    /// way round. (The list of tables known so far is, where there are none.)
    fn check_mode(&self, member: &Member, file: &DumpFile) -> Result<(), Error> {
        let never_empty = matches!(file.content, Content::MetadataHeader | Content::Metadata);
        let no_content = member.elsewhere.is_some() || (member.size == Some(0) && never_empty);
        let name = member.name.clone();
        match self.content {
            true if no_content => Err(Error::HeadersOnly { name }),
            false if member.size != Some(0) => Err(Error::HasContent { name }),
            _ => Ok(()),
        }
    }

    /// A member has come to its end, at this byte of the stream.
    fn whole(&mut self, arriving: Arriving, offset: u64) -> Result<Option<Event>, Error> {
        let Arriving { member, file, target } = arriving;
        let event = match target {
            Target::Nowhere => None,
            Target::Text(text) => self.metadata(member, &file, &text, offset)?,
            Target::File(output) => {
                let stored = output.finish().map_err(|source| self.store.error(Action::Write, &member.name, source))?;
                Some(Event::File(file, stored.bytes))
            }
            Target::Elsewhere if file.content.is_metadata() => {
                self.check_announced(&member)?;
                let mut text = Vec::new();
                let read = self.store.open(&member.name).map_err(|error| error.source);
                let read = read.and_then(|mut file| file.read_to_end(&mut text));
                read.map_err(|source| self.announced(&member, source.to_string()))?;
                self.metadata(member, &file, &text, offset)?
            }
            Target::Elsewhere if (self.wanted)(&file) => Some(Event::File(file, self.check_announced(&member)?)),
            Target::Elsewhere => None,
        };
        Ok(event)
    }

    fn metadata(&mut self, member: Member, file: &DumpFile, text: &[u8], offset: u64) -> Result<Option<Event>, Error> {
        let text = String::from_utf8_lossy(text).into_owned();
        let metadata = Metadata::parse(&text).map_err(|source| Error::Metadata { name: member.name, source })?;
        through_command::check_metadata(&*self.store, &|| "the stream".to_owned(), &metadata)?;
        match file.content {
            Content::Metadata => {
                self.last = Some((metadata, text, offset));
                Ok(None)
            }
            Content::MetadataPartial(number) if number == 0 || self.announced_by_all => {
                Ok(Some(Event::Definitions(metadata)))
            }
            _ => Ok(Some(Event::Metadata(metadata))),
        }
    }

    /// Checks a file that is in the store already. Returns its length.
    fn check_announced(&self, member: &Member) -> Result<u64, Error> {
        let cannot_read = |source: io::Error| self.announced(member, format!("cannot be read: {source}"));
        let mut file = self.store.open(&member.name).map_err(|error| cannot_read(error.source))?;
        if let Some(announced) = member.elsewhere.filter(|announced| *announced != file.bytes) {
            return Err(self.announced(member, format!("has {} bytes instead of {announced}", file.bytes)));
        }
        if let Some(announced) = member.crc32c {
            let found = checksum(&mut file).map_err(cannot_read)?;
            if found != announced {
                let problem = format!("its checksum is {found:08x} instead of {announced:08x}");
                return Err(self.announced(member, problem));
            }
        }
        Ok(file.bytes)
    }

    fn announced(&self, member: &Member, problem: String) -> Error {
        Error::Announced { place: self.store.locate(&member.name), problem }
    }

    /// The stream is damaged, or two were put together.
    fn damaged(&self, error: container::Error) -> Error {
        match self.last {
            Some((.., offset)) => Error::GoesOn { offset },
            None => error.into(),
        }
    }

    /// The input has ended, and no member with it.
    fn end(&mut self, offset: u64) -> Result<Event, Error> {
        match self.last.take() {
            Some((metadata, text, _)) => Ok(Event::End(metadata, text)),
            None if offset == 0 => Err(Error::Empty),
            None => {
                let place = format!("after {} and before the final metadata", self.previous);
                Err(container::Error::CutShort { offset, place }.into())
            }
        }
    }
}

fn checksum(file: &mut OpenFile) -> io::Result<u32> {
    let mut block = vec![0; BLOCK];
    let mut crc32c = 0;
    loop {
        match read_some(file, &mut block)? {
            0 => return Ok(crc32c),
            read => crc32c = crc32c::crc32c_append(crc32c, &block[..read]),
        }
    }
}

#[cfg(test)]
mod tests;
