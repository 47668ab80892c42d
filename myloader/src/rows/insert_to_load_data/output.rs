//! Lines of LOAD DATA on their way to the server.
//!
//! Columns and lines end with control characters that hardly any text has, so that nearly nothing has to be escaped: not
//! even line breaks. The two differ in their lowest bit only, so that one comparison finds both.

/// Ends a column.
pub const FIELD_END: u8 = 2;
/// Ends a line.
pub const LINE_END: u8 = 3;
/// Room that is always there, so that a word can be written before it is known how much of it counts.
const WORD: usize = 8;
/// How much the buffer grows, at least, and how much stays after a long statement.
const USUAL: usize = 1 << 20;

/// Bytes for the server. The buffer is longer than what counts of it.
#[derive(Default)]
pub struct Output {
    bytes: Vec<u8>,
    length: usize,
}

impl Output {
    /// What was written.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.length = 0;
        if self.bytes.len() > 4 * USUAL {
            self.bytes = Vec::new();
        }
    }

    /// Appends a byte as it is.
    #[inline]
    pub fn push(&mut self, byte: u8) {
        self.room(1);
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    /// Appends a byte of data.
    #[inline]
    pub fn push_data(&mut self, byte: u8) {
        if matches!(byte, b'\\' | FIELD_END | LINE_END) {
            self.push(b'\\');
        }
        self.push(byte);
    }

    /// Appends bytes as they are.
    #[inline]
    pub fn push_slice(&mut self, bytes: &[u8]) {
        self.room(bytes.len());
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// Appends `text` from `at` up to the first backslash, quote, or byte that has to be escaped, and returns where that
    /// is. `None` if there is none.
    ///
    /// Eight bytes at a time are written, and looked at in a word: most values are too short for more.
    #[inline]
    pub fn push_until(&mut self, text: &[u8], at: usize, quote: u8) -> Option<usize> {
        let mut at = at;
        while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk::<WORD>) {
            self.room(WORD);
            self.bytes[self.length..self.length + WORD].copy_from_slice(word);
            let word = u64::from_le_bytes(*word);
            let found = equal(word, quote)
                | equal(word, b'\\')
                | equal(word | every(FIELD_END ^ LINE_END), FIELD_END | LINE_END);
            if found != 0 {
                let before = found.trailing_zeros() as usize / 8;
                self.length += before;
                return Some(at + before);
            }
            self.length += WORD;
            at += WORD;
        }
        let rest = text.get(at..)?;
        let before = rest.iter().position(|byte| *byte == quote || matches!(*byte, b'\\' | FIELD_END | LINE_END))?;
        self.push_slice(&rest[..before]);
        Some(at + before)
    }

    #[inline]
    fn room(&mut self, more: usize) {
        if self.bytes.len() - self.length < more {
            self.grow(more);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let length = self.bytes.len() + (self.bytes.len() / 2).max(more).max(USUAL);
        self.bytes.resize(length, 0);
    }
}

/// The byte in each byte of a word.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; WORD])
}

/// A word whose lowest bit that is set is the highest of the first byte that equals `byte`; 0 if there is none. Bytes
/// after that may have their bit set wrongly.
const fn equal(word: u64, byte: u8) -> u64 {
    let zero_where_equal = word ^ every(byte);
    zero_where_equal.wrapping_sub(every(1)) & !zero_where_equal & every(0x80)
}
