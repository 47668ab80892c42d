//! Definitions of tables: what is in CREATE TABLE, and what can be taken out of it.

pub mod create_table;
pub mod element;
pub mod split;
