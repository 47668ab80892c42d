//! The files that a dump is split into, as members of a stream.

use std::collections::{HashMap, VecDeque};

use common::backup::file_name::{Content, DumpFile};
use common::backup::stored_files::StoredFiles;
use common::container::{Event, Member, MemberNumber};
use common::layers::Layers;
use common::sql::{BodyFormat, StatementWriter};
use common::store::Stored;

/// Events that nobody has taken yet, and what each file came to.
#[derive(Debug, Default)]
pub struct Output {
    events: VecDeque<Event<'static>>,
    count: MemberNumber,
    open: HashMap<MemberNumber, (String, Stored)>,
    /// The files that are whole, without metadata.
    pub stored: StoredFiles,
    /// Byte of the dump that the next member begins at.
    pub offset: u64,
}

impl Output {
    pub fn take(&mut self) -> Option<Event<'static>> {
        self.events.pop_front()
    }

    /// Begins a file.
    pub fn begin(&mut self, content: Content) -> MemberNumber {
        let number = self.count;
        self.count += 1;
        let name = DumpFile::new(content, Layers::default()).to_string();
        self.open.insert(number, (name.clone(), Stored::default()));
        let member = Member { name, size: None, crc32c: None, elsewhere: None };
        self.events.push_back(Event::Begin { number, member, offset: self.offset });
        number
    }

    pub fn content(&mut self, number: MemberNumber, bytes: Vec<u8>) {
        if let Some((_, stored)) = self.open.get_mut(&number) {
            stored.add(&bytes);
        }
        self.events.push_back(Event::Content { number, bytes: bytes.into() });
    }

    pub fn end(&mut self, number: MemberNumber) {
        if let Some((name, stored)) = self.open.remove(&number)
            && !DumpFile::from_name(&name).is_none_or(|file| file.content.is_metadata())
        {
            self.stored.insert(name, stored);
        }
        self.events.push_back(Event::End { number });
    }

    /// A file at once.
    pub fn whole(&mut self, content: Content, bytes: Vec<u8>) {
        let number = self.begin(content);
        self.content(number, bytes);
        self.end(number);
    }

    /// What whoever restores should know.
    pub fn note(&mut self, text: String) {
        self.events.push_back(Event::Note(text));
    }
}

/// Adds a statement to a file.
pub fn append(text: &mut Vec<u8>, sql: &[u8]) {
    add(text, |file| file.add(sql));
}

/// Adds the CREATE statement of a routine, trigger, event or view to a file.
pub fn append_program(text: &mut Vec<u8>, sql: &[u8]) {
    add(text, |file| file.add_program(sql));
}

/// Between DELIMITER lines, since what says that bodies are padded stands at a file's beginning, which has gone its way.
fn add(text: &mut Vec<u8>, statement: impl FnOnce(&mut StatementWriter)) {
    let mut file = StatementWriter::new(BodyFormat::Delimiter, std::mem::take(text));
    statement(&mut file);
    *text = file.finish();
}
