//! How each kind of object is created.

pub mod accounts;
pub mod database_collation;
pub mod databases;
pub mod definition_file;
mod events;
pub mod programs;
pub mod redo_log;
pub mod sequences;
pub mod table_keys;
pub mod tables;
pub mod tablespaces;
pub mod triggers;
pub mod views;
