//! The options that say which rows are dumped and how they are written.

use std::sync::Arc;

use crate::rows::delimited_format::DelimitedFormat;

/// How rows are read and written.
#[derive(Debug, Clone)]
pub struct RowOptions {
    /// `--where`.
    pub condition: Option<String>,
    /// `--format`.
    pub format: RowFormat,
    /// `--insert-ignore` and `--replace`.
    pub on_duplicate: OnDuplicate,
    /// `--complete-insert`.
    pub complete: bool,
    /// `--hex-blob`.
    pub hex_blob: bool,
    /// `--statement-size`, in bytes.
    pub statement_size: usize,
    /// `--order-by-primary`.
    pub order_by_primary: bool,
}

/// `--format`.
#[derive(Debug, Clone)]
pub enum RowFormat {
    /// INSERT statements.
    Insert,
    /// Delimited files, each with a LOAD DATA statement.
    Delimited(Arc<DelimitedFormat>),
}

/// What a statement does with a row whose key exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDuplicate {
    /// It fails.
    #[default]
    Fail,
    /// It keeps the existing row, `--insert-ignore`.
    Ignore,
    /// It replaces the existing row, `--replace`.
    Replace,
}
