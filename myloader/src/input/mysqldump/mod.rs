//! Dumps of mysqldump and mariadb-dump, as streams of the files that this program restores.
//!
//! Statement by statement, a dump becomes the members that mydumper would have sent: databases, tables, rows in pieces,
//! programs and views, each with the session that the dump has set by then, and metadata of its own. So everything behind
//! the decoder restores it as any other dump. All of this is pure: bytes in, members out.
//!
//! A file is read twice ([`Pass`]): definitions, so that they are all known, and that the dump is whole, before anything is
//! changed; then the rows. A pipe cannot be, so its definitions come as they are in the dump.

mod ending;
mod error;
mod generated;
mod names;
mod output;
mod programs;
mod rows;
mod scanner;
mod session;
mod source;
mod splitter;
mod tables;
#[cfg(test)]
mod tests;
mod words;

use common::backup::file_name::DumpFile;
use common::container::foreign::{Foreign, MAGIC_BYTES};
use common::container::{self, Decoder, Ended, Event};

use ending::Whole;
pub use error::Error;
use scanner::{Item, Scanner, Stuck};
pub use source::{Again, Source};
pub use splitter::Pass;
use splitter::Splitter;

/// Splits a dump into members.
#[derive(Debug)]
pub struct MysqldumpDecoder {
    scanner: Scanner,
    splitter: Splitter,
    /// The first bytes, until they are enough to say what it is.
    start: Option<Vec<u8>>,
    offset: u64,
    /// Bytes, rows and bytes of rows of the first reading.
    before: Option<(u64, (u64, u64))>,
    finished: bool,
}

impl MysqldumpDecoder {
    /// For a dump from its beginning, which can be read twice, or not. `target` is the database of what comes before the
    /// dump names one.
    pub fn new(twice: bool, target: Option<String>) -> MysqldumpDecoder {
        let pass = if twice { Pass::Definitions } else { Pass::Whole };
        MysqldumpDecoder {
            scanner: Scanner::new(),
            splitter: Splitter::new(pass, target),
            start: Some(Vec::new()),
            offset: 0,
            before: None,
            finished: false,
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.offset += bytes.len() as u64;
        let Some(start) = &mut self.start else {
            self.scanner.push(bytes);
            return Ok(());
        };
        start.extend_from_slice(bytes);
        if start.len() >= MAGIC_BYTES { self.begin() } else { Ok(()) }
    }

    /// Looks at the first bytes.
    fn begin(&mut self) -> Result<(), Error> {
        let Some(start) = self.start.take() else { return Ok(()) };
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
        check(start)?;
        self.scanner.push(start);
        Ok(())
    }

    /// Whether something was found.
    fn step(&mut self) -> Result<bool, Error> {
        if self.start.is_some() {
            return Ok(false);
        }
        match self.scanner.next(self.splitter.rules()) {
            Ok(Item::Statement { text, line, groups }) => {
                self.splitter.output.offset = self.offset;
                self.splitter.statement(self.scanner.text(text), line, groups)?;
            }
            Ok(Item::Comment { text, .. }) => self.splitter.ending.comment(self.scanner.text(text)),
            Err(Stuck::Needs) => return Ok(false),
            Err(Stuck::CutShort { line }) => return Err(Error::CutShort { line }),
            Err(Stuck::TooLong { line }) => return Err(Error::TooLong { line }),
        }
        Ok(true)
    }

    fn finish(&mut self) -> Result<(), Error> {
        if self.offset == 0 {
            return Err(Error::Empty);
        }
        self.begin()?;
        self.scanner.end();
        while self.step()? {}
        match self.splitter.ending.whole() {
            Whole::Yes => {}
            Whole::NoStatements => return Err(Error::NoStatements),
            Whole::NoLastLine => return Err(Error::NoLastLine),
            Whole::NoLastStatements => return Err(Error::NoLastStatements),
            Whole::Unknown if self.splitter.pass == Pass::Definitions => {}
            Whole::Unknown => self.splitter.output.note(
                "nothing in the dump shows that it is whole, as mysqldump --compact writes it: only a statement that is cut \
                 would be noticed"
                    .to_owned(),
            ),
        }
        let read = (self.offset, self.splitter.totals());
        if self.before.is_some_and(|before| before != read) {
            return Err(Error::Changed);
        }
        self.before = Some(read);
        self.splitter.finish();
        self.finished = true;
        Ok(())
    }
}

impl Decoder for MysqldumpDecoder {
    fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Event<'a>>, container::Error> {
        loop {
            if let Some(event) = self.splitter.output.take() {
                return Ok(Some(event));
            }
            if self.step()? {
                continue;
            }
            if input.is_empty() {
                return Ok(None);
            }
            self.push(std::mem::take(input))?;
        }
    }

    fn end(&mut self) -> Result<Ended, container::Error> {
        if !self.finished {
            self.finish()?;
            return Ok(Ended::More);
        }
        if self.splitter.pass != Pass::Definitions {
            return Ok(Ended::Whole);
        }
        self.splitter.restart();
        self.scanner = Scanner::new();
        self.start = Some(Vec::new());
        self.offset = 0;
        self.finished = false;
        Ok(Ended::Again)
    }

    fn offset(&self) -> u64 {
        self.offset
    }
}

impl From<Error> for container::Error {
    fn from(error: Error) -> container::Error {
        container::Error::Content(error.to_string())
    }
}

/// Whether these may be the first bytes of a dump.
fn check(start: &[u8]) -> Result<(), Error> {
    let has = |text: &[u8]| memchr::memmem::find(start, text).is_some();
    let header = start.strip_prefix(b"\n-- ").and_then(|line| line.split(|byte| *byte == b' ').next());
    if header.is_some_and(|name| std::str::from_utf8(name).is_ok_and(|name| DumpFile::from_name(name).is_some())) {
        return Err(Error::Mydumper);
    }
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return Err(Error::Utf16);
    }
    let text = start.trim_ascii_start();
    if text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"<?xml")) {
        return Err(Error::Xml);
    }
    if text.starts_with(b"--") && has(b"PostgreSQL database dump") {
        return Err(Error::Postgresql);
    }
    let first = text.first().copied().unwrap_or(b'-');
    match Foreign::recognise(text) {
        Some(Foreign::MysqlDump | Foreign::Sql) => Ok(()),
        Some(Foreign::Text(_)) if matches!(first, b'-' | b'/' | b'#') => Ok(()),
        Some(foreign) => Err(Error::Foreign(foreign)),
        None if matches!(first, b'-' | b'/' | b'#') || (first.is_ascii_alphabetic() && !start.contains(&0)) => Ok(()),
        None => Err(Error::NotSql),
    }
}
