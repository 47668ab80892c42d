//! What the user may do, as SHOW GRANTS says it. Without FOR, both servers show the active roles' privileges too.

use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::sql::cursor::Cursor;
use common::sql::name::QualifiedName;
use common::sql::token::SqlDialect;

/// The privileges of the session's user and active roles.
#[derive(Debug, Default)]
pub struct Grants {
    grants: Vec<Grant>,
    /// The server tells nothing about privileges: whatever is needed may be there.
    unknown: bool,
    /// Names of databases are no patterns: MySQL's `partial_revokes`.
    exact_names: bool,
    ignore_case: bool,
}

/// One line of SHOW GRANTS.
#[derive(Debug, PartialEq, Eq)]
struct Grant {
    /// In upper case, `ALL PRIVILEGES` among them.
    privileges: Vec<String>,
    scope: Scope,
    /// A partial revoke of what is granted globally.
    revoked: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Scope {
    Global,
    /// Databases of this LIKE pattern.
    Database(String),
    /// A table; also if only columns of it are granted.
    Table(QualifiedName),
}

impl Grants {
    /// Asks the server.
    pub fn read(connection: &mut Connection, server: &Server) -> Result<Grants, ServerError> {
        let rows = match connection.query("SHOW GRANTS") {
            Ok(rows) => rows,
            // For example with --skip-grant-tables.
            Err(error) if error.server_code().is_some() => return Ok(Grants { unknown: true, ..Grants::default() }),
            Err(error) => return Err(error),
        };
        let partial = connection.query_first("SHOW GLOBAL VARIABLES LIKE 'partial\\_revokes'")?;
        Ok(Grants {
            ignore_case: server.folds_names,
            exact_names: partial.is_some_and(|row| row.text(1) == "ON"),
            ..Grants::of(rows.iter().filter_map(|row| row.bytes(0)))
        })
    }

    fn of<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Grants {
        Grants { grants: lines.into_iter().filter_map(Grant::parse).collect(), ..Grants::default() }
    }

    /// Whether one of these is granted on everything.
    pub fn globally(&self, any: &[&str]) -> bool {
        self.unknown || self.has(any, |scope| *scope == Scope::Global)
    }

    /// Whether one of these is granted on a database, or globally and not taken back for it.
    pub fn on_database(&self, database: &str, any: &[&str]) -> bool {
        let on_it = |scope: &Scope| matches!(scope, Scope::Database(pattern) if self.matches(pattern, database));
        let revoked = |privilege: &&&str| {
            self.grants.iter().any(|grant| grant.revoked && grant.names(privilege) && on_it(&grant.scope))
        };
        let kept: Vec<&str> = any.iter().filter(|privilege| !revoked(privilege)).copied().collect();
        self.unknown || self.has(any, on_it) || self.has(&kept, |scope| *scope == Scope::Global)
    }

    /// Whether one of these is granted on a table or a part of its columns, on its database, or globally.
    pub fn on_table(&self, table: &QualifiedName, any: &[&str]) -> bool {
        let on_it = |scope: &Scope| match scope {
            Scope::Table(name) => self.same(&name.database, &table.database) && self.same(&name.name, &table.name),
            _ => false,
        };
        self.has(any, on_it) || self.on_database(&table.database, any)
    }

    fn has(&self, any: &[&str], scope: impl Fn(&Scope) -> bool) -> bool {
        let mut granted = self.grants.iter().filter(|grant| !grant.revoked && scope(&grant.scope));
        granted.any(|grant| any.iter().any(|privilege| grant.names(privilege)))
    }

    fn same(&self, one: &str, other: &str) -> bool {
        one == other || (self.ignore_case && one.to_lowercase() == other.to_lowercase())
    }

    fn matches(&self, pattern: &str, name: &str) -> bool {
        if self.exact_names {
            return self.same(pattern, name);
        }
        match self.ignore_case {
            true => like(&pattern.to_lowercase(), &name.to_lowercase()),
            false => like(pattern, name),
        }
    }
}

impl Grant {
    /// `None` for grants of roles, proxies and routines, and for all other statements.
    fn parse(line: &[u8]) -> Option<Grant> {
        // Names are in backticks, or in double quotes in the mode ANSI_QUOTES.
        let mut cursor = Cursor::new(line, SqlDialect { ansi_quotes: true, ..SqlDialect::default() });
        let revoked = cursor.eat("REVOKE");
        if !revoked {
            cursor.eat("GRANT").then_some(())?;
        }
        let mut privileges = vec![String::new()];
        while !cursor.eat("ON") {
            let token = cursor.take()?;
            if token.is_punctuation(b',') {
                privileges.push(String::new());
            } else if token.is_punctuation(b'(') {
                // Columns.
                while !cursor.take()?.is_punctuation(b')') {}
            } else {
                let words = privileges.last_mut()?;
                if !words.is_empty() {
                    words.push(' ');
                }
                words.push_str(&String::from_utf8_lossy(token.text).to_ascii_uppercase());
            }
        }
        Some(Grant { privileges, scope: scope(&mut cursor)?, revoked })
    }

    fn names(&self, privilege: &str) -> bool {
        self.privileges.iter().any(|granted| granted == privilege || granted == "ALL PRIVILEGES")
    }
}

fn scope(cursor: &mut Cursor<'_>) -> Option<Scope> {
    if cursor.eat_punctuation(b'*') {
        return Some(Scope::Global);
    }
    let database = String::from_utf8(cursor.name("a database").ok()?).ok()?;
    // A routine's kind precedes its name.
    cursor.eat_punctuation(b'.').then_some(())?;
    if cursor.eat_punctuation(b'*') {
        return Some(Scope::Database(database));
    }
    let name = String::from_utf8(cursor.name("a table").ok()?).ok()?;
    Some(Scope::Table(QualifiedName::new(database, name)))
}

/// LIKE, with a backslash as escape.
fn like(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    let Some(first) = rest.next() else { return name.is_empty() };
    match first {
        '%' => (0..=name.len())
            .filter(|at| name.is_char_boundary(*at))
            .any(|at| like(rest.as_str(), name.get(at..).unwrap_or_default())),
        _ => {
            let wanted = if first == '\\' { rest.next().or(Some('\\')) } else { Some(first).filter(|c| *c != '_') };
            let mut name = name.chars();
            match (name.next(), wanted) {
                (Some(found), Some(wanted)) if found != wanted => false,
                (Some(_), _) => like(rest.as_str(), name.as_str()),
                (None, _) => false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(lines: &[&str]) -> Grants {
        Grants::of(lines.iter().map(|line| line.as_bytes()))
    }

    fn table(database: &str, name: &str) -> QualifiedName {
        QualifiedName::new(database, name)
    }

    #[test]
    fn names_of_databases_are_patterns() {
        let granted = grants(&[
            "GRANT USAGE ON *.* TO `u`@`localhost` IDENTIFIED BY PASSWORD '*B6'",
            "GRANT SELECT, CREATE TEMPORARY TABLES ON `shop\\_%`.* TO `u`@`localhost` WITH GRANT OPTION",
            "GRANT ALL PRIVILEGES ON `a_b`.* TO `r`",
        ]);
        assert!(granted.on_database("shop_1", &["SELECT"]));
        assert!(granted.on_database("shop_", &["CREATE TEMPORARY TABLES"]));
        assert!(!granted.on_database("shop1", &["SELECT"]));
        assert!(!granted.on_database("shop_1", &["TRIGGER", "EVENT"]));
        assert!(granted.on_database("a.b", &["TRIGGER"]));
        assert!(granted.on_table(&table("a_b", "t"), &["TRIGGER"]));
        assert!(!granted.globally(&["SELECT"]));
        let exact = Grants { exact_names: true, ..granted };
        assert!(!exact.on_database("a.b", &["TRIGGER"]));
        assert!(Grants { exact_names: false, ignore_case: true, ..exact }.on_database("A_B", &["TRIGGER"]));
    }

    #[test]
    fn partial_revokes_take_back_what_is_granted_globally() {
        let granted = grants(&[
            "GRANT SELECT, INSERT, LOCK TABLES ON *.* TO `u`@`%`",
            "GRANT BACKUP_ADMIN,SHOW_ROUTINE ON *.* TO `u`@`%`",
            "GRANT PROXY ON ``@`` TO `u`@`%` WITH GRANT OPTION",
            "REVOKE SELECT ON `mysql`.* FROM `u`@`%`",
        ]);
        assert!(granted.globally(&["SHOW_ROUTINE"]));
        assert!(!granted.on_database("mysql", &["SELECT"]));
        assert!(granted.on_database("mysql", &["SELECT", "INSERT"]));
        assert!(granted.on_database("shop", &["SELECT"]));
    }

    #[test]
    fn tables_columns_and_what_is_no_grant_on_them() {
        let granted = grants(&[
            "GRANT `r1`@`%`,`r2`@`%` TO `u`@`%`",
            "GRANT `r1` TO `u`@`%`",
            "SET DEFAULT ROLE `r1` FOR `u`@`%`",
            "GRANT EXECUTE ON PROCEDURE `d`.`p` TO `u`@`%`",
            "GRANT SELECT (`a`, `on)`), UPDATE (`b`) ON `d`.`t` TO `u`@`%`",
            "GRANT SELECT, SHOW VIEW ON \"d\".\"v\" TO \"u\"@\"%\"",
        ]);
        assert!(granted.on_table(&table("d", "t"), &["SELECT"]));
        assert!(granted.on_table(&table("d", "v"), &["SHOW VIEW"]));
        assert!(!granted.on_table(&table("d", "t"), &["SHOW VIEW"]));
        assert!(!granted.on_database("d", &["SELECT", "EXECUTE"]));
        assert!(!grants(&[]).globally(&["SELECT"]));
        assert!(Grants { unknown: true, ..grants(&[]) }.on_table(&table("d", "t"), &["SELECT"]));
    }
}
