//! Before anything is changed: what the server does not have or take of what the dump defines.

pub mod charset_support;
pub mod definitions;
