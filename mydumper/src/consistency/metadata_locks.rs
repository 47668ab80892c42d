//! Metadata locks of tables that were read.
//!
//! A transaction keeps them until it ends, and those of a dump end with the dump. A LOCK TABLES ... WRITE (or DDL) on
//! such a table would wait for as long, everyone who wants to read the table would wait behind it, and among them may be
//! another worker of this dump: then each waits for the other. So a worker goes back to a savepoint after each chunk,
//! which gives up the locks that were taken since and keeps the snapshot. If the table is changed between two chunks,
//! InnoDB cannot read it any more, or the tables are found changed at the end.

use common::server::Server;
use common::server::connection::{Connection, ServerError};
use common::server::error_codes;

/// Makes it possible to give up locks. Called before transactions begin.
///
/// MariaDB keeps them with a session whose changes go to the binary log. A dump has none to log, but to say so takes a
/// privilege: BINLOG ADMIN, or SUPER before 10.5.2.
pub fn allow_release(connections: &mut [Connection], server: &Server) -> Result<(), ServerError> {
    if !server.is_mariadb() {
        return Ok(());
    }
    for connection in connections {
        match connection.execute("SET SESSION sql_log_bin = 0") {
            Err(error) if error.server_code() == Some(error_codes::PRIVILEGE_NEEDED) => {
                tracing::info!(
                    "without the privilege BINLOG ADMIN, LOCK TABLES ... WRITE and DDL wait until this dump ends, on \
                     tables that it has read from"
                );
                return Ok(());
            }
            result => result?,
        };
    }
    Ok(())
}

/// Marks where [`release`] goes back to. Only the first statement of a transaction does so safely: MariaDB takes no
/// savepoint once a table of Aria was read, of information_schema even.
pub const MARK: &str = "SAVEPOINT nothing_read";

/// Gives up what was locked since [`MARK`].
pub fn release(connection: &mut Connection) -> Result<(), ServerError> {
    connection.execute("ROLLBACK TO SAVEPOINT nothing_read").map(drop)
}
