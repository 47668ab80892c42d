//! What the server's warnings say of the rows that it took: whether they are stored as they are in the dump.
//!
//! The answer to a statement tells how many warnings there are, so they are only looked at where there are any.

use common::observe::printable::printable;
use common::server::connection::{ServerError, warning_without_values};
use common::server::error_codes as code;
use common::server::is_generated;
use common::sql::name::QualifiedName;
use common::sql::quote_string;

use crate::session::Session;

/// The warnings of a statement of rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Warnings {
    /// All of them, also those that the server does not list.
    pub all: u64,
    /// Those that say that a value is stored as another.
    pub changed: u64,
    /// Those that say that a row is not stored, or not all of it.
    pub left_out: u64,
    /// Rows that are not stored since their key exists, as the dump asks for.
    pub duplicates: u64,
    /// The first ones' texts, without values; those first that say that something is stored differently.
    pub first: String,
    /// The code of the first of these.
    pub code: Option<u16>,
}

/// What a warning means for the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// It is stored as it is in the dump.
    Kept,
    /// Its key exists: it is not stored.
    Duplicate,
    /// A value is stored as another.
    Changed,
    /// It is not stored.
    LeftOut,
}

impl Meaning {
    /// Tried on MariaDB 10.11 and MySQL 9.7. What is not known here is not taken to be harmless, unless it is only a note.
    fn of(level: &str, warning: u16) -> Meaning {
        /// Cut off decimals, trailing spaces and times of day are notes, too.
        const VALUES: [u16; 6] = [
            code::VALUE_OUT_OF_RANGE,
            code::VALUE_TRUNCATED,
            code::TRUNCATED_VALUE,
            code::INCORRECT_VALUE,
            code::DATA_TOO_LONG,
            code::VALUE_FOR_FUNCTION,
        ];
        match warning {
            code::DUPLICATE_ENTRY | code::DUPLICATE_ENTRY_NAMED => Meaning::Duplicate,
            code::NO_REFERENCED_ROW
            | code::NO_REFERENCED_ROW_UNNAMED
            | code::NO_PARTITION_FOR_VALUE
            | code::CHECK_OPTION_FAILED
            | code::CHECK_FAILED
            | code::CHECK_FAILED_MARIADB
            | code::TOO_FEW_VALUES
            | code::TOO_MANY_VALUES => Meaning::LeftOut,
            // NO_DEFAULT: of a column that the dump does not fill. GENERATED_VALUE_IGNORED: of one that the server computes,
            // as mariadb-dump fills it. INVALID_CHARACTER_STRING: bytes that a column takes as
            // they are; if it does not, there is another warning. INDEX_VALUE_…: of an index on an expression.
            code::INDEX_VALUE_TRUNCATED
            | code::INDEX_VALUE_OUT_OF_RANGE
            | code::NO_DEFAULT
            | code::GENERATED_VALUE_IGNORED
            | code::INVALID_CHARACTER_STRING
            | code::DEPRECATED_SYNTAX
            | code::DEPRECATED_WITHOUT_REPLACEMENT
            | code::DEPRECATED_UTF8_ALIAS
            | code::DEPRECATED_UTF8MB3_COLLATION
            | code::UNSAFE_FOR_BINLOG => Meaning::Kept,
            _ if level == "Note" && !VALUES.contains(&warning) => Meaning::Kept,
            _ => Meaning::Changed,
        }
    }
}

/// What the server computes of a table's rows: warnings of it say nothing of the dump's values.
struct Computed {
    /// How texts about generated columns end, but for the row's number.
    endings: Vec<String>,
    /// Whether there are such columns, or CHECKs.
    any: bool,
}

impl Computed {
    fn of(session: &mut Session, table: &QualifiedName) -> Result<Computed, ServerError> {
        let of_table =
            format!("TABLE_SCHEMA = {} AND TABLE_NAME = {}", quote_string(&table.database), quote_string(&table.name));
        let checks = session.unchanged().query_first(format!(
            "SELECT COUNT(*) FROM information_schema.TABLE_CONSTRAINTS WHERE {of_table} AND CONSTRAINT_TYPE = 'CHECK'"
        ))?;
        let columns = session
            .unchanged()
            .query(format!("SELECT COLUMN_NAME, UPPER(EXTRA) FROM information_schema.COLUMNS WHERE {of_table}"))?;
        let generated = columns.iter().filter(|column| is_generated(&column.text(1))).map(|column| column.text(0));
        let endings: Vec<String> =
            generated.flat_map(|name| [format!("'{name}' at row "), format!("`{name}` at row ")]).collect();
        let has_checks = checks.and_then(|row| row.number(0)).is_some_and(|checks| checks > 0);
        Ok(Computed { any: has_checks || !endings.is_empty(), endings })
    }

    /// A warning of a value that is stored names its column; one of an expression does not.
    fn causes(&self, warning: u16, text: &str) -> bool {
        let of_expressions = match warning {
            code::VALUE_FOR_FUNCTION | code::DIVISION_BY_ZERO => true,
            code::TRUNCATED_VALUE => text.starts_with("Truncated incorrect ") && !text.contains(" for column "),
            _ => false,
        };
        self.any && (of_expressions || self.endings.iter().any(|ending| text.contains(ending)))
    }
}

/// Asks for the warnings of the statement before on this table, which had so many. `ignores_duplicates`: the dump asks for
/// one row of each key.
pub fn read(
    session: &mut Session,
    table: &QualifiedName,
    all: u64,
    ignores_duplicates: bool,
) -> Result<Warnings, ServerError> {
    let mut warnings = Warnings { all, ..Warnings::default() };
    if all == 0 {
        return Ok(warnings);
    }
    let (mut told, mut harmless) = (Vec::new(), Vec::new());
    let (mut listed, mut doubtful) = (0, Vec::new());
    session.unchanged().each("SHOW WARNINGS", |row| {
        let warning = row.number(1).and_then(|code| u16::try_from(code).ok()).unwrap_or_default();
        listed += 1;
        let meaning = match Meaning::of(&row.text(0), warning) {
            Meaning::Duplicate if !ignores_duplicates => Meaning::LeftOut,
            meaning => meaning,
        };
        if meaning == Meaning::Changed {
            doubtful.push((warning, row.text(2)));
        } else {
            warnings.add(meaning, warning, &row.text(2), &mut told, &mut harmless);
        }
    })?;
    if !doubtful.is_empty() {
        let computed = Computed::of(session, table)?;
        for (warning, text) in doubtful {
            let meaning = if computed.causes(warning, &text) { Meaning::Kept } else { Meaning::Changed };
            warnings.add(meaning, warning, &text, &mut told, &mut harmless);
        }
    }
    let unlisted = all.saturating_sub(listed);
    // The server lists 65535 at most. Where all of these are of rows whose key exists, the others are, too.
    if warnings.duplicates == listed && listed > 0 {
        warnings.duplicates += unlisted;
    } else {
        warnings.changed += unlisted;
    }
    warnings.first = joined(told, harmless);
    Ok(warnings)
}

/// The first texts of the warnings of the statement before, for the log.
pub fn texts(session: &mut Session) -> Result<String, ServerError> {
    let (mut told, mut harmless) = (Vec::new(), Vec::new());
    let mut warnings = Warnings::default();
    session.unchanged().each("SHOW WARNINGS", |row| {
        let warning = row.number(1).and_then(|code| u16::try_from(code).ok()).unwrap_or_default();
        warnings.add(Meaning::of(&row.text(0), warning), warning, &row.text(2), &mut told, &mut harmless);
    })?;
    Ok(joined(told, harmless))
}

/// Those that say that something is stored differently come first.
fn joined(mut told: Vec<String>, mut harmless: Vec<String>) -> String {
    told.append(&mut harmless);
    told.truncate(SHOWN);
    if told.is_empty() { "(the server does not say)".to_owned() } else { told.join("; ") }
}

/// How many texts are shown.
const SHOWN: usize = 3;

impl Warnings {
    fn add(&mut self, meaning: Meaning, warning: u16, text: &str, told: &mut Vec<String>, harmless: &mut Vec<String>) {
        let texts = match meaning {
            Meaning::Kept => harmless,
            Meaning::Duplicate => {
                self.duplicates += 1;
                harmless
            }
            Meaning::Changed => {
                self.changed += 1;
                told
            }
            Meaning::LeftOut => {
                self.left_out += 1;
                told
            }
        };
        if matches!(meaning, Meaning::Changed | Meaning::LeftOut) {
            self.code.get_or_insert(warning);
        }
        if texts.len() < SHOWN {
            let text = warning_without_values(warning, text);
            texts.push(format!("{warning} {}", printable(&text)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_values_comes_first_and_shows_none() {
        let (mut told, mut harmless) = (Vec::new(), Vec::new());
        let mut warnings = Warnings::default();
        for (level, warning, text) in [
            ("Warning", 1062, "Duplicate entry 'secret' for key 'PRIMARY'"),
            ("Warning", 1364, "Field 'f' doesn't have a default value"),
            ("Warning", 1906, "The value specified for generated column 'g' in table 't' has been ignored"),
            ("Note", 1051, "Unknown table 'd.t'"),
            ("Note", 1265, "Data truncated for column 'c' at row 2"),
            ("Warning", 1526, "Table has no partition for value 4711"),
            ("Warning", 9999, "Something 'secret'"),
        ] {
            warnings.add(Meaning::of(level, warning), warning, text, &mut told, &mut harmless);
        }
        let expected = Warnings { changed: 2, left_out: 1, duplicates: 1, code: Some(1265), ..Warnings::default() };
        assert_eq!(warnings, expected);
        assert_eq!(
            told,
            [
                "1265 Data truncated for column 'c' at row 2",
                "1526 Table has no partition for value (value not shown)",
                "9999 Something (value not shown)"
            ]
        );
        assert_eq!(harmless[0], "1062 Duplicate entry (value not shown) for key 'PRIMARY'");
    }
}
