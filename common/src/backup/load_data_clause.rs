//! What is written by hand into every LOAD DATA statement of ours, and what it says to the loader.
//!
//! Under LOCAL the server makes warnings of errors, so that a loader may not pass over any. But the value of an ENUM that
//! is no member, which has index 0, brings a warning whenever it is stored, on both servers and however it is written.
//! So the dumper says at the statement's end how many there have to be.

use crate::sql::quote_identifier;

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

/// How a column gets its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// From the file's bytes.
    Direct,
    /// The same, for the number of an AUTO_INCREMENT column.
    Counter,
    /// From bytes that are UTF-8, for types that do not take a binary string.
    Utf8,
    /// From hexadecimal digits.
    Unhex,
    /// From the number of an ENUM's member or the bits of a SET's.
    Unsigned,
}

/// `(columns) SET …`, the end of a LOAD DATA statement that reads files with these columns.
pub fn columns_clause<'a>(columns: impl IntoIterator<Item = (&'a str, Assignment)>) -> String {
    let mut targets = Vec::new();
    let mut assignments = Vec::new();
    let mut counter = None;
    for (index, (name, assignment)) in columns.into_iter().enumerate() {
        let name = quote_identifier(name);
        let variable = format!("@c{}", index + 1);
        let value = match assignment {
            Assignment::Direct | Assignment::Counter => {
                if assignment == Assignment::Counter {
                    counter = Some(format!("{name}={name}"));
                }
                targets.push(name);
                continue;
            }
            Assignment::Utf8 => format!("CONVERT({variable} USING utf8mb4)"),
            Assignment::Unhex => format!("UNHEX({variable})"),
            // As text it would be looked for among the members first.
            Assignment::Unsigned => format!("CAST({variable} AS UNSIGNED)"),
        };
        targets.push(variable);
        assignments.push(format!("{name}={value}"));
    }
    if targets.is_empty() {
        // A table whose columns are all generated still has so many rows.
        targets.push("@c1".to_owned());
    }
    let mut clause = format!("({})", targets.join(","));
    if !assignments.is_empty() {
        // Where other columns are set, MariaDB gives a row with a 0 in this one the next number, unless it is too.
        assignments.extend(counter);
        clause.push_str(&format!(" SET {}", assignments.join(",")));
    }
    clause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_text_cannot_fill_are_set() {
        use Assignment::{Counter, Direct, Unhex, Unsigned, Utf8};
        assert_eq!(columns_clause([("a`", Direct), ("b", Counter)]), "(`a```,`b`)");
        assert_eq!(
            columns_clause([("a", Utf8), ("b", Unhex), ("c", Direct), ("d", Unsigned), ("e", Counter)]),
            "(@c1,@c2,`c`,@c4,`e`) SET `a`=CONVERT(@c1 USING utf8mb4),`b`=UNHEX(@c2),`d`=CAST(@c4 AS UNSIGNED),`e`=`e`"
        );
        assert_eq!(columns_clause([]), "(@c1)");
    }

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
