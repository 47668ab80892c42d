//! Numbers as messages have them: with their noun, as sizes and as times.

use std::fmt;
use std::time::Duration;

use indicatif::HumanCount;

/// So many of a thing, the noun in the right number: `1 table`, `48,112 rows`, `3 indexes`, `2 entries`.
///
/// `noun` is a regular English noun in the singular.
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    if number == 1 {
        return format!("1 {noun}");
    }
    format!("{} {}", HumanCount(number), plural(noun))
}

fn plural(noun: &str) -> String {
    let ends_with_any = |endings: &[&str]| endings.iter().any(|ending| noun.ends_with(ending));
    match noun.strip_suffix('y') {
        Some(stem) if !ends_with_any(&["ay", "ey", "oy", "uy"]) => format!("{stem}ies"),
        _ if ends_with_any(&["s", "x", "z", "ch", "sh"]) => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// A size in binary units with one decimal: `512 B`, `7.9 MiB`.
pub fn bytes(bytes: u64) -> impl fmt::Display {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    // What rounds to 1024.0 of a unit is 1.0 of the next.
    const NEXT: f64 = 1023.95;
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= NEXT && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// How long something took: `12 ms`, `0.4 s`, `5 min 7 s`, `2 h 5 min`.
pub fn seconds(time: Duration) -> impl fmt::Display {
    let (seconds, millis) = (time.as_secs(), time.as_millis());
    match seconds {
        0 if millis < 100 => format!("{millis} ms"),
        0..60 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_is_in_the_number_of_its_count() {
        for (number, noun, expected) in [
            (0, "table", "0 tables"),
            (1, "table", "1 table"),
            (48_112, "row", "48,112 rows"),
            (1, "index", "1 index"),
            (3, "index", "3 indexes"),
            (2, "entry", "2 entries"),
            (2, "foreign key", "2 foreign keys"),
            (2, "batch", "2 batches"),
        ] {
            assert_eq!(count(number, noun), expected);
        }
        assert_eq!(count(2_usize, "file"), "2 files");
        assert_eq!(count(u64::MAX, "byte"), "18,446,744,073,709,551,615 bytes");
    }

    #[test]
    fn sizes_have_one_decimal_of_the_largest_unit_that_they_reach() {
        for (size, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (8_283_750, "7.9 MiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(size).to_string(), expected);
        }
    }

    #[test]
    fn times_have_the_two_largest_units() {
        for (millis, expected) in [
            (0, "0 ms"),
            (99, "99 ms"),
            (100, "0.1 s"),
            (12_399, "12.3 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min 0 s"),
            (307_500, "5 min 7 s"),
            (7_500_000, "2 h 5 min"),
        ] {
            assert_eq!(seconds(Duration::from_millis(millis)).to_string(), expected);
        }
    }
}
