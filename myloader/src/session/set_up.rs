//! What a session for restoring needs to be set to, whatever the server's own settings.

use common::observe::logging::warn_once;
use common::server::Server;
use common::server::connection::session_variables::{self, SessionVariable, at_least, is};
use common::server::connection::{Connection, ServerError};
use common::server::error_codes;

/// Of sessions that restore: under other values a server rejects or changes definitions that another server accepted.
const RESTORING: &[SessionVariable] = &[
    is("innodb_strict_mode", "OFF"),
    is("sql_require_primary_key", "OFF"),
    // A foreign key to columns without a unique key is one that was allowed when it was made, or is of another server.
    is("restrict_fk_on_non_standard_key", "OFF"),
    is("explicit_defaults_for_timestamp", "ON").changes("TIMESTAMP columns get defaults that they did not have"),
    is("sql_generate_invisible_primary_key", "OFF").changes("tables without a primary key get one"),
    // Rows may be older than a CHECK, or were stored without it.
    is("check_constraint_checks", "OFF"),
    // Warnings tell whether rows are stored as they are in the dump. What is not listed is not taken to be harmless.
    at_least("max_error_count", 65535),
    // Keys are added in whatever way the server can.
    is("alter_algorithm", "'DEFAULT'"),
    is("enforce_storage_engine", "NULL").changes("tables may get another engine"),
    is("innodb_compression_default", "OFF"),
    is("innodb_default_encryption_key_id", "1"),
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
pub fn set_up(
    connection: &mut Connection,
    server: Server,
    purpose: Purpose,
    ignored: &[String],
) -> Result<(String, bool), ServerError> {
    for statement in server.long_session() {
        connection.execute(statement)?;
    }
    let logs_statements = match purpose {
        Purpose::Restore { enable_binlog } => set_up_restore(connection, server, enable_binlog, ignored)?,
        Purpose::Compare => {
            connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
            connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")?;
            false
        }
    };
    let time_zone = connection.query_first("SELECT @@SESSION.time_zone")?.map(|row| row.text(0)).unwrap_or_default();
    Ok((time_zone, logs_statements))
}

fn set_up_restore(
    connection: &mut Connection,
    server: Server,
    enable_binlog: bool,
    ignored: &[String],
) -> Result<bool, ServerError> {
    let mut logged = enable_binlog || ignored.iter().any(|name| name == "sql_log_bin");
    if !logged && let Err(error) = connection.execute("SET SESSION sql_log_bin = 0") {
        const DENIED: [u16; 2] = [error_codes::PRIVILEGE_NEEDED, error_codes::SYNTAX];
        if !error.server_code().is_some_and(|code| DENIED.contains(&code)) {
            return Err(error);
        }
        let privilege = match () {
            () if server.is_mariadb_since(10, 5, 2) => "BINLOG ADMIN",
            () if server.is_mysql_since(8, 0, 14) => "SESSION_VARIABLES_ADMIN",
            () => "SUPER",
        };
        warn_once(format!(
            "the restore is written to the binary log, because the user may not turn it off: {error}; GRANT {privilege} ON \
             *.* lets it, and --ignore-set=SQL_LOG_BIN does without"
        ));
        logged = true;
    }
    if server.is_mysql_since(8, 0, 27) {
        // An index is sorted in memory of this size: with the default, 1 MB, in many more passes.
        connection.execute("SET SESSION innodb_ddl_buffer_size = 67108864")?;
    }
    session_variables::set_except(connection, RESTORING, ignored)?;
    Ok(logged && logs_statements(connection)?)
}

fn logs_statements(connection: &mut Connection) -> Result<bool, ServerError> {
    let variables = "SHOW SESSION VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format')";
    let values: Vec<String> = connection.query(variables)?.iter().map(|row| row.text(1)).collect();
    // Without the variable it is ROW.
    Ok(values.iter().any(|value| value == "ON") && values.iter().any(|value| value == "STATEMENT" || value == "MIXED"))
}
