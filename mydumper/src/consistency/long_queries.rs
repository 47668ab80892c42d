//! Long-running queries, which are looked for before a lock is requested.
//!
//! FLUSH TABLES WITH READ LOCK stops all writes first and then waits until every running statement has ended: behind one
//! long SELECT the whole server queues. BACKUP STAGE and LOCK TABLES wait for statements that write only.

use std::time::Duration;

use common::exit_codes;
use common::process::stop::{Stop, Stopped};
use common::server::connection::{Connection, Row, ServerError};
use common::server::error_codes;

use crate::config::LongQueryGuard;

/// How often to check, once a second, whether a killed query has ended.
const CHECKS_AFTER_KILL: u32 = 30;
/// How much of a query's text messages show, in characters.
const SHOWN: usize = 80;

/// The lock is not asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They still run after all retries.
    #[error(
        "queries run for longer than {seconds} s (--long-query-guard), and {lock} would wait for them and hold up all \
         writes meanwhile: {}; wait for their end (--long-query-retries, --long-query-retry-interval), or let them be \
         killed (--kill-long-queries)", list(.queries)
    )]
    Running {
        /// `--long-query-guard`.
        seconds: u64,
        /// The lock.
        lock: &'static str,
        /// The queries.
        queries: Vec<LongQuery>,
    },
    /// One cannot be killed.
    #[error("cannot kill the long query {0}: {1}")]
    Kill(String, ServerError),
    /// The list of queries could not be read.
    #[error("cannot look for long queries: {0}")]
    Server(#[from] ServerError),
    /// The program is being stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

exit_codes! { Error:
    of source: Kill.1, Server, Stopped;
    Exit::Failed: Running;
}

/// A row of SHOW PROCESSLIST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongQuery {
    id: u64,
    user: String,
    seconds: u64,
    text: String,
}

/// What a lock waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    /// Every statement.
    All,
    /// Statements that may write.
    Writes,
}

/// Returns when no query runs for longer than the guard allows, or gives up.
pub fn wait_for_their_end(
    connection: &mut Connection,
    guard: &LongQueryGuard,
    (lock, waits_for): (&'static str, WaitsFor),
    stop: &Stop,
) -> Result<(), Error> {
    let mut retries = 0;
    let mut checks = 0;
    loop {
        let queries = find(connection, guard.seconds, waits_for)?;
        if guard.seconds == 0 || queries.is_empty() {
            return Ok(());
        }
        if retries < guard.retries {
            retries += 1;
            tracing::warn!(
                "queries run for longer than {} s, looking again in {} s ({retries} of {}): {}",
                guard.seconds,
                guard.retry_interval,
                guard.retries,
                list(&queries)
            );
            stop.pause(Duration::from_secs(guard.retry_interval))?;
        } else if guard.kill && checks < CHECKS_AFTER_KILL {
            if checks == 0 {
                kill(connection, &queries)?;
            } else {
                stop.pause(Duration::from_secs(1))?;
            }
            checks += 1;
        } else {
            return Err(Error::Running { seconds: guard.seconds, lock, queries });
        }
    }
}

/// What FLUSH TABLES WITH READ LOCK would wait for on MySQL, and all writes behind it, however long it takes; so far as the
/// user may see.
pub fn flush_would_wait_for(connection: &mut Connection) -> Result<Option<&'static str>, ServerError> {
    let rows = connection.query("SHOW PROCESSLIST")?;
    // It has announced already that it is going to write.
    if rows.iter().any(|row| row.named_text("State").as_deref() == Some("Waiting for backup lock")) {
        return Ok(Some("DDL that waits until another backup ends"));
    }
    // By LOCK TABLES ... READ, as a backup does for long. Such tables cannot be closed, and nobody else can open them while
    // a FLUSH waits for that.
    let locked = "SELECT 1 FROM performance_schema.metadata_locks \
                  WHERE OBJECT_TYPE = 'TABLE' AND LOCK_TYPE = 'SHARED_READ_ONLY' LIMIT 1";
    match connection.query_first(locked) {
        Ok(row) => Ok(row.map(|_| "tables that another session has locked")),
        // Without the privilege, or the schema.
        Err(error) if error.server_code().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

fn find(connection: &mut Connection, seconds: u64, waits_for: WaitsFor) -> Result<Vec<LongQuery>, Error> {
    let rows = connection.query("SHOW FULL PROCESSLIST")?;
    Ok(rows.iter().filter_map(|row| long_query(&process(row), seconds, waits_for)).collect())
}

fn kill(connection: &mut Connection, queries: &[LongQuery]) -> Result<(), Error> {
    for query in queries {
        tracing::warn!("killing the long query {query}");
        match connection.execute(format!("KILL QUERY {}", query.id)) {
            Err(error) if error.server_code() != Some(error_codes::NO_SUCH_THREAD) => {
                return Err(Error::Kill(query.to_string(), error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A row of SHOW PROCESSLIST as it is.
struct Process {
    id: Option<u64>,
    user: String,
    command: String,
    seconds: Option<u64>,
    text: Option<String>,
}

fn process(row: &Row) -> Process {
    let number = |name| row.named_text(name).and_then(|text| text.parse().ok());
    Process {
        id: number("Id"),
        user: row.named_text("User").unwrap_or_default(),
        command: row.named_text("Command").unwrap_or_default(),
        seconds: number("Time"),
        text: row.named_text("Info"),
    }
}

/// Sleeping sessions, replication ("Connect", "Binlog Dump", "Slave_SQL") and the event scheduler ("Daemon") hold no
/// lock up: only statements of users do.
fn long_query(process: &Process, guard: u64, waits_for: WaitsFor) -> Option<LongQuery> {
    let (id, seconds, text) = (process.id?, process.seconds?, process.text.as_deref()?);
    let runs = matches!(process.command.as_str(), "Query" | "Execute");
    let system = matches!(process.user.as_str(), "system user" | "event_scheduler");
    if !runs || system || seconds <= guard || (waits_for == WaitsFor::Writes && only_reads(text)) {
        return None;
    }
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown: String = line.chars().take(SHOWN).collect();
    if line.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    Some(LongQuery { id, user: process.user.clone(), seconds, text: shown })
}

/// Whether a statement's first word says that it reads. A statement that is not understood may write.
fn only_reads(text: &str) -> bool {
    let mut text = text.trim_start_matches(|character: char| character.is_whitespace() || character == '(');
    while let Some(comment) = text.strip_prefix("/*").filter(|comment| !comment.starts_with(['!', 'M'])) {
        let Some((_, rest)) = comment.split_once("*/") else { return false };
        text = rest.trim_start_matches(|character: char| character.is_whitespace() || character == '(');
    }
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    ["SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "CHECKSUM"]
        .iter()
        .any(|read| word.eq_ignore_ascii_case(read))
}

fn list(queries: &[LongQuery]) -> String {
    const LISTED: usize = 10;
    let mut list: Vec<String> = queries.iter().take(LISTED).map(LongQuery::to_string).collect();
    if queries.len() > LISTED {
        list.push(format!("and {} more", queries.len() - LISTED));
    }
    list.join("; ")
}

impl std::fmt::Display for LongQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of user '{}' since {} s: {}", self.id, self.user, self.seconds, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(user: &str, command: &str, seconds: u64, text: Option<&str>, waits_for: WaitsFor) -> Option<String> {
        let process = Process {
            id: Some(7),
            user: user.into(),
            command: command.into(),
            seconds: Some(seconds),
            text: text.map(str::to_owned),
        };
        long_query(&process, 60, waits_for).map(|query| query.to_string())
    }

    #[test]
    fn only_statements_of_users_are_found() {
        let text = Some("SELECT *\n  FROM t");
        assert_eq!(found("u", "Query", 61, text, WaitsFor::All).unwrap(), "7 of user 'u' since 61 s: SELECT * FROM t");
        for (user, command, seconds, text) in [
            ("u", "Query", 60, text),
            ("u", "Sleep", 100, None),
            ("repl", "Binlog Dump GTID", 100, None),
            ("system user", "Query", 100, Some("INSERT INTO t VALUES (1)")),
            ("system user", "Slave_SQL", 100, Some("UPDATE t SET a = 1")),
            ("event_scheduler", "Daemon", 100, None),
        ] {
            assert_eq!(found(user, command, seconds, text, WaitsFor::All), None, "{user} {command}");
        }
    }

    #[test]
    fn queries_that_only_read_hold_up_only_a_flush() {
        for text in
            ["select 1", " (( SELECT 1)", "/* app:x */ /* y */ SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a"]
        {
            assert!(found("u", "Query", 61, Some(text), WaitsFor::All).is_some(), "{text}");
            assert_eq!(found("u", "Execute", 61, Some(text), WaitsFor::Writes), None, "{text}");
        }
        for text in ["UPDATE t SET a = 1", "CALL p()", "/* open SELECT 1", "/*!50000 DELETE */ FROM t", "SELECTED"] {
            assert!(found("u", "Query", 61, Some(text), WaitsFor::Writes).is_some(), "{text}");
        }
    }

    #[test]
    fn long_texts_and_lists_are_cut() {
        let text = "DELETE ".repeat(50);
        let shown = found("u", "Query", 61, Some(&text), WaitsFor::All).unwrap();
        assert!(shown.ends_with("DELETE DEL…"), "{shown}");
        let query = LongQuery { id: 1, user: "u".into(), seconds: 2, text: "SELECT 1".into() };
        assert!(list(&vec![query; 12]).ends_with("1 of user 'u' since 2 s: SELECT 1; and 2 more"));
    }
}
