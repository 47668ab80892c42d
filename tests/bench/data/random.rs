//! Random numbers and texts.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::io::{self, Write};
use std::sync::OnceLock;

const SEED: u64 = 42;
/// Texts are pieces of one long text, as TPC-H's own generator makes them: that is quick.
const POOL_CHARACTERS: usize = 1 << 20;

const WORDS: [&str; 48] = [
    "accounts",
    "after",
    "agreed",
    "again",
    "along",
    "bold",
    "bright",
    "by",
    "careful",
    "courts",
    "daily",
    "deep",
    "deposits",
    "don't",
    "engine",
    "even",
    "express",
    "final",
    "freight",
    "gently",
    "harbour",
    "ideas",
    "idle",
    "iron",
    "judges",
    "keen",
    "ledgers",
    "letters",
    "maps",
    "never",
    "orders",
    "packets",
    "patterns",
    "pending",
    "quickly",
    "quiet",
    "regular",
    "requests",
    "\"special\"",
    "sleep",
    "slowly",
    "the",
    "theories",
    "under",
    "unusual",
    "vessels",
    "warm",
    "yearly",
];
const FOREIGN_WORDS: [&str; 12] = [
    "Größe",
    "façade",
    "niño",
    "дерево",
    "корабль",
    "船舶",
    "東京",
    "한국어",
    "naïve",
    "C:\\temp",
    "line\nbreak",
    "🚢",
];

/// The random numbers of one file.
pub struct Random(ChaCha8Rng);

impl Random {
    /// The numbers of a database's table's piece.
    pub fn new(database: u64, table: u64, piece: u64) -> Random {
        let mut random = ChaCha8Rng::seed_from_u64(SEED + database);
        random.set_stream((table << 32) | piece);
        Random(random)
    }

    /// A number from 0 to `end`, exclusive; `end` is less than 2^32.
    pub fn below(&mut self, end: u64) -> u64 {
        (u64::from(self.0.next_u32()) * end) >> 32
    }

    /// A number from `first` to `last`, inclusive.
    pub fn within(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// So many bytes of all values.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A text of `first` to `last` characters of ASCII, with nothing in it that LOAD DATA would want escaped.
    pub fn comment(&mut self, first: u64, last: u64) -> &'static str {
        static POOL: OnceLock<String> = OnceLock::new();
        let pool = POOL.get_or_init(|| pool(&WORDS));
        let length = self.within(first, last);
        let start = self.below(pool.len() as u64 - last);
        &pool[start as usize..(start + length) as usize]
    }

    /// A text of `first` to `last` bytes or a few less, with letters of other alphabets, backslashes and line breaks.
    pub fn prose(&mut self, first: u64, last: u64) -> &'static str {
        static POOL: OnceLock<String> = OnceLock::new();
        let pool = POOL.get_or_init(|| pool(&[&WORDS[..], &FOREIGN_WORDS].concat()));
        let length = self.within(first, last);
        let start = self.below(pool.len() as u64 - last);
        let boundary = |at: u64| (0..=at as usize).rev().find(|&at| pool.is_char_boundary(at)).unwrap_or(0);
        &pool[boundary(start)..boundary(start + length)]
    }
}

fn pool(words: &[&str]) -> String {
    let mut random = Random::new(u64::from(u32::MAX), 0, 0);
    let mut text = String::with_capacity(POOL_CHARACTERS + 16);
    while text.len() < POOL_CHARACTERS {
        text.push_str(random.pick(words));
        text.push_str(random.pick(&[" ", " ", " ", " ", " ", ", ", ". ", "; "]));
    }
    text
}

/// Writes a field of any bytes as LOAD DATA reads it.
pub fn write_escaped(output: &mut dyn Write, field: &[u8]) -> io::Result<()> {
    let mut written = 0;
    for (at, byte) in field.iter().enumerate() {
        let escape = match byte {
            b'\t' => b't',
            b'\n' => b'n',
            b'\\' => b'\\',
            0 => b'0',
            _ => continue,
        };
        output.write_all(&field[written..at])?;
        output.write_all(&[b'\\', escape])?;
        written = at + 1;
    }
    output.write_all(&field[written..])
}
