//! Rows that are longer than `max_allowed_packet` of the server lets through.
//!
//! A server says so and ends the connection. Over TCP its word may be lost, since it closes its end while the rest of the
//! statement is on the way (seen with MySQL 9.7): then the statement's length tells.

use common::backup::file_name::DumpFile;
use common::server::connection::Error as ServerError;
use common::server::error_codes::PACKET_TOO_LARGE;
use common::sql::Statement;

use crate::rows::skipped::rows_of;
use crate::work::worker::{Error, Worker};

/// A statement of rows, or one of the values, is longer than the server takes.
#[derive(Debug, thiserror::Error)]
#[error(
    "{file}, line {line}: {what} of {bytes} bytes is more than the server's max_allowed_packet of {limit}: SET GLOBAL \
     max_allowed_packet = {} there, or more{}; {}", enough_for(*.bytes),
    if *.splits { ", or dump with a smaller --statement-size" } else { "" }, .source.cause()
)]
pub struct TooLong {
    file: String,
    /// Where the statement starts in it.
    line: u64,
    /// What is too long: `a statement`.
    what: &'static str,
    bytes: u64,
    limit: u64,
    /// Whether it has several rows, which can come in several statements.
    splits: bool,
    source: ServerError,
}

/// The least value of `max_allowed_packet` that lets so many bytes through: servers take multiples of 1024, 1 GiB at most.
fn enough_for(bytes: u64) -> u64 {
    const STEP: u64 = 1024;
    const MOST: u64 = 1 << 30;
    ((bytes + 1) / STEP * STEP + STEP).min(MOST)
}

/// What a statement of a file of rows has failed for: its length, or anything else.
pub fn or_failed(worker: &Worker, file: &DumpFile, statement: &Statement<'_>, source: ServerError) -> Error {
    let limit = worker.shared.max_packet;
    // A byte before it says that it is a statement.
    let length = statement.text.len() as u64 + 1;
    let (file, line) = (file.to_string(), statement.line);
    let code = source.server_code();
    let (what, bytes, splits) = match put_together(statement.text) {
        _ if length > limit && (code == Some(PACKET_TOO_LARGE) || source.is_lost_connection()) => {
            ("a statement", length, rows_of(statement.text).is_some_and(|rows| rows > 1))
        }
        Some(bytes) if bytes > limit && code == Some(OUT_OF_RANGE) => ("a value", bytes, false),
        _ => return Error::Statement { file, line, source },
    };
    Box::new(TooLong { file, line, what, bytes, limit, splits, source }).into()
}

/// The server's error of `~0+1`.
const OUT_OF_RANGE: u16 = 1690;

/// Of the statement by which mydumper finds out that the server did not put together a long value from its pieces,
/// `SET @mydumper_0=IF(LENGTH(@mydumper_0)=BYTES,@mydumper_0,~0+1)`: how long the value is.
fn put_together(statement: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(statement).ok()?.trim_end();
    let (_, condition) = text.strip_prefix("SET @mydumper_")?.split_once("=IF(LENGTH(@mydumper_")?;
    let (_, bytes) = condition.strip_suffix(",~0+1)")?.split_once(")=")?;
    bytes.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_enough_and_can_be_set() {
        for (bytes, value) in [(1022, 1024), (1023, 2048), (1024, 2048), (3_000_029, 3_000_320), (1 << 30, 1 << 30)] {
            assert_eq!(enough_for(bytes), value, "{bytes}");
        }
    }

    #[test]
    fn the_length_of_a_value_that_was_not_put_together() {
        let length = |text: &str| put_together(text.as_bytes());
        assert_eq!(length("SET @mydumper_0=IF(LENGTH(@mydumper_0)=1500000,@mydumper_0,~0+1)"), Some(1_500_000));
        assert_eq!(length("SET @mydumper_0=IF(LENGTH(@mydumper_0)=1500000,@mydumper_0,~0+1)\n"), Some(1_500_000));
        assert_eq!(length("SET @mydumper_0=CONCAT(@mydumper_0,'=IF(LENGTH(@mydumper_0)=7,~0+1)')"), None);
        assert_eq!(length("SET @x=IF(LENGTH(@x)=7,@x,~0+1)"), None);
    }
}
