//! What earlier dumps have left in a directory that `--dirty` writes into. One restore takes all of it: this dump's
//! metadata has what theirs had, but for what this dump replaces.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};

use common::backup::file_name::{Content, DumpFile, TableFileName};
use common::backup::metadata::{DatabaseEntry, Metadata, TableEntry, check_seal};
use common::backup::stored_files::StoredFiles;
use common::backup::table_names::FileNames;
use common::process::stop::Stop;
use common::store::{Action, Store};

use crate::catalog::selection::Objects;
use crate::catalog::{Database, Table};
use crate::output::directory::Error;

/// The metadata of a dump that is whole, and its name while another is written beside it.
const METADATA: &str = "metadata";
const UNFINISHED: &str = "metadata.partial";

/// Earlier dumps into the same directory.
#[derive(Debug)]
pub struct EarlierPhases {
    /// What their metadata says.
    pub metadata: Metadata,
    /// The section `[source]` as it stands there.
    pub source: String,
    text: String,
    /// The names that their files carry.
    names: FileNames,
}

/// What of a directory this dump replaces.
pub struct Replaced<'a> {
    /// The files of this dump.
    pub files: &'a StoredFiles,
    /// Its tables, views and sequences, and whether it has their rows, or they have none.
    pub tables: BTreeMap<&'a TableFileName, bool>,
    /// File names of its databases.
    pub databases: HashSet<&'a str>,
    /// Which kinds of objects were dumped.
    pub objects: Objects,
}

/// Whether rows that an earlier dump has of a table are none of it any more. `data`: this dump has rows.
pub fn replaces_rows(table: &Table, data: bool) -> bool {
    data || !table.has_rows()
}

impl EarlierPhases {
    /// Reads what is there; `None` where there is no whole dump.
    ///
    /// # Errors
    /// When its metadata cannot be read or understood.
    pub fn read(store: &dyn Store) -> Result<Option<EarlierPhases>, Error> {
        for name in [METADATA, UNFINISHED] {
            if !store.has(name) {
                continue;
            }
            let mut text = String::new();
            let mut file = store.open(name)?;
            file.read_to_string(&mut text).map_err(|source| store.error(Action::Read, name, source))?;
            let not_understood = |why: String| Error::Earlier { place: store.locate(name), why };
            check_seal(&text).map_err(|error| not_understood(error.to_string()))?;
            match Metadata::parse(&text) {
                Ok(Metadata { extension: Some(extension), .. }) => {
                    return Err(not_understood(format!(
                        "a command has written its files, whose names end with {extension}"
                    )));
                }
                Ok(metadata) if metadata.finished => {
                    let listed = store.list()?.into_iter().map(|entry| entry.name);
                    let names = FileNames::after(&metadata, listed);
                    let names = names.ok_or_else(|| not_understood(UNKNOWN_NAMES.to_owned()))?;
                    let source = section(&text, "[source]");
                    return Ok(Some(EarlierPhases { metadata, source, text, names }));
                }
                // Of a dump that was not finished.
                Ok(_) => {}
                Err(error) => return Err(not_understood(error.to_string())),
            }
        }
        Ok(None)
    }

    /// The names that this dump's files have to carry: those of the same objects are the same.
    pub fn names(&self) -> FileNames {
        self.names.clone()
    }

    /// Sees that no file of routines and events loses some of them, since one file has both.
    ///
    /// # Errors
    /// When it would.
    pub fn check(
        &self,
        store: &dyn Store,
        databases: &[std::sync::Arc<Database>],
        objects: Objects,
    ) -> Result<(), Error> {
        let post: HashSet<&str> =
            databases.iter().filter(|database| database.has_post()).map(|database| database.file.as_str()).collect();
        for file in store.list()?.into_iter().filter_map(|entry| DumpFile::from_name(&entry.name)) {
            let Content::Post(database) = &file.content else { continue };
            if !post.contains(database.as_str()) || (objects.routines && objects.events) {
                continue;
            }
            let there = programs_in(store, &file)?;
            if (there.events && !objects.events) || (there.routines && !objects.routines) {
                return Err(Error::WouldLose { place: store.to_string(), database: database.clone() });
            }
        }
        Ok(())
    }

    /// Keeps the metadata under a name that does not make the dump look whole while another is written.
    ///
    /// # Errors
    /// When it cannot be written or removed.
    pub fn keep(&self, store: &dyn Store) -> Result<(), Error> {
        if store.has(METADATA) {
            let mut file = store.replace(UNFINISHED)?;
            let written = file.write_all(self.text.as_bytes()).and_then(|()| file.finish());
            written.map_err(|source| store.error(Action::Write, UNFINISHED, source))?;
            store.remove(METADATA)?;
        }
        Ok(())
    }

    /// Removes the files that this dump replaces, and returns those that both have. Earlier dumps of which nothing is
    /// known but their names are read.
    ///
    /// # Errors
    /// When a file cannot be read or removed.
    pub fn settle(&mut self, store: &dyn Store, replaced: &Replaced<'_>, stop: &Stop) -> Result<StoredFiles, Error> {
        let mut all = std::mem::take(&mut self.metadata.files);
        let reads = all.is_empty();
        let written: HashSet<Content> =
            replaced.files.iter().filter_map(|(name, _)| Some(DumpFile::from_name(name)?.content)).collect();
        for entry in store.list()? {
            let Some(file) = DumpFile::from_name(&entry.name).filter(|file| !file.content.is_metadata()) else {
                continue;
            };
            if replaced.files.get(&entry.name).is_some() {
                continue;
            }
            if written.contains(&file.content) || replaced.has(&file.content) {
                tracing::info!("removing {} of an earlier dump: this one replaces it", entry.name);
                store.remove(&entry.name)?;
                all.remove(&entry.name);
            } else if reads {
                all.insert(entry.name.as_str(), store.checksum(&entry.name, stop)?);
            } else if all.get(&entry.name).is_none() {
                tracing::warn!(
                    "{} is neither of this dump nor of the earlier one: remove it",
                    store.locate(&entry.name)
                );
            }
        }
        for (name, stored) in replaced.files.iter() {
            all.insert(name, stored);
        }
        Ok(all)
    }

    /// What the earlier dumps say of a table, if they have it. It is asked once.
    pub fn take_table(&mut self, table: &TableFileName) -> Option<TableEntry> {
        self.metadata.tables.remove(table)
    }

    /// What they say of a database. It is asked once.
    pub fn take_database(&mut self, name: &str) -> DatabaseEntry {
        self.metadata.databases.remove(name).unwrap_or_default()
    }
}

const UNKNOWN_NAMES: &str = "it does not say which databases or tables the names mydumper_N stand for";

impl Replaced<'_> {
    /// Whether this dump would have written the file if there were something to write.
    fn has(&self, content: &Content) -> bool {
        let Objects { schemas, triggers, routines, events, .. } = self.objects;
        match content {
            Content::Rows(rows) => self.tables.get(&rows.table).copied().unwrap_or(false),
            Content::Table(table) | Content::View(table) | Content::Sequence(table) => {
                schemas && self.tables.contains_key(table)
            }
            Content::Triggers(table) => schemas && triggers && self.tables.contains_key(table),
            Content::Post(database) => routines && events && self.databases.contains(database.as_str()),
            _ => false,
        }
    }
}

/// What a file of routines and events has.
#[derive(Default)]
struct Programs {
    routines: bool,
    events: bool,
}

fn programs_in(store: &dyn Store, file: &DumpFile) -> Result<Programs, Error> {
    let name = file.to_string();
    let error = |source| store.error(Action::Read, &name, source);
    let stored = store.open(&name)?;
    let content = file.layers.reader(stored.bytes, None, stored.content).map_err(error)?;
    let mut programs = Programs::default();
    for line in BufReader::new(content).split(b'\n') {
        match line.map_err(error)? {
            line if line.starts_with(b"DROP EVENT ") => programs.events = true,
            line if line.starts_with(b"DROP ") => programs.routines = true,
            _ => {}
        }
    }
    Ok(programs)
}

/// A section with its heading, up to the next.
fn section(text: &str, heading: &str) -> String {
    let mut found = String::new();
    let mut within = false;
    for line in text.split_inclusive('\n') {
        if line.starts_with('[') {
            within = line.trim_end() == heading;
            found.push_str(if within { "\n" } else { "" });
        }
        if within && !line.trim().is_empty() && !line.starts_with("# Finished") {
            found.push_str(line);
        }
    }
    found
}
