//! A line of SHOW GRANTS, as both servers print it.

use std::collections::BTreeMap;

use crate::sql::account::{Account, account};
use crate::sql::cursor::Cursor;
use crate::sql::name::QualifiedName;
use crate::sql::token::{SqlDialect, TokenKind};

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Grant(Grant),
    /// Roles, which are active or not, and who has them.
    Roles(Vec<Account>, Account),
}

/// Privileges that are granted, or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    /// In upper case, `ALL PRIVILEGES` among them, each with its columns if it is on columns only.
    pub privileges: BTreeMap<String, Option<Vec<String>>>,
    pub scope: Scope,
    /// Who has them: the account, or an active role.
    pub grantee: Option<Account>,
    /// A partial revoke of what is granted globally.
    pub revoked: bool,
}

/// What privileges are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    Global,
    /// Databases of this LIKE pattern.
    Database(String),
    /// A table, view or sequence; or columns of it.
    Table(QualifiedName),
    /// A function, procedure or package.
    Routine(QualifiedName),
}

impl Line {
    /// `None` for proxies, and for all other statements.
    pub fn parse(line: &[u8]) -> Option<Line> {
        // Names are in backticks, or in double quotes in the mode ANSI_QUOTES.
        let mut cursor = Cursor::new(line, SqlDialect { ansi_quotes: true, ..SqlDialect::default() });
        let revoked = cursor.eat("REVOKE");
        if !revoked {
            cursor.eat("GRANT").then_some(())?;
        }
        // Roles are in quotes, privileges never.
        if cursor.peek()?.kind != TokenKind::Word {
            let roles = accounts(&mut cursor)?;
            cursor.eat("TO").then_some(())?;
            return Some(Line::Roles(roles, account(&mut cursor)?));
        }
        let mut privileges = BTreeMap::new();
        loop {
            let (name, columns) = privilege(&mut cursor)?;
            privileges.insert(name, columns);
            if cursor.eat("ON") {
                break;
            }
            cursor.eat_punctuation(b',').then_some(())?;
        }
        let scope = scope(&mut cursor)?;
        let grantee = if cursor.eat_any(&["TO", "FROM"]) { account(&mut cursor) } else { None };
        Some(Line::Grant(Grant { privileges, scope, grantee, revoked }))
    }
}

impl Grant {
    /// Whether a privilege is granted on the whole of it.
    pub fn names(&self, privilege: &str) -> bool {
        self.privileges.contains_key("ALL PRIVILEGES") || self.privileges.get(privilege).is_some_and(Option::is_none)
    }
}

/// Accounts or roles, with commas between them.
pub(super) fn accounts(cursor: &mut Cursor<'_>) -> Option<Vec<Account>> {
    let mut accounts = vec![account(cursor)?];
    while cursor.eat_punctuation(b',') {
        accounts.push(account(cursor)?);
    }
    Some(accounts)
}

/// The words of a privilege, and its columns.
fn privilege(cursor: &mut Cursor<'_>) -> Option<(String, Option<Vec<String>>)> {
    let mut words = String::new();
    while !cursor.at_word("ON") && !cursor.at_punctuation(b',') {
        if cursor.eat_punctuation(b'(') {
            return Some((words, Some(columns(cursor)?)));
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&String::from_utf8_lossy(cursor.take()?.text).to_ascii_uppercase());
    }
    (!words.is_empty()).then_some((words, None))
}

/// The columns before the closing parenthesis.
fn columns(cursor: &mut Cursor<'_>) -> Option<Vec<String>> {
    let mut columns = Vec::new();
    loop {
        columns.push(name(cursor)?);
        if cursor.eat_punctuation(b')') {
            return Some(columns);
        }
        cursor.eat_punctuation(b',').then_some(())?;
    }
}

fn scope(cursor: &mut Cursor<'_>) -> Option<Scope> {
    if cursor.eat_punctuation(b'*') {
        return Some(Scope::Global);
    }
    let kind = cursor.peek()?;
    let is_routine = ["FUNCTION", "PROCEDURE", "PACKAGE", "LIBRARY"].iter().any(|word| kind.is_word(word));
    if is_routine {
        cursor.take();
        // PACKAGE BODY.
        cursor.eat("BODY");
    }
    let database = name(cursor)?;
    cursor.eat_punctuation(b'.').then_some(())?;
    if cursor.eat_punctuation(b'*') {
        return Some(Scope::Database(database));
    }
    let name = QualifiedName::new(database, name(cursor)?);
    Some(if is_routine { Scope::Routine(name) } else { Scope::Table(name) })
}

fn name(cursor: &mut Cursor<'_>) -> Option<String> {
    String::from_utf8(cursor.name("a name").ok()?).ok()
}
