//! The position of a dump in the server's binary log.

use common::backup::metadata::Coordinates;
use common::server::Server;
use common::server::connection::{Connection, ServerError};

/// Reads the current position; `None` when the server writes no binary log.
///
/// A user without BINLOG MONITOR (MariaDB) or REPLICATION CLIENT (MySQL) may not see it, but on MariaDB that of the
/// connection's own snapshot, and on MySQL the GTID set.
///
/// # Errors
/// When the query fails, for want of a privilege say.
pub fn coordinates(connection: &mut Connection, server: &Server) -> Result<Option<Coordinates>, ServerError> {
    let row = match connection.query_first(server.show_binary_log_status()) {
        Err(error) if error.is_denied() => {
            return match coordinates_of_anyone(connection, server)? {
                None => Err(error),
                found => Ok(found),
            };
        }
        row => row?,
    };
    let Some(row) = row else { return Ok(None) };
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

/// What needs no privilege.
fn coordinates_of_anyone(connection: &mut Connection, server: &Server) -> Result<Option<Coordinates>, ServerError> {
    if server.is_mariadb() {
        let Some((file, position)) = of_snapshot(connection)? else { return Ok(None) };
        return of_place(connection, &file, position).map(Some);
    }
    if !has_gtids(connection)? {
        return Ok(None);
    }
    let row = connection.query_first("SELECT @@GLOBAL.gtid_executed")?;
    Ok(Some(Coordinates {
        gtid_set: row.map(|row| row.text(0)).filter(|set| !set.is_empty()),
        ..Coordinates::default()
    }))
}

/// MariaDB: file and position that the connection's snapshot stands at, by START TRANSACTION WITH CONSISTENT SNAPSHOT;
/// `None` without a binary log.
pub fn of_snapshot(connection: &mut Connection) -> Result<Option<(String, u64)>, ServerError> {
    let rows = connection.query("SHOW SESSION STATUS LIKE 'binlog\\_snapshot\\_%'")?;
    let value = |name: &str| rows.iter().find(|row| row.text(0).eq_ignore_ascii_case(name)).map(|row| row.text(1));
    let file = value("binlog_snapshot_file").filter(|file| !file.is_empty());
    let position = value("binlog_snapshot_position").and_then(|position| position.parse().ok());
    Ok(file.zip(position))
}

/// MariaDB: the coordinates of a place in the binary log.
pub fn of_place(connection: &mut Connection, file: &str, position: u64) -> Result<Coordinates, ServerError> {
    let statement = format!("SELECT BINLOG_GTID_POS({}, {position})", common::sql::quote_string(file));
    let gtid_set = connection.query_first(statement)?.map(|row| row.text(0)).filter(|set| !set.is_empty());
    Ok(Coordinates { file: Some(file.to_owned()), position: Some(position), gtid_set })
}

/// MySQL: whether every transaction has a GTID.
pub fn has_gtids(connection: &mut Connection) -> Result<bool, ServerError> {
    let row = connection.query_first("SELECT @@GLOBAL.log_bin, @@GLOBAL.gtid_mode")?;
    Ok(row.is_some_and(|row| row.text(0) == "1" && row.text(1) == "ON"))
}
