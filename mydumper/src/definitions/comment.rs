//! Comments of routines and events under NO_BACKSLASH_ESCAPES.
//!
//! SHOW CREATE always escapes them with backslashes. Under this sql_mode a backslash is a character of the comment.

use std::borrow::Cow;

use super::is_named;

/// The query for a program's comment, as SHOW CREATE shows it in quotes, and as a session with NO_BACKSLASH_ESCAPES needs
/// it. The server escapes both, since the byte of a backslash can be part of a character. Triggers have no comment.
pub fn query(kind: &str, database: &str, name: &str) -> Option<String> {
    let (view, prefix) = match kind {
        "TRIGGER" => return None,
        "EVENT" => ("EVENTS", "EVENT"),
        "LIBRARY" => ("LIBRARIES", "LIBRARY"),
        _ => ("ROUTINES", "ROUTINE"),
    };
    let mut condition = is_named(&[(&format!("{prefix}_SCHEMA"), database), (&format!("{prefix}_NAME"), name)]);
    if view == "ROUTINES" {
        condition.push_str(&format!(" AND ROUTINE_TYPE = '{kind}'"));
    }
    let comment = format!("{prefix}_COMMENT");
    let plain = format!("REPLACE({comment}, '''', '''''')");
    let mut escaped = comment;
    // In SQL literals each backslash is doubled once more.
    for (character, escape) in [(r"\\", r"\\\\"), (r"\0", r"\\0"), (r"\n", r"\\n"), (r"\r", r"\\r"), ("''", "''''")] {
        escaped = format!("REPLACE({escaped}, '{character}', '{escape}')");
    }
    Some(format!("SELECT {escaped}, {plain} FROM information_schema.{view} WHERE {condition}"))
}

/// The definition with the comment that NO_BACKSLASH_ESCAPES needs.
pub fn replace<'a>(text: &'a [u8], shown: &[u8], needed: &[u8]) -> Cow<'a, [u8]> {
    let clause = |comment: &[u8]| [b"COMMENT '", comment, b"'"].concat();
    let shown_clause = clause(shown);
    // The comment precedes the body, so the first match is the comment.
    match memchr::memmem::find(text, &shown_clause) {
        Some(at) if shown != needed => {
            Cow::Owned([&text[..at], &clause(needed), &text[at + shown_clause.len()..]].concat())
        }
        _ => Cow::Borrowed(text),
    }
}
