//! What of a file of rows is left out, where the restore goes on without it.
//!
//! A transaction that cannot be done is rolled back whole, and played again statement by statement, each in a transaction
//! of its own. So only the statements that the server refuses are left out, and nothing of them is in the table; unless
//! its engine has no transactions, which is told.

use common::backup::file_name::DumpFile;
use common::sql::token::{SqlDialect, Tokens};

use crate::jobs::job::{Outcome, TableTarget};
use crate::journal::Gap;
use crate::schedule::tolerance::{Fault, Refusal};
use crate::work::worker::Error;

/// Statements of a file that are left out.
#[derive(Debug, Default)]
pub struct Gaps {
    /// Why the first one was.
    first: Option<(String, Fault)>,
    statements: u64,
    /// Their rows; `None` once nobody knows how many.
    rows: Rows,
    /// Whether nothing is loaded of what follows.
    is_rest_left_out: bool,
    /// Whether rows of these statements may be in the table.
    is_torn: bool,
}

#[derive(Debug, Clone, Copy)]
struct Rows(Option<u64>);

impl Default for Rows {
    fn default() -> Rows {
        Rows(Some(0))
    }
}

impl Gaps {
    /// A statement with so many rows is left out; `None`: nobody knows.
    pub fn add(&mut self, error: &Error, rows: Option<u64>) {
        self.note(error);
        self.statements += 1;
        self.rows = Rows(self.rows.0.zip(rows).map(|(before, rows)| before + rows));
    }

    /// An earlier run has left a statement out.
    pub fn add_earlier(&mut self, gap: &Gap) {
        self.first.get_or_insert((gap.why.clone(), gap.fault));
        self.statements += 1;
        self.rows = Rows(self.rows.0.zip(gap.rows).map(|(before, rows)| before + rows));
        self.is_torn |= gap.is_torn;
    }

    /// A statement is left out, and some of its rows may be in the table all the same.
    pub fn add_torn(&mut self, error: &Error) {
        self.add(error, None);
        self.is_torn = true;
    }

    /// All that follows is left out.
    pub fn add_rest(&mut self, error: &Error) {
        self.note(error);
        self.rows = Rows(None);
        self.is_rest_left_out = true;
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
                let refusal = Refusal { object, why: format!("{why}; {what}"), fault };
                Outcome::RowsLeftOut { loaded, left_out: self.rows.0, refusal }
            }
        }
    }

    fn what(&self) -> String {
        let mut parts = Vec::new();
        match (self.statements, self.rows.0) {
            (0, _) => {}
            (statements, Some(rows)) => parts.push(format!("{statements} statement(s) with {rows} row(s)")),
            (statements, None) => parts.push(format!("{statements} statement(s)")),
        }
        if self.is_rest_left_out {
            parts.push("the rest of the file".to_owned());
        }
        let torn = if self.is_torn { ", but the table's engine may have kept some of the rows" } else { "" };
        format!("left out: {}{torn}", parts.join(" and "))
    }
}

/// How many rows an INSERT or REPLACE statement has, if they stand behind VALUES.
pub fn rows_of(statement: &[u8]) -> Option<u64> {
    let mut tokens = Tokens::new(statement, SqlDialect::default());
    tokens.by_ref().find(|token| token.is_word("VALUES") || token.is_word("VALUE"))?;
    let (mut depth, mut rows) = (0_u64, 0);
    for token in tokens {
        if token.is_punctuation(b'(') {
            rows += u64::from(depth == 0);
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.checked_sub(1)?;
        }
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::backup::file_name::TableFileName;
    use common::server::connection::{Cause, Error as ServerError};
    use common::sql::name::QualifiedName;

    #[test]
    fn rows_are_counted_by_their_brackets() {
        for (statement, rows) in [
            ("INSERT INTO `t` VALUES(1,'a')\n,(2,'),(')\n,(3,ST_GeomFromText('POINT(1 1)'))", Some(3)),
            ("INSERT INTO `values` (`a`,`(`) VALUES(1,\"(\")", Some(1)),
            ("/*!40000 REPLACE INTO t VALUES (1),(2) */", Some(2)),
            ("INSERT INTO t SELECT 1", None),
        ] {
            assert_eq!(rows_of(statement.as_bytes()), rows, "{statement}");
        }
    }

    fn error(line: u64) -> Error {
        let cause = Cause::Server { code: 1062, state: "23000".into(), message: "Duplicate entry".into() };
        let source = ServerError::Statement { statement: "INSERT".into(), cause: Box::new(cause) };
        Error::Statement { file: "d.t.00000.sql".into(), line, source }
    }

    fn outcome(gaps: Gaps) -> Outcome {
        let table = TableTarget {
            file: TableFileName { database: "d".into(), table: "t".into() },
            name: QualifiedName::new("d", "t"),
            ledger: crate::jobs::committed_rows::Ledger::default(),
        };
        gaps.outcome(&table, &DumpFile::from_name("d.t.00000.sql").unwrap(), 40)
    }

    #[test]
    fn what_is_left_out_is_told_with_its_first_error() {
        assert_eq!(outcome(Gaps::default()), Outcome::RowsLoaded(40));
        let mut gaps = Gaps::default();
        gaps.add(&error(5), Some(2));
        gaps.add(&error(9), Some(3));
        let Outcome::RowsLeftOut { loaded, left_out, refusal } = outcome(gaps) else { panic!() };
        assert_eq!((loaded, left_out, refusal.fault), (40, Some(5), Fault::Server(Some(1062))));
        assert_eq!(
            refusal.to_string(),
            "rows of d.t in d.t.00000.sql: d.t.00000.sql, line 5: server error 1062 (23000): Duplicate entry; statement: \
             INSERT; left out: 2 statement(s) with 5 row(s)"
        );
        let mut gaps = Gaps::default();
        gaps.add_torn(&error(5));
        gaps.add_rest(&error(7));
        let Outcome::RowsLeftOut { left_out, refusal, .. } = outcome(gaps) else { panic!() };
        assert_eq!(left_out, None);
        let end =
            "left out: 1 statement(s) and the rest of the file, but the table's engine may have kept some of the rows";
        assert!(refusal.why.ends_with(end), "{}", refusal.why);
    }
}
