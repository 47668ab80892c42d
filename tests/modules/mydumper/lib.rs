//! The modules of mydumper as a library, for fuzzers and micro-benchmarks.
//!
//! mydumper itself stays a program without a public module, since only there the compiler reports all unused code. A module
//! that is added to its `main.rs` is added here, too.

#[path = "../../../mydumper/src"]
mod program {
    pub mod catalog;
    pub mod config;
    pub mod consistency;
    pub mod definitions;
    pub mod dump;
    pub mod error;
    pub mod options;
    pub mod output;
    pub mod plan;
    pub mod resume;
    pub mod rows;
    pub mod work;
}

// Paths that begin with `crate` are those of the program.
pub use program::*;
