//! What the targets have in common: the modules of myloader that they look at.
//!
//! Both programs are binaries, and stay so, since the compiler tells of unused code in them. Their pure modules are
//! compiled here once more, by path.

// What the targets do not use of a module is used by its program.
#![allow(dead_code, missing_docs)]

#[path = "../../myloader/src/ddl/mod.rs"]
pub mod ddl;

#[path = "../../myloader/src/input/receiver.rs"]
pub mod stream_receiver;

pub mod load_data;
pub mod wire;
