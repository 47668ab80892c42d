//! The lines of a defaults file: INI as the MySQL clients read it, with the sections of mydumper.
//!
//! Two readers of the original differ, and so do the rules here. `[client]` is shared with the MySQL clients and must
//! mean the same password to us as to them: `#` outside of quotes begins a comment, and `\n`, `\t`, `\r`, `\b`, `\s`,
//! `\\`, `\'`, `\"` are escapes. In all other sections, which mydumper reads by itself, a backslash is a backslash (they
//! hold regular expressions) and `#` begins a comment only after a blank. In sections of variables the quotes stay,
//! for the value is an SQL expression.

use std::path::{Path, PathBuf};

use super::nearest::nearest;
use super::products::{self, Content, Named};
use crate::options::{ProgramName, UsageError};

/// A line `key` or `key = value` of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::options) struct Entry {
    pub(in crate::options) section: String,
    /// With `-` for `_`.
    pub(in crate::options) key: String,
    pub(in crate::options) value: Option<String>,
    /// `FILE, line N`.
    pub(in crate::options) place: String,
}

/// What a section is to the program that reads it.
enum Section {
    Client,
    Options,
    Variables,
    /// Another program's: not even its syntax is checked.
    Foreign,
}

/// A file to be read in the place of an `!include` or `!includedir` line.
pub(super) struct Include {
    /// `!include` names a file, `!includedir` a directory of `.cnf` files.
    pub(super) is_directory: bool,
    pub(super) path: PathBuf,
    /// `FILE, line N`.
    pub(super) place: String,
}

/// A part of a defaults file, in the file's order.
pub(super) enum Part {
    Entry(Entry),
    Include(Include),
    /// A line for the log.
    Warning(String),
}

/// The parts of the file that are meant for the reader.
pub(super) fn parts(reader: Reader, file: &Path, content: &str) -> Result<Vec<Part>, UsageError> {
    let mut parts = Vec::new();
    let mut section: Option<(String, Section)> = None;
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    for (number, line) in content.lines().enumerate() {
        let place = format!("{}, line {}", file.display(), number + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(directive) = line.strip_prefix('!') {
            parts.push(Part::Include(include(directive, place)?));
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let Some((name, _)) = rest.split_once(']') else {
                return Err(UsageError::new(format!("{place}: the section has no ']'")));
            };
            let name = name.trim();
            let (kind, warning) = reader.section(name).map_err(|error| error.at(&place))?;
            parts.extend(warning.map(|warning| Part::Warning(format!("{place}: {warning}"))));
            section = Some((name.to_owned(), kind));
            continue;
        }
        let Some((name, kind)) = &section else {
            return Err(UsageError::new(format!(
                "{place}: '{}' comes before any [section]",
                line.split('=').next().unwrap_or_default().trim()
            )));
        };
        if matches!(kind, Section::Foreign) {
            continue;
        }
        parts.push(Part::Entry(entry(name, kind, line, place)?));
    }
    Ok(parts)
}

fn include(directive: &str, place: String) -> Result<Include, UsageError> {
    let (word, path) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
    let path = PathBuf::from(path.trim());
    match word {
        "include" | "includedir" if path.as_os_str().is_empty() => Err(UsageError::new(format!(
            "{place}: !{word} names no {}",
            if word == "include" { "file" } else { "directory" }
        ))),
        "include" | "includedir" => Ok(Include { is_directory: word == "includedir", path, place }),
        _ => Err(UsageError::new(format!("{place}: !{word} is unknown: use !include or !includedir"))),
    }
}

/// Whose sections are read.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    /// `[client]` alone: files of the MySQL clients.
    Client,
    /// `[client]` and the program's own: files that are written for it.
    Program(ProgramName),
}

impl Reader {
    /// What a section is, and a line for the log.
    fn section(self, name: &str) -> Result<(Section, Option<String>), UsageError> {
        match self {
            _ if name == "client" => Ok((Section::Client, None)),
            Reader::Client => Ok((Section::Foreign, None)),
            Reader::Program(program) => section_of(program, name),
        }
    }
}

/// Sections of the program that have no effect yet are refused: skipping a `where` would dump other rows than asked for.
fn section_of(program: ProgramName, name: &str) -> Result<(Section, Option<String>), UsageError> {
    let own = program.as_str();
    if name.starts_with('`') && program == ProgramName::Mydumper {
        return Err(UsageError::new(format!("[{name}]: sections for one table are not supported yet by this version")));
    }
    match name.strip_prefix(own) {
        Some("_variables") => Err(UsageError::new(format!(
            "[{name}] is a section of older mydumper versions: use [{own}_session_variables]"
        ))),
        Some(rest) if rest.is_empty() || rest.starts_with('_') => Ok(match products::named(program, rest)? {
            Named::All(Content::Options) | Named::Product(Content::Options) => (Section::Options, None),
            Named::All(Content::Variables) | Named::Product(Content::Variables) => (Section::Variables, None),
            Named::NoProduct { warning } => (Section::Foreign, Some(warning)),
        }),
        _ => match nearest(name, [own].into_iter()) {
            Some(own) => Err(UsageError::new(format!("unknown section [{name}]: did you mean [{own}]?"))),
            None => Ok((Section::Foreign, None)),
        },
    }
}

fn entry(section: &str, kind: &Section, line: &str, place: String) -> Result<Entry, UsageError> {
    let line = match kind {
        Section::Client => without_comment(line, false),
        _ => without_comment(line, true),
    };
    let (key, value) = match line.split_once('=') {
        Some((key, value)) => (key.trim(), Some(value.trim())),
        None => (line.trim(), None),
    };
    let value = match kind {
        Section::Variables => {
            let word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            if key.is_empty() || !key.chars().all(word) {
                return Err(UsageError::new(format!("{place}: '{key}' is not the name of a variable")));
            }
            if value.is_none_or(str::is_empty) {
                return Err(UsageError::new(format!("{place}: the variable {key} has no value")));
            }
            value.map(str::to_owned)
        }
        Section::Client => value.map(|value| unescaped(unquoted(value))),
        Section::Options | Section::Foreign => value.map(|value| unquoted(value).to_owned()),
    };
    Ok(Entry { section: section.to_owned(), key: key.replace('_', "-"), value, place })
}

/// The line up to a `#` outside of quotes; with `after_blank`, only one that follows a blank counts.
///
/// A quote that is never closed hides every `#` after it, as in MySQL's own reader: better a value with a
/// comment in it, which then fails, than a password cut short.
fn without_comment(line: &str, after_blank: bool) -> &str {
    let mut quote = None;
    let mut escaped = false;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) => {
                if c == open && !escaped {
                    quote = None;
                }
                escaped = c == '\\' && !escaped && !after_blank;
            }
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c == '#' && (!after_blank || before.is_whitespace()) => {
                return line.get(..at).unwrap_or(line);
            }
            None => {}
        }
        before = c;
    }
    line
}

/// Without the quotes around the whole value.
fn unquoted(value: &str) -> &str {
    ['\'', '"'].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}

/// MySQL's escapes; a backslash before any other character stays.
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('s') => text.push(' '),
            Some(itself @ ('\\' | '\'' | '"')) => text.push(itself),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}
