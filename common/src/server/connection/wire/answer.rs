//! The server's answers to a command
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_response_packets.html>).

use std::io::{self, ErrorKind};

use crate::observe::printable::printable;
use crate::server::connection::row::length;
use crate::server::connection::{Cause, StatementOutcome};

/// The first packet of an answer.
pub(super) enum Answer {
    /// The statement is done.
    Ok(Done),
    /// It failed.
    Error(Cause),
    /// The server asks for the file of this name, as for LOAD DATA LOCAL.
    Infile(String),
    /// Rows with so many columns follow.
    Columns(usize),
}

/// What a statement without rows did, and whether another answer follows.
pub(super) struct Done {
    pub(super) outcome: StatementOutcome,
    pub(super) more: bool,
}

/// No server sends as many columns.
const TOO_MANY_COLUMNS: usize = 1 << 16;
/// `SERVER_MORE_RESULTS_EXISTS`, as after a CALL.
const MORE_RESULTS: u16 = 0x0008;

const OK: u8 = 0x00;
const ERROR: u8 = 0xff;
const EOF: u8 = 0xfe;
const INFILE: u8 = 0xfb;

/// Parses an answer's first packet.
pub(super) fn parse(packet: &[u8]) -> Option<Answer> {
    Some(match *packet.first()? {
        OK => Answer::Ok(done(packet)?),
        ERROR => Answer::Error(error(packet)?),
        INFILE => Answer::Infile(String::from_utf8_lossy(packet.get(1..)?).into_owned()),
        _ => {
            let (columns, size) = length(packet)?;
            ((1..TOO_MANY_COLUMNS).contains(&columns) && size == packet.len()).then_some(Answer::Columns(columns))?
        }
    })
}

fn done(packet: &[u8]) -> Option<Done> {
    let mut rest = packet.get(1..)?;
    let mut number = || {
        let (number, size) = length(rest)?;
        rest = rest.get(size..)?;
        Some(number)
    };
    let (affected_rows, _last_id) = (number()?, number()?);
    let (status, rest) = rest.split_first_chunk().map(|(status, rest)| (u16::from_le_bytes(*status), rest))?;
    let (warnings, info) = rest.split_first_chunk().map(|(warnings, info)| (u16::from_le_bytes(*warnings), info))?;
    // The length before the text does no harm: numbers are found by their names.
    let outcome = StatementOutcome::new(affected_rows as u64, warnings, &String::from_utf8_lossy(info));
    Some(Done { outcome, more: status & MORE_RESULTS != 0 })
}

/// The server's error, if the packet is one. Errors before the login have no SQLSTATE.
pub(super) fn error(packet: &[u8]) -> Option<Cause> {
    let (code, text) = packet.strip_prefix(&[ERROR])?.split_first_chunk()?;
    let (state, message) = match text.strip_prefix(b"#").and_then(<[u8]>::split_first_chunk::<5>) {
        Some((state, message)) => (printable(&String::from_utf8_lossy(state)).into_owned(), message),
        None => ("HY000".to_owned(), text),
    };
    let message = printable(&String::from_utf8_lossy(message)).into_owned();
    Some(Cause::Server { code: u16::from_le_bytes(*code), state, message })
}

/// If the packet ends columns or rows: whether another answer follows. A row that begins with this byte is longer.
#[inline]
pub(super) fn end(packet: &[u8]) -> Option<bool> {
    match *packet {
        [EOF, _, _, low, high] => Some(u16::from_le_bytes([low, high]) & MORE_RESULTS != 0),
        _ => None,
    }
}

/// Whether the packet is an error and not a row, which cannot begin with this byte.
#[inline]
pub(super) fn is_error(packet: &[u8]) -> bool {
    packet.first() == Some(&ERROR)
}

/// The name in a column's definition: the fifth of its texts.
pub(super) fn column_name(packet: &[u8]) -> Option<String> {
    let mut rest = packet;
    let mut text = &packet[..0];
    for _ in 0..5 {
        let (length, size) = length(rest)?;
        let end = size.checked_add(length)?;
        text = rest.get(size..end)?;
        rest = rest.get(end..)?;
    }
    Some(String::from_utf8_lossy(text).into_owned())
}

/// The error for a packet that is not what it should be.
pub(super) fn damaged(what: &str) -> io::Error {
    io::Error::new(
        ErrorKind::InvalidData,
        format!("malformed {what}: the connection is corrupted, or this is not a MySQL server"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_statement_did() {
        let packet = b"\0\xfc\x2c\x01\x05\x0a\0\x02\0\x26Records: 300  Duplicates: 0  Warnings: 2";
        let Some(Answer::Ok(done)) = parse(packet) else { panic!() };
        assert!(done.more);
        let outcome = StatementOutcome { affected_rows: 300, records: Some(300), skipped: 0, warnings: 2 };
        assert_eq!(done.outcome, outcome);
    }

    #[test]
    fn errors_with_and_without_a_state() {
        for (packet, text) in [
            (
                &b"\xff\x7a\x04#42S02Table 'a.b' doesn't exist"[..],
                "server error 1146 (42S02): Table 'a.b' doesn't exist",
            ),
            (b"\xff\x10\x04Too many connections", "server error 1040 (HY000): Too many connections"),
            (b"\xff\x10\x04a\n\x1b[2J", "server error 1040 (HY000): a \\u{1b}[2J"),
        ] {
            assert_eq!(error(packet).unwrap().to_string(), text);
        }
        assert!(error(b"\xff\x10").is_none());
    }

    #[test]
    fn ends_and_columns() {
        assert_eq!(end(b"\xfe\0\0\x02\0"), Some(false));
        assert_eq!(end(b"\xfe\0\0\x0a\0"), Some(true));
        assert_eq!(end(b"\xfe\0\0\x02\0a"), None);
        let definition = b"\x03def\x01d\x01t\x01t\x04Name\x04name\x0c";
        assert_eq!(column_name(definition).as_deref(), Some("Name"));
        assert!(matches!(parse(b"\x03"), Some(Answer::Columns(3))));
        assert!(matches!(parse(b"\xfbfile"), Some(Answer::Infile(name)) if name == "file"));
        assert!(parse(b"\xfd\0\0\x01").is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_none(packet in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = (parse(&packet), error(&packet), end(&packet), column_name(&packet));
        }
    }
}
