//! Columns of tables and views.

use std::sync::Arc;

/// A column of a table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name. Tables of a server with very many share equal names.
    pub name: Arc<str>,
    /// `DATA_TYPE`, in lower case.
    pub data_type: Arc<str>,
    /// The character set of text.
    pub charset: Option<Arc<str>>,
    /// Whether trailing blanks count in comparisons: its collation is one of MariaDB's `nopad` collations.
    pub no_pad: bool,
    /// Whether the server computes it, so that it cannot be inserted.
    pub generated: bool,
    /// Whether it is generated, and its values are stored.
    pub stored: bool,
    /// Whether `SELECT *`, and an INSERT without a column list, leave it out.
    pub invisible: bool,
    /// Whether it is AUTO_INCREMENT.
    pub auto_increment: bool,
    /// Whether it is an ENUM or SET with an empty member, which the server prints like no member at all.
    pub has_empty_member: bool,
    /// Whether it is the start or end of the period of a system-versioned table.
    pub period: bool,
}
