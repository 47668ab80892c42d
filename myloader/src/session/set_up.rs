//! What a session for restoring needs to be set to, whatever the server's own settings.

use common::observe::logging::warn_once;
use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::server::error_codes;

/// Global settings under which a server rejects or changes definitions that another server accepted: variable, value
/// for the restore, and what the other value changes. Where it only rejects, the server itself says so. Users may lack
/// the privilege to set some of them on MySQL.
const PERMISSIVE: [(&str, &str, Option<&str>); 5] = [
    ("innodb_strict_mode", "0", None),
    ("sql_require_primary_key", "0", None),
    ("restrict_fk_on_non_standard_key", "0", None),
    ("explicit_defaults_for_timestamp", "1", Some("TIMESTAMP columns get defaults that they did not have")),
    ("sql_generate_invisible_primary_key", "0", Some("tables without a primary key get one")),
];

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To restore.
    Restore {
        /// `--enable-binlog`.
        enable_binlog: bool,
    },
    /// To read what there is at the moment that it is set up.
    Compare,
}

/// Prepares a new session. Returns its time zone, and whether statements go to the binary log as they are.
pub fn set_up(connection: &mut Connection, server: Server, purpose: Purpose) -> Result<(String, bool), ServerError> {
    for statement in server.long_session() {
        connection.execute(statement)?;
    }
    let logs_statements = match purpose {
        Purpose::Restore { enable_binlog } => set_up_restore(connection, server, enable_binlog)?,
        Purpose::Compare => {
            connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
            connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")?;
            false
        }
    };
    let time_zone = connection.query_first("SELECT @@SESSION.time_zone")?.map(|row| row.text(0)).unwrap_or_default();
    Ok((time_zone, logs_statements))
}

fn set_up_restore(connection: &mut Connection, server: Server, enable_binlog: bool) -> Result<bool, ServerError> {
    connection.execute("SET SESSION TRANSACTION READ WRITE")?;
    // Warnings tell whether rows are stored as they are in the dump. What is not listed is not taken to be harmless.
    connection.execute("SET SESSION sql_notes = 1")?;
    match connection.execute("SET SESSION max_error_count = 65535") {
        Err(error) if error.server_code() != Some(error_codes::PRIVILEGE_NEEDED) => return Err(error),
        _ => {}
    }
    if server.is_mariadb_since(10, 2, 1) {
        // Rows may be older than a CHECK, or were stored without it.
        connection.execute("SET SESSION check_constraint_checks = 0")?;
    }
    if server.is_mysql_since(8, 4, 0) {
        // A foreign key to columns without a unique key is one that was allowed when it was made, or is of another
        // server. A version that has not the variable any more says so when the key is added.
        let _ = connection.execute("SET SESSION restrict_fk_on_non_standard_key = OFF");
    }
    let mut logged = enable_binlog;
    if !enable_binlog && let Err(error) = connection.execute("SET SESSION sql_log_bin = 0") {
        const DENIED: [u16; 2] = [error_codes::PRIVILEGE_NEEDED, error_codes::SYNTAX];
        if !error.server_code().is_some_and(|code| DENIED.contains(&code)) {
            return Err(error);
        }
        warn_once(format!("the restore is written to the binary log, because the user may not turn it off: {error}"));
        logged = true;
    }
    if server.is_mysql_since(8, 0, 27) {
        // An index is sorted in memory of this size: with the default, 1 MB, in many more passes.
        connection.execute("SET SESSION innodb_ddl_buffer_size = 67108864")?;
    }
    for (variable, value, changes) in PERMISSIVE {
        set_if_other(connection, variable, value, changes)?;
    }
    Ok(logged && logs_statements(connection)?)
}

fn logs_statements(connection: &mut Connection) -> Result<bool, ServerError> {
    let variables = "SHOW SESSION VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format')";
    let values: Vec<String> = connection.query(variables)?.iter().map(|row| row.text(1)).collect();
    // Without the variable it is ROW.
    Ok(values.iter().any(|value| value == "ON") && values.iter().any(|value| value == "STATEMENT" || value == "MIXED"))
}

/// Sets a session variable, if the server has it and it has another value.
fn set_if_other(
    connection: &mut Connection,
    variable: &str,
    value: &str,
    changes: Option<&str>,
) -> Result<(), ServerError> {
    /// Needs a privilege; cannot be set in a session of this version.
    const DENIED: [u16; 3] =
        [error_codes::PRIVILEGE_NEEDED, error_codes::IS_GLOBAL_VARIABLE, error_codes::WRONG_VARIABLE_SCOPE];
    // Not `SELECT @@…`, which is an error where there is no such variable.
    let current = connection.query_first(format!("SHOW SESSION VARIABLES WHERE Variable_name = '{variable}'"))?;
    let Some(current) = current.map(|row| row.text(1)) else { return Ok(()) };
    if (current == "ON") == (value == "1") {
        return Ok(());
    }
    match connection.execute(format!("SET SESSION {variable} = {value}")) {
        Err(error) if error.server_code().is_some_and(|code| DENIED.contains(&code)) => {
            if let Some(changes) = changes {
                warn_once(format!("{variable} is {current}, so {changes}: {error}"));
            }
            Ok(())
        }
        result => result.map(drop),
    }
}
