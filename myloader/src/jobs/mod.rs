//! What a restore is made of: jobs, what they come to, and what their doing needs.

pub mod committed_rows;
pub mod error;
pub mod job;
pub mod replay;
