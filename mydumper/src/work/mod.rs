//! A dump at work: the coordinator gives out the tasks of the plan, workers carry them out.

pub mod context;
pub mod coordinator;
pub mod error;
pub mod worker;
