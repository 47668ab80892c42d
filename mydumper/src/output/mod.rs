//! The files of a dump: written, named, and handed on to the stream.

pub mod delivery;
pub mod directory;
pub mod earlier_phases;
pub mod file_writer;
pub mod metadata_writer;
pub mod row_files;
pub mod stream_sender;
