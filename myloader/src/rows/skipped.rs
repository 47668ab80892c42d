//! What of a file of rows is skipped, where the restore continues without it.
//!
//! A transaction that fails is rolled back and replayed statement by statement, each in a transaction
//! of its own. So only the statements that the server rejects are skipped, and none of their rows stay, unless
//! the table's engine has no transactions, which is reported.

use common::backup::file_name::DumpFile;
use common::observe::wording::count;

use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::TableTarget;
use crate::journal::SkippedStatement;
use crate::tolerance::{Fault, Rejection};

/// Statements of a file that are skipped.
#[derive(Debug)]
pub struct SkippedStatements {
    /// Why the first one was skipped.
    first: Option<(String, Fault)>,
    statements: u64,
    /// Their rows; `None` once the number is unknown.
    rows: Option<u64>,
    /// Whether the rest of the file is skipped.
    is_rest_skipped: bool,
    /// Whether rows of these statements may be in the table.
    is_torn: bool,
}

impl Default for SkippedStatements {
    fn default() -> SkippedStatements {
        SkippedStatements { first: None, statements: 0, rows: Some(0), is_rest_skipped: false, is_torn: false }
    }
}

impl SkippedStatements {
    /// Adds a statement with this many rows; `None`: an unknown number.
    pub fn add(&mut self, error: &Error, rows: Option<u64>) {
        self.note(error);
        self.statements += 1;
        self.rows = self.rows.zip(rows).map(|(before, rows)| before + rows);
    }

    /// Adds a statement that an earlier run has skipped.
    pub fn add_earlier(&mut self, statement: &SkippedStatement) {
        self.first.get_or_insert((statement.why.clone(), statement.fault));
        self.statements += 1;
        self.rows = self.rows.zip(statement.rows).map(|(before, rows)| before + rows);
        self.is_torn |= statement.is_torn;
    }

    /// Adds a statement some of whose rows may have stayed in the table.
    pub fn add_torn(&mut self, error: &Error) {
        self.add(error, None);
        self.is_torn = true;
    }

    /// Skips the rest of the file.
    pub fn add_rest(&mut self, error: &Error) {
        self.note(error);
        self.rows = None;
        self.is_rest_skipped = true;
    }

    fn note(&mut self, error: &Error) {
        if self.first.is_none() {
            self.first = error.fault().map(|fault| (error.to_string(), fault));
        }
    }

    /// The outcome of loading the file.
    pub fn outcome(self, table: &TableTarget, file: &DumpFile, loaded: u64) -> Outcome {
        let what = self.what();
        match self.first {
            None => Outcome::RowsLoaded(loaded),
            Some((why, fault)) => {
                let object = format!("rows of {} in {file}", table.name);
                let rejection = Rejection { object, why: format!("{why}; {what}"), fault };
                Outcome::RowsSkipped { loaded, skipped: self.rows, rejection }
            }
        }
    }

    fn what(&self) -> String {
        let mut parts = Vec::new();
        match (self.statements, self.rows) {
            (0, _) => {}
            (statements, Some(rows)) => {
                parts.push(format!("{} with {}", count(statements, "statement"), count(rows, "row")))
            }
            (statements, None) => parts.push(count(statements, "statement")),
        }
        if self.is_rest_skipped {
            parts.push("the rest of the file".to_owned());
        }
        let torn = if self.is_torn { ", but the table's engine may have kept some of the rows" } else { "" };
        format!("skipped: {}{torn}", parts.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::backup::file_name::TableFileName;
    use common::server::connection::{Cause, ServerError};
    use common::sql::name::QualifiedName;

    fn error(line: u64) -> Error {
        let cause = Cause::Server { code: 1062, state: "23000".into(), message: "Duplicate entry".into() };
        let source = ServerError::Statement { statement: "INSERT".into(), cause: Box::new(cause) };
        Error::Statement { file: "d.t.00000.sql".into(), line, source }
    }

    fn outcome(skipped: SkippedStatements) -> Outcome {
        let table = TableTarget {
            file: TableFileName { database: "d".into(), table: "t".into() },
            name: QualifiedName::new("d", "t"),
            committed_rows: crate::jobs::committed_rows::CommittedRows::default(),
            session: std::sync::Arc::default(),
        };
        skipped.outcome(&table, &DumpFile::from_name("d.t.00000.sql").unwrap(), 40)
    }

    #[test]
    fn what_is_left_out_is_told_with_its_first_error() {
        assert_eq!(outcome(SkippedStatements::default()), Outcome::RowsLoaded(40));
        let mut skipped = SkippedStatements::default();
        skipped.add(&error(5), Some(2));
        skipped.add(&error(9), Some(3));
        let Outcome::RowsSkipped { loaded, skipped: rows, rejection } = outcome(skipped) else { panic!() };
        assert_eq!((loaded, rows, rejection.fault), (40, Some(5), Fault::Server(Some(1062))));
        assert_eq!(
            rejection.to_string(),
            "rows of d.t in d.t.00000.sql: d.t.00000.sql, line 5: server error 1062 (23000): Duplicate entry; \
             statement: INSERT; skipped: 2 statements with 5 rows"
        );
        let mut skipped = SkippedStatements::default();
        skipped.add_torn(&error(5));
        skipped.add_rest(&error(7));
        let Outcome::RowsSkipped { skipped, rejection, .. } = outcome(skipped) else { panic!() };
        assert_eq!(skipped, None);
        let end =
            "skipped: 1 statement and the rest of the file, but the table's engine may have kept some of the rows";
        assert!(rejection.why.ends_with(end), "{}", rejection.why);
    }
}
