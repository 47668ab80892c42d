//! A tokenizer for the SQL of MySQL and MariaDB, over bytes.
//!
//! Statements may hold text in any character set and names that look like SQL, so searching them for words is not enough:
//! one has to know where strings, names and comments begin and end. The tokenizer knows no grammar, never fails and always
//! ends; text that no server would accept results in some tokens as well.
//!
//! Bytes from 0x80 on belong to words, as in the servers' lexers with utf8mb4. This is wrong for character sets whose
//! second bytes may be `'` or `\` (gbk, sjis), but the DDL of a dump is always utf8mb4.

/// The settings of `sql_mode` that change where tokens end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SqlDialect {
    /// `ANSI_QUOTES`: `"…"` is a name, not a string.
    pub ansi_quotes: bool,
    /// `NO_BACKSLASH_ESCAPES`: a backslash in a string is a character like any other.
    pub no_backslash_escapes: bool,
}

/// What a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword, a name without quotes, or a string's introducer (`_utf8mb4`, `N`, `x`, `b`).
    Word,
    /// `` `name` ``; also `"name"` with [`SqlDialect::ansi_quotes`].
    QuotedIdentifier,
    /// `'text'` or `"text"`, with its quotes, without an introducer.
    String,
    /// A number without its sign: `1`, `1.5`, `.5`, `1e-3`, `0xFF`.
    Number,
    /// One byte of anything else.
    Punctuation,
    /// `-- …` or `# …` up to, not including, the line's end; or `/* … */`, hints included.
    Comment,
    /// `/*!`, `/*!50100`, `/*M!` or `/*M!100100`: what follows, up to the [`TokenKind::CommentClose`], is SQL.
    CommentOpen,
    /// The `*/` of an executable comment.
    CommentClose,
    /// A quoted text or comment without an end, which reaches to the end of the input.
    Unterminated,
}

/// A token of SQL text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// Its kind.
    pub kind: TokenKind,
    /// Its exact bytes, quotes included.
    pub text: &'a [u8],
    /// The byte of the input at which it starts.
    pub start: usize,
}

impl Token<'_> {
    /// The byte after its last one.
    #[must_use]
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword, in any case. A quoted name never is.
    #[must_use]
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word.as_bytes())
    }

    /// Whether it is this punctuation.
    #[must_use]
    pub fn is_punctuation(&self, byte: u8) -> bool {
        self.kind == TokenKind::Punctuation && self.text == [byte]
    }

    /// The name without its quotes; `None` if the token is not a name.
    #[must_use]
    pub fn identifier(&self) -> Option<Vec<u8>> {
        match self.kind {
            TokenKind::Word => Some(self.text.to_vec()),
            TokenKind::QuotedIdentifier => {
                let (quote, inner) = unquote(self.text)?;
                let mut name = Vec::with_capacity(inner.len());
                let mut bytes = inner.iter();
                while let Some(&byte) = bytes.next() {
                    name.push(byte);
                    if byte == quote {
                        bytes.next();
                    }
                }
                Some(name)
            }
            _ => None,
        }
    }

    /// The value of a string literal; `None` if the token is not one. An introducer has no effect.
    ///
    /// Escapes are those of the servers' manuals: `\0 \b \n \r \t \Z`; `\%` and `\_` keep their backslash; any other
    /// character stands for itself.
    #[must_use]
    pub fn string_value(&self, dialect: SqlDialect) -> Option<Vec<u8>> {
        if self.kind != TokenKind::String {
            return None;
        }
        let (quote, inner) = unquote(self.text)?;
        let mut value = Vec::with_capacity(inner.len());
        let mut bytes = inner.iter();
        while let Some(&byte) = bytes.next() {
            if byte == quote {
                bytes.next();
            } else if byte == b'\\'
                && !dialect.no_backslash_escapes
                && let Some(&escaped) = bytes.next()
            {
                match escaped {
                    b'0' => value.push(0),
                    b'b' => value.push(8),
                    b'n' => value.push(b'\n'),
                    b'r' => value.push(b'\r'),
                    b't' => value.push(b'\t'),
                    b'Z' => value.push(26),
                    b'%' | b'_' => value.extend([b'\\', escaped]),
                    other => value.push(other),
                }
                continue;
            }
            value.push(byte);
        }
        Some(value)
    }
}

/// The quote character and the text between the quotes.
fn unquote(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [quote, inner @ .., last] if quote == last => Some((*quote, inner)),
        _ => None,
    }
}

/// The tokens of a text, in order, with nothing but white space between them.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    sql: &'a [u8],
    at: usize,
    dialect: SqlDialect,
    /// How many executable comments are open.
    comments: usize,
    /// Where the last token ended if it was a name: a `.` that follows qualifies it and starts no number.
    name_end: Option<usize>,
    /// Where the `.` behind a name ended: digits that follow are a name (`t.1`).
    dot_end: Option<usize>,
}

impl<'a> Tokens<'a> {
    /// The tokens of `sql`.
    #[must_use]
    pub fn new(sql: &'a [u8], dialect: SqlDialect) -> Self {
        Tokens { sql, at: 0, dialect, comments: 0, name_end: None, dot_end: None }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.sql.get(at).copied()
    }

    fn starts_with(&self, at: usize, prefix: &[u8]) -> bool {
        self.sql.get(at..).is_some_and(|rest| rest.starts_with(prefix))
    }

    /// The first position from `at` on whose byte fails the test.
    fn run_end(&self, at: usize, test: impl Fn(u8) -> bool) -> usize {
        let rest = self.sql.get(at..).unwrap_or_default();
        at + rest.iter().position(|&byte| !test(byte)).unwrap_or(rest.len())
    }

    /// The kind of the token at `at`, which is not white space, and its end.
    fn token_end(&self, at: usize, first: u8) -> (TokenKind, usize) {
        match first {
            b'`' => self.quoted(at, first, TokenKind::QuotedIdentifier),
            b'"' if self.dialect.ansi_quotes => self.quoted(at, first, TokenKind::QuotedIdentifier),
            b'\'' | b'"' => self.quoted(at, first, TokenKind::String),
            b'#' => (TokenKind::Comment, self.run_end(at, |byte| byte != b'\n')),
            b'-' if self.byte(at + 1) == Some(b'-')
                && self.byte(at + 2).is_none_or(|byte| byte == b' ' || byte.is_ascii_control()) =>
            {
                (TokenKind::Comment, self.run_end(at, |byte| byte != b'\n'))
            }
            b'/' if self.starts_with(at, b"/*!") => (TokenKind::CommentOpen, self.version_end(at + 3)),
            b'/' if self.starts_with(at, b"/*M!") => (TokenKind::CommentOpen, self.version_end(at + 4)),
            b'/' if self.starts_with(at, b"/*") => {
                let rest = self.sql.get(at + 2..).unwrap_or_default();
                match rest.windows(2).position(|pair| pair == b"*/") {
                    Some(length) => (TokenKind::Comment, at + 2 + length + 2),
                    None => (TokenKind::Unterminated, self.sql.len()),
                }
            }
            b'*' if self.comments > 0 && self.byte(at + 1) == Some(b'/') => (TokenKind::CommentClose, at + 2),
            b'.' if self.name_end != Some(at) && self.byte(at + 1).is_some_and(|byte| byte.is_ascii_digit()) => {
                (TokenKind::Number, self.exponent(self.run_end(at + 1, |byte| byte.is_ascii_digit())))
            }
            _ if is_word_byte(first) => self.word_or_number(at, first),
            _ => (TokenKind::Punctuation, at + 1),
        }
    }

    /// Up to the quote that is neither doubled nor, in a string, behind a backslash.
    fn quoted(&self, at: usize, quote: u8, kind: TokenKind) -> (TokenKind, usize) {
        let escapes = kind == TokenKind::String && !self.dialect.no_backslash_escapes;
        let mut at = at + 1;
        loop {
            at = self.run_end(at, |byte| byte != quote && !(escapes && byte == b'\\'));
            match self.byte(at) {
                None => return (TokenKind::Unterminated, self.sql.len()),
                Some(byte) if byte == quote && self.byte(at + 1) != Some(quote) => {
                    return (kind, at + 1);
                }
                Some(_) => at += 2,
            }
        }
    }

    /// The end of the five or six digits of a server version.
    fn version_end(&self, at: usize) -> usize {
        let end = self.run_end(at, |byte| byte.is_ascii_digit());
        match end - at {
            0..5 => at,
            digits => at + digits.min(6),
        }
    }

    fn word_or_number(&self, at: usize, first: u8) -> (TokenKind, usize) {
        let end = self.run_end(at, is_word_byte);
        if !first.is_ascii_digit() || self.dot_end == Some(at) {
            return (TokenKind::Word, end);
        }
        let digits = self.run_end(at, |byte| byte.is_ascii_digit());
        if digits == end && self.byte(end) == Some(b'.') {
            // `1.`, `1.5` and `1.5e3`; `1.a` is no SQL.
            return (TokenKind::Number, self.exponent(self.run_end(end + 1, |byte| byte.is_ascii_digit())));
        }
        let number = self.exponent(digits);
        let radix = match self.sql.get(at..at + 2) {
            Some(b"0x") => self.run_end(at + 2, |byte| byte.is_ascii_hexdigit()),
            Some(b"0b") => self.run_end(at + 2, |byte| matches!(byte, b'0' | b'1')),
            _ => 0,
        };
        if number >= end || (radix == end && end > at + 2) {
            (TokenKind::Number, number.max(end))
        } else {
            // A name may begin with digits.
            (TokenKind::Word, end)
        }
    }

    /// The end of an exponent, if one stands at `at`; else `at`.
    fn exponent(&self, at: usize) -> usize {
        if !matches!(self.byte(at), Some(b'e' | b'E')) {
            return at;
        }
        let sign = usize::from(matches!(self.byte(at + 1), Some(b'+' | b'-')));
        let end = self.run_end(at + 1 + sign, |byte| byte.is_ascii_digit());
        if end > at + 1 + sign && !self.byte(end).is_some_and(is_word_byte) { end } else { at }
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn is_space(byte: u8) -> bool {
    // As isspace() in the C locale: unlike is_ascii_whitespace, with the vertical tab.
    matches!(byte, b'\t'..=b'\r' | b' ')
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let start = self.run_end(self.at, is_space);
        let first = self.byte(start)?;
        let (kind, end) = self.token_end(start, first);
        let text = self.sql.get(start..end)?;
        match kind {
            TokenKind::CommentOpen => self.comments += 1,
            TokenKind::CommentClose => self.comments -= 1,
            _ => {}
        }
        let dot = self.name_end == Some(start) && first == b'.';
        self.dot_end = dot.then_some(end);
        self.name_end = matches!(kind, TokenKind::Word | TokenKind::QuotedIdentifier).then_some(end);
        self.at = end;
        Some(Token { kind, text, start })
    }
}

#[cfg(test)]
mod tests;
