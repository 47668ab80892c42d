//! What the session's user may do, as SHOW GRANTS says it.
//!
//! Without FOR, both servers show the privileges of the active roles too: by default, mandatory, of roles of roles, and of
//! MariaDB's PUBLIC. What they do not show is what MariaDB grants to the anonymous user on databases, which everyone has
//! (tried on MariaDB 10.11 and MySQL 9.7).

mod line;
#[cfg(test)]
mod tests;

use crate::server::Server;
use crate::server::connection::{Connection, ServerError};
use crate::sql::account::Account;
use crate::sql::cursor::Cursor;
use crate::sql::name::QualifiedName;
use crate::sql::quote_identifier;
use crate::sql::token::SqlDialect;

use line::{Grant, Line, Scope, accounts};

/// The privileges of the session's user and active roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    grants: Vec<Grant>,
    /// The server tells nothing about privileges: whatever is needed may be there.
    unknown: bool,
    /// Names of databases are no patterns: MySQL's `partial_revokes`.
    exact_names: bool,
    ignore_case: bool,
    account: Option<Account>,
    /// Whether privileges of roles are shown as the account's own: MySQL.
    merges_roles: bool,
    inactive_roles: Vec<Account>,
}

/// Privileges that may be on a database: who has one of them may use it.
const ON_DATABASES: [&str; 19] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "CREATE VIEW",
    "SHOW VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "EXECUTE",
    "EVENT",
    "TRIGGER",
    "DELETE HISTORY",
];

impl Grants {
    /// Asks the server.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn read(connection: &mut Connection, server: &Server) -> Result<Grants, ServerError> {
        let user = connection.query_first("SELECT CURRENT_USER()")?.map(|row| row.text(0)).unwrap_or_default();
        let (user, host) = user.rsplit_once('@').map_or((user.as_str(), None), |(user, host)| (user, Some(host)));
        let account = Account { user: user.to_owned(), host: host.map(str::to_owned) };
        let rows = match connection.query("SHOW GRANTS") {
            Ok(rows) => rows,
            // For example with --skip-grant-tables.
            Err(error) if error.server_code().is_some() => {
                return Ok(Grants { account: Some(account), ..Grants::unknown() });
            }
            Err(error) => return Err(error),
        };
        let partial = connection.query_first("SHOW GLOBAL VARIABLES LIKE 'partial\\_revokes'")?;
        let (grants, roles) = parse(rows.iter().filter_map(|row| row.bytes(0)), &account);
        let active = if roles.is_empty() { Vec::new() } else { active_roles(connection, server)? };
        Ok(Grants {
            grants,
            unknown: false,
            exact_names: partial.is_some_and(|row| row.text(1) == "ON"),
            ignore_case: server.folds_names,
            account: Some(account),
            merges_roles: !server.is_mariadb() && !active.is_empty(),
            inactive_roles: roles.into_iter().filter(|role| !active.contains(role)).collect(),
        })
    }

    /// Of a user of whom nothing is known.
    pub fn unknown() -> Grants {
        Grants { unknown: true, ..Grants::default() }
    }

    /// The user, for GRANT.
    pub fn account(&self) -> String {
        self.account.as_ref().map(Account::to_sql).unwrap_or_default()
    }

    /// All that a database has, for GRANT.
    pub fn all_of(&self, database: &str) -> String {
        let own = |grant: &&Grant| grant.grantee == self.account && grant.scope == Scope::Database(database.to_owned());
        // The name without escapes is a pattern, which another grant would put out of effect.
        let pattern = match self.exact_names || self.grants.iter().any(|grant| own(&grant)) {
            true => database.to_owned(),
            false => escaped(database),
        };
        format!("{}.*", quote_identifier(&pattern))
    }

    /// Whether a grant on a database would put privileges out of effect that the user has by a pattern.
    pub fn has_by_pattern(&self, database: &str) -> bool {
        let of_account = self.of_database(database).into_iter().filter(|grant| grant.grantee == self.account);
        let names = [database.to_owned(), escaped(database)];
        !self.exact_names
            && of_account
                .into_iter()
                .any(|grant| !names.iter().any(|name| grant.scope == Scope::Database(name.clone())))
    }

    /// A line for lists of missing privileges: the user has roles that would have to be activated.
    pub fn advice(&self) -> Option<String> {
        let roles: Vec<String> = self.inactive_roles.iter().map(Account::to_sql).collect();
        (!roles.is_empty()).then(|| {
            format!(
                "the user's roles are not active: {} (SET DEFAULT ROLE makes them active at login)",
                roles.join(", ")
            )
        })
    }

    /// Whether one of these is granted on everything.
    pub fn globally(&self, any: &[&str]) -> bool {
        self.unknown || self.has(any, |scope| *scope == Scope::Global)
    }

    /// Whether one of these is granted on a database, or globally and not taken back for it.
    pub fn on_database(&self, database: &str, any: &[&str]) -> bool {
        let on_it = |scope: &Scope| self.is_database(scope, database);
        let revoked = |privilege: &&&str| {
            self.grants.iter().any(|grant| grant.revoked && grant.names(privilege) && on_it(&grant.scope))
        };
        let kept: Vec<&str> = any.iter().filter(|privilege| !revoked(privilege)).copied().collect();
        let by_database =
            self.of_database(database).iter().any(|grant| any.iter().any(|privilege| grant.names(privilege)));
        self.unknown || by_database || self.has(&kept, |scope| *scope == Scope::Global)
    }

    /// The grants on a database that are in effect: of the patterns that match, the most specific one of each account and
    /// role (tried on both servers). With active roles MySQL does otherwise: then all of them, of which some may not be.
    fn of_database(&self, database: &str) -> Vec<&Grant> {
        let all = self.grants.iter().filter(|grant| !grant.revoked && self.is_database(&grant.scope, database));
        if self.merges_roles {
            return all.collect();
        }
        let mut found: Vec<&Grant> = Vec::new();
        for grant in all {
            match found.iter_mut().find(|other| other.grantee == grant.grantee) {
                Some(other) if specificity(&grant.scope) > specificity(&other.scope) => *other = grant,
                Some(_) => {}
                None => found.push(grant),
            }
        }
        found
    }

    /// Whether one of these is granted on a table, on its database, or globally; not on columns only.
    pub fn on_table(&self, table: &QualifiedName, any: &[&str]) -> bool {
        self.has(any, |scope| self.is_table(scope, table)) || self.on_database(&table.database, any)
    }

    /// The columns of a table on which a privilege is granted, if it is on columns only.
    pub fn columns(&self, table: &QualifiedName, privilege: &str) -> Vec<&str> {
        let on_it = self.grants.iter().filter(|grant| self.is_table(&grant.scope, table));
        let columns = on_it.filter_map(|grant| grant.privileges.get(privilege)?.as_deref());
        columns.flatten().map(String::as_str).collect()
    }

    /// Whether one of these is granted on a routine or its database, or globally.
    pub fn on_routine(&self, routine: &QualifiedName, any: &[&str]) -> bool {
        // Names of routines are the same in any case.
        let same = |name: &QualifiedName| {
            self.same(&name.database, &routine.database) && name.name.to_lowercase() == routine.name.to_lowercase()
        };
        self.has(any, |scope| matches!(scope, Scope::Routine(name) if same(name)))
            || self.on_database(&routine.database, any)
    }

    /// Whether nothing is said that would let the user see a database. That the user can means that the server does not
    /// show all privileges on it.
    pub fn hide_database(&self, database: &str) -> bool {
        let on_it = |scope: &Scope| match scope {
            Scope::Global => false,
            Scope::Database(_) => self.is_database(scope, database),
            Scope::Table(name) | Scope::Routine(name) => self.same(&name.database, database),
        };
        !self.globally(&ON_DATABASES) && !self.grants.iter().any(|grant| !grant.revoked && on_it(&grant.scope))
    }

    fn has(&self, any: &[&str], scope: impl Fn(&Scope) -> bool) -> bool {
        let mut granted = self.grants.iter().filter(|grant| !grant.revoked && scope(&grant.scope));
        granted.any(|grant| any.iter().any(|privilege| grant.names(privilege)))
    }

    fn is_database(&self, scope: &Scope, database: &str) -> bool {
        match scope {
            Scope::Database(name) if self.exact_names => self.same(name, database),
            Scope::Database(pattern) if self.ignore_case => like(&pattern.to_lowercase(), &database.to_lowercase()),
            Scope::Database(pattern) => like(pattern, database),
            _ => false,
        }
    }

    fn is_table(&self, scope: &Scope, table: &QualifiedName) -> bool {
        match scope {
            Scope::Table(name) => self.same(&name.database, &table.database) && self.same(&name.name, &table.name),
            _ => false,
        }
    }

    fn same(&self, one: &str, other: &str) -> bool {
        one == other || (self.ignore_case && one.to_lowercase() == other.to_lowercase())
    }
}

/// What is granted, and the account's own roles.
fn parse<'a>(lines: impl Iterator<Item = &'a [u8]>, account: &Account) -> (Vec<Grant>, Vec<Account>) {
    let (mut grants, mut roles) = (Vec::new(), Vec::new());
    for line in lines.filter_map(Line::parse) {
        match line {
            Line::Grant(grant) => grants.push(grant),
            // A role's roles are active with it.
            Line::Roles(granted, to) if to == *account => roles.extend(granted),
            Line::Roles(..) => {}
        }
    }
    (grants, roles)
}

fn active_roles(connection: &mut Connection, server: &Server) -> Result<Vec<Account>, ServerError> {
    let Some(roles) = connection.query_first("SELECT CURRENT_ROLE()")?.map(|row| row.text(0)) else {
        return Ok(Vec::new());
    };
    if server.is_mariadb() {
        return Ok(vec![Account { user: roles, host: None }]);
    }
    // `NONE`, if there are none.
    let dialect = SqlDialect { ansi_quotes: true, ..SqlDialect::default() };
    Ok(accounts(&mut Cursor::new(roles.as_bytes(), dialect)).unwrap_or_default())
}

/// A pattern that matches this name only.
fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%")
}

/// How specific a pattern is to the servers: one without wildcards is the most, then the one with the later first wildcard.
fn specificity(scope: &Scope) -> usize {
    let Scope::Database(pattern) = scope else { return 0 };
    let mut escape = false;
    let wildcard = pattern.bytes().position(|byte| {
        let is_wildcard = !escape && matches!(byte, b'%' | b'_');
        escape = !escape && byte == b'\\';
        is_wildcard
    });
    wildcard.map_or(usize::MAX, |at| at + 1)
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
