//! Whether the server stored rows as they are in the dump.

use common::backup::file_name::DumpFile;
use common::observe::wording::count;

use crate::jobs::context::Context;
use crate::jobs::error::Error;
use crate::jobs::not_as_dumped::NotAsDumped;
use crate::jobs::target::TableTarget;
use crate::jobs::warnings;

/// A statement of rows that the server took.
pub struct Taken<'a> {
    pub table: &'a TableTarget,
    pub file: &'a DumpFile,
    pub line: u64,
    /// Warnings that it brought.
    pub warnings: u64,
    /// Rows that were not stored.
    pub skipped: u64,
    /// Whether the dump asks for one row of each key.
    pub ignores_duplicates: bool,
    /// Rows in it, if that is known.
    pub rows: Option<u64>,
}

impl Taken<'_> {
    /// Fails if rows are not stored as they are in the dump. `expected` tells how many warnings say nothing, since the dump
    /// holds such values. Returns how many values were changed, where that is allowed.
    pub fn check(
        self,
        context: &mut Context,
        expected: impl FnOnce(&mut Context) -> Result<u64, Error>,
    ) -> Result<u64, Error> {
        let failed = |source| Error::Statement { file: self.file.to_string(), line: self.line, source };
        let warnings = warnings::read(&mut context.session, &self.table.name, self.warnings, self.ignores_duplicates)
            .map_err(failed)?;
        let expected = expected(context)?;
        let left_out = self.skipped.saturating_sub(warnings.duplicates).max(warnings.left_out);
        if left_out == 0 && warnings.changed == expected {
            if warnings.all > expected {
                let (file, line, all) = (self.file, self.line, count(warnings.all, "warning"));
                tracing::warn!("{file}, line {line}: the server gave {all}, first: {}", warnings.first);
            }
            return Ok(0);
        }
        let changed = warnings.changed.saturating_sub(expected);
        if left_out == 0 && changed > 0 && context.shared.restore.allow_truncation {
            let first = format!("{}, line {}: {}", self.file, self.line, warnings.first);
            context.shared.changed_values.note(&self.table.name.to_string(), first);
            return Ok(changed);
        }
        Err(Box::new(NotAsDumped {
            file: self.file.to_string(),
            line: self.line,
            table: self.table.name.to_string(),
            warnings,
            expected,
            left_out,
            rows: self.rows,
            stays: false,
        })
        .into())
    }
}
