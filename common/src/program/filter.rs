//! What is selected, from the options.

use std::collections::BTreeSet;

use crate::backup::selection::{Filter, FilterError, Pattern};
use crate::backup::tables_list::TablesList;
use crate::options::{FilterOptions, UsageError};

/// The filter of both programs.
///
/// # Errors
/// [`UsageError`] for an invalid pattern or name, or a list that cannot be read.
pub fn filter(options: &FilterOptions, databases: Vec<String>) -> Result<Filter, UsageError> {
    let bad = |error: FilterError| UsageError::new(error.to_string());
    let omitted = match &options.omit_from_file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| UsageError::new(format!("cannot read --omit-from-file {}: {error}", path.display())))?,
        None => String::new(),
    };
    let tables = options.tables_list.iter().flat_map(|list| list.0.iter().map(String::as_str));
    Ok(Filter {
        databases,
        tables: TablesList::new(Filter::names(tables).map_err(bad)?),
        omitted: Filter::names(omitted.lines()).map_err(bad)?,
        unreadable: BTreeSet::new(),
        with_system: false,
        folds_names: false,
        regex: options.regex.as_deref().map(|text| Pattern::compile("--regex", text)).transpose().map_err(bad)?,
    })
}
