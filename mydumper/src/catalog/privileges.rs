//! Objects that the server hides from a user without certain privileges. Without a warning they would be missing silently.

use common::server::connection::{Connection, ServerError};
use common::sql::quote_string;

use super::selection::Objects;

/// A kind of objects, and the privileges that show them.
struct HiddenKind {
    selected: bool,
    option: &'static str,
    what: &'static str,
    /// Any of these shows them, on the database or globally.
    privileges: &'static [&'static str],
    /// Any of these shows them if granted globally.
    globally: &'static [&'static str],
}

/// Warns of selected objects of these databases that the user may be unable to see.
pub fn warn_of_hidden_objects(
    connection: &mut Connection,
    databases: &[&str],
    objects: &Objects,
) -> Result<(), ServerError> {
    let kinds = [
        HiddenKind {
            selected: objects.triggers,
            option: "--triggers",
            what: "triggers",
            privileges: &["TRIGGER"],
            globally: &[],
        },
        HiddenKind {
            selected: objects.events,
            option: "--events",
            what: "events",
            privileges: &["EVENT"],
            globally: &[],
        },
        HiddenKind {
            selected: objects.routines,
            option: "--routines",
            what: "routines",
            privileges: &["EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "SHOW CREATE ROUTINE"],
            globally: &["SELECT", "SHOW_ROUTINE"],
        },
    ];
    for kind in kinds.iter().filter(|kind| kind.selected && !databases.is_empty()) {
        let hidden = hidden(connection, databases, kind)?;
        if !hidden.is_empty() {
            tracing::warn!(
                "{}: the user was not granted {} on {} (unless by a role), and without it the server hides {}: the dump \
                 lacks them",
                kind.option,
                kind.privileges[0],
                hidden.join(", "),
                kind.what
            );
        }
    }
    Ok(())
}

/// The databases that the user was not granted SELECT on, unless by a role.
pub fn without_select(connection: &mut Connection, databases: &[&str]) -> Result<Vec<String>, ServerError> {
    let select = HiddenKind { selected: true, option: "", what: "columns", privileges: &["SELECT"], globally: &[] };
    if databases.is_empty() { Ok(Vec::new()) } else { hidden(connection, databases, &select) }
}

/// The databases on which the user has none of the privileges.
fn hidden(connection: &mut Connection, databases: &[&str], kind: &HiddenKind) -> Result<Vec<String>, ServerError> {
    // A user who can read all privileges sees those of others too.
    let own = "GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')";
    let list = |privileges: &mut dyn Iterator<Item = &&str>| {
        privileges.map(|privilege| quote_string(privilege)).collect::<Vec<_>>().join(", ")
    };
    let everywhere = list(&mut kind.privileges.iter().chain(kind.globally));
    let names = databases.iter().map(|name| format!("SELECT {} AS name", quote_string(name))).collect::<Vec<_>>();
    // TABLE_SCHEMA is a LIKE pattern.
    let rows = connection.query(format!(
        "SELECT d.name FROM ({}) AS d \
         WHERE NOT EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE {own} AND PRIVILEGE_TYPE IN ({everywhere})) \
         AND NOT EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES WHERE {own} AND PRIVILEGE_TYPE IN ({}) \
         AND d.name LIKE CONVERT(TABLE_SCHEMA USING utf8mb4) COLLATE utf8mb4_bin)",
        names.join(" UNION ALL "),
        list(&mut kind.privileges.iter())
    ))?;
    Ok(rows.iter().map(|row| row.text(0)).collect())
}
