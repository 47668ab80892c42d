//! Events. A server drops or disables one whose time is over when it is created, whatever it was in the source: it is
//! created at a time at which it was not.

use common::server::connection::ServerError;
use common::sql::token::{SqlDialect, Token, TokenKind, Tokens};

use crate::jobs::context::Context;
use crate::objects::definition_file::Handled;
use crate::tolerance::{Fault, Rejection};

/// Notes about an event whose time is over: it was disabled, or dropped at once.
const DISABLED: u64 = 1544;
const DROPPED: u64 = 1588;
/// A time before all events, in seconds of UNIX_TIMESTAMP: late enough to be after 1970 in all time zones.
const LONG_AGO: &str = "172800";

/// CREATE EVENT. `object` names it in messages.
pub fn create(context: &mut Context, statement: &[u8], object: String) -> Result<Handled, ServerError> {
    let outcome = context.session.prepare(statement)?;
    if outcome.warnings == 0 {
        return Ok(Handled::Yes);
    }
    let notes = context.session.unchanged().query("SHOW WARNINGS")?;
    let has = |code: u64| notes.iter().any(|note| note.number(1) == Some(code));
    let schedule = Schedule::parse(statement);
    if !(has(DROPPED) || has(DISABLED) && schedule.enabled) {
        return Ok(Handled::Yes);
    }
    let scheduler = context.session.unchanged().query_first("SELECT @@GLOBAL.event_scheduler")?;
    if schedule.enabled && scheduler.is_some_and(|row| row.text(0).eq_ignore_ascii_case("ON")) {
        // The scheduler would do the same at any moment.
        let became = if has(DROPPED) { "drops it" } else { "disables it" };
        let why = format!(
            "its time is over, and this server, whose event scheduler is on, {became} (in the dump it is enabled; SET GLOBAL \
             event_scheduler = OFF before the restore keeps it)"
        );
        context.skipped.push(Rejection { object, why, fault: Fault::Server(None) });
        return Ok(Handled::Yes);
    }
    if !has(DROPPED) {
        let name = schedule.name.as_deref().unwrap_or_default();
        context.session.execute_ddl([b"DROP EVENT IF EXISTS ", name].concat())?;
    }
    let time = match &schedule.end {
        Some(end) => [b"UNIX_TIMESTAMP(", &end[..], b") - 1"].concat(),
        None => LONG_AGO.into(),
    };
    context.session.execute_ddl([b"SET SESSION timestamp = ", &time[..]].concat())?;
    let created = context.session.prepare(statement);
    context.session.execute_ddl("SET SESSION timestamp = DEFAULT")?;
    created.map(|_| Handled::Yes)
}

/// What an event's definition says of its time.
#[derive(Debug, Default, PartialEq, Eq)]
struct Schedule {
    /// As written.
    name: Option<Vec<u8>>,
    /// The literal of the last moment at which it can be due.
    end: Option<Vec<u8>>,
    enabled: bool,
}

impl Schedule {
    fn parse(statement: &[u8]) -> Schedule {
        let mut schedule = Schedule { enabled: true, ..Schedule::default() };
        let tokens: Vec<Token<'_>> = Tokens::new(statement, SqlDialect::default())
            .filter(|token| !common::sql::cursor::is_comment(token))
            .take_while(|token| !token.is_word("DO"))
            .collect();
        for pair in tokens.windows(2) {
            let [word, next] = pair else { continue };
            if (word.is_word("AT") || word.is_word("ENDS")) && next.kind == TokenKind::String {
                schedule.end = Some(next.text.to_vec());
            } else if word.is_word("EVENT") && schedule.name.is_none() {
                schedule.name = Some(next.text.to_vec());
            }
        }
        // Behind the schedule, and before a comment, whose text is no word.
        schedule.enabled = !tokens.iter().any(|token| token.is_word("DISABLE"));
        schedule
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_schedule_is_found() {
        for (sql, end, enabled) in [
            (
                "CREATE DEFINER=`a`@`b` EVENT `e` ON SCHEDULE AT '2024-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE DO SELECT 1",
                Some("'2024-01-01 00:00:00'"),
                true,
            ),
            (
                "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY STARTS '2023-01-01 00:00:00' ENDS '2024-01-01 00:00:00' DISABLE ON SLAVE DO BEGIN END",
                Some("'2024-01-01 00:00:00'"),
                false,
            ),
            (
                "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY STARTS '2023-01-01 00:00:00' ENABLE COMMENT 'DISABLE' DO SELECT 'ENDS'",
                None,
                true,
            ),
        ] {
            let end = end.map(|end: &str| end.as_bytes().to_vec());
            let expected = Schedule { name: Some(b"`e`".to_vec()), end, enabled };
            assert_eq!(Schedule::parse(sql.as_bytes()), expected, "{sql}");
        }
    }
}
