//! sql_modes that a server does not know, and that a SET of the dump may name.

use std::borrow::Cow;

use common::server::Server;

use crate::ddl::statement_kind::sql_mode_value;

/// sql_modes that MySQL 8 removed, and those that only MariaDB has.
const NOT_IN_MYSQL: [&str; 15] = [
    "NO_AUTO_CREATE_USER",
    "POSTGRESQL",
    "ORACLE",
    "MSSQL",
    "DB2",
    "MAXDB",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
    "NO_FIELD_OPTIONS",
    "MYSQL323",
    "MYSQL40",
    "IGNORE_BAD_TABLE_OPTIONS",
    "EMPTY_STRING_IS_NULL",
    "SIMULTANEOUS_ASSIGNMENT",
    "TIME_ROUND_FRACTIONAL",
];
/// sql_modes that only MySQL has.
const NOT_IN_MARIADB: [&str; 1] = ["TIME_TRUNCATE_FRACTIONAL"];

/// A SET statement without the sql_modes that this server does not know.
pub fn adapt_set(server: Server, statement: &[u8]) -> Cow<'_, [u8]> {
    let Some((range, value)) = sql_mode_value(statement) else { return Cow::Borrowed(statement) };
    let value = String::from_utf8_lossy(&value).into_owned();
    let kept = known_modes(server, &value);
    if kept == value {
        return Cow::Borrowed(statement);
    }
    let literal = format!("'{kept}'");
    Cow::Owned([&statement[..range.start], literal.as_bytes(), &statement[range.end..]].concat())
}

fn known_modes(server: Server, modes: &str) -> String {
    let unknown: &[&str] = if server.is_mariadb() {
        &NOT_IN_MARIADB
    } else if server.is_mysql_since(8, 0, 0) {
        &NOT_IN_MYSQL
    } else {
        &[]
    };
    let is_known = |mode: &&str| !unknown.iter().any(|unknown| unknown.eq_ignore_ascii_case(mode));
    modes.split(',').filter(is_known).collect::<Vec<_>>().join(",")
}
