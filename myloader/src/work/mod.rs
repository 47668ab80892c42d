//! Who does the work of a restore: the coordinator and its workers.

pub mod coordinator;
pub mod worker;
