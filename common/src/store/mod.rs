//! Where a backup lives.

pub mod local;
