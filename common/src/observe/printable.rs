//! Text from elsewhere (servers, files, names) as messages may hold it.

use std::borrow::Cow;

/// A message as a terminal may have it, with its own lines. Whatever else is no text in it comes from names and files.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_no_text(c))
}

/// Somebody else's text, a server's say, as a part of a message: on one line, with a blank for each of its line breaks.
pub fn printable(text: &str) -> Cow<'_, str> {
    let breaks = |c| matches!(c, '\n' | '\r' | '\t');
    if !text.contains(breaks) {
        return escaped(text, is_no_text);
    }
    Cow::Owned(escaped(&text.replace(breaks, " "), is_no_text).into_owned())
}

/// Control characters: line breaks, which would begin a message of their own, and those that a terminal obeys. Also marks
/// that turn the direction of writing.
fn is_no_text(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control()
}

fn escaped(text: &str, escapes: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&escapes) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if escapes(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_without_control_sequences() {
        for (text, shown, lines) in [
            ("plain é 表 `\\` \"q\"", "plain é 表 `\\` \"q\"", "plain é 表 `\\` \"q\""),
            ("a\n2026-01-01 [INFO] well\r", "a 2026-01-01 [INFO] well ", "a\n2026-01-01 [INFO] well\\r"),
            ("\u{1b}]0;t\u{7}\u{9b}2J\t", "\\u{1b}]0;t\\u{7}\\u{9b}2J ", "\\u{1b}]0;t\\u{7}\\u{9b}2J\\t"),
            ("\u{202e}gnp\u{2069}\u{2028}", "\\u{202e}gnp\\u{2069}\\u{2028}", "\\u{202e}gnp\\u{2069}\\u{2028}"),
        ] {
            assert_eq!((&*printable(text), &*printable_lines(text)), (shown, lines));
        }
    }
}
