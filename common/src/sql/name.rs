//! The names of tables, as servers know them.

use std::fmt;

use crate::sql::quote_identifier;

/// A table, view or sequence in its database, by real names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QualifiedName {
    /// The database.
    pub database: String,
    /// The table, view or sequence.
    pub name: String,
}

impl QualifiedName {
    /// From the two parts.
    pub fn new(database: impl Into<String>, name: impl Into<String>) -> QualifiedName {
        QualifiedName { database: database.into(), name: name.into() }
    }

    /// As SQL: both parts quoted.
    pub fn to_sql(&self) -> String {
        format!("{}.{}", quote_identifier(&self.database), quote_identifier(&self.name))
    }
}

impl fmt::Display for QualifiedName {
    /// As people write it in messages and options: `database.table`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database.escape_debug(), self.name.escape_debug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_never_hold_a_raw_line_break() {
        assert_eq!(QualifiedName::new("d", "a\nb").to_string(), "d.a\\nb");
        assert_eq!(QualifiedName::new("d`", "t").to_sql(), "`d```.`t`");
    }
}
