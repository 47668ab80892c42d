//! What the targets have in common: packets and rows of the protocol, which `common` keeps private, compiled here once more.

// What the targets do not use of a module is used by `common`.
#![allow(dead_code, missing_docs)]

pub mod wire;
