//! How rows are restored.

pub mod as_dumped;
pub mod empty_members;
pub mod file;
pub mod infile;
pub mod insert_to_load_data;
pub mod packet_limit;
pub mod skipped;
pub mod statements;
pub mod transaction;
