//! Quoting of identifiers and strings.

/// An identifier in backticks.
pub fn quote_identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A string literal in single quotes, for sessions without `NO_BACKSLASH_ESCAPES`.
pub fn quote_string(text: &str) -> String {
    let mut out = vec![b'\''];
    escape_into(&mut out, text.as_bytes());
    out.push(b'\'');
    // Escaping adds ASCII only, so the text is still UTF-8.
    String::from_utf8_lossy(&out).into_owned()
}

/// The character after the backslash for each byte that has to be escaped, 0 for the others. Line breaks are escaped so
/// that the end of a statement is the end of a line, ctrl-Z for Windows.
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
/// Bytes are escaped one by one, as a session with `SET NAMES binary` reads them, which keeps text of any character set.
pub fn escape_into(out: &mut Vec<u8>, bytes: &[u8]) {
    // Nearly all blocks need no escape and are copied whole.
    let (blocks, rest) = bytes.as_chunks::<64>();
    for block in blocks {
        if needs_escape(block) { escape_runs(out, block) } else { out.extend_from_slice(block) }
    }
    if any_needs_escape(rest) { escape_runs(out, rest) } else { out.extend_from_slice(rest) }
}

/// A fixed length lets the compiler compare all bytes at once.
#[inline]
fn needs_escape<const N: usize>(bytes: &[u8; N]) -> bool {
    let any = bytes.iter().fold(0, |any, &byte| {
        let special =
            (byte == 0) | (byte == b'\n') | (byte == b'\r') | (byte == 0x1a) | (byte == b'\'') | (byte == b'\\');
        any | u8::from(special)
    });
    any != 0
}

/// In blocks of which the last overlaps the one before.
#[inline]
fn any_needs_escape(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk::<16>() {
        let (blocks, _) = bytes.as_chunks::<16>();
        blocks.iter().fold(needs_escape(last), |any, block| any | needs_escape(block))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        needs_escape(first) | needs_escape(last)
    } else {
        bytes.iter().any(|&byte| ESCAPES[usize::from(byte)] != 0)
    }
}

fn escape_runs(out: &mut Vec<u8>, bytes: &[u8]) {
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
    use proptest::prelude::*;

    #[test]
    fn identifiers_and_strings() {
        assert_eq!(quote_identifier("a`b"), "`a``b`");
        assert_eq!(quote_string("it's\n\\ é"), "'it\\'s\\n\\\\ é'");
    }

    fn escaped_singly(bytes: &[u8]) -> Vec<u8> {
        let mut expected = Vec::new();
        for &byte in bytes {
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
        expected
    }

    #[test]
    fn every_byte_value_is_kept_or_escaped() {
        let all: Vec<u8> = (0..=255).collect();
        let mut out = Vec::new();
        escape_into(&mut out, &all);
        assert_eq!(out, escaped_singly(&all));
    }

    proptest! {
        #[test]
        fn wherever_a_byte_is(
            bytes in prop::collection::vec(prop::sample::select(&b"\0\n\r\x1a'\\abcdefghijklmnopqrstuvwx\xe9"[..]), 0..200),
        ) {
            let mut out = b"before".to_vec();
            escape_into(&mut out, &bytes);
            prop_assert_eq!(&out, &[b"before", escaped_singly(&bytes).as_slice()].concat());
        }
    }
}
