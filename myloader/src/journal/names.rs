//! Names in records, of journals, and of the locks of a run.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use common::sql::name::QualifiedName;

/// Database and name.
pub type TableName = (String, String);

/// What names of jobs begin with that make triggers.
pub const TRIGGERS: &str = "triggers ";

/// A table's name in records.
pub fn table_name(table: &QualifiedName) -> TableName {
    (table.database.clone(), table.name.clone())
}

/// The name of the user lock of a run's worker.
pub fn lock_name(locks: &str, worker: usize) -> String {
    format!("{locks}-{worker}")
}

/// What the names of a run's user locks begin with.
pub fn new_locks() -> String {
    format!("myloader-{:016x}", random_number())
}

/// A number that no other restore has, from the random keys of the standard library's hash tables.
fn random_number() -> u64 {
    RandomState::new().build_hasher().finish()
}
