//! Rows that are longer than `max_allowed_packet` of the server lets through.
//!
//! A server reports them and ends the connection. Over TCP the report may be lost, since the server closes its end while the
//! rest of the statement is on the way (seen with MySQL 9.7): then the statement's length shows it.

use common::backup::file_name::DumpFile;
use common::server::connection::ServerError;
use common::server::error_codes;
use common::server::error_codes::PACKET_TOO_LARGE;
use common::sql::Statement;

use crate::ddl::insert::row_count;
use crate::jobs::context::Context;
use crate::jobs::error::{Error, TooLong};

/// The error of a failed statement of rows: its length, or anything else.
pub fn or_failed(context: &Context, file: &DumpFile, statement: &Statement<'_>, source: ServerError) -> Error {
    let limit = context.shared.max_packet;
    // A byte before it says that it is a statement.
    let length = statement.text.len() as u64 + 1;
    let (file, line) = (file.to_string(), statement.line);
    let code = source.server_code();
    let (what, bytes, splits) = match put_together(statement.text) {
        _ if length > limit && (code == Some(PACKET_TOO_LARGE) || source.is_lost_connection()) => {
            ("a statement", length, row_count(statement.text).is_some_and(|rows| rows > 1))
        }
        // `~0+1` fails with OUT_OF_RANGE.
        Some(bytes) if bytes > limit && code == Some(error_codes::OUT_OF_RANGE) => ("a value", bytes, false),
        _ => return Error::Statement { file, line, source },
    };
    Box::new(TooLong { file, line, what, bytes, limit, splits, source }).into()
}

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
    fn the_length_of_a_value_that_was_not_put_together() {
        let length = |text: &str| put_together(text.as_bytes());
        assert_eq!(length("SET @mydumper_0=IF(LENGTH(@mydumper_0)=1500000,@mydumper_0,~0+1)"), Some(1_500_000));
        assert_eq!(length("SET @mydumper_0=IF(LENGTH(@mydumper_0)=1500000,@mydumper_0,~0+1)\n"), Some(1_500_000));
        assert_eq!(length("SET @mydumper_0=CONCAT(@mydumper_0,'=IF(LENGTH(@mydumper_0)=7,~0+1)')"), None);
        assert_eq!(length("SET @x=IF(LENGTH(@x)=7,@x,~0+1)"), None);
    }
}
