//! The position of a dump in the server's binary log.

use common::connection::{Connection, Error};
use common::metadata::Coordinates;
use common::server::Server;

/// Reads the position of this moment; `None` when the server writes no binary log.
///
/// # Errors
/// When the query fails, for want of a privilege say.
pub fn coordinates(connection: &mut Connection, server: &Server) -> Result<Option<Coordinates>, Error> {
    let Some(row) = connection.query_first(server.show_binary_log_status())? else { return Ok(None) };
    let gtid_set = if server.is_mariadb() {
        connection.query_first("SELECT @@GLOBAL.gtid_binlog_pos")?.map(|row| row.text(0))
    } else {
        row.named_text("Executed_Gtid_Set")
    };
    Ok(Some(Coordinates {
        file: row.named_text("File"),
        position: row.named("Position").and_then(|text| std::str::from_utf8(text).ok()?.parse().ok()),
        gtid_set: gtid_set.filter(|set| !set.is_empty()),
    }))
}
