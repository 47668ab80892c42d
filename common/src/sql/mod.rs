//! SQL text: quoting, cutting files into statements and statements into tokens, and definitions of tables.

pub mod account;
mod bodies;
pub mod cursor;
pub mod definer;
pub mod exact_float;
pub mod name;
mod quote;
mod statements;
pub mod table;
pub mod token;

pub use bodies::{BodyFormat, PADDED, StatementWriter, needs_padding, pad};
pub use quote::{escape_into, quote_identifier, quote_string};
pub use statements::{Statement, StatementError, StatementReader};
