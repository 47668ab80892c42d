//! The parts of a CREATE TABLE statement.
//!
//! Only as much of the grammar is known as is needed to cut the statement between its columns, keys and constraints
//! and to say which is which. The texts come from SHOW CREATE TABLE of any server version, or from a person.

use super::element::{self, Element, ElementKind};
use crate::sql::cursor::ParseError;
use crate::sql::cursor::{Cursor, is_comment};
use crate::sql::token::{SqlDialect, Token, TokenKind, Tokens};

/// A CREATE TABLE statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTable<'a> {
    /// The database before the table's name, if one stands there.
    pub database: Option<Vec<u8>>,
    /// The table's name.
    pub name: Vec<u8>,
    /// The name with its qualifier, as written.
    pub name_text: &'a [u8],
    /// Whether `IF NOT EXISTS` stands there.
    pub if_not_exists: bool,
    /// What defines the columns.
    pub body: Body,
    /// The table's `ENGINE`, as written, without quotes.
    pub engine: Option<Vec<u8>>,
    /// Whether the table, or a column of it, is `WITH SYSTEM VERSIONING` (MariaDB).
    pub system_versioned: bool,
    /// Columns, keys and constraints, in order. Empty unless the body is [`Body::Elements`].
    pub elements: Vec<Element<'a>>,
    /// Whether each element can be taken out on its own: not so if an executable comment begins in one and ends in
    /// another.
    pub separable: bool,
}

/// How a CREATE TABLE statement defines the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// By a list of columns, keys and constraints.
    Elements,
    /// By a query, perhaps with a list too; the list is not looked at.
    Select,
    /// `LIKE` another table.
    Like,
    /// By options only: some engines of MariaDB find the columns themselves.
    Options,
}

impl<'a> CreateTable<'a> {
    /// Parses a statement, with or without a `;`, that was written in `dialect`.
    ///
    /// # Errors
    /// If it is no CREATE TABLE statement, or has no end.
    pub fn parse(sql: &'a [u8], dialect: SqlDialect) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(sql, dialect);
        cursor.expect("CREATE")?;
        if cursor.eat("OR") {
            cursor.expect("REPLACE")?;
        }
        cursor.eat("TEMPORARY");
        cursor.expect("TABLE")?;
        let if_not_exists = cursor.if_not_exists()?;
        let name_start = cursor.position();
        let mut database = None;
        let mut name = cursor.name("the table's name")?;
        if cursor.eat_punctuation(b'.') {
            database = Some(name);
            name = cursor.name("the table's name")?;
        }
        let mut table = CreateTable {
            database,
            name,
            name_text: sql.get(name_start..cursor.end).unwrap_or_default(),
            if_not_exists,
            body: Body::Elements,
            engine: None,
            system_versioned: false,
            elements: Vec::new(),
            separable: true,
        };
        if cursor.eat("LIKE") {
            table.body = Body::Like;
            return Ok(table);
        }
        let start = cursor.position();
        let list = cursor.eat_punctuation(b'(');
        if list && cursor.at_word("LIKE") {
            table.body = Body::Like;
            return Ok(table);
        }
        let query = ["SELECT", "WITH", "VALUES", "TABLE"];
        if list && (cursor.at_punctuation(b'(') || cursor.at_any_word(&query)) {
            table.body = Body::Select;
            return Ok(table);
        }
        // Executable comments' marks are part of the elements' text; what is said of them here is only balance.
        let tokens: Vec<_> = Tokens::new(sql, dialect)
            .filter(|token| token.start >= start && token.kind != TokenKind::Comment)
            .collect();
        let mut rest = tokens.as_slice();
        if list {
            rest = table.parse_list(sql, rest)?;
        }
        let words: Vec<_> = rest.iter().filter(|token| !is_comment(token)).copied().collect();
        table.parse_options(&words);
        if table.body == Body::Select {
            table.elements.clear();
        } else if !list {
            table.body = Body::Options;
        }
        Ok(table)
    }

    /// Whether the engine is ARCHIVE, which takes rows in the order of its AUTO_INCREMENT column only.
    #[must_use]
    pub fn is_archive(&self) -> bool {
        self.engine.as_deref().is_some_and(|engine| engine.eq_ignore_ascii_case(b"ARCHIVE"))
    }

    /// Parses the list in parentheses at the head of `tokens`; what is behind it comes back.
    fn parse_list<'t>(&mut self, sql: &'a [u8], tokens: &'t [Token<'a>]) -> Result<&'t [Token<'a>], ParseError> {
        let mut depth = 0_usize;
        let mut comments = 0_i64;
        let mut first = 1;
        for (index, token) in tokens.iter().enumerate() {
            match token.kind {
                TokenKind::CommentOpen => comments += 1,
                TokenKind::CommentClose => comments -= 1,
                TokenKind::Unterminated => {
                    return Err(ParseError { expected: "the end of a quoted text", at: sql.len() });
                }
                _ if token.is_punctuation(b'(') => depth += 1,
                _ if token.is_punctuation(b')') => depth -= 1,
                _ => {}
            }
            if depth == 0 || (depth == 1 && token.is_punctuation(b',')) {
                self.separable &= comments == 0;
                let element = tokens.get(first..index).unwrap_or_default();
                let element = element::parse(sql, element, token.start)?;
                if let ElementKind::Column(column) = &element.kind {
                    self.system_versioned |= column.system_versioned;
                }
                self.elements.push(element);
                first = index + 1;
            }
            if depth == 0 {
                return Ok(tokens.get(first..).unwrap_or_default());
            }
        }
        Err(ParseError { expected: "`)` after the columns and keys", at: sql.len() })
    }

    /// Reads what follows the list, or stands in its place.
    fn parse_options(&mut self, words: &[Token<'a>]) {
        let mut depth = 0_usize;
        for (index, token) in words.iter().enumerate() {
            let rest = words.get(index..).unwrap_or_default();
            match token {
                _ if token.is_punctuation(b'(') => depth += 1,
                _ if token.is_punctuation(b')') => depth = depth.saturating_sub(1),
                // A partition has an ENGINE too, and a quoted word never is a keyword. SELECT is reserved, so it
                // means a query at any depth; the other words start one only where no parenthesis is open.
                _ if token.is_word("SELECT") => self.body = Body::Select,
                _ if depth > 0 => {}
                _ if token.is_punctuation(b';') => break,
                _ if ["AS", "VALUES", "TABLE"].iter().any(|word| token.is_word(word)) => {
                    self.body = Body::Select;
                }
                _ if token.is_word("ENGINE") || token.is_word("TYPE") => {
                    let equals = usize::from(rest.get(1).is_some_and(|next| next.is_punctuation(b'=')));
                    self.engine = rest.get(1 + equals).and_then(option_value);
                }
                _ if element::starts_with(rest, &["WITH", "SYSTEM", "VERSIONING"]) => {
                    self.system_versioned = true;
                }
                _ => {}
            }
        }
    }
}

/// The value of a table option that may be a name or a string.
fn option_value(token: &Token<'_>) -> Option<Vec<u8>> {
    token.identifier().or_else(|| token.string_value(SqlDialect::default()))
}
