//! Defaults files: INI as the MySQL clients read it, with the sections of mydumper.
//!
//! Two readers of the original differ, and so do the rules here. `[client]` is shared with the MySQL clients and must
//! mean the same password to us as to them: `#` outside of quotes begins a comment, and `\n`, `\t`, `\r`, `\b`, `\s`,
//! `\\` are escapes. In all other sections, which mydumper reads by itself, a backslash is a backslash (they hold
//! regular expressions) and `#` begins a comment only after a blank. In sections of variables the quotes stay,
//! for the value is an SQL expression.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{ProgramName, UsageError};

/// The file that is read when `--defaults-file` names none, if it exists.
pub const DEFAULT_FILE: &str = "/etc/mydumper.cnf";

/// Whether group or others may read the file: a password in it is then no secret. `false` if it cannot be looked at.
pub fn is_readable_by_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o044 != 0)
}

/// A line `key` or `key = value` of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) section: String,
    /// With `-` for `_`.
    pub(super) key: String,
    pub(super) value: Option<String>,
    /// `FILE, line N`.
    pub(super) place: String,
}

/// The defaults files of a run.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Each file that was read; later ones override earlier ones.
    read: Vec<(PathBuf, Vec<Entry>)>,
    skipped: Vec<String>,
}

impl Files {
    pub(super) fn read(
        program: ProgramName,
        named: Option<&Path>,
        extra: Option<&Path>,
        default: &Path,
    ) -> Result<Self, UsageError> {
        let mut files = Self::default();
        match named {
            Some(path) => files.add(program, path)?,
            // The default file is everybody's: that root alone may read it must not stop the others.
            None => match fs::read(default) {
                Ok(content) => files.add_content(program, default, content)?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => files
                    .skipped
                    .push(format!("{} was not read: {error}; name another with --defaults-file", default.display())),
            },
        }
        if let Some(path) = extra {
            files.add(program, path)?;
        }
        Ok(files)
    }

    fn add(&mut self, program: ProgramName, path: &Path) -> Result<(), UsageError> {
        let content = fs::read(path)
            .map_err(|error| UsageError::new(format!("cannot read the defaults file {}: {error}", path.display())))?;
        self.add_content(program, path, content)
    }

    fn add_content(&mut self, program: ProgramName, path: &Path, content: Vec<u8>) -> Result<(), UsageError> {
        let content = String::from_utf8(content)
            .map_err(|_| UsageError::new(format!("the defaults file {} is not UTF-8", path.display())))?;
        let entries = entries(program, &path.display().to_string(), &content)?;
        self.read.push((path.to_owned(), entries));
        Ok(())
    }

    /// The entries of a section, of all files, in order.
    pub(super) fn section(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.read.iter().flat_map(|(_, entries)| entries).filter(move |entry| entry.section == name)
    }

    /// The variables of `[PROGRAM_KIND]`; a repeated name keeps its first place and takes the later value.
    pub(super) fn variables(&self, program: ProgramName, kind: &str) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = Vec::new();
        for entry in self.section(&format!("{}_{kind}", program.as_str())) {
            let name = entry.key.replace('-', "_");
            let value = entry.value.clone().unwrap_or_default();
            match variables.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                Some(known) => known.1 = value,
                None => variables.push((name, value)),
            }
        }
        variables
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.read.iter().map(|(path, _)| path.clone()).collect()
    }

    /// What the log should say about the files.
    pub(super) fn warnings(&self) -> Vec<String> {
        let exposed = self.read.iter().filter(|(path, entries)| {
            let password = |e: &Entry| e.key == "password" && e.value.as_deref() != Some("");
            entries.iter().any(password) && is_readable_by_others(path)
        });
        self.skipped
            .iter()
            .cloned()
            .chain(exposed.map(|(path, _)| {
                let path = path.display();
                format!("{path} holds a password and other users can read it: chmod 600 {path}")
            }))
            .collect()
    }
}

/// What a section is to the program that reads it.
enum Section {
    Client,
    Options,
    Variables,
    /// Another program's: not even its syntax is checked.
    Foreign,
}

fn entries(program: ProgramName, file: &str, content: &str) -> Result<Vec<Entry>, UsageError> {
    let mut entries = Vec::new();
    let mut section: Option<(String, Section)> = None;
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    for (number, line) in content.lines().enumerate() {
        let place = format!("{file}, line {}", number + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(directive) = line.strip_prefix('!') {
            let directive = directive.split_whitespace().next().unwrap_or_default();
            return Err(UsageError::new(format!(
                "{place}: !{directive} is not supported: name the other file with --defaults-extra-file"
            )));
        }
        if let Some(rest) = line.strip_prefix('[') {
            let Some((name, _)) = rest.split_once(']') else {
                return Err(UsageError::new(format!("{place}: the section has no ']'")));
            };
            let name = name.trim();
            let kind = section_kind(program, name).map_err(|error| error.at(&place))?;
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
        entries.push(entry(name, kind, line, place)?);
    }
    Ok(entries)
}

/// Sections of the program that have no effect yet are refused: skipping a `where` would dump other rows than asked for.
fn section_kind(program: ProgramName, name: &str) -> Result<Section, UsageError> {
    let own = program.as_str();
    if name == "client" {
        return Ok(Section::Client);
    }
    if name.starts_with('`') && program == ProgramName::Mydumper {
        return Err(UsageError::new(format!("[{name}]: sections for one table are not supported yet by this version")));
    }
    match name.strip_prefix(own) {
        Some("") => Ok(Section::Options),
        Some("_session_variables" | "_global_variables") => Ok(Section::Variables),
        Some("_variables") => Err(UsageError::new(format!(
            "[{name}] is a section of older mydumper versions: use [{own}_session_variables]"
        ))),
        Some(rest) if rest.starts_with('_') => Err(UsageError::new(format!(
            "[{name}]: sections for one server product are not supported yet by this version"
        ))),
        _ => Ok(Section::Foreign),
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
            Some('\\') => text.push('\\'),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}
