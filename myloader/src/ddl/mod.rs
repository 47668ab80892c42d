//! What the restore does to the DDL of a dump: pure functions on the text of one statement.
//!
//! Secondary keys and foreign keys are taken out of CREATE TABLE and added once the rows are in ([`split`], which the
//! dump shares); databases
//! are created under another name ([`create_database`]); and the statements of a file are classified
//! ([`statement_kind`]). The text that stays, and the text that moves, is the dump's own: nothing is printed again, so
//! nothing that this program does not know of can be lost.

pub mod allowed_statements;
pub mod computing_session;
pub mod create_database;
pub mod created_object;
pub mod insert;
pub mod load_data;
pub mod portability;
pub mod rename_database;
pub mod sequences;
pub mod set;
pub mod statement_kind;
pub mod translate;
pub mod trigger;

#[cfg(test)]
mod tests;

use common::sql::cursor;
pub use common::sql::cursor::ParseError;
pub use common::sql::table::{create_table, element, split};
