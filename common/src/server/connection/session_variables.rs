//! What sessions are set to, whatever the server's global variables and `init_connect` say.
//!
//! A session begins with the global values, and some of them change a definition, an answer or a copy. All that can be
//! set in a session on MySQL 9.7 and MariaDB 10.11 were looked through. Left as they are: time zone and `sql_mode`, which
//! are set where they matter; limits beyond which a server reports an error; and what decides of definitions that leave
//! something out, such as `default_storage_engine` and `default_table_encryption`.
//!
//! The user's own session variables come after these, and win.

use super::{Connection, ServerError};
use crate::observe::logging::warn_once;
use crate::server::error_codes;

/// The very first statement, so that no limit of time or rows ends what follows, SHOW VARIABLES included. Comments keep
/// each server from what it does not know.
pub(super) const NO_LIMITS: &str = "SET SESSION sql_mode = '', wait_timeout = 2147483, sql_big_selects = 1, \
     sql_select_limit = 18446744073709551615 /*!50708 , max_execution_time = 0 */ /*M!100101 , max_statement_time = 0 */";

/// A variable of the session.
#[derive(Debug, Clone, Copy)]
pub struct SessionVariable {
    /// Its name. Servers without it are left alone.
    pub name: &'static str,
    /// What it has to be.
    pub value: Value,
    /// What the other value changes; `None` where the server itself reports it. Users may lack the privilege to set it.
    pub changes: Option<&'static str>,
}

/// What a variable has to be.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// This, as SQL.
    Is(&'static str),
    /// No less than this.
    AtLeast(u64),
}

/// A variable with a value, as SQL.
pub const fn is(name: &'static str, value: &'static str) -> SessionVariable {
    SessionVariable { name, value: Value::Is(value), changes: None }
}

/// A variable with a minimum.
pub const fn at_least(name: &'static str, least: u64) -> SessionVariable {
    SessionVariable { name, value: Value::AtLeast(least), changes: None }
}

impl SessionVariable {
    /// With what a warning says when the user may not set it.
    pub const fn changes(self, what: &'static str) -> SessionVariable {
        SessionVariable { changes: Some(what), ..self }
    }

    /// The value to set, if the current one, as SHOW VARIABLES prints it, is another.
    fn wanted(&self, current: &str) -> Option<String> {
        match self.value {
            Value::Is("NULL") if current.is_empty() => None,
            Value::Is(value) if value.trim_matches('\'').eq_ignore_ascii_case(current) => None,
            Value::Is(value) => Some(value.to_owned()),
            Value::AtLeast(least) if current.parse().is_ok_and(|current: u64| current >= least) => None,
            Value::AtLeast(least) => Some(least.to_string()),
        }
    }
}

/// Of every session of both programs.
pub(super) const EVERY: &[SessionVariable] = &[
    // Statements commit at once, and a COMMIT neither ends the session nor begins another transaction.
    is("autocommit", "ON"),
    is("completion_type", "NO_CHAIN"),
    // What counts rows sees only what is committed; what is read in a transaction is of one moment.
    is("transaction_isolation", "'REPEATABLE-READ'"),
    is("tx_isolation", "'REPEATABLE-READ'"),
    is("transaction_read_only", "OFF"),
    is("tx_read_only", "OFF"),
    // It refuses DELETE without a key, and limits SELECT.
    is("sql_safe_updates", "OFF"),
    // A SELECT would wait until the server has copied all its rows.
    is("sql_buffer_result", "OFF"),
    // A secondary engine may be behind.
    is("use_secondary_engine", "OFF"),
    // Names are quoted; MySQL stores CHECK expressions so, too.
    is("sql_quote_show_create", "ON"),
    // `a IS NULL` would find the last AUTO_INCREMENT value.
    is("sql_auto_is_null", "OFF"),
    // Notes and warnings are counted, and the first ones shown: they tell what LOAD DATA changed, and whether there was
    // something to drop.
    is("sql_notes", "ON"),
    at_least("max_error_count", 64),
    // The numbers of rows are read from a text.
    is("lc_messages", "'en_US'"),
    // What expressions return: in conditions, generated columns and CHECK.
    is("div_precision_increment", "4"),
    is("default_week_format", "0"),
    is("lc_time_names", "'en_US'"),
    is("block_encryption_mode", "'aes-128-ecb'"),
    is("default_regex_flags", "''"),
    is("standard_compliant_cte", "ON"),
    // Text without a collation, in literals and definitions.
    is("default_collation_for_utf8mb4", "utf8mb4_0900_ai_ci"),
    is("character_set_filesystem", "binary"),
    // Rows of another time.
    is("system_versioning_asof", "DEFAULT"),
    // What `utf8` means in definitions, how CHECKSUM TABLE counts.
    is("old", "OFF"),
    is("old_mode", "'UTF8_IS_UTF8MB3'"),
    // InnoDB would take duplicates.
    is("unique_checks", "ON"),
    // After rows were loaded, the next value would be one of a series, and SHOW CREATE TABLE show another.
    is("auto_increment_increment", "1"),
    is("auto_increment_offset", "1"),
    // DDL would say nothing of what is not there.
    is("sql_if_exists", "OFF"),
    // Words in SHOW CREATE EVENT.
    is("terminology_use_previous", "NONE"),
];

/// Sets those variables that the server has with another value.
///
/// # Errors
/// If the server refuses a value for another reason than a privilege that lacks.
pub fn set(connection: &mut Connection, variables: &[SessionVariable]) -> Result<(), ServerError> {
    set_except(connection, variables, &[])
}

/// As [`set`], without those of these names.
///
/// # Errors
/// As [`set`].
pub fn set_except(
    connection: &mut Connection,
    variables: &[SessionVariable],
    ignored: &[String],
) -> Result<(), ServerError> {
    let is_ignored = |variable: &&SessionVariable| ignored.iter().any(|name| name.eq_ignore_ascii_case(variable.name));
    // Not `SELECT @@…`, which is an error where there is no such variable.
    let names: Vec<String> = variables.iter().map(|variable| format!("'{}'", variable.name)).collect();
    let shown = connection.query(format!("SHOW SESSION VARIABLES WHERE Variable_name IN ({})", names.join(",")))?;
    for variable in variables.iter().filter(|variable| !is_ignored(variable)) {
        let Some(current) = shown.iter().find(|row| row.text(0).eq_ignore_ascii_case(variable.name)) else { continue };
        let current = current.text(1);
        if let Some(value) = variable.wanted(&current) {
            set_one(connection, variable, &value, &current)?;
        }
    }
    Ok(())
}

fn set_one(
    connection: &mut Connection,
    SessionVariable { name, changes, .. }: &SessionVariable,
    value: &str,
    current: &str,
) -> Result<(), ServerError> {
    /// Needs a privilege; cannot be set in a session of this version, or not to this.
    const DENIED: [u16; 4] = [
        error_codes::PRIVILEGE_NEEDED,
        error_codes::IS_GLOBAL_VARIABLE,
        error_codes::WRONG_VARIABLE_SCOPE,
        error_codes::WRONG_VALUE_FOR_VARIABLE,
    ];
    match connection.execute(format!("SET SESSION {name} = {value}")) {
        Err(error) if error.server_code().is_some_and(|code| DENIED.contains(&code)) => {
            match changes {
                Some(changes) => warn_once(format!("{name} is {current}, so {changes}: {error}")),
                None => tracing::info!("{name} stays {current}: {error}"),
            }
            Ok(())
        }
        result => result.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_set_where_its_value_is_another() {
        let wanted = |variable: SessionVariable, current: &str| variable.wanted(current);
        assert_eq!(wanted(is("a", "ON"), "ON"), None);
        assert_eq!(wanted(is("a", "ON"), "OFF").as_deref(), Some("ON"));
        assert_eq!(wanted(is("a", "'en_US'"), "en_US"), None);
        assert_eq!(wanted(is("a", "''"), "DOTALL").as_deref(), Some("''"));
        assert_eq!(wanted(is("a", "NULL"), ""), None);
        assert_eq!(wanted(is("a", "NULL"), "MyISAM").as_deref(), Some("NULL"));
        assert_eq!(wanted(at_least("a", 64), "1024"), None);
        assert_eq!(wanted(at_least("a", 64), "0").as_deref(), Some("64"));
    }
}
