//! How what was restored is compared with the dump.

pub mod checksums;
pub mod rows;
