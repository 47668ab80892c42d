//! The SET statements that a file begins with.

use common::sql::token::{SqlDialect, Tokens};

/// The statements at the beginning of a file that set the session for what follows. A dump of many tables begins most of
/// its files with the same ones, so they are only run where they change anything.
#[derive(Debug, Default)]
pub struct Preamble(Vec<(u64, Vec<u8>)>);

impl Preamble {
    /// Takes a SET statement with its line, if it does the same each time: not one that reads or sets variables of the
    /// user's, or sets anything beyond the session. Those are run as they come.
    pub fn take(&mut self, line: u64, statement: &[u8]) -> bool {
        /// Pieces of a long row are in such statements too.
        const LONGEST: usize = 1024;
        const MOST: usize = 100;
        if statement.len() > LONGEST || self.0.len() >= MOST || statement.contains(&b'@') {
            return false;
        }
        let mut tokens = Tokens::new(statement, SqlDialect::default());
        if tokens.any(|token| ["GLOBAL", "PERSIST", "PASSWORD", "ROLE"].iter().any(|word| token.is_word(word))) {
            return false;
        }
        self.add(line, statement);
        true
    }

    /// Adds a statement of ours, whose effect only depends on those before it.
    pub fn add(&mut self, line: u64, statement: &[u8]) {
        self.0.push((line, statement.to_vec()));
    }

    pub(super) fn is(&self, others: &[Vec<u8>]) -> bool {
        self.0.iter().map(|(_, statement)| statement).eq(others)
    }

    /// Each statement with its line.
    pub(super) fn statements(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.0.iter().map(|(line, statement)| (*line, statement.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preamble_takes_what_does_the_same_each_time() {
        let mut preamble = Preamble::default();
        for taken in ["/*!40101 SET NAMES binary*/", "SET sql_mode = ''", "SET SESSION time_zone = '+00:00'"] {
            assert!(preamble.take(1, taken.as_bytes()), "{taken}");
        }
        let long = format!("SET sql_mode = '{}'", " ".repeat(1024));
        for other in ["SET @a = 1", "SET sql_mode = @@sql_mode", "SET GLOBAL x = 1", "SET PASSWORD = ''", &long] {
            assert!(!preamble.take(1, other.as_bytes()), "{other}");
        }
        let statements = ["/*!40101 SET NAMES binary*/", "SET sql_mode = ''", "SET SESSION time_zone = '+00:00'"];
        let mut state: Vec<Vec<u8>> = statements.iter().map(|text| text.as_bytes().to_vec()).collect();
        assert!(preamble.is(&state));
        state.pop();
        assert!(!preamble.is(&state) && !preamble.is(&[]) && Preamble::default().is(&[]));
    }
}
