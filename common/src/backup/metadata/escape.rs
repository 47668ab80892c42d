//! Names and SQL as values of a metadata file.

/// A value of one line, escaped as in GLib's key files, also the blanks at both ends, which would be trimmed.
pub fn escape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let last = name.len().saturating_sub(1);
    for (index, character) in name.char_indices() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            ' ' if index == 0 || index == last => out.push_str("\\s"),
            _ => out.push(character),
        }
    }
    out
}

/// Undoes [`escape`]. A backslash before any other character stays, since mydumper does not escape.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = match (character, characters.peek()) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            ('\\', Some('t')) => '\t',
            ('\\', Some('s')) => ' ',
            ('\\', Some('\\')) => '\\',
            _ => {
                out.push(character);
                continue;
            }
        };
        characters.next();
        out.push(escaped);
    }
    out
}
