//! Which tables are dumped or restored.

use std::collections::BTreeSet;

use fancy_regex::{CompileError, Regex, RegexBuilder};

use crate::process::exit::{Exit, Failure};
use crate::sql::name::QualifiedName;

/// Databases of the server itself, left out unless they are asked for by name.
pub const SYSTEM_DATABASES: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];

/// The filters that were given, together: a table passes when it passes each.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    /// `--database`: these databases only, when not empty.
    pub databases: Vec<String>,
    /// `--tables-list`: these tables only, when not empty.
    pub tables: BTreeSet<QualifiedName>,
    /// `--omit-from-file`: not these.
    pub omitted: BTreeSet<QualifiedName>,
    /// `--regex` on `database.table`.
    pub regex: Option<Pattern>,
}

/// A pattern that a user gave, with look-around and back references as in PCRE. It matches anywhere in a name, without
/// regard to case.
///
/// `fancy-regex` hands a pattern without these to `regex`, which needs time linear in the name. Only the others
/// backtrack, up to a limit. Choosing `regex` here for the former would save 10 ns a name, for a second engine that differs in
/// its errors.
#[derive(Debug, Clone)]
pub struct Pattern {
    option: &'static str,
    regex: Regex,
}

/// Why a filter cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// `--tables-list` or a line of `--omit-from-file` has no database.
    #[error("{0:?} has no database: write DATABASE.TABLE")]
    NotQualified(String),
    /// A pattern is not valid.
    #[error("{option} {pattern:?} is not a valid pattern: {}", reason(.source))]
    Regex {
        /// The option that it was given with.
        option: &'static str,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: Box<fancy_regex::Error>,
    },
    /// The pattern needs more backtracking on a name than is allowed.
    #[error("{option} {pattern:?} cannot be decided for {name}: {source}; simplify the pattern")]
    Undecided {
        /// The option that it was given with.
        option: &'static str,
        /// The pattern.
        pattern: String,
        /// The name that it was tried on.
        name: String,
        /// The limit that was reached.
        source: Box<fancy_regex::Error>,
    },
}

/// What is wrong with a pattern, in one line. What `regex` finds, `fancy-regex` reports as "error parsing pattern 0".
fn reason(error: &fancy_regex::Error) -> String {
    let syntax = match error {
        fancy_regex::Error::CompileError(error) => match &**error {
            CompileError::InnerError(error) => error.syntax_error(),
            _ => None,
        },
        _ => None,
    };
    let Some(syntax) = syntax.map(ToString::to_string) else { return error.to_string() };
    // The lines before it draw the pattern.
    syntax.lines().last().map(|line| line.trim_start_matches("error: ").to_owned()).unwrap_or(syntax)
}

impl Failure for FilterError {
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

impl Pattern {
    /// As it was given.
    pub fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Compiles a pattern that was given with this option.
    ///
    /// # Errors
    /// [`FilterError::Regex`].
    pub fn compile(option: &'static str, pattern: &str) -> Result<Pattern, FilterError> {
        // mydumper matches without regard to case.
        match RegexBuilder::new(pattern).case_insensitive(true).build() {
            Ok(regex) => Ok(Pattern { option, regex }),
            Err(source) => Err(FilterError::Regex { option, pattern: pattern.to_owned(), source: Box::new(source) }),
        }
    }

    /// Whether it matches a part of a name.
    ///
    /// # Errors
    /// [`FilterError::Undecided`].
    pub fn matches(&self, name: &str) -> Result<bool, FilterError> {
        self.regex.is_match(name).map_err(|source| FilterError::Undecided {
            option: self.option,
            pattern: self.as_str().to_owned(),
            name: name.to_owned(),
            source: Box::new(source),
        })
    }
}

impl Filter {
    /// Whether everything but the system's databases passes.
    pub fn is_empty(&self) -> bool {
        self.databases.is_empty() && self.tables.is_empty() && self.omitted.is_empty() && self.regex.is_none()
    }

    /// Reads names of tables: an entry is `database.table`, the first dot ends the database.
    ///
    /// # Errors
    /// [`FilterError::NotQualified`].
    pub fn names<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<BTreeSet<QualifiedName>, FilterError> {
        entries
            .into_iter()
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| match entry.split_once('.') {
                Some((database, name)) if !database.is_empty() && !name.is_empty() => {
                    Ok(QualifiedName::new(database, name))
                }
                _ => Err(FilterError::NotQualified(entry.to_owned())),
            })
            .collect()
    }

    /// Whether a database is looked into at all.
    pub fn passes_database(&self, database: &str) -> bool {
        if !self.databases.is_empty() {
            return self.databases.iter().any(|name| name == database);
        }
        if !self.tables.is_empty() {
            return self.tables.iter().any(|table| table.database == database);
        }
        !SYSTEM_DATABASES.iter().any(|system| system.eq_ignore_ascii_case(database))
    }

    /// Whether a table, view or sequence passes.
    ///
    /// # Errors
    /// [`FilterError::Undecided`].
    pub fn passes_table(&self, name: &QualifiedName) -> Result<bool, FilterError> {
        Ok(self.passes_database(&name.database)
            && (self.tables.is_empty() || self.tables.contains(name))
            && !self.omitted.contains(name)
            && self.matches(&format!("{}.{}", name.database, name.name))?)
    }

    /// Whether what belongs to a database as a whole (its CREATE, its routines and events) passes: with a pattern,
    /// if the pattern takes `database.`, as mydumper decides it, or one of its tables passes.
    ///
    /// # Errors
    /// [`FilterError::Undecided`].
    pub fn passes_database_objects(&self, database: &str) -> Result<bool, FilterError> {
        Ok(self.tables.is_empty() && self.passes_database(database) && self.matches(&format!("{database}."))?)
    }

    fn matches(&self, name: &str) -> Result<bool, FilterError> {
        self.regex.as_ref().map_or(Ok(true), |regex| regex.matches(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(filter: &Filter, database: &str, name: &str) -> bool {
        filter.passes_table(&QualifiedName::new(database, name)).unwrap()
    }

    #[test]
    fn system_databases_are_left_out_unless_asked_for() {
        let none = Filter::default();
        assert!(passes(&none, "shop", "t"));
        assert!(!passes(&none, "mysql", "user"));
        assert!(!passes(&none, "PERFORMANCE_SCHEMA", "threads"));
        let asked = Filter { databases: vec!["mysql".into()], ..Filter::default() };
        assert!(passes(&asked, "mysql", "user"));
        assert!(!passes(&asked, "shop", "t"));
        let table = Filter { tables: Filter::names(["mysql.user"]).unwrap(), ..Filter::default() };
        assert!(passes(&table, "mysql", "user"));
        assert!(!passes(&table, "mysql", "db"));
    }

    #[test]
    fn patterns_take_look_ahead_and_ignore_case() {
        let pattern = Pattern::compile("--regex", r"^(?!(mysql\.|sys\.|shop\.log_))").unwrap();
        let filter = Filter { regex: Some(pattern), ..Filter::default() };
        assert!(passes(&filter, "shop", "orders"));
        assert!(!passes(&filter, "shop", "LOG_2026"));
        assert!(filter.passes_database_objects("shop").unwrap());
    }

    #[test]
    fn a_wrong_pattern_is_explained_in_one_line() {
        for (pattern, text) in [
            ("a|(", "Parsing error at position 3: Opening parenthesis without closing parenthesis"),
            ("(?!x", "Parsing error at position 4: Opening parenthesis without closing parenthesis"),
            ("*a", "Parsing error at position 0: Target of repeat operator is invalid"),
            ("[z-a]", "invalid character class range, the start must be <= the end"),
            (r"(?!x)\p{Shop}", "Unicode property not found"),
        ] {
            let error = Pattern::compile("--regex", pattern).unwrap_err();
            assert_eq!(error.to_string(), format!("--regex {pattern:?} is not a valid pattern: {text}"));
        }
    }

    #[test]
    fn only_patterns_with_look_around_or_back_references_have_a_limit() {
        let name = "a".repeat(64) + "!";
        let plain = Pattern::compile("--regex", "^(a+)+$").unwrap();
        assert!(!plain.matches(&name).unwrap());
        let limited = Pattern::compile("--regex", "^((?=a)a+)+$").unwrap();
        assert!(limited.matches("AAA").unwrap());
        assert_eq!(
            limited.matches(&name).unwrap_err().to_string(),
            format!(
                "--regex \"^((?=a)a+)+$\" cannot be decided for {name}: Error executing regex: Max limit for backtracking \
                 count exceeded; simplify the pattern"
            )
        );
    }

    #[test]
    fn omitted_tables_and_lists() {
        let filter = Filter { omitted: Filter::names(["shop.log", "", " shop.tmp "]).unwrap(), ..Filter::default() };
        assert!(!passes(&filter, "shop", "tmp"));
        assert!(passes(&filter, "shop", "tmp2"));
        assert_eq!(
            Filter::names(["orders"]).unwrap_err().to_string(),
            "\"orders\" has no database: write DATABASE.TABLE"
        );
    }
}
