//! Before anything is changed: what the server does not have or take of what the dump defines.

pub mod charset_support;
pub mod definitions;
pub mod fit;
mod needs;
pub mod references;
pub mod storage;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use charset_support::CharsetSupport;
use storage::StorageSupport;

/// What the server has, as far as it was asked.
#[derive(Default)]
pub struct Support {
    pub charsets: CharsetSupport,
    pub storage: StorageSupport,
    /// Its databases when the restore began, [folded](common::server::Server::folded).
    pub databases: OnceLock<BTreeSet<String>>,
}
