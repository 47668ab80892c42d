//! Comments of routines and events under NO_BACKSLASH_ESCAPES.
//!
//! SHOW CREATE escapes them by backslashes, also when the sql_mode that it tells to create the program under takes
//! these for characters of the comment.

use std::borrow::Cow;

use super::is_named;

/// The query for a program's comment: as SHOW CREATE shows it in quotes, and as a session with NO_BACKSLASH_ESCAPES
/// needs it. The server makes both, since the byte of a backslash may be a part of a character. Triggers have none.
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
    // As SQL, each with its backslashes escaped once more.
    for (character, escape) in [(r"\\", r"\\\\"), (r"\0", r"\\0"), (r"\n", r"\\n"), (r"\r", r"\\r"), ("''", "''''")] {
        escaped = format!("REPLACE({escaped}, '{character}', '{escape}')");
    }
    Some(format!("SELECT {escaped}, {plain} FROM information_schema.{view} WHERE {condition}"))
}

/// The definition with the comment as it is needed.
pub fn replace<'a>(text: &'a [u8], shown: &[u8], needed: &[u8]) -> Cow<'a, [u8]> {
    let clause = |comment: &[u8]| [b"COMMENT '", comment, b"'"].concat();
    let shown_clause = clause(shown);
    // It stands before the body, so the first one is it.
    match memchr::memmem::find(text, &shown_clause) {
        Some(at) if shown != needed => {
            Cow::Owned([&text[..at], &clause(needed), &text[at + shown_clause.len()..]].concat())
        }
        _ => Cow::Borrowed(text),
    }
}
