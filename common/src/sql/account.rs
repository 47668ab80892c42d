//! Statements on accounts: CREATE USER, CREATE ROLE, GRANT, REVOKE and SET DEFAULT ROLE, as servers print them.

use std::fmt;

use super::cursor::Cursor;
use super::quote_identifier;
use super::token::SqlDialect;

/// A user or a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Its name.
    pub user: String,
    /// The hosts that it may connect from. MariaDB's roles have none.
    pub host: Option<String>,
}

/// What a statement does to its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `CREATE USER`, `CREATE ROLE`.
    Create,
    /// `ALTER USER`, which MariaDB prints for what CREATE USER cannot express.
    Alter,
    /// `GRANT`.
    Grant,
    /// `REVOKE`, which MySQL prints for partial revokes of a privilege on all databases.
    Revoke,
    /// `SET DEFAULT ROLE`.
    DefaultRole,
}

/// A statement on one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStatement {
    /// What it does.
    pub action: Action,
    /// The account that is created, or that gets or loses something.
    pub account: Account,
    /// The byte of the statement after the account.
    pub end: usize,
    /// `GRANT` or `ADMIN`, if `WITH … OPTION` follows the account.
    pub with_option: Option<&'static str>,
}

impl Account {
    /// As SQL.
    pub fn to_sql(&self) -> String {
        match &self.host {
            Some(host) => format!("{}@{}", quote_identifier(&self.user), quote_identifier(host)),
            // In quotes it would be an ordinary role of this name.
            None if self.is_public() => self.user.clone(),
            None => quote_identifier(&self.user),
        }
    }

    /// Whether it is MariaDB's role PUBLIC, which everyone has.
    pub fn is_public(&self) -> bool {
        self.host.is_none() && self.user == "PUBLIC"
    }
}

impl fmt::Display for Account {
    /// As people write it in messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "'{}'@'{}'", self.user.escape_debug(), host.escape_debug()),
            None => write!(f, "role '{}'", self.user.escape_debug()),
        }
    }
}

impl AccountStatement {
    /// Parses a statement; `None` for any other statement.
    #[must_use]
    pub fn parse(sql: &[u8]) -> Option<AccountStatement> {
        // Servers quote names in backticks or, MySQL 5.7, in single quotes.
        let mut cursor = Cursor::new(sql, SqlDialect { ansi_quotes: true, ..SqlDialect::default() });
        let action = if cursor.eat("CREATE") {
            if !cursor.eat_any(&["USER", "ROLE"]) {
                return None;
            }
            cursor.if_not_exists().ok()?;
            Action::Create
        } else if cursor.eat("ALTER") {
            cursor.eat("USER").then_some(())?;
            Action::Alter
        } else if cursor.eat("GRANT") {
            skip_past(&mut cursor, &["TO"])?;
            Action::Grant
        } else if cursor.eat("REVOKE") {
            skip_past(&mut cursor, &["FROM"])?;
            Action::Revoke
        } else if cursor.eat("SET") && cursor.eat("DEFAULT") && cursor.eat("ROLE") {
            skip_past(&mut cursor, &["TO", "FOR"])?;
            Action::DefaultRole
        } else {
            return None;
        };
        let account = account(&mut cursor)?;
        let end = cursor.end;
        let with_option = match skip_past(&mut cursor, &["WITH"]) {
            Some(()) if cursor.eat("ADMIN") => Some("ADMIN"),
            Some(()) if cursor.at_word("GRANT") => Some("GRANT"),
            _ => None,
        };
        Some(AccountStatement { action, account, end, with_option })
    }
}

/// Takes an account or a role, with or without quotes.
pub(crate) fn account(cursor: &mut Cursor<'_>) -> Option<Account> {
    let user = name(cursor)?;
    let host = if cursor.eat_punctuation(b'@') { Some(name(cursor)?) } else { None };
    Some(Account { user, host })
}

fn name(cursor: &mut Cursor<'_>) -> Option<String> {
    let token = cursor.take()?;
    let name = token.identifier().or_else(|| token.string_value(SqlDialect::default()))?;
    Some(String::from_utf8_lossy(&name).into_owned())
}

/// Takes all up to and including the first of these words outside parentheses.
fn skip_past(cursor: &mut Cursor<'_>, words: &[&str]) -> Option<()> {
    let mut depth = 0_usize;
    loop {
        if depth == 0 && cursor.eat_any(words) {
            return Some(());
        }
        let token = cursor.take()?;
        if token.is_punctuation(b'(') {
            depth += 1;
        } else if token.is_punctuation(b')') {
            depth = depth.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn statements_as_servers_print_them() {
        use Action::{Alter, Create, DefaultRole, Grant, Revoke};
        for (sql, action, account, rest, with_option) in [
            ("CREATE USER IF NOT EXISTS `u one`@`10.%` REQUIRE SSL", Create, "'u one'@'10.%'", " REQUIRE SSL", None),
            ("CREATE USER 'a\\'b'@'%' IDENTIFIED BY 'x'", Create, "'a\\'b'@'%'", " IDENTIFIED BY 'x'", None),
            ("ALTER USER `u`@`h` PASSWORD EXPIRE", Alter, "'u'@'h'", " PASSWORD EXPIRE", None),
            ("CREATE ROLE `r``1`", Create, "role 'r`1'", "", None),
            ("GRANT USAGE ON *.* TO ``@`localhost`", Grant, "''@'localhost'", "", None),
            (
                "GRANT SELECT (`a to b`), CREATE TEMPORARY TABLES ON `d TO x`.`t` TO `u`@`h` WITH GRANT OPTION",
                Grant,
                "'u'@'h'",
                " WITH GRANT OPTION",
                Some("GRANT"),
            ),
            (
                "GRANT SELECT ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*B6' REQUIRE SSL WITH GRANT OPTION \
                 MAX_QUERIES_PER_HOUR 5",
                Grant,
                "'u'@'%'",
                " IDENTIFIED BY PASSWORD '*B6' REQUIRE SSL WITH GRANT OPTION MAX_QUERIES_PER_HOUR 5",
                Some("GRANT"),
            ),
            (
                "GRANT USAGE ON *.* TO `u`@`%` WITH MAX_USER_CONNECTIONS 3",
                Grant,
                "'u'@'%'",
                " WITH MAX_USER_CONNECTIONS 3",
                None,
            ),
            ("GRANT PROXY ON `at`@`%` TO `p`@`h`", Grant, "'p'@'h'", "", None),
            ("GRANT `r1`@`%` TO `r2`@`%` WITH ADMIN OPTION", Grant, "'r2'@'%'", " WITH ADMIN OPTION", Some("ADMIN")),
            ("GRANT SELECT ON `d`.* TO PUBLIC", Grant, "role 'PUBLIC'", "", None),
            ("REVOKE INSERT ON `mysql`.* FROM `u`@`%`", Revoke, "'u'@'%'", "", None),
            ("SET DEFAULT ROLE `r1` FOR `u`@`%`", DefaultRole, "'u'@'%'", "", None),
            ("SET DEFAULT ROLE `r1`@`%`,`r2`@`%` TO `u`@`%`", DefaultRole, "'u'@'%'", "", None),
        ] {
            let statement = AccountStatement::parse(sql.as_bytes()).unwrap();
            assert_eq!((statement.action, statement.account.to_string()), (action, account.to_owned()), "{sql}");
            assert_eq!((&sql[statement.end..], statement.with_option), (rest, with_option), "{sql}");
        }
        for other in ["CREATE TABLE t (a INT)", "SET NAMES utf8mb4", "GRANT SELECT ON t", "CREATE USER", ""] {
            assert_eq!(AccountStatement::parse(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_account_is_read_as_it_was_written(user: String, host: Option<String>) {
            prop_assume!(user != "PUBLIC" || host.is_some());
            let account = Account { user, host };
            let sql = format!("GRANT USAGE ON *.* TO {}", account.to_sql());
            let statement = AccountStatement::parse(sql.as_bytes()).unwrap();
            prop_assert_eq!((statement.account, statement.end), (account, sql.len()));
        }

        #[test]
        fn no_text_panics(text: String) {
            for verb in ["CREATE USER", "GRANT", "REVOKE", "SET DEFAULT ROLE"] {
                let _ = AccountStatement::parse(format!("{verb} {text}").as_bytes());
            }
        }
    }
}
