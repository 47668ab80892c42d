//! Parsers of values. Each error says what is allowed; [`UsageError`](super::UsageError)
//! puts the option's name and the value before it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::marker::PhantomData;
use std::str::FromStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};

/// Why a value is refused: the text after "invalid value 'X' for --option: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadValue(pub String);

impl BadValue {
    /// From any text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// The parser of an option whose value is a keyword: the names that clap's `ValueEnum` gives the values of `T`, in any
/// case, with `-` and `_` alike as in mydumper. clap's own parser of enums cannot do the latter, and spreads its error
/// over several lines.
#[derive(Clone)]
pub struct Keyword<T>(PhantomData<T>);

impl<T> Keyword<T> {
    /// The parser.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for Keyword<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ValueEnum + Clone + Send + Sync + 'static> TypedValueParser for Keyword<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        keyword::<T>.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(T::value_variants().iter().filter_map(T::to_possible_value)))
    }
}

/// The value with this name.
///
/// # Errors
/// The list of names, when `text` is not one of them.
pub fn keyword<T: ValueEnum>(text: &str) -> Result<T, BadValue> {
    T::from_str(&text.replace('-', "_"), true).map_err(|_| {
        let names = T::value_variants().iter().filter_map(T::to_possible_value);
        let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
        BadValue(format!("use {}", or_list(&names)))
    })
}

/// `A`, `A or B`, `A, B or C`.
fn or_list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Names separated by commas. Blanks belong to the names; nothing between two commas is skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommaList(pub Vec<String>);

impl FromStr for CommaList {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let items: Vec<String> = text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect();
        if items.is_empty() {
            return Err(BadValue::new("use one name or more, separated by commas"));
        }
        Ok(Self(items))
    }
}

/// `--ignore-errors`: error numbers of the server, separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorCodes(pub BTreeSet<u16>);

impl FromStr for ErrorCodes {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let code = |item: &str| item.trim().parse().ok().filter(|&code: &u16| code >= 1000);
        let codes: Option<BTreeSet<u16>> = text.split(',').filter(|item| !item.trim().is_empty()).map(code).collect();
        codes
            .filter(|codes| !codes.is_empty())
            .map(ErrorCodes)
            .ok_or_else(|| BadValue::new("use error numbers of the server, such as 1062,1146"))
    }
}

/// `--tables-list`: a list whose items name their database.
///
/// # Errors
/// An empty list, or an item without a dot: it would match nothing, and a dump of nothing looks like a success.
pub fn tables_list(text: &str) -> Result<CommaList, BadValue> {
    let list = CommaList::from_str(text)?;
    match list.0.iter().find(|item| !item.contains('.')) {
        None => Ok(list),
        Some(item) => Err(BadValue(format!("'{item}' has no database: write DATABASE.TABLE"))),
    }
}

/// `--port`: 1 to 65535.
///
/// # Errors
/// Anything else.
pub fn port(text: &str) -> Result<u16, BadValue> {
    text.parse().ok().filter(|&port| port != 0).ok_or_else(|| BadValue::new("use a whole number from 1 to 65535"))
}

/// `--verbose`: 0 to 3; what is more counts as 3.
///
/// # Errors
/// Anything else.
pub fn verbosity(text: &str) -> Result<u8, BadValue> {
    let level: u64 = text.parse().map_err(|_| BadValue::new("use 0, 1, 2 or 3"))?;
    Ok(level.min(3).try_into().unwrap_or(3))
}

/// 0 or 1, or a word for it.
///
/// # Errors
/// Anything else.
pub fn switch(text: &str) -> Result<bool, BadValue> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "on" | "yes" => Ok(true),
        "0" | "false" | "off" | "no" => Ok(false),
        _ => Err(BadValue::new("use 1 or 0")),
    }
}

/// A number of threads: 1 to 1024. Zero is refused, since "all cores" and "none" are both plausible readings.
///
/// # Errors
/// Anything else.
pub fn threads(text: &str) -> Result<usize, BadValue> {
    text.parse()
        .ok()
        .filter(|threads| (1..=1024).contains(threads))
        .ok_or_else(|| BadValue::new("use a whole number from 1 to 1024"))
}

/// A whole number that must not be 0.
///
/// # Errors
/// Anything else.
pub fn positive(text: &str) -> Result<u64, BadValue> {
    text.parse().ok().filter(|&number| number != 0).ok_or_else(|| BadValue::new("use a whole number, 1 or more"))
}

/// A whole number, 0 included.
///
/// # Errors
/// Anything else.
pub fn number(text: &str) -> Result<u64, BadValue> {
    text.parse().map_err(|_| BadValue::new("use a whole number, 0 or more"))
}

/// A size in bytes of at least 1, with an optional k, M or G (of 1024).
///
/// # Errors
/// Anything else, and sizes past `u64`.
pub fn byte_size(text: &str) -> Result<u64, BadValue> {
    size(text, 1)
        .filter(|&bytes| bytes != 0)
        .ok_or_else(|| BadValue::new("use a size in bytes, 1 or more, such as 1000000, 512k or 1M"))
}

/// A size in bytes from a number of MiB (mydumper's unit of `--chunk-filesize`) or a number with k, M or G.
///
/// # Errors
/// Anything else, and sizes past `u64`.
pub fn mebibytes(text: &str) -> Result<u64, BadValue> {
    size(text, 1 << 20)
        .ok_or_else(|| BadValue::new("use a size in MB, such as 64, or with its unit, such as 512k, 64M or 1G"))
}

/// Digits and a unit, in bytes; `plain` is the unit of a number without one.
fn size(text: &str, plain: u64) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)?.to_ascii_lowercase().as_str() {
        "" => plain,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    // A sign is no digit, though `parse` takes one.
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_units_of_1024() {
        assert_eq!(byte_size("1000000"), Ok(1_000_000));
        assert_eq!(byte_size("512k"), Ok(524_288));
        assert_eq!(byte_size("1M"), Ok(1_048_576));
        assert_eq!(byte_size("2g"), Ok(2_147_483_648));
        assert_eq!(mebibytes("64"), Ok(67_108_864));
        assert_eq!(mebibytes("64M"), Ok(67_108_864));
        assert_eq!(mebibytes("0"), Ok(0));
        for bad in ["0", "", "k", "-1", "+1", "1.5M", "1T", "99999999999G", "M1"] {
            assert_eq!(
                byte_size(bad).unwrap_err().to_string(),
                "use a size in bytes, 1 or more, such as 1000000, 512k or 1M",
                "{bad}"
            );
        }
        for bad in ["", "-1", "1T", "17592186044416"] {
            assert!(mebibytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lists_keep_blanks_and_drop_nothing_else() {
        assert_eq!("a, b,".parse(), Ok(CommaList(vec!["a".into(), " b".into()])));
        assert_eq!(CommaList::from_str(",").unwrap_err().to_string(), "use one name or more, separated by commas");
        assert_eq!(tables_list("a.b,c").unwrap_err().to_string(), "'c' has no database: write DATABASE.TABLE");
    }

    #[test]
    fn error_numbers_are_those_of_servers() {
        assert_eq!("1062, 1146,".parse(), Ok(ErrorCodes([1062, 1146].into())));
        for bad in ["", ",", "1062;1146", "42", "70000", "ER_DUP_ENTRY"] {
            let error = bad.parse::<ErrorCodes>().unwrap_err();
            assert_eq!(error.to_string(), "use error numbers of the server, such as 1062,1146", "{bad}");
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
    #[value(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Mode {
        OneTwo,
        #[value(alias = "1")]
        B,
        C3,
    }

    #[test]
    fn keywords_are_listed_when_none_fits() {
        for text in ["ONE_TWO", "one-two", "One_Two"] {
            assert_eq!(keyword(text), Ok(Mode::OneTwo), "{text}");
        }
        assert_eq!(keyword("1"), Ok(Mode::B));
        for bad in ["x", "", "OneTwo", "one two"] {
            assert_eq!(keyword::<Mode>(bad), Err(BadValue::new("use ONE_TWO, B or C3")), "{bad}");
        }
        let names: Vec<_> = Keyword::<Mode>::new().possible_values().unwrap().collect();
        assert_eq!(names.iter().map(PossibleValue::get_name).collect::<Vec<_>>(), ["ONE_TWO", "B", "C3"]);
    }
}
