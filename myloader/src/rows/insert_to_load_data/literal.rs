//! One value: from a literal of an INSERT statement to a column of a line that LOAD DATA reads.
//!
//! What is not certain to be stored alike is rejected, and its statement stays an INSERT. Both statements store a string
//! by the same function of the server, so a string is certain wherever its bytes are; a number only in a column whose text
//! is read as the same number.

use super::output::Output;

/// What a column takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Integers.
    Integer,
    /// DECIMAL.
    Decimal,
    /// FLOAT and DOUBLE.
    Real,
    /// YEAR: the number 0 is the year 0000, the text `0` the year 2000.
    Year,
    /// Strings of bytes only: a number here would be made text, the number of a member, or bits.
    Text,
    /// The same, but for the empty string: an ENUM may not have it, and then it warns.
    Enum,
    /// Strings of bytes, also as hexadecimal literals.
    Binary,
    /// Strings that say they are UTF-8, for types that do not take a binary string.
    Utf8,
}

/// A column that is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnFormat {
    /// What it takes.
    pub kind: ColumnKind,
    /// Whether it may be NULL: under LOCAL, a NULL where none may be becomes another value.
    pub nullable: bool,
}

/// Whether literals are bytes (SET NAMES binary) or text in UTF-8, and what quotes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Literals {
    /// SET NAMES binary.
    pub binary: bool,
    /// Double quotes are those of names.
    pub ansi_quotes: bool,
}

/// What is not known to be stored alike by LOAD DATA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotExact;

/// Appends the value that begins at `at`, and returns where the text goes on behind it.
pub fn value(
    text: &[u8],
    at: usize,
    column: ColumnFormat,
    literals: Literals,
    out: &mut Output,
) -> Result<usize, NotExact> {
    match *text.get(at).ok_or(NotExact)? {
        quote @ (b'\'' | b'"') => {
            let end = match column.kind {
                ColumnKind::Utf8 => return Err(NotExact),
                ColumnKind::Enum if text.get(at + 1) == Some(&quote) => return Err(NotExact),
                _ => string(text, at, literals, out)?,
            };
            Ok(end)
        }
        b'0'..=b'9' | b'-' if text.get(at + 1) != Some(&b'x') => number(text, at, column.kind, out),
        b'0' if column.kind == ColumnKind::Binary && literals.binary => hexadecimal(text, at + 2, out),
        b'N' if column.nullable && text.get(at..at + 4) == Some(b"NULL") => {
            out.push_slice(b"\\N");
            Ok(at + 4)
        }
        b'_' => introduced(text, at, column.kind, literals, out),
        b'C' => converted(text, at, column.kind, literals, out),
        _ => Err(NotExact),
    }
}

/// A literal in quotes, whose escapes are those of LOAD DATA, too, but for a few.
fn string(text: &[u8], at: usize, literals: Literals, out: &mut Output) -> Result<usize, NotExact> {
    let quote = *text.get(at).ok_or(NotExact)?;
    if quote == b'"' && literals.ansi_quotes {
        return Err(NotExact);
    }
    let mut at = at + 1;
    loop {
        at = out.push_until(text, at, quote).ok_or(NotExact)?;
        // The byte here is one of those that are looked for.
        match text[at] {
            b'\\' => {
                match *text.get(at + 1).ok_or(NotExact)? {
                    // It would be NULL; here it is a letter.
                    b'N' => out.push(b'N'),
                    // These keep their backslash.
                    byte @ (b'%' | b'_') => out.push_slice(&[b'\\', b'\\', byte]),
                    // The first byte of a character, which stands for itself.
                    byte @ 0x80.. => out.push(byte),
                    byte => out.push_slice(&[b'\\', byte]),
                }
                at += 2;
            }
            byte if byte == quote => {
                if text.get(at + 1) != Some(&quote) {
                    return Ok(at + 1);
                }
                out.push(quote);
                at += 2;
            }
            byte => {
                // What ends columns and lines.
                out.push_slice(&[b'\\', byte]);
                at += 1;
            }
        }
    }
}

/// An integer, a decimal, or a number with an exponent.
fn number(text: &[u8], start: usize, kind: ColumnKind, out: &mut Output) -> Result<usize, NotExact> {
    /// A DECIMAL's. INSERT rounds longer ones before they are stored.
    const MOST_DIGITS: usize = 65;
    let digits = |from: usize| {
        let mut at = from;
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let negative = text.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let mut at = digits(first);
    let whole = at - first;
    if whole == 0 {
        return Err(NotExact);
    }
    let fraction = text.get(at) == Some(&b'.');
    if fraction {
        at = digits(at + 1);
    }
    let mantissa = first..at;
    let exponent = matches!(text.get(at), Some(b'e' | b'E'));
    if exponent {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'-' | b'+')));
        let digit = at + 1 + sign;
        at = digits(digit);
        if at == digit {
            return Err(NotExact);
        }
    }
    let fits = match kind {
        ColumnKind::Integer => !fraction && !exponent,
        ColumnKind::Decimal => !exponent,
        // Of a zero, only a text keeps the sign.
        ColumnKind::Real => !negative || text[mantissa.clone()].iter().any(|byte| matches!(byte, b'1'..=b'9')),
        ColumnKind::Year => whole == 4 && !negative && !fraction && !exponent,
        ColumnKind::Text | ColumnKind::Enum | ColumnKind::Binary | ColumnKind::Utf8 => false,
    };
    if !fits || mantissa.len() - usize::from(fraction) > MOST_DIGITS {
        return Err(NotExact);
    }
    out.push_slice(&text[start..at]);
    Ok(at)
}

/// The digits of `0x…`: whole bytes.
fn hexadecimal(text: &[u8], start: usize, out: &mut Output) -> Result<usize, NotExact> {
    const NONE: u8 = 0xff;
    static DIGITS: [u8; 256] = {
        let mut table = [NONE; 256];
        let mut digit = 0;
        while digit < 16 {
            table[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
            table[b"0123456789abcdef"[digit] as usize] = digit as u8;
            digit += 1;
        }
        table
    };
    let digit = |at: usize| text.get(at).map_or(NONE, |&byte| DIGITS[usize::from(byte)]);
    let mut at = start;
    loop {
        let (high, low) = (digit(at), digit(at + 1));
        if high == NONE || low == NONE {
            return if high == NONE && at > start { Ok(at) } else { Err(NotExact) };
        }
        out.push_data(high << 4 | low);
        at += 2;
    }
}

/// `_binary '…'` and `_utf8mb4'…'`.
fn introduced(
    text: &[u8],
    at: usize,
    kind: ColumnKind,
    literals: Literals,
    out: &mut Output,
) -> Result<usize, NotExact> {
    let rest = text.get(at..).unwrap_or_default();
    let introducer: &[u8] = if kind == ColumnKind::Utf8 { b"_utf8mb4" } else { b"_binary" };
    if !literals.binary || !rest.starts_with(introducer) {
        return Err(NotExact);
    }
    let mut at = at + introducer.len();
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    let quote = *text.get(at).ok_or(NotExact)?;
    let empty = text.get(at + 1) == Some(&quote);
    if !matches!(quote, b'\'' | b'"') || (kind == ColumnKind::Enum && empty) {
        return Err(NotExact);
    }
    string(text, at, literals, out)
}

/// `CONVERT("…" USING UTF8MB4)`, as mydumper writes JSON.
fn converted(
    text: &[u8],
    at: usize,
    kind: ColumnKind,
    literals: Literals,
    out: &mut Output,
) -> Result<usize, NotExact> {
    const BEFORE: &[u8] = b"CONVERT(";
    const AFTER: &[u8] = b" USING UTF8MB4)";
    let start = at + BEFORE.len();
    let quoted = matches!(text.get(start), Some(b'\'' | b'"'));
    if kind != ColumnKind::Utf8 || !literals.binary || !quoted || text.get(at..start) != Some(BEFORE) {
        return Err(NotExact);
    }
    let end = string(text, start, literals, out)?;
    let after = text.get(end..end + AFTER.len()).ok_or(NotExact)?;
    if after.eq_ignore_ascii_case(AFTER) { Ok(end + AFTER.len()) } else { Err(NotExact) }
}
