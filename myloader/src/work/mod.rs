//! Who does the jobs, and who gives them out.

pub mod coordinator;
pub mod dispatch;
pub mod worker;
