//! Objects that a server does not show for want of a privilege, and so would be missing without a word.

use common::server::connection::{Connection, ServerError};
use common::sql::quote_string;

use super::selection::Objects;

/// Objects that were asked for.
struct Wanted {
    asked: bool,
    option: &'static str,
    what: &'static str,
    /// One of these shows them, on the database or everywhere.
    privileges: &'static [&'static str],
    /// Or one of these, everywhere.
    globally: &'static [&'static str],
}

/// Warns of objects of these databases that were asked for and that the user may be unable to see.
pub fn warn_of_hidden_objects(
    connection: &mut Connection,
    databases: &[&str],
    objects: &Objects,
) -> Result<(), ServerError> {
    let wanted = [
        Wanted {
            asked: objects.triggers,
            option: "--triggers",
            what: "triggers",
            privileges: &["TRIGGER"],
            globally: &[],
        },
        Wanted { asked: objects.events, option: "--events", what: "events", privileges: &["EVENT"], globally: &[] },
        Wanted {
            asked: objects.routines,
            option: "--routines",
            what: "routines",
            privileges: &["EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "SHOW CREATE ROUTINE"],
            globally: &["SELECT", "SHOW_ROUTINE"],
        },
    ];
    for wanted in wanted.iter().filter(|wanted| wanted.asked && !databases.is_empty()) {
        let hidden = hidden(connection, databases, wanted)?;
        if !hidden.is_empty() {
            tracing::warn!(
                "{}: the user was not granted {} on {} (unless by a role), and the server shows no {} there without: they \
                 are missing from the dump",
                wanted.option,
                wanted.privileges[0],
                hidden.join(", "),
                wanted.what
            );
        }
    }
    Ok(())
}

/// The databases where the user has none of the privileges.
fn hidden(connection: &mut Connection, databases: &[&str], wanted: &Wanted) -> Result<Vec<String>, ServerError> {
    // A user who may read the privileges of all sees those of others too.
    let own = "GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')";
    let list = |privileges: &mut dyn Iterator<Item = &&str>| {
        privileges.map(|privilege| quote_string(privilege)).collect::<Vec<_>>().join(", ")
    };
    let everywhere = list(&mut wanted.privileges.iter().chain(wanted.globally));
    let names = databases.iter().map(|name| format!("SELECT {} AS name", quote_string(name))).collect::<Vec<_>>();
    // A grant is on a pattern of LIKE.
    let rows = connection.query(format!(
        "SELECT d.name FROM ({}) AS d \
         WHERE NOT EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE {own} AND PRIVILEGE_TYPE IN ({everywhere})) \
         AND NOT EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES WHERE {own} AND PRIVILEGE_TYPE IN ({}) \
         AND d.name LIKE CONVERT(TABLE_SCHEMA USING utf8mb4) COLLATE utf8mb4_bin)",
        names.join(" UNION ALL "),
        list(&mut wanted.privileges.iter())
    ))?;
    Ok(rows.iter().map(|row| row.text(0)).collect())
}
