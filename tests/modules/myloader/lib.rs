//! The modules of myloader as a library, for fuzzers and micro-benchmarks.
//!
//! myloader itself stays a program without a public module, since only there the compiler reports all unused code. A module
//! that is added to its `main.rs` is added here, too.

#[path = "../../../myloader/src"]
mod program {
    pub mod check;
    pub mod config;
    pub mod ddl;
    pub mod error;
    pub mod input;
    pub mod jobs;
    pub mod journal;
    pub mod load;
    pub mod objects;
    pub mod options;
    pub mod rows;
    pub mod schedule;
    pub mod session;
    pub mod tolerance;
    pub mod verify;
    pub mod work;
}

// Paths that begin with `crate` are those of the program.
pub use program::*;
