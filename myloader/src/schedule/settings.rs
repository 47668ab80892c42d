//! What the scheduler knows of the options.

use std::sync::Arc;

use common::backup::file_name::Content;
use common::backup::mydumper_checksum::Kinds;
use common::backup::selection::Filter;
use common::server::Server;

use crate::jobs::target_user::TargetUser;
use crate::options::Checksum;
use crate::options::{DropTable, OptimizeKeys, Verify};
use crate::tolerance::Tolerance;

#[derive(Debug)]
pub struct SchedulerSettings {
    pub filter: Filter,
    /// `--database`.
    pub target_database: Option<String>,
    /// Workers on one table.
    pub max_threads_per_table: usize,
    /// Workers that add keys.
    pub max_threads_for_keys: usize,
    /// Workers that create tables.
    pub max_threads_for_tables: usize,
    /// Workers that create views, routines, triggers and events.
    pub max_threads_for_post: usize,
    /// When keys are made.
    pub optimize_keys: OptimizeKeys,
    /// What becomes of tables that exist.
    pub drop_table: DropTable,
    /// Whether databases are dropped first.
    pub drop_database: bool,
    /// Whether databases are created.
    pub create_databases: bool,
    /// Whether tables are created.
    pub create_tables: bool,
    /// Whether triggers of tables that exist may fire for the rows.
    pub fire_triggers: bool,
    /// Whether definitions are restored.
    pub schemas: bool,
    /// Whether rows are.
    pub data: bool,
    /// Whether accounts are.
    pub accounts: bool,
    /// Whether triggers are.
    pub triggers: bool,
    /// Whether routines and events are.
    pub post: bool,
    /// Whether tables are compared with the dump.
    pub verify: Option<Verify>,
    pub verify_only: bool,
    /// Whether the filter may leave nothing.
    pub allow_empty: bool,
    /// What the restore goes on without.
    pub tolerance: Tolerance,
    /// What becomes of checksums that differ.
    pub checksum: Checksum,
    /// Which are compared.
    pub checksums: Kinds,
    /// Whether the rows of tables that are kept are counted before the first COMMIT, so that its outcome can be told.
    pub counts_kept_rows: bool,
    /// Whether the server does not take rows of LOAD DATA LOCAL.
    pub local_infile_off: bool,
    pub user: Arc<TargetUser>,
    pub server: Server,
}

impl SchedulerSettings {
    /// Whether the restore removes what was there.
    pub(super) fn loses_what_exists(&self) -> bool {
        self.drop_database || (self.create_tables && !matches!(self.drop_table, DropTable::Fail | DropTable::None))
    }

    /// Whether tables that are kept are emptied: not if no rows follow.
    pub(super) fn empties_tables(&self) -> bool {
        self.create_tables && self.data && matches!(self.drop_table, DropTable::Truncate | DropTable::Delete)
    }

    /// Whether all tables that are restored are made by the restore.
    pub(super) fn makes_tables(&self) -> bool {
        self.create_tables && matches!(self.drop_table, DropTable::Fail | DropTable::Drop)
    }

    /// Whether what a file defines is looked at before anything is changed.
    pub(super) fn is_checked(&self, content: &Content) -> bool {
        match content {
            Content::Table(_) => self.create_tables,
            Content::View(_) => self.schemas,
            Content::Triggers(_) | Content::DatabaseTriggers(_) => self.triggers,
            Content::Post(_) => self.post,
            _ => false,
        }
    }
}
