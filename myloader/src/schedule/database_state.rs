//! How far one database is.

use std::collections::BTreeSet;
use std::sync::Arc;

use common::backup::file_name::{DumpFile, TableFileName};

use crate::jobs::target::{DatabaseTarget, Existing};

#[derive(Debug, Default)]
pub enum DatabaseState {
    #[default]
    Unknown,
    /// A worker looks for its name.
    Looking,
    /// It has a name, and may have to be made.
    Found(Arc<DatabaseTarget>),
    Creating(Arc<DatabaseTarget>),
    Ready(Arc<DatabaseTarget>),
    /// It cannot be created; without names if its file has none.
    Rejected(Option<Arc<DatabaseTarget>>),
    Skipped,
}

#[derive(Debug, Default)]
pub struct Database {
    pub state: DatabaseState,
    /// The file with its CREATE DATABASE.
    pub file: Option<DumpFile>,
    pub existing: Existing,
    /// Tables that came when it was not ready.
    pub waiting: BTreeSet<TableFileName>,
    pub sequences: Vec<DumpFile>,
    /// Sequences that are being made: its tables wait for them.
    pub sequences_under_way: usize,
    pub post: Option<DumpFile>,
    pub triggers: Vec<DumpFile>,
    pub views: Vec<DumpFile>,
}

impl Database {
    /// Its names, unless they are not known or it is not restored.
    pub fn target(&self) -> Option<&Arc<DatabaseTarget>> {
        match &self.state {
            DatabaseState::Found(target) | DatabaseState::Creating(target) | DatabaseState::Ready(target) => {
                Some(target)
            }
            DatabaseState::Rejected(target) => target.as_ref(),
            DatabaseState::Unknown | DatabaseState::Looking | DatabaseState::Skipped => None,
        }
    }
}
