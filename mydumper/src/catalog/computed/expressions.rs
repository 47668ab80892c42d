//! The expressions of a table, read off its SHOW CREATE TABLE, and what they depend on.

use std::collections::BTreeMap;

use common::server::Server;
use common::sql::cursor::is_comment;
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

use crate::catalog::column::Column;

/// Functions and operators whose results depend on their arguments only. Others are tried, which costs a look at all
/// rows.
const PURE: [&str; 65] = [
    "ABS",
    "AND",
    "AS",
    "ASCII",
    "BETWEEN",
    "BIN_TO_UUID",
    "CASE",
    "CAST",
    "CEIL",
    "CEILING",
    "CHAR_LENGTH",
    "COALESCE",
    "CONCAT",
    "CONCAT_WS",
    "CRC32",
    "DIV",
    "ELSE",
    "EXTRACTVALUE",
    "FIELD",
    "FLOOR",
    "GREATEST",
    "HEX",
    "IF",
    "IFNULL",
    "IN",
    "INET_ATON",
    "INSTR",
    "IS",
    "JSON_CONTAINS",
    "JSON_EXTRACT",
    "JSON_LENGTH",
    "JSON_QUOTE",
    "JSON_TYPE",
    "JSON_UNQUOTE",
    "JSON_VALID",
    "JSON_VALUE",
    "LCASE",
    "LEAST",
    "LEFT",
    "LENGTH",
    "LIKE",
    "LOCATE",
    "LOWER",
    "LPAD",
    "LTRIM",
    "MD5",
    "MID",
    "MOD",
    "NOT",
    "NULLIF",
    "OR",
    "ORD",
    "REPLACE",
    "REVERSE",
    "RIGHT",
    "ROUND",
    "RPAD",
    "RTRIM",
    "SHA1",
    "SHA2",
    "SUBSTR",
    "SUBSTRING",
    "THEN",
    "TRIM",
    "UPPER",
];
/// More of them.
const PURE_TOO: [&str; 8] = ["UCASE", "UNHEX", "UUID_TO_BIN", "WHEN", "XOR", "SHA", "OCTET_LENGTH", "SUBSTRING_INDEX"];
/// Functions that convert between instants and the session's time zone.
const OF_ZONE: [&str; 3] = ["UNIX_TIMESTAMP", "FROM_UNIXTIME", "CONVERT_TZ"];
/// Functions that write names of months and days.
const OF_LANGUAGE: [&str; 3] = ["DATE_FORMAT", "DAYNAME", "MONTHNAME"];
/// Types of dates and times.
const TEMPORAL: [&str; 4] = ["date", "datetime", "timestamp", "time"];

/// What is computed from other columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    pub what: What,
    /// The SQL, without the parentheses around it.
    pub sql: Vec<u8>,
    /// Whether the session's settings may change its value.
    pub sensitive: bool,
}

/// What an expression is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A generated column whose values are stored, with its type.
    Stored { column: String, sql_type: String },
    /// A generated column that is computed when it is read.
    Virtual { column: String },
    /// An enforced CHECK.
    Check { name: String },
    /// A part of an index.
    Key,
}

/// The expressions of a table.
#[derive(Debug, Default)]
pub struct Definition {
    pub expressions: Vec<Expression>,
    /// Whether one depends on the time zone, on how dates are checked, on `-` of unsigned numbers.
    pub on_zone: bool,
    pub on_dates: bool,
    pub on_subtraction: bool,
    /// The same of session variables.
    pub on_language: bool,
    pub on_division: bool,
    pub on_encryption: bool,
    /// Whether virtual columns are in indexes.
    indexed: Vec<String>,
}

impl Definition {
    /// Reads them off SHOW CREATE TABLE.
    pub fn parse(text: &[u8], server: &Server, columns: &[Column]) -> Definition {
        let tokens: Vec<Token<'_>> =
            Tokens::new(text, SqlDialect::default()).filter(|token| !is_comment(token)).collect();
        let mut definition = Definition::default();
        let mut types = BTreeMap::new();
        for element in elements(&tokens) {
            definition.element(text, element, server, &mut types);
        }
        definition.judge(columns, &types);
        definition
    }

    /// Whether a restore may compute anything else than the source did.
    pub fn depends_on_session(&self) -> bool {
        self.expressions.iter().any(|expression| expression.sensitive)
    }

    fn element(&mut self, text: &[u8], element: &[Token<'_>], server: &Server, types: &mut BTreeMap<String, String>) {
        let Some(first) = element.first() else { return };
        let mut add = |what, sql: &[u8]| {
            self.expressions.push(Expression { what, sql: sql.to_vec(), sensitive: false });
        };
        if first.kind == TokenKind::QuotedIdentifier {
            let column = name(first);
            let sql_type = sql_type(text, element);
            if let Some((expression, rest)) = after_words(text, element, &["GENERATED", "ALWAYS", "AS"]) {
                let stored = rest.first().is_some_and(|word| word.is_word("STORED") || word.is_word("PERSISTENT"));
                let what = match stored {
                    true => What::Stored { column: column.clone(), sql_type: sql_type.clone() },
                    false => What::Virtual { column: column.clone() },
                };
                add(what, expression);
            }
            types.insert(column, sql_type);
        } else if first.is_word("CONSTRAINT") || first.is_word("CHECK") {
            // The loader has MariaDB check none.
            if let Some((expression, rest)) = after_words(text, element, &["CHECK"])
                && !server.is_mariadb()
                && !rest.first().is_some_and(|word| word.is_word("NOT"))
            {
                let check = element.get(1).filter(|_| first.is_word("CONSTRAINT")).map(name).unwrap_or_default();
                add(What::Check { name: check }, expression);
            }
        } else if element.iter().take(3).any(|word| word.is_word("KEY")) {
            let start = element.iter().position(|token| token.is_punctuation(b'(')).map_or(0, |at| at + 1);
            for part in parts(element.get(start..).unwrap_or_default()) {
                match part.first() {
                    Some(open) if open.is_punctuation(b'(') => {
                        if let Some((expression, _)) = parenthesized(text, part) {
                            add(What::Key, expression);
                        }
                    }
                    Some(column) => self.indexed.push(name(column)),
                    None => {}
                }
            }
        }
    }

    /// Finds out what the expressions depend on.
    fn judge(&mut self, columns: &[Column], types: &BTreeMap<String, String>) {
        let mut sensitive_columns: Vec<String> = columns
            .iter()
            .filter(|column| *column.data_type == *"timestamp" && !column.generated)
            .map(|column| column.name.to_string())
            .collect();
        // A generated column may depend on others.
        for _ in 0..=self.expressions.len() {
            let before = sensitive_columns.len();
            for index in 0..self.expressions.len() {
                self.judge_one(index, &mut sensitive_columns, types);
            }
            if sensitive_columns.len() == before {
                break;
            }
        }
        // What is only computed when it is read is no matter of the restore.
        let indexed = std::mem::take(&mut self.indexed);
        for expression in &mut self.expressions {
            if let What::Virtual { column } = &expression.what {
                expression.sensitive &= indexed.contains(column);
            }
        }
    }

    fn judge_one(&mut self, index: usize, sensitive_columns: &mut Vec<String>, types: &BTreeMap<String, String>) {
        let Some(expression) = self.expressions.get(index) else { return };
        let tokens: Vec<Token<'_>> = Tokens::new(&expression.sql, SqlDialect::default()).collect();
        let own_type = match &expression.what {
            What::Stored { sql_type, .. } => sql_type.as_str(),
            _ => "",
        };
        let word = |names: &[&str]| tokens.iter().any(|token| names.iter().any(|name| token.is_word(name)));
        let refers = tokens.iter().filter(|token| token.kind == TokenKind::QuotedIdentifier).map(name);
        let refers: Vec<String> = refers.collect();
        let of_type = |kind: &str| refers.iter().any(|name| types.get(name).is_some_and(|of| of.contains(kind)));
        let on_zone = word(&OF_ZONE)
            || own_type.starts_with("timestamp")
            || refers.iter().any(|name| sensitive_columns.contains(name));
        let on_dates = TEMPORAL.iter().any(|kind| own_type.starts_with(kind))
            || word(&["DATE", "DATETIME", "TIME", "STR_TO_DATE", "TIMESTAMP"])
            || of_type("date");
        let minus = tokens.iter().any(|token| token.is_punctuation(b'-'));
        let on_subtraction = minus && of_type("unsigned");
        let on_division = tokens.iter().any(|token| token.is_punctuation(b'/'));
        let on_encryption = word(&["AES_ENCRYPT", "AES_DECRYPT"]);
        let impure = tokens.windows(2).any(|pair| {
            let [function, open] = pair else { return false };
            function.kind == TokenKind::Word
                && open.is_punctuation(b'(')
                && !PURE.iter().chain(&PURE_TOO).any(|pure| function.is_word(pure))
        });
        let on_language = word(&OF_LANGUAGE);
        // PAD_CHAR_TO_FULL_LENGTH, NO_BACKSLASH_ESCAPES, default_regex_flags.
        let on_padding = refers.iter().any(|name| types.get(name).is_some_and(|of| of.starts_with("char")));
        let on_escapes = tokens.iter().any(|token| token.kind == TokenKind::String && token.text.contains(&b'\\'));
        let on_patterns = word(&["REGEXP", "RLIKE"]);
        let sensitive =
            on_zone || on_dates || on_subtraction || on_division || on_padding || on_escapes || on_patterns || impure;
        if let (true, What::Stored { column, .. } | What::Virtual { column }) = (sensitive, &expression.what)
            && !sensitive_columns.contains(column)
        {
            sensitive_columns.push(column.clone());
        }
        self.on_zone |= on_zone;
        self.on_dates |= on_dates;
        self.on_subtraction |= on_subtraction;
        self.on_language |= on_language;
        self.on_division |= on_division;
        self.on_encryption |= on_encryption;
        if let Some(expression) = self.expressions.get_mut(index) {
            expression.sensitive |= sensitive;
        }
    }
}

fn name(token: &Token<'_>) -> String {
    String::from_utf8_lossy(&token.identifier().unwrap_or_default()).into_owned()
}

/// The elements between the outer parentheses of CREATE TABLE.
fn elements<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let start = tokens.iter().position(|token| token.is_punctuation(b'(')).map_or(tokens.len(), |at| at + 1);
    parts(tokens.get(start..).unwrap_or_default())
}

/// What commas separate, up to the parenthesis that closes the list.
fn parts<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') && depth > 0 {
            depth -= 1;
        } else if depth == 0 && (token.is_punctuation(b',') || token.is_punctuation(b')')) {
            parts.extend(tokens.get(start..at));
            start = at + 1;
            if token.is_punctuation(b')') {
                break;
            }
        }
    }
    parts
}

/// The expression in parentheses behind these words, and what follows it.
fn after_words<'t, 'a>(
    text: &'t [u8],
    element: &'t [Token<'a>],
    words: &[&str],
) -> Option<(&'t [u8], &'t [Token<'a>])> {
    let at = element
        .windows(words.len())
        .position(|window| window.iter().zip(words).all(|(token, word)| token.is_word(word)))?;
    parenthesized(text, element.get(at + words.len()..)?)
}

/// The text between a parenthesis and the one that closes it, and what follows.
fn parenthesized<'t, 'a>(text: &'t [u8], tokens: &'t [Token<'a>]) -> Option<(&'t [u8], &'t [Token<'a>])> {
    let open = tokens.first().filter(|token| token.is_punctuation(b'('))?;
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth -= 1;
            if depth == 0 {
                return Some((text.get(open.end()..token.start)?, tokens.get(at + 1..)?));
            }
        }
    }
    None
}

/// A column's type, in lower case: `decimal(10,2) unsigned`.
fn sql_type(text: &[u8], element: &[Token<'_>]) -> String {
    const ENDS: [&str; 9] =
        ["GENERATED", "CHARACTER", "COLLATE", "DEFAULT", "NOT", "NULL", "COMMENT", "AUTO_INCREMENT", "ZEROFILL"];
    let Some(start) = element.get(1).map(|token| token.start) else { return String::new() };
    let end = element.iter().skip(1).find(|token| ENDS.iter().any(|end| token.is_word(end)));
    let end = end.map_or_else(|| element.last().map_or(start, Token::end), |token| token.start);
    String::from_utf8_lossy(text.get(start..end).unwrap_or_default()).trim().to_ascii_lowercase()
}
