//! What the user may do on the target, as far as SHOW GRANTS tells for certain.
//!
//! Only privileges of a user without roles, and without partial revokes, are certain to be missing: in all other cases
//! the server is left to decide.

use common::server::connection::{Connection, ServerError};
use common::sql::cursor::Cursor;
use common::sql::definer::Definer;
use common::sql::token::SqlDialect;

/// The user who restores.
#[derive(Debug)]
pub struct TargetUser {
    pub grants: Grants,
    /// The account; `None` if it cannot be read as one.
    account: Option<Definer>,
    /// Whether only SUPER may create triggers and functions, as the server writes a binary log. That a session's statements
    /// do not get into it changes nothing. (Tried on MariaDB 10.11 and MySQL 9.7.)
    distrusts: bool,
}

impl TargetUser {
    /// Asks the server.
    pub fn read(connection: &mut Connection) -> Result<TargetUser, ServerError> {
        let settings = "SELECT CURRENT_USER(), @@GLOBAL.log_bin, @@GLOBAL.log_bin_trust_function_creators";
        let row = connection.query_first(settings)?;
        let number = |column| row.as_ref().and_then(|row| row.number(column));
        Ok(TargetUser {
            account: row.as_ref().and_then(|row| row.text(0).parse().ok()),
            distrusts: number(1) == Some(1) && number(2) == Some(0),
            grants: Grants::read(connection)?,
        })
    }

    /// Whether the user certainly may not make this account the definer of something.
    pub fn may_not_set(&self, definer: &Definer) -> bool {
        const ANY: [&str; 4] = ["SUPER", "SET USER", "SET_ANY_DEFINER", "SET_USER_ID"];
        self.account.as_ref().is_some_and(|account| account != definer) && self.grants.lacks_globally(&ANY)
    }

    /// Whether the user certainly may not create triggers and functions, whatever privileges there are on the database.
    pub fn is_distrusted(&self) -> bool {
        self.distrusts && self.grants.lacks_globally(&["SUPER"])
    }
}

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
            let covers = grant.database.as_deref().is_none_or(|pattern| matches(pattern, database.as_bytes()));
            covers && grant.gives(privilege)
        })
    }

    /// Whether the user certainly has none of these privileges on the whole server.
    pub fn lacks_globally(&self, privileges: &[&str]) -> bool {
        let Some(lines) = &self.lines else { return false };
        let mut global = lines.iter().filter(|grant| grant.database.is_none());
        !global.any(|grant| privileges.iter().any(|privilege| grant.gives(privilege)))
    }
}

impl Grant {
    fn gives(&self, privilege: &str) -> bool {
        self.privileges.iter().any(|name| [privilege, "ALL PRIVILEGES", "ALL"].contains(&name.as_str()))
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
        assert!(some.lacks_globally(&["SUPER", "INSERT"]));
        let root = grants(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost`"]);
        assert!(!root.lacks("CREATE", "d") && !root.lacks_globally(&["SET USER"]));
        let dynamic =
            grants(&["GRANT USAGE ON *.* TO `u`@`%`", "GRANT BACKUP_ADMIN,SET_ANY_DEFINER ON *.* TO `u`@`%`"]);
        assert!(dynamic.lacks_globally(&["SUPER"]) && !dynamic.lacks_globally(&["SUPER", "SET_ANY_DEFINER"]));
        for unsure in ["GRANT `r`@`%` TO `u`@`%`", "REVOKE INSERT ON `d`.* FROM `u`@`%`", "GRANT r TO u"] {
            assert!(!grants(&["GRANT USAGE ON *.* TO `u`@`%`", unsure]).lacks("CREATE", "d"), "{unsure}");
        }
    }
}
