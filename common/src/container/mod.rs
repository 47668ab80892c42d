//! Containers: how the files of a backup become one stream, and files again.

pub mod mydumper;
