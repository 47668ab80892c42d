//! How each kind of object is created.

pub mod accounts;
pub mod databases;
pub mod precheck;
pub mod programs;
pub mod redo_log;
pub mod tables;
