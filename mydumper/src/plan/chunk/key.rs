//! Keys that chunks are split by, and values of their columns as SQL.

use std::fmt;

use common::sql::quote_identifier;
use serde::{Deserialize, Serialize};

/// The leading columns of a unique key, as far as chunks can be split by them. None is nullable: a row with NULL would be
/// in no range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The index's name.
    pub index: String,
    /// At least one.
    pub columns: Vec<KeyColumn>,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<String> = self.columns.iter().map(|column| column.name.escape_debug().to_string()).collect();
        write!(f, "{} ({})", self.index.escape_debug(), columns.join(", "))
    }
}

/// A column of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    /// Its name.
    pub name: String,
    /// How its values are compared with literals.
    pub kind: KeyKind,
}

/// How a literal is written that the server compares with a column's values by the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyKind {
    /// Integers, between which boundaries can be guessed.
    Integer,
    /// Decimals and years: as the server prints them.
    Number,
    /// Dates, times, and MariaDB's UUIDs and network addresses: a string that the server converts.
    Quoted,
    /// Text. The literal has the column's character set, so that the column's collation decides, and not that of the
    /// session.
    Text {
        /// The character set's name.
        charset: String,
    },
    /// Binary strings.
    Binary,
}

/// The value of a key's column in some row, as the text protocol gives it in the column's own character set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Value(pub Vec<u8>);

impl Value {
    /// A number.
    pub fn of_integer(number: i128) -> Value {
        Value(number.to_string().into_bytes())
    }

    /// The number that it is, if it is one.
    pub fn to_integer(&self) -> Option<i128> {
        std::str::from_utf8(&self.0).ok()?.parse().ok()
    }
}

impl KeyKind {
    /// For a column of this type (`DATA_TYPE` and `CHARACTER_SET_NAME` of information_schema.COLUMNS); `None` when the
    /// order of its values is not that of any literal (ENUM, SET, BIT) or their equality is not exact (FLOAT, DOUBLE).
    /// `utc` says that the session's time zone is UTC: in others, an hour of TIMESTAMP values has no literals of its own
    /// when summer time ends.
    pub fn of_type(data_type: &str, charset: Option<&str>, utc: bool) -> Option<KeyKind> {
        match (data_type, charset) {
            ("tinyint" | "smallint" | "mediumint" | "int" | "bigint", _) => Some(KeyKind::Integer),
            ("decimal" | "year", _) => Some(KeyKind::Number),
            ("timestamp", _) => utc.then_some(KeyKind::Quoted),
            ("date" | "datetime" | "time" | "uuid" | "inet4" | "inet6", _) => Some(KeyKind::Quoted),
            ("binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob", _) => Some(KeyKind::Binary),
            ("char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext", Some(charset)) => {
                Some(KeyKind::Text { charset: charset.to_owned() })
            }
            _ => None,
        }
    }

    /// The value as SQL.
    fn literal(&self, value: &Value) -> String {
        match self {
            KeyKind::Integer | KeyKind::Number => String::from_utf8_lossy(&value.0).into_owned(),
            // These values hold neither quotes nor backslashes. MariaDB makes no UUID of a binary string.
            KeyKind::Quoted => format!("_utf8mb4'{}'", String::from_utf8_lossy(&value.0)),
            KeyKind::Text { charset } => format!("_{charset} {}", hexadecimal(&value.0)),
            KeyKind::Binary if value.0.is_empty() => "_binary ''".to_owned(),
            KeyKind::Binary => hexadecimal(&value.0),
        }
    }
}

impl KeyColumn {
    /// A comparison with a value, as SQL.
    pub fn compared(&self, operator: &str, value: &Value) -> String {
        format!("{} {operator} {}", quote_identifier(&self.name), self.kind.literal(value))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    if bytes.is_empty() {
        return "''".to_owned();
    }
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        // Writing to memory does not fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}
