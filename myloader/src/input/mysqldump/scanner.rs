//! Where the statements of a dump end: as the stock clients find it, over bytes that come in pieces.
//!
//! mysqldump writes for these clients: a statement ends with its delimiter outside quotes and comments, and a DELIMITER
//! line changes that. Whether a backslash escapes depends on the `sql_mode` that the dump has set by then.

use std::ops::Range;

use common::sql::token::SqlDialect;

/// The largest `max_allowed_packet` of any server.
const LONGEST_STATEMENT: usize = 1 << 30;
/// Comments name objects; of a longer line, one would look for the end in vain again and again.
const LONGEST_COMMENT: usize = 1 << 20;
/// What is done with is kept in the buffer up to this length: removing it moves what follows.
const DONE_WITH: usize = 1 << 20;

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A statement without its delimiter, by its range in [`Scanner::text`].
    Statement {
        text: Range<usize>,
        line: u64,
        /// Bracketed lists that stand side by side: of an INSERT, its rows and its column list.
        groups: u64,
    },
    /// A comment of one line, between statements.
    Comment { text: Range<usize>, line: u64 },
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Code,
    Quoted(u8),
    LineComment,
    BlockComment,
    /// Text of another language, `$$ … $$` or `$tag$ … $tag$` (MySQL), whose delimiter is so long.
    Dollars(usize),
}

/// How text is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    pub dialect: SqlDialect,
    /// Whether dollars quote.
    pub dollars: bool,
}

/// Why there is no statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stuck {
    /// It needs more bytes.
    Needs,
    /// The last statement has no end.
    CutShort { line: u64 },
    /// It is longer than any server takes.
    TooLong { line: u64 },
}

/// Finds statements.
#[derive(Debug)]
pub struct Scanner {
    buffer: Vec<u8>,
    /// Where the statement, or what may stand before it, begins.
    start: usize,
    /// The line at `start`.
    line: u64,
    at: usize,
    place: Place,
    /// Whether a statement has begun.
    begun: bool,
    groups: u64,
    depth: u64,
    delimiter: Vec<u8>,
    /// Where in the statement a text in dollars was opened.
    dollars_at: Option<usize>,
    at_end: bool,
}

impl Scanner {
    pub fn new() -> Scanner {
        Scanner {
            buffer: Vec::new(),
            start: 0,
            line: 1,
            at: 0,
            place: Place::Code,
            begun: false,
            groups: 0,
            depth: 0,
            delimiter: b";".to_vec(),
            dollars_at: None,
            at_end: false,
        }
    }

    /// Adds bytes. What was found before is not in the buffer afterwards.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() || self.start > DONE_WITH {
            self.buffer.drain(..self.start);
            self.at -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// No more bytes come.
    pub fn end(&mut self) {
        self.at_end = true;
    }

    /// The bytes of what was found last.
    pub fn text(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// What comes next; at the end [`Stuck::Needs`] for ever.
    pub fn next(&mut self, rules: Rules) -> Result<Item, Stuck> {
        loop {
            if !self.begun && self.place == Place::Code {
                self.skip_blanks();
                if let Some(item) = self.before_statement()? {
                    return Ok(item);
                }
                if !self.begun {
                    continue;
                }
            }
            match self.place {
                Place::Code => {
                    if let Some(item) = self.code(rules)? {
                        return Ok(item);
                    }
                }
                Place::Quoted(quote) => self.quoted(quote, rules.dialect)?,
                Place::Dollars(length) => self.dollars(length)?,
                Place::LineComment => {
                    let end = memchr::memchr(b'\n', self.rest());
                    self.pass(end.map(|end| end + 1))?;
                }
                Place::BlockComment => {
                    let end = memchr::memmem::find(self.rest(), b"*/");
                    // Of an end that is cut, the first byte is looked at again.
                    let seen = self.rest().len().saturating_sub(1);
                    match end {
                        Some(end) => self.pass(Some(end + 2))?,
                        None => {
                            self.at += seen;
                            return Err(self.stuck());
                        }
                    }
                    if !self.begun {
                        self.drop_to(self.at);
                    }
                }
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Ends what stands at this place so many bytes further on; `None`: not in the buffer.
    fn pass(&mut self, bytes: Option<usize>) -> Result<(), Stuck> {
        match bytes {
            Some(bytes) => {
                self.at += bytes;
                self.place = Place::Code;
                Ok(())
            }
            None => {
                self.at = self.buffer.len();
                Err(self.stuck())
            }
        }
    }

    fn stuck(&self) -> Stuck {
        if self.buffer.len() - self.start > LONGEST_STATEMENT {
            return Stuck::TooLong { line: self.line };
        }
        if self.at_end && (self.begun || self.place != Place::Code) {
            return Stuck::CutShort { line: self.line };
        }
        Stuck::Needs
    }

    /// Forgets what comes before.
    fn drop_to(&mut self, to: usize) {
        let passed = self.buffer.get(self.start..to).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.start = to;
        self.at = to;
    }

    fn skip_blanks(&mut self) {
        let blanks = self.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.drop_to(self.at + blanks);
    }

    /// What is no statement: comments, a DELIMITER line. Otherwise a statement begins here.
    fn before_statement(&mut self) -> Result<Option<Item>, Stuck> {
        /// Long enough for all beginnings that are looked for.
        const LONGEST: usize = 14;
        let rest = self.rest();
        if rest.is_empty() || (rest.len() < LONGEST && !self.at_end) {
            return Err(self.stuck());
        }
        let is_comment = rest.starts_with(b"#")
            || (rest.starts_with(b"--") && rest.get(2).is_none_or(|byte| *byte == b' ' || byte.is_ascii_control()));
        let is_delimiter = rest.get(..9).is_some_and(|word| word.eq_ignore_ascii_case(b"DELIMITER"))
            && rest.get(9).is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if is_comment || is_delimiter {
            let end = match memchr::memchr(b'\n', rest) {
                Some(end) => end,
                None if self.at_end => rest.len(),
                None if rest.len() > LONGEST_COMMENT => return Err(Stuck::TooLong { line: self.line }),
                None => return Err(Stuck::Needs),
            };
            let (text, line) = (self.at..self.at + end, self.line);
            if is_delimiter {
                let delimiter = self.buffer.get(text.start + 9..text.end).unwrap_or_default().trim_ascii();
                if !delimiter.is_empty() {
                    self.delimiter = delimiter.to_vec();
                }
                self.drop_to(text.end);
                return Ok(None);
            }
            self.drop_to(text.end);
            return Ok(Some(Item::Comment { text, line }));
        }
        // MariaDB's client reads the line that begins so as a command, all others as a comment.
        let is_sandbox = rest.starts_with(b"/*M!999999\\-") || rest.starts_with(b"/*!999999\\-");
        if is_sandbox || is_plain_comment(rest) {
            self.at += 2;
            self.place = Place::BlockComment;
        } else {
            self.begun = true;
        }
        Ok(None)
    }

    fn code(&mut self, rules: Rules) -> Result<Option<Item>, Stuck> {
        let first = self.delimiter.first().copied().unwrap_or(b';');
        loop {
            let is_special = |byte: &u8| *byte == first || SPECIAL[usize::from(*byte)];
            let Some(found) = self.rest().iter().position(is_special) else {
                self.at = self.buffer.len();
                return Err(self.stuck());
            };
            self.at += found;
            let rest = self.rest();
            // Nothing is looked for that is longer than this.
            let needed = self.delimiter.len().max(4);
            if rest.len() < needed && !self.at_end {
                return Err(self.stuck());
            }
            if rest.starts_with(&self.delimiter) {
                return Ok(Some(self.statement()));
            }
            match rest.first().copied().unwrap_or_default() {
                quote @ (b'\'' | b'"' | b'`') => {
                    self.at += 1;
                    self.place = Place::Quoted(quote);
                    return self.quoted(quote, rules.dialect).map(|()| None);
                }
                b'#' => self.place = Place::LineComment,
                b'-' if rest.starts_with(b"--")
                    && rest.get(2).is_none_or(|byte| *byte == b' ' || byte.is_ascii_control()) =>
                {
                    self.place = Place::LineComment;
                }
                b'/' if is_plain_comment(rest) => {
                    self.at += 2;
                    self.place = Place::BlockComment;
                }
                b'$' if rules.dollars && self.is_behind_as() => {
                    if let Some(length) = self.dollar_quote()? {
                        self.at += length;
                        self.place = Place::Dollars(length);
                    }
                }
                b'(' => {
                    self.groups += u64::from(self.depth == 0);
                    self.depth += 1;
                }
                b')' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if self.place != Place::Code {
                return Ok(None);
            }
            self.at += 1;
        }
    }

    /// Up to the quote that ends the text. A doubled quote ends it and begins another.
    fn quoted(&mut self, quote: u8, dialect: SqlDialect) -> Result<(), Stuck> {
        let is_name = quote == b'`' || (quote == b'"' && dialect.ansi_quotes);
        let escapes = !is_name && !dialect.no_backslash_escapes;
        loop {
            let found = match escapes {
                true => memchr::memchr2(quote, b'\\', self.rest()),
                false => memchr::memchr(quote, self.rest()),
            };
            let Some(found) = found else { return self.pass_quoted(quote) };
            self.at += found;
            if self.rest().first() == Some(&quote) {
                return self.pass(Some(1));
            }
            if self.rest().len() < 2 {
                return Err(self.stuck());
            }
            self.at += 2;
        }
    }

    /// Whether the word before is AS, behind which such a text stands.
    fn is_behind_as(&self) -> bool {
        let before = self.buffer.get(self.start..self.at).unwrap_or_default();
        let word = before.trim_ascii_end();
        let begins = |at: &usize| word.get(..*at).and_then(<[u8]>::last).is_none_or(|byte| !is_word(*byte));
        let start = word.len().checked_sub(2).filter(begins);
        word.len() < before.len()
            && start.and_then(|start| word.get(start..)).is_some_and(|word| word.eq_ignore_ascii_case(b"AS"))
    }

    /// The length of a delimiter `$tag$` that stands here.
    fn dollar_quote(&self) -> Result<Option<usize>, Stuck> {
        /// As long as a name.
        const LONGEST: usize = 66;
        let rest = self.rest();
        let tag = rest.iter().skip(1).take(LONGEST).take_while(|byte| is_word(**byte) && **byte != b'$').count();
        match rest.get(1 + tag) {
            None if !self.at_end => Err(self.stuck()),
            Some(b'$') => Ok(Some(tag + 2)),
            _ => Ok(None),
        }
    }

    /// Up to the delimiter that ends such a text, which stands before it, too.
    fn dollars(&mut self, length: usize) -> Result<(), Stuck> {
        // Where the text begins is not kept, so its delimiter is looked for from the statement's beginning.
        let begun = self.buffer.get(self.start..self.at).unwrap_or_default();
        let opened = begun.len().checked_sub(length).filter(|_| self.dollars_at.is_none());
        let from = *self.dollars_at.get_or_insert(opened.unwrap_or_default());
        let delimiter = begun.get(from..from + length).unwrap_or_default().to_vec();
        match memchr::memmem::find(self.rest(), &delimiter) {
            Some(end) => {
                self.dollars_at = None;
                self.pass(Some(end + length))
            }
            None => {
                self.at += self.rest().len().saturating_sub(length);
                Err(self.stuck())
            }
        }
    }

    fn pass_quoted(&mut self, quote: u8) -> Result<(), Stuck> {
        self.at = self.buffer.len();
        self.place = Place::Quoted(quote);
        Err(self.stuck())
    }

    /// The statement that ends here.
    fn statement(&mut self) -> Item {
        let (start, line, groups) = (self.start, self.line, self.groups);
        let text = self.buffer.get(start..self.at).unwrap_or_default();
        let length = text.trim_ascii_end().len();
        self.drop_to(self.at + self.delimiter.len());
        self.begun = false;
        (self.groups, self.depth) = (0, 0);
        Item::Statement { text: start..start + length, line, groups }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// A comment whose content is not executed.
fn is_plain_comment(text: &[u8]) -> bool {
    text.starts_with(b"/*") && !text.starts_with(b"/*!") && !text.starts_with(b"/*M!")
}

/// Bytes at which something may begin or end.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let bytes = b"'\"`#-/()$";
    let mut index = 0;
    while index < bytes.len() {
        special[bytes[index] as usize] = true;
        index += 1;
    }
    special
};
