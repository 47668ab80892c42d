//! What the user may do on the target, as far as SHOW GRANTS tells for certain.
//!
//! Only privileges of a user without roles, and without partial revokes, are certain to be missing: in all other cases
//! the server is left to decide.

use common::server::connection::{Connection, ServerError};
use common::sql::cursor::Cursor;
use common::sql::token::SqlDialect;

/// The privileges of the session's user.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// `None`: it is not certain what the user may not do.
    lines: Option<Vec<Grant>>,
}

/// A line of SHOW GRANTS.
#[derive(Debug, PartialEq, Eq)]
struct Grant {
    /// In upper case, without columns.
    privileges: Vec<String>,
    /// `None`: all databases.
    database: Option<Vec<u8>>,
}

impl Grants {
    /// Asks the server.
    pub fn read(connection: &mut Connection) -> Result<Grants, ServerError> {
        let mut lines = connection.query("SHOW GRANTS")?;
        // MariaDB's role that everybody has; others do not know it.
        lines.extend(connection.query("SHOW GRANTS FOR PUBLIC").unwrap_or_default());
        Ok(Grants { lines: lines.iter().map(|line| parse(line.bytes(0).unwrap_or_default())).collect() })
    }

    /// Whether the user certainly lacks a privilege on everything in a database.
    pub fn lacks(&self, privilege: &str, database: &str) -> bool {
        let Some(lines) = &self.lines else { return false };
        !lines.iter().any(|grant| {
            let gives = |name: &String| name == privilege || name == "ALL PRIVILEGES" || name == "ALL";
            let covers = grant.database.as_deref().is_none_or(|pattern| matches(pattern, database.as_bytes()));
            covers && grant.privileges.iter().any(gives)
        })
    }
}

/// `None` for what is not understood, or makes other lines uncertain: roles, and partial revokes.
fn parse(line: &[u8]) -> Option<Grant> {
    let mut cursor = Cursor::new(line, SqlDialect::default());
    cursor.expect("GRANT").ok()?;
    let text = String::from_utf8_lossy(line.get(cursor.position()..)?).into_owned();
    let (privileges, rest) = text.split_once(" ON ")?;
    if privileges.contains(['`', '\'', '"']) && !privileges.contains('(') {
        return None;
    }
    let mut cursor = Cursor::new(rest.as_bytes(), SqlDialect::default());
    let _ = cursor.eat("TABLE") || cursor.eat("FUNCTION") || cursor.eat("PROCEDURE") || cursor.eat("PACKAGE");
    let database = if cursor.eat_punctuation(b'*') { None } else { Some(cursor.name("a database").ok()?) };
    let privileges = privileges.split(',').map(|name| {
        let name = name.split('(').next().unwrap_or_default();
        name.trim().to_ascii_uppercase()
    });
    Some(Grant { privileges: privileges.collect(), database })
}

/// Whether a database's name matches a pattern with `%`, `_` and backslashes, in any case: servers that compare otherwise
/// match less.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], _) => name.is_empty(),
        ([b'%', rest @ ..], _) => (0..=name.len()).any(|at| matches(rest, &name[at..])),
        ([b'\\', escaped, rest @ ..], [first, others @ ..]) if escaped.eq_ignore_ascii_case(first) => {
            matches(rest, others)
        }
        ([byte, rest @ ..], [first, others @ ..]) if *byte == b'_' || byte.eq_ignore_ascii_case(first) => {
            matches(rest, others)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(lines: &[&str]) -> Grants {
        Grants { lines: lines.iter().map(|line| parse(line.as_bytes())).collect() }
    }

    #[test]
    fn only_what_is_certain_is_lacking() {
        let some = grants(&[
            "GRANT USAGE ON *.* TO `u`@`localhost` IDENTIFIED BY PASSWORD '*0'",
            "GRANT SELECT, INSERT ON `my\\_db%`.* TO `u`@`localhost`",
            "GRANT CREATE VIEW, SELECT (`a`, `b`) ON `other`.`t` TO `u`@`localhost`",
        ]);
        for (privilege, database, lacks) in [
            ("INSERT", "my_db_7", false),
            ("CREATE", "my_db_7", true),
            ("INSERT", "myXdb", true),
            ("CREATE VIEW", "other", false),
            ("INSERT", "other", true),
        ] {
            assert_eq!(some.lacks(privilege, database), lacks, "{privilege} {database}");
        }
        assert!(!grants(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost`"]).lacks("CREATE", "d"));
        for unsure in ["GRANT `r`@`%` TO `u`@`%`", "REVOKE INSERT ON `d`.* FROM `u`@`%`", "GRANT r TO u"] {
            assert!(!grants(&["GRANT USAGE ON *.* TO `u`@`%`", unsure]).lacks("CREATE", "d"), "{unsure}");
        }
    }
}
