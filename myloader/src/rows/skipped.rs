//! What of a file of rows is left out, where the restore goes on without it.
//!
//! A transaction that cannot be done is rolled back whole, and played again statement by statement, each in a transaction
//! of its own. So only the statements that the server refuses are left out, and nothing of them is in the table; unless
//! its engine has no transactions, which is told.

use common::backup::file_name::DumpFile;

use crate::jobs::error::Error;
use crate::jobs::outcome::Outcome;
use crate::jobs::target::TableTarget;
use crate::journal::SkippedStatement;
use crate::tolerance::{Fault, Rejection};

/// Statements of a file that are left out.
#[derive(Debug)]
pub struct SkippedStatements {
    /// Why the first one was.
    first: Option<(String, Fault)>,
    statements: u64,
    /// Their rows; `None` once nobody knows how many.
    rows: Option<u64>,
    /// Whether nothing is loaded of what follows.
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
    /// A statement with so many rows is left out; `None`: nobody knows.
    pub fn add(&mut self, error: &Error, rows: Option<u64>) {
        self.note(error);
        self.statements += 1;
        self.rows = self.rows.zip(rows).map(|(before, rows)| before + rows);
    }

    /// An earlier run has left a statement out.
    pub fn add_earlier(&mut self, statement: &SkippedStatement) {
        self.first.get_or_insert((statement.why.clone(), statement.fault));
        self.statements += 1;
        self.rows = self.rows.zip(statement.rows).map(|(before, rows)| before + rows);
        self.is_torn |= statement.is_torn;
    }

    /// A statement is left out, and some of its rows may be in the table all the same.
    pub fn add_torn(&mut self, error: &Error) {
        self.add(error, None);
        self.is_torn = true;
    }

    /// All that follows is left out.
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

    /// What loading the file has come to.
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
            (statements, Some(rows)) => parts.push(format!("{statements} statement(s) with {rows} row(s)")),
            (statements, None) => parts.push(format!("{statements} statement(s)")),
        }
        if self.is_rest_skipped {
            parts.push("the rest of the file".to_owned());
        }
        let torn = if self.is_torn { ", but the table's engine may have kept some of the rows" } else { "" };
        format!("left out: {}{torn}", parts.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::backup::file_name::TableFileName;
    use common::server::connection::{Cause, Error as ServerError};
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
            "rows of d.t in d.t.00000.sql: d.t.00000.sql, line 5: server error 1062 (23000): Duplicate entry; statement: \
             INSERT; left out: 2 statement(s) with 5 row(s)"
        );
        let mut skipped = SkippedStatements::default();
        skipped.add_torn(&error(5));
        skipped.add_rest(&error(7));
        let Outcome::RowsSkipped { skipped, rejection, .. } = outcome(skipped) else { panic!() };
        assert_eq!(skipped, None);
        let end =
            "left out: 1 statement(s) and the rest of the file, but the table's engine may have kept some of the rows";
        assert!(rejection.why.ends_with(end), "{}", rejection.why);
    }
}
