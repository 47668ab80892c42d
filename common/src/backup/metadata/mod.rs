//! The `metadata` file: a key file that says what the dump holds. docs/dev/formats.md has its sections.

mod coordinates;
mod escape;
mod model;
mod parse;
#[cfg(test)]
mod tests;
mod write;

pub use coordinates::Coordinates;
pub use model::{ConfigSection, DatabaseEntry, GeneratedColumns, Guarantee, Metadata, TableEntry};
pub use parse::{MetadataError, without_tables};
pub use write::head;
