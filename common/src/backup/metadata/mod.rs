//! The `metadata` file: a key file that says what the dump holds. docs/dev/formats.md has its sections.

mod coordinates;
mod escape;
mod model;
mod parse;
mod phases;
mod seal;
#[cfg(test)]
mod tests;
mod write;

pub use coordinates::Coordinates;
pub use escape::escape;
pub use model::{ConfigSection, DatabaseEntry, GeneratedColumns, Guarantee, Metadata, TableEntry};
pub use parse::{MetadataError, without_tables};
pub use phases::RowsOf;
pub use seal::{Unsealed, check_seal};
pub use write::{end, files_of_no_table, head, not_updated};
