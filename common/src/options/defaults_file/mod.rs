//! Defaults files: which are read, in which order.
//!
//! The files of the MySQL clients, `~/.my.cnf` and `~/.mylogin.cnf`, are read as those clients do, but a file that the
//! command line names overrides them both: it says which server is meant.
//! <https://dev.mysql.com/doc/refman/9.7/en/option-files.html>

mod login_file;
mod nearest;
mod products;
mod syntax;

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{ProgramName, UsageError};
use syntax::{Include, Part, Reader};

pub(super) use nearest::nearest;
pub(super) use products::ends;
pub(super) use syntax::Entry;

/// The file that is read when `--defaults-file` names none, if it exists.
pub const DEFAULT_FILE: &str = "/etc/mydumper.cnf";

/// Files that include each other deeper than this are taken for a circle. As in the MySQL clients.
const MAX_DEPTH: usize = 10;

/// Whether group or others may read the file: a password in it is then no secret. `false` if it cannot be looked at.
pub fn is_readable_by_others(path: &Path) -> bool {
    has_mode(path, 0o044)
}

/// Whether one of these permissions is given. `false` if the file cannot be looked at.
fn has_mode(path: &Path, bits: u32) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & bits != 0)
}

/// What the command line says of defaults files.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named<'a> {
    /// `--no-defaults`: none that is not named.
    pub(super) none_by_default: bool,
    /// `--defaults-file`
    pub(super) file: Option<&'a Path>,
    /// `--defaults-extra-file`
    pub(super) extra: Option<&'a Path>,
}

/// Where files are that nobody names.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// Everybody's, with sections of the program.
    pub(super) default: PathBuf,
    /// The user's, with `[client]`.
    pub(super) my_cnf: Option<PathBuf>,
    /// What `mysql_config_editor` wrote.
    pub(super) login: Option<PathBuf>,
}

impl Places {
    /// As the MySQL clients find them.
    pub(super) fn of_this_user() -> Places {
        let home = env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let login = env::var_os("MYSQL_TEST_LOGIN_FILE").map(PathBuf::from);
        Places {
            default: PathBuf::from(DEFAULT_FILE),
            my_cnf: home.as_ref().map(|home| home.join(".my.cnf")),
            login: login.or_else(|| home.map(|home| home.join(".mylogin.cnf"))),
        }
    }
}

/// The defaults files of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    /// Each file that was read; later ones override earlier ones.
    read: Vec<(PathBuf, Vec<Entry>)>,
    skipped: Vec<String>,
    warnings: Vec<String>,
}

impl Files {
    /// Reads what is named and what is there.
    pub(super) fn read(program: ProgramName, named: Named<'_>, places: &Places) -> Result<Self, UsageError> {
        let own = Reader::Program(program);
        let mut files = Self::default();
        if !named.none_by_default {
            // A file that is named stands for those that every run reads.
            if named.file.is_none() {
                files.add_if_there(own, &places.default)?;
                if let Some(path) = &places.my_cnf {
                    files.add_my_cnf(path)?;
                }
            }
            if let Some(path) = &places.login {
                files.add_login(path)?;
            }
        }
        for path in [named.file, named.extra].into_iter().flatten() {
            let content = fs::read(path).map_err(|error| cannot_read(path, &error))?;
            files.add(own, path, content)?;
        }
        Ok(files)
    }

    /// That only root may read a file which is everybody's must not stop the others.
    fn add_if_there(&mut self, reader: Reader, path: &Path) -> Result<(), UsageError> {
        match fs::read(path) {
            Ok(content) => self.add(reader, path, content),
            Err(error) => {
                self.skip(path, &error);
                Ok(())
            }
        }
    }

    fn add_my_cnf(&mut self, path: &Path) -> Result<(), UsageError> {
        if has_mode(path, 0o002) {
            let path = path.display();
            self.skipped.push(format!("{path} was not read: every user can write to it; chmod 600 {path}"));
            return Ok(());
        }
        self.add_if_there(Reader::Client, path)
    }

    fn add_login(&mut self, path: &Path) -> Result<(), UsageError> {
        if has_mode(path, 0o077) {
            let path = path.display();
            self.skipped.push(format!("{path} was not read: it is not its owner's alone; chmod 600 {path}"));
            return Ok(());
        }
        match fs::read(path) {
            Ok(content) => {
                let content = login_file::decrypt(&content).map_err(|error| {
                    let path = path.display();
                    UsageError::new(format!(
                        "{path} is damaged ({error}): write it anew with mysql_config_editor, or use --no-defaults"
                    ))
                })?;
                self.add(Reader::Client, path, content)
            }
            Err(error) => {
                self.skip(path, &error);
                Ok(())
            }
        }
    }

    fn skip(&mut self, path: &Path, error: &std::io::Error) {
        if error.kind() != ErrorKind::NotFound {
            let path = path.display();
            self.skipped.push(format!("{path} was not read: {error}; name another with --defaults-file"));
        }
    }

    fn add(&mut self, reader: Reader, path: &Path, content: Vec<u8>) -> Result<(), UsageError> {
        let mut entries = Vec::new();
        self.add_parts(reader, path, content, &mut entries, 0)?;
        self.read.push((path.to_owned(), entries));
        Ok(())
    }

    fn add_parts(
        &mut self,
        reader: Reader,
        path: &Path,
        content: Vec<u8>,
        entries: &mut Vec<Entry>,
        depth: usize,
    ) -> Result<(), UsageError> {
        let content = String::from_utf8(content)
            .map_err(|_| UsageError::new(format!("the defaults file {} is not UTF-8", path.display())))?;
        for part in syntax::parts(reader, path, &content)? {
            match part {
                Part::Entry(entry) => entries.push(entry),
                Part::Warning(warning) => self.warnings.push(warning),
                Part::Include(include) if depth == MAX_DEPTH => {
                    let text = format!("{MAX_DEPTH} files include each other: is it a circle?");
                    return Err(UsageError::new(text).at(&include.place));
                }
                Part::Include(include) => {
                    for included in included(&include)? {
                        let content =
                            fs::read(&included).map_err(|error| cannot_read(&included, &error).at(&include.place))?;
                        self.add_parts(reader, &included, content, entries, depth + 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The entries of a section, of all files, in order.
    pub(super) fn section(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.read.iter().flat_map(|(_, entries)| entries).filter(move |entry| entry.section == name)
    }

    /// The entries of a program's section and of those for one product of servers, given by the [ends] of their names;
    /// later ones override earlier ones. `kind` is empty, or `_session_variables` or `_global_variables`.
    pub(super) fn sections<'a>(
        &'a self,
        program: ProgramName,
        kind: &'a str,
        ends: &'a [String],
    ) -> impl Iterator<Item = &'a Entry> {
        let ends = std::iter::once("").chain(ends.iter().map(String::as_str));
        ends.flat_map(move |end| {
            let name = format!("{}{kind}{end}", program.as_str());
            self.read.iter().flat_map(|(_, entries)| entries).filter(move |entry| entry.section == name)
        })
    }

    /// The entries of sections for one product of servers.
    pub(super) fn of_products(&self, program: ProgramName) -> impl Iterator<Item = &Entry> {
        let own = program.as_str();
        let of_all = ["", "_session_variables", "_global_variables"].map(|kind| format!("{own}{kind}"));
        let is_of_product = move |entry: &&Entry| entry.section.starts_with(own) && !of_all.contains(&entry.section);
        self.read.iter().flat_map(|(_, entries)| entries).filter(is_of_product)
    }

    /// The variables of `[PROGRAM_KIND]`, and of its sections for a product; a repeated name keeps its first place and takes
    /// the later value.
    pub(super) fn variables(&self, program: ProgramName, kind: &str, ends: &[String]) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = Vec::new();
        for entry in self.sections(program, kind, ends) {
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
            .chain(&self.warnings)
            .cloned()
            .chain(exposed.map(|(path, _)| {
                let path = path.display();
                format!("{path} holds a password and other users can read it: chmod 600 {path}")
            }))
            .collect()
    }
}

fn cannot_read(path: &Path, error: &std::io::Error) -> UsageError {
    UsageError::new(format!("cannot read the defaults file {}: {error}", path.display()))
}

/// The files of an include line; of a directory its `.cnf` files by name.
fn included(include: &Include) -> Result<Vec<PathBuf>, UsageError> {
    if !include.is_directory {
        return Ok(vec![include.path.clone()]);
    }
    let path = &include.path;
    let failed = |error| {
        let text = format!("cannot read the directory {}: {error}", path.display());
        UsageError::new(text).at(&include.place)
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|extension| extension == "cnf") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
