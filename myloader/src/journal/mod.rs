//! The journal of a restore, by which `--resume` continues an interrupted run.
//!
//! [`record`] has what is written, [`state`] what that comes to, [`writer`] what workers call. The scheduler knows nothing
//! of it. The file is `common::journal`'s, in the directory of the dump.

mod error;
mod identity;
mod names;
mod opening;
mod record;
mod state;
mod writer;

pub use error::Error;
pub use identity::{ServerLife, ServerRestart, dump_identity};
pub use names::{TRIGGERS, TableName, lock_name, new_locks, table_name};
pub use opening::open;
pub use record::{AccountOutcome, Commit, Record, SkippedStatement};
pub use state::{FileProgress, Run, TableProgress};
pub use writer::Journal;
