//! Who does the work of a dump: the coordinator and its workers.

pub mod coordinator;
pub mod worker;
