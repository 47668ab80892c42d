//! The SELECTs of a dump's rows, as the server's general log shows them.

use crate::data::Table;
use crate::floor::Plan;
use harness::server::Server;
use std::fs;

/// What every connection of the floor sets: the session of a dump, as far as it changes what the server does for a row.
const SESSION: [&str; 4] = [
    "SET NAMES utf8mb4",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT",
];

/// Runs `dump` and returns those of its statements that read rows of these tables, in the order in which they reached
/// the server.
pub fn record(server: &Server, database: &str, tables: &[Table], dump: impl FnOnce()) -> Plan {
    let log = server.dir().join("general.log");
    let mut client = server.client();
    client.run(format!("SET GLOBAL general_log_file = '{}'", log.display()));
    client.run("SET GLOBAL log_output = 'FILE'");
    client.run("SET GLOBAL general_log = 1");
    dump();
    client.run("SET GLOBAL general_log = 0");
    let text = fs::read(&log).unwrap();
    let _ = fs::remove_file(log);
    let text = String::from_utf8_lossy(&text);
    let statements = text.lines().filter_map(statement).filter(|statement| reads_rows(statement, database, tables));
    Plan { session: SESSION.map(str::to_owned).to_vec(), phases: vec![statements.map(str::to_owned).collect()] }
}

/// A log line's statement: it comes after time, connection and command.
fn statement(line: &str) -> Option<&str> {
    let (before, statement) = ["Query\t", "Execute\t"].iter().find_map(|command| line.split_once(command))?;
    (!before.contains("SELECT") && statement.starts_with("SELECT ")).then_some(statement)
}

/// Is it a SELECT of rows of one of the tables? Those that look for the ends of chunks have only columns of the key, to
/// which the last column never belongs.
fn reads_rows(statement: &str, database: &str, tables: &[Table]) -> bool {
    let Some((columns, source)) = statement.split_once(&format!(" FROM `{database}`.`")) else { return false };
    let table = source.split_once('`').and_then(|(name, _)| tables.iter().find(|table| table.name == name));
    table.is_some_and(|table| columns.contains(&format!("`{}`", table.last_column)))
}
