//! What a LOAD DATA statement of a dump says to the loader.
//!
//! Under LOCAL the server makes warnings of errors, so that a loader may not pass over any. But the value of an ENUM that
//! is no member, which has index 0, brings a warning whenever it is stored, on both servers and however it is written.
//! So the dumper says at the statement's end how many there have to be.

const BEFORE: &str = " /* expect warnings: ";
const AFTER: &str = " */";

/// What stands behind the statement when there are to be so many warnings; nothing for none.
pub fn expected_warnings_comment(warnings: u64) -> String {
    if warnings == 0 { String::new() } else { format!("{BEFORE}{warnings}{AFTER}") }
}

/// How many warnings the statement has to bring.
pub fn expected_warnings(statement: &[u8]) -> u64 {
    let number = || {
        let rest = statement.trim_ascii_end().strip_suffix(AFTER.as_bytes())?;
        let at = rest.iter().rposition(|byte| !byte.is_ascii_digit())? + 1;
        let (before, digits) = rest.split_at(at);
        if !before.ends_with(BEFORE.as_bytes()) {
            return None;
        }
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    number().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_is_read_as_it_was_written() {
        for warnings in [0, 1, 99_999, u64::MAX] {
            let statement = format!("LOAD DATA LOCAL INFILE 'a' (`b`){}", expected_warnings_comment(warnings));
            assert_eq!(expected_warnings(statement.as_bytes()), warnings);
        }
        for other in ["", "LOAD DATA (`a /* expect warnings: 1 */`)", "x /* expect warnings: */", "x /* warnings: 1 */"]
        {
            assert_eq!(expected_warnings(other.as_bytes()), 0, "{other}");
        }
        assert_eq!(expected_warnings(b"x /* expect warnings: 7 */\n"), 7);
    }
}
