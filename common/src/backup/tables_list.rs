//! `--tables-list`: names of tables, and patterns of names as LIKE has them.

use std::collections::BTreeSet;

use crate::sql::name::QualifiedName;

/// The entries of the list.
///
/// mydumper takes each for a pattern, so that `shop.log_1` would choose `shop.log21` too. Here a name that is there means
/// itself alone; of the others, `%` stands for any characters, `_` for one, and a backslash takes either as it is. The
/// database is always a name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct TablesList {
    names: BTreeSet<QualifiedName>,
    patterns: BTreeSet<QualifiedName>,
}

impl TablesList {
    /// Of these entries. Until it is [known](Self::settle) which are there, those with `%` are patterns.
    pub fn new(entries: BTreeSet<QualifiedName>) -> TablesList {
        let (patterns, names) = entries.into_iter().partition(|entry| entry.name.contains('%'));
        TablesList { names, patterns }
    }

    /// Tells the names from the patterns by what is there.
    ///
    /// # Errors
    /// Those of `is_there`.
    pub fn settle<E>(&mut self, mut is_there: impl FnMut(&QualifiedName) -> Result<bool, E>) -> Result<(), E> {
        for entry in self.entries().into_iter().filter(|entry| entry.name.contains(['%', '_'])) {
            let (from, to) = match is_there(&entry)? {
                true => (&mut self.patterns, &mut self.names),
                false => (&mut self.names, &mut self.patterns),
            };
            from.remove(&entry);
            to.insert(entry);
        }
        Ok(())
    }

    /// Whether there is no list.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.patterns.is_empty()
    }

    /// Names of single tables.
    pub fn names(&self) -> &BTreeSet<QualifiedName> {
        &self.names
    }

    /// Patterns, each with the name of its database.
    pub fn patterns(&self) -> &BTreeSet<QualifiedName> {
        &self.patterns
    }

    /// All entries as they were given.
    pub fn entries(&self) -> BTreeSet<QualifiedName> {
        self.names.union(&self.patterns).cloned().collect()
    }

    /// Whether an entry chooses the table. `folds`: names are the same in any case.
    pub fn has(&self, table: &QualifiedName, folds: bool) -> bool {
        has_name(&self.names, table, folds) || self.patterns.iter().any(|pattern| is_like(pattern, table, folds))
    }

    /// Whether an entry is of this database.
    pub fn has_database(&self, database: &str, folds: bool) -> bool {
        self.names.iter().chain(&self.patterns).any(|entry| is_same(&entry.database, database, folds))
    }
}

/// Whether two names are those of one object. `folds`: in any case.
pub fn is_same(a: &str, b: &str, folds: bool) -> bool {
    a == b || (folds && a.to_lowercase() == b.to_lowercase())
}

/// Whether the set has a name.
pub fn has_name(names: &BTreeSet<QualifiedName>, table: &QualifiedName, folds: bool) -> bool {
    let is_it = |name: &QualifiedName| {
        is_same(&name.database, &table.database, folds) && is_same(&name.name, &table.name, folds)
    };
    names.contains(table) || (folds && names.iter().any(is_it))
}

/// Whether a pattern matches the name of a table.
pub fn is_like(pattern: &QualifiedName, table: &QualifiedName, folds: bool) -> bool {
    if !is_same(&pattern.database, &table.database, folds) {
        return false;
    }
    let folded = |text: &str| if folds { text.to_lowercase() } else { text.to_owned() };
    let pattern = parts(&folded(&pattern.name));
    let name: Vec<char> = folded(&table.name).chars().collect();
    // Where to go on if what follows the last `%` does not match: one character later.
    let (mut at, mut part, mut retry) = (0, 0, None);
    while let Some(&character) = name.get(at) {
        match pattern.get(part) {
            Some(Part::Any) => {
                part += 1;
                retry = Some((part, at));
            }
            Some(Part::One) => (at, part) = (at + 1, part + 1),
            Some(Part::Is(wanted)) if *wanted == character => (at, part) = (at + 1, part + 1),
            _ => match &mut retry {
                Some((after, from)) => {
                    *from += 1;
                    (at, part) = (*from, *after);
                }
                None => return false,
            },
        }
    }
    pattern.get(part..).unwrap_or_default().iter().all(|part| *part == Part::Any)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Is(char),
}

fn parts(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => Part::Is(characters.next().unwrap_or('\\')),
            other => Part::Is(other),
        });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    fn like(pattern: &str, name: &str, folds: bool) -> bool {
        is_like(&QualifiedName::new("d", pattern), &QualifiedName::new("d", name), folds)
    }

    fn list(entries: &[&str]) -> TablesList {
        TablesList::new(entries.iter().map(|entry| QualifiedName::new("d", *entry)).collect())
    }

    #[test]
    fn patterns_are_those_of_like() {
        for (pattern, yes, no) in [
            ("%", &["a", "é", "a.b"][..], &[][..]),
            ("a%", &["a", "ab"], &["ba", "A"]),
            ("%a", &["a", "ba", "aba"], &["ab"]),
            ("a_", &["ab", "aé"], &["a", "abc"]),
            ("a\\_%", &["a_", "a_b"], &["ab"]),
            ("%a%b_", &["abc", "xaybz", "aabbb"], &["ab", "ba"]),
            ("a\\", &["a\\"], &["a"]),
        ] {
            yes.iter().for_each(|name| assert!(like(pattern, name, false), "{pattern} {name}"));
            no.iter().for_each(|name| assert!(!like(pattern, name, false), "{pattern} {name}"));
        }
        assert!(like("A%", "ab", true));
        assert!(!is_like(&QualifiedName::new("d%", "%"), &QualifiedName::new("d1", "a"), false));
    }

    #[test]
    fn a_name_that_is_there_means_itself_alone() {
        let mut tables = list(&["a_b", "c_d", "e%f"]);
        let has = |tables: &TablesList, name: &str| tables.has(&QualifiedName::new("d", name), false);
        assert!(has(&tables, "a_b") && !has(&tables, "axb") && !has(&tables, "cxd") && has(&tables, "exf"));
        let there = ["a_b", "axb", "cxd", "e%f", "exf"];
        tables.settle(|name| Ok::<_, Infallible>(there.contains(&name.name.as_str()))).unwrap();
        let chosen: Vec<_> = there.iter().filter(|name| has(&tables, name)).collect();
        assert_eq!(chosen, [&"a_b", &"cxd", &"e%f"]);
        assert_eq!(tables.entries(), list(&["a_b", "c_d", "e%f"]).entries());
        assert!(tables.has_database("d", false) && !tables.has_database("D", false) && tables.has_database("D", true));
    }

    proptest! {
        #[test]
        fn a_name_is_like_itself(name in "[a%_\\\\]{0,8}", folds: bool) {
            let pattern: String = name.chars().flat_map(|c| ['\\', c]).collect();
            prop_assert!(like(&pattern, &name, folds));
            prop_assert!(like("%", &name, folds));
        }
    }
}
