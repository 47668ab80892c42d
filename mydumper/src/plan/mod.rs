//! What will be dumped, in which order, in which chunks.

pub mod chunk;
pub mod phases;
pub mod row_queue;
pub mod task;
