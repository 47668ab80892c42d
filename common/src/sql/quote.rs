//! Quoting of identifiers and strings.

/// An identifier in backticks, whatever it holds.
pub fn quote_identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A string literal in single quotes, for statements of our own that run without `NO_BACKSLASH_ESCAPES`.
pub fn quote_string(text: &str) -> String {
    let mut out = vec![b'\''];
    escape_into(&mut out, text.as_bytes());
    out.push(b'\'');
    // Escaping puts ASCII before ASCII, so what was UTF-8 still is.
    String::from_utf8_lossy(&out).into_owned()
}

/// The character that follows the backslash, for bytes that a literal in single quotes cannot hold as they are; 0 for
/// the others. Line breaks are escaped so that a statement's end can be found by its line alone, ctrl-Z for Windows.
static ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    table[0] = b'0';
    table[b'\n' as usize] = b'n';
    table[b'\r' as usize] = b'r';
    table[0x1a] = b'Z';
    table[b'\'' as usize] = b'\'';
    table[b'\\' as usize] = b'\\';
    table
};

/// Appends the inside of a literal in single quotes.
///
/// Bytes are taken singly, as a session with `SET NAMES binary` reads them, so text of any character set is kept.
pub fn escape_into(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|&byte| ESCAPES[usize::from(byte)] != 0) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'\\', ESCAPES[usize::from(rest[at])]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_strings() {
        assert_eq!(quote_identifier("a`b"), "`a``b`");
        assert_eq!(quote_string("it's\n\\ é"), "'it\\'s\\n\\\\ é'");
    }

    #[test]
    fn every_byte_value_is_kept_or_escaped() {
        let all: Vec<u8> = (0..=255).collect();
        let mut out = Vec::new();
        escape_into(&mut out, &all);
        let mut expected = Vec::new();
        for byte in 0..=255_u8 {
            match byte {
                0 => expected.extend(b"\\0"),
                b'\n' => expected.extend(b"\\n"),
                b'\r' => expected.extend(b"\\r"),
                0x1a => expected.extend(b"\\Z"),
                b'\'' => expected.extend(b"\\'"),
                b'\\' => expected.extend(b"\\\\"),
                _ => expected.push(byte),
            }
        }
        assert_eq!(out, expected);
    }
}
