//! Which name somebody may have meant.

/// The one of the names that is most like a mistyped one, if one is alike at all: of three letters one may be wrong, missing
/// or too many, of six two, of nine and more three.
pub(in crate::options) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = (typed.chars().count() / 3).clamp(1, 3);
    let begins = |name: &str| typed.len() >= 4 && name.starts_with(typed);
    let distances = names.map(|name| (if begins(name) { 1 } else { distance(typed, name) }, name));
    distances.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// How many letters have to be changed, left out or added (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (row, letter) in a.chars().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in b.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or_default();
            let changed = at(&last, column) + usize::from(letter != *other);
            next.push(changed.min(at(&last, column + 1) + 1).min(at(&next, column) + 1));
        }
        last = next;
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_the_same_is_meant() {
        let names = ["threads", "triggers", "mysql", "rds", "max-threads-per-table"];
        for (typed, meant) in [
            ("thread", Some("threads")),
            ("theads", Some("threads")),
            ("mysqld", Some("mysql")),
            ("mysqll", Some("mysql")),
            ("rd", Some("rds")),
            ("max-thread-per-tabel", Some("max-threads-per-table")),
            ("max-threads", Some("max-threads-per-table")),
            ("oracle", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names.into_iter()), meant, "{typed}");
        }
    }
}
