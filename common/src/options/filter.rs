//! Which tables take part: the filters that both programs share.

use std::path::PathBuf;

use clap::Args;

use super::values::{CommaList, tables_list};

/// Filters on `DATABASE.TABLE`. They add up: a table takes part when none of them leaves it out.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Filter options")]
pub struct FilterOptions {
    /// Regular expression (PCRE) that DATABASE.TABLE has to match
    #[arg(short = 'x', long, value_name = "REGEX")]
    pub regex: Option<String>,

    /// File with one DATABASE.TABLE on a line, to be left out
    #[arg(short = 'O', long, value_name = "FILE")]
    pub omit_from_file: Option<PathBuf>,

    /// Only these tables: DATABASE.TABLE, separated by commas
    #[arg(short = 'T', long, value_name = "TABLES", value_parser = tables_list)]
    pub tables_list: Option<CommaList>,
}
