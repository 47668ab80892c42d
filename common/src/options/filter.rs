//! Which tables take part: the filters that both programs share.

use std::path::PathBuf;

use clap::Args;

use super::values::{CommaList, tables_list};

/// Filters on `DATABASE.TABLE`. They add up: a table takes part when none of them leaves it out.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of options describes each field")]
pub struct FilterOptions {
    #[arg(long)]
    pub regex: Option<String>,
    #[arg(long)]
    pub omit_from_file: Option<PathBuf>,
    #[arg(long, value_parser = tables_list)]
    pub tables_list: Option<CommaList>,
    #[arg(long)]
    pub allow_empty: bool,
}
