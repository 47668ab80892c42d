//! CREATE DATABASE statements, and the same for a database of another name.

use super::ParseError;
use super::cursor::Cursor;
use common::sql::token::SqlDialect;
use std::ops::Range;

/// The head of a CREATE DATABASE statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateDatabase {
    /// The database's name.
    pub name: Vec<u8>,
    /// Whether `IF NOT EXISTS` stands there, in an executable comment or not.
    pub if_not_exists: bool,
    name_range: Range<usize>,
    /// `OR REPLACE` and the space behind it.
    or_replace: Option<Range<usize>>,
}

impl CreateDatabase {
    /// Parses a statement, with or without a `;`.
    ///
    /// # Errors
    /// If it is no CREATE DATABASE statement.
    pub fn parse(sql: &[u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(sql, SqlDialect { ansi_quotes: true, ..SqlDialect::default() });
        cursor.expect("CREATE")?;
        let start = cursor.position();
        let mut or_replace = None;
        if cursor.eat("OR") {
            cursor.expect("REPLACE")?;
            or_replace = Some(start..cursor.position());
        }
        if !cursor.eat_any(&["DATABASE", "SCHEMA"]) {
            return Err(cursor.error("DATABASE"));
        }
        let if_not_exists = cursor.if_not_exists()?;
        let start = cursor.position();
        let name = cursor.name("the database's name")?;
        Ok(CreateDatabase { name, if_not_exists, name_range: start..cursor.end, or_replace })
    }

    /// The statement that was parsed from `sql`, with `name` (as written) in place of its own.
    fn with_name(&self, sql: &[u8], name: &[u8]) -> Vec<u8> {
        let part = |range: Range<usize>| sql.get(range).unwrap_or_default();
        let cut = self.or_replace.clone().unwrap_or(0..0);
        let mut statement = [part(0..cut.start), part(cut.end..self.name_range.start)].concat();
        if !self.if_not_exists {
            statement.extend_from_slice(b"IF NOT EXISTS ");
        }
        statement.extend_from_slice(name);
        statement.extend_from_slice(part(self.name_range.end..sql.len()));
        statement
    }
}

/// The same statement for a database called `new_name`, with `IF NOT EXISTS`.
///
/// `OR REPLACE` (MariaDB) is left out: the servers do not take it with `IF NOT EXISTS`, and a restore replaces no
/// database by the way.
///
/// # Errors
/// If it is no CREATE DATABASE statement.
pub fn rename(sql: &[u8], new_name: &[u8]) -> Result<Vec<u8>, ParseError> {
    let mut quoted = vec![b'`'];
    for &byte in new_name {
        quoted.push(byte);
        if byte == b'`' {
            quoted.push(byte);
        }
    }
    quoted.push(b'`');
    Ok(CreateDatabase::parse(sql)?.with_name(sql, &quoted))
}

/// The same statement with `IF NOT EXISTS`, and without `OR REPLACE`.
///
/// # Errors
/// If it is no CREATE DATABASE statement.
pub fn ensure_if_not_exists(sql: &[u8]) -> Result<Vec<u8>, ParseError> {
    let database = CreateDatabase::parse(sql)?;
    let name = sql.get(database.name_range.clone()).unwrap_or_default();
    Ok(database.with_name(sql, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MYSQL: &[u8] = b"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `sakila` \
        /*!40100 DEFAULT CHARACTER SET latin1 */ /*!80016 DEFAULT ENCRYPTION='N' */;";

    #[track_caller]
    fn assert_renamed(sql: &[u8], name: &[u8], expected: &[u8]) {
        let renamed = rename(sql, name).unwrap();
        assert_eq!(String::from_utf8_lossy(&renamed), String::from_utf8_lossy(expected));
    }

    #[test]
    fn names() {
        for (sql, name, if_not_exists) in [
            (MYSQL, &b"sakila"[..], true),
            (b"create schema a$b;", b"a$b", false),
            (b"-- c\nCREATE DATABASE IF NOT EXISTS \"a\"\"b\"", b"a\"b", true),
            (b"CREATE DATABASE `IF NOT``\nEXISTS`", b"IF NOT`\nEXISTS", false),
            (b"/*!40000 CREATE OR REPLACE DATABASE x */", b"x", false),
        ] {
            let database = CreateDatabase::parse(sql).unwrap();
            assert_eq!((&*database.name, database.if_not_exists), (name, if_not_exists));
        }
    }

    #[test]
    fn another_name() {
        assert_renamed(
            MYSQL,
            b"a`b",
            b"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `a``b` \
              /*!40100 DEFAULT CHARACTER SET latin1 */ /*!80016 DEFAULT ENCRYPTION='N' */;",
        );
        assert_renamed(
            b"CREATE DATABASE sakila COMMENT 'sakila'",
            b"x",
            b"CREATE DATABASE IF NOT EXISTS `x` COMMENT 'sakila'",
        );
        assert_renamed(b"CREATE OR REPLACE SCHEMA `a`", b"\xc3\xa9\n", b"CREATE SCHEMA IF NOT EXISTS `\xc3\xa9\n`");
    }

    #[test]
    fn if_not_exists() {
        assert_eq!(ensure_if_not_exists(MYSQL).unwrap(), MYSQL);
        assert_eq!(ensure_if_not_exists(b"CREATE DATABASE `a``b`").unwrap(), b"CREATE DATABASE IF NOT EXISTS `a``b`");
    }

    #[test]
    fn errors() {
        let error = |sql: &[u8]| CreateDatabase::parse(sql).unwrap_err().to_string();
        assert_eq!(error(b"CREATE TABLE t (a int)"), "expected DATABASE at byte 7 of the statement");
        assert_eq!(error(b"CREATE DATABASE IF EXISTS x"), "expected NOT at byte 19 of the statement");
        assert_eq!(error(b"CREATE DATABASE 'x'"), "expected the database's name at byte 16 of the statement");
        assert_eq!(error(b""), "expected CREATE at byte 0 of the statement");
    }
}
