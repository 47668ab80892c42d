//! Text from elsewhere (servers, files, names) as messages may hold it.

use std::borrow::Cow;

/// A message for a terminal: line breaks stay, other control characters are escaped.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && needs_escape(c))
}

/// A text from elsewhere as part of a message: on one line, with a blank for each line break.
pub fn printable(text: &str) -> Cow<'_, str> {
    let breaks = |c| matches!(c, '\n' | '\r' | '\t');
    if !text.contains(breaks) {
        return escaped(text, needs_escape);
    }
    Cow::Owned(escaped(&text.replace(breaks, " "), needs_escape).into_owned())
}

/// Control characters, which would begin a new line or control the terminal, and marks that change the direction of
/// writing.
fn needs_escape(c: char) -> bool {
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
