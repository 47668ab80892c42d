//! Objects that a server does not show for want of a privilege, and so would be missing without a word.

use common::connection::{Connection, Error};

use crate::config::Objects;

/// Warns of objects that were asked for and that the user may be unable to see.
pub fn warn_of_hidden_objects(connection: &mut Connection, objects: &Objects) -> Result<(), Error> {
    // The option, what it is for, and the privileges of which one shows them.
    let wanted: [(bool, &str, &str, &[&str]); 3] = [
        (objects.triggers, "--triggers", "triggers", &["TRIGGER"]),
        (objects.events, "--events", "events", &["EVENT"]),
        (
            objects.routines,
            "--routines",
            "routines",
            &["EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "SHOW_ROUTINE", "SHOW CREATE ROUTINE"],
        ),
    ];
    if !wanted.iter().any(|(asked, ..)| *asked) {
        return Ok(());
    }
    // A user who may read the privileges of all sees those of others too.
    let own = "GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')";
    let rows = connection.query(format!(
        "SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES WHERE {own} UNION \
         SELECT PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES WHERE {own}"
    ))?;
    let granted: Vec<String> = rows.iter().map(|row| row.text(0).to_ascii_uppercase()).collect();
    for (asked, option, what, privileges) in wanted {
        if asked && !granted.iter().any(|privilege| privileges.contains(&privilege.as_str())) {
            tracing::warn!(
                "{option}: the user was not granted {} on any database (unless by a role), and the server shows no \
                 {what} without: they are missing from the dump",
                privileges[0]
            );
        }
    }
    Ok(())
}
