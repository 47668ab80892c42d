//! The items in the parentheses of CREATE TABLE: columns, keys and constraints.

use super::ParseError;
use super::cursor::is_comment;
use common::sql::token::Token;

/// An item of the list in parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element<'a> {
    /// What it is.
    pub kind: ElementKind,
    /// Its text, without the commas around it.
    pub text: &'a [u8],
    /// The byte of the statement at which it starts.
    pub start: usize,
}

impl Element<'_> {
    /// The byte after its last one.
    #[must_use]
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// What an [`Element`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ElementKind {
    /// A column.
    Column(Column),
    /// `PRIMARY KEY`.
    PrimaryKey(Key),
    /// `UNIQUE [KEY]`.
    UniqueKey(Key),
    /// `KEY`.
    Key(Key),
    /// `FULLTEXT [KEY]`.
    FulltextKey(Key),
    /// `SPATIAL [KEY]`.
    SpatialKey(Key),
    /// `VECTOR KEY` (MariaDB).
    VectorKey(Key),
    /// `FOREIGN KEY`.
    ForeignKey(ForeignKey),
    /// `CHECK`.
    Check,
    /// `PERIOD FOR …` (MariaDB).
    Other,
}

/// What the text of a column says outside of parentheses and strings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    pub name: Vec<u8>,
    /// `AUTO_INCREMENT`, or the type `SERIAL`.
    pub auto_increment: bool,
    /// `NOT NULL`, or the type `SERIAL`.
    pub not_null: bool,
    /// `PRIMARY KEY` or `KEY`.
    pub primary: bool,
    /// `UNIQUE`, or the type `SERIAL`.
    pub unique: bool,
    /// `REFERENCES`: a foreign key on this column.
    pub references: bool,
    /// `WITH SYSTEM VERSIONING` (MariaDB): makes the table a versioned one.
    pub system_versioned: bool,
    /// The type `JSON`.
    pub json: bool,
}

/// What the text of a key says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    /// The columns in order; `None` for an expression.
    pub columns: Vec<Option<Vec<u8>>>,
    /// `USING HASH`.
    pub hash: bool,
    /// The period among the columns is `WITHOUT OVERLAPS` (MariaDB).
    pub without_overlaps: bool,
}

impl Key {
    /// The name of the first column, unless that is an expression.
    #[must_use]
    pub fn first_column(&self) -> Option<&[u8]> {
        self.columns.first()?.as_deref()
    }
}

/// What the text of a foreign key says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns of this table.
    pub columns: Vec<Vec<u8>>,
    /// The database of the other table, where it is named.
    pub referenced_database: Option<Vec<u8>>,
    /// The name of the other table, without its database.
    pub referenced_table: Vec<u8>,
    /// The columns of the other table.
    pub referenced_columns: Vec<Vec<u8>>,
}

/// Parses the element that consists of `tokens` (without comments, but with the marks of executable ones); `end` is
/// where the comma or parenthesis behind it stands.
pub(super) fn parse<'a>(sql: &'a [u8], tokens: &[Token<'a>], end: usize) -> Result<Element<'a>, ParseError> {
    let start = tokens.first().map_or(end, |token| token.start);
    let text_end = tokens.last().map_or(end, Token::end);
    let words: Vec<_> = tokens.iter().filter(|token| !is_comment(token)).copied().collect();
    Ok(Element { kind: kind(&words, end)?, text: sql.get(start..text_end).unwrap_or_default(), start })
}

/// Whether `tokens` begins with these keywords.
pub(super) fn starts_with(tokens: &[Token<'_>], words: &[&str]) -> bool {
    tokens.len() >= words.len() && tokens.iter().zip(words).all(|(token, word)| token.is_word(word))
}

fn kind(words: &[Token<'_>], end: usize) -> Result<ElementKind, ParseError> {
    let expected = |at: Option<&Token<'_>>| ParseError {
        expected: "a column, key or constraint",
        at: at.map_or(end, |token| token.start),
    };
    let mut head = words;
    if starts_with(words, &["CONSTRAINT"]) {
        let keywords = ["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"];
        let named = !words.get(1).is_some_and(|token| keywords.iter().any(|word| token.is_word(word)));
        head = words.get(1 + usize::from(named)..).unwrap_or_default();
    }
    let first = head.first().ok_or_else(|| expected(None))?;
    let second = head.get(1);
    let word = |word| first.is_word(word);
    Ok(match () {
        () if word("PRIMARY") => ElementKind::PrimaryKey(key(head)),
        () if word("UNIQUE") => ElementKind::UniqueKey(key(head)),
        () if word("FULLTEXT") => ElementKind::FulltextKey(key(head)),
        () if word("SPATIAL") => ElementKind::SpatialKey(key(head)),
        () if word("KEY") || word("INDEX") => ElementKind::Key(key(head)),
        () if word("FOREIGN") => ElementKind::ForeignKey(foreign_key(head)),
        () if word("CHECK") => ElementKind::Check,
        // Columns may be called `period` and `vector` without quotes.
        () if word("PERIOD") && second.is_some_and(|next| next.is_word("FOR")) => ElementKind::Other,
        () if word("VECTOR") && second.is_some_and(|next| next.is_word("KEY") || next.is_word("INDEX")) => {
            ElementKind::VectorKey(key(head))
        }
        () if head.len() == words.len() => column(head).ok_or_else(|| expected(Some(first)))?,
        () => return Err(expected(Some(first))),
    })
}

/// The words outside of parentheses. Strings and quoted names stay among them, as they never equal a keyword.
fn outside<'t, 'a>(tokens: &'t [Token<'a>]) -> impl Iterator<Item = (usize, &'t Token<'a>)> {
    let mut depth = 0_usize;
    tokens.iter().enumerate().filter(move |(_, token)| {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.saturating_sub(1);
        }
        depth == 0
    })
}

fn column(tokens: &[Token<'_>]) -> Option<ElementKind> {
    let mut column = Column { name: tokens.first()?.identifier()?, ..Column::default() };
    let definition = tokens.get(1..)?;
    if starts_with(definition, &["SERIAL"]) {
        (column.auto_increment, column.not_null, column.unique) = (true, true, true);
    }
    column.json = starts_with(definition, &["JSON"]);
    let mut after_unique = false;
    for (index, token) in outside(definition) {
        let rest = definition.get(index..).unwrap_or_default();
        column.auto_increment |= token.is_word("AUTO_INCREMENT");
        column.not_null |= starts_with(rest, &["NOT", "NULL"]);
        // KEY alone means PRIMARY KEY, but UNIQUE KEY means UNIQUE.
        column.primary |= token.is_word("PRIMARY") || (token.is_word("KEY") && !after_unique);
        column.references |= token.is_word("REFERENCES");
        column.system_versioned |= starts_with(rest, &["WITH", "SYSTEM", "VERSIONING"]);
        after_unique = token.is_word("UNIQUE");
        column.unique |= after_unique;
    }
    Some(ElementKind::Column(column))
}

fn key(tokens: &[Token<'_>]) -> Key {
    let mut key = Key::default();
    for part in first_list(tokens) {
        // Expressions stand in parentheses of their own.
        key.columns.push(part.first().and_then(Token::identifier));
        key.without_overlaps |= part.windows(2).any(|pair| starts_with(pair, &["WITHOUT", "OVERLAPS"]));
    }
    key.hash = outside(tokens).any(|(index, _)| {
        let rest = tokens.get(index..).unwrap_or_default();
        starts_with(rest, &["USING", "HASH"]) || starts_with(rest, &["TYPE", "HASH"])
    });
    key
}

fn foreign_key(tokens: &[Token<'_>]) -> ForeignKey {
    let names =
        |tokens| -> Vec<Vec<u8>> { first_list(tokens).iter().filter_map(|part| part.first()?.identifier()).collect() };
    let mut foreign_key = ForeignKey { columns: names(tokens), ..ForeignKey::default() };
    if let Some(at) = tokens.iter().position(|token| token.is_word("REFERENCES")) {
        let target = tokens.get(at + 1..).unwrap_or_default();
        let name = target.iter().take_while(|token| !token.is_punctuation(b'('));
        let mut path: Vec<_> = name.filter_map(Token::identifier).collect();
        foreign_key.referenced_table = path.pop().unwrap_or_default();
        foreign_key.referenced_database = path.pop();
        foreign_key.referenced_columns = names(target);
    }
    foreign_key
}

/// The items of the first list in parentheses.
fn first_list<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut items = Vec::new();
    let Some(open) = tokens.iter().position(|token| token.is_punctuation(b'(')) else {
        return items;
    };
    let mut first = open + 1;
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth -= 1;
        }
        if depth == 0 || (depth == 1 && token.is_punctuation(b',')) {
            items.push(tokens.get(first..index).unwrap_or_default());
            first = index + 1;
        }
        if depth == 0 {
            break;
        }
    }
    items
}
