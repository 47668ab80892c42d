//! A position among a statement's tokens, for parsers of statements.

use thiserror::Error;

use super::token::{SqlDialect, Token, TokenKind, Tokens};

/// A statement does not have the expected form.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {expected} at byte {at} of the statement")]
pub struct ParseError {
    /// What is missing there.
    pub expected: &'static str,
    /// The byte, counted from 0, of the statement's text.
    pub at: usize,
}

/// Reads tokens one after the other and no further than needed, so that the first words of a large INSERT cost nothing.
///
/// Skips comments, and the marks of executable comments, whose content is read like other SQL.
pub struct Cursor<'a> {
    tokens: Tokens<'a>,
    next: Option<Token<'a>>,
    /// The byte after the last taken token.
    pub end: usize,
    length: usize,
}

impl<'a> Cursor<'a> {
    /// At the beginning of a statement.
    pub fn new(sql: &'a [u8], dialect: SqlDialect) -> Self {
        let mut cursor = Cursor { tokens: Tokens::new(sql, dialect), next: None, end: 0, length: sql.len() };
        cursor.advance();
        cursor
    }

    fn advance(&mut self) {
        self.next = self.tokens.find(|token| !is_comment(token));
    }

    /// The next token.
    pub fn peek(&self) -> Option<Token<'a>> {
        self.next
    }

    /// Takes the next token.
    pub fn take(&mut self) -> Option<Token<'a>> {
        let token = self.next?;
        self.end = token.end();
        self.advance();
        Some(token)
    }

    /// Where the next token starts; at the end, the statement's length.
    pub fn position(&self) -> usize {
        self.next.map_or(self.length, |token| token.start)
    }

    /// Whether the next token is this keyword.
    pub fn at_word(&self, word: &str) -> bool {
        self.next.is_some_and(|token| token.is_word(word))
    }

    /// Whether the next token is one of these keywords.
    pub fn at_any_word(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.at_word(word))
    }

    /// Whether the next token is this punctuation.
    pub fn at_punctuation(&self, byte: u8) -> bool {
        self.next.is_some_and(|token| token.is_punctuation(byte))
    }

    /// Takes the next token if it is `word`.
    pub fn eat(&mut self, word: &str) -> bool {
        self.at_word(word) && self.take().is_some()
    }

    /// Takes the next token if it is one of `words`.
    pub fn eat_any(&mut self, words: &[&str]) -> bool {
        self.at_any_word(words) && self.take().is_some()
    }

    /// Takes the next token if it is `byte`.
    pub fn eat_punctuation(&mut self, byte: u8) -> bool {
        self.at_punctuation(byte) && self.take().is_some()
    }

    /// Takes `word`.
    ///
    /// # Errors
    /// [`ParseError`] for any other token.
    pub fn expect(&mut self, word: &'static str) -> Result<(), ParseError> {
        if self.eat(word) { Ok(()) } else { Err(self.error(word)) }
    }

    /// Takes a name, with or without quotes.
    ///
    /// # Errors
    /// [`ParseError`] with `expected` for any other token.
    pub fn name(&mut self, expected: &'static str) -> Result<Vec<u8>, ParseError> {
        let name = self.next.and_then(|token| token.identifier());
        let name = name.ok_or_else(|| self.error(expected))?;
        self.take();
        Ok(name)
    }

    /// Takes `IF NOT EXISTS`, if it is next. Returns whether it was.
    ///
    /// # Errors
    /// [`ParseError`] for a part of it.
    pub fn if_not_exists(&mut self) -> Result<bool, ParseError> {
        if !self.eat("IF") {
            return Ok(false);
        }
        self.expect("NOT")?;
        self.expect("EXISTS")?;
        Ok(true)
    }

    /// The error that `expected` is missing here.
    pub fn error(&self, expected: &'static str) -> ParseError {
        ParseError { expected, at: self.position() }
    }
}

/// Whether a token is a comment or the mark of an executable one.
pub fn is_comment(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Comment | TokenKind::CommentOpen | TokenKind::CommentClose)
}
