//! What the file of a table says of the session in which the server computes values of its rows: those of generated
//! columns and of indexes on expressions.

use std::sync::Arc;

use common::backup::user_variables::INEXACT;
use common::sql::cursor::Cursor;
use common::sql::token::SqlDialect;

use super::statement_kind::{StatementKind, classify};

/// The SET statements of a table's file. A file that sets the session again behind CREATE TABLE does so for what follows
/// there: indexes that are added when the rows are in.
#[derive(Debug, Default)]
pub struct ComputingSession {
    statements: Vec<Vec<u8>>,
    made: bool,
    asked_for: bool,
}

impl ComputingSession {
    /// Adds a SET statement.
    pub fn add(&mut self, statement: &[u8]) {
        self.asked_for |= self.made;
        self.statements.push(statement.to_vec());
    }

    /// What follows is not meant for CREATE TABLE.
    pub fn table_is_made(&mut self) {
        self.made = true;
    }

    /// The statements, if the session matters for what follows.
    pub fn statements(self) -> Arc<[Vec<u8>]> {
        if self.asked_for { self.statements.into() } else { Arc::default() }
    }
}

/// The columns and CHECKs that a SET statement names whose values no settings of a session bring back.
pub fn inexact_objects(sql: &[u8]) -> Option<String> {
    if classify(sql) != StatementKind::Set {
        return None;
    }
    let mut cursor = Cursor::new(sql, SqlDialect::default());
    cursor.expect("SET").ok()?;
    let named = cursor.eat_punctuation(b'@') && cursor.eat(INEXACT) && cursor.eat_punctuation(b'=');
    let value = cursor.take().filter(|_| named)?.string_value(SqlDialect::default())?;
    Some(String::from_utf8_lossy(&value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_do_not_come_back_are_named() {
        let sql = b"SET @mydumper_inexact = 'column it\\'s, CHECK c'";
        assert_eq!(inexact_objects(sql).as_deref(), Some("column it's, CHECK c"));
        for other in ["SET @mydumper_0 = 'x'", "SET sql_mode = ''", "SELECT 1", "SET @@mydumper_inexact = 'x'"] {
            assert_eq!(inexact_objects(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn only_a_file_that_sets_the_session_for_later_has_one() {
        let mut session = ComputingSession::default();
        session.add(b"SET sql_mode = ''");
        session.table_is_made();
        assert!(session.statements().is_empty());
        let mut session = ComputingSession::default();
        session.add(b"SET sql_mode = ''");
        session.table_is_made();
        session.add(b"SET time_zone = '+08:00'");
        assert_eq!(session.statements().len(), 2);
    }
}
