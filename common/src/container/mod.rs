//! Containers: how the files of a backup become one stream, and files again.
//!
//! Framing is pure. A [`Decoder`] is given bytes as they come, in pieces of any length, and says what they mean; who reads
//! them, and where members are stored, is not its business. An [`Encoder`] writes what a container puts around content.
//!
//! Containers differ in what is known when. mydumper's and tar give a member's length before its content, one member after
//! the other; xbstream gives no length, and cuts members into chunks that interleave, each with an end mark of its own. So
//! content and end of a member carry its number, and its length may be unknown.
//!
//! That nothing is missing at the end is for the reader of the backup to say: its last member is `metadata`.

use std::borrow::Cow;
use std::io::{self, Write};

use foreign::Foreign;

pub mod foreign;
pub mod mydumper;

/// A file in a stream, as far as what stands before its content tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The file's name.
    pub name: String,
    /// Bytes of content that follow, where the container says so first.
    pub size: Option<u64>,
    /// CRC-32C of the content, or, when it is elsewhere, of the file there.
    pub crc32c: Option<u32>,
    /// The length of a file whose content is not in the stream, but in a directory that both ends share.
    pub elsewhere: Option<u64>,
}

/// The number of a member: how many began before it.
pub type MemberNumber = u64;

/// What bytes of a stream mean.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A member begins.
    Begin {
        /// Its number.
        number: MemberNumber,
        /// What is known of it.
        member: Member,
        /// The byte of the stream that it begins at.
        offset: u64,
    },
    /// More of a member's content.
    Content {
        /// Which member.
        number: MemberNumber,
        /// The bytes.
        bytes: Cow<'a, [u8]>,
    },
    /// A member has come whole, and its checksum, if the stream has one, is right.
    End {
        /// Which member.
        number: MemberNumber,
    },
    /// Something that whoever restores should know.
    Note(String),
}

/// What follows the last byte of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Nothing.
    Whole,
    /// Events, for which [`Decoder::decode`] is asked with no bytes; then [`Decoder::end`] again.
    More,
    /// The stream, from its beginning: there is more to find in it.
    Again,
}

/// Finds the members in a stream's bytes.
pub trait Decoder: Send {
    /// Takes bytes off the beginning of `input` and says what they mean; `None` when all were taken and more are needed.
    /// What was taken before may still have a meaning that has not been said, so it is asked until it says `None`, with no
    /// bytes at all in the end.
    ///
    /// # Errors
    /// When the stream is damaged. Nothing more can be decoded then.
    fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Event<'a>>, Error>;

    /// The stream has no more bytes.
    ///
    /// # Errors
    /// When it was cut short.
    fn end(&mut self) -> Result<Ended, Error>;

    /// Bytes taken so far.
    fn offset(&self) -> u64;
}

/// Writes members into a stream.
pub trait Encoder {
    /// Begins a member.
    ///
    /// # Errors
    /// Those of writing; also when the container has to know what `member` does not say.
    fn begin(&mut self, member: &Member, output: &mut dyn Write) -> io::Result<()>;

    /// Adds to the content of the member that was begun last.
    ///
    /// # Errors
    /// Those of writing.
    fn content(&mut self, bytes: &[u8], output: &mut dyn Write) -> io::Result<()>;

    /// Ends that member.
    ///
    /// # Errors
    /// Those of writing.
    fn end(&mut self, output: &mut dyn Write) -> io::Result<()>;
}

/// Bytes that are not a whole stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It ends too early.
    #[error("the stream was cut short at byte {offset}, {place}")]
    CutShort {
        /// Its length.
        offset: u64,
        /// Where that is.
        place: String,
    },
    /// Something stands where a header should.
    #[error("the stream is damaged at byte {offset}, after {previous}: {problem}")]
    Header {
        /// Where the header should begin.
        offset: u64,
        /// The member before it.
        previous: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A member's content is not what was sent.
    #[error("the stream's member {name} is damaged: its checksum is {found:08x}, but {announced:08x} was announced")]
    Checksum {
        /// The member.
        name: String,
        /// Of the bytes that came.
        found: u32,
        /// Of the bytes that were sent.
        announced: u32,
    },
    /// It is something else that people pipe in by mistake.
    #[error("this is not a stream of mydumper but {0}: {advice}", advice = .0.advice())]
    Foreign(Foreign),
    /// What is in the stream cannot be made members of.
    #[error("{0}")]
    Content(String),
}
