//! What a file of a backup goes through between its content and its bytes, as its name says.

pub mod compression;
