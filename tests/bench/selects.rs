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
    let statements = text.lines().filter_map(|line| select_of_rows(line, database, tables));
    Plan { session: SESSION.map(str::to_owned).to_vec(), phases: vec![statements.map(str::to_owned).collect()] }
}

/// The statement of a line of the log, if it reads rows of one of the tables.
fn select_of_rows<'a>(line: &'a str, database: &str, tables: &[Table]) -> Option<&'a str> {
    statement(line).filter(|statement| reads_rows(statement, database, tables))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;
    use crate::options::Options;
    use clap::Parser;

    #[test]
    fn rows_are_told_from_ends_of_chunks_in_the_logs_of_both_servers() {
        let tables = Dataset::Tpch.tables(&Options::parse_from(["bench"]));
        let read = |line: &str| select_of_rows(line, "bench_tpch", &tables).map(str::to_owned);
        let orders = "SELECT `o_orderkey`,`o_comment` FROM `bench_tpch`.`orders` WHERE (`o_orderkey`<7)";
        assert_eq!(read(&format!("251121 18:00:00\t     8 Query\t{orders}")), Some(orders.to_owned()));
        assert_eq!(read(&format!("\t\t     8 Execute\t{orders}")), Some(orders.to_owned()));
        assert_eq!(read(&format!("2026-11-21T18:00:00.123456Z\t   12 Query\t{orders}")), Some(orders.to_owned()));
        for other in [
            "8 Query\tSELECT `o_orderkey` FROM `bench_tpch`.`orders` FORCE INDEX (`PRIMARY`)",
            "8 Query\tSELECT `o_comment` FROM `other`.`orders`",
            "8 Query\tSHOW CREATE TABLE `bench_tpch`.`orders`",
            "8 Prepare\tSELECT `o_comment` FROM `bench_tpch`.`orders`",
            "/usr/sbin/mariadbd, Version: 10.11.19-MariaDB (Debian). started with:",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
