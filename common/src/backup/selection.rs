//! Which tables are dumped or restored.

use std::collections::BTreeSet;

use fancy_regex::{CompileError, Regex, RegexBuilder};

use crate::backup::tables_list::{TablesList, has_name, is_same};
use crate::process::exit::{Exit, Failure};
use crate::sql::name::QualifiedName;

/// Databases of the server itself, left out unless they are asked for by name, or by a pattern that names them.
pub const SYSTEM_DATABASES: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];

/// A database that no pattern is about.
const ANY_DATABASE: &str = "any database";

/// The filters that were given, together: a table passes when it passes each.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    /// `--database`: these databases only, when not empty.
    pub databases: Vec<String>,
    /// `--tables-list`: these tables only, when not empty.
    pub tables: TablesList,
    /// `--omit-from-file`: not these.
    pub omitted: BTreeSet<QualifiedName>,
    /// Not these either: they cannot be read.
    pub unreadable: BTreeSet<QualifiedName>,
    /// `--regex` on `database.table`.
    pub regex: Option<Pattern>,
    /// Whether the databases of the server itself pass like any other.
    pub with_system: bool,
    /// Whether names are the same in any case, as on a server with `lower_case_table_names`.
    pub folds_names: bool,
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

    /// Whether it was written for a database: its text has the name, and it matches this table of the database, but not one
    /// of the same name elsewhere. `^(?!mysql\.)` and `.` were not written for `mysql`, `^mysql\.proc$` was.
    ///
    /// # Errors
    /// [`FilterError::Undecided`].
    fn is_about(&self, database: &str, table: &str) -> Result<bool, FilterError> {
        Ok(self.mentions(database)
            && self.matches(&format!("{database}.{table}"))?
            && !self.matches(&format!("{ANY_DATABASE}.{table}"))?)
    }

    /// Whether its text has the name of a database.
    fn mentions(&self, database: &str) -> bool {
        self.as_str().to_ascii_lowercase().contains(&database.to_ascii_lowercase())
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
    /// Whether no option leaves anything out.
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

    /// Whether `--database` names it.
    pub fn has_database(&self, database: &str) -> bool {
        self.databases.iter().any(|name| is_same(name, database, self.folds_names))
    }

    /// Whether a database is looked into at all.
    pub fn passes_database(&self, database: &str) -> bool {
        if !self.databases.is_empty() {
            return self.has_database(database);
        }
        if !self.tables.is_empty() {
            return self.tables.has_database(database, self.folds_names);
        }
        self.with_system || !is_system(database) || self.system_by_pattern(database)
    }

    /// Whether a database of the server itself takes part only as far as the pattern names it.
    fn system_by_pattern(&self, database: &str) -> bool {
        !self.with_system
            && self.databases.is_empty()
            && self.tables.is_empty()
            && is_system(database)
            && self.regex.as_ref().is_some_and(|pattern| pattern.mentions(database))
    }

    /// Whether a table, view or sequence passes.
    ///
    /// # Errors
    /// [`FilterError::Undecided`].
    pub fn passes_table(&self, name: &QualifiedName) -> Result<bool, FilterError> {
        Ok(self.passes_database(&name.database)
            && (self.tables.is_empty() || self.tables.has(name, self.folds_names))
            && !has_name(&self.omitted, name, self.folds_names)
            && !self.unreadable.contains(name)
            && self.matches(&name.database, &name.name)?)
    }

    /// Whether what belongs to a database as a whole (its CREATE, its routines and events) passes: with a pattern,
    /// if the pattern takes `database.`, as mydumper decides it, or one of its tables passes.
    ///
    /// # Errors
    /// [`FilterError::Undecided`].
    pub fn passes_database_objects(&self, database: &str) -> Result<bool, FilterError> {
        Ok(self.tables.is_empty() && self.passes_database(database) && self.matches(database, "")?)
    }

    fn matches(&self, database: &str, table: &str) -> Result<bool, FilterError> {
        match &self.regex {
            None => Ok(true),
            Some(regex) if self.system_by_pattern(database) => regex.is_about(database, table),
            Some(regex) => regex.matches(&format!("{database}.{table}")),
        }
    }
}

/// Whether a database is the server's own.
#[must_use]
pub fn is_system(database: &str) -> bool {
    SYSTEM_DATABASES.iter().any(|system| system.eq_ignore_ascii_case(database))
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
        let table = Filter { tables: TablesList::new(Filter::names(["mysql.user"]).unwrap()), ..Filter::default() };
        assert!(passes(&table, "mysql", "user"));
        assert!(!passes(&table, "mysql", "db"));
    }

    #[test]
    fn names_are_the_same_in_any_case_where_the_server_says_so() {
        let tables = TablesList::new(Filter::names(["Shop.Orders", "Shop.Log%"]).unwrap());
        let omitted = Filter::names(["shop.LOG_2"]).unwrap();
        let exact = Filter { databases: vec!["SHOP".into()], tables, omitted, ..Filter::default() };
        let folding = Filter { folds_names: true, ..exact.clone() };
        for (name, passing) in [("orders", true), ("log_1", true), ("log_2", false), ("other", false)] {
            assert_eq!(passes(&folding, "shop", name), passing, "{name}");
            assert!(!passes(&exact, "shop", name), "{name}");
        }
        assert!(folding.has_database("shop") && !exact.has_database("shop"));
    }

    #[test]
    fn a_pattern_chooses_system_databases_only_by_their_names() {
        let by =
            |pattern: &str| Filter { regex: Some(Pattern::compile("--regex", pattern).unwrap()), ..Filter::default() };
        for (pattern, passing) in [
            (r"^mysql\.(proc|event|func)$", &["mysql.proc", "mysql.event"][..]),
            (r"^sys\.sys_config$", &["sys.sys_config"]),
            (r"^(MYSQL|shop)\.", &["mysql.proc", "mysql.event", "mysql.user", "shop.user"]),
            // Written for others, or to leave them out.
            (r"^(?!(mysql\.|sys\.))", &["shop.user"]),
            (r"^(?!mysql\.user$)", &["shop.user"]),
            (r"\.user$", &["shop.user"]),
            (r"^[ms]", &["shop.user"]),
            (".", &["shop.user"]),
        ] {
            let names = ["mysql.proc", "mysql.event", "mysql.user", "sys.sys_config", "shop.user"];
            let found = names.iter().filter(|name| {
                let (database, table) = name.split_once('.').unwrap();
                passes(&by(pattern), database, table)
            });
            assert_eq!(found.copied().collect::<Vec<_>>(), passing, "{pattern}");
        }
        assert!(by(r"^mysql\.").passes_database_objects("mysql").unwrap());
        assert!(!by("^(?!sys)").passes_database_objects("mysql").unwrap());
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
