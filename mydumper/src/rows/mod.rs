//! Rows: what is selected of a table, and how it becomes the bytes of a file.

pub mod cells;
pub mod encoder;
pub mod key_reader;
pub mod query;
