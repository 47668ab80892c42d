//! A directory of this machine.

pub mod private_dir;
