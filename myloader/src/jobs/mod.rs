//! What a restore is made of: jobs, what they come to, and what their doing needs.

pub mod changed_values;
pub mod committed_rows;
pub mod context;
pub mod database_collations;
pub mod earlier_run;
pub mod error;
pub mod job;
pub mod not_as_dumped;
pub mod outcome;
pub mod replay;
pub mod target;
pub mod target_user;
pub mod warnings;
