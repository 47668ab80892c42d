//! What a trigger, routine or event is called.

use std::fmt;

use common::sql::name::QualifiedName;

/// A trigger, routine or event that is dumped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Program {
    /// `TRIGGER`, `EVENT`, or a routine's kind.
    pub kind: String,
    /// Its database and its own name.
    pub name: QualifiedName,
}

impl fmt::Display for Program {
    /// As messages name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.to_ascii_lowercase(), self.name)
    }
}
