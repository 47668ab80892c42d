//! Rows as the bytes of a file. Encoders do no I/O of their own: they append to what they are given.

mod insert;

pub use insert::{InsertEncoder, InsertVerb};

use common::server::Server;

/// How a column's values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// As it is: integers, decimals, years.
    Number,
    /// As it is, but for a negative zero, whose sign only a string keeps.
    Float,
    /// A string literal of bytes.
    Text,
    /// A string literal that says it is UTF-8, for types that do not take a binary string.
    Utf8,
    /// A hexadecimal literal, `--hex-blob`.
    Hex,
}

impl CellKind {
    /// For a column of this type (`DATA_TYPE` of information_schema.COLUMNS).
    pub fn of_type(data_type: &str, server: &Server, hex_blob: bool) -> CellKind {
        match data_type {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "year" => CellKind::Number,
            "float" | "double" => CellKind::Float,
            // MySQL makes no JSON value of a binary string, MariaDB no UUID or address.
            "json" if !server.is_mariadb() => CellKind::Utf8,
            "uuid" | "inet4" | "inet6" => CellKind::Utf8,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" if hex_blob => CellKind::Hex,
            _ => CellKind::Text,
        }
    }
}
