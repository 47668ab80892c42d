//! The columns of LOAD DATA statements, and the number of warnings that the loader has to expect.
//!
//! With LOCAL the server turns errors into warnings, so the loader must not ignore any. But an ENUM's value with index 0,
//! which is not a member, causes a warning whenever it is stored, on both products and in any notation. So the dumper
//! writes the number of these at the end of the statement.

use crate::sql::quote_identifier;

const BEFORE: &str = " /* expect warnings: ";
const AFTER: &str = " */";

/// The comment at the end of a statement with this number of expected warnings; empty for 0.
pub fn expected_warnings_comment(warnings: u64) -> String {
    if warnings == 0 { String::new() } else { format!("{BEFORE}{warnings}{AFTER}") }
}

/// The number of expected warnings that the statement's comment says.
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
    /// From the bytes of the file.
    Direct,
    /// As `Direct`, for an AUTO_INCREMENT column.
    Counter,
    /// From UTF-8, for types that reject binary strings.
    Utf8,
    /// From hexadecimal digits.
    Unhex,
    /// From the index of an ENUM's member or the bits of a SET.
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
            // A text would be compared with the members first.
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
