//! Rows: what is selected of a table, and how it becomes the bytes of a file.

pub mod cells;
pub mod delimited_format;
pub mod encoder;
pub mod key_reader;
pub mod options;
pub mod projection;
pub mod query;
